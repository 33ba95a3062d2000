#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "addr.h"
#include "body.h"
#include "buf.h"
#include "clock.h"
#include "mem.h"
#include "reply.h"

#include "cli.h"

enum { WAIT = 300 };		/* seconds for any reply, RFC 5321 4.5.3.2 */

struct client {
	int fd;
	struct buf in;
	struct reply_parser parser;
	int refused;		/* the worst exit status so far */
};

/* "host:port", "[v6]:port", "host": into its two parts. */
static void
split(char *to, const char **host, const char **port)
{
	char *colon = strrchr(to, ':');

	*host = to;
	*port = "25";
	if (*to == '[' && strchr(to, ']')) {
		*host = to + 1;
		colon = strchr(to, ']');
		*colon++ = '\0';
		if (*colon != ':')
			return;
	} else if (!colon || strchr(to, ':') != colon) {
		return;
	}
	*colon = '\0';
	*port = colon + 1;
}

static int
dial(const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *a;
	struct timeval wait = { .tv_sec = WAIT };
	char *to = mem_strdup(name);
	const char *host, *port;
	int fd = -1, error;

	split(to, &host, &port);
	error = getaddrinfo(host, port, &hints, &list);
	if (error) {
		cli_fail(0, "%s: %s", name, gai_strerror(error));
		mem_free(to);
		return -1;
	}
	for (a = list; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
		if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
			error = errno;
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0)
		cli_fail(0, "%s: %s", name, strerror(error));
	freeaddrinfo(list);
	mem_free(to);
	return fd;
}

static int
put(struct client *c, const char *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = send(c->fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* What has arrived is shown as it is, before it is parsed. */
static ssize_t
fill(struct client *c)
{
	char *p = buf_reserve(&c->in, 4096);
	ssize_t n;

	do
		n = recv(c->fd, p, 4096, 0);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		fwrite(p, 1, (size_t)n, stdout);
		fflush(stdout);
		buf_commit(&c->in, (size_t)n);
	}
	return n;
}

/* The code of the next reply; -1 after a line on stderr. */
static int
expect(struct client *c)
{
	enum reply_result got;
	ssize_t n;

	while ((got = reply_parse(&c->parser, &c->in)) == REPLY_MORE) {
		n = fill(c);
		if (n <= 0)
			return cli_fail(-1, "%s", n == 0 ? "the server closed "
			    "the connection" : strerror(errno));
	}
	if (got == REPLY_MALFORMED)
		return cli_fail(-1, "the server sent what is no reply");
	return c->parser.reply.code;
}

/* Is the reply of the class?  If not, the exit status is noted. */
static bool
answered(struct client *c, int class)
{
	int code = expect(c);

	if (code >= 0 && reply_class(code) == class)
		return true;
	if (code >= 500)
		c->refused = CLI_REFUSED;
	else if (c->refused != CLI_REFUSED)
		c->refused = CLI_RETRY;
	return false;
}

static bool say(struct client *, int class, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool
say(struct client *c, int class, const char *fmt, ...)
{
	char line[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line - 2, fmt, ap);
	va_end(ap);
	strcat(line, "\r\n");
	put(c, line, strlen(line));
	return answered(c, class);
}

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

	if (!say(c, 2, "MAIL FROM:<%s>", cli->from ? cli->from : ""))
		return false;
	for (i = 0; i < count; i++)
		accepted += say(c, 2, "RCPT TO:<%s>", rcpt[i]);
	return accepted > 0;
}

static bool
content(struct client *c, const struct buf *message)
{
	struct body_writer w;
	struct buf out;
	bool taken;

	if (!say(c, 3, "DATA"))
		return false;
	buf_init(&out);
	body_writer_init(&w);
	body_write(&w, message->p, message->len, &out);
	body_write_end(&w, &out);
	put(c, out.p, out.len);
	taken = answered(c, 2);
	buf_clear(&out);
	return taken;
}

static int
converse(struct client *c, const struct cli *cli, const struct buf *message)
{
	char name[ADDR_TEXT_MAX + 8];
	int code = expect(c);

	if (code < 0 || reply_class(code) != 2)
		return code >= 500 ? CLI_REFUSED : CLI_RETRY;
	hello_name(c, name, sizeof name);
	if (!say(c, 2, "EHLO %s", name)) {
		c->refused = CLI_OK;
		if (!say(c, 2, "HELO %s", name))
			return c->refused;
	}
	if (envelope(c, cli))
		content(c, message);
	code = c->refused;
	say(c, 2, "QUIT");
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

int
cmd_send(struct cli *cli)
{
	struct client c = { .fd = -1 };
	int status = CLI_USAGE;
	struct buf message;

	buf_init(&message);
	buf_init(&c.in);
	reply_parser_init(&c.parser);
	if (read_message(cli, &message) < 0)
		goto out;
	status = CLI_RETRY;
	c.fd = dial(cli->to ? cli->to : "127.0.0.1:2525");
	if (c.fd < 0)
		goto out;
	status = converse(&c, cli, &message);
	close(c.fd);
out:
	buf_clear(&message);
	buf_clear(&c.in);
	return status;
}
