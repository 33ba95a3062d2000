#ifndef READER_H
#define READER_H

#include <stddef.h>

#include "loader.h"

/*
 * reader, checker: the two processes of a loader; each is a whole life and
 * does not return.  Private to the loader.
 *
 * running is shared memory in which the name of the hook that runs is shown,
 * for those who wait to tell.
 */
enum { LOADER_RUNNING_MAX = 128 };

enum {
	READER_MADE = 'G',
	READER_FAILED = 'E',	/* what the configuration names */
	READER_BROKEN = 'S',	/* the system failed us */
};

/* Make a generation and send it over fd (SOCK_SEQPACKET): one octet of the
 * above, then the text of the error, or the descriptor of the bundle. */
void reader_run(const struct loader_args *, int fd, char *running)
    __attribute__((noreturn));

/* Drop privileges, load the policy with files asked for over fd, say how it
 * went. */
void checker_run(const struct conf *, int fd, char *running)
    __attribute__((noreturn));

#endif
