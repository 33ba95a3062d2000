#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "conn.h"
#include "reply.h"

#include "identity.h"
#include "nexthop.h"

#include "upstream_state.h"

/*
 * From a connection to one that is ready for mail: banner, EHLO, STARTTLS and
 * EHLO again, AUTH; later XCLIENT and EHLO again.
 */
static void
hello(struct upstream *u)
{
	const char *verb = upstream_is_lmtp(u) ? "LHLO" : "EHLO";

	if (u->hello_failed)
		verb = "HELO";
	upstream_command(u, UPSTREAM_HELLO, "%s %s", verb,
	    *u->helo ? u->helo : u->conf.hostname);
}

static bool
handshake(struct upstream *u)
{
	if (!u->conf.tls) {
		upstream_lose(u, UPSTREAM_INSECURE, "TLS: %s",
		    u->conf.tls_error);
		return false;
	}
	u->securing = true;
	conn_secure_client(u->conn, u->conf.tls);
	upstream_set_deadline(u);
	return true;
}

void
upstream_hello_start(struct upstream *u)
{
	upstream_expect(u, UPSTREAM_BANNER);
	if (u->preface.len)
		conn_send(u->conn, u->preface.p, u->preface.len);
	if (u->conf.hop->implicit_tls)
		handshake(u);
	else
		upstream_set_deadline(u);
}

/* What was offered in the clear is not believed (RFC 3207 4.2). */
void
upstream_hello_secured(struct upstream *u)
{
	u->securing = false;
	u->secured = true;
	memset(&u->ehlo, 0, sizeof u->ehlo);
	u->hello_failed = false;
	if (u->expected.len)
		upstream_set_deadline(u);	/* for the banner */
	else
		hello(u);
}

/* Is TLS to be had now, as far as it can or has to be? */
static bool
wants_tls(struct upstream *u)
{
	enum nexthop_tls want = u->conf.hop->tls;

	if (u->secured || want == NEXTHOP_TLS_OFF)
		return false;
	if (want == NEXTHOP_TLS_TRY && !(u->ehlo.offers & EHLO_STARTTLS))
		u->clear = true;
	return want != NEXTHOP_TLS_TRY || !u->clear;
}

static bool
start_tls(struct upstream *u)
{
	if (u->ehlo.offers & EHLO_STARTTLS) {
		upstream_command(u, UPSTREAM_STARTTLS, "STARTTLS");
		return true;
	}
	upstream_lose(u, UPSTREAM_INSECURE, "STARTTLS is not offered");
	return false;
}

bool
upstream_hello_advance(struct upstream *u)
{
	const struct upstream_event ready = { .what = UPSTREAM_READY };

	if (wants_tls(u))
		return start_tls(u);
	if (u->conf.hop->user && !u->authenticated)
		return upstream_auth_start(u);
	if (!u->xclient)
		u->xclient = u->ehlo.xclient;
	u->ready = true;
	return upstream_tell(u, &ready);
}

/* HELO is for servers that know nothing else (RFC 5321 3.2). */
static bool
on_hello(struct upstream *u, const struct reply *reply)
{
	int class = reply_class(reply->code);

	if (class == 5 && !u->hello_failed && !upstream_is_lmtp(u)) {
		u->hello_failed = true;
		hello(u);
		return true;
	}
	if (class != 2) {
		upstream_lose(u, UPSTREAM_UNREACHED, "greeting refused: %d %s",
		    reply->code, reply->text);
		return false;
	}
	memset(&u->ehlo, 0, sizeof u->ehlo);
	if (!u->hello_failed)
		ehlo_parse(reply, &u->ehlo);
	return upstream_hello_advance(u);
}

/* What stands behind the 220 was not sent by whom the handshake will prove:
 * somebody has put words into the server's mouth. */
static bool
on_starttls(struct upstream *u, const struct reply *reply)
{
	if (conn_input(u->conn)->len) {
		upstream_lose(u, UPSTREAM_UNREACHED,
		    "octets behind the reply to STARTTLS");
		return false;
	}
	if (reply->code == 220)
		return handshake(u);
	if (u->conf.hop->tls == NEXTHOP_TLS_TRY) {
		u->clear = true;
		return upstream_hello_advance(u);
	}
	upstream_lose(u, UPSTREAM_INSECURE, "STARTTLS refused: %d %s",
	    reply->code, reply->text);
	return false;
}

bool
upstream_hello_reply(struct upstream *u, enum upstream_verb verb,
    const struct reply *reply)
{
	if (verb == UPSTREAM_HELLO)
		return on_hello(u, reply);
	if (verb == UPSTREAM_STARTTLS)
		return on_starttls(u, reply);
	if (verb == UPSTREAM_AUTH)
		return upstream_auth_reply(u, reply);
	if (reply_class(reply->code) == 2) {
		hello(u);
		return true;
	}
	upstream_lose(u, u->preface.len || verb == UPSTREAM_XCLIENT ?
	    UPSTREAM_REFUSED : UPSTREAM_UNREACHED, "%s: %d %s",
	    verb == UPSTREAM_BANNER ? "banner" : "XCLIENT refused",
	    reply->code, reply->text);
	return false;
}

static bool
wants(const struct upstream *u, enum nexthop_identity one)
{
	enum nexthop_identity want = u->conf.hop->identity;

	return want == one || want == NEXTHOP_IDENTITY_BEST;
}

/* What would be said of that client; true if it was said already. */
static bool
describe(const struct upstream *u, const struct relay_session *session,
    struct buf *out)
{
	const char *helo = session->helo ? session->helo : "";

	identity_xclient(out, session, u->xclient);
	buf_append(out, "", 1);
	return u->identity.len && strcmp(out->p, u->identity.p) == 0 &&
	    strcmp(helo, u->helo) == 0;
}

/* Postfix, once told, takes the client's rights for ours, and no XCLIENT from
 * most. */
bool
upstream_is_bound(const struct upstream *u)
{
	return u->identity.len && !u->ehlo.xclient;
}

bool
upstream_suits(const struct upstream *u, const struct relay_session *session)
{
	struct buf lines;
	bool same;

	if (!upstream_is_bound(u))
		return true;
	buf_init(&lines);
	same = session && describe(u, session, &lines);
	buf_clear(&lines);
	return same;
}

bool
upstream_introduce(struct upstream *u, const struct relay_session *session)
{
	struct buf lines;

	if (!u->xclient || !wants(u, NEXTHOP_IDENTITY_XCLIENT))
		return false;
	buf_init(&lines);
	if (describe(u, session, &lines)) {
		buf_clear(&lines);
		return false;
	}
	buf_clear(&u->identity);
	u->identity = lines;
	u->ready = u->hello_failed = false;
	snprintf(u->helo, sizeof u->helo, "%s",
	    session->helo ? session->helo : "");
	upstream_command(u, UPSTREAM_XCLIENT, "%.*s",
	    (int)strcspn(u->identity.p, "\n"), u->identity.p);
	return true;
}

void
upstream_forward(struct upstream *u, const struct relay_session *session,
    const char *id)
{
	struct buf lines;
	const char *p;
	size_t len;

	if (u->xclient && wants(u, NEXTHOP_IDENTITY_XCLIENT))
		return;
	if (!u->ehlo.xforward || !wants(u, NEXTHOP_IDENTITY_XFORWARD))
		return;
	buf_init(&lines);
	identity_xforward(&lines, session, u->ehlo.xforward, id);
	buf_append(&lines, "", 1);
	for (p = lines.p; *p; p += len + 1) {
		len = strcspn(p, "\n");
		upstream_command(u, UPSTREAM_XFORWARD, "%.*s", (int)len, p);
	}
	buf_clear(&lines);
}
