#include <string.h>

#include "buf.h"
#include "clock.h"

#include "received.h"

enum { NAME_MAX_LEN = 255 };

/* A name as it may stand in the header: letters, digits and what domains and
 * address literals are made of. */
static void
put_name(struct buf *out, const char *name)
{
	size_t i, len;

	len = strnlen(name, NAME_MAX_LEN);
	for (i = 0; i < len; i++) {
		char c = name[i];
		int ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') ||
		    (c != '\0' && strchr("-._:[]", c) != NULL);

		buf_append(out, ok ? &c : "?", 1);
	}
}

static void
put_ip(struct buf *out, const struct addr *client)
{
	char text[ADDR_TEXT_MAX];

	addr_ip(client, text);
	buf_printf(out, "[%s%s]",
	    addr_family(client) == AF_INET6 ? "IPv6:" : "", text);
}

/* An address is printable by its grammar, and beyond ASCII only where the whole
 * message may be (RFC 6531). */
static void
put_rcpt(struct buf *out, const char *rcpt)
{
	buf_printf(out, "\r\n\tfor <%s>; ", rcpt);
}

static void
put_from(struct buf *out, const struct received *r)
{
	buf_puts(out, "from ");
	put_name(out, r->helo);
	buf_puts(out, " (");
	put_name(out, r->name != NULL ? r->name : "unknown");
	buf_puts(out, " ");
	put_ip(out, r->client);
	buf_puts(out, ")\r\n\t");
}

void
received_write(const struct received *r, struct buf *out)
{
	char date[CLOCK_TEXT_MAX];

	buf_puts(out, "Received: ");
	if (r->client != NULL)
		put_from(out, r);
	buf_printf(out, "by %s with %s id %s", r->hostname, r->protocol, r->id);
	if (r->rcpt != NULL)
		put_rcpt(out, r->rcpt);
	else
		buf_puts(out, ";\r\n\t");
	buf_printf(out, "%s\r\n", clock_rfc5322(r->when, date));
}
