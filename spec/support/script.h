#ifndef SCRIPT_H
#define SCRIPT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"

/*
 * script: a server that plays a part, one connection after the other, in a
 * thread.  A part is lines:
 *
 *	> TEXT		send TEXT and CRLF
 *	>TEXT		octet by octet, without CRLF; VT is sent as LF
 *	< TEXT		read a line; it must be TEXT ("*" at the end: begin so)
 *	<.		read content up to the lone dot, which is kept
 *	rst		end with a reset		end	end with FIN
 *	wait		until the client has gone	gone	it says nothing more
 *	next		the next connection; this one stays open to the end
 *
 * What went otherwise is in error when script_end has returned.  A listener
 * that is shut down ends a part that waits for a connection.
 */
struct script {
	const char *part;
	int listener;
	pthread_t thread;
	char error[512];
	char content[8192];
	size_t len, received;	/* kept; and come */
};

static inline int
script_listen(unsigned short *port)
{
	struct sockaddr_in sin;
	int fd = loopback_listen(&sin);

	*port = ntohs(sin.sin_port);
	return fd;
}

static void
script_read_content(struct script *s, FILE *in)
{
	char line[4096];

	while (fgets(line, sizeof line, in)) {
		size_t n = strlen(line);

		s->received += n;
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
script_expect(struct script *s, FILE *in, const char *want, size_t len)
{
	bool begin = len && want[len - 1] == '*';
	char line[4096];

	len -= begin;
	if (!fgets(line, sizeof line, in))
		snprintf(s->error, sizeof s->error, "no \"%.*s\"", (int)len,
		    want);
	else if (strncmp(line, want, len) != 0 ||
	    (!begin && strcmp(line + len, "\r\n") != 0))
		snprintf(s->error, sizeof s->error, "want \"%.*s\" got \"%.200s\"",
		    (int)len, want, line);
}

static void
script_send_raw(int fd, const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		(void)!send(fd, p[i] == '\v' ? "\n" : p + i, 1, MSG_NOSIGNAL);
}

/* One line of a part.  The connection, or NULL once it has ended. */
static FILE *
script_play(struct script *s, FILE *in, const char *p, size_t len)
{
	const struct linger hard = { 1, 0 };
	int fd = fileno(in);

	if (len > 1 && p[0] == '>' && p[1] == ' ') {
		(void)!send(fd, p + 2, len - 2, MSG_NOSIGNAL | MSG_MORE);
		(void)!send(fd, "\r\n", 2, MSG_NOSIGNAL);
	} else if (p[0] == '>') {
		script_send_raw(fd, p + 1, len - 1);
	} else if (len == 2 && p[0] == '<' && p[1] == '.') {
		script_read_content(s, in);
	} else if (p[0] == '<') {
		script_expect(s, in, p + 2, len - 2);
	} else if (strncmp(p, "gone", 4) == 0) {
		if (getc(in) != EOF)
			snprintf(s->error, sizeof s->error, "more was said");
	} else if (strncmp(p, "wait", 4) == 0) {
		while (getc(in) != EOF)
			continue;
	} else {
		if (strncmp(p, "rst", 3) == 0)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard,
			    sizeof hard);
		fclose(in);
		return NULL;
	}
	return in;
}

static void *
script_main(void *arg)
{
	struct script *s = arg;
	FILE *open[16], *in = NULL;
	const char *p, *end;
	int count = 0;

	for (p = s->part; *p && !*s->error; p = *end ? end + 1 : end) {
		end = strchr(p, '\n');
		if (!end)
			end = p + strlen(p);
		if (strncmp(p, "next", 4) == 0) {
			open[count++] = in;
			in = NULL;
			continue;
		}
		if (!in && !(in = fdopen(accept(s->listener, NULL, NULL),
		    "r"))) {
			snprintf(s->error, sizeof s->error, "nobody came");
			break;
		}
		in = script_play(s, in, p, (size_t)(end - p));
	}
	if (in)
		fclose(in);
	while (count)
		fclose(open[--count]);
	return NULL;
}

static inline void
script_start(struct script *s, int listener, const char *part)
{
	memset(s, 0, sizeof *s);
	s->part = part;
	s->listener = listener;
	pthread_create(&s->thread, NULL, script_main, s);
}

static inline void
script_end(struct script *s)
{
	pthread_join(s->thread, NULL);
}

#endif
