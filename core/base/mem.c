#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#include "mem.h"

/* With ASan, what is free in a block cannot be touched, and a gap behind each
 * piece shows who writes beyond it. */
#if defined __SANITIZE_ADDRESS__
#define ARENA_GUARDED 1
#elif defined __has_feature
#define ARENA_GUARDED __has_feature(address_sanitizer)
#else
#define ARENA_GUARDED 0
#endif
#if ARENA_GUARDED
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)0)
#endif

enum {
	ARENA_BLOCK = 4096 - 64,	/* below a page, with malloc's words */
	ARENA_ALIGN = 16,
	ARENA_GAP = ARENA_GUARDED ? 16 : 0,
};

/* What is handed out follows the header. */
struct block {
	struct block *next;
	size_t size, used;
	max_align_t start[];
};

/* The newest block is the one that is filled; the last is kept by a reset. */
struct arena {
	struct block *head;
	size_t held;
};

static void *
checked(void *p, size_t size)
{
	if (!p)
		log_fatal("out of memory (%zu bytes)", size);
	return p;
}

void *
mem_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1), size);
}

void *
mem_array(size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		checked(NULL, SIZE_MAX);
	return mem_alloc(n);
}

void *
mem_resize(void *p, size_t size)
{
	return checked(realloc(p, size ? size : 1), size);
}

char *
mem_strdup(const char *s)
{
	return s ? mem_strndup(s, strlen(s)) : NULL;
}

char *
mem_strndup(const char *p, size_t len)
{
	char *s;

	if (len == SIZE_MAX)
		checked(NULL, len);
	s = mem_alloc(len + 1);
	memcpy(s, p, len);
	return s;
}

void
mem_free(void *p)
{
	free(p);
}

static void
block_push(struct arena *a, size_t need)
{
	struct block *b;
	size_t size = need > ARENA_BLOCK ? need : ARENA_BLOCK;

	b = mem_alloc(sizeof *b + size);
	ASAN_POISON_MEMORY_REGION(b->start, size);
	b->size = size;
	b->next = a->head;
	a->head = b;
	a->held += sizeof *b + size;
}

struct arena *
arena_new(void)
{
	return mem_alloc(sizeof(struct arena));
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct block *b;
	size_t need;
	char *p;

	if (size > SIZE_MAX / 2)
		checked(NULL, size);
	need = size + ARENA_GAP + ARENA_ALIGN - 1;
	need -= need % ARENA_ALIGN;
	if (!a->head || a->head->size - a->head->used < need)
		block_push(a, need);
	b = a->head;
	p = (char *)b->start + b->used;
	b->used += need;
	ASAN_UNPOISON_MEMORY_REGION(p, size);
	return memset(p, 0, size);
}

void *
arena_memdup(struct arena *a, const void *p, size_t len)
{
	void *copy = arena_alloc(a, len);

	if (len)
		memcpy(copy, p, len);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *
arena_strndup(struct arena *a, const char *p, size_t len)
{
	char *s;

	if (len == SIZE_MAX)
		checked(NULL, len);
	s = arena_alloc(a, len + 1);
	if (len)
		memcpy(s, p, len);
	return s;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return arena_strdup(a, "");
	s = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

size_t
arena_size(const struct arena *a)
{
	return a->held;
}

void
arena_reset(struct arena *a)
{
	struct block *b;

	while ((b = a->head) && (b->next || b->size > ARENA_BLOCK)) {
		a->head = b->next;
		a->held -= sizeof *b + b->size;
		mem_free(b);
	}
	if (!b)
		return;
	b->used = 0;
	ASAN_POISON_MEMORY_REGION(b->start, b->size);
}

void
arena_free(struct arena *a)
{
	struct block *b;

	if (!a)
		return;
	while ((b = a->head)) {
		a->head = b->next;
		mem_free(b);
	}
	mem_free(a);
}
