#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>

struct reply;
struct session;

/*
 * answer: what the client is told at the end of a message.  SMTP has one reply
 * for all; LMTP has one for each recipient that was accepted, in their order
 * (RFC 2033 4.2): what was discarded is taken, for others it is the next hop's
 * own answer if there is one, or the common one.
 *
 * True if any of it is a 2xx.
 */
bool answer_message(struct session *, const struct reply *common);

#endif
