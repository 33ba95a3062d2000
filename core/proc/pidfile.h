#ifndef PIDFILE_H
#define PIDFILE_H

/*
 * pidfile: one instance per pid file.
 *
 * The lock on the file decides, never the number in it: a stale file is taken
 * over, whatever process has that number now.
 */
enum pidfile_status {
	PIDFILE_OK,
	PIDFILE_HELD,		/* another process has the lock */
	PIDFILE_FAILED,		/* cannot be written: errno */
};

/* Open, lock and write our pid.  OK: *fd is the lock, for as long as it is
 * open. */
enum pidfile_status pidfile_open(const char *path, int *fd);
/* Remove the file if it is still ours, and let go of the lock. */
void pidfile_remove(const char *path, int fd);

#endif
