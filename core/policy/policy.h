#ifndef POLICY_H
#define POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "session.h"

struct ev_loop;
struct route_table;
struct shdict;
struct value;

/*
 * policy: the hooks of one generation in one Lua state.
 *
 * The checker of the loader, every worker and `lunette session` load a policy
 * in the same way and differ only in where files come from: find asks the
 * reader, or looks in the bundle.  Nothing is ever read from the disk here.
 */
enum policy_file { POLICY_HOOK, POLICY_MODULE, POLICY_LIST };

/*
 * A file by name: a hook ("dnsbl"), a module ("lunette.dns"), or a list that
 * was compiled from a setting (POLICY_LIST, name made by the policy).  Returns
 * its bytes, which stay valid as long as the policy, with *path set to what a
 * traceback should call it; NULL if there is none, with *path set to the
 * places that were tried (for the error text).
 */
typedef const char *(*policy_find_fn)(void *arg, enum policy_file,
    const char *name, size_t *len, const char **path);

struct policy_chain {		/* the hooks of one listener */
	const char *listener;
	const char *const *instances;	/* names in order, NULL at the end; NULL: all */
};

struct policy_shared {
	const char *name;
	struct shdict *dict;	/* NULL in the loader: a private one is made */
};

struct policy_conf {
	const struct value *hooks;	/* the list `hooks` as configured */
	const struct policy_chain *chain;	/* number n is session_conf.chain n */
	size_t chains;
	const struct value *shared;	/* the table `shared`, or NULL */
	const struct policy_shared *dict;	/* by name, what exists */
	size_t dicts;
	policy_find_fn find;
	void *find_arg;
	/* In the loader: keep a list that was compiled, to be found later as a
	 * POLICY_LIST of that name; or NULL. */
	void (*store)(void *find_arg, const char *name, const void *p,
	    size_t len);
	const struct route_table *routes;	/* for settings; NULL: unknown */
	/* Is this the worker that runs the periodic work of its generation
	 * now?  Asked before each run; NULL: yes. */
	bool (*leads)(void *leads_arg);
	void *leads_arg;
	size_t memory;		/* octets Lua may use */
	bool jit;
	bool checking;		/* in the loader: nothing waits, nothing runs for long */
	double start_timeout;	/* seconds: all top levels; each start */
	/* Where the name of the running hook is shown (scoreboard); or NULL */
	char *running;
	size_t running_size;
	/* What errors call the configuration where no file is known. */
	const char *conf_path;
};

/* What the hooks declare, known after policy_load. */
struct policy_declared {
	const char *name;
	size_t size;
};

struct policy;

/*
 * Load: compile, run the top levels, fill in settings, check stage names and
 * types, run `start`.  env is NULL in the loader's check: there a `start` is
 * run up to its first wait.  In a worker the loop of env is run until every
 * `start` is through.  NULL on failure, with a one-line "file:line: what" in
 * error.
 */
struct policy *policy_load(const struct policy_conf *, struct session_env *env,
    char *error, size_t size);
/* Run `stop` up to its first wait unless policy_stop did, cancel what waits,
 * free the state. */
void policy_free(struct policy *);

/* The functions a session calls; set as env->policy with env->policy_data. */
extern const struct session_policy policy_session;

size_t policy_hooks(const struct policy *);		/* instances */
uint32_t policy_stages(const struct policy *, size_t chain);
/* EHLO keywords that the chain's hooks add; NULL at the end. */
const char *const *policy_ehlo(const struct policy *, size_t chain);
/* Shared dictionaries wanted: by hooks (`shared`) and by the configuration,
 * which wins. */
const struct policy_declared *policy_shared_wanted(const struct policy *,
    size_t *count);
/* The chain of hooks per stage with settings, for `lunette explain`. */
void policy_explain(const struct policy *, FILE *);
/* Octets in use by Lua, and hook calls that wait now. */
size_t policy_memory(const struct policy *);
unsigned policy_waiting(const struct policy *);
/* Lua ran out of memory and holds on to it: this worker should be replaced. */
bool policy_exhausted(const struct policy *);
/* Run `stop` hooks once; done is called when they are through. */
void policy_stop(struct policy *, void (*done)(void *arg), void *arg);

#endif
