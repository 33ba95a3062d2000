#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "notify.h"
#include "pool.h"
#include "release.h"
#include "service.h"
#include "shared.h"

#include "reload.h"

enum phase { IDLE, LOADING, STARTING, SWAPPING };

struct waiter {
	struct waiter *next;
	unsigned serial;	/* the reload that will answer */
	reload_fn fn;
	void *arg;
};

struct reload {
	struct service *service;
	enum phase phase;
	unsigned serial;	/* of the one that runs, or ran last */
	bool again;
	struct waiter *first;
	struct loader *loader;
	struct release *incoming;	/* until it is in force */
	int64_t began;
};

static void begin(struct reload *);

struct reload *
reload_new(struct service *s)
{
	struct reload *r = mem_alloc(sizeof *r);

	r->service = s;
	return r;
}

static void
drop_incoming(struct reload *r)
{
	loader_cancel(r->loader);
	r->loader = NULL;
	if (!r->incoming)
		return;
	pool_cancel(r->service->pool);
	release_abandon(r->incoming, r->service->release, r->service->shared);
	r->incoming = NULL;
}

void
reload_free(struct reload *r)
{
	struct waiter *w;

	if (!r)
		return;
	loader_cancel(r->loader);
	if (r->incoming)
		release_abandon(r->incoming, r->service->release,
		    r->service->shared);
	while ((w = r->first)) {
		r->first = w->next;
		mem_free(w);
	}
	mem_free(r);
}

static void
tell_waiters(struct reload *r, unsigned serial, const char *error)
{
	struct waiter **at = &r->first, *w;

	while ((w = *at)) {
		if (w->serial > serial) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->fn(w->arg, error);
		mem_free(w);
		at = &r->first;		/* fn may have changed the list */
	}
}

static void
finish(struct reload *r, const char *error)
{
	struct service *s = r->service;
	struct log_line l;

	r->phase = IDLE;
	if (error) {
		log_begin(&l, LOG_ERROR, "reload_failed");
		log_str(&l, "error", error);
		log_int(&l, "generation", s->release->gen->number);
	} else {
		log_begin(&l, LOG_INFO, "reload_done");
		log_int(&l, "generation", s->release->gen->number);
		log_secs(&l, "seconds",
		    (double)(clock_ms() - r->began) / 1000.);
	}
	log_end(&l);
	notify_send("READY=1");
	service_set_title(s);
	tell_waiters(r, r->serial, error);
	/* One who was told may have begun the next already. */
	if (r->again && r->phase == IDLE && s->state == SERVICE_RUNNING)
		begin(r);
}

static void
fail(struct reload *r, const char *error)
{
	char copy[CONF_ERROR_MAX];

	snprintf(copy, sizeof copy, "%s", error);
	drop_incoming(r);
	finish(r, copy);
}

static void
on_loaded(void *arg, struct generation *gen, const char *error)
{
	struct reload *r = arg;
	struct service *s = r->service;
	char why[CONF_ERROR_MAX];

	r->loader = NULL;
	if (!gen) {
		fail(r, error);
		return;
	}
	if (service_try_log(s, &gen->conf) < 0) {
		snprintf(why, sizeof why, "log %.500s: %s", gen->conf.log_to,
		    strerror(errno));
		generation_free(gen);
		fail(r, why);
		return;
	}
	r->incoming = release_new(gen, s->release, s->shared, why);
	if (!r->incoming) {
		fail(r, why);
		return;
	}
	r->phase = STARTING;
	pool_start(s->pool, r->incoming);
}

static void
begin(struct reload *r)
{
	struct service *s = r->service;
	struct loader_args args = s->load;
	char error[CONF_ERROR_MAX];
	struct log_line l;

	r->phase = LOADING;
	r->again = false;
	r->serial++;
	r->began = clock_ms();
	args.number = s->release->gen->number + 1;
	log_begin(&l, LOG_INFO, "reload_begin");
	log_int(&l, "generation", args.number);
	log_end(&l);
	notify_reloading();
	/* Hooks run in its checker. */
	shared_hide_tickets(s->shared, true);
	r->loader = loader_start(s->loop, &args, on_loaded, r, error);
	shared_hide_tickets(s->shared, false);
	if (!r->loader)
		fail(r, error);
}

void
reload_request(struct reload *r, reload_fn fn, void *arg)
{
	struct waiter *w;

	if (r->service->state >= SERVICE_DRAINING) {
		if (fn)
			fn(arg, "the service is stopping");
		return;
	}
	if (fn) {
		w = mem_alloc(sizeof *w);
		w->serial = r->serial + 1;
		w->fn = fn;
		w->arg = arg;
		w->next = r->first;
		r->first = w;
	}
	/* One that comes during the start waits for its end. */
	if (r->phase != IDLE || r->service->state == SERVICE_STARTING)
		r->again = true;
	else
		begin(r);
}

void
reload_forget(struct reload *r, void *arg)
{
	struct waiter **at = &r->first, *w;

	while ((w = *at)) {
		if (w->arg != arg) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		mem_free(w);
	}
}

bool
reload_is_busy(const struct reload *r)
{
	return r->phase != IDLE;
}

void
reload_stop(struct reload *r)
{
	drop_incoming(r);
	r->phase = IDLE;
	r->again = false;
	tell_waiters(r, r->serial + 1, "the service is stopping");
}

void
reload_started(struct reload *r, const char *error)
{
	struct service *s = r->service;
	struct release *old = s->release;

	assert(r->phase == STARTING);
	if (error) {
		fail(r, error);
		return;
	}
	r->phase = SWAPPING;
	s->release = r->incoming;
	r->incoming = NULL;
	if (service_use_log(s) < 0)
		log_event(LOG_WARN, "reload_begin", "cannot open the log %s",
		    s->release->gen->conf.log_to);
	listen_log(s->release->listeners, &s->release->gen->conf);
	service_move(s);
	/* The swap may end the reload, and who hears of it may ask for the
	 * next one, or for the end: nothing of this one may be left to do. */
	release_commit(old, s->release, s->shared);
	pool_swap(s->pool);
}

void
reload_swapped(struct reload *r)
{
	/* The first release has nothing to tell: it is the start. */
	if (r->phase == SWAPPING)
		finish(r, NULL);
	else if (r->again && r->phase == IDLE)
		begin(r);
}
