#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool.h"

enum { SPOOL_BLOCK = 64 * 1024 };	/* written at once */

void
spool_init(struct spool *s, const char *dir, size_t memory_max)
{
	memset(s, 0, sizeof *s);
	s->dir = dir;
	s->memory_max = memory_max;
	s->fd = -1;
	buf_init(&s->memory);
}

void
spool_clear(struct spool *s)
{
	buf_clear(&s->memory);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->written = 0;
}

/* Not every file system knows O_TMPFILE. */
static int
open_nameless(const char *dir)
{
	char name[4096];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR &&
	    errno != EINVAL && errno != ENOENT))
		return fd;
	if ((size_t)snprintf(name, sizeof name, "%s/lunette.XXXXXX", dir) >=
	    sizeof name) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

static int
write_out(struct spool *s)
{
	while (s->memory.len > 0) {
		ssize_t n = pwrite(s->fd, s->memory.p, s->memory.len,
		    (off_t)s->written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		s->written += (uint64_t)n;
		buf_consume(&s->memory, (size_t)n);
	}
	return 0;
}

int
spool_append(struct spool *s, const char *p, size_t n)
{
	buf_append(&s->memory, p, n);
	if (s->fd < 0) {
		if (s->memory.len <= s->memory_max || s->dir == NULL)
			return 0;
		s->fd = open_nameless(s->dir);
		if (s->fd < 0)
			return -1;
	} else if (s->memory.len < SPOOL_BLOCK) {
		return 0;
	}
	return write_out(s);
}

uint64_t
spool_size(const struct spool *s)
{
	return s->written + s->memory.len;
}

long
spool_read(const struct spool *s, uint64_t offset, char *out, size_t n)
{
	ssize_t got;

	if (offset >= s->written) {
		offset -= s->written;
		if (offset >= s->memory.len)
			return 0;
		if (n > s->memory.len - offset)
			n = s->memory.len - offset;
		memcpy(out, s->memory.p + offset, n);
		return (long)n;
	}
	if (n > s->written - offset)
		n = (size_t)(s->written - offset);
	do
		got = pread(s->fd, out, n, (off_t)offset);
	while (got < 0 && errno == EINTR);
	if (got == 0 && n > 0) {
		errno = EIO;	/* somebody has cut it */
		return -1;
	}
	return got;
}
