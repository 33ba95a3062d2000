#ifndef SETTINGS_H
#define SETTINGS_H

#include <lua.h>

struct instance;
struct value;

/*
 * settings: what a hook declares against what the configuration gives.
 *
 * The table `settings` of the hook is at the top of the stack and is filled in
 * place: its declarations (lunette.setting, or plain defaults) are replaced by
 * values.  Raises one line that names file, line, hook and setting.
 */
void settings_fill(lua_State *, struct instance *);
/* Reading a setting that is not declared raises, in the table on top. */
void settings_guard(lua_State *, const struct instance *);
void settings_open(lua_State *);	/* raw functions of lunette.setting */

#endif
