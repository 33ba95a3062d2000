#ifndef CONF_LUA_H
#define CONF_LUA_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "conf.h"

struct conf_line;
struct conf_step;
struct value;

/*
 * conf_lua: the Lua state in which a configuration is evaluated.  Private to
 * the files that make up conf_evaluate.
 *
 * The state has no library.  Its memory and the number of instructions are
 * limited, so that a configuration that does not end is an error.
 */
struct conf_source {		/* a file, or the value of an override */
	const char *path;	/* as messages name it; an override: "-o KEY" */
	const struct conf_line *line;
};

struct conf_global {		/* where a global was last assigned */
	const char *key;
	size_t source;
	int line;
};

struct conf_lua {
	lua_State *L;
	struct arena *arena;
	size_t memory;		/* octets in use by Lua */
	unsigned ticks;		/* of the count hook */
	struct conf_source *source;
	size_t sources;
	size_t current;		/* the one that runs */
	unsigned depth;		/* of includes */
	struct conf_global *global;
	size_t globals;
	size_t items, octets;	/* of the tree made so far */
	bool undefined;		/* an undefined name was read */
	char *error;		/* CONF_ERROR_MAX octets */
};

/* Leave the protected call with this line as the error. */
void conf_lua_fail(struct conf_lua *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), noreturn));
/* Compile text as a new source and push the function; returns the number of
 * the source.  What does not compile raises, or if may_fail returns 0 with
 * nothing pushed. */
size_t conf_lua_load(struct conf_lua *, const char *path, const char *text,
    size_t len, bool may_fail);
/* Push the table that an override sees. */
void conf_lua_push_override_env(struct conf_lua *);
void conf_lua_push_store(struct conf_lua *);	/* what globals were assigned */

/* All globals as one table. */
void conf_tree_globals(struct conf_lua *, const char *path, struct value *out);
/* Pop the value at the top of the stack, written in that source at line. */
void conf_tree_value(struct conf_lua *, size_t source, int line,
    const struct conf_step *, struct value *out);

/* Evaluate one -o and put it into the tree. */
void conf_override_apply(struct conf_lua *, const struct conf_override *,
    struct value *tree);

#endif
