#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#include "buf.h"

#include "file.h"

#include "frame.h"

struct head {
	uint32_t kind, len;
};

/* 1, or 0 if the end comes first. */
static int
receive_all(int fd, void *p, size_t len)
{
	char *at = p;
	ssize_t n;

	while (len > 0) {
		n = recv(fd, at, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		at += n;
		len -= (size_t)n;
	}
	return 1;
}

int
frame_send(int fd, enum frame_kind kind, const void *p, size_t len)
{
	struct head h = { kind, (uint32_t)len };

	if (len > FRAME_MAX || file_write(fd, &h, sizeof h) < 0)
		return -1;
	return file_write(fd, p, len);
}

int
frame_receive(int fd, struct buf *out)
{
	struct head h;
	char *p;

	buf_empty(out);
	if (!receive_all(fd, &h, sizeof h))
		return 0;
	if (h.kind < FRAME_CONF || h.kind > FRAME_FAILED || h.len > FRAME_MAX)
		return -1;
	p = buf_reserve(out, (size_t)h.len + 1);
	if (!receive_all(fd, p, h.len))
		return 0;
	p[h.len] = '\0';
	buf_commit(out, h.len);
	return (int)h.kind;
}
