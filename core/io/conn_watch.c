#include <assert.h>
#include <errno.h>

#include "clock.h"
#include "mem.h"

#include "tls.h"

#include "conn_state.h"

enum { SMALL_READS = 32 };	/* in a row, until the chunk shrinks */

void
conn_timer_within(struct conn *c, int64_t ms)
{
	double after = (double)ms / 1000;

	if (ev_is_active(&c->timer) &&
	    ev_timer_remaining(c->loop, &c->timer) <= after)
		return;
	ev_timer_stop(c->loop, &c->timer);
	ev_timer_set(&c->timer, after, 0);
	ev_timer_start(c->loop, &c->timer);
}

void
conn_tell_later(struct conn *c)
{
	c->later = true;
	conn_timer_within(c, 0);
}

/* May input come now? */
static bool
may_read(const struct conn *c)
{
	return !c->error && !c->connecting && !c->connected_untold &&
	    !c->securing && !c->secured_untold && !c->eof && !c->paused &&
	    c->input.len < c->input_max;
}

/* Is there input that the descriptor does not show? */
static bool
is_pending(const struct conn *c)
{
	return c->channel.tls && tls_pending(c->channel.tls) && may_read(c);
}

/* Which watchers run follows from the state, here and nowhere else. */
void
conn_update(struct conn *c)
{
	bool open = !c->error && !c->connected_untold && !c->secured_untold;
	bool reads = may_read(c);
	bool writes = open && (c->connecting || c->blocked);

	if (c->channel.tls && open)
		conn_tls_directions(c, &reads, &writes);
	(reads ? ev_io_start : ev_io_stop)(c->loop, &c->readable);
	(writes ? ev_io_start : ev_io_stop)(c->loop, &c->writable);
	if (is_pending(c))
		conn_timer_within(c, 0);
}

void
conn_fail(struct conn *c, int err)
{
	if (!c->error)
		c->error_untold = true;
	c->error = err ? err : EIO;
	c->blocked = c->connecting = c->connected_untold = false;
	buf_empty(&c->output);
	conn_tell_later(c);
	conn_update(c);
}

/* Before the handshake only what is clear text goes out, in it nothing. */
void
conn_write_out(struct conn *c)
{
	size_t left = c->securing ? c->clear : c->output.len;
	ssize_t n;

	if (c->error)
		buf_empty(&c->output);
	if (c->connecting || c->connected_untold || c->secured_untold ||
	    c->error || (c->securing && c->channel.tls))
		return;
	while (left) {
		n = channel_write(&c->channel, c->output.p, left);
		if (n < 0 && errno != EAGAIN)
			conn_fail(c, errno);
		if (n < 0)
			break;
		c->bytes_out += (uint64_t)n;
		left -= (size_t)n;
		buf_consume(&c->output, (size_t)n);
	}
	c->blocked = left > 0 && !c->error;
	if (c->securing)
		c->clear = left;
	if (c->securing && !left && !c->error)
		conn_shake(c);
	else if (!c->output.len && c->drained_wanted)
		conn_tell_later(c);
}

/* The end of the present callback: one write for all that it sent. */
static void
on_turn(void *arg)
{
	struct conn *c = arg;

	if (!c->blocked)
		conn_write_out(c);
	conn_update(c);
}

/* False if the owner ended the conn in it.  Only the loop's callbacks call
 * this, never a function of the owner's. */
static bool
tell(struct conn *c, enum conn_event event)
{
	c->telling = true;
	c->fn(c->arg, event);
	c->telling = false;
	if (!c->gone)
		return true;
	mem_free(c);
	return false;
}

/* One read into the input buffer: its result. */
static ssize_t
fill(struct conn *c)
{
	size_t want = c->input_max - c->input.len;
	ssize_t n;

	assert(c->input.len < c->input_max);
	if (want > c->chunk)
		want = c->chunk;
	n = channel_read(&c->channel, buf_reserve(&c->input, want), want);
	if (n <= 0)
		return n;
	buf_commit(&c->input, (size_t)n);
	c->bytes_in += (uint64_t)n;
	c->small_reads = (size_t)n < c->chunk / 4 ? c->small_reads + 1 : 0;
	if ((size_t)n == c->chunk && c->chunk < CONN_CHUNK_MAX)
		c->chunk *= 4;
	else if (c->small_reads > SMALL_READS && c->chunk > CONN_CHUNK_MIN)
		c->chunk /= 4;
	return n;
}

/* False if the owner ended the conn. */
static bool
receive(struct conn *c)
{
	ssize_t n = fill(c);

	if (n < 0) {
		if (errno != EAGAIN)
			conn_fail(c, errno);
		return true;
	}
	c->eof = n == 0;
	return tell(c, n ? CONN_DATA : CONN_EOF);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct conn *c = w->data;

	if (c->securing)
		conn_shake(c);
	else if (c->blocked && c->channel.tls && tls_wants_read(c->channel.tls))
		conn_write_out(c);
	if (!may_read(c) || receive(c))
		conn_update(c);
}

static bool
finish_connect(struct conn *c)
{
	int err = channel_error(&c->channel);

	if (err) {
		conn_fail(c, err);
		return true;
	}
	c->connecting = false;
	turn_add(c->loop, &c->turn);
	return tell(c, CONN_CONNECTED);
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct conn *c = w->data;
	bool reads = c->channel.tls && tls_wants_write(c->channel.tls);

	if (c->connecting) {
		if (finish_connect(c))
			conn_update(c);
		return;
	}
	if (c->securing && c->channel.tls)
		conn_shake(c);
	else
		conn_write_out(c);
	if (!reads || !may_read(c) || receive(c))
		conn_update(c);
}

/* What was found out inside a call of the owner.  What the peer said before
 * it broke the connection is worth reading. */
static bool
tell_untold(struct conn *c)
{
	c->later = false;
	if (c->connected_untold) {
		c->connected_untold = false;
		turn_add(c->loop, &c->turn);
		return tell(c, CONN_CONNECTED);
	}
	if (c->secured_untold) {
		c->secured_untold = false;
		turn_add(c->loop, &c->turn);
		return tell(c, CONN_SECURED);
	}
	if (c->error_untold) {
		c->error_untold = false;
		c->deadline = 0;
		if (c->channel.in >= 0 && !c->eof && !c->paused &&
		    !c->securing && c->input.len < c->input_max &&
		    fill(c) > 0 && !tell(c, CONN_DATA))
			return false;
		return tell(c, CONN_ERROR);
	}
	if (c->drained_wanted && !c->error && !c->output.len) {
		c->drained_wanted = false;
		return tell(c, CONN_DRAINED);
	}
	return true;
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct conn *c = w->data;
	int64_t left;

	if (c->later && !tell_untold(c))
		return;
	if (is_pending(c) && !receive(c))
		return;
	conn_update(c);
	if (!c->deadline)
		return;
	left = c->deadline - clock_ms();
	if (left > 0) {
		conn_timer_within(c, left);
		return;
	}
	c->deadline = 0;
	tell(c, CONN_TIMEOUT);
}

void
conn_watch_init(struct conn *c)
{
	c->turn.fn = on_turn;
	c->turn.arg = c;
	ev_timer_init(&c->timer, on_timer, 0, 0);
	ev_io_init(&c->readable, on_readable, -1, EV_READ);
	ev_io_init(&c->writable, on_writable, -1, EV_WRITE);
	c->timer.data = c->readable.data = c->writable.data = c;
}

void
conn_watch(struct conn *c)
{
	ev_io_set(&c->readable, c->channel.in, EV_READ);
	ev_io_set(&c->writable, c->channel.out, EV_WRITE);
	conn_update(c);
}
