#ifndef FILE_H
#define FILE_H

#include <stddef.h>

struct arena;

/*
 * file: read a whole file, and names of files.
 *
 * Only what runs with the caller's rights before a generation exists reads
 * files here: regular files, up to a size, opened without waiting for anyone.
 */

/* NULL, or what went wrong (a constant text, or that of errno).  The bytes
 * live in the arena, with a NUL behind them that len does not count. */
const char *file_read(const char *path, size_t max, struct arena *,
    char **out, size_t *len);

/* All of it, to where the descriptor stands: a file, a socket that waits.  0,
 * or -1 with errno. */
int file_write(int fd, const void *p, size_t len);

/* The name relative to a directory, without "." and ".." as far as they can
 * be resolved in the text.  An absolute name is only tidied. */
char *file_path(struct arena *, const char *dir, const char *name);
/* All before the last "/": "." if there is none. */
char *file_dir(struct arena *, const char *path);
/* The same name from the root of the file system. */
char *file_absolute(struct arena *, const char *path);

#endif
