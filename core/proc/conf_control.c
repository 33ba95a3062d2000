#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "value.h"

#include "conf_place.h"
#include "file.h"

#include "conf.h"

enum { FILE_MAX = 1024 * 1024 };

/* The quoted text of a line `control = "..."`; or NULL. */
static const char *
assigned(const char *line, struct arena *arena)
{
	static const char key[] = "control";
	const char *p = line + strspn(line, " \t"), *end;

	if (strncmp(p, key, strlen(key)) != 0)
		return NULL;
	p += strlen(key);
	p += strspn(p, " \t");
	if (*p++ != '=')
		return NULL;
	p += strspn(p, " \t");
	end = *p == '"' || *p == '\'' ? strchr(p + 1, *p) : NULL;
	return end ? arena_strndup(arena, p + 1, (size_t)(end - p - 1)) : NULL;
}

/* What a text that is no Lua at present seems to say. */
static const char *
guess(const char *path, struct arena *arena)
{
	const char *found = NULL;
	char *text, *line;
	size_t len;

	if (file_read(path, FILE_MAX, arena, &text, &len))
		return NULL;
	while (!found && (line = strsep(&text, "\n")))
		found = assigned(line, arena);
	return found ? file_path(arena, file_dir(arena,
	    file_absolute(arena, path)), found) : NULL;
}

static const char *
from_options(const struct conf_override *o, size_t count,
    struct arena *arena, const char *otherwise)
{
	for (; count > 0; count--, o++)
		if (strcmp(o->key, "control") == 0)
			otherwise = file_path(arena, ".", o->value);
	return otherwise;
}

const char *
conf_control(const char *path, const struct conf_override *o, size_t count,
    struct arena *arena, char error[CONF_ERROR_MAX])
{
	const struct value *tree, *v;

	tree = conf_evaluate(path, o, count, arena, error);
	if (!tree)
		return from_options(o, count, arena, guess(path, arena));
	v = value_get(tree, "control");
	if (v && v->type == VALUE_STRING && v->s.len > 0)
		return file_path(arena, conf_place_is_override(v->file) ? "." :
		    file_dir(arena, v->file), v->s.p);
	snprintf(error, CONF_ERROR_MAX, "%s:1: control: missing: the path of "
	    "a socket", path);
	return NULL;
}
