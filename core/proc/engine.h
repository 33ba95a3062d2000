#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "keyring.h"
#include "session.h"

struct ev_loop;
struct generation;
struct policy;
struct policy_shared;
struct tls_tickets;

/*
 * engine: what serves sessions in one process: the resolver, the threads, the
 * relays and the policy of a generation, wired into one session_env.
 *
 * A worker has one, `lunette session` has one.  It is made after the fork and
 * after privileges were dropped; it opens no file.  The generation, which has
 * been revealed, and the loop are the caller's and outlive it.
 */
struct engine_args {
	struct generation *gen;		/* its listeners learn of their hooks */
	struct ev_loop *loop;
	const struct policy_shared *dict;	/* mapped, by name */
	size_t dicts;
	struct session_stats *stats;	/* NULL: the engine's own */
	char *running;		/* where the hook that runs is shown; or NULL */
	size_t running_size;
	/* Does this process run the periodic work now?  NULL: yes. */
	bool (*leads)(void *leads_arg);
	void *leads_arg;
	const struct tls_tickets *tickets;	/* NULL: no resumption */
	bool watch;		/* ask next hops what they offer, now and again */
	/* As in session_env. */
	unsigned (*connections)(struct session *);
	const char *(*readdress)(struct session *);
	bool (*rate_admit)(struct session *, enum session_rate);
	void (*ended)(struct session *);
};

struct engine {
	struct generation *gen;
	struct ev_loop *loop;
	struct policy *policy;
	struct session_env env;		/* what session_new wants */
	struct keyring keys;
	struct session_stats stats;	/* if args had none */
};

/* NULL with one line in error: a hook failed, the resolver, a certificate. */
struct engine *engine_new(const struct engine_args *,
    char error[CONF_ERROR_MAX]);
/* No session may be left.  Closes idle connections, frees the policy. */
void engine_free(struct engine *);

#endif
