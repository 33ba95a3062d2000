#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"
#include "mem.h"
#include "offer.h"
#include "policy.h"
#include "value.h"

#include "frame.h"
#include "generation.h"
#include "privilege.h"

#include "reader.h"

struct checker {
	int fd;
	struct arena *arena;
	struct buf answer;
};

/* The policy_find_fn that asks the reader. */
static const char *
find(void *arg, enum policy_file kind, const char *name, size_t *len,
    const char **path)
{
	struct checker *c = arg;
	struct buf b;
	int got;

	buf_init(&b);
	buf_append(&b, &(char){ (char)kind }, 1);
	buf_append(&b, name, strlen(name) + 1);
	if (frame_send(c->fd, FRAME_ASK, b.p, b.len) < 0)
		_exit(1);
	buf_clear(&b);
	got = frame_receive(c->fd, &c->answer);
	if (got != FRAME_FOUND && got != FRAME_MISSING)
		_exit(1);		/* the reader is gone */
	*path = arena_strdup(c->arena, c->answer.p);
	if (got == FRAME_MISSING)
		return NULL;
	*len = c->answer.len - strlen(*path) - 1;
	return arena_strndup(c->arena, c->answer.p + strlen(*path) + 1, *len);
}

/* A list that was compiled once, for all workers. */
static void
store(void *arg, const char *name, const void *p, size_t len)
{
	struct checker *c = arg;
	struct buf b;

	buf_init(&b);
	buf_append(&b, name, strlen(name) + 1);
	buf_append(&b, p, len);
	if (frame_send(c->fd, FRAME_STORE, b.p, b.len) < 0)
		_exit(1);
	buf_clear(&b);
}

static void
set_number(struct value_item *item, const char *key, double n)
{
	item->key = key;
	item->v.type = VALUE_NUMBER;
	item->v.n = n;
}

/* { hooks = 3, shared = { name = size } } */
static void
report(struct checker *c, const struct policy *policy)
{
	struct value_item top[2] = { { .key = "hooks" }, { .key = "shared" } };
	struct value v = { .type = VALUE_TABLE };
	const struct policy_declared *wanted;
	size_t count, i;
	struct buf b;

	wanted = policy_shared_wanted(policy, &count);
	set_number(&top[0], "hooks", (double)policy_hooks(policy));
	top[1].v.type = VALUE_TABLE;
	top[1].v.t.count = count;
	top[1].v.t.item = arena_alloc(c->arena,
	    (count + 1) * sizeof *top[1].v.t.item);
	for (i = 0; i < count; i++)
		set_number(&top[1].v.t.item[i], wanted[i].name,
		    (double)wanted[i].size);
	v.t.item = top;
	v.t.count = 2;
	buf_init(&b);
	value_encode(&v, &b);
	frame_send(c->fd, FRAME_DONE, b.p, b.len);
	buf_clear(&b);
}

/* AUTH that nobody could pass is not offered; someone wanted it, though. */
static void
warn_of_auth(const struct conf *c, const struct policy *policy)
{
	const struct conf_listener *l;

	for (l = c->listener; l < c->listener + c->listeners; l++) {
		if (l->session.auth == SESSION_AUTH_OFF ||
		    policy_stages(policy, l->session.chain) >> STAGE_AUTH & 1)
			continue;
		log_event(LOG_WARN, "start", "%s: listener %s: auth is not "
		    "offered: no hook there listens at the stage auth",
		    c->path, l->name);
	}
}

static void
warn_of_words(const struct conf_listener *l, const char *const *words,
    const char *const *advertise)
{
	for (; words && *words; words++) {
		if (!offer_is_keyword(*words, advertise))
			log_event(LOG_WARN, "start", "listener %s: ehlo: %s "
			    "is withheld, but nobody offers that", l->name,
			    *words);
	}
}

/* A keyword with a slip in it withholds nothing. */
static void
warn_of_ehlo(const struct conf *c, const struct policy *policy)
{
	const char *const *advertise;
	const struct conf_listener *l;
	size_t i;

	for (l = c->listener; l < c->listener + c->listeners; l++) {
		advertise = policy_ehlo(policy, l->session.chain);
		warn_of_words(l, l->session.withhold, advertise);
		for (i = 0; i < l->session.withholds; i++)
			warn_of_words(l, l->session.withhold_from[i].keyword,
			    advertise);
	}
}

/* Become what a worker is.  Where that can be done, its directory for large
 * messages must be there; a check by someone else does not ask. */
static int
become_worker(const struct conf *c, char *error)
{
	char what[CONF_ERROR_MAX];
	bool same = privilege_check(c->user, c->group, c->chroot, what) == 0;

	if (privilege_drop(c, SIGKILL, what) < 0) {
		snprintf(error, CONF_ERROR_MAX, "%.400s: %.600s", c->path,
		    what);
		return -1;
	}
	if (!same || access(c->spool_dir, W_OK | X_OK) == 0)
		return 0;
	snprintf(error, CONF_ERROR_MAX, "%.400s: spool_dir: %.400s: %s",
	    c->path, c->spool_dir, strerror(errno));
	return -1;
}

/* The reader has written the configuration, without what is secret in it. */
static int
take_conf(struct checker *c, const struct checker_args *a, struct conf *out,
    char *error)
{
	struct stat st;
	void *p;

	if (frame_receive(c->fd, &c->answer) != FRAME_CONF)
		_exit(1);
	if (fstat(a->conf_fd, &st) < 0)
		st.st_size = 0;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, a->conf_fd,
	    0);
	if (p == MAP_FAILED) {
		snprintf(error, CONF_ERROR_MAX, "%.400s: the check has no "
		    "configuration", a->path);
		return -1;
	}
	return generation_read_conf(p, (size_t)st.st_size, a->path, c->arena,
	    out, error);
}

void
checker_run(const struct checker_args *a)
{
	struct checker c = { .fd = a->fd, .arena = arena_new() };
	char error[CONF_ERROR_MAX];
	struct policy_conf pc;
	struct policy *policy;
	struct conf conf;

	buf_init(&c.answer);
	if (take_conf(&c, a, &conf, error) < 0 ||
	    become_worker(&conf, error) < 0) {
		frame_send(c.fd, FRAME_FAILED, error, strlen(error));
		_exit(1);
	}
	generation_policy_conf(&conf, c.arena, &pc);
	pc.find = find;
	pc.find_arg = &c;
	pc.store = store;
	pc.checking = true;
	pc.running = a->running;
	pc.running_size = LOADER_RUNNING_MAX;
	policy = policy_load(&pc, NULL, error, sizeof error);
	if (policy) {
		warn_of_auth(&conf, policy);
		warn_of_ehlo(&conf, policy);
		report(&c, policy);
	} else {
		frame_send(c.fd, FRAME_FAILED, error, strlen(error));
	}
	_exit(policy ? 0 : 1);
}
