#ifndef SCOREBOARD_H
#define SCOREBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"
#include "session.h"

/*
 * scoreboard: what the processes know of each other.
 *
 * One anonymous mapping of fixed size, made before any fork.  A slot is
 * written by its worker alone (and cleaned by the supervisor when that worker
 * is dead); everything is an atomic, there is no lock.
 *
 * Clients are counted in a hash of fixed size, one row per address (or
 * network), one count per worker slot in it, so that what a dead worker held
 * can be taken back without asking anyone.
 */
enum { SCOREBOARD_WORKERS = 128, SCOREBOARD_HOOK_MAX = 64 };

enum scoreboard_state {
	SCOREBOARD_FREE, SCOREBOARD_STARTING, SCOREBOARD_READY,
	SCOREBOARD_DRAINING, SCOREBOARD_DEAD,
};

struct scoreboard_slot {
	_Atomic int state;
	_Atomic int pid;
	_Atomic unsigned generation;
	_Atomic uint64_t heartbeat;	/* bumped on every turn of the loop */
	_Atomic unsigned sessions, capacity;
	_Atomic uint64_t served, lua_memory;
	_Atomic int64_t started_ms;
	char running[SCOREBOARD_HOOK_MAX];	/* hook; may be read torn */
	struct session_stats stats;
} __attribute__((aligned(64)));		/* no two workers write one line */

struct scoreboard;

/* clients: rows for addresses, 264 bytes each once used.  NULL with errno. */
struct scoreboard *scoreboard_new(size_t clients);
void scoreboard_free(struct scoreboard *);
struct scoreboard_slot *scoreboard_slot(struct scoreboard *, unsigned i);
/* A slot, STARTING, or -1.  Only the supervisor claims and reclaims. */
int scoreboard_claim(struct scoreboard *);
/* The worker of that slot is dead: its counts go, its totals are kept, the
 * slot is free. */
void scoreboard_reclaim(struct scoreboard *, unsigned i);

/* One more session of this key in slot i; returns the count over all workers
 * after it, 0 if the table is full (nothing was counted). */
unsigned scoreboard_enter(struct scoreboard *, unsigned i, const struct cidr *);
void scoreboard_leave(struct scoreboard *, unsigned i, const struct cidr *);
unsigned scoreboard_count(struct scoreboard *, const struct cidr *);

unsigned scoreboard_sessions(struct scoreboard *);	/* over all workers */
/* Sums over living and dead workers. */
void scoreboard_totals(struct scoreboard *, struct session_stats *out);
_Atomic uint64_t *scoreboard_log_drops(struct scoreboard *);

#endif
