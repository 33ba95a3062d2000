#ifndef OBJECT_H
#define OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

/*
 * object: userdata with fields and methods, made from tables in C.
 *
 * Every userdata in the state begins with struct object.  Reading a field that
 * a class does not have raises and names the nearest; so does writing one that
 * is not writable.  No table is made for an object.
 */
enum object_kind {
	OBJECT_ERROR, OBJECT_VERDICT, OBJECT_LIST, OBJECT_DICT,
	OBJECT_SESSION, OBJECT_CLIENT, OBJECT_SERVER, OBJECT_COUNTS,
	OBJECT_LIMITS, OBJECT_TXN, OBJECT_SENDER, OBJECT_RCPT,
	OBJECT_RECIPIENTS, OBJECT_MESSAGE, OBJECT_REPLY, OBJECT_RESULT,
	OBJECT_DIGEST, OBJECT_WALK, OBJECT_TLS, OBJECT_AUTH, OBJECT_PROXY,
	OBJECT_LOGIN,
	OBJECT_KINDS
};

struct object {
	uint32_t kind;		/* enum object_kind */
};

struct object_field {
	const char *name;
	int (*get)(lua_State *, void *self);	/* pushes one value */
	/* The new value is at idx.  NULL: read-only. */
	void (*set)(lua_State *, void *self, int idx);
};

struct object_class {
	enum object_kind kind;
	const char *name;
	const struct object_field *field;	/* name NULL at the end */
	const luaL_Reg *method;			/* may be NULL */
	const luaL_Reg *meta;			/* further metamethods; may be NULL */
	/* What get and set are called with: raises if it is gone.  NULL: the
	 * userdata itself. */
	void *(*self)(lua_State *, struct object *);
};

/* The class must live as long as the state. */
void object_register(lua_State *, const struct object_class *);
/* The function on top of the stack becomes a method; it is popped. */
void object_add_method(lua_State *, enum object_kind, const char *name);
/* fn becomes __index, with the old one as its upvalue. */
void object_wrap_index(lua_State *, enum object_kind, lua_CFunction fn);
/* A new userdata of size octets, zeroed, on the stack. */
void *object_new(lua_State *, enum object_kind, size_t size);
void *object_test(lua_State *, int idx, enum object_kind);	/* or NULL */
void *object_check(lua_State *, int idx, enum object_kind);	/* or raise */
int object_push_text(lua_State *, const char *s);	/* or nil; gives 1 */
/* The name of a value for messages: "a session", "a table". */
const char *object_describe(lua_State *, int idx);

#endif
