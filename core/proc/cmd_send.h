#ifndef CMD_SEND_H
#define CMD_SEND_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "reply.h"

struct tls;

/*
 * cmd_send: the client of `lunette send`: blocking, one reply at a time, which
 * it shows as it comes.
 */
struct client {
	int fd;			/* -1: none */
	struct tls *tls;	/* NULL: in the clear */
	struct buf in;
	struct reply_parser parser;
	int refused;		/* the worst exit status so far */
};

/* Each 0 or -1 after a line on stderr. */
int client_open(struct client *, const char *to);
int client_secure(struct client *);	/* any certificate will do */
void client_close(struct client *);

int client_put(struct client *, const char *p, size_t len);
/* The code of the next reply; -1 after a line on stderr. */
int client_expect(struct client *);
/* Send a line; is the reply of the class?  If not, c->refused is noted. */
bool client_say(struct client *, int class, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool client_answered(struct client *, int class);

#endif
