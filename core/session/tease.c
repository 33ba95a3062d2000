#include "buf.h"
#include "conn.h"

#include "session_io.h"

#include "session.h"

enum { TEXT_MAX = 400 };	/* of a reply line: RFC 5321 4.5.3.1.5 */

/* The text, as one line of a reply. */
static void
put_line(struct buf *out, const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i < TEXT_MAX; i++) {
		char c = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';

		buf_append(out, &c, 1);
	}
	buf_puts(out, "\r\n");
}

bool
session_tease(struct session *s, const char *text)
{
	if (!s->asking || s->question.stage != STAGE_CONNECT ||
	    s->state != SESSION_GREETING || s->conn == NULL || s->io->teased)
		return false;
	s->io->teased = true;
	buf_printf(conn_output(s->conn), "220-%s ", s->conf->hostname);
	put_line(conn_output(s->conn), text);
	conn_flush(s->conn);
	return true;
}
