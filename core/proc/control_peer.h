#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include <stddef.h>

struct control_peer;
struct notice_message;
struct service;

/*
 * control_peer: one connection to the control socket: its line, its command,
 * its answer.
 *
 * A command that workers or a reload must answer keeps the peer waiting; what
 * it sends meanwhile waits too.  Questions to workers have a deadline of two
 * seconds: then what has come is the answer.
 */
struct control_peers {
	struct service *service;
	struct control_peer *first;
	size_t count;
	unsigned serial;	/* of the last question to the workers */
};

void control_peers_init(struct control_peers *, struct service *);
void control_peers_clear(struct control_peers *);
void control_peer_new(struct control_peers *, int fd);
/* fd is borrowed. */
void control_peers_answer(struct control_peers *,
    const struct notice_message *, int fd);

#endif
