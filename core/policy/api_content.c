#include <string.h>

#include <lauxlib.h>

#include "message.h"
#include "session.h"

#include "digest.h"
#include "object.h"

#include "api_message.h"

/*
 * Views of the content as it came.  Nothing here makes a Lua string of a whole
 * message unless the hook gives a limit.
 */
enum {
	PIECE = 16 * 1024, NEEDLE_MAX = 4096,
	CONTENT_LINE_MAX = 64 * 1024, CONTENT_TEXT_MAX = 16 * 1024 * 1024,
};

struct range {
	uint64_t at, end;
};

static const char *const whats[] = { "all", "header", "body", NULL };

static struct range
range(lua_State *L, const struct message *m, int idx)
{
	int what = luaL_checkoption(L, idx, "all", whats);
	struct range r = { 0, message_size(m) };

	if (what == 1)
		r.end = message_header(m)->len;
	else if (what == 2)
		r.at = message_body_offset(m);
	if (r.at > r.end)
		r.at = r.end;
	return r;
}

/* Up to n octets of the range, which moves on; 0 at its end. */
static size_t
read_some(lua_State *L, const struct message *m, struct range *r, char *out,
    size_t n)
{
	long got;

	if (n > r->end - r->at)
		n = (size_t)(r->end - r->at);
	if (n == 0)
		return 0;
	got = message_read(m, r->at, out, n);
	if (got < 0)
		luaL_error(L, "the message cannot be read");
	r->at += (uint64_t)got;
	return (size_t)got;
}

static int
on_raw_header(lua_State *L)
{
	const struct header *h = message_header(api_message_check(L, 1));

	lua_pushlstring(L, h->p ? h->p : "", h->len);
	return 1;
}

/* message:text(limit [, what]) */
static int
on_text(lua_State *L)
{
	struct message *m = api_message_check(L, 1);
	double limit = luaL_checknumber(L, 2);
	struct range r = range(L, m, 3);
	char piece[PIECE];
	luaL_Buffer b;
	size_t got;

	if (!(limit >= 0) || limit > CONTENT_TEXT_MAX)
		return luaL_error(L, "text: a limit up to %d octets expected",
		    CONTENT_TEXT_MAX);
	if (r.end - r.at > limit)
		r.end = r.at + (uint64_t)limit;
	luaL_buffinit(L, &b);
	while ((got = read_some(L, m, &r, piece, sizeof piece)))
		luaL_addlstring(&b, piece, got);
	luaL_pushresult(&b);
	return 1;
}

/* The state of an iterator: upvalue 2; upvalue 1 is the message. */
struct walk {
	struct object object;
	struct range range;
	size_t n;
};

static int
next_chunk(lua_State *L)
{
	struct message *m = api_message_check(L, lua_upvalueindex(1));
	struct walk *w = lua_touserdata(L, lua_upvalueindex(2));
	char piece[PIECE];
	size_t got, left = w->n;
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	while (left && (got = read_some(L, m, &w->range, piece,
	    left < sizeof piece ? left : sizeof piece))) {
		luaL_addlstring(&b, piece, got);
		left -= got;
	}
	luaL_pushresult(&b);
	if (left == w->n)
		lua_pushnil(L);
	return 1;
}

/* A line without its end; one over CONTENT_LINE_MAX comes in pieces. */
static int
next_line(lua_State *L)
{
	struct message *m = api_message_check(L, lua_upvalueindex(1));
	struct walk *w = lua_touserdata(L, lua_upvalueindex(2));
	const char *line;
	char piece[512], *nl;
	struct range r;
	luaL_Buffer b;
	size_t got, total = 0;

	if (w->range.at >= w->range.end)
		return 0;
	luaL_buffinit(L, &b);
	while (total < CONTENT_LINE_MAX) {
		r = w->range;
		got = read_some(L, m, &r, piece, sizeof piece);
		if (got == 0)
			break;
		nl = memchr(piece, '\n', got);
		if (nl)
			got = (size_t)(nl - piece) + 1;
		w->range.at += got;
		luaL_addlstring(&b, piece, got);
		total += got;
		if (nl)
			break;
	}
	luaL_pushresult(&b);
	line = lua_tolstring(L, -1, &total);
	if (total >= 2 && memcmp(line + total - 2, "\r\n", 2) == 0)
		total -= 2;
	lua_pushlstring(L, line, total);
	return 1;
}

static int
iterate(lua_State *L, lua_CFunction fn, struct range r, size_t n)
{
	struct walk *w;

	lua_pushvalue(L, 1);
	w = lua_newuserdata(L, sizeof *w);
	w->object.kind = OBJECT_WALK;
	w->range = r;
	w->n = n;
	lua_pushcclosure(L, fn, 2);
	return 1;
}

/* message:chunks(n [, what]) */
static int
on_chunks(lua_State *L)
{
	struct message *m = api_message_check(L, 1);
	double n = luaL_checknumber(L, 2);
	struct range r = range(L, m, 3);

	if (!(n >= 1) || n > CONTENT_TEXT_MAX)
		return luaL_error(L, "chunks: a number of octets up to %d "
		    "expected", CONTENT_TEXT_MAX);
	return iterate(L, next_chunk, r, (size_t)n);
}

/* message:lines([what]) */
static int
on_lines(lua_State *L)
{
	struct message *m = api_message_check(L, 1);

	return iterate(L, next_line, range(L, m, 2), 0);
}

/* message:find(text [, what]): where it begins, from 1, or false. */
static int
on_find(lua_State *L)
{
	struct message *m = api_message_check(L, 1);
	char window[NEEDLE_MAX + PIECE];
	size_t n, have = 0, got;
	const char *needle = luaL_checklstring(L, 2, &n), *hit;
	struct range r = range(L, m, 3);
	uint64_t begin = r.at;

	if (n == 0 || n > NEEDLE_MAX)
		return luaL_error(L, "find: a text of 1 to %d octets expected",
		    NEEDLE_MAX);
	while ((got = read_some(L, m, &r, window + have, PIECE))) {
		have += got;
		hit = memmem(window, have, needle, n);
		if (hit) {
			lua_pushnumber(L, (double)(r.at - have - begin +
			    (size_t)(hit - window) + 1));
			return 1;
		}
		if (have >= n) {
			memmove(window, window + have - (n - 1), n - 1);
			have = n - 1;
		}
	}
	lua_pushboolean(L, 0);
	return 1;
}

/* message:hash(name [, what]): in hexadecimal. */
static int
on_hash(lua_State *L)
{
	struct message *m = api_message_check(L, 1);
	struct digest *d;
	struct range r = range(L, m, 3);
	char piece[PIECE];
	size_t got;

	d = digest_push(L, luaL_checkstring(L, 2));
	while ((got = read_some(L, m, &r, piece, sizeof piece)))
		digest_add(d, piece, got);
	digest_result(L, d, false);
	return 1;
}

/* What a later version will have: upvalue 1 is its name. */
static int
on_absent(lua_State *L)
{
	return luaL_error(L, "message:%s is not in this version",
	    lua_tostring(L, lua_upvalueindex(1)));
}

void
api_content_open(lua_State *L)
{
	static const char *const absent[] = {
		"parts", "match", "append", "replace_body", "snapshot",
		"restore", NULL
	};
	static const luaL_Reg methods[] = {
		{ "raw_header", on_raw_header }, { "text", on_text },
		{ "chunks", on_chunks }, { "lines", on_lines },
		{ "find", on_find }, { "hash", on_hash },
		{ "path", api_path_start }, { NULL, NULL }
	};
	const luaL_Reg *m;
	int i;

	for (m = methods; m->name; m++) {
		lua_pushcfunction(L, m->func);
		object_add_method(L, OBJECT_MESSAGE, m->name);
	}
	for (i = 0; absent[i]; i++) {
		lua_pushstring(L, absent[i]);
		lua_pushcclosure(L, on_absent, 1);
		object_add_method(L, OBJECT_MESSAGE, absent[i]);
	}
}
