#ifndef CONN_H
#define CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "buf.h"

struct ev_loop;
struct tls_client;
struct tls_info;
struct tls_server;

/*
 * conn: a non-blocking stream with an input buffer, an output buffer and one
 * deadline.  Which watchers run follows from the buffers and from paused.
 *
 * Output is gathered: conn_send only appends; conn_flush, or the end of the
 * loop's callback that is being served (whosever it is), writes it.  Input is
 * read until the limit of the input buffer; the owner consumes from what
 * conn_input returns, asked for anew in each callback.
 *
 * Events arrive through one function and never from inside a call made by the
 * owner: what conn_flush finds out (a broken pipe) is told on the next turn of
 * the loop.  The owner may call conn_free or conn_close inside that function.
 */
enum conn_event {
	CONN_CONNECTED,		/* conn_connect succeeded */
	CONN_SECURED,		/* the TLS handshake is done */
	CONN_DATA,		/* more bytes are in conn_input */
	CONN_EOF,		/* the peer sends no more; once; output still works */
	CONN_DRAINED,		/* the kernel has all output: conn_want_drained */
	CONN_TIMEOUT,		/* the deadline passed; it is off now */
	CONN_ERROR,		/* failed, see conn_errno; nothing more comes */
};

struct conn;
typedef void (*conn_event_fn)(void *arg, enum conn_event);

enum {
	CONN_INPUT_MAX = 64 * 1024,	/* reading stops when so much waits */
	CONN_OUTPUT_MAX = 256 * 1024,	/* conn_output_full is true above */
};

/* Take over a connected descriptor (set non-blocking here), or a pair of them
 * (stdin, stdout).  Reading starts at once. */
struct conn *conn_new(struct ev_loop *, int fd, conn_event_fn, void *arg);
struct conn *conn_new_pair(struct ev_loop *, int in, int out, conn_event_fn,
    void *arg);
/* Connect; failure, even an immediate one, comes as CONN_ERROR. from may be
 * NULL (the source address otherwise). */
struct conn *conn_connect(struct ev_loop *, const struct addr *to,
    const struct addr *from, conn_event_fn, void *arg);

/* Another owner: its function hears of what happens from now on. */
void conn_own(struct conn *, conn_event_fn, void *arg);

struct buf *conn_input(struct conn *);
bool conn_eof(const struct conn *);
int conn_errno(const struct conn *);
const char *conn_strerror(const struct conn *);

void conn_pause(struct conn *);			/* read no more for now */
void conn_resume(struct conn *);
void conn_set_input_max(struct conn *, size_t max);

void conn_send(struct conn *, const void *p, size_t n);
void conn_puts(struct conn *, const char *s);
/* The output buffer, to be appended to in the present callback: a conn_send
 * for those that write into a buffer. */
struct buf *conn_output(struct conn *);
void conn_flush(struct conn *);
size_t conn_unsent(const struct conn *);
bool conn_output_full(const struct conn *);
void conn_want_drained(struct conn *);		/* one CONN_DRAINED, once unsent is 0 */

/*
 * TLS from here on: what is unsent goes out in the clear, input must be empty
 * (what is there is dropped: RFC 3207 4.2, and a peer's replies before the
 * handshake are not believed after it).  Until CONN_SECURED nothing is read,
 * and what is sent waits.  A handshake that fails is CONN_ERROR, and
 * conn_strerror says why; after conn_close the peer gets the alert, which
 * conn_free may cut off.  The deadline is the owner's.
 */
void conn_secure_server(struct conn *, struct tls_server *);
void conn_secure_client(struct conn *, struct tls_client *);
const struct tls_info *conn_tls(const struct conn *);	/* NULL: in the clear */

/* The deadline, in seconds from now; 0 switches it off.  Cheap: the timer is
 * left running and looks at the time when it fires. */
void conn_deadline(struct conn *, double seconds);

/* Bytes read from and written to the peer since it began. */
uint64_t conn_bytes_in(const struct conn *);
uint64_t conn_bytes_out(const struct conn *);

/*
 * End it.  conn_close sends what is unsent, shuts down our half, and lingers a
 * few seconds reading and dropping, so that the last reply is not lost to a
 * reset (linger.h); the owner is told nothing more and forgets the conn.
 * conn_free ends it at once; NULL is fine.
 */
void conn_close(struct conn *);
void conn_free(struct conn *);

#endif
