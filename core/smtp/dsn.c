#include <ctype.h>
#include <string.h>

#include "path.h"
#include "utf8.h"

#include "dsn.h"

static bool
is_printable(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < ' ' || p[i] > '~')
			return false;
	return true;
}

bool
dsn_is_xtext(struct line l)
{
	char text[DSN_ORCPT_MAX + 1];
	int n = path_xtext_decode(l.p, l.len, text, sizeof text);

	return n >= 0 && is_printable(text, (size_t)n);
}

/* xtext that stands for UTF-8 without control characters. */
static bool
is_utf8_xtext(struct line l)
{
	char text[DSN_ORCPT_MAX + 1];
	int n = path_xtext_decode(l.p, l.len, text, sizeof text);

	for (int i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return n >= 0 && utf8_ok((struct line){ text, (size_t)n });
}

bool
dsn_is_ret(struct line l)
{
	return line_is(l, "FULL") || line_is(l, "HDRS");
}

bool
dsn_is_envid(struct line l)
{
	return l.len > 0 && l.len <= DSN_ENVID_MAX && dsn_is_xtext(l);
}

bool
dsn_is_notify(struct line l)
{
	static const char *const words[] = { "SUCCESS", "FAILURE", "DELAY" };
	const char *p = l.p, *end = l.p + l.len, *comma = NULL;
	unsigned seen = 0;

	if (line_is(l, "NEVER"))
		return true;
	do {
		struct line word = { p, 0 };
		unsigned bit = 0;

		if (comma != NULL)
			word.p = p = comma + 1;
		comma = memchr(p, ',', (size_t)(end - p));
		word.len = (size_t)((comma != NULL ? comma : end) - p);
		for (unsigned i = 0; i < 3; i++)
			if (line_is(word, words[i]))
				bit = 1u << i;
		if (bit == 0 || (seen & bit))
			return false;
		seen |= bit;
	} while (comma != NULL);
	return true;
}

/* "\x{HEX}" at p: upper case, no more zeros than needed, and a character that
 * could not stand there itself (RFC 6533 3).  Returns its length, or 0. */
static size_t
embedded_len(const char *p, size_t len)
{
	const char *close = memchr(p, '}', len < 10 ? len : 10);
	unsigned value = 0;
	size_t n = 3;

	if (len < 6 || memcmp(p, "\\x{", 3) != 0 || close == NULL ||
	    close - p < 5 || (p[3] == '0' && close - p > 5))
		return 0;
	for (; p[n] != '}'; n++) {
		const char *digits = "0123456789ABCDEF";
		const char *digit = p[n] != '\0' ? strchr(digits, p[n]) : NULL;

		if (digit == NULL)
			return 0;
		value = value * 16 + (unsigned)(digit - digits);
	}
	if (value < 0x80)
		return memchr(" +=\\", (int)value, 4) != NULL ? n + 1 : 0;
	if (value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	return n + 1;
}

/* utf-8-addr-xtext and utf-8-addr-unitext */
static bool
is_utf8_address(struct line l, bool utf8)
{
	size_t i, n;

	for (i = 0; i < l.len; i += n) {
		unsigned char c = (unsigned char)l.p[i];

		n = 1;
		if (c == '\\')
			n = embedded_len(l.p + i, l.len - i);
		else if (c <= ' ' || c == 0x7f || c == '+' || c == '=' ||
		    (c >= 0x80 && !utf8))
			n = 0;
		if (n == 0)
			return false;
	}
	return utf8_ok(l);
}

static bool
is_atom(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c >= 0x80 || (!isalnum(c) && (c == '\0' ||
		    strchr("!#$%&'*+-/=?^_`{|}~.", c) == NULL)))
			return false;
	}
	return len > 0;
}

bool
dsn_is_orcpt(struct line l, bool utf8)
{
	const char *semicolon = memchr(l.p, ';', l.len);
	struct line type = l, address;

	if (l.len > DSN_ORCPT_MAX || semicolon == NULL)
		return false;
	type.len = (size_t)(semicolon - l.p);
	address.p = semicolon + 1;
	address.len = l.len - type.len - 1;
	if (!is_atom(type.p, type.len) || address.len == 0)
		return false;
	if (line_is(type, "utf-8"))
		return is_utf8_address(address, utf8);
	return utf8 ? is_utf8_xtext(address) : dsn_is_xtext(address);
}
