#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "command.h"
#include "reply.h"
#include "session.h"
#include "notice.h"

#include "roster.h"

enum { LIST_MAX = 1024 * 1024 };	/* octets; what is beyond is left out */

void
roster_add(struct roster *r, struct session *s)
{
	s->next = r->first;
	s->prev = &r->first;
	if (r->first)
		r->first->prev = &s->next;
	r->first = s;
	r->count++;
}

void
roster_remove(struct roster *r, struct session *s)
{
	*s->prev = s->next;
	if (s->next)
		s->next->prev = s->prev;
	s->next = NULL;
	s->prev = NULL;
	r->count--;
}

size_t
roster_count(const struct roster *r)
{
	return r->count;
}

/* fn may end the session it is given, and no other. */
static void
for_all(struct roster *r, void (*fn)(struct session *))
{
	struct session *s, *next;

	for (s = r->first; s; s = next) {
		next = s->next;
		fn(s);
	}
}

void
roster_drain_all(struct roster *r)
{
	for_all(r, session_drain);
}

static void
cut(struct session *s)
{
	struct reply r;

	reply_set(&r, 421, "4.3.2", "shutting down");
	session_end(s, SESSION_DRAIN, &r);
}

void
roster_cut_all(struct roster *r)
{
	for_all(r, cut);
}

void
roster_free_all(struct roster *r)
{
	for_all(r, session_free);
}

/* A value from outside: printable ASCII, or nothing of it can be told from
 * what we write ourselves. */
static void
put_quoted(struct buf *out, const char *s)
{
	buf_puts(out, "\"");
	for (; s && *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_printf(out, "\\%c", *s);
		else if (*s >= ' ' && *s <= '~')
			buf_append(out, s, 1);
		else
			buf_printf(out, "\\x%02x", (unsigned char)*s);
	}
	buf_puts(out, "\"");
}

static void
put_session(struct buf *out, const struct session *s)
{
	char text[ADDR_TEXT_MAX];
	const char *c;
	int v;

	buf_printf(out, "id=%s client=%s state=%s helo=", s->id,
	    addr_text(&s->client, text), session_state_name(s->state));
	put_quoted(out, s->helo);
	buf_printf(out, " seconds=%.1f", clock_wall() - s->began);
	for (v = 0; v < COMMAND_VERBS; v++) {
		if (s->verbs[v].all == 0)
			continue;
		buf_puts(out, " ");
		if (v == COMMAND_UNKNOWN)
			buf_puts(out, "unknown");
		else
			for (c = command_verb_name(v); *c; c++)
				buf_printf(out, "%c", *c | 0x20);
		buf_printf(out, "=%u/%u", s->verbs[v].ok, s->verbs[v].all);
	}
	buf_puts(out, "\n");
}

static int
seal(const struct buf *b)
{
	int fd = memfd_create("lunette-sessions",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (write(fd, b->p, b->len) == (ssize_t)b->len &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
	    F_SEAL_SEAL) == 0)
		return fd;
	close(fd);
	return -1;
}

void
roster_send(const struct roster *r, int channel, unsigned serial)
{
	struct notice_message m = { .kind = NOTICE_LIST, .serial = serial };
	const struct session *s;
	struct buf b;
	int fd;

	buf_init(&b);
	for (s = r->first; s && b.len < LIST_MAX; s = s->next)
		put_session(&b, s);
	fd = seal(&b);
	buf_clear(&b);
	if (fd < 0)
		return;		/* the one who asked has a deadline */
	(void)notice_send(channel, &m, fd);
	close(fd);
}

void
roster_kill(struct roster *r, int channel, const struct notice_message *asked)
{
	struct notice_message m = { .kind = NOTICE_KILLED,
	    .serial = asked->serial };
	struct session *s;

	for (s = r->first; s; s = s->next)
		if (strcmp(s->id, asked->text) == 0)
			break;
	m.number = s != NULL;
	(void)notice_send(channel, &m, -1);
	if (s)
		session_kill(s);
}
