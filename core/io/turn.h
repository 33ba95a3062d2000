#ifndef TURN_H
#define TURN_H

struct ev_loop;

/*
 * turn: what is left to do when the present callback of the loop returns.
 *
 * The owner embeds the struct, zeroed but for fn and arg.  An event of the
 * highest priority, fed when the first one is added, runs them all, each once;
 * it costs no system call.  All of them belong to one loop at a time.
 */
typedef void (*turn_fn)(void *arg);

struct turn {
	turn_fn fn;
	void *arg;
	struct turn *next, **prev;	/* private */
};

void turn_add(struct ev_loop *, struct turn *);		/* once is enough */
void turn_remove(struct ev_loop *, struct turn *);	/* harmless if not added */

#endif
