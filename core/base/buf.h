#ifndef BUF_H
#define BUF_H

#include <stddef.h>

/*
 * buf: a run of bytes that grows at the end and is consumed at the front.
 *
 * p and len are what is readable now; both change with every call below.  The
 * owner embeds the struct.  A limit is the caller's business: test len first.
 */
struct buf {
	char *p;
	size_t len;
	char *base;		/* private */
	size_t cap;		/* private */
};

void buf_init(struct buf *);
void buf_clear(struct buf *);		/* free; may be used again */
void buf_empty(struct buf *);		/* forget the bytes, keep the memory */
void buf_wipe(struct buf *);		/* the same, and leave no trace of them */
/* Room for n bytes at the end; commit those that were written. */
char *buf_reserve(struct buf *, size_t n);
void buf_commit(struct buf *, size_t n);
void buf_append(struct buf *, const void *p, size_t n);
void buf_puts(struct buf *, const char *s);
void buf_printf(struct buf *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_consume(struct buf *, size_t n);	/* n <= len */

#endif
