#ifndef DETACH_H
#define DETACH_H

/*
 * detach: go into the background, but only when the start is known to be good.
 *
 * The fork comes first and the process that was started waits: its exit status
 * is what the service says, so that a bad configuration fails visibly.  Until
 * detach_done the service has the caller's stderr.
 */

/* In the service: -1.  In the process that waited: the exit status. */
int detach_start(void);
/* Started: descriptors 0 to 2 become /dev/null, and the waiter exits with 0.
 * Does nothing in a process that was not detached. */
void detach_done(void);
/* For children of the service: the same, but the waiter waits on. */
void detach_forget(void);

#endif
