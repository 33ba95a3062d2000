#include <ctype.h>
#include <string.h>

#include "utf8.h"

#include "path.h"

/* A cursor over the input, and what the local part means without quotes. */
struct parse {
	const char *p, *end;
	char user[PATH_LOCAL_MAX];
	size_t user_len;
};

/* Every 8-bit byte in the path must be wanted, and part of valid UTF-8. */
static enum path_status
check_8bit(const char *p, const char *end, bool utf8)
{
	struct line text = { p, (size_t)(end - p) };

	if (!utf8_has_8bit(text))
		return PATH_OK;
	if (!utf8)
		return PATH_8BIT;
	return utf8_ok(text) ? PATH_OK : PATH_UTF8;
}

/* Of a domain beyond ASCII: the form that is compared. */
static enum path_status
add_ascii(struct path *path)
{
	const char *domain = path->text + path->local + 1;
	size_t len = path->len - path->local - 1;
	struct line text = { domain, len };

	if (path->local == path->len || !utf8_has_8bit(text))
		return PATH_OK;
	path->ascii = path->len + 1;
	if (path_domain_ascii(domain, len, path->text + path->ascii) >= 0)
		return PATH_OK;
	path->ascii = 0;
	return PATH_SYNTAX;
}

static bool
is_atext(unsigned char c)
{
	if (c >= 0x80)
		return true;
	return isalnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool
is_dot_string(const char *p, size_t len)
{
	bool dot = true;	/* an atom must follow */

	for (size_t i = 0; i < len; i++) {
		if (p[i] == '.' && dot)
			return false;
		dot = p[i] == '.';
		if (!dot && !is_atext((unsigned char)p[i]))
			return false;
	}
	return !dot;
}

static enum path_status
keep(struct parse *in, char c)
{
	if (in->user_len == sizeof in->user)
		return PATH_LONG;
	in->user[in->user_len++] = c;
	return PATH_OK;
}

/* Quoted-string: printable ASCII and space; a backslash takes the next as it
 * is (RFC 5321 4.1.2, quoted-pairSMTP). */
static enum path_status
parse_quoted(struct parse *in)
{
	enum path_status res = PATH_OK;

	for (in->p++; in->p < in->end && res == PATH_OK; in->p++) {
		unsigned char c = (unsigned char)*in->p;

		if (c == '"') {
			in->p++;
			return PATH_OK;
		}
		if (c == '\\') {
			if (++in->p == in->end)
				break;
			c = (unsigned char)*in->p;
			if (c >= 0x80)
				return PATH_SYNTAX;
		}
		if (c < 0x20 || c == 0x7f)
			return PATH_SYNTAX;
		res = keep(in, (char)c);
	}
	return res != PATH_OK ? res : PATH_SYNTAX;
}

static enum path_status
parse_local(struct parse *in)
{
	const char *start = in->p;
	size_t len;

	if (in->p < in->end && *in->p == '"')
		return parse_quoted(in);
	while (in->p < in->end &&
	    (*in->p == '.' || is_atext((unsigned char)*in->p)))
		in->p++;
	len = (size_t)(in->p - start);
	if (!is_dot_string(start, len))
		return PATH_SYNTAX;
	if (len > sizeof in->user)
		return PATH_LONG;
	memcpy(in->user, start, len);
	in->user_len = len;
	return PATH_OK;
}

/* The domain or literal at the cursor, up to a byte that cannot be in it. */
static enum path_status
parse_domain(struct parse *in, struct line *out)
{
	bool literal = in->p < in->end && *in->p == '[';

	out->p = in->p;
	while (in->p < in->end && *in->p != '>' && *in->p != ' ' &&
	    *in->p != ',' && *in->p != '@' && (literal || *in->p != ':'))
		if (*in->p++ == ']' && literal)
			break;
	out->len = (size_t)(in->p - out->p);
	if (literal)
		return path_is_literal(out->p, out->len) ? PATH_OK :
		    PATH_SYNTAX;
	if (out->len > PATH_DOMAIN_MAX)
		return PATH_LONG;
	return path_is_domain_any(out->p, out->len) ? PATH_OK : PATH_SYNTAX;
}

/* "@a,@b:" before the mailbox must be well-formed, and then is ignored
 * (RFC 5321 4.1.1.3, appendix C). */
static enum path_status
skip_route(struct parse *in)
{
	struct line domain;

	while (in->p < in->end && *in->p == '@') {
		enum path_status res;

		in->p++;
		res = parse_domain(in, &domain);
		if (res != PATH_OK)
			return res;
		if (in->p == in->end || (*in->p != ',' && *in->p != ':'))
			return PATH_SYNTAX;
		if (*in->p++ == ':')
			return PATH_OK;
		if (in->p == in->end || *in->p != '@')
			return PATH_SYNTAX;
	}
	return PATH_OK;
}

/* The local part as short as the grammar allows: quotes only where needed. */
static void
put_local(const struct parse *in, struct path *out)
{
	bool plain = is_dot_string(in->user, in->user_len);

	if (!plain)
		out->text[out->len++] = '"';
	for (size_t i = 0; i < in->user_len; i++) {
		if (!plain && (in->user[i] == '"' || in->user[i] == '\\'))
			out->text[out->len++] = '\\';
		out->text[out->len++] = in->user[i];
	}
	if (!plain)
		out->text[out->len++] = '"';
	out->local = out->len;
}

static void
put_domain(struct line domain, struct path *out)
{
	out->text[out->len++] = '@';
	for (size_t i = 0; i < domain.len; i++) {
		unsigned char c = (unsigned char)domain.p[i];

		out->text[out->len++] = (char)(c < 0x80 ? tolower(c) : c);
	}
}

/* Mailbox at the cursor.  Without a domain only postmaster will do, and only
 * where bare allows it (RFC 5321 4.5.1). */
static enum path_status
parse_mailbox(struct parse *in, bool bare, struct path *out)
{
	struct line domain = { NULL, 0 };
	struct line user;
	enum path_status res = parse_local(in);

	if (res != PATH_OK)
		return res;
	user.p = in->user;
	user.len = in->user_len;
	if (in->p < in->end && *in->p == '@') {
		in->p++;
		res = parse_domain(in, &domain);
		if (res != PATH_OK)
			return res;
	} else if (!bare || !line_is(user, "postmaster"))
		return PATH_SYNTAX;
	put_local(in, out);
	if (domain.p != NULL)
		put_domain(domain, out);
	out->text[out->len] = '\0';
	return out->len > PATH_MAX_LEN - 2 ? PATH_LONG : PATH_OK;
}

static void
begin(struct parse *in, struct line text, struct path *out)
{
	memset(in, 0, sizeof *in);
	in->p = text.p;
	in->end = text.p + text.len;
	memset(out, 0, sizeof *out);
}

/* Behind the path: the end, or spaces and what the caller wants. */
static enum path_status
take_rest(struct parse *in, struct line *rest)
{
	if (in->p < in->end && *in->p != ' ')
		return PATH_SYNTAX;
	while (in->p < in->end && *in->p == ' ')
		in->p++;
	rest->p = in->p;
	rest->len = (size_t)(in->end - in->p);
	return PATH_OK;
}

enum path_status
path_parse(struct line arg, enum path_kind kind, bool utf8, struct path *out,
    struct line *rest)
{
	const char *open;
	struct parse in;
	enum path_status res, chars;

	begin(&in, arg, out);
	rest->p = in.end;
	rest->len = 0;
	if (arg.len == 0 || *in.p != '<')
		return PATH_SYNTAX;
	open = in.p++;
	if (kind == PATH_REVERSE && in.p < in.end && *in.p == '>') {
		in.p++;
		return take_rest(&in, rest);
	}
	res = skip_route(&in);
	if (res == PATH_OK)
		res = parse_mailbox(&in, kind == PATH_FORWARD, out);
	if (res == PATH_OK && (in.p == in.end || *in.p++ != '>'))
		res = PATH_SYNTAX;
	if (res != PATH_OK)
		return res;
	chars = check_8bit(open, in.p, utf8);
	res = take_rest(&in, rest);
	if (res == PATH_OK)
		res = chars;
	return res == PATH_OK ? add_ascii(out) : res;
}

enum path_status
path_parse_address(const char *p, size_t len, bool utf8, struct path *out)
{
	struct line text = { p, len };
	struct parse in;
	enum path_status res;

	begin(&in, text, out);
	if (len == 0)
		return PATH_OK;
	res = parse_mailbox(&in, true, out);
	if (res == PATH_OK && in.p != in.end)
		res = PATH_SYNTAX;
	if (res == PATH_OK)
		res = check_8bit(p, in.end, utf8);
	return res == PATH_OK ? add_ascii(out) : res;
}

const char *
path_domain(const struct path *path)
{
	if (path->local == path->len)
		return NULL;
	return path->text + (path->ascii ? path->ascii : path->local + 1);
}

size_t
path_user(const struct path *path, char out[PATH_LOCAL_MAX + 1])
{
	size_t n = 0;

	if (path->local == 0 || path->text[0] != '"') {
		memcpy(out, path->text, path->local);
		n = path->local;
	} else
		for (size_t i = 1; i + 1 < path->local; i++) {
			if (path->text[i] == '\\')
				i++;
			out[n++] = path->text[i];
		}
	out[n] = '\0';
	return n;
}
