#include <string.h>
#include <strings.h>

#include "utf8.h"

#include "command.h"

static const char *const verb_names[COMMAND_VERBS] = {
	[COMMAND_HELO] = "HELO",
	[COMMAND_EHLO] = "EHLO",
	[COMMAND_LHLO] = "LHLO",
	[COMMAND_MAIL] = "MAIL",
	[COMMAND_RCPT] = "RCPT",
	[COMMAND_DATA] = "DATA",
	[COMMAND_BDAT] = "BDAT",
	[COMMAND_RSET] = "RSET",
	[COMMAND_NOOP] = "NOOP",
	[COMMAND_VRFY] = "VRFY",
	[COMMAND_EXPN] = "EXPN",
	[COMMAND_HELP] = "HELP",
	[COMMAND_QUIT] = "QUIT",
	[COMMAND_ETRN] = "ETRN",
	[COMMAND_AUTH] = "AUTH",
	[COMMAND_STARTTLS] = "STARTTLS",
	[COMMAND_XCLIENT] = "XCLIENT",
	[COMMAND_XFORWARD] = "XFORWARD",
	[COMMAND_UNKNOWN] = "?",
};

/* First words of other protocols that browsers and scanners speak to us. */
static const char *const noise[] = {
	"GET ", "POST ", "HEAD ", "PUT ", "CONNECT ", "OPTIONS ", "DELETE ",
	"PATCH ", "TRACE ", "PRI * HTTP/", "SSH-",
	"PROXY TCP", "PROXY UNKNOWN",
};

/* The PROXY protocol, version 2; its first line is empty. */
static const char proxy2[] = "\r\n\r\n\0\r\nQUIT\n";

const char *
command_verb_name(enum command_verb verb)
{
	return verb_names[verb];
}

bool
command_is_noise(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;

	/* A TLS record: handshake, version 3.x. */
	if (len >= 2 && u[0] == 0x16 && u[1] == 0x03)
		return true;
	/* An SSL 2 hello: length with the high bit, then type 1. */
	if (len >= 3 && (u[0] & 0x80) && u[2] == 0x01)
		return true;
	if (len >= sizeof proxy2 - 1 &&
	    memcmp(p, proxy2, sizeof proxy2 - 1) == 0)
		return true;
	for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) {
		size_t n = strlen(noise[i]);

		if (len >= n && strncasecmp(p, noise[i], n) == 0)
			return true;
	}
	return false;
}

static bool
has_control(struct line l)
{
	for (size_t i = 0; i < l.len; i++) {
		unsigned char c = (unsigned char)l.p[i];

		if (c < 0x20 || c == 0x7f)
			return true;
	}
	return false;
}

static enum command_verb
find_verb(struct line name)
{
	for (int v = 0; v < COMMAND_UNKNOWN; v++)
		if (line_is(name, verb_names[v]))
			return (enum command_verb)v;
	return COMMAND_UNKNOWN;
}

enum command_status
command_parse(struct line l, struct command *out)
{
	const char *sp;

	memset(out, 0, sizeof *out);
	out->verb = COMMAND_UNKNOWN;
	if (command_is_noise(l.p, l.len))
		return COMMAND_NOISE;
	/* White space behind it is nothing (RFC 5321 4.1.1). */
	while (l.len > 0 && (l.p[l.len - 1] == ' ' || l.p[l.len - 1] == '\t'))
		l.len--;
	if (l.len == 0 || l.p[0] == ' ' || has_control(l))
		return COMMAND_BAD;
	sp = memchr(l.p, ' ', l.len);
	out->name.p = l.p;
	out->name.len = sp != NULL ? (size_t)(sp - l.p) : l.len;
	out->arg.p = l.p + out->name.len;
	out->arg.len = l.len - out->name.len;
	while (out->arg.len > 0 && out->arg.p[0] == ' ') {
		out->arg.p++;
		out->arg.len--;
	}
	if (utf8_has_8bit(out->name))
		return COMMAND_BAD;
	out->verb = find_verb(out->name);
	return COMMAND_OK;
}
