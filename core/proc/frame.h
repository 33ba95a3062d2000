#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>

struct buf;

/*
 * frame: what the processes of the loader say to each other: a kind, a length
 * and bytes, over a stream socket that waits.
 */
enum frame_kind {
	FRAME_CONF = 1,		/* the configuration is where both look */
	FRAME_ASK,		/* policy_file (one octet), name */
	FRAME_FOUND,		/* path, NUL, bytes */
	FRAME_MISSING,		/* what was tried */
	FRAME_STORE,		/* name, NUL, bytes of a compiled list */
	FRAME_DONE,		/* what the checker found, an encoded value */
	FRAME_FAILED,		/* the error */
};

enum { FRAME_MAX = 80 * 1024 * 1024 };

/* 0, or -1 if the other side is gone. */
int frame_send(int fd, enum frame_kind, const void *p, size_t len);
/* The kind, with the bytes in out (a NUL behind them); 0 at the end, -1 for
 * nonsense. */
int frame_receive(int fd, struct buf *out);

#endif
