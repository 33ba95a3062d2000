#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"

#define CONF_HELP "[-c FILE] [-o KEY=VALUE]..."

const struct cli_command cli_commands[] = {
	{ "run", CLI_CONF | CLI_RUN | CLI_LEVEL, 0, cmd_run,
	    CONF_HELP " [--daemonize] [--paused] [--debug|--quiet]\n"
	    "Serve.  HUP reloads, TERM ends, USR1 reopens log files.\n" },
	{ "check", CLI_CONF | CLI_LEVEL, 0, cmd_check,
	    CONF_HELP "\n"
	    "Load the configuration and all hooks as run does, and report.\n" },
	{ "explain", CLI_CONF | CLI_LEVEL, 0, cmd_explain,
	    CONF_HELP "\n"
	    "Show the chain of hooks for each stage, with settings.\n" },
	{ "session", CLI_CONF | CLI_CLIENT | CLI_LEVEL, 0, cmd_session,
	    CONF_HELP " [--client IP]\n"
	    "Serve one session on stdin and stdout.\n" },
	{ "send", CLI_SEND, 1, cmd_send,
	    "[--to HOST:PORT] [--from ADDRESS] [--rcpt ADDRESS]... [--tls] "
	    "[--auth USER] [FILE]\n"
	    "Send a message and print all replies.  Without FILE: what is "
	    "piped in, or a short one.\n"
	    "Without options: to 127.0.0.1:2525, from <>, for postmaster.\n"
	    "The password for --auth comes from LUNETTE_PASSWORD.\n" },
	{ "ctl", CLI_CONF | CLI_PASS, 4, cmd_ctl,
	    CONF_HELP " COMMAND\n"
	    "status [--json] | sessions | kill ID | reload | drain | pause | "
	    "resume | stop\n" },
	{ .name = NULL },
};

/* Descriptors 0 to 2 are there, whoever started us: no file of ours may be
 * taken for stderr. */
static void
open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int
main(int argc, char **argv)
{
	int status = CLI_USAGE;
	struct cli cli;

	open_standard();
	signal(SIGPIPE, SIG_IGN);
	if (cli_parse(&cli, argc, argv) == 0) {
		status = CLI_OK;
		if (cli.version)
			printf("lunette " VERSION "\n");
		else if (cli.help)
			cli_help(&cli);
		else
			status = cli.command->run(&cli);
	}
	cli_clear(&cli);
	if (fflush(stdout) != 0 && status == CLI_OK)
		status = CLI_SYSTEM;
	return status;
}
