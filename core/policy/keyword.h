#ifndef KEYWORD_H
#define KEYWORD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * keyword: what a hook may add to the reply to EHLO.
 */
/* RFC 5321 4.1.1.1: a keyword, perhaps with parameters. */
bool keyword_is_valid(const char *, size_t len);
/* Is it one that the core announces itself, or cannot do? */
bool keyword_is_own(const char *);

#endif
