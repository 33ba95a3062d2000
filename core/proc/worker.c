#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "policy.h"
#include "session.h"
#include "tls.h"
#include "capability.h"
#include "descriptors.h"
#include "detach.h"
#include "door.h"
#include "engine.h"
#include "generation.h"
#include "notice.h"
#include "privilege.h"
#include "roster.h"
#include "title.h"
#include "worker_state.h"

#include "worker.h"

static const double TICK = 1.0;		/* seconds, at most */

void
worker_tell(struct worker *w, enum notice_kind kind, uint64_t number)
{
	(void)notice_tell(w->args->channel, kind, number);
}

/* False: the supervisor is gone, or talks nonsense. */
static bool
obey(struct worker *w, const struct notice_message *m, int fd)
{
	switch ((enum notice_kind)m->kind) {
	case NOTICE_ACCEPT:
		door_accept(w->door, (unsigned)m->number);
		return true;
	case NOTICE_DRAIN:
		worker_drain(w, m->number);
		return true;
	case NOTICE_LOG:
		log_use(fd, m->text);
		return true;
	case NOTICE_SESSIONS:
		roster_send(door_roster(w->door), w->args->channel, m->serial);
		return true;
	case NOTICE_KILL:
		roster_kill(door_roster(w->door), w->args->channel, m);
		return true;
	case NOTICE_READY:
	case NOTICE_FAILED:
	case NOTICE_STOPPED:
	case NOTICE_ROOM:
	case NOTICE_SPENT:
	case NOTICE_LIST:
	case NOTICE_KILLED:
	case NOTICE_KINDS:
		break;
	}
	return false;
}

static void
on_channel(struct ev_loop *loop, ev_io *io, int revents)
{
	struct worker *w = io->data;
	struct notice_message m;
	int fd;

	for (;;) {
		switch (notice_receive(io->fd, &m, &fd)) {
		case NOTICE_OK:
			if (obey(w, &m, fd))
				continue;
			if (fd >= 0)
				close(fd);
			break;
		case NOTICE_AGAIN:
			return;
		case NOTICE_EOF:
		case NOTICE_BROKEN:
			break;
		}
		ev_io_stop(loop, io);
		worker_drain(w, 0);
		return;
	}
}

static void
on_term(struct ev_loop *loop, ev_signal *s, int revents)
{
	worker_drain(s->data, 0);
}

/* Each turn of the loop is a sign of life. */
static void
on_turn(struct ev_loop *loop, ev_prepare *p, int revents)
{
	struct worker *w = p->data;

	atomic_fetch_add(&w->slot->heartbeat, 1);
}

static void
on_tick(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct worker *w = t->data;
	char title[sizeof w->title];

	atomic_store(&w->slot->lua_memory, policy_memory(w->engine->policy));
	if (w->phase == WORKER_SERVING && policy_exhausted(w->engine->policy))
		worker_tell(w, NOTICE_SPENT, 1);
	door_tick(w->door);
	snprintf(title, sizeof title, "lunette: worker %u [gen %u, %zu "
	    "sessions%s]", w->args->slot + 1, w->args->release->gen->number,
	    roster_count(door_roster(w->door)),
	    w->phase == WORKER_SERVING ? "" : ", draining");
	if (strcmp(title, w->title) == 0)
		return;
	strcpy(w->title, title);
	title_set("%s", title);
}

static void
on_session_ended(void *arg)
{
	worker_advance(arg);
}

static void
on_room(void *arg, bool room)
{
	struct worker *w = arg;

	if (w->args->report_room)
		worker_tell(w, NOTICE_ROOM, room);
}

static void
on_spent(void *arg)
{
	worker_tell(arg, NOTICE_SPENT, 0);
}

/* Of the workers of a generation the first does what only one should do, even
 * if another is ready before it; when it drains or dies the next one finds
 * itself first. */
static bool
leads(void *arg)
{
	const struct worker *w = arg;
	struct scoreboard_slot *s;
	unsigned i;
	int state;

	for (i = 0; i < w->args->slot; i++) {
		s = scoreboard_slot(w->args->board, i);
		state = atomic_load(&s->state);
		if ((state == SCOREBOARD_STARTING ||
		    state == SCOREBOARD_READY) &&
		    atomic_load(&s->generation) ==
		    w->args->release->gen->number)
			return false;
	}
	return w->phase == WORKER_SERVING;
}

/* The supervisor's handlers are gone; what is for it is not for us. */
static void
set_signals(void)
{
	static const int ignored[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ,
	};
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
keep_descriptors(const struct worker_args *args)
{
	const struct listen_set *set = args->release->listeners;
	int *keep = mem_array(set->count + 3, sizeof *keep);
	size_t i;

	for (i = 0; i < set->count; i++)
		keep[i] = set->socket[i].fd;
	keep[i] = args->channel;
	keep[i + 1] = log_fd();
	keep[i + 2] = args->release->gen->secret_fd;
	descriptors_keep(keep, set->count + 3);
	mem_free(keep);
}

/* Nice is best effort: less than what we have needs a right we may not have. */
static int
drop(struct worker *w, char error[CONF_ERROR_MAX])
{
	if (w->conf->workers.nice != 0)
		(void)setpriority(PRIO_PROCESS, 0, w->conf->workers.nice);
	if (privilege_drop(w->conf, SIGTERM, error) < 0)
		return -1;
	if (capability_none() < 0) {
		snprintf(error, CONF_ERROR_MAX, "cannot drop capabilities: %s",
		    strerror(errno));
		return -1;
	}
	return 0;
}

/* The keys of tickets are the supervisor's to write. */
static void
guard_tickets(const struct tls_tickets *t)
{
	if (t)
		(void)mprotect((void *)(uintptr_t)t, tls_tickets_size(),
		    PROT_READ);
}

static int
make_engine(struct worker *w, char error[CONF_ERROR_MAX])
{
	const struct release *r = w->args->release;
	struct engine_args args = {
		.gen = r->gen,
		.loop = w->loop,
		.dict = r->dict,
		.dicts = r->dicts,
		.stats = &w->slot->stats,
		.running = w->slot->running,
		.running_size = sizeof w->slot->running,
		.tickets = r->tickets,
		.watch = true,
		.connections = door_connections,
		.readdress = door_readdress,
		.rate_admit = door_rate_admit,
		.ended = door_ended,
		.leads = leads,
		.leads_arg = w,
	};

	if (generation_reveal(r->gen) < 0) {
		snprintf(error, CONF_ERROR_MAX, "the secret bundle cannot be "
		    "used: %s", strerror(errno));
		return -1;
	}
	guard_tickets(r->tickets);
	w->engine = engine_new(&args, error);
	return w->engine ? 0 : -1;
}

static void
make_door(struct worker *w)
{
	const struct release *r = w->args->release;
	struct door_conf conf = {
		.loop = w->loop,
		.release = r,
		.board = w->args->board,
		.slot = w->args->slot,
		.env = &w->engine->env,
		.ended = on_session_ended,
		.room = on_room,
		.spent = on_spent,
		.arg = w,
	};

	w->door = door_new(&conf);
}

static void
start_watchers(struct worker *w)
{
	double every = w->conf->workers.watchdog / 4;

	if (every <= 0 || every > TICK)
		every = TICK;
	ev_io_init(&w->channel, on_channel, w->args->channel, EV_READ);
	ev_signal_init(&w->term, on_term, SIGTERM);
	ev_prepare_init(&w->turn, on_turn);
	ev_timer_init(&w->tick, on_tick, 0., every);
	ev_timer_init(&w->limit, worker_on_limit, 0., 0.);
	w->channel.data = w->term.data = w->turn.data = w;
	w->tick.data = w->limit.data = w;
	ev_io_start(w->loop, &w->channel);
	ev_signal_start(w->loop, &w->term);
	ev_prepare_start(w->loop, &w->turn);
	ev_timer_start(w->loop, &w->tick);
}

static int
start(struct worker *w, char error[CONF_ERROR_MAX])
{
	if (drop(w, error) < 0)
		return -1;
	/* The supervisor may have died before we asked for its signal. */
	if (getppid() != w->args->parent) {
		snprintf(error, CONF_ERROR_MAX, "the supervisor is gone");
		return -1;
	}
	w->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (!w->loop) {
		snprintf(error, CONF_ERROR_MAX, "cannot make an event loop");
		return -1;
	}
	if (make_engine(w, error) < 0)
		return -1;
	make_door(w);
	start_watchers(w);
	atomic_store(&w->slot->state, SCOREBOARD_READY);
	worker_tell(w, NOTICE_READY, 0);
	return 0;
}

int
worker_run(const struct worker_args *args)
{
	struct worker w = { .args = args, .conf = &args->release->gen->conf };
	struct notice_message m = { .kind = NOTICE_FAILED };

	set_signals();
	log_set(w.conf->log_format, w.conf->log_level);
	detach_forget();
	keep_descriptors(args);
	w.slot = scoreboard_slot(args->board, args->slot);
	title_set("lunette: worker %u [gen %u, starting]", args->slot + 1,
	    args->release->gen->number);

	if (start(&w, m.text) < 0) {
		(void)notice_send(args->channel, &m, -1);
		return 78;
	}
	ev_run(w.loop, 0);
	door_free(w.door);
	engine_free(w.engine);
	ev_loop_destroy(w.loop);
	return 0;
}
