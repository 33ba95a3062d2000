#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "mem.h"
#include "bundle.h"
#include "capability.h"
#include "control.h"
#include "descriptors.h"
#include "detach.h"
#include "notify.h"
#include "pidfile.h"
#include "pool.h"
#include "privilege.h"
#include "release.h"
#include "reload.h"
#include "scoreboard.h"
#include "service.h"
#include "shared.h"
#include "signals.h"

#include "supervisor.h"

enum {
	STATUS_SYSTEM = 71,
	STATUS_CONFIG = 78,
	CLIENTS = 65536,	/* rows of the scoreboard for addresses */
};

static const double HOUR = 3600.;

/* Say why we cannot start; the status to exit with. */
static int __attribute__((format(printf, 2, 3)))
refuse(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("lunette: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

static void
copy_args(struct service *s, const struct supervisor_args *args)
{
	struct conf_override *o;
	size_t i;

	s->load = args->load;
	s->load.path = mem_strdup(args->load.path);
	o = mem_array(args->load.overrides + 1, sizeof *o);
	for (i = 0; i < args->load.overrides; i++) {
		o[i].key = mem_strdup(args->load.override[i].key);
		o[i].value = mem_strdup(args->load.override[i].value);
	}
	s->load.override = o;
	s->paused = args->paused;
	s->detached = args->daemonize;
	s->pid_fd = -1;
	s->began = clock_ms();
	s->starter = getuid();
}

static void
free_args(struct service *s)
{
	size_t i;

	for (i = 0; i < s->load.overrides; i++) {
		mem_free((void *)(uintptr_t)s->load.override[i].key);
		mem_free((void *)(uintptr_t)s->load.override[i].value);
	}
	mem_free((void *)(uintptr_t)s->load.override);
	mem_free((void *)(uintptr_t)s->load.path);
}

/* In a new worker: the loop and its signals are the supervisor's. */
static void
forget(void *arg)
{
	struct service *s = arg;

	signals_stop(s->loop);
	ev_loop_destroy(s->loop);
}

static void
on_started(void *arg, const char *error)
{
	struct service *s = arg;

	if (s->state != SERVICE_STARTING) {
		reload_started(s->reload, error);
		return;
	}
	if (error) {
		s->status = refuse(STATUS_CONFIG, "%s", error);
		pool_cancel(s->pool);
		ev_break(s->loop, EVBREAK_ALL);
		return;
	}
	pool_swap(s->pool);
}

static void
on_swapped(void *arg)
{
	struct service *s = arg;
	struct pool_counts counts;
	struct log_line l;

	if (s->state == SERVICE_STARTING) {
		s->state = SERVICE_RUNNING;
		pool_count(s->pool, &counts);
		log_begin(&l, LOG_INFO, "ready");
		log_int(&l, "generation", s->release->gen->number);
		log_int(&l, "workers", counts.ready);
		log_end(&l);
		notify_send("READY=1");
		detach_done();
	}
	service_set_title(s);
	reload_swapped(s->reload);
}

static void
on_empty(void *arg)
{
	struct service *s = arg;

	ev_break(s->loop, EVBREAK_ALL);
}

static void
on_answer(void *arg, struct child *c, const struct notice_message *m, int fd)
{
	struct service *s = arg;

	control_answer(s->control, c, m, fd);
}

/* The signals of the table, in the order of the enum. */
static void
on_signal(void *arg, int signum)
{
	struct service *s = arg;

	switch (signum) {
	case SIGHUP:
		reload_request(s->reload, NULL, NULL);
		break;
	case SIGTERM:
	case SIGINT:
		service_stop(s);
		break;
	case SIGQUIT:
		service_quit(s);
		break;
	case SIGUSR1:
		service_reopen_log(s);
		break;
	case SIGCHLD:
		pool_reap(s->pool);
		break;
	}
}

/* The keys of session tickets are turned. */
static void
on_hour(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct service *s = t->data;

	shared_turn_tickets(s->shared);
}

/* Only one instance: the lock on the pid file, and the control socket. */
static int
claim_place(struct service *s, const struct conf *conf)
{
	char error[CONF_ERROR_MAX];

	if (conf->pid_file) {
		switch (pidfile_open(conf->pid_file, &s->pid_fd)) {
		case PIDFILE_OK:
			s->pid_path = mem_strdup(conf->pid_file);
			break;
		case PIDFILE_HELD:
			return refuse(STATUS_CONFIG, "%s: held by another "
			    "process: already running?", conf->pid_file);
		case PIDFILE_FAILED:
			log_event(LOG_WARN, "start", "pid file %s: %s",
			    conf->pid_file, strerror(errno));
			break;
		}
	}
	if (conf->control) {
		s->control = control_open(s, conf, error);
		if (!s->control)
			return refuse(STATUS_CONFIG, "%s", error);
	}
	return 0;
}

/* Everything that can refuse the start, in order of cost. */
static int
prepare(struct service *s)
{
	char error[CONF_ERROR_MAX];
	enum loader_fault fault;
	struct generation *gen;
	int status;

	s->load.number = 1;
	gen = loader_run(&s->load, &fault, error);
	if (!gen)
		return refuse(fault, "%s", error);
	/* Until the sockets are there, the generation is ours to free. */
	status = privilege_check(gen->conf.user, gen->conf.group,
	    gen->conf.chroot, error);
	if (status < 0)
		status = refuse(STATUS_CONFIG, "%s", error);
	else
		status = claim_place(s, &gen->conf);
	if (status != 0) {
		generation_free(gen);
		return status;
	}
	s->release = release_new(gen, NULL, s->shared, error);
	if (!s->release)
		return refuse(STATUS_CONFIG, "%s", error);
	shared_keep(s->shared, gen);
	if (service_use_log(s) < 0)
		return refuse(STATUS_CONFIG, "log %s: %s",
		    s->release->gen->conf.log_to, strerror(errno));
	if (capability_drop() < 0)
		return refuse(STATUS_SYSTEM, "cannot drop capabilities: %s",
		    strerror(errno));
	return 0;
}

static void
log_start(const struct service *s)
{
	const struct conf *conf = &s->release->gen->conf;
	struct log_line l;

	log_begin(&l, LOG_INFO, "start");
	log_str(&l, "version", VERSION);
	log_int(&l, "pid", getpid());
	if (conf->workers.count > 0)
		log_int(&l, "workers", conf->workers.count);
	else
		log_fmt(&l, "workers", "%u-%u", conf->workers.min,
		    conf->workers.max);
	log_int(&l, "listeners", (int64_t)conf->listeners);
	log_int(&l, "hooks", (int64_t)s->release->gen->hooks);
	log_int(&l, "generation", s->release->gen->number);
	log_str(&l, "bundle", bundle_id(s->release->gen->bundle));
	log_end(&l);
	listen_log(s->release->listeners, conf);
}

static void
serve(struct service *s)
{
	signals_serve(s->loop);
	pool_pause(s->pool, s->paused);
	pool_start(s->pool, s->release);
	service_set_title(s);
	ev_run(s->loop, 0);
}

static int
make(struct service *s)
{
	struct pool_owner owner = {
		.started = on_started,
		.swapped = on_swapped,
		.empty = on_empty,
		.answer = on_answer,
		.forget = forget,
		.arg = s,
	};

	s->loop = ev_loop_new(EVBACKEND_POLL | EVFLAG_NOENV);
	s->board = scoreboard_new(CLIENTS);
	s->shared = shared_new();
	if (!s->loop || !s->board || !s->shared)
		return refuse(STATUS_SYSTEM, "cannot start: %s",
		    strerror(errno));
	log_count_drops(scoreboard_log_drops(s->board));
	s->pool = pool_new(s->loop, s->board, &owner);
	s->reload = reload_new(s);
	signals_start(s->loop, on_signal, s);
	ev_timer_init(&s->turn, on_hour, HOUR, HOUR);
	s->turn.data = s;
	ev_timer_start(s->loop, &s->turn);
	return 0;
}

static void
clear(struct service *s)
{
	control_close(s->control);
	if (s->pid_path)
		pidfile_remove(s->pid_path, s->pid_fd);
	mem_free(s->pid_path);
	reload_free(s->reload);
	pool_free(s->pool);
	release_free(s->release);
	shared_free(s->shared);
	if (s->loop) {
		ev_timer_stop(s->loop, &s->turn);
		signals_stop(s->loop);
		ev_loop_destroy(s->loop);
	}
	log_count_drops(NULL);
	scoreboard_free(s->board);
	free_args(s);
}

int
supervisor_run(const struct supervisor_args *args)
{
	struct service s;
	int status;

	memset(&s, 0, sizeof s);
	umask(022);
	signals_ignore();
	if (args->daemonize) {
		status = detach_start();
		if (status >= 0)
			return status;
	}
	notify_init();
	copy_args(&s, args);
	descriptors_raise();
	status = make(&s);
	if (status == 0)
		status = prepare(&s);
	if (status == 0) {
		log_start(&s);
		serve(&s);
		status = s.status;
		log_event(LOG_INFO, "stop", "status %d", status);
	}
	clear(&s);
	return status;
}
