#ifndef LINGER_H
#define LINGER_H

struct buf;
struct channel;
struct ev_loop;

/*
 * linger: the end of a stream whose owner is done with it.
 *
 * It sends what is unsent, shuts down our half, then reads and drops until the
 * peer has closed its own or a few seconds have gone: a close with unread
 * input would send RST, and the peer would lose our last reply.  Nobody counts
 * these descriptors against a limit of sessions, so there are only so many: the
 * oldest makes room for a new one.
 */

/* Takes over the channel and the bytes; both come back empty. */
void linger_start(struct ev_loop *, struct channel *, struct buf *unsent);
unsigned linger_count(void);
void linger_end(void);			/* all of them, now */

#endif
