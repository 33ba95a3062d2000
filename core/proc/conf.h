#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"
#include "log.h"
#include "nexthop.h"
#include "session.h"

struct arena;
struct value;

/*
 * conf: the configuration, checked against one schema (doc/conf.md).
 *
 * It exists twice: as a tree of values, which is what the bundle carries, and
 * as this struct, which every process makes from the tree.  Everything lives
 * in the arena that conf_read was given; strings may be views into the bundle.
 */
struct conf_listener {
	struct addr addr;
	const char *text;		/* as written */
	const char *name;		/* default: the text */
	bool unix_socket;
	struct session_conf session;	/* all that sessions need, resolved */
	const char *const *hooks;	/* names, NULL at the end; NULL: all */
};

/* A file whose bytes the bundle has to carry. */
struct conf_file {
	const char *path;		/* absolute */
	const char *place;		/* "file:line: key", for messages */
	bool secret;			/* it holds a private key */
	struct conf_file *next;
};

struct conf_cert {
	const char *name;		/* "*.example.org"; NULL: the default */
	const char *cert, *key;		/* paths; the same for one file of both */
};

struct conf_tls {
	const char *place;		/* "file:line: tls" */
	struct conf_cert *cert;		/* the default first */
	size_t certs;			/* 0: no TLS */
	const char *min_version;	/* "1.2" or "1.3" */
	const char *ciphers;		/* NULL: OpenSSL's */
	const char *client_ca;		/* a path; NULL: clients are not asked */
};

struct conf_workers {
	unsigned count;			/* fixed pool; 0 if elastic */
	unsigned min, max, spare;
	unsigned sessions;
	double idle;
	uint64_t lifetime;		/* sessions; 0: no end */
	double max_age, watchdog;
	int nice;
};

struct conf_per_client {
	struct cidr net;
	unsigned limit;
};

struct conf_admission {
	unsigned sessions, reserve;
	unsigned per_client;		/* 0: no limit */
	struct conf_per_client *per_client_map;
	size_t per_client_count;
	unsigned per_net, net_v4, net_v6;
	/* A client's in a minute; 0: no limit. */
	unsigned client_rate, tls_rate, message_rate, recipient_rate, auth_rate;
	double load;			/* load average; 0: off */
	struct cidr_list reserve_clients;
	struct cidr_list trusted;	/* rates are not for these */
};

struct conf {
	const char *path;		/* the main file, absolute */
	const char *dir;		/* where it is */
	const char *hostname;
	struct conf_listener *listener;
	size_t listeners;
	struct { unsigned retries; double pause; int backlog; } bind;
	struct route_table routes;
	struct conf_tls tls;
	struct conf_file *files;	/* certificates and keys */
	const struct value *hooks;
	const char *const *hook_path;	/* absolute, NULL at the end */
	const char *const *lua_path;
	const char *user, *group, *chroot, *pid_file, *control, *spool_dir;
	struct conf_workers workers;
	struct conf_admission admission;
	struct session_timeouts timeouts;
	const char *log_to;
	enum log_format log_format;
	enum log_level log_level;
	struct { size_t memory; double cpu; unsigned sockets; bool jit; } lua;
	const struct value *shared;
	struct { const char *servers; double timeout; int tries; } dns;
};

struct conf_override {			/* -o KEY=VALUE */
	const char *key, *value;
};

enum { CONF_ERROR_MAX = 1024 };

/*
 * Evaluate the file in an empty Lua environment and return the tree, merged
 * with the overrides.  Reads files with the rights of the caller.  NULL with
 * one line "file:line: what" in error.
 */
struct value *conf_evaluate(const char *path, const struct conf_override *,
    size_t count, struct arena *, char error[CONF_ERROR_MAX]);

/* Check the tree against the schema and make the struct.  0, or -1 with one
 * line in error that names file, line, key and what was expected. */
int conf_read(const struct value *, const char *path, struct arena *,
    struct conf *out, char error[CONF_ERROR_MAX]);

/*
 * The path of the control socket, absolute, whatever else may be wrong: with a
 * configuration that is broken just now, `ctl reload` must still be able to
 * ask the server, which says what is wrong.  NULL with one line in error.
 */
const char *conf_control(const char *path, const struct conf_override *,
    size_t count, struct arena *, char error[CONF_ERROR_MAX]);

/* "50M" to octets, "5m" to seconds; a number as it is.  0 or -1. */
int conf_size(const char *text, uint64_t *out);
int conf_duration(const char *text, double *out);

#endif
