#include <errno.h>
#include <ev.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"

#include "acceptor.h"

enum { BATCH = 16 };			/* connections per wake-up */

static const double REST = 0.1;		/* seconds, after a shortage */

struct acceptor_listener {
	ev_io io;
	int fd;				/* -1: left out or closed */
};

struct acceptor {
	struct ev_loop *loop;
	struct acceptor_owner owner;
	struct acceptor_listener *listener;
	size_t count, next;		/* next: whose turn it is */
	ev_timer rest;
	struct acceptor_errors errors;
	bool on, resting;
};

bool
acceptor_is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM;
}

bool
acceptor_errors_add(struct acceptor_errors *e, int error,
    struct acceptor_errors *out)
{
	bool due = e->count > 0 && e->error != error;

	*out = *e;
	if (due) {
		e->count = 0;
		e->error = 0;
	}
	if (error == 0)
		return due;
	e->error = error;
	e->count++;
	if (due || e->count < ACCEPTOR_ERRORS_MAX)
		return due;
	*out = *e;
	e->count = 0;
	e->error = 0;
	return true;
}

static void
note(struct acceptor *a, int error)
{
	struct acceptor_errors due;
	struct log_line l;

	if (!acceptor_errors_add(&a->errors, error, &due))
		return;
	log_begin(&l, due.count >= ACCEPTOR_ERRORS_MAX ? LOG_ERROR : LOG_WARN,
	    "accept_error");
	log_int(&l, "count", due.count);
	log_str(&l, "error", strerror(due.error));
	log_end(&l);
}

static bool
is_active(const struct acceptor *a)
{
	return a->on && !a->resting;
}

static void
update(struct acceptor *a)
{
	bool active = is_active(a);
	size_t i;

	for (i = 0; i < a->count; i++) {
		if (a->listener[i].fd < 0)
			continue;
		if (active)
			ev_io_start(a->loop, &a->listener[i].io);
		else
			ev_io_stop(a->loop, &a->listener[i].io);
	}
}

static void
on_rested(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct acceptor *a = w->data;

	a->resting = false;
	update(a);
}

static void
rest(struct acceptor *a)
{
	a->resting = true;
	ev_timer_stop(a->loop, &a->rest);
	ev_timer_set(&a->rest, REST, 0.);
	ev_timer_start(a->loop, &a->rest);
	update(a);
}

/* True if there may be more.  EAGAIN: a sibling was faster. */
static bool
accept_one(struct acceptor *a, size_t i)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct addr client;
	int fd, error;

	fd = accept4(a->listener[i].fd, (struct sockaddr *)&ss, &len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return false;
		error = errno;
		note(a, error);
		if (acceptor_is_shortage(error))
			rest(a);
		return error == ECONNABORTED;
	}
	note(a, 0);
	addr_set((struct sockaddr *)&ss, len, &client);
	a->owner.accepted(a->owner.arg, i, fd, &client);
	return true;
}

/* One from each in turn, until all are empty or it is enough. */
static void
on_acceptable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct acceptor *a = w->data;
	size_t empty = 0;
	int taken = 0;

	while (taken < BATCH && empty < a->count && is_active(a) &&
	    a->owner.go_on(a->owner.arg)) {
		size_t i = a->next;

		a->next = (a->next + 1) % a->count;
		if (a->listener[i].fd >= 0 && accept_one(a, i)) {
			taken++;
			empty = 0;
		} else {
			empty++;
		}
	}
}

struct acceptor *
acceptor_new(struct ev_loop *loop, const struct listen_set *set,
    const struct acceptor_owner *owner)
{
	struct acceptor *a = mem_alloc(sizeof *a);
	struct acceptor_listener *l;
	size_t i;

	a->loop = loop;
	a->owner = *owner;
	a->count = set->count;
	a->listener = mem_array(set->count + 1, sizeof *a->listener);
	for (i = 0; i < set->count; i++) {
		l = &a->listener[i];
		l->fd = set->socket[i].fd;
		ev_io_init(&l->io, on_acceptable, l->fd < 0 ? 0 : l->fd,
		    EV_READ);
		ev_set_priority(&l->io, EV_MINPRI);
		l->io.data = a;
	}
	ev_timer_init(&a->rest, on_rested, 0., 0.);
	a->rest.data = a;
	return a;
}

void
acceptor_switch(struct acceptor *a, bool on)
{
	if (a->on == on)
		return;
	a->on = on;
	update(a);
}

void
acceptor_close(struct acceptor *a)
{
	size_t i;

	a->on = false;
	update(a);
	ev_timer_stop(a->loop, &a->rest);
	for (i = 0; i < a->count; i++) {
		if (a->listener[i].fd >= 0)
			close(a->listener[i].fd);
		a->listener[i].fd = -1;
	}
	note(a, 0);
}

void
acceptor_free(struct acceptor *a)
{
	if (!a)
		return;
	acceptor_close(a);
	mem_free(a->listener);
	mem_free(a);
}
