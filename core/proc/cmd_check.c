#include <stdio.h>

#include "policy.h"

#include "generation.h"
#include "privilege.h"

#include "cli.h"

int
cmd_check(struct cli *cli)
{
	struct loader_args args = cli_loader_args(cli);
	char error[CONF_ERROR_MAX];
	enum loader_fault fault;
	struct generation *g = loader_run(&args, &fault, error);

	if (!g)
		return cli_fail(fault, "%s", error);
	printf("lunette: %s: ok, %zu hooks, %zu listeners\n", cli->path,
	    g->hooks, g->conf.listeners);
	generation_free(g);
	return CLI_OK;
}

/* The policy is loaded once more, here, as the checker did. */
static int
explain(struct generation *g, char *error)
{
	struct policy_conf pc;
	struct policy *policy;

	if (privilege_drop(&g->conf, 0, error) < 0)
		return CLI_CONFIG;
	generation_policy_conf(&g->conf, g->arena, &pc);
	pc.find = generation_find;
	pc.find_arg = g->bundle;
	pc.checking = true;
	policy = policy_load(&pc, NULL, error, CONF_ERROR_MAX);
	if (!policy)
		return CLI_CONFIG;
	policy_explain(policy, stdout);
	policy_free(policy);
	return CLI_OK;
}

int
cmd_explain(struct cli *cli)
{
	struct loader_args args = cli_loader_args(cli);
	char error[CONF_ERROR_MAX];
	enum loader_fault fault;
	struct generation *g = loader_run(&args, &fault, error);
	int status = g ? explain(g, error) : (int)fault;

	if (status != CLI_OK)
		cli_fail(status, "%s", error);
	generation_free(g);
	return status;
}
