#ifndef ROSTER_H
#define ROSTER_H

#include <stddef.h>

struct notice_message;
struct session;

/*
 * roster: the sessions of a worker, in a list that runs through them.
 *
 * The functions for all of them allow that sessions end meanwhile.
 */
struct roster {
	struct session *first;
	size_t count;
};

void roster_add(struct roster *, struct session *);
void roster_remove(struct roster *, struct session *);
size_t roster_count(const struct roster *);
void roster_drain_all(struct roster *);
void roster_cut_all(struct roster *);
void roster_free_all(struct roster *);

/* Answer NOTICE_SESSIONS: one line per session, in a sealed memfd. */
void roster_send(const struct roster *, int channel, unsigned serial);
/* Answer NOTICE_KILL. */
void roster_kill(struct roster *, int channel, const struct notice_message *);

#endif
