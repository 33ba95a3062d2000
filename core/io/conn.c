#include <errno.h>
#include <string.h>

#include "clock.h"
#include "mem.h"

#include "conn_state.h"
#include "linger.h"
#include "tls.h"

#include "conn.h"

/* Everything but the struct itself. */
static void
release(struct conn *c)
{
	turn_remove(c->loop, &c->turn);
	ev_io_stop(c->loop, &c->readable);
	ev_io_stop(c->loop, &c->writable);
	ev_timer_stop(c->loop, &c->timer);
	tls_free(c->tls);
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
	bool open;

	conn_write_out(c);
	conn_tls_cut(c);
	/* A handshake that failed has left an alert on its way. */
	open = !c->error || c->error == EPROTO;
	if (c->eof && !c->output.len) {
		if (c->channel.tls)
			(void)tls_shutdown(c->channel.tls);
	} else if (open && !c->connecting) {
		ev_io_stop(c->loop, &c->readable);
		ev_io_stop(c->loop, &c->writable);
		linger_start(c->loop, &c->channel, &c->output);
	}
	conn_free(c);
}

static struct conn *
make(struct ev_loop *loop, conn_event_fn fn, void *arg)
{
	struct conn *c = mem_alloc(sizeof *c);

	c->loop = loop;
	c->fn = fn;
	c->arg = arg;
	c->input_max = CONN_INPUT_MAX;
	c->chunk = CONN_CHUNK_MIN;
	buf_init(&c->input);
	buf_init(&c->output);
	channel_init(&c->channel);
	conn_watch_init(c);
	return c;
}

struct conn *
conn_new(struct ev_loop *loop, int fd, conn_event_fn fn, void *arg)
{
	struct conn *c = make(loop, fn, arg);

	channel_take(&c->channel, fd);
	conn_watch(c);
	return c;
}

struct conn *
conn_new_pair(struct ev_loop *loop, int in, int out, conn_event_fn fn,
    void *arg)
{
	struct conn *c = make(loop, fn, arg);

	channel_take_pair(&c->channel, in, out);
	conn_watch(c);
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
		conn_tell_later(c);
		break;
	case 1:
		c->connecting = true;
		break;
	default:
		conn_fail(c, errno);
		return c;
	}
	conn_watch(c);
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
	const struct tls *tls = c->channel.tls;

	return tls && c->error == EPROTO && *tls_error(tls) ? tls_error(tls) :
	    strerror(c->error);
}

void
conn_pause(struct conn *c)
{
	c->paused = true;
	conn_update(c);
}

void
conn_resume(struct conn *c)
{
	c->paused = false;
	conn_update(c);
}

void
conn_set_input_max(struct conn *c, size_t max)
{
	c->input_max = max;
	conn_update(c);
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
	conn_write_out(c);
	conn_update(c);
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
		conn_tell_later(c);
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
	conn_timer_within(c, ms);
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
