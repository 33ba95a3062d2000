#ifndef OFFLOAD_H
#define OFFLOAD_H

struct ev_loop;

/*
 * offload: a small pool of threads for what blocks (fsync, password hashing).
 *
 * work runs in a thread and may touch nothing but arg; done runs in the loop
 * afterwards.  A job that is cancelled is not begun, or runs to its end if it
 * was; either way done is called with cancelled true, so that it can free arg.
 * The owner forgets the job at offload_cancel.
 */
#include <stdbool.h>

struct offload;
struct offload_job;
typedef void (*offload_work_fn)(void *arg);
typedef void (*offload_done_fn)(void *arg, bool cancelled);

struct offload *offload_new(struct ev_loop *, unsigned threads);
void offload_free(struct offload *);	/* waits for what runs */
struct offload_job *offload_start(struct offload *, offload_work_fn,
    offload_done_fn, void *arg);
void offload_cancel(struct offload_job *);	/* NULL is fine */

#endif
