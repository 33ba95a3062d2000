#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "conn.h"
#include "log.h"
#include "mem.h"
#include "path.h"

#include "ehlo.h"
#include "offer.h"
#include "session_io.h"
#include "verb.h"

#include "session.h"

/*
 * XCLIENT and XFORWARD, as Postfix has them: a peer that we trust with it says
 * who its client is.  With XCLIENT the session is that client's from then on,
 * and begins anew; with XFORWARD it is for the log alone.
 */
enum { TEXT_MAX = SESSION_HELO_MAX };

struct xforward {
	bool given[EHLO_X];
	char text[EHLO_X][TEXT_MAX + 1];	/* "": the peer does not know */
};

/* The address that it says; unknown is an address that no list has. */
static bool
parse_addr(const char *text, struct addr *out)
{
	bool six = strncasecmp(text, "IPV6:", 5) == 0;
	int family = six ? AF_INET6 : AF_INET;
	struct in6_addr ip = IN6ADDR_ANY_INIT;

	if (six)
		text += 5;
	if ((six || *text != '\0') && inet_pton(family, text, &ip) != 1)
		return false;
	addr_set_ip(family, &ip, 0, out);
	return true;
}

static bool
is_addr(const char *text)
{
	struct addr a;

	return parse_addr(text, &a);
}

static bool
is_port(const char *text)
{
	struct line line = { text, strlen(text) };
	unsigned long long n;

	return command_number(line, &n) == 0 && n > 0 && n <= 65535;
}

static bool
is_name(const char *text)
{
	return path_is_domain(text, strlen(text));
}

static bool
is_protocol(const char *text)
{
	return strcasecmp(text, "SMTP") == 0 || strcasecmp(text, "ESMTP") == 0;
}

static bool
is_source(const char *text)
{
	return strcasecmp(text, "LOCAL") == 0 ||
	    strcasecmp(text, "REMOTE") == 0;
}

static bool
is_text(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

/* Whatever a client may call itself, blanks are not in it. */
static bool
is_word(const char *text)
{
	return is_text(text) && strchr(text, ' ') == NULL;
}

enum { CLIENT = 1, FORWARD = 2 };

static const struct attribute {
	unsigned of;
	bool (*is_good)(const char *text);
} attributes[EHLO_X] = {
	[EHLO_X_NAME] = { CLIENT | FORWARD, is_name },
	[EHLO_X_ADDR] = { CLIENT | FORWARD, is_addr },
	[EHLO_X_PORT] = { CLIENT | FORWARD, is_port },
	[EHLO_X_PROTO] = { CLIENT | FORWARD, is_protocol },
	[EHLO_X_HELO] = { CLIENT | FORWARD, is_word },
	[EHLO_X_LOGIN] = { CLIENT, is_text },
	[EHLO_X_DESTADDR] = { CLIENT, is_addr },
	[EHLO_X_DESTPORT] = { CLIENT, is_port },
	[EHLO_X_IDENT] = { FORWARD, is_text },
	[EHLO_X_SOURCE] = { FORWARD, is_source },
	[EHLO_X_REVERSE_NAME] = { CLIENT, is_name },
};

/* What a client of Postfix's calls itself may be anything, and the log takes
 * anything. */
static bool
is_good(int i, unsigned of, const char *text)
{
	if (of == FORWARD && (i == EHLO_X_NAME || i == EHLO_X_HELO))
		return is_text(text);
	return attributes[i].is_good(text);
}

static bool
is_offered(const struct session *s, const char *keyword)
{
	bool barred = s->conf->tls == SESSION_TLS_REQUIRED && s->tls == NULL;

	return s->io->xclient && !barred && !offer_is_withheld(s, keyword);
}

const char *
verb_xclient_offer(const struct session *s)
{
	return is_offered(s, "XCLIENT") ? "XCLIENT NAME ADDR PORT PROTO HELO "
	    "LOGIN DESTADDR DESTPORT REVERSE_NAME" : NULL;
}

const char *
verb_xforward_offer(const struct session *s)
{
	return is_offered(s, "XFORWARD") ?
	    "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE" : NULL;
}

static bool
is_unavailable(const char *text)
{
	return strcasecmp(text, "[UNAVAILABLE]") == 0 ||
	    strcasecmp(text, "[TEMPUNAVAIL]") == 0;
}

static int
find(struct line name, unsigned of)
{
	int i;

	for (i = 0; i < EHLO_X; i++)
		if ((attributes[i].of & of) &&
		    line_is(name, ehlo_attribute((enum ehlo_xclient)i)))
			return i;
	return -1;
}

/* "NAME=value". */
static bool
take_one(struct line item, unsigned of, struct xforward *out)
{
	const char *equals = memchr(item.p, '=', item.len);
	struct line name = { item.p, 0 };
	char *text;
	int i, len;

	if (equals == NULL)
		return false;
	name.len = (size_t)(equals - item.p);
	i = find(name, of);
	if (i < 0)
		return false;
	text = out->text[i];
	len = path_xtext_decode(equals + 1, item.len - name.len - 1, text,
	    sizeof out->text[i]);
	if (len <= 0)
		return false;
	if (is_unavailable(text))
		*text = '\0';
	else if (!is_good(i, of, text))
		return false;
	out->given[i] = true;
	return true;
}

/* On top of what out holds; all of it is good, or it is not to be used. */
static bool
parse(struct line arg, unsigned of, struct xforward *out)
{
	while (arg.len > 0) {
		const char *space = memchr(arg.p, ' ', arg.len);
		struct line item = arg;

		if (space != NULL)
			item.len = (size_t)(space - arg.p);
		if (item.len > 0 && !take_one(item, of, out))
			return false;
		arg.p += item.len + (space != NULL);
		arg.len -= item.len + (space != NULL);
	}
	return true;
}

static bool
read_arguments(struct session *s, struct line arg, unsigned of,
    struct xforward *out)
{
	if (!is_offered(s, of == CLIENT ? "XCLIENT" : "XFORWARD")) {
		session_note(s, 550, "5.7.0", "not from this client");
		session_error(s, 550, "5.7.0", "not from this client");
	} else if (s->txn.open) {
		session_error(s, 503, "5.5.1", "not in a transaction");
	} else if (arg.len == 0 || !parse(arg, of, out)) {
		session_error(s, 501, "5.5.4", "bad attribute");
	} else {
		return true;
	}
	return false;
}

static void
set_port(struct addr *a, const char *text)
{
	struct line line = { text, strlen(text) };
	unsigned long long n = 0;

	command_number(line, &n);
	addr_set_port(a, (uint16_t)n);
}

static void
set_addr(struct addr *a, const struct xforward *x, int addr, int port)
{
	if (x->given[addr])
		parse_addr(x->text[addr], a);
	if (x->given[addr] || x->given[port])
		set_port(a, x->text[port]);
}

static const char *
known(struct session *s, const char *text)
{
	return *text != '\0' ? arena_strdup(s->arena, text) : NULL;
}

static void
set_greeting(struct session *s, const struct xforward *x)
{
	struct session_io *io = s->io;

	s->helo = NULL;
	s->esmtp = strcasecmp(x->text[EHLO_X_PROTO], "ESMTP") == 0;
	if (x->text[EHLO_X_HELO][0] == '\0')
		return;
	strcpy(io->helo[0], x->text[EHLO_X_HELO]);
	s->helo = io->helo[0];
}

/* What it does not say of another client is not known; of the same one, it
 * stays. */
static void
become(struct session *s, const struct xforward *x)
{
	bool other = x->given[EHLO_X_ADDR];

	if (addr_family(&s->proxy) == 0)
		s->proxy = s->client;
	set_addr(&s->client, x, EHLO_X_ADDR, EHLO_X_PORT);
	set_addr(&s->server, x, EHLO_X_DESTADDR, EHLO_X_DESTPORT);
	if (other || x->given[EHLO_X_NAME])
		s->client_name = known(s, x->text[EHLO_X_NAME]);
	if (other || x->given[EHLO_X_LOGIN]) {
		s->auth_user = known(s, x->text[EHLO_X_LOGIN]);
		s->auth_mechanism = s->auth_user != NULL ? "XCLIENT" : NULL;
	}
	set_greeting(s, x);
}

bool
verb_xclient_check(struct session *s, const struct command *c)
{
	struct xforward x = { .given = { false } };

	if (!read_arguments(s, c->arg, CLIENT, &x))
		return false;
	if (s->verbs[COMMAND_XCLIENT].ok >= SESSION_CLIENTS_MAX) {
		session_bye(s, SESSION_REFUSED, 421, "4.3.2",
		    "too many clients for one connection");
		return false;
	}
	become(s, &x);
	return true;
}

void
verb_xclient(struct session *s)
{
	s->verbs[COMMAND_XCLIENT].ok++;
	opening_again(s);
}

bool
verb_xforward_check(struct session *s, const struct command *c)
{
	struct session_io *io = s->io;
	struct xforward x = { .given = { false } };

	if (io->xforward != NULL)
		x = *io->xforward;
	if (!read_arguments(s, c->arg, FORWARD, &x))
		return false;
	if (io->xforward == NULL)
		io->xforward = arena_alloc(s->arena, sizeof x);
	*io->xforward = x;
	return true;
}

void
verb_xforward(struct session *s)
{
	session_say(s, "250 2.0.0 ok\r\n");
}

/* It is for one transaction: of the next client the peer may say nothing. */
void
verb_xforward_forget(struct session *s)
{
	if (s->io->xforward != NULL)
		memset(s->io->xforward, 0, sizeof *s->io->xforward);
}

void
verb_xforward_log(const struct session *s, struct log_line *line)
{
	const struct xforward *x = s->io->xforward;
	struct buf text;
	int i;

	if (x == NULL)
		return;
	buf_init(&text);
	for (i = 0; i < EHLO_X; i++)
		if (x->text[i][0] != '\0')
			buf_printf(&text, "%s%s=%s", text.len > 0 ? " " : "",
			    ehlo_attribute((enum ehlo_xclient)i), x->text[i]);
	if (text.len > 0)
		log_bytes(line, "xforward", text.p, text.len);
	buf_clear(&text);
}
