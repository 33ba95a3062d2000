#ifndef TASK_H
#define TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <ev.h>
#include <lua.h>

struct buf;
struct policy;
struct task;
struct visit;

/*
 * task: one call of one function of a hook, which may wait.
 *
 * A task has one strand, the hook itself, and more while it does several
 * things at once (async).  A strand is a coroutine with at most one wait open.
 * An event only marks its strand as ready; ready strands are resumed from the
 * loop's own step before it blocks, never from inside an event function.
 *
 * A task ends once, by its function `done`: from inside task_start, or later.
 * task_cancel ends it without a word, from any state but its own `done`.
 */
enum task_result {
	TASK_DONE,		/* results are on the stack of co, from 1 */
	TASK_STOPPED,		/* the check came to a wait: all right so far */
	TASK_FAILED,		/* message says why */
	TASK_TIMEOUT,
};

/* co is NULL unless it is TASK_DONE. */
typedef void (*task_done_fn)(struct task *, enum task_result, lua_State *co,
    const char *message);

/*
 * What a kind of wait does.  op is the library's own struct, zeroed, freed
 * after end.
 */
struct wait_class {
	int (*push)(lua_State *, void *op);	/* results, when it is over; no error */
	void (*end)(void *op);			/* stop it if it still runs */
};

struct strand {
	struct task *task;
	struct strand *parent;			/* NULL: the hook itself */
	struct strand *child, *sibling;
	void (*ended)(struct strand *, bool ok, const char *message);
	int fn_ref, index;			/* of a child: what it calls */
	unsigned depth;				/* of the hook itself: 0 */
	lua_State *co;				/* NULL: not begun */
	int co_ref;
	const struct wait_class *class;		/* what it waits for, or NULL */
	void *op;
	const char *what;			/* "dns.txt" */
	bool waiting, over;			/* yielded; the event has come */
	bool ready;
	TAILQ_ENTRY(strand) queue;
};

struct task {
	struct policy *policy;
	struct strand root;
	const char *name;	/* of the hook's instance, for the scoreboard */
	void *owner;		/* for done */
	struct visit *visit;	/* the session it is for, or NULL */
	task_done_fn done;
	double seconds;		/* the deadline as given */
	ev_timer timer;
	bool active, timed;
	unsigned made;		/* verdicts made so far */
	unsigned children;	/* strands but the root */
	int stage;		/* enum stage */
};

/*
 * push leaves a function and its arguments on the stack (protected) and
 * returns the number of arguments.  seconds is the deadline, 0 for none.
 */
typedef int (*task_push_fn)(lua_State *, void *arg);
void task_init(struct task *, struct policy *, void *owner, task_done_fn);
void task_start(struct task *, double seconds, task_push_fn, void *arg);
void task_cancel(struct task *);

/* The task whose code runs now, or NULL. */
struct task *task_running(lua_State *);
struct visit *task_visit(lua_State *);	/* the session it is for */

/*
 * For library functions that wait.  task_wait raises where no wait is
 * possible; it returns the struct to fill in, or NULL in the loader's check;
 * then `return task_yield(L)` in both cases.  When the event has come:
 * task_over(op); what push leaves is what the function returns.
 */
void *task_wait(lua_State *, const struct wait_class *, const char *what,
    size_t size);
int task_yield(lua_State *);
void task_over(void *op);
/* For coroutines.c: what a wait yields; hand it on, or raise. */
void task_push_mark(lua_State *);
int task_pass(lua_State *);

/*
 * A child of the strand that runs: fn(index), begun on the next turn.  ended
 * is told once, with results on its co; the child is freed after that.
 */
struct strand *task_spawn(struct strand *parent, int fn_ref, int index,
    void (*ended)(struct strand *, bool ok, const char *message));
void task_kill_children(struct strand *);

void task_open(struct policy *);	/* needs p->env for the loop */
void task_close(struct policy *);

#endif
