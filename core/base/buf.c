#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"

#include "buf.h"

enum { BUF_MIN = 256 };

void
buf_init(struct buf *b)
{
	memset(b, 0, sizeof *b);
}

void
buf_clear(struct buf *b)
{
	mem_free(b->base);
	buf_init(b);
}

void
buf_empty(struct buf *b)
{
	b->p = b->base;
	b->len = 0;
}

void
buf_wipe(struct buf *b)
{
	if (b->base)
		explicit_bzero(b->base, b->cap);
	buf_empty(b);
}

/*
 * The bytes move to the front of the block only when at least as many were
 * consumed: each byte moves O(1) times.  Otherwise the block grows by half.
 */
char *
buf_reserve(struct buf *b, size_t n)
{
	size_t gone = b->base ? (size_t)(b->p - b->base) : 0;
	size_t need, cap;

	if (b->base && b->cap - gone - b->len >= n)
		return b->p + b->len;
	if (__builtin_add_overflow(b->len, n, &need))
		need = SIZE_MAX;	/* mem_resize gives up on it */
	if (b->cap < need || gone < b->len) {
		cap = need;
		if (cap < b->cap + b->cap / 2)
			cap = b->cap + b->cap / 2;
		if (cap < BUF_MIN)
			cap = BUF_MIN;
		b->base = mem_resize(b->base, cap);
		b->cap = cap;
	}
	if (gone)
		memmove(b->base, b->base + gone, b->len);
	b->p = b->base;
	return b->p + b->len;
}

void
buf_commit(struct buf *b, size_t n)
{
	assert(n <= b->cap - (size_t)(b->p - b->base) - b->len);
	b->len += n;
}

void
buf_append(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_reserve(b, n), p, n);
	b->len += n;
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	p = buf_reserve(b, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void
buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	b->len -= n;
	if (b->len)
		b->p += n;
	else
		b->p = b->base;
}
