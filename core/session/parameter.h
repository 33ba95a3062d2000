#ifndef PARAMETER_H
#define PARAMETER_H

#include <stdbool.h>

struct command_params;
struct session;
struct txn_rcpt;
struct txn_sender;

/*
 * parameter: what the parameters of MAIL and RCPT say, and whether this client
 * may use them here.  What is kept lives in the transaction's arena.  False if
 * the client has been told what is wrong.
 */
bool parameter_mail(struct session *, const struct command_params *,
    struct txn_sender *out);
bool parameter_rcpt(struct session *, const struct command_params *,
    struct txn_rcpt *out);

#endif
