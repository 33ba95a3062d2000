#include <errno.h>
#include <stdbool.h>

#include <ev.h>

#include "buf.h"
#include "mem.h"

#include "channel.h"

#include "linger.h"

enum {
	SEND_TIME = 10,		/* seconds for what is unsent */
	WAIT_TIME = 3,		/* seconds for the peer to close its half */
	COUNT_MAX = 256,	/* then the oldest is ended */
};

struct linger {
	struct ev_loop *loop;
	struct channel channel;
	struct buf unsent;
	bool eof;
	ev_io readable, writable;
	ev_timer timer;
	struct linger *next, **prev;
};

static struct {
	struct linger *first, **end;	/* the oldest is first */
	unsigned count;
} lingers = { .end = &lingers.first };

static void
linger_free(struct linger *l)
{
	ev_io_stop(l->loop, &l->readable);
	ev_io_stop(l->loop, &l->writable);
	ev_timer_stop(l->loop, &l->timer);
	channel_close(&l->channel);
	buf_clear(&l->unsent);
	*l->prev = l->next;
	if (l->next)
		l->next->prev = l->prev;
	else
		lingers.end = l->prev;
	lingers.count--;
	mem_free(l);
}

/* Write what is left; when nothing is, shut down.  False: all is said. */
static bool
send_rest(struct linger *l)
{
	ssize_t n;

	while (l->unsent.len) {
		n = channel_write(&l->channel, l->unsent.p, l->unsent.len);
		if (n < 0)
			return errno == EAGAIN;
		buf_consume(&l->unsent, (size_t)n);
	}
	if (channel_shutdown(&l->channel) < 0)
		return errno == EAGAIN;
	if (l->eof)
		return false;
	ev_io_stop(l->loop, &l->writable);
	ev_timer_stop(l->loop, &l->timer);
	ev_timer_set(&l->timer, WAIT_TIME, 0);
	ev_timer_start(l->loop, &l->timer);
	return true;
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct linger *l = w->data;

	if (!send_rest(l))
		linger_free(l);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct linger *l = w->data;
	ssize_t n = channel_drop(&l->channel);

	if (n > 0 || (n < 0 && errno == EAGAIN))
		return;
	l->eof = true;
	if (n == 0 && l->unsent.len)
		ev_io_stop(loop, &l->readable);	/* it may still read */
	else
		linger_free(l);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	linger_free(w->data);
}

void
linger_start(struct ev_loop *loop, struct channel *ch, struct buf *unsent)
{
	struct linger *l = mem_alloc(sizeof *l);

	if (lingers.count >= COUNT_MAX)
		linger_free(lingers.first);
	l->loop = loop;
	l->channel = *ch;
	l->unsent = *unsent;
	channel_init(ch);
	buf_init(unsent);
	l->prev = lingers.end;
	*lingers.end = l;
	lingers.end = &l->next;
	lingers.count++;

	ev_io_init(&l->readable, on_readable, l->channel.in, EV_READ);
	ev_io_init(&l->writable, on_writable, l->channel.out, EV_WRITE);
	ev_timer_init(&l->timer, on_timer, SEND_TIME, 0);
	l->readable.data = l->writable.data = l->timer.data = l;
	ev_io_start(loop, &l->readable);
	ev_io_start(loop, &l->writable);
	ev_timer_start(loop, &l->timer);
	if (!send_rest(l))
		linger_free(l);
}

unsigned
linger_count(void)
{
	return lingers.count;
}

void
linger_end(void)
{
	while (lingers.first)
		linger_free(lingers.first);
}
