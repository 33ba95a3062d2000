#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lauxlib.h>

#include "mem.h"
#include "message.h"
#include "session.h"

#include "error.h"
#include "host.h"
#include "object.h"
#include "state.h"
#include "task.h"
#include "visit.h"

#include "api_message.h"

/*
 * message:path(): the content as it came, in a file that a scanner may read
 * until the hook returns.  It is written piece by piece, one on each turn of
 * the loop, so that a large message holds nobody up; readable by the group.
 */
enum { PIECE = 256 * 1024 };

struct visit_path {		/* a file that is to be removed */
	struct visit_path *next;
	char name[];
};

struct copy {
	struct visit *visit;
	struct message *message;
	struct ev_loop *loop;
	ev_timer turn;
	uint64_t at;
	int fd, error;
	char *piece;
	const char *name;
};

static void
finish(struct copy *c, int error)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->error = error;
	ev_timer_stop(c->loop, &c->turn);
	task_over(c);
}

static void
on_turn(struct ev_loop *loop, ev_timer *w, int events)
{
	struct copy *c = w->data;
	long n = message_read(c->message, c->at, c->piece, PIECE);

	if (n > 0 && write(c->fd, c->piece, (size_t)n) == n)
		c->at += (uint64_t)n;
	else
		finish(c, n == 0 ? 0 : errno ? errno : ENOSPC);
}

static int
push_path(lua_State *L, void *op)
{
	struct copy *c = op;

	if (c->error)
		return error_return(L, ERROR_LIMIT, true, "path: %s: %s",
		    c->visit->session->env->spool_dir, strerror(c->error));
	lua_pushstring(L, c->name);
	return 1;
}

static void
end_copy(void *op)
{
	struct copy *c = op;

	if (c->loop)
		ev_timer_stop(c->loop, &c->turn);
	if (c->visit && c->fd >= 0)
		close(c->fd);
	mem_free(c->piece);
}

/* A new file, noted so that it goes with the hook; -1 with errno. */
static int
create(struct visit *v, const char **name)
{
	const char *dir = v->session->env->spool_dir;
	struct visit_path *p;
	size_t size;
	int fd;

	if (!dir)
		dir = "/tmp";
	size = strlen(dir) + 24;
	p = mem_alloc(sizeof *p + size);
	snprintf(p->name, size, "%s/lunette-scan-XXXXXX", dir);
	fd = mkostemp(p->name, O_CLOEXEC);
	if (fd < 0) {
		mem_free(p);
		return -1;
	}
	fchmod(fd, 0640);
	p->next = v->path;
	v->path = p;
	*name = p->name;
	return fd;
}

int
api_path_start(lua_State *L)
{
	static const struct wait_class class = { push_path, end_copy };
	struct message *m = api_message_check(L, 1);
	struct visit *v = visit_check(L, 1, OBJECT_MESSAGE);
	struct copy *c = task_wait(L, &class, "message:path", sizeof *c);

	if (!c)
		return task_yield(L);
	c->fd = -1;
	c->visit = v;
	c->message = m;
	c->loop = state_policy(L)->env->loop;
	ev_timer_init(&c->turn, on_turn, 0, 1e-6);
	c->turn.data = c;
	c->piece = mem_alloc(PIECE);
	c->fd = create(v, &c->name);
	if (c->fd < 0)
		finish(c, errno);
	else
		ev_timer_start(c->loop, &c->turn);
	return task_yield(L);
}

void
api_path_release(struct visit *v)
{
	struct visit_path *p;

	while ((p = v->path)) {
		v->path = p->next;
		unlink(p->name);
		mem_free(p);
	}
}
