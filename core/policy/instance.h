#ifndef INSTANCE_H
#define INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stage.h"

struct policy;
struct value;

/*
 * instance: one entry of the list `hooks`: a file, run for this entry alone,
 * with its settings.
 */
enum instance_on_error { INSTANCE_DEFER, INSTANCE_NEXT, INSTANCE_REJECT };

struct instance {
	const char *name;		/* `as`, or the file's name */
	const char *hook;		/* the file's name */
	const char *path;		/* what tracebacks call it */
	const char *text;		/* its source */
	size_t len;
	const struct value *entry;
	unsigned index;
	enum instance_on_error on_error;
	double timeout;			/* seconds; 0: the session's */
	bool later;
	uint32_t stages;
	int fn[STAGE_COUNT];		/* registry */
	int table, settings;		/* registry */
	int declared;			/* registry: names of the settings */
	const char *const *ehlo;	/* keywords; NULL at the end; or NULL */
};

/* Make p->instance from p->conf.hooks; then run each file and check what it
 * returned.  0, or -1 with one line in error. */
int instance_entries(struct policy *, char *error, size_t size);
int instance_load(struct policy *, struct instance *, char *error, size_t size);
struct instance *instance_find(const struct policy *, const char *name);
const char *instance_on_error_name(enum instance_on_error);

#endif
