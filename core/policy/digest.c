#include <string.h>

#include <lauxlib.h>
#include <openssl/evp.h>

#include "object.h"

#include "digest.h"

enum { BLOCK_MAX = 128 };

struct digest {
	struct object object;
	EVP_MD_CTX *inner;
	const EVP_MD *md;
	bool keyed;
	unsigned char pad[BLOCK_MAX];	/* of the outer hash */
};

static int
on_gc(lua_State *L)
{
	struct digest *d = lua_touserdata(L, 1);

	EVP_MD_CTX_free(d->inner);
	d->inner = NULL;
	return 0;
}

static const luaL_Reg meta[] = { { "__gc", on_gc }, { NULL, NULL } };

static const struct object_class class = {
	.kind = OBJECT_DIGEST, .name = "digest", .meta = meta,
};

void
digest_open(lua_State *L)
{
	object_register(L, &class);
}

static const EVP_MD *
find(lua_State *L, const char *name)
{
	if (strcmp(name, "md5") == 0)
		return EVP_md5();
	if (strcmp(name, "sha1") == 0)
		return EVP_sha1();
	if (strcmp(name, "sha256") == 0)
		return EVP_sha256();
	if (strcmp(name, "sha512") == 0)
		return EVP_sha512();
	luaL_error(L, "\"%s\": md5, sha1, sha256 or sha512 expected", name);
	return NULL;
}

struct digest *
digest_push(lua_State *L, const char *name)
{
	const EVP_MD *md = find(L, name);
	struct digest *d = object_new(L, OBJECT_DIGEST, sizeof *d);

	d->md = md;
	d->inner = EVP_MD_CTX_new();
	if (!d->inner || !EVP_DigestInit_ex(d->inner, md, NULL))
		luaL_error(L, "%s is not available here", name);
	return d;
}

/* RFC 2104 2: H(K xor opad, H(K xor ipad, text)). */
struct digest *
digest_push_keyed(lua_State *L, const char *name, const char *key, size_t len)
{
	struct digest *d = digest_push(L, name);
	unsigned char block[BLOCK_MAX] = { 0 };
	size_t i, size = (size_t)EVP_MD_block_size(d->md);

	if (len > size)
		EVP_Digest(key, len, block, NULL, d->md, NULL);
	else
		memcpy(block, key, len);
	for (i = 0; i < size; i++) {
		d->pad[i] = block[i] ^ 0x5c;
		block[i] ^= 0x36;
	}
	d->keyed = true;
	EVP_DigestUpdate(d->inner, block, size);
	return d;
}

void
digest_add(struct digest *d, const void *p, size_t len)
{
	EVP_DigestUpdate(d->inner, p, len);
}

static void
finish(struct digest *d, unsigned char out[EVP_MAX_MD_SIZE], unsigned *len)
{
	EVP_DigestFinal_ex(d->inner, out, len);
	if (!d->keyed)
		return;
	EVP_DigestInit_ex(d->inner, d->md, NULL);
	EVP_DigestUpdate(d->inner, d->pad,
	    (size_t)EVP_MD_block_size(d->md));
	EVP_DigestUpdate(d->inner, out, *len);
	EVP_DigestFinal_ex(d->inner, out, len);
}

void
digest_result(lua_State *L, struct digest *d, bool raw)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char out[EVP_MAX_MD_SIZE];
	char text[EVP_MAX_MD_SIZE * 2];
	unsigned i, len = 0;

	finish(d, out, &len);
	EVP_MD_CTX_free(d->inner);
	d->inner = NULL;
	if (raw) {
		lua_pushlstring(L, (const char *)out, len);
		return;
	}
	for (i = 0; i < len; i++) {
		text[i * 2] = hex[out[i] >> 4];
		text[i * 2 + 1] = hex[out[i] & 15];
	}
	lua_pushlstring(L, text, (size_t)len * 2);
}
