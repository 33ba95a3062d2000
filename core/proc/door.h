#ifndef DOOR_H
#define DOOR_H

#include <stdbool.h>

#include "release.h"
#include "scoreboard.h"

struct ev_loop;
struct roster;
struct session;
struct session_env;

/*
 * door: from an accepted connection to a session, and back.
 *
 * Whoever comes is counted and admitted, or told 421 in one static line and
 * sent away; refusals are logged, but no more than a few a second one by one.
 * A full worker leaves connections to the others; but if the sessions of all
 * workers are taken it is there to say so.  Who comes through a proxy is held
 * against the limits when the proxy has said who it is.
 *
 * A process has one door: the session's way back (session_env.ended) carries
 * no argument of ours.
 */
struct door_conf {
	struct ev_loop *loop;
	const struct release *release;
	struct scoreboard *board;
	unsigned slot;
	struct session_env *env;
	/* Told after a session has ended (and is still in memory), when there
	 * is room again or no more, when lifetime is reached. */
	void (*ended)(void *arg);
	void (*room)(void *arg, bool);
	void (*spent)(void *arg);
	void *arg;
};

struct door;

struct door *door_new(const struct door_conf *);
void door_accept(struct door *, unsigned how);	/* enum notice_accept */
void door_close(struct door *);		/* for good */
void door_tick(struct door *);		/* about once a second */
struct roster *door_roster(struct door *);
void door_free(struct door *);		/* no session may be left */

/* For the session_env; env->stress is set here, too. */
unsigned door_connections(struct session *);
const char *door_readdress(struct session *);
bool door_rate_admit(struct session *, enum session_rate);
void door_ended(struct session *);

#endif
