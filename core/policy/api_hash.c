#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <lauxlib.h>
#include <openssl/crypto.h>

#include "mem.h"
#include "offload.h"
#include "session.h"

#include "digest.h"
#include "error.h"
#include "host.h"
#include "module.h"
#include "state.h"
#include "task.h"

#include "api_sys.h"

enum { RANDOM_MAX = 1024, PASSWORD_MAX = 512 };

static bool
is_raw(lua_State *L, int idx)
{
	static const char *const forms[] = { "hex", "raw", NULL };

	return luaL_checkoption(L, idx, "hex", forms) == 1;
}

/* md5(data [, "raw"]) and so on: upvalue 1 is the name. */
static int
on_digest(lua_State *L)
{
	size_t len;
	const char *p = luaL_checklstring(L, 1, &len);
	bool raw = is_raw(L, 2);
	struct digest *d;

	d = digest_push(L, lua_tostring(L, lua_upvalueindex(1)));
	digest_add(d, p, len);
	digest_result(L, d, raw);
	return 1;
}

/* hmac(name, key, data [, "raw"]) */
static int
on_hmac(lua_State *L)
{
	size_t klen, len;
	const char *name = luaL_checkstring(L, 1);
	const char *key = luaL_checklstring(L, 2, &klen);
	const char *p = luaL_checklstring(L, 3, &len);
	bool raw = is_raw(L, 4);
	struct digest *d;

	d = digest_push_keyed(L, name, key, klen);
	digest_add(d, p, len);
	digest_result(L, d, raw);
	return 1;
}

/* equal(a, b): in a time that does not tell where they differ. */
static int
on_equal(lua_State *L)
{
	size_t la, lb;
	const char *a = luaL_checklstring(L, 1, &la);
	const char *b = luaL_checklstring(L, 2, &lb);

	lua_pushboolean(L, la == lb && CRYPTO_memcmp(a, b, la) == 0);
	return 1;
}

/* random(n): n octets. */
static int
on_random(lua_State *L)
{
	char out[RANDOM_MAX];
	int n = luaL_checkint(L, 1);

	if (n < 1 || n > RANDOM_MAX)
		return luaL_error(L, "random: 1 to %d octets", RANDOM_MAX);
	if (getrandom(out, (size_t)n, 0) != n)
		return luaL_error(L, "random: the system has none");
	lua_pushlstring(L, out, (size_t)n);
	return 1;
}

/*
 * crypt(password, stored): does the password fit?  In a thread: a good hash
 * takes long on purpose.  The job owns itself once it runs; the wait points at
 * it as long as somebody waits.
 */
struct crypt_job {
	char password[PASSWORD_MAX], stored[CRYPT_OUTPUT_SIZE];
	bool fits, known;
	void *op;
};

struct crypt_wait {
	struct crypt_job *job;
	struct offload_job *handle;
	bool fits, known;
};

static void
crypt_work(void *arg)
{
	struct crypt_job *j = arg;
	struct crypt_data *data = mem_alloc(sizeof *data);
	const char *got;

	got = crypt_rn(j->password, j->stored, data, sizeof *data);
	j->known = got && *got != '*';
	j->fits = j->known && strlen(got) == strlen(j->stored) &&
	    CRYPTO_memcmp(got, j->stored, strlen(got)) == 0;
	OPENSSL_cleanse(data, sizeof *data);
	mem_free(data);
}

static void
crypt_done(void *arg, bool cancelled)
{
	struct crypt_job *j = arg;
	struct crypt_wait *w = j->op;

	if (!cancelled && w) {
		w->job = NULL;
		w->handle = NULL;
		w->fits = j->fits;
		w->known = j->known;
		task_over(w);
	}
	OPENSSL_cleanse(j, sizeof *j);
	mem_free(j);
}

static int
push_crypt(lua_State *L, void *op)
{
	struct crypt_wait *w = op;

	if (!w->known)
		return error_return(L, ERROR_PROTOCOL, false,
		    "crypt: the stored hash is of no kind that is known");
	lua_pushboolean(L, w->fits);
	return 1;
}

static void
end_crypt(void *op)
{
	struct crypt_wait *w = op;

	if (!w->job)
		return;
	w->job->op = NULL;
	offload_cancel(w->handle);
}

static int
start_crypt(lua_State *L)
{
	static const struct wait_class class = { push_crypt, end_crypt };
	size_t plen, slen;
	const char *password = luaL_checklstring(L, 1, &plen);
	const char *stored = luaL_checklstring(L, 2, &slen);
	struct crypt_wait *w;
	struct crypt_job *j;

	if (plen >= PASSWORD_MAX || slen >= CRYPT_OUTPUT_SIZE ||
	    strlen(password) != plen || strlen(stored) != slen) {
		lua_pushboolean(L, 0);
		return 1;
	}
	w = task_wait(L, &class, "hash.crypt", sizeof *w);
	if (w) {
		j = mem_alloc(sizeof *j);
		memcpy(j->password, password, plen);
		memcpy(j->stored, stored, slen);
		j->op = w;
		w->job = j;
		w->handle = offload_start(state_policy(L)->env->offload,
		    crypt_work, crypt_done, j);
	}
	return task_yield(L);
}

void
api_hash_open(lua_State *L)
{
	static const char *const names[] = {
		"md5", "sha1", "sha256", "sha512", NULL
	};
	static const luaL_Reg functions[] = {
		{ "hmac", on_hmac }, { "equal", on_equal },
		{ "random", on_random }, { NULL, NULL }
	};
	int i;

	lua_newtable(L);
	luaL_setfuncs(L, functions, 0);
	for (i = 0; names[i]; i++) {
		lua_pushstring(L, names[i]);
		lua_pushcclosure(L, on_digest, 1);
		lua_setfield(L, -2, names[i]);
	}
	lua_pushcfunction(L, start_crypt);
	lua_setfield(L, -2, "crypt");
	module_raw(L, "hash");
}
