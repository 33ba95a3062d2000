#ifndef MEM_H
#define MEM_H

#include <stdarg.h>
#include <stddef.h>

/*
 * mem: allocate or die, and arenas.
 *
 * None of these fails: a process without memory logs one line and
 * exits, and the supervisor replaces it.  Sizes that overflow are treated as
 * no memory.  Memory comes back zeroed except from mem_resize.
 *
 * An arena owns everything allocated from it and is freed whole; it suits what
 * dies together (a session, a transaction).  Blocks are aligned for any type.
 */
void *mem_alloc(size_t size);
void *mem_array(size_t count, size_t size);
void *mem_resize(void *p, size_t size);
char *mem_strdup(const char *s);		/* NULL: NULL */
char *mem_strndup(const char *p, size_t len);
void mem_free(void *p);

struct arena;

struct arena *arena_new(void);
void *arena_alloc(struct arena *, size_t size);
void *arena_memdup(struct arena *, const void *p, size_t len);
char *arena_strdup(struct arena *, const char *s);	/* NULL: NULL */
char *arena_strndup(struct arena *, const char *p, size_t len);
char *arena_printf(struct arena *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
size_t arena_size(const struct arena *);	/* bytes it holds */
void arena_reset(struct arena *);		/* empty; keeps one block */
void arena_free(struct arena *);

#endif
