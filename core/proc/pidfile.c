#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfile.h"

/* Does the name still lead to what we have open? */
static bool
is_same(const char *path, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && lstat(path, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int
write_pid(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) < 0)
		return -1;
	return pwrite(fd, text, (size_t)n, 0) == n ? 0 : -1;
}

enum pidfile_status
pidfile_open(const char *path, int *out)
{
	enum pidfile_status status = PIDFILE_FAILED;
	int fd, saved, tries;

	/* The one before us may remove the file between our open and lock. */
	for (tries = 0; tries < 10; tries++) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		    O_NONBLOCK, 0644);
		if (fd < 0)
			return PIDFILE_FAILED;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			status = errno == EWOULDBLOCK ? PIDFILE_HELD :
			    PIDFILE_FAILED;
			break;
		}
		if (!is_same(path, fd)) {
			close(fd);
			continue;
		}
		if (write_pid(fd) < 0)
			break;
		*out = fd;
		return PIDFILE_OK;
	}
	if (tries == 10) {
		errno = EBUSY;
		return PIDFILE_FAILED;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return status;
}

void
pidfile_remove(const char *path, int fd)
{
	if (fd < 0)
		return;
	if (is_same(path, fd))
		unlink(path);
	close(fd);
}
