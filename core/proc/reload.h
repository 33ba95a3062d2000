#ifndef RELOAD_H
#define RELOAD_H

#include <stdbool.h>

struct service;

/*
 * reload: from a request to a new release in force, or to nothing changed.
 *
 * Load (in the throw-away pair), open what is new, start workers, and when all
 * are ready swap.  Requests that come meanwhile are folded into one that
 * follows; whoever asked is told the outcome of a reload that began after the
 * question.
 */
struct reload;
/* error NULL: the release is in force and nobody accepts on the old one. */
typedef void (*reload_fn)(void *arg, const char *error);

struct reload *reload_new(struct service *);
void reload_free(struct reload *);	/* cancels; nobody is told */

/* fn may be NULL. */
void reload_request(struct reload *, reload_fn, void *arg);
void reload_forget(struct reload *, void *arg);		/* who asked is gone */
bool reload_is_busy(const struct reload *);
/* The service ends: cancel, and tell those who wait. */
void reload_stop(struct reload *);

/* From the pool. */
void reload_started(struct reload *, const char *error);
void reload_swapped(struct reload *);

#endif
