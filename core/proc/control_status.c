#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "pool.h"
#include "release.h"
#include "scoreboard.h"
#include "service.h"

#include "control.h"

enum { FIELDS = 16 };

/* One thing to tell: a text, or a number if there is none. */
struct field {
	const char *key, *text;
	uint64_t number;
};

static size_t
service_fields(const struct service *s, struct field f[FIELDS])
{
	struct session_stats t;
	struct pool_counts n;

	memset(&t, 0, sizeof t);
	scoreboard_totals(s->board, &t);
	pool_count(s->pool, &n);
	f[0] = (struct field){ "state", service_state_name(s), 0 };
	f[1] = (struct field){ "generation", NULL, s->release->gen->number };
	f[2] = (struct field){ "pid", NULL, (uint64_t)getpid() };
	f[3] = (struct field){ "uptime", NULL,
	    (uint64_t)(clock_ms() - s->began) / 1000 };
	f[4] = (struct field){ "workers", NULL, n.ready };
	f[5] = (struct field){ "draining", NULL, n.draining };
	f[6] = (struct field){ "sessions", NULL,
	    scoreboard_sessions(s->board) };
	f[7] = (struct field){ "accepted", NULL, atomic_load(&t.accepted) };
	f[8] = (struct field){ "refused", NULL, atomic_load(&t.refused) };
	f[9] = (struct field){ "messages", NULL, atomic_load(&t.messages) };
	f[10] = (struct field){ "hook_errors", NULL,
	    atomic_load(&t.hook_errors) };
	f[11] = (struct field){ "log_dropped", NULL,
	    atomic_load(scoreboard_log_drops(s->board)) };
	return 12;
}

static const char *
state_name(const struct child *c)
{
	switch (c->state) {
	case CHILD_STARTING:
		return "starting";
	case CHILD_READY:
		return "ready";
	case CHILD_DRAINING:
	case CHILD_STOPPED:
		return "draining";
	}
	return "";
}

static size_t
worker_fields(const struct service *s, const struct child *c,
    struct field f[FIELDS])
{
	struct scoreboard_slot *o = scoreboard_slot(s->board, c->slot);

	f[0] = (struct field){ "worker", NULL, c->slot + 1 };
	f[1] = (struct field){ "pid", NULL, (uint64_t)c->pid };
	f[2] = (struct field){ "generation", NULL, c->generation };
	f[3] = (struct field){ "state", state_name(c), 0 };
	f[4] = (struct field){ "sessions", NULL, atomic_load(&o->sessions) };
	f[5] = (struct field){ "capacity", NULL, atomic_load(&o->capacity) };
	f[6] = (struct field){ "served", NULL, atomic_load(&o->served) };
	f[7] = (struct field){ "lua_memory", NULL,
	    atomic_load(&o->lua_memory) };
	f[8] = (struct field){ "age", NULL,
	    (uint64_t)(clock_ms() - c->born) / 1000 };
	return 9;
}

static void
put_plain(struct buf *out, const struct field *f, char between, char end)
{
	if (f->text)
		buf_printf(out, "%s%c%s%c", f->key, between, f->text, end);
	else
		buf_printf(out, "%s%c%" PRIu64 "%c", f->key, between,
		    f->number, end);
}

/* No text here needs escaping. */
static void
put_json(struct buf *out, const struct field *f, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		buf_printf(out, "%s\"%s\":", i > 0 ? "," : "", f[i].key);
		if (f[i].text)
			buf_printf(out, "\"%s\"", f[i].text);
		else
			buf_printf(out, "%" PRIu64, f[i].number);
	}
}

void
control_status(const struct service *s, struct buf *out)
{
	struct field f[FIELDS];
	const struct child *c;
	size_t n = service_fields(s, f), i;

	for (i = 0; i < n; i++)
		put_plain(out, &f[i], '=', '\n');
	/* One line for each: worker.1=pid:4711 generation:1 ... */
	for (c = pool_first(s->pool); c; c = c->next) {
		n = worker_fields(s, c, f);
		buf_printf(out, "worker.%u=", c->slot + 1);
		for (i = 1; i < n; i++)
			put_plain(out, &f[i], ':', i + 1 < n ? ' ' : '\n');
	}
}

void
control_status_json(const struct service *s, struct buf *out)
{
	struct field f[FIELDS];
	const struct child *c;
	const char *comma = "";

	buf_puts(out, "{");
	put_json(out, f, service_fields(s, f));
	buf_puts(out, ",\"worker\":[");
	for (c = pool_first(s->pool); c; c = c->next) {
		buf_printf(out, "%s{", comma);
		put_json(out, f, worker_fields(s, c, f));
		buf_puts(out, "}");
		comma = ",";
	}
	buf_puts(out, "]}\n");
}
