#ifndef CONTROL_H
#define CONTROL_H

#include "conf.h"

struct buf;
struct child;
struct notice_message;
struct service;

/*
 * control: the socket of `lunette ctl`.
 *
 * A line of at most CONTROL_LINE_MAX octets comes in; lines, then "OK" or
 * "ERR text", go out; any number of commands, one after the other.  Anything
 * else closes the connection.  The peer must be root, `user`, or who started
 * the service.
 */
enum { CONTROL_LINE_MAX = 256 };

struct control;

/* NULL with one line in error: the path, or another instance answers there. */
struct control *control_open(struct service *, const struct conf *,
    char error[CONF_ERROR_MAX]);
void control_close(struct control *);	/* removes the socket; NULL is fine */
/* By a new configuration: where it is and who may ask; connections stay.  0,
 * or -1 with one line in error, and then it is where it was. */
int control_move(struct control *, const struct conf *,
    char error[CONF_ERROR_MAX]);
/* A worker answered a question; takes fd over (or -1).  NULL is fine. */
void control_answer(struct control *, struct child *,
    const struct notice_message *, int fd);

/* The text of `status`. */
void control_status(const struct service *, struct buf *out);
void control_status_json(const struct service *, struct buf *out);

#endif
