#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"

#include "cli.h"

#define DEFAULT_CONF SYSCONFDIR "/lunette/lunette.lua"

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_LIST, OPTION_OVERRIDE };

struct option {
	const char *name, *other;
	enum option_kind kind;
	size_t offset;			/* in struct cli */
	unsigned command;		/* bit; 0: every command takes it */
};

#define TO(field) offsetof(struct cli, field)

static const struct option options[] = {
	{ "-c", NULL, OPTION_TEXT, TO(path), CLI_CONF },
	{ "-o", NULL, OPTION_OVERRIDE, 0, CLI_CONF },
	{ "--daemonize", NULL, OPTION_FLAG, TO(daemonize), CLI_RUN },
	{ "--paused", NULL, OPTION_FLAG, TO(paused), CLI_RUN },
	{ "--debug", NULL, OPTION_FLAG, TO(debug), CLI_LEVEL },
	{ "--quiet", NULL, OPTION_FLAG, TO(quiet), CLI_LEVEL },
	{ "--client", NULL, OPTION_TEXT, TO(client), CLI_CLIENT },
	{ "--to", NULL, OPTION_TEXT, TO(to), CLI_SEND },
	{ "--from", NULL, OPTION_TEXT, TO(from), CLI_SEND },
	{ "--rcpt", NULL, OPTION_LIST, 0, CLI_SEND },
	{ "--tls", NULL, OPTION_FLAG, TO(tls), CLI_SEND },
	{ "--auth", NULL, OPTION_TEXT, TO(auth), CLI_SEND },
	{ "--help", "-h", OPTION_FLAG, TO(help), 0 },
	{ "--version", "-V", OPTION_FLAG, TO(version), 0 },
};

enum { OPTIONS = sizeof options / sizeof *options };

int
cli_fail(int status, const char *fmt, ...)
{
	char line[CONF_ERROR_MAX + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	fprintf(stderr, "lunette: %s\n", line);
	return status;
}

/* Both "--to X" and "--to=X", "-c X" and "-cX".  *value is NULL if it is the
 * next argument. */
static bool
matches(const struct option *o, const char *arg, const char **value)
{
	size_t len = strlen(o->name);

	*value = NULL;
	if (strcmp(arg, o->name) == 0 ||
	    (o->other && strcmp(arg, o->other) == 0))
		return true;
	if (o->kind == OPTION_FLAG || strncmp(arg, o->name, len) != 0)
		return false;
	if (len > 2 && arg[len] != '=')
		return false;
	*value = arg + len + (len > 2);
	return true;
}

static int
add_override(struct cli *cli, const char *text)
{
	const char *equals = strchr(text, '=');
	struct conf_override *o;

	if (!equals || equals == text)
		return cli_fail(-1, "-o %s: expected KEY=VALUE", text);
	cli->override = mem_resize(cli->override,
	    (cli->overrides + 1) * sizeof *o);
	o = &cli->override[cli->overrides++];
	o->key = mem_strndup(text, (size_t)(equals - text));
	o->value = mem_strdup(equals + 1);
	return 0;
}

static int
set(struct cli *cli, const struct option *o, const char *value)
{
	switch (o->kind) {
	case OPTION_FLAG:
		*(bool *)((char *)cli + o->offset) = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)(void *)((char *)cli + o->offset) = value;
		return 0;
	case OPTION_OVERRIDE:
		return add_override(cli, value);
	case OPTION_LIST:
		break;
	}
	cli->rcpt = mem_resize(cli->rcpt,
	    (cli->rcpts + 1) * sizeof *cli->rcpt);
	cli->rcpt[cli->rcpts++] = value;
	return 0;
}

/* An option at argv[i]: how many arguments it took, 0 if it is unknown, -1
 * after an error. */
static int
option(struct cli *cli, int i)
{
	const char *arg = cli->argv[i], *value;
	const struct option *o;
	int taken = 1;

	for (o = options; o < options + OPTIONS; o++)
		if (matches(o, arg, &value))
			break;
	if (o == options + OPTIONS)
		return 0;
	if (o->command && !(o->command & cli->command->options))
		return cli_fail(-1, "%s: no option of %s", o->name,
		    cli->command->name);
	if (o->kind != OPTION_FLAG && !value) {
		value = cli->argv[i + 1];
		if (!value)
			return cli_fail(-1, "%s: needs a value", arg);
		taken = 2;
	}
	return set(cli, o, value) < 0 ? -1 : taken;
}

static int
word(struct cli *cli, char *arg)
{
	if (cli->words >= cli->command->words_max)
		return cli_fail(-1, "%s: extra argument \"%s\"",
		    cli->command->name, arg);
	cli->word[cli->words++] = arg;
	return 0;
}

static int
arguments(struct cli *cli, int i)
{
	bool only_words = false;
	int taken;
	char *arg;

	while (i < cli->argc) {
		arg = cli->argv[i];
		taken = 0;
		if (!only_words && strcmp(arg, "--") == 0) {
			only_words = true;
			i++;
			continue;
		}
		if (!only_words && *arg == '-' && arg[1]) {
			taken = option(cli, i);
			if (taken == 0 && !(cli->words > 0 &&
			    cli->command->options & CLI_PASS))
				taken = cli_fail(-1, "unknown option \"%s\"",
				    arg);
		}
		if (taken < 0 || (taken == 0 && word(cli, arg) < 0))
			return -1;
		i += taken > 0 ? taken : 1;
	}
	return 0;
}

static int
choose(struct cli *cli)
{
	const struct cli_command *c;

	cli->command = cli_commands;
	if (cli->argc < 2 || *cli->argv[1] == '-')
		return 1;
	for (c = cli_commands; c->name; c++) {
		if (strcmp(c->name, cli->argv[1]) == 0) {
			cli->command = c;
			return 2;
		}
	}
	if (strcmp(cli->argv[1], "test") == 0)
		return cli_fail(-1, "test: not supported in this version");
	return cli_fail(-1, "unknown command \"%s\"", cli->argv[1]);
}

int
cli_parse(struct cli *cli, int argc, char **argv)
{
	int first;

	memset(cli, 0, sizeof *cli);
	cli->argc = argc;
	cli->argv = argv;
	cli->path = DEFAULT_CONF;
	cli->word = mem_array((size_t)argc + 1, sizeof *cli->word);
	first = choose(cli);
	if (first < 0 || arguments(cli, first) < 0)
		return -1;
	if (cli->debug && cli->quiet)
		return cli_fail(-1, "--debug and --quiet: one or the other");
	if (cli->debug)
		return add_override(cli, "log.level=\"debug\"");
	if (cli->quiet)
		return add_override(cli, "log.level=\"warn\"");
	return 0;
}

void
cli_clear(struct cli *cli)
{
	size_t i;

	for (i = 0; i < cli->overrides; i++) {
		mem_free((void *)(uintptr_t)cli->override[i].key);
		mem_free((void *)(uintptr_t)cli->override[i].value);
	}
	mem_free(cli->override);
	mem_free(cli->rcpt);
	mem_free(cli->word);
}

void
cli_help(const struct cli *cli)
{
	const struct cli_command *c;

	if (cli->argc > 1 && *cli->argv[1] != '-') {
		printf("usage: lunette %s %s", cli->command->name,
		    cli->command->help);
		return;
	}
	printf("usage:\n");
	for (c = cli_commands; c->name; c++)
		printf("  lunette %s %.*s\n", c->name,
		    (int)strcspn(c->help, "\n"), c->help);
	printf("  lunette --version | --help | COMMAND --help\n"
	    "The configuration is " DEFAULT_CONF " unless -c names another.\n");
}

struct loader_args
cli_loader_args(const struct cli *cli)
{
	return (struct loader_args){
		.path = cli->path, .override = cli->override,
		.overrides = cli->overrides, .number = 1,
	};
}
