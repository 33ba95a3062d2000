#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "addr.h"
#include "body.h"
#include "clock.h"
#include "tls.h"

#include "cli.h"

#include "cmd_send.h"

enum { SECRET_MAX = 500 };	/* octets of user and password together */

/* Our end of the connection as an address literal: always a valid name. */
static void
hello_name(struct client *c, char *out, size_t size)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	char ip[ADDR_TEXT_MAX];
	struct addr addr;

	memset(&ss, 0, sizeof ss);
	getsockname(c->fd, (struct sockaddr *)&ss, &len);
	addr_set((struct sockaddr *)&ss, len, &addr);
	snprintf(out, size, addr_family(&addr) == AF_INET6 ? "[IPv6:%s]" :
	    "[%s]", addr_ip(&addr, ip));
}

static bool
envelope(struct client *c, const struct cli *cli)
{
	static const char *const postmaster[] = { "postmaster" };
	const char *const *rcpt = cli->rcpts ? cli->rcpt : postmaster;
	size_t count = cli->rcpts ? cli->rcpts : 1, accepted = 0, i;

	if (!client_say(c, 2, "MAIL FROM:<%s>", cli->from ? cli->from : ""))
		return false;
	for (i = 0; i < count; i++)
		accepted += client_say(c, 2, "RCPT TO:<%s>", rcpt[i]);
	return accepted > 0;
}

static bool
content(struct client *c, const struct buf *message)
{
	struct body_writer w;
	struct buf out;
	bool taken;

	if (!client_say(c, 3, "DATA"))
		return false;
	buf_init(&out);
	body_writer_init(&w);
	body_write(&w, message->p, message->len, &out);
	body_write_end(&w, &out);
	client_put(c, out.p, out.len);
	taken = client_answered(c, 2);
	buf_clear(&out);
	return taken;
}

static bool
hello(struct client *c)
{
	char name[ADDR_TEXT_MAX + 8];

	hello_name(c, name, sizeof name);
	if (client_say(c, 2, "EHLO %s", name))
		return true;
	c->refused = CLI_OK;
	return client_say(c, 2, "HELO %s", name);
}

static bool
start_tls(struct client *c)
{
	const struct tls_info *info;

	if (!client_say(c, 2, "STARTTLS"))
		return false;
	if (client_secure(c) < 0) {
		c->refused = CLI_RETRY;
		return false;
	}
	info = tls_info(c->tls);
	printf("- %s %s\n", info->version, info->cipher);
	return hello(c);
}

/* PLAIN (RFC 4616), after the server has agreed to it: a password that is
 * refused in the clear has then not been sent. */
static bool
authenticate(struct client *c, const char *user, const char *password)
{
	char secret[SECRET_MAX + 3], text[SECRET_MAX * 4 / 3 + 8];
	int len;
	bool taken;

	if (!client_say(c, 3, "AUTH PLAIN"))
		return false;
	len = snprintf(secret, sizeof secret, "%c%s%c%s", 0, user, 0,
	    password);
	EVP_EncodeBlock((unsigned char *)text, (unsigned char *)secret, len);
	taken = client_say(c, 2, "%s", text);
	OPENSSL_cleanse(secret, sizeof secret);
	OPENSSL_cleanse(text, sizeof text);
	return taken;
}

static int
converse(struct client *c, const struct cli *cli, const struct buf *message)
{
	int code = client_expect(c);

	if (code < 0 || reply_class(code) != 2)
		return code >= 500 ? CLI_UNAVAILABLE : CLI_RETRY;
	if (!hello(c) || (cli->tls && !start_tls(c)))
		return c->refused;
	if ((!cli->auth ||
	    authenticate(c, cli->auth, getenv("LUNETTE_PASSWORD"))) &&
	    envelope(c, cli))
		content(c, message);
	code = c->refused;
	client_say(c, 2, "QUIT");
	return code;
}

/* A message of our own, for when there is none. */
static void
write_sample(const struct cli *cli, struct buf *out)
{
	const char *from = cli->from && *cli->from ? cli->from :
	    "postmaster@localhost";
	char date[CLOCK_TEXT_MAX];

	buf_printf(out, "From: <%s>\nDate: %s\n"
	    "Subject: a message from lunette send\n\n"
	    "If you can read this, mail flows.\n", from,
	    clock_rfc5322(clock_wall(), date));
}

/* What is piped in counts as a message; a terminal does not. */
static bool
is_input(void)
{
	struct stat st;

	return fstat(STDIN_FILENO, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISREG(st.st_mode));
}

static int
read_all(FILE *f, struct buf *out)
{
	size_t n;

	while ((n = fread(buf_reserve(out, 65536), 1, 65536, f)) > 0)
		buf_commit(out, n);
	return ferror(f) ? -1 : 0;
}

static int
read_message(const struct cli *cli, struct buf *out)
{
	const char *name = cli->words ? cli->word[0] : NULL;
	int got = 0;
	FILE *f;

	if (name && strcmp(name, "-") != 0) {
		f = fopen(name, "re");
		got = f ? read_all(f, out) : -1;
		if (f)
			fclose(f);
	} else if (name || is_input()) {
		got = read_all(stdin, out);
	}
	if (got < 0)
		return cli_fail(-1, "%s: %s", name ? name : "stdin",
		    strerror(errno));
	if (out->len == 0 && !name)
		write_sample(cli, out);
	return 0;
}

/* 0, or -1 after a line. */
static int
check_auth(const struct cli *cli)
{
	const char *password = getenv("LUNETTE_PASSWORD");

	if (!cli->auth)
		return 0;
	if (!password)
		return cli_fail(-1, "--auth: LUNETTE_PASSWORD is not set");
	if (strlen(cli->auth) + strlen(password) > SECRET_MAX)
		return cli_fail(-1, "--auth: the password is too long");
	return 0;
}

int
cmd_send(struct cli *cli)
{
	struct client c;
	int status = CLI_USAGE;
	struct buf message;

	buf_init(&message);
	if (check_auth(cli) == 0 && read_message(cli, &message) == 0) {
		status = CLI_RETRY;
		if (client_open(&c, cli->to ? cli->to : "127.0.0.1:2525") == 0)
			status = converse(&c, cli, &message);
		client_close(&c);
	}
	buf_clear(&message);
	return status;
}
