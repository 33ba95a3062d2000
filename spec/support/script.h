#ifndef SCRIPT_H
#define SCRIPT_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * script: a server that plays a part, one connection after the other, in a
 * thread.  A part is lines:
 *
 *	> TEXT		send TEXT and CRLF
 *	>TEXT		octet by octet, without CRLF; VT is sent as LF
 *	< TEXT		read a line; it must be TEXT ("*" at the end: begin so)
 *	<.		read content up to the lone dot, which is kept
 *	rst		end with a reset		end	end with FIN
 *	wait		until the client has gone
 *	next		the next connection; this one stays open to the end
 *
 * What went otherwise is in error when script_end has returned.
 */
struct script {
	const char *part;
	int listener;
	pthread_t thread;
	char error[512];
	char content[8192];
	size_t len;
	unsigned connections;
};

static int
script_listen(unsigned short *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&sin, sizeof sin) < 0 ||
	    listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) < 0)
		exit(1);
	*port = ntohs(sin.sin_port);
	return fd;
}

static bool
script_read_line(int fd, char *out, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && read(fd, out + n, 1) == 1) {
		if (out[n++] != '\n')
			continue;
		out[n] = '\0';
		return true;
	}
	out[n] = '\0';
	return false;
}

static void
script_read_content(struct script *s, int fd)
{
	char line[4096];

	while (script_read_line(fd, line, sizeof line)) {
		size_t n = strlen(line);

		if (s->len + n < sizeof s->content) {
			memcpy(s->content + s->len, line, n + 1);
			s->len += n;
		}
		if (strcmp(line, ".\r\n") == 0)
			return;
	}
	snprintf(s->error, sizeof s->error, "content ended without a dot");
}

static void
script_expect(struct script *s, int fd, const char *want, size_t len)
{
	bool begin = len && want[len - 1] == '*';
	char line[4096];

	len -= begin;
	if (!script_read_line(fd, line, sizeof line))
		snprintf(s->error, sizeof s->error, "no \"%.*s\"", (int)len,
		    want);
	else if (strncmp(line, want, len) != 0 ||
	    (!begin && strcmp(line + len, "\r\n") != 0))
		snprintf(s->error, sizeof s->error, "want \"%.*s\" got \"%s\"",
		    (int)len, want, line);
}

static void
script_send_raw(int fd, const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		(void)!send(fd, p[i] == '\v' ? "\n" : p + i, 1, MSG_NOSIGNAL);
}

/* One line of a part; the connection, or -1 once it has ended. */
static int
script_play(struct script *s, int fd, const char *p, size_t len)
{
	const struct linger hard = { 1, 0 };
	char junk[512];

	if (len > 1 && p[0] == '>' && p[1] == ' ') {
		(void)!send(fd, p + 2, len - 2, MSG_NOSIGNAL | MSG_MORE);
		(void)!send(fd, "\r\n", 2, MSG_NOSIGNAL);
	} else if (p[0] == '>') {
		script_send_raw(fd, p + 1, len - 1);
	} else if (len == 2 && p[0] == '<' && p[1] == '.') {
		script_read_content(s, fd);
	} else if (p[0] == '<') {
		script_expect(s, fd, p + 2, len - 2);
	} else if (strncmp(p, "wait", 4) == 0) {
		while (read(fd, junk, sizeof junk) > 0)
			continue;
	} else {
		if (strncmp(p, "rst", 3) == 0)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard,
			    sizeof hard);
		close(fd);
		return -1;
	}
	return fd;
}

static void *
script_main(void *arg)
{
	struct script *s = arg;
	int open[16], count = 0, fd = -1;
	const char *p, *end;

	for (p = s->part; *p && !*s->error; p = *end ? end + 1 : end) {
		end = strchr(p, '\n');
		if (!end)
			end = p + strlen(p);
		if (strncmp(p, "next", 4) == 0) {
			open[count++] = fd;
			fd = -1;
			continue;
		}
		if (fd < 0) {
			fd = accept(s->listener, NULL, NULL);
			s->connections++;
		}
		fd = script_play(s, fd, p, (size_t)(end - p));
	}
	if (fd >= 0)
		close(fd);
	while (count)
		close(open[--count]);
	return NULL;
}

static void
script_start(struct script *s, int listener, const char *part)
{
	memset(s, 0, sizeof *s);
	s->part = part;
	s->listener = listener;
	pthread_create(&s->thread, NULL, script_main, s);
}

static void
script_end(struct script *s)
{
	pthread_join(s->thread, NULL);
}

#endif
