#ifndef CONTENT_H
#define CONTENT_H

#include <stdbool.h>
#include <stddef.h>

#include "session_io.h"

/*
 * content: the message as it comes in, by DATA or by BDAT: stored, measured
 * and timed; and the `headers` hooks asked at the end of its header.
 */
enum content_form { CONTENT_DATA, CONTENT_CHUNKS };

/* The client's time for octets that are not commands begins. */
void content_time(struct session *);
/* A message begins, behind the command line that is being served. */
void content_begin(struct session *, enum content_form);
/* The callback for body_read and its like. */
void content_add(void *session, const char *p, size_t len);
/* So many octets have come; the wait for them is held against the client. */
void content_account(struct session *, size_t octets);
/* What the hooks have just said is kept in io->refusal, if it is one, until it
 * can be answered.  False if they dropped the session. */
bool content_keep_refusal(struct session *);
/* After each piece: ask the hooks if it is time to, then go on with next. */
void content_advance(struct session *, session_fn next);

#endif
