#include "mem.h"

#include "control_client.h"

#include "cli.h"

/* Only the path of the socket is wanted: no hook is loaded. */
int
cmd_ctl(struct cli *cli)
{
	char error[CONF_ERROR_MAX];
	struct arena *arena;
	struct value *tree;
	struct conf conf;
	int status;

	if (cli->words == 0)
		return cli_fail(CLI_USAGE, "ctl: needs a command");
	arena = arena_new();
	tree = conf_evaluate(cli->path, cli->override, cli->overrides, arena,
	    error);
	if (!tree || conf_read(tree, cli->path, arena, &conf, error) < 0)
		status = cli_fail(CLI_CONFIG, "%s", error);
	else if (!conf.control)
		status = cli_fail(CLI_CONFIG, "%s: control: missing: the path "
		    "of a socket", cli->path);
	else
		status = control_client(conf.control, cli->words, cli->word);
	arena_free(arena);
	return status;
}
