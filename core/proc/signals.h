#ifndef SIGNALS_H
#define SIGNALS_H

struct ev_loop;

/*
 * signals: what the supervisor does at which signal.
 *
 * HUP, USR1 and CHLD are taken note of from the beginning; TERM, INT and QUIT
 * end a process that has not begun to serve in the way of the system.
 * Whatever else is usually fatal and means nothing here is ignored.
 */
typedef void (*signals_fn)(void *arg, int signum);

void signals_ignore(void);
void signals_start(struct ev_loop *, signals_fn, void *arg);
void signals_serve(struct ev_loop *);	/* now the others, too */
void signals_stop(struct ev_loop *);	/* all as the system has them */

#endif
