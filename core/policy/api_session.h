#ifndef API_SESSION_H
#define API_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "stage.h"

struct log_line;
struct path;
struct session;
struct visit;

/* api_session: what a hook sees of a session. */
void api_session_open(lua_State *);
/* Push the arguments of a stage function; how many. */
int api_session_push_args(lua_State *, struct visit *, enum stage);
/* The hook has returned: what was good for its call only goes. */
void api_session_release(struct visit *);

/* Its parts in files of their own. */
void api_client_open(lua_State *);	/* client, server, counts, limits */

void api_envelope_open(lua_State *);
int api_envelope_txn(lua_State *, void *visit);		/* fields of session */
int api_envelope_sender(lua_State *, void *visit);
int api_envelope_recipients(lua_State *, void *visit);
/* The relay at idx, checked and copied to the transaction; NULL for nil. */
const char *api_envelope_relay(lua_State *, struct session *, int idx);
/* The address at idx, or raise; in UTF-8 only after MAIL with SMTPUTF8. */
void api_envelope_path(lua_State *, const struct session *, int idx,
    struct path *out);
void api_recipients_open(lua_State *);

void api_result_open(lua_State *);
int api_result_add(lua_State *);			/* session:result() */
int api_result_all(lua_State *);			/* session:results() */
int api_result_score(lua_State *);
int api_result_skip(lua_State *);
void api_result_push(lua_State *, struct visit *);	/* relayed */
void api_result_summary(struct visit *, struct log_line *);

int api_message_of(lua_State *, void *visit);
void api_message_open(lua_State *);

int api_log_session(lua_State *);			/* session:log() */

void api_peer_open(lua_State *);		/* tls, auth, proxy */
int api_peer_tls(lua_State *, void *visit);		/* fields of session */
int api_peer_auth(lua_State *, void *visit);
int api_peer_proxy(lua_State *, void *visit);

void api_login_open(lua_State *);
/* While the stage auth is asked: is its password in this text, which is about
 * to be logged or sent? */
bool api_login_leaks(const struct visit *, const char *p, size_t len);

void api_note_open(lua_State *);
void api_note_push(lua_State *);			/* a new, empty note */

#endif
