#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "buf.h"
#include "mem.h"

#include "host.h"
#include "state.h"
#include "thread.h"

#include "task.h"

struct wait {			/* hidden in front of what task_wait returns */
	struct strand *strand;
	_Alignas(max_align_t) char op[];
};

static const char mark_key;	/* its address is what a wait yields */

static void end(struct strand *, enum task_result, const char *message);

/* The wait is over or not wanted any more. */
static void
release(struct strand *s)
{
	void *op = s->op;

	if (!op)
		return;
	s->op = NULL;
	s->class->end(op);
	s->class = NULL;
	mem_free((char *)op - offsetof(struct wait, op));
}

static void
unready(struct strand *s)
{
	if (s->ready)
		TAILQ_REMOVE(&s->task->policy->ready, s, queue);
	s->ready = false;
}

static void
make_ready(struct strand *s)
{
	struct policy *p = s->task->policy;

	if (s->ready)
		return;
	s->ready = true;
	TAILQ_INSERT_TAIL(&p->ready, s, queue);
	if (p->env && !ev_is_active(&p->wake))
		ev_timer_start(p->env->loop, &p->wake);
}

struct begin {
	struct strand *strand;
	task_push_fn push;
	void *arg;
	int args;
};

/* Protected: arguments are made on L, and moved to a stack with room. */
static int
begin(lua_State *L)
{
	struct begin *b = lua_touserdata(L, 1);

	lua_settop(L, 0);
	b->strand->co = thread_get(L, &b->strand->co_ref);
	b->args = b->push(L, b->arg);
	lua_xmove(L, b->strand->co, b->args + 1);
	return 0;
}

/* Protected: what came of the wait, moved to the coroutine. */
static int
give(lua_State *L)
{
	struct begin *b = lua_touserdata(L, 1);
	struct strand *s = b->strand;

	lua_settop(L, 0);
	b->args = s->class->push(L, s->op);
	lua_xmove(L, s->co, b->args);
	return 0;
}

static void on_deadline(struct ev_loop *, ev_timer *, int);

static void
arm_deadline(struct task *t)
{
	struct ev_loop *loop;

	if (t->timed || t->seconds <= 0 || !t->policy->env)
		return;
	loop = t->policy->env->loop;
	ev_timer_init(&t->timer, on_deadline, t->seconds, 0);
	t->timer.data = t;
	ev_timer_start(loop, &t->timer);
	t->timed = true;
}

static void
fail(struct strand *s, const char *message)
{
	struct buf text;

	buf_init(&text);
	state_traceback(s->task->policy, s->co, message, &text);
	buf_append(&text, "", 1);
	end(s, TASK_FAILED, text.p);
	buf_clear(&text);
}

static void
resume(struct strand *s, int args)
{
	struct task *t = s->task;
	struct policy *p = t->policy;
	struct strand *before = p->running;
	int status;

	s->waiting = false;
	p->running = s;
	p->limited = true;
	state_show(p, t->name ? t->name : "?");
	status = lua_resume(s->co, args);
	state_show(p, "");
	p->limited = false;
	p->running = before;

	if (status == LUA_YIELD && s->op) {
		lua_settop(s->co, 0);
		s->waiting = true;
		arm_deadline(t);
	} else if (status == LUA_YIELD)
		end(s, TASK_STOPPED, NULL);
	else if (status == 0)
		end(s, TASK_DONE, NULL);
	else
		fail(s, state_message(s->co, -1));
	state_relieve(p);
}

static void
start_strand(struct strand *s, task_push_fn push, void *arg)
{
	struct begin b = { .strand = s, .push = push, .arg = arg };
	char error[256];

	if (state_call(s->task->policy, begin, &b, error, sizeof error))
		end(s, TASK_FAILED, error);
	else
		resume(s, b.args);
}

/* The wait is over. */
static void
continue_strand(struct strand *s)
{
	struct begin b = { .strand = s };
	char error[256];

	if (state_call(s->task->policy, give, &b, error, sizeof error)) {
		fail(s, error);
		return;
	}
	release(s);
	resume(s, b.args);
}

static void
forget_strand(struct strand *s, bool clean)
{
	struct policy *p = s->task->policy;

	task_kill_children(s);
	release(s);
	unready(s);
	s->waiting = false;
	thread_put(p, s->co, s->co_ref, clean);
	s->co = NULL;
}

static void
stop_timer(struct task *t)
{
	if (t->timed)
		ev_timer_stop(t->policy->env->loop, &t->timer);
	t->timed = false;
}

static void
end_child(struct strand *s, enum task_result result, const char *message)
{
	struct strand **at;

	for (at = &s->parent->child; *at != s; at = &(*at)->sibling)
		;
	*at = s->sibling;
	s->task->children--;
	task_kill_children(s);
	s->ended(s, result == TASK_DONE, message);
	forget_strand(s, result == TASK_DONE);
	mem_free(s);
}

/*
 * done may free the task, or start it again: nothing of it is touched after.
 */
static void
end(struct strand *s, enum task_result result, const char *message)
{
	struct task *t = s->task;
	struct policy *p = t->policy;
	lua_State *co = s->co;
	int ref = s->co_ref;

	if (s->parent) {
		end_child(s, result, message);
		return;
	}
	s->co = NULL;
	forget_strand(s, false);
	stop_timer(t);
	t->active = false;
	p->waiting--;
	if (result != TASK_DONE) {
		thread_put(p, co, ref, false);
		co = NULL;
	}
	state_relieve(p);	/* before done asks the next hook */
	t->done(t, result, co, message);
	thread_put(p, co, ref, true);
}

/* The strand whose wait is to blame. */
static struct strand *
innermost(struct strand *s)
{
	struct strand *c;

	for (c = s->child; c; c = c->sibling) {
		if (c->waiting)
			return innermost(c);
	}
	return s;
}

static void
on_deadline(struct ev_loop *loop, ev_timer *w, int events)
{
	struct task *t = w->data;
	struct strand *s = innermost(&t->root);
	char message[128];
	struct buf text;

	snprintf(message, sizeof message, "timed out after %g s in %s",
	    t->seconds, s->what ? s->what : "?");
	buf_init(&text);
	state_traceback(t->policy, s->co, message, &text);
	buf_append(&text, "", 1);
	end(&t->root, TASK_TIMEOUT, text.p);
	buf_clear(&text);
}

void
task_init(struct task *t, struct policy *p, void *owner, task_done_fn done)
{
	memset(t, 0, sizeof *t);
	t->policy = p;
	t->owner = owner;
	t->done = done;
}

void
task_start(struct task *t, double seconds, task_push_fn push, void *arg)
{
	assert(!t->active);
	memset(&t->root, 0, sizeof t->root);
	t->root.task = t;
	t->seconds = seconds;
	t->made = 0;
	t->active = true;
	t->policy->waiting++;
	start_strand(&t->root, push, arg);
}

void
task_cancel(struct task *t)
{
	if (!t->active)
		return;
	assert(!t->policy->running || t->policy->running->task != t);
	forget_strand(&t->root, false);
	stop_timer(t);
	t->active = false;
	t->policy->waiting--;
}

struct task *
task_running(lua_State *L)
{
	struct policy *p = state_policy(L);

	return p->running ? p->running->task : NULL;
}

struct visit *
task_visit(lua_State *L)
{
	struct task *t = task_running(L);

	return t ? t->visit : state_policy(L)->replying;
}

struct strand *
task_spawn(struct strand *parent, int fn_ref, int index,
    void (*ended)(struct strand *, bool, const char *))
{
	struct strand *s = mem_alloc(sizeof *s);

	s->task = parent->task;
	s->parent = parent;
	s->fn_ref = fn_ref;
	s->index = index;
	s->ended = ended;
	s->depth = parent->depth + 1;
	s->sibling = parent->child;
	parent->child = s;
	s->task->children++;
	make_ready(s);
	return s;
}

void
task_kill_children(struct strand *s)
{
	struct strand *c;

	while ((c = s->child)) {
		s->child = c->sibling;
		s->task->children--;
		forget_strand(c, false);
		mem_free(c);
	}
}

static int
push_child(lua_State *L, void *arg)
{
	struct strand *s = arg;

	lua_rawgeti(L, LUA_REGISTRYINDEX, s->fn_ref);
	lua_pushinteger(L, s->index);
	return 1;
}

/* Resume what is ready now; what becomes ready meanwhile has its turn later. */
static void
on_prepare(struct ev_loop *loop, ev_prepare *w, int events)
{
	struct policy *p = w->data;
	struct strand *s;
	size_t n = 0;

	TAILQ_FOREACH(s, &p->ready, queue)
		n++;
	while (n-- > 0 && (s = TAILQ_FIRST(&p->ready))) {
		unready(s);
		if (s->co)
			continue_strand(s);
		else
			start_strand(s, push_child, s);
	}
}

/* Its only purpose is that the loop does not block while strands are ready. */
static void
on_wake(struct ev_loop *loop, ev_timer *w, int events)
{
}

void *
task_wait(lua_State *L, const struct wait_class *class, const char *what,
    size_t size)
{
	struct policy *p = state_policy(L);
	struct strand *s = p->running;
	struct wait *w;

	if (!s || !lua_isyieldable(L))
		luaL_error(L, "cannot wait here (%s)", what);
	release(s);
	s->over = false;
	s->what = what;
	if (!p->env)
		return NULL;
	w = mem_alloc(sizeof *w + size);
	w->strand = s;
	s->class = class;
	s->op = w->op;
	return w->op;
}

int
task_yield(lua_State *L)
{
	task_push_mark(L);
	return lua_yield(L, 1);
}

void
task_over(void *op)
{
	struct wait *w = (struct wait *)(void *)((char *)op -
	    offsetof(struct wait, op));

	w->strand->over = true;
	make_ready(w->strand);
}

void
task_push_mark(lua_State *L)
{
	lua_pushlightuserdata(L, (void *)(uintptr_t)&mark_key);
}

int
task_pass(lua_State *L)
{
	struct strand *s = state_policy(L)->running;

	if (lua_isyieldable(L))
		return task_yield(L);
	if (s)
		release(s);
	return luaL_error(L, "cannot wait here");
}

void
task_open(struct policy *p)
{
	thread_open(p);
	TAILQ_INIT(&p->ready);
	if (!p->env)
		return;
	ev_timer_init(&p->wake, on_wake, 0, 0);
	ev_prepare_init(&p->prepare, on_prepare);
	p->prepare.data = p;
	ev_prepare_start(p->env->loop, &p->prepare);
	ev_unref(p->env->loop);
}

void
task_close(struct policy *p)
{
	if (p->env) {
		ev_ref(p->env->loop);
		ev_prepare_stop(p->env->loop, &p->prepare);
		ev_timer_stop(p->env->loop, &p->wake);
	}
	thread_close(p);
}
