#include <assert.h>
#include <errno.h>
#include <string.h>

#include <ev.h>

#include "clock.h"
#include "mem.h"

#include "channel.h"
#include "linger.h"
#include "turn.h"

#include "conn.h"

enum {
	CHUNK_MIN = 4 * 1024,	/* octets asked of one read; grows with need */
	CHUNK_MAX = 64 * 1024,
	SMALL_READS = 32,	/* in a row, until it shrinks */
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
	/* Found out inside a call of the owner, told on the next turn. */
	bool later, connected_untold, error_untold;
	bool telling, gone;	/* the owner may free it in its function */
	struct turn turn;	/* output waits to be flushed */
};

/* Let the timer come no later than ms from now. */
static void
timer_within(struct conn *c, int64_t ms)
{
	double after = (double)ms / 1000;

	if (ev_is_active(&c->timer) &&
	    ev_timer_remaining(c->loop, &c->timer) <= after)
		return;
	ev_timer_stop(c->loop, &c->timer);
	ev_timer_set(&c->timer, after, 0);
	ev_timer_start(c->loop, &c->timer);
}

static void
tell_later(struct conn *c)
{
	c->later = true;
	timer_within(c, 0);
}

/* Which watchers run follows from the state, here and nowhere else. */
static void
update(struct conn *c)
{
	bool open = !c->error && !c->connected_untold;
	bool reads = open && !c->connecting && !c->eof && !c->paused &&
	    c->input.len < c->input_max;
	bool writes = open && (c->connecting || c->blocked);

	(reads ? ev_io_start : ev_io_stop)(c->loop, &c->readable);
	(writes ? ev_io_start : ev_io_stop)(c->loop, &c->writable);
}

static void
fail(struct conn *c, int err)
{
	if (!c->error)
		c->error_untold = true;
	c->error = err ? err : EIO;
	c->blocked = c->connecting = c->connected_untold = false;
	buf_empty(&c->output);
	tell_later(c);
	update(c);
}

static void
flush(struct conn *c)
{
	ssize_t n;

	if (c->error)
		buf_empty(&c->output);
	if (c->connecting || c->connected_untold || c->error)
		return;
	while (c->output.len) {
		n = channel_write(&c->channel, c->output.p, c->output.len);
		if (n < 0 && errno != EAGAIN)
			fail(c, errno);
		if (n < 0)
			break;
		c->bytes_out += (uint64_t)n;
		buf_consume(&c->output, (size_t)n);
	}
	c->blocked = c->output.len > 0;
	if (!c->blocked && c->drained_wanted)
		tell_later(c);
}

/* The end of the present callback: one write for all that it sent. */
static void
on_turn(void *arg)
{
	struct conn *c = arg;

	if (!c->blocked)
		flush(c);
	update(c);
}

/* Everything but the struct itself. */
static void
release(struct conn *c)
{
	turn_remove(c->loop, &c->turn);
	ev_io_stop(c->loop, &c->readable);
	ev_io_stop(c->loop, &c->writable);
	ev_timer_stop(c->loop, &c->timer);
	channel_close(&c->channel);
	buf_clear(&c->input);
	buf_clear(&c->output);
}

void
conn_free(struct conn *c)
{
	if (!c)
		return;
	release(c);
	if (c->telling)
		c->gone = true;
	else
		mem_free(c);
}

void
conn_close(struct conn *c)
{
	flush(c);
	if (!c->error && !c->connecting && !(c->eof && !c->output.len)) {
		ev_io_stop(c->loop, &c->readable);
		ev_io_stop(c->loop, &c->writable);
		linger_start(c->loop, &c->channel, &c->output);
	}
	conn_free(c);
}

void
conn_abort(struct conn *c)
{
	channel_reset(&c->channel);
	conn_free(c);
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
	if ((size_t)n == c->chunk && c->chunk < CHUNK_MAX)
		c->chunk *= 4;
	else if (c->small_reads > SMALL_READS && c->chunk > CHUNK_MIN)
		c->chunk /= 4;
	return n;
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct conn *c = w->data;
	ssize_t n;

	n = fill(c);
	if (n < 0) {
		if (errno != EAGAIN)
			fail(c, errno);
		return;
	}
	c->eof = n == 0;
	if (tell(c, n ? CONN_DATA : CONN_EOF))
		update(c);
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct conn *c = w->data;
	int err;

	if (!c->connecting) {
		flush(c);
	} else if ((err = channel_error(&c->channel))) {
		fail(c, err);
	} else {
		c->connecting = false;
		if (!tell(c, CONN_CONNECTED))
			return;
		if (c->output.len)
			turn_add(c->loop, &c->turn);
	}
	update(c);
}

/* What was found out inside a call of the owner.  What the peer said before
 * it broke the connection is worth reading. */
static bool
tell_untold(struct conn *c)
{
	c->later = false;
	if (c->connected_untold) {
		c->connected_untold = false;
		if (c->output.len)
			turn_add(c->loop, &c->turn);
		return tell(c, CONN_CONNECTED);
	}
	if (c->error_untold) {
		c->error_untold = false;
		c->deadline = 0;
		if (c->channel.in >= 0 && !c->eof && !c->paused &&
		    c->input.len < c->input_max && fill(c) > 0 &&
		    !tell(c, CONN_DATA))
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
	update(c);
	if (!c->deadline)
		return;
	left = c->deadline - clock_ms();
	if (left > 0) {
		timer_within(c, left);
		return;
	}
	c->deadline = 0;
	tell(c, CONN_TIMEOUT);
}

static struct conn *
make(struct ev_loop *loop, conn_event_fn fn, void *arg)
{
	struct conn *c = mem_alloc(sizeof *c);

	c->loop = loop;
	c->fn = fn;
	c->arg = arg;
	c->input_max = CONN_INPUT_MAX;
	c->chunk = CHUNK_MIN;
	c->turn.fn = on_turn;
	c->turn.arg = c;
	buf_init(&c->input);
	buf_init(&c->output);
	channel_init(&c->channel);
	ev_timer_init(&c->timer, on_timer, 0, 0);
	ev_io_init(&c->readable, on_readable, -1, EV_READ);
	ev_io_init(&c->writable, on_writable, -1, EV_WRITE);
	c->timer.data = c->readable.data = c->writable.data = c;
	return c;
}

/* The channel is there: watch it. */
static void
begin(struct conn *c)
{
	ev_io_set(&c->readable, c->channel.in, EV_READ);
	ev_io_set(&c->writable, c->channel.out, EV_WRITE);
	update(c);
}

struct conn *
conn_new(struct ev_loop *loop, int fd, conn_event_fn fn, void *arg)
{
	struct conn *c = make(loop, fn, arg);

	channel_take(&c->channel, fd);
	begin(c);
	return c;
}

struct conn *
conn_new_pair(struct ev_loop *loop, int in, int out, conn_event_fn fn,
    void *arg)
{
	struct conn *c = make(loop, fn, arg);

	channel_take_pair(&c->channel, in, out);
	begin(c);
	return c;
}

struct conn *
conn_connect(struct ev_loop *loop, const struct addr *to,
    const struct addr *from, conn_event_fn fn, void *arg)
{
	struct conn *c = make(loop, fn, arg);

	switch (channel_connect(&c->channel, to, from)) {
	case 0:
		c->connected_untold = true;
		tell_later(c);
		break;
	case 1:
		c->connecting = true;
		break;
	default:
		fail(c, errno);
		return c;
	}
	begin(c);
	return c;
}

void
conn_own(struct conn *c, conn_event_fn fn, void *arg)
{
	c->fn = fn;
	c->arg = arg;
}

struct buf *
conn_input(struct conn *c)
{
	/* The owner is about to consume: look at the watchers afterwards. */
	if (c->input.len >= c->input_max)
		turn_add(c->loop, &c->turn);
	return &c->input;
}

bool
conn_eof(const struct conn *c)
{
	return c->eof;
}

int
conn_errno(const struct conn *c)
{
	return c->error;
}

const char *
conn_strerror(const struct conn *c)
{
	return strerror(c->error);
}

void
conn_pause(struct conn *c)
{
	c->paused = true;
	update(c);
}

void
conn_resume(struct conn *c)
{
	c->paused = false;
	update(c);
}

void
conn_set_input_max(struct conn *c, size_t max)
{
	c->input_max = max;
	update(c);
}

struct buf *
conn_output(struct conn *c)
{
	turn_add(c->loop, &c->turn);
	return &c->output;
}

void
conn_send(struct conn *c, const void *p, size_t n)
{
	if (!c->error)
		buf_append(conn_output(c), p, n);
}

void
conn_puts(struct conn *c, const char *s)
{
	conn_send(c, s, strlen(s));
}

void
conn_flush(struct conn *c)
{
	if (!c->output.len || c->blocked)
		return;
	flush(c);
	update(c);
}

size_t
conn_unsent(const struct conn *c)
{
	return c->output.len;
}

bool
conn_output_full(const struct conn *c)
{
	return c->output.len > CONN_OUTPUT_MAX;
}

void
conn_want_drained(struct conn *c)
{
	c->drained_wanted = true;
	if (!c->output.len)
		tell_later(c);
}

void
conn_deadline(struct conn *c, double seconds)
{
	int64_t ms;

	if (seconds <= 0 || c->error) {
		c->deadline = 0;
		return;
	}
	ms = (int64_t)(seconds * 1000) + 1;
	c->deadline = clock_ms() + ms;
	timer_within(c, ms);
}

uint64_t
conn_bytes_in(const struct conn *c)
{
	return c->bytes_in;
}

uint64_t
conn_bytes_out(const struct conn *c)
{
	return c->bytes_out;
}
