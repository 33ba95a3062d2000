/*
 * sink: an SMTP server that takes everything and keeps nothing, the next hop
 * of `make bench`.  One process, one epoll set.  XCOUNT is answered with the
 * messages taken so far.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_MAX = 128 * 1024, OUT_MAX = 16 * 1024 };

struct client {
	int fd;
	bool data, quit;
	size_t in_len, out_len;
	char in[IN_MAX], out[OUT_MAX];
};

static int ep;
static unsigned long count;

static void
answer(struct client *c, const char *text)
{
	size_t n = strlen(text);

	if (c->out_len + n <= OUT_MAX) {
		memcpy(c->out + c->out_len, text, n);
		c->out_len += n;
	}
}

static void
on_command(struct client *c, const char *p)
{
	char text[64];

	if (strncasecmp(p, "EHLO", 4) == 0)
		answer(c, "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
		    "250-ENHANCEDSTATUSCODES\r\n250 SIZE 104857600\r\n");
	else if (strncasecmp(p, "DATA", 4) == 0) {
		answer(c, "354 go on\r\n");
		c->data = true;
	} else if (strncasecmp(p, "QUIT", 4) == 0) {
		answer(c, "221 2.0.0 bye\r\n");
		c->quit = true;
	} else if (strncasecmp(p, "XCOUNT", 6) == 0) {
		snprintf(text, sizeof text, "250 %lu\r\n", count);
		answer(c, text);
	} else
		answer(c, "250 2.0.0 ok\r\n");
}

/* Take what can be taken from the front of in; returns octets used. */
static size_t
take(struct client *c, const char *p, size_t len)
{
	const char *end;

	if (c->data) {
		if (len >= 3 && memcmp(p, ".\r\n", 3) == 0)
			end = p - 2;	/* an empty message */
		else
			end = memmem(p, len, "\r\n.\r\n", 5);
		if (end == NULL)
			return len > 4 ? len - 4 : 0;
		c->data = false;
		count++;
		answer(c, "250 2.0.0 ok queued as SINK\r\n");
		return (size_t)(end - p) + 5;
	}
	end = memchr(p, '\n', len);
	if (end == NULL)
		return 0;
	on_command(c, p);
	return (size_t)(end - p) + 1;
}

static void
on_readable(struct client *c)
{
	ssize_t n = read(c->fd, c->in + c->in_len, IN_MAX - c->in_len);
	size_t off = 0, used;

	if (n <= 0) {
		if (n < 0 && errno == EAGAIN)
			return;
		close(c->fd);
		free(c);
		return;
	}
	c->in_len += (size_t)n;
	while (off < c->in_len &&
	    (used = take(c, c->in + off, c->in_len - off)) > 0)
		off += used;
	c->in_len -= off;
	memmove(c->in, c->in + off, c->in_len);
	if (c->out_len > 0 && write(c->fd, c->out, c->out_len) < 0)
		c->quit = true;
	c->out_len = 0;
	if (c->quit) {
		close(c->fd);
		free(c);
	}
}

static void
on_accept(int listener)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct client *c;
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		c = malloc(sizeof *c);
		if (c == NULL)
			abort();
		c->fd = fd;
		c->data = c->quit = false;
		c->in_len = c->out_len = 0;
		answer(c, "220 sink.test ESMTP\r\n");
		if (write(fd, c->out, c->out_len) < 0)
			c->quit = true;
		c->out_len = 0;
		e.data.ptr = c;
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct epoll_event ev[256], e = { .events = EPOLLIN };
	int listener, one = 1, n;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 2601));
	signal(SIGPIPE, SIG_IGN);
	ep = epoll_create1(EPOLL_CLOEXEC);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(listener, (struct sockaddr *)&a, sizeof a) < 0 ||
	    listen(listener, 4096) < 0) {
		perror("sink: bind");
		return 1;
	}
	epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
	for (;;) {
		n = epoll_wait(ep, ev, 256, -1);
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr == NULL)
				on_accept(listener);
			else
				on_readable(ev[i].data.ptr);
		}
	}
}
