#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>

#include "line.h"

/*
 * utf8: is this text UTF-8 (RFC 3629)?  No overlong forms, no surrogates, and
 * nothing beyond U+10FFFF.
 */
bool utf8_ok(struct line);
bool utf8_has_8bit(struct line);

#endif
