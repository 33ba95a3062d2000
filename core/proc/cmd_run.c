#include <stdint.h>
#include <stdlib.h>

#include "mem.h"

#include "supervisor.h"
#include "title.h"

#include "cli.h"

/* argv becomes the process title: what is still wanted of it is copied. */
int
cmd_run(struct cli *cli)
{
	struct supervisor_args args = {
		.daemonize = cli->daemonize, .paused = cli->paused,
	};
	char *path = NULL;
	int status;

	if (cli->daemonize)
		path = realpath(cli->path, NULL);
	cli->path = path ? path : mem_strdup(cli->path);
	args.load = cli_loader_args(cli);
	title_init(cli->argc, cli->argv);
	status = supervisor_run(&args);
	free((void *)(uintptr_t)cli->path);
	return status;
}
