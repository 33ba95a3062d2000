#ifndef CONN_STATE_H
#define CONN_STATE_H

#include <ev.h>

#include "channel.h"
#include "turn.h"

#include "conn.h"

/* conn_state: what the files of conn share. */
enum {
	CONN_CHUNK_MIN = 4 * 1024,	/* octets asked of one read; grows */
	CONN_CHUNK_MAX = 64 * 1024,
};

struct conn {
	struct ev_loop *loop;
	conn_event_fn fn;
	void *arg;
	struct channel channel;
	ev_io readable, writable;
	ev_timer timer;
	struct buf input, output;
	size_t input_max, chunk;
	unsigned small_reads;
	int64_t deadline;	/* clock_ms; 0: none */
	uint64_t bytes_in, bytes_out;
	int error;
	bool connecting;
	bool paused, eof;
	bool blocked;		/* the kernel took no more */
	bool drained_wanted;
	bool securing;		/* until the TLS handshake is done */
	size_t clear;		/* of output, still goes before it */
	struct tls *tls;	/* until the channel has it */
	/* Found out inside a call of the owner, told on the next turn. */
	bool later, connected_untold, secured_untold, error_untold;
	bool telling, gone;	/* the owner may free it in its function */
	struct turn turn;	/* output waits to be flushed */
};

/* conn_watch.c: what the loop calls, and what follows from the state. */
void conn_watch_init(struct conn *);
void conn_watch(struct conn *);		/* the channel is there: begin */
void conn_update(struct conn *);
void conn_write_out(struct conn *);
void conn_fail(struct conn *, int err);
/* Let the timer come no later than ms from now. */
void conn_timer_within(struct conn *, int64_t ms);
void conn_tell_later(struct conn *);

/* conn_tls.c */
void conn_shake(struct conn *);		/* one step of the handshake */
/* TLS may have to write in order to read, and the reverse. */
void conn_tls_directions(const struct conn *, bool *reads, bool *writes);
/* What shall not go out any more when the owner closes the conn. */
void conn_tls_cut(struct conn *);

#endif
