#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pidfile.h"

#include "test.h"

static char dir[] = "/tmp/pidfile-test-XXXXXX", path[64];

static long
content(void)
{
	FILE *f = fopen(path, "r");
	long pid = -1;

	if (f && fscanf(f, "%ld", &pid) != 1)
		pid = -1;
	if (f)
		fclose(f);
	return pid;
}

static void
put(const char *text)
{
	FILE *f = fopen(path, "w");

	if (f) {
		fputs(text, f);
		fclose(f);
	}
}

static void
test_lock(void)
{
	int fd = -1, other = -1;

	test_int("fresh", pidfile_open(path, &fd), PIDFILE_OK);
	test_int("our pid", content(), getpid());
	test_ok("close on exec", fcntl(fd, F_GETFD) & FD_CLOEXEC);
	test_int("a second one", pidfile_open(path, &other), PIDFILE_HELD);
	test_int("is not written", content(), getpid());
	pidfile_remove(path, fd);
	test_int("removed", access(path, F_OK), -1);
	test_int("free again", pidfile_open(path, &fd), PIDFILE_OK);
	pidfile_remove(path, fd);
}

static void
test_stale(void)
{
	int fd = -1;

	/* Whatever process has the number: nobody has the lock. */
	put("1\nand more than we shall write\n");
	test_int("stale", pidfile_open(path, &fd), PIDFILE_OK);
	test_int("cut", content(), getpid());

	/* Somebody replaced it: it is not ours to remove. */
	unlink(path);
	put("4711\n");
	pidfile_remove(path, fd);
	test_int("not ours", content(), 4711);
	unlink(path);
}

static void
test_failures(void)
{
	char other[128];
	int fd = -1;

	snprintf(other, sizeof other, "%s/no/such/pid", dir);
	test_int("no directory", pidfile_open(other, &fd), PIDFILE_FAILED);
	test_int("errno", errno, ENOENT);
	snprintf(other, sizeof other, "%s/target", dir);
	test_int("a symlink", symlink(other, path), 0);
	test_int("is not followed", pidfile_open(path, &fd), PIDFILE_FAILED);
	test_int("nothing is made", access(other, F_OK), -1);
	unlink(path);
	test_int("nothing to remove", (pidfile_remove(path, -1), 0), 0);
}

int
main(void)
{
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof path, "%s/pid", dir);
	test_lock();
	test_stale();
	test_failures();
	rmdir(dir);
	return test_done();
}
