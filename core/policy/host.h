#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <ev.h>
#include <lua.h>

#include "stage.h"

#include "policy.h"

struct arena;
struct chain;
struct chunk;
struct instance;
struct strand;
struct visit;

/*
 * host: what the files of this layer share: the state of one policy.
 *
 * Rules of the house for everything here:
 * - C enters Lua only by state_call, or by lua_resume in task.c: an error, out
 *   of memory included, never gets past either.
 * - A function that Lua calls may be left by a jump at every lua_ call.  What
 *   it owns must hang on something that somebody else frees.
 * - A userdata never holds the address of a session: it holds a handle
 *   (handle.h) that is looked up on every use.
 */
enum host_ref {			/* values kept in the registry */
	HOST_GLOBALS,		/* the table of real globals */
	HOST_ENV,		/* what hooks see as _G */
	HOST_LOADED,		/* modules by name */
	HOST_RAW,		/* C functions for lunette.* */
	HOST_SETTING,		/* metatable of setting descriptors */
	HOST_LOCKED,		/* weak: frozen table -> its contents */
	HOST_NOTE,		/* metatable of notes */
	HOST_SHARED,		/* dictionaries by name */
	HOST_FORMAT,		/* string.format */
	HOST_REFS
};

enum { HOST_KINDS = 24 };	/* room for enum handle_kind */

struct policy_slot {		/* a handle is slot number and generation */
	struct visit *visit;
	uint32_t generation;
	uint32_t next_free;
};

struct policy {
	struct policy_conf conf;
	struct session_env *env;	/* NULL in the loader's check */
	lua_State *L;
	struct arena *arena;

	size_t used;			/* octets; allocations fail over limit */
	size_t limit;
	bool limited;			/* hook code runs: the limit counts */
	bool secret;			/* Lua saw a password: wipe what it frees */
	bool starved;			/* an allocation failed since state_relieve */

	int ref[HOST_REFS];
	int meta[HOST_KINDS];		/* metatables by kind */

	struct instance **instance;
	size_t instances;
	struct chain *chain;
	size_t chains;
	struct policy_declared *declared;
	size_t declareds;
	struct chunk *chunks;		/* chunk.c */

	struct instance *loading;	/* whose file, start or reply runs */
	struct visit *replying;		/* whose stage reply runs now */
	int64_t load_deadline;		/* clock_ms, while loading; or 0 */
	bool frozen;

	struct strand *running;		/* the strand inside lua_resume, or NULL */
	TAILQ_HEAD(strand_queue, strand) ready;
	ev_prepare prepare;		/* resumes the ready ones */
	ev_timer wake;			/* keeps the loop from blocking */
	struct thread_pool *threads;	/* coroutines to use again */
	unsigned waiting;
	struct every *every;		/* periodic work, api_clock.c */

	struct policy_slot *slot;
	uint32_t slots, free_slot;
	struct lifecycle *stopping;	/* policy_stop was called */
	bool exhausted;
};

#endif
