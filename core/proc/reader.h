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
 * above, then the text of the error, or the descriptors of the bundles. */
void reader_run(const struct loader_args *, int fd, char *running)
    __attribute__((noreturn));

/*
 * The checker is forked before the reader has read anything, so that nothing
 * secret is in its memory; FRAME_CONF says that the encoded tree, without
 * passwords, is in conf_fd.  Then it drops privileges, loads the policy with
 * files asked for over fd, and says how it went.
 */
struct checker_args {
	const char *path;
	int fd, conf_fd;
	char *running;
};

void checker_run(const struct checker_args *) __attribute__((noreturn));

#endif
