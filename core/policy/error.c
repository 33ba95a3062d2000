#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "object.h"

#include "error.h"

enum { ERROR_TEXT_MAX = 512 };

struct error {
	struct object object;
	enum error_kind kind;
	bool temporary;
	char text[];
};

static const char *const kinds[] = {
	[ERROR_TIMEOUT] = "timeout", [ERROR_REFUSED] = "refused",
	[ERROR_NXDOMAIN] = "nxdomain", [ERROR_TLS] = "tls",
	[ERROR_LIMIT] = "limit", [ERROR_PROTOCOL] = "protocol",
	[ERROR_CLOSED] = "closed", [ERROR_CANCELLED] = "cancelled",
};

static int
get_kind(lua_State *L, void *self)
{
	lua_pushstring(L, kinds[((struct error *)self)->kind]);
	return 1;
}

static int
get_text(lua_State *L, void *self)
{
	lua_pushstring(L, ((struct error *)self)->text);
	return 1;
}

static int
get_temporary(lua_State *L, void *self)
{
	lua_pushboolean(L, ((struct error *)self)->temporary);
	return 1;
}

static int
on_tostring(lua_State *L)
{
	return get_text(L, object_check(L, 1, OBJECT_ERROR));
}

static void
push_operand(lua_State *L, int idx)
{
	const char *text = error_text(L, idx);

	if (text)
		lua_pushstring(L, text);
	else if (lua_isstring(L, idx))
		lua_pushvalue(L, idx);
	else
		luaL_error(L, "attempt to concatenate %s",
		    object_describe(L, idx));
}

static int
on_concat(lua_State *L)
{
	push_operand(L, 1);
	push_operand(L, 2);
	lua_concat(L, 2);
	return 1;
}

static const struct object_field fields[] = {
	{ "kind", get_kind, NULL },
	{ "text", get_text, NULL },
	{ "temporary", get_temporary, NULL },
	{ NULL, NULL, NULL }
};

static const luaL_Reg meta[] = {
	{ "__tostring", on_tostring },
	{ "__concat", on_concat },
	{ NULL, NULL }
};

static const struct object_class class = {
	.kind = OBJECT_ERROR, .name = "error", .field = fields, .meta = meta,
};

void
error_register(lua_State *L)
{
	object_register(L, &class);
}

static void __attribute__((format(printf, 4, 0)))
push(lua_State *L, enum error_kind kind, bool temporary, const char *fmt,
    va_list ap)
{
	char text[ERROR_TEXT_MAX];
	struct error *e;
	size_t len;

	vsnprintf(text, sizeof text, fmt, ap);
	len = strlen(text);
	e = object_new(L, OBJECT_ERROR, sizeof *e + len + 1);
	e->kind = kind;
	e->temporary = temporary;
	memcpy(e->text, text, len + 1);
}

void
error_push(lua_State *L, enum error_kind kind, bool temporary,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	push(L, kind, temporary, fmt, ap);
	va_end(ap);
}

int
error_return(lua_State *L, enum error_kind kind, bool temporary,
    const char *fmt, ...)
{
	va_list ap;

	lua_pushnil(L);
	va_start(ap, fmt);
	push(L, kind, temporary, fmt, ap);
	va_end(ap);
	return 2;
}

const char *
error_text(lua_State *L, int idx)
{
	struct error *e = object_test(L, idx, OBJECT_ERROR);

	return e ? e->text : NULL;
}
