#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"

struct conf_step;
struct nexthop;
struct value;

/*
 * conf_schema: every key of the configuration, in one table: its type, range,
 * default and place in struct conf.  doc/conf.md is checked against it.
 */
enum conf_type {
	CONF_GROUP,		/* a table of keys of the schema */
	CONF_TEXT,
	CONF_HOST,		/* a host name or an address literal */
	CONF_BOOL,
	CONF_COUNT,		/* unsigned */
	CONF_COUNT64,		/* uint64_t */
	CONF_INT,		/* int */
	CONF_NUMBER,		/* double */
	CONF_SIZE,		/* size_t */
	CONF_SIZE64,		/* uint64_t */
	CONF_DURATION,		/* double, seconds */
	CONF_CHOICE,		/* an enum: the number of the choice */
	CONF_EITHER,		/* bool: the first choice is false */
	CONF_CIDRS,		/* struct cidr_list */
	CONF_PATH,		/* made absolute */
	CONF_PATHS,
	CONF_LOG,		/* stderr, syslog or a path */
	CONF_SERVERS,		/* "ip[:port],..." */
	CONF_USER, CONF_USER_GROUP,	/* the name of an account, of a group */
	CONF_RAW,		/* kept as it is, read by a function of its own */
	CONF_LATER,		/* not in this version: refused */
};

/* What a key belongs to: the struct that its offset is in. */
enum conf_target {
	CONF_TO_CONF, CONF_TO_SESSION, CONF_TO_HOP, CONF_TO_RAW,
	CONF_TO_RESULT,		/* the caller takes it from the reader */
};

struct conf_key {
	const char *name;		/* "limits.errors" */
	enum conf_type type;
	enum conf_target target;
	size_t offset;
	double min, max;		/* both 0: any */
	const char *initial;		/* NULL: none, or computed */
	const char *const *choice;	/* NULL at the end */
	const char *group;		/* CONF_GROUP: if named otherwise */
	bool listener;			/* may be set for one listener */
};

extern const struct conf_key conf_schema[];
extern const size_t conf_schema_size;

bool conf_schema_has(const char *name);
/* The key of a group ("" for the top), or NULL. */
const struct conf_key *conf_schema_find(const char *group, const char *key);
/* How far two words are apart: letters put in, left out, changed, swapped. */
unsigned conf_schema_distance(const char *a, const char *b);

/* Values that a function of its own turns into something. */
struct conf_raw {
	const struct value *listen, *relay, *relays, *per_client, *count,
	    *hooks, *shared, *ehlo, *certs, *mechanisms;
	const struct value *auth, *xclient;	/* of a next hop */
	const char *name, *cert, *key;
	unsigned min_version;
};

union conf_result {
	bool truth;
	unsigned count;
	size_t size;
	double seconds;
	const char *text;
};

/* Where keys are being read to.  Private to the files of conf_read. */
struct conf_reader {
	struct arena *arena;
	const struct value *tree;
	struct conf *conf;
	struct session_conf *session;
	struct conf_raw *raw;
	struct nexthop *hop;
	union conf_result result;
	bool listener;			/* in a table of `listen` */
	char *error;			/* CONF_ERROR_MAX octets */
};

/* Put the defaults of all keys of a struct into their places. */
int conf_schema_defaults(struct conf_reader *, enum conf_target);
/* Read the named items of a table; positional ones are the caller's. */
int conf_schema_read(struct conf_reader *, const struct value *,
    const struct conf_step *, const char *group);
/* One value of a type; conf_value.c. */
int conf_value_read(struct conf_reader *, const struct conf_key *,
    const struct value *, const struct conf_step *);

/* "file:line: key: " and the text into the error; returns -1. */
int conf_fail(struct conf_reader *, const struct value *,
    const struct conf_step *, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same: "expected X, got Y". */
int conf_fail_type(struct conf_reader *, const struct value *,
    const struct conf_step *, const char *expected);
/* A list's item i (from 0): a value that is no table is a list of one. */
size_t conf_list_len(const struct value *);
const struct value *conf_list_at(const struct value *, size_t i);
/* A string without a NUL in it; or NULL. */
const char *conf_text(const struct value *);
bool conf_is_host(const char *);
/* An absolute path; -1 if the value is none. */
int conf_path(struct conf_reader *, const struct value *,
    const struct conf_step *, const char **out);
/* "file:line: key", as messages begin. */
const char *conf_where(struct conf_reader *, const struct value *,
    const struct conf_step *);
/* The directory that relative paths in this value start from. */
const char *conf_base(struct conf_reader *, const struct value *);

/* conf_relay.c: `relays`, then one route. */
int conf_relay_table(struct conf_reader *, const struct value *);
const struct route *conf_relay_read(struct conf_reader *, const struct value *,
    const struct conf_step *);
/* The options of a next hop that have to do with TLS and with who the client
 * is; conf_hop.c. */
int conf_hop_read(struct conf_reader *, const struct value *,
    const struct conf_step *);
/* conf_tls.c: `tls` and `auth`; then what a listener makes of them. */
int conf_tls_read(struct conf_reader *, const struct value *tree);
int conf_tls_check(struct conf_reader *, const struct value *,
    const struct conf_step *, const struct conf_listener *);
/* A file that the bundle has to carry, named by that value. */
void conf_tls_file(struct conf_reader *, const struct value *,
    const struct conf_step *, const char *path, bool secret);
/* conf_ehlo.c: into the session. */
int conf_ehlo_read(struct conf_reader *, const struct value *,
    const struct conf_step *);
/* conf_listen.c, conf_hooks.c */
int conf_listen_read(struct conf_reader *, const struct value *);
int conf_hooks_read(struct conf_reader *, const struct value *);
/* A listener's list of instance names. */
int conf_hooks_select(struct conf_reader *, const struct value *,
    const struct conf_step *, const char *const **out);

#endif
