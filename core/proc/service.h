#ifndef SERVICE_H
#define SERVICE_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "loader.h"

struct control;
struct pool;
struct release;
struct reload;
struct scoreboard;
struct shared;

/*
 * service: the running whole, and what signals and the control socket may ask
 * of it.
 */
enum service_state {
	SERVICE_STARTING,
	SERVICE_RUNNING,
	SERVICE_DRAINING,	/* `ctl drain`: ends when it is empty */
	SERVICE_STOPPING,
};

struct service {
	struct loader_args load;	/* copies of ours */
	struct ev_loop *loop;
	struct scoreboard *board;
	struct shared *shared;
	struct pool *pool;
	struct reload *reload;
	struct control *control;	/* NULL: not configured */
	struct release *release;	/* in force */
	char *pid_path;
	int pid_fd;
	enum service_state state;
	bool paused;
	bool detached;			/* fds 0 to 2 will be /dev/null */
	int status;			/* of the program, at its end */
	ev_timer turn;			/* of the keys of session tickets */
	int64_t began;			/* ms */
	uid_t starter;		/* may use the control socket, too */
};

const char *service_state_name(const struct service *);
void service_pause(struct service *, bool);
void service_drain(struct service *);
void service_stop(struct service *);	/* TERM */
void service_quit(struct service *);	/* QUIT */
/* Open the log of the release in force anew, and hand it to all workers. */
void service_reopen_log(struct service *);
/* Is the log the one in force, or can it be opened?  0, or -1 with errno.  A
 * syslogd that is down is no reason to keep an old policy. */
int service_try_log(const struct service *, const struct conf *);
/* Use what the release in force says about logs: at start-up and after a
 * reload.  0, or -1 with errno, and then the log is as it was. */
int service_use_log(struct service *);
/* After a reload: the control socket may be elsewhere. */
void service_move(struct service *);
void service_set_title(struct service *);

#endif
