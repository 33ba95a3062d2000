#ifndef CHANNEL_H
#define CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct addr;
struct tls;

/*
 * channel: the descriptors of a stream, and the two functions through which
 * all its bytes go, in the clear or by TLS.
 *
 * in and out are the same but for a pair (stdin and stdout), whose flags are
 * put back at the end: others may share those descriptors.  The process is
 * expected to ignore SIGPIPE.
 */
struct channel {
	int in, out;		/* -1: none */
	int in_flags, out_flags;	/* to be put back; -1: nothing changed */
	bool file;		/* out turned out to be no socket */
	struct tls *tls;	/* owned; NULL: in the clear */
};

void channel_init(struct channel *);
/* Take over descriptors and make them non-blocking. */
void channel_take(struct channel *, int fd);
void channel_take_pair(struct channel *, int in, int out);
/* Begin to connect: 0 at once, 1 when it becomes writable, -1 with errno. */
int channel_connect(struct channel *, const struct addr *to,
    const struct addr *from);
/* How that went: 0 or an errno. */
int channel_error(const struct channel *);

/* Octets; 0 at the end of input; -1 with errno (EAGAIN: not now). */
ssize_t channel_read(struct channel *, char *p, size_t n);
ssize_t channel_write(struct channel *, const char *p, size_t n);

/* Read and forget what comes, undecrypted: nobody will ask. */
ssize_t channel_drop(struct channel *);

/* End our half; -1: it has none, or EAGAIN: later (close_notify). */
int channel_shutdown(struct channel *);
void channel_close(struct channel *);

#endif
