#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "mem.h"

#include "file.h"

/* Up to max octets of an open file of about size octets; -1 with errno. */
static int
read_all(int fd, size_t max, size_t size, struct buf *out)
{
	ssize_t n;

	for (;;) {
		n = read(fd, buf_reserve(out, size), size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		buf_commit(out, (size_t)n);
		if (out->len > max) {
			errno = EFBIG;
			return -1;
		}
		size = 64 * 1024;
	}
}

const char *
file_read(const char *path, size_t max, struct arena *arena, char **out,
    size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *error = NULL;
	struct stat st;
	struct buf b;

	if (fd < 0)
		return strerror(errno);
	buf_init(&b);
	if (fstat(fd, &st) < 0)
		error = strerror(errno);
	else if (S_ISDIR(st.st_mode))
		error = strerror(EISDIR);
	else if (!S_ISREG(st.st_mode))
		error = "not a regular file";
	else if ((uintmax_t)st.st_size > max ||
	    read_all(fd, max, (size_t)st.st_size + 1, &b) < 0)
		error = (uintmax_t)st.st_size > max ? strerror(EFBIG) :
		    strerror(errno);
	close(fd);
	if (!error) {
		*out = arena_strndup(arena, b.len > 0 ? b.p : "", b.len);
		*len = b.len;
	}
	buf_clear(&b);
	return error;
}

int
file_write(int fd, const void *p, size_t len)
{
	const char *at = p;
	ssize_t n;

	while (len > 0) {
		n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Take out "//", "/./" and "/x/../" of an absolute name, in place. */
static void
tidy(char *path)
{
	char *in = path, *out = path, *part;
	size_t n;

	while (*in) {
		in += strspn(in, "/");
		part = in;
		n = strcspn(in, "/");
		in += n;
		if (n == 0 || (n == 1 && *part == '.'))
			continue;
		if (n == 2 && memcmp(part, "..", 2) == 0) {
			while (out > path && *--out != '/')
				;
			continue;
		}
		*out++ = '/';
		memmove(out, part, n);
		out += n;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

char *
file_absolute(struct arena *arena, const char *path)
{
	char cwd[PATH_MAX], *whole;

	if (*path == '/')
		whole = arena_strdup(arena, path);
	else
		whole = arena_printf(arena, "%s/%s",
		    getcwd(cwd, sizeof cwd) ? cwd : "", path);
	tidy(whole);
	return whole;
}

char *
file_path(struct arena *arena, const char *dir, const char *name)
{
	if (*name == '/')
		return file_absolute(arena, name);
	return file_absolute(arena, arena_printf(arena, "%s/%s", dir, name));
}

char *
file_dir(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return arena_strdup(arena, ".");
	return arena_strndup(arena, path, slash == path ? 1 :
	    (size_t)(slash - path));
}
