#ifndef SETTING_H
#define SETTING_H

#include <stdbool.h>

#include <lua.h>

struct instance;
struct value;

/*
 * setting: one value that is configured, and what may be wrong with it.
 *
 * The functions look at the value on top of the stack, replace it by what the
 * hook shall see, or raise one line that says where it was written.
 */
enum { SETTING_PLACE_MAX = 200 };

struct setting_place {
	const struct instance *in;
	const struct value *v;		/* as configured; NULL: a default */
	char name[SETTING_PLACE_MAX];	/* "zones[2].weight" */
	int depth;
};

int setting_complain(lua_State *, const struct setting_place *,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int setting_expected(lua_State *, const struct setting_place *,
    const char *what);

/* The kinds that hold no others; of is not looked at. */
void setting_string(lua_State *, const struct setting_place *, int of);
void setting_number(lua_State *, const struct setting_place *, int of);
void setting_boolean(lua_State *, const struct setting_place *, int of);
void setting_duration(lua_State *, const struct setting_place *, int of);
void setting_size(lua_State *, const struct setting_place *, int of);
void setting_relay(lua_State *, const struct setting_place *, int of);
void setting_url(lua_State *, const struct setting_place *, int of);
void setting_cidrs(lua_State *, const struct setting_place *, int of);
void setting_domains(lua_State *, const struct setting_place *, int of);
void setting_addresses(lua_State *, const struct setting_place *, int of);

bool setting_is_descriptor(lua_State *, int idx);	/* by lunette.setting */
/* A text on top that stands for a record becomes one: it is the one field that
 * the declarations at decl require.  If that is not one, nothing happens. */
void setting_widen(lua_State *, int decl);

#endif
