#include <string.h>

#include <openssl/evp.h>

#include "buf.h"
#include "conn.h"
#include "reply.h"
#include "sasl.h"

#include "nexthop.h"

#include "upstream_state.h"

/*
 * AUTH as a client: PLAIN (RFC 4616), or LOGIN where that is all there is
 * (RFC 4954).  What is secret goes straight to the connection, is wiped from
 * every buffer that can be reached once it is sent, and is never in a text
 * for the log; nor is what the server answered, for it may echo it.
 */
enum { COMMAND_MAX = 510 };	/* of a line, without its end (RFC 5321 4.5.3) */

static void
put_base64(struct buf *out, const char *p, size_t len)
{
	char *to = buf_reserve(out, (len + 2) / 3 * 4 + 1);

	buf_commit(out, (size_t)EVP_EncodeBlock((unsigned char *)to,
	    (const unsigned char *)p, (int)len));
}

/* NUL user NUL password, in base64 (RFC 4616 2). */
static void
put_plain(struct upstream *u, struct buf *out)
{
	const char *user = u->conf.hop->user;
	struct buf plain;

	buf_init(&plain);
	buf_append(&plain, "", 1);
	buf_append(&plain, user, strlen(user) + 1);
	buf_append(&plain, u->conf.password, u->conf.password_len);
	put_base64(out, plain.p, plain.len);
	buf_wipe(&plain);
	buf_clear(&plain);
}

/* One line, which is wiped. */
static bool
send_line(struct upstream *u, struct buf *line)
{
	struct buf *out = conn_output(u->conn);

	buf_puts(line, "\r\n");
	buf_append(out, line->p, line->len);
	buf_wipe(line);
	buf_clear(line);
	conn_flush(u->conn);
	if (!conn_unsent(u->conn))
		buf_wipe(out);
	upstream_expect(u, UPSTREAM_AUTH);
	upstream_set_deadline(u);
	return true;
}

static bool
start_plain(struct upstream *u)
{
	struct buf line;

	buf_init(&line);
	buf_puts(&line, "AUTH PLAIN ");
	put_plain(u, &line);
	if (line.len > COMMAND_MAX) {
		buf_wipe(&line);
		buf_puts(&line, "AUTH PLAIN");
	} else {
		u->auth_step = 1;
	}
	return send_line(u, &line);
}

static bool
start_login(struct upstream *u)
{
	struct buf line;

	buf_init(&line);
	buf_puts(&line, "AUTH LOGIN");
	u->login = true;
	return send_line(u, &line);
}

bool
upstream_auth_start(struct upstream *u)
{
	u->auth_step = 0;
	if (!u->secured && u->conf.hop->tls != NEXTHOP_TLS_OFF)
		upstream_lose(u, UPSTREAM_INSECURE,
		    "no TLS, so no AUTH either");
	else if (!u->conf.password)
		upstream_lose(u, UPSTREAM_DENIED, "no password for AUTH");
	else if (u->ehlo.auth & 1u << SASL_PLAIN)
		return start_plain(u);
	else if (u->ehlo.auth & 1u << SASL_LOGIN)
		return start_login(u);
	else
		upstream_lose(u, UPSTREAM_DENIED,
		    "AUTH: neither PLAIN nor LOGIN is offered");
	return false;
}

/* What the next challenge asks for; false if it asks for too much. */
static bool
answer(struct upstream *u, struct buf *line)
{
	const char *user = u->conf.hop->user;

	switch (u->auth_step++) {
	case 0:
		if (u->login)
			put_base64(line, user, strlen(user));
		else
			put_plain(u, line);
		return true;
	case 1:
		if (u->login)
			put_base64(line, u->conf.password,
			    u->conf.password_len);
		return u->login;
	default:
		return false;
	}
}

bool
upstream_auth_reply(struct upstream *u, const struct reply *reply)
{
	const char *mechanism = u->login ? "LOGIN" : "PLAIN";
	struct buf line;

	if (reply->code == 235) {
		u->authenticated = true;
		return upstream_hello_advance(u);
	}
	buf_init(&line);
	if (reply->code == 334 && answer(u, &line))
		return send_line(u, &line);
	buf_clear(&line);
	upstream_lose(u, reply_class(reply->code) == 5 ? UPSTREAM_DENIED :
	    UPSTREAM_UNREACHED, "AUTH %s as %s refused: %d %s", mechanism,
	    u->conf.hop->user, reply->code, reply->enhanced);
	return false;
}
