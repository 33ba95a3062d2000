#include <assert.h>
#include <string.h>

#include "sasl.h"

/* One line, decoded; a few of them are too long for any text. */
struct text {
	size_t len;
	char p[SASL_LINE_MAX / 4 * 3];
};

static const char *const names[SASL_MECHANISMS] = {
	[SASL_PLAIN] = "PLAIN",
	[SASL_LOGIN] = "LOGIN",
	[SASL_EXTERNAL] = "EXTERNAL",
};

const char *
sasl_name(enum sasl_mechanism mechanism)
{
	return names[mechanism];
}

int
sasl_parse_name(struct line name, enum sasl_mechanism *out)
{
	for (int i = 0; i < SASL_MECHANISMS; i++) {
		if (line_is(name, names[i])) {
			*out = (enum sasl_mechanism)i;
			return 0;
		}
	}
	return -1;
}

/* -1: not of the alphabet. */
static int
sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* RFC 4648 4, to the letter: whole groups, padding at the end alone, no bits
 * set in what the padding leaves over. */
static bool
decode(struct line in, struct text *out)
{
	size_t pad = 0, i;
	unsigned bits = 0;

	out->len = 0;
	if (in.len % 4 != 0 || in.len > SASL_LINE_MAX)
		return false;
	while (pad < 2 && pad < in.len && in.p[in.len - 1 - pad] == '=')
		pad++;
	for (i = 0; i < in.len - pad; i++) {
		int n = sextet(in.p[i]);

		if (n < 0)
			return false;
		bits = bits << 6 | (unsigned)n;
		if (i % 4 == 3) {
			out->p[out->len++] = (char)(bits >> 16);
			out->p[out->len++] = (char)(bits >> 8);
			out->p[out->len++] = (char)bits;
			bits = 0;
		}
	}
	if (pad == 1)
		out->p[out->len++] = (char)(bits >> 10);
	if (pad > 0)
		out->p[out->len++] = (char)(bits >> (pad == 1 ? 2 : 4));
	return pad == 0 || (bits & (pad == 1 ? 3 : 15)) == 0;
}

/* A text without NUL that fits. */
static bool
keep(char to[SASL_TEXT_MAX + 1], const char *p, size_t len)
{
	if (len > SASL_TEXT_MAX || memchr(p, '\0', len) != NULL)
		return false;
	memcpy(to, p, len);
	to[len] = '\0';
	return true;
}

/* RFC 4616 2: authzid NUL user NUL password. */
static enum sasl_status
take_plain(struct sasl *s, const struct text *t)
{
	const char *end = t->p + t->len, *user, *password;

	user = memchr(t->p, '\0', t->len);
	if (user == NULL)
		return SASL_REFUSED;
	user++;
	password = memchr(user, '\0', (size_t)(end - user));
	if (password == NULL)
		return SASL_REFUSED;
	password++;
	if (!keep(s->authzid, t->p, (size_t)(user - t->p) - 1) ||
	    !keep(s->user, user, (size_t)(password - user) - 1) ||
	    !keep(s->password, password, (size_t)(end - password)) ||
	    s->user[0] == '\0' || s->password[0] == '\0')
		return SASL_REFUSED;
	s->has_password = true;
	s->has_authzid = s->authzid[0] != '\0';
	return SASL_DONE;
}

static enum sasl_status
take_login(struct sasl *s, const struct text *t)
{
	bool second = s->step++ > 0;

	if (t->len == 0 || !keep(second ? s->password : s->user, t->p, t->len))
		return SASL_REFUSED;
	s->has_password = second;
	s->challenge = "UGFzc3dvcmQ6";		/* Password: */
	return second ? SASL_DONE : SASL_CHALLENGE;
}

static enum sasl_status
take_external(struct sasl *s, const struct text *t)
{
	if (!keep(s->authzid, t->p, t->len))
		return SASL_REFUSED;
	s->has_authzid = t->len > 0;
	return SASL_DONE;
}

static enum sasl_status
take(struct sasl *s, struct line line)
{
	enum sasl_status status = SASL_BAD;
	struct text t;

	if (!decode(line, &t))
		goto out;
	switch (s->mechanism) {
	case SASL_PLAIN:
		status = take_plain(s, &t);
		break;
	case SASL_LOGIN:
		status = take_login(s, &t);
		break;
	case SASL_EXTERNAL:
		status = take_external(s, &t);
		break;
	case SASL_MECHANISMS:
		assert(0);
	}
out:
	explicit_bzero(&t, sizeof t);
	return status;
}

enum sasl_status
sasl_start(struct sasl *s, enum sasl_mechanism mechanism, struct line initial)
{
	const struct line empty = { "", 0 };

	memset(s, 0, sizeof *s);
	s->mechanism = mechanism;
	s->challenge = mechanism == SASL_LOGIN ?
	    "VXNlcm5hbWU6" : "";		/* Username: */
	if (initial.p == NULL)
		return SASL_CHALLENGE;
	if (!line_is(initial, "="))
		return take(s, initial);
	return mechanism == SASL_EXTERNAL ? take(s, empty) : SASL_BAD;
}

enum sasl_status
sasl_step(struct sasl *s, struct line line)
{
	return line_is(line, "*") ? SASL_CANCELLED : take(s, line);
}

void
sasl_clear(struct sasl *s)
{
	explicit_bzero(s, sizeof *s);
}
