#include "mem.h"

#include "control_client.h"

#include "cli.h"

int
cmd_ctl(struct cli *cli)
{
	char error[CONF_ERROR_MAX];
	struct arena *arena;
	const char *path;
	int status;

	if (cli->words == 0)
		return cli_fail(CLI_USAGE, "ctl: needs a command");
	arena = arena_new();
	path = conf_control(cli->path, cli->override, cli->overrides, arena,
	    error);
	if (path)
		status = control_client(path, cli->words, cli->word);
	else
		status = cli_fail(CLI_CONFIG, "%s", error);
	arena_free(arena);
	return status;
}
