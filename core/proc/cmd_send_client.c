#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "mem.h"
#include "tls.h"

#include "cli.h"
#include "cmd_send.h"

enum { WAIT = 300 };		/* seconds for any reply, RFC 5321 4.5.3.2 */

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

int
client_open(struct client *c, const char *to)
{
	memset(c, 0, sizeof *c);
	buf_init(&c->in);
	reply_parser_init(&c->parser);
	c->fd = dial(to);
	return c->fd < 0 ? -1 : 0;
}

void
client_close(struct client *c)
{
	if (c->tls)
		(void)tls_shutdown(c->tls);
	tls_free(c->tls);
	if (c->fd >= 0)
		close(c->fd);
	buf_clear(&c->in);
}

/* The descriptor blocks: so does the handshake. */
int
client_secure(struct client *c)
{
	struct tls_client_conf conf = { .trust = TLS_TRUST_ANY };
	char error[TLS_ERROR_MAX];
	struct tls_client *any = tls_client_new(&conf, error);

	if (!any)
		return cli_fail(-1, "%s", error);
	buf_empty(&c->in);
	c->tls = tls_connect(any, c->fd, c->fd);
	tls_client_free(any);
	if (tls_handshake(c->tls) == 1)
		return 0;
	return cli_fail(-1, "%s", *tls_error(c->tls) ? tls_error(c->tls) :
	    strerror(errno));
}

int
client_put(struct client *c, const char *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = c->tls ? tls_write(c->tls, p, len) :
		    send(c->fd, p, len, MSG_NOSIGNAL);
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
		n = c->tls ? tls_read(c->tls, p, 4096) :
		    recv(c->fd, p, 4096, 0);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		fwrite(p, 1, (size_t)n, stdout);
		fflush(stdout);
		buf_commit(&c->in, (size_t)n);
	}
	return n;
}

int
client_expect(struct client *c)
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

bool
client_answered(struct client *c, int class)
{
	int code = client_expect(c);

	if (code >= 0 && reply_class(code) == class)
		return true;
	if (code >= 500)
		c->refused = CLI_UNAVAILABLE;
	else if (c->refused != CLI_UNAVAILABLE)
		c->refused = CLI_RETRY;
	return false;
}

bool
client_say(struct client *c, int class, const char *fmt, ...)
{
	char line[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line - 2, fmt, ap);
	va_end(ap);
	strcat(line, "\r\n");
	client_put(c, line, strlen(line));
	return client_answered(c, class);
}
