#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "buf.h"
#include "path.h"
#include "proxy.h"

#include "ehlo.h"
#include "relay.h"

#include "identity.h"

enum { LINE_MAX = 510, VALUE_MAX = 256 };

/* Lines that are being written: the last one begins at `line`. */
struct writer {
	struct buf *out;
	const char *verb;
	size_t line;
	unsigned attributes, hidden;
};

/* " NAME=value", in xtext, on a new line where this one is full.  A value that
 * does not fit into any is not known. */
static void
put(struct writer *w, enum ehlo_xclient attribute, const char *value)
{
	const char *name = ehlo_attribute(attribute);
	char text[VALUE_MAX];
	size_t len;

	if (!(w->attributes & 1u << attribute))
		return;
	if (!value || !*value || w->hidden & 1u << attribute ||
	    path_xtext_encode(value, strlen(value), text, sizeof text) < 0)
		snprintf(text, sizeof text, "[UNAVAILABLE]");
	len = strlen(name) + strlen(text) + sizeof " =" - 1;
	if (w->out->len > w->line && w->out->len - w->line + len > LINE_MAX) {
		buf_puts(w->out, "\n");
		w->line = w->out->len;
	}
	if (w->out->len == w->line)
		buf_puts(w->out, w->verb);
	buf_printf(w->out, " %s=%s", name, text);
}

/* 0.0.0.0 stands for an address that we were told is not known. */
static void
put_address(struct writer *w, enum ehlo_xclient attribute,
    const struct addr *a)
{
	char text[ADDR_TEXT_MAX + sizeof "IPV6:"] = "", ip[ADDR_TEXT_MAX];

	if (!addr_is_wildcard(a) &&
	    (addr_family(a) == AF_INET || addr_family(a) == AF_INET6))
		snprintf(text, sizeof text, "%s%s",
		    addr_family(a) == AF_INET6 ? "IPV6:" : "", addr_ip(a, ip));
	put(w, attribute, text);
}

static void
put_port(struct writer *w, enum ehlo_xclient attribute, const struct addr *a)
{
	char text[16] = "";

	if (addr_port(a))
		snprintf(text, sizeof text, "%u", (unsigned)addr_port(a));
	put(w, attribute, text);
}

/* What both verbs have. */
static void
put_client(struct writer *w, const struct relay_session *s)
{
	put(w, EHLO_X_NAME, s->name);
	put_address(w, EHLO_X_ADDR, s->client);
	put_port(w, EHLO_X_PORT, s->client);
	put(w, EHLO_X_PROTO, s->esmtp ? "ESMTP" : "SMTP");
	put(w, EHLO_X_HELO, s->helo);
}

static void
end(struct writer *w)
{
	if (w->out->len > w->line)
		buf_puts(w->out, "\n");
}

static void
put_xclient(struct writer *w, const struct relay_session *s)
{
	put_client(w, s);
	put(w, EHLO_X_REVERSE_NAME, s->name);
	put(w, EHLO_X_LOGIN, s->login);
	put_address(w, EHLO_X_DESTADDR, s->server);
	put_port(w, EHLO_X_DESTPORT, s->server);
	end(w);
}

/* EHLO says the name of HELO, too. */
void
identity_xclient(struct buf *out, const struct relay_session *s,
    unsigned attributes)
{
	static const enum ehlo_xclient dispensable[] = {
		EHLO_X_REVERSE_NAME, EHLO_X_HELO, EHLO_X_NAME, EHLO_X_LOGIN,
	};
	const size_t count = sizeof dispensable / sizeof dispensable[0];
	struct writer w = { out, "XCLIENT", 0, attributes, 0 };
	size_t i;

	put_xclient(&w, s);
	for (i = 0; w.line > 0 && i < count; i++) {
		w.hidden |= 1u << dispensable[i];
		w.line = 0;
		buf_empty(out);
		put_xclient(&w, s);
	}
}

void
identity_xforward(struct buf *out, const struct relay_session *s,
    unsigned attributes, const char *id)
{
	struct writer w = { out, "XFORWARD", out->len, attributes, 0 };

	put_client(&w, s);
	put(&w, EHLO_X_IDENT, id);
	put(&w, EHLO_X_SOURCE, "REMOTE");
	end(&w);
}

void
identity_proxy(struct buf *out, const struct relay_session *s)
{
	static const struct addr none;

	proxy_write(out, s ? s->client : &none, s ? s->server : &none);
}
