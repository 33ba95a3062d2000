#ifndef NOTIFY_H
#define NOTIFY_H

/*
 * notify: tell the service manager how far we are (sd_notify's protocol).
 *
 * One datagram to the socket that NOTIFY_SOCKET names; without it, nothing.
 * notify_init reads the variable and takes it out of the environment.
 */
void notify_init(void);
void notify_send(const char *state);	/* "READY=1" */
void notify_reloading(void);	/* with the monotonic time, as it wants */

#endif
