#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>

struct conf_override;

/*
 * supervisor: the process that binds, forks and watches.
 *
 * It parses nothing from the network and runs no Lua.  Its loop has the poll
 * backend, so that no epoll set is shared with a child.  Everything in args
 * is copied, for the memory of argv becomes the process title.
 *
 * Returns the exit status of the program: 0 after an orderly stop, 71 and 78
 * with one line on stderr when it cannot start.  With daemonize the caller
 * returns when the start is known to be good, or has failed; the service runs
 * on in another process.
 */
struct supervisor_args {
	const char *path;		/* configuration */
	const struct conf_override *override;
	size_t overrides;
	bool daemonize;
	bool paused;			/* accept nothing until `ctl resume` */
};

int supervisor_run(const struct supervisor_args *);

#endif
