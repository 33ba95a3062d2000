#ifndef CONF_PLACE_H
#define CONF_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * conf_place: what messages call a place in a configuration: "file:line" and
 * "hooks.2.zones".
 */

/* A step of a key: "hooks.2.zones" from the innermost outwards. */
struct conf_step {
	const struct conf_step *up;
	const char *key;	/* NULL: index */
	size_t index;		/* from 1 */
};

/* Is this the "file" of a value from the command line? */
bool conf_place_is_override(const char *file);
/* "file:line" as messages begin; without a line for an override. */
char *conf_place(char *out, size_t size, const char *file, int line);
/* Write "a.2.b"; returns out. */
char *conf_place_step(const struct conf_step *, char *out, size_t size);

#endif
