#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "notify.h"
#include "control.h"
#include "pool.h"
#include "release.h"
#include "reload.h"
#include "title.h"

#include "service.h"

const char *
service_state_name(const struct service *s)
{
	switch (s->state) {
	case SERVICE_STARTING:
		return "starting";
	case SERVICE_RUNNING:
		if (s->paused)
			return "paused";
		return reload_is_busy(s->reload) ? "reloading" : "running";
	case SERVICE_DRAINING:
		return "draining";
	case SERVICE_STOPPING:
		return "stopping";
	}
	return "";
}

void
service_set_title(struct service *s)
{
	struct pool_counts n;
	const char *state = service_state_name(s);

	pool_count(s->pool, &n);
	title_set("lunette: supervisor [gen %u, %u workers%s%s]",
	    s->release->gen->number, n.ready,
	    strcmp(state, "running") == 0 ? "" : ", ",
	    strcmp(state, "running") == 0 ? "" : state);
}

void
service_pause(struct service *s, bool paused)
{
	s->paused = paused;
	pool_pause(s->pool, paused);
	service_set_title(s);
}

/* No reload any more, and the port is free for others. */
static void
end_with(struct service *s, enum service_state state, uint64_t ms)
{
	s->state = state;
	notify_send("STOPPING=1");
	reload_stop(s->reload);
	release_close(s->release);
	service_set_title(s);
	pool_close(s->pool, ms);
}

void
service_drain(struct service *s)
{
	if (s->state < SERVICE_DRAINING)
		end_with(s, SERVICE_DRAINING, UINT64_MAX);
}

void
service_stop(struct service *s)
{
	if (s->state < SERVICE_STOPPING)
		end_with(s, SERVICE_STOPPING, 0);
}

void
service_quit(struct service *s)
{
	s->state = SERVICE_STOPPING;
	pool_kill(s->pool);
	ev_break(s->loop, EVBREAK_ALL);
}

/* In the background stderr is /dev/null: the log goes to syslog, or if there
 * is none nowhere, which is said before it is too late to read. */
static int
open_log(const struct service *s, const struct conf *conf, const char **to)
{
	int fd;

	*to = conf->log_to;
	if (!s->detached || strcmp(*to, "stderr") != 0)
		return log_open(*to);
	*to = "syslog";
	fd = log_open(*to);
	if (fd >= 0)
		return fd;
	log_event(LOG_WARN, "start", "no syslog: nothing will be logged; "
	    "log.to = \"/path\" names a file");
	*to = "/dev/null";
	return log_open(*to);
}

int
service_try_log(const struct service *s, const struct conf *conf)
{
	const char *to, *now = s->release->gen->conf.log_to;
	int fd;

	if (strcmp(conf->log_to, now) == 0)
		return 0;
	fd = open_log(s, conf, &to);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

int
service_use_log(struct service *s)
{
	const struct conf *conf = &s->release->gen->conf;
	struct notice_message m = { .kind = NOTICE_LOG };
	const char *to;
	int fd = open_log(s, conf, &to);

	if (fd < 0)
		return -1;
	log_set(conf->log_format, conf->log_level);
	log_use(fd, to);
	snprintf(m.text, sizeof m.text, "%s", to);
	pool_tell_all(s->pool, &m, fd);
	return 0;
}

void
service_move(struct service *s)
{
	const struct conf *conf = &s->release->gen->conf;
	const char *path = s->pid_path ? s->pid_path : "";
	char error[CONF_ERROR_MAX] = "control: cannot be given up";

	if (strcmp(path, conf->pid_file ? conf->pid_file : "") != 0)
		log_event(LOG_WARN, "reload_begin",
		    "pid_file: a change counts at the next start");
	if (!conf->control && !s->control)
		return;
	if (conf->control && s->control &&
	    control_move(s->control, conf, error) == 0)
		return;
	if (conf->control && !s->control &&
	    (s->control = control_open(s, conf, error)))
		return;
	log_event(LOG_WARN, "reload_begin", "%s", error);
}

void
service_reopen_log(struct service *s)
{
	if (service_use_log(s) < 0)
		log_event(LOG_WARN, "start", "cannot open the log %s: %s",
		    s->release->gen->conf.log_to, strerror(errno));
}
