#ifndef VISIT_H
#define VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "object.h"
#include "run.h"

struct policy;
struct session;
struct txn_rcpt;

/*
 * visit: what the policy keeps of one session: its handles, notes, results,
 * and the chain of hooks that runs for it now.
 *
 * Made at the first hook of a session, ended by visit_gone.  Hooks hold
 * handles: a slot with its generation, and for what dies earlier a serial (of
 * the transaction, or of the question).  A handle is looked up on every use,
 * and raises when what it meant is gone.
 */
enum visit_value {		/* Lua values kept in the table of the session */
	VISIT_SESSION = 1, VISIT_NOTE, VISIT_CLIENT, VISIT_SERVER,
	VISIT_COUNTS, VISIT_LIMITS, VISIT_TLS, VISIT_AUTH, VISIT_PROXY,
	VISIT_PROXY_TLS, VISIT_VALUES,
	/* in the table of the transaction */
	VISIT_TXN = 1, VISIT_TXN_NOTE, VISIT_SENDER, VISIT_RECIPIENTS,
	VISIT_MESSAGE, VISIT_RCPTS = 8
};

struct visit_result {
	char *name, *text;
	const char *kind;
	double score;
	uint32_t txn;		/* serial; its score goes with it */
	struct visit_result *next;
};

struct visit {
	struct policy *policy;
	struct session *session;
	uint32_t slot, generation;
	uint32_t txn, asked, replies;	/* serials */
	int values, txn_values;		/* registry; LUA_NOREF: none yet */
	uint64_t *skip;			/* bits by instance; NULL: none */
	struct visit_result *result, **result_last;
	size_t results;
	bool met, connected;		/* that stage was asked */
	struct visit_path *path;	/* files of message:path(), api_path.c */
	struct reply *reply;		/* during stage reply */
	const char *reply_verb;
	const char *reply_hook;		/* whose verdict was the last answer */
	struct run run;
};

struct visit *visit_of(struct session *);	/* made if need be; NULL: no memory */
void visit_gone(struct session *);
void visit_txn_reset(struct session *);
/* The stage (pre_connection, connect) is asked.  When it was before, the client
 * is another than was thought (XCLIENT): what was found of it is forgotten. */
void visit_meet(struct visit *, enum stage);

struct handle {			/* a userdata that means part of a session */
	struct object object;
	uint32_t slot, generation, serial;
	void *p;		/* rcpt: valid while the serial is; tls of a
				 * proxy, in the session's arena */
};

/* Push the handle of that kind, made once: key is its place in the table of
 * the session, or of the transaction. */
void visit_push(lua_State *, struct visit *, enum object_kind, int key);
void visit_push_txn(lua_State *, struct visit *, enum object_kind, int key);
void visit_push_rcpt(lua_State *, struct visit *, struct txn_rcpt *);
/* A handle that is good for the present question only. */
void visit_push_asked(lua_State *, struct visit *, enum object_kind);
void visit_push_reply(lua_State *, struct visit *);	/* for this reply only */
void visit_push_values(lua_State *, struct visit *);
void visit_push_txn_values(lua_State *, struct visit *);

/* For object_class.self: the visit, the transaction's, the recipient. */
void *visit_self(lua_State *, struct object *);
void *visit_self_txn(lua_State *, struct object *);
void *visit_self_rcpt(lua_State *, struct object *);	/* the handle */
void *visit_self_asked(lua_State *, struct object *);
void *visit_self_reply(lua_State *, struct object *);
struct visit *visit_find(lua_State *, const struct handle *);	/* or raise */
/* Is there a transaction that hooks may look at? */
bool visit_in_txn(const struct visit *);
/* The same for methods, with a check of the kind. */
struct visit *visit_check(lua_State *, int idx, enum object_kind);

#endif
