#ifndef RUN_H
#define RUN_H

#include <stdbool.h>

#include "stage.h"
#include "task.h"
#include "verdict.h"

struct instance;
struct reply;
struct session;
struct visit;

/*
 * run: the hooks of one stage, one after the other, for one session.
 *
 * The chain stops at the first reject, drop or reply.  Other verdicts are
 * kept; at the end the strongest counts (defer, discard, quarantine, accept),
 * among equals the first.  A hook that failed counts as a defer, or as its
 * on_error says.  A verdict that is held until RCPT stops nothing, for AUTH
 * may forgive it: the strongest of these goes to the session besides.
 */
struct run {
	struct visit *visit;
	enum stage stage;
	struct instance *const *next;	/* NULL at the end of the chain */
	struct instance *current;
	bool open;			/* the session waits for an answer */
	bool stepping, ended;		/* inside the loop over the chain */
	struct verdict best, held;	/* their texts are ours */
	struct task task;
};

void run_init(struct run *, struct visit *);
void run_clear(struct run *);		/* cancels */
void run_ask(struct run *, enum stage);
void run_cancel(struct run *);
/* Stage reply: at once, without waiting, changes the reply in place. */
void run_reply(struct visit *, const char *verb, struct reply *);
/* The one line about a hook that failed; visit may be NULL. */
void run_log_error(struct policy *, struct visit *, const char *hook,
    const char *stage, const char *text);

#endif
