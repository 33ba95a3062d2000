#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ev.h>

#include "linger.h"
#include "log.h"
#include "policy.h"
#include "session.h"

#include "engine.h"
#include "generation.h"
#include "privilege.h"

#include "cli.h"

/* The session has ended; its last reply may still be on the way. */
static void
on_ended(struct session *s)
{
	ev_break(s->env->loop, EVBREAK_ONE);
}

/* inetd gives the socket as stderr too: a log line there would be taken for a
 * reply. */
static bool
is_stderr_the_client(void)
{
	struct stat in, err;

	return fstat(STDIN_FILENO, &in) == 0 && S_ISSOCK(in.st_mode) &&
	    fstat(STDERR_FILENO, &err) == 0 && in.st_ino == err.st_ino &&
	    in.st_dev == err.st_dev;
}

static int
open_log(const struct conf *c, char *error)
{
	int fd;

	if (strcmp(c->log_to, "stderr") != 0 || is_stderr_the_client()) {
		fd = log_open(strcmp(c->log_to, "stderr") == 0 ? "/dev/null" :
		    c->log_to);
		if (fd < 0) {
			snprintf(error, CONF_ERROR_MAX, "log.to: %.800s: "
			    "cannot be opened", c->log_to);
			return -1;
		}
		log_use(fd, c->log_to);
	}
	log_set(c->log_format, c->log_level);
	return 0;
}

/* Who the client is: the option, the peer of a socket, or this machine. */
static int
find_client(const struct cli *cli, struct addr *out, char *error)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	if (cli->client) {
		if (addr_parse(cli->client, 0, out) == 0 &&
		    addr_family(out) != AF_UNIX)
			return 0;
		snprintf(error, CONF_ERROR_MAX, "--client: expected an IP "
		    "address, got \"%.200s\"", cli->client);
		return -1;
	}
	if (getpeername(STDIN_FILENO, (struct sockaddr *)&ss, &len) == 0 &&
	    (ss.ss_family == AF_INET || ss.ss_family == AF_INET6)) {
		addr_set((struct sockaddr *)&ss, len, out);
		return 0;
	}
	return addr_parse("127.0.0.1", 0, out);
}

static void
find_server(const struct conf_listener *l, struct addr *out)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	*out = l->addr;
	if (getsockname(STDIN_FILENO, (struct sockaddr *)&ss, &len) == 0 &&
	    (ss.ss_family == AF_INET || ss.ss_family == AF_INET6))
		addr_set((struct sockaddr *)&ss, len, out);
}

/* What a pipe or a file holds was written before we said anything. */
static bool
is_script(void)
{
	struct stat st;

	return fstat(STDIN_FILENO, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode));
}

static bool
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Nobody speaks TLS, nor the PROXY protocol, over a terminal or a pipe. */
static void
stay_clear(struct session_conf *s)
{
	s->tls = SESSION_TLS_OFF;
	s->proxy = false;
}

static int
serve(struct generation *g, const struct addr *client, char *error)
{
	struct conf_listener *l = &g->conf.listener[0];
	struct ev_loop *loop = ev_loop_new(EVBACKEND_POLL);
	struct engine_args args = {
		.gen = g, .loop = loop, .ended = on_ended,
	};
	struct engine *e = NULL;
	struct addr server;

	if (!is_socket(STDIN_FILENO))
		stay_clear(&l->session);
	if (generation_reveal(g) < 0)
		snprintf(error, CONF_ERROR_MAX, "the secret bundle: %s",
		    strerror(errno));
	else
		e = engine_new(&args, error);
	if (e) {
		find_server(l, &server);
		l->session.script = is_script();
		session_new_pair(&e->env, &l->session, STDIN_FILENO,
		    STDOUT_FILENO, client, &server);
		ev_run(loop, 0);
		while (linger_count() > 0)
			ev_run(loop, EVRUN_ONCE);
		engine_free(e);
	}
	ev_loop_destroy(loop);
	return e ? CLI_OK : CLI_CONFIG;
}

int
cmd_session(struct cli *cli)
{
	struct loader_args args = cli_loader_args(cli);
	char error[CONF_ERROR_MAX];
	enum loader_fault fault;
	struct generation *g;
	int status = CLI_CONFIG;
	struct addr client;

	if (find_client(cli, &client, error) < 0)
		return cli_fail(CLI_USAGE, "%s", error);
	g = loader_run(&args, &fault, error);
	if (!g)
		return cli_fail(fault, "%s", error);
	if (open_log(&g->conf, error) == 0 &&
	    privilege_drop(&g->conf, 0, error) == 0)
		status = serve(g, &client, error);
	if (status != CLI_OK)
		cli_fail(status, "%s", error);
	generation_free(g);
	return status;
}
