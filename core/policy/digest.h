#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

/*
 * digest: md5, sha1, sha256 and sha512, in pieces.
 *
 * It lives in a userdata on the stack, so that an error frees it; the others
 * use it while it is there.
 */
struct digest;

void digest_open(lua_State *);
struct digest *digest_push(lua_State *, const char *name);	/* raises */
/* Keyed: HMAC (RFC 2104). */
struct digest *digest_push_keyed(lua_State *, const char *name,
    const char *key, size_t len);
void digest_add(struct digest *, const void *p, size_t len);
/* Push the result, raw or in hexadecimal. */
void digest_result(lua_State *, struct digest *, bool raw);

#endif
