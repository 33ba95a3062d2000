#ifndef LOADER_H
#define LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "conf.h"
#include "policy.h"

struct ev_loop;

/*
 * loader: make a generation, or say why not.
 *
 * A throw-away pair of processes: the reader keeps its rights, evaluates the
 * configuration and serves files by name; the checker drops them and runs all
 * hook code that is run before a worker does.  What the reader served becomes
 * the bundle; private keys and passwords, which the checker never sees, become
 * a second one.  The supervisor is handed their descriptors.
 */
struct generation {
	unsigned number;
	int public_fd;			/* sealed memfds; -1 for none */
	int secret_fd;
	struct bundle *bundle;
	struct bundle *secret;		/* NULL until generation_reveal */
	struct arena *arena;
	struct conf conf;		/* made from the bundle */
	size_t hooks;
	/* Shared dictionaries it wants. */
	struct policy_declared *shared;
	size_t shareds;
};

struct loader_args {
	const char *path;
	const struct conf_override *override;
	size_t overrides;
	unsigned number;
	double timeout;			/* seconds for all of it; 0: 60 */
};

/* Whose fault it is that there is none, as an exit status. */
enum loader_fault { LOADER_SYSTEM = 71, LOADER_CONFIG = 78 };

struct loader;
/* One of the two is NULL.  The error is one line, the generation the
 * callee's. */
typedef void (*loader_fn)(void *arg, struct generation *, const char *error);

/* NULL with one line in error: then fn is not called. */
struct loader *loader_start(struct ev_loop *, const struct loader_args *,
    loader_fn, void *arg, char error[CONF_ERROR_MAX]);
void loader_cancel(struct loader *);	/* kills the pair; NULL is fine */

/* The same, waited for: start-up, check, explain, session.  NULL with one line
 * in error, and *fault set. */
struct generation *loader_run(const struct loader_args *,
    enum loader_fault *fault, char error[CONF_ERROR_MAX]);
void generation_free(struct generation *);	/* closes and unmaps */

/* A policy_find_fn over a bundle: arg is the struct bundle. */
const char *generation_find(void *bundle, enum policy_file, const char *name,
    size_t *len, const char **path);

/* The chains of hooks of its listeners, for policy_load: chain n is
 * session_conf.chain n.  Lives in the arena of the generation. */
const struct policy_chain *generation_chains(const struct generation *,
    size_t *count);

#endif
