#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "loader.h"

/*
 * cli: the command line, in words and options (doc/lunette.8).
 */
enum {				/* exit statuses, those of sysexits.h */
	CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 64, CLI_UNAVAILABLE = 69,
	CLI_SYSTEM = 71, CLI_RETRY = 75, CLI_CONFIG = 78,
};

struct cli {
	int argc;
	char **argv;
	const struct cli_command *command;
	const char *path;		/* -c */
	struct conf_override *override;	/* -o, and what other options mean */
	size_t overrides;
	bool daemonize, paused, debug, quiet, help, version;
	const char *client;		/* session */
	const char *to, *from, *auth;	/* send */
	bool tls;
	const char **rcpt;
	size_t rcpts;
	char **word;			/* arguments that are no options */
	int words;
};

struct cli_command {
	const char *name;
	unsigned options;		/* a bit for each it takes */
	int words_max;
	int (*run)(struct cli *);
	const char *help;
};

extern const struct cli_command cli_commands[];	/* the first is the default */

/* Read argv.  0, or -1 after one line on stderr. */
int cli_parse(struct cli *, int argc, char **argv);
void cli_clear(struct cli *);
void cli_help(const struct cli *);

/* "lunette: " and one line on stderr; returns status. */
int cli_fail(int status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Options that commands take, as bits. */
enum {
	CLI_CONF = 1,			/* -c, -o */
	CLI_RUN = 2,			/* --daemonize, --paused */
	CLI_LEVEL = 4,			/* --debug, --quiet */
	CLI_CLIENT = 8,
	CLI_SEND = 16,			/* --to, --from, --rcpt, --tls, --auth */
	CLI_PASS = 32,		/* options behind the first word are words */
};

struct loader_args cli_loader_args(const struct cli *);

/* cmd_*.c */
int cmd_run(struct cli *);
int cmd_check(struct cli *);
int cmd_explain(struct cli *);
int cmd_session(struct cli *);
int cmd_send(struct cli *);
int cmd_ctl(struct cli *);

#endif
