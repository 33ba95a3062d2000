#include <sys/statvfs.h>

#include "dsn.h"
#include "mem.h"

#include "offer.h"
#include "session_io.h"

#include "parameter.h"

static bool
bad(struct session *s, const char *text)
{
	session_error(s, 501, "5.5.4", text);
	return false;
}

/* Unknown, or not offered to this client. */
static bool
unknown(struct session *s)
{
	session_error(s, 555, "5.5.4", "parameter not supported");
	return false;
}

static const char *
keep(struct session *s, struct line value)
{
	return arena_strndup(s->txn.arena, value.p, value.len);
}

/* RFC 1870 6.  Is there room for so much, as far as one can say now? */
static bool
set_size(struct session *s, const struct command_param *p,
    struct txn_sender *out)
{
	uint64_t limit = offer_size(s);
	unsigned long long n;
	struct statvfs fs;

	if (p->value.p == NULL || command_number(p->value, &n) != 0)
		return bad(s, "bad SIZE");
	if (limit != 0 && n > limit) {
		session_error(s, 552, "5.3.4", "message too big");
		return false;
	}
	if (n > s->limits.memory_message && s->env->spool_dir != NULL &&
	    statvfs(s->env->spool_dir, &fs) == 0 &&
	    n / fs.f_frsize >= fs.f_bavail) {
		session_error(s, 452, "4.3.1", "no space for this now");
		return false;
	}
	out->size = n;
	return true;
}

/* RFC 6152 2.  BINARYMIME (RFC 3030 3) is never offered. */
static bool
set_body(struct session *s, const struct command_param *p,
    struct txn_sender *out)
{
	out->eight_bit = p->value.p != NULL && line_is(p->value, "8BITMIME");
	if (!out->eight_bit && (p->value.p == NULL ||
	    !line_is(p->value, "7BIT")))
		return bad(s, "bad BODY");
	if (out->eight_bit && !offer_has(s, EHLO_8BITMIME)) {
		session_error(s, 554, "5.6.3", "8BITMIME is not offered");
		return false;
	}
	return true;
}

/* RFC 6531 3.4 */
static bool
set_utf8(struct session *s, const struct command_param *p,
    struct txn_sender *out)
{
	if (!offer_has(s, EHLO_SMTPUTF8)) {
		session_error(s, 553, "5.6.7", "SMTPUTF8 is not offered");
		return false;
	}
	if (p->value.p != NULL)
		return bad(s, "SMTPUTF8 takes no value");
	out->utf8 = true;
	return true;
}

/* RFC 8689 4.2 */
static bool
set_require_tls(struct session *s, const struct command_param *p,
    struct txn_sender *out)
{
	if (s->tls == NULL) {
		session_error(s, 530, "5.7.4", "REQUIRETLS needs TLS");
		return false;
	}
	if (!offer_has(s, EHLO_REQUIRETLS)) {
		session_error(s, 550, "5.7.30", "REQUIRETLS is not offered");
		return false;
	}
	if (p->value.p != NULL)
		return bad(s, "REQUIRETLS takes no value");
	out->require_tls = true;
	return true;
}

/* RFC 4954 5: who is not known speaks for nobody. */
static bool
set_auth(struct session *s, const struct command_param *p,
    struct txn_sender *out)
{
	if (!offer_has(s, EHLO_AUTH))
		return unknown(s);
	if (p->value.p == NULL || !dsn_is_xtext(p->value))
		return bad(s, "bad AUTH");
	out->auth = s->auth_user != NULL || s->trusted ? keep(s, p->value) :
	    "<>";
	return true;
}

/* One value of RFC 3461. */
static bool
set_dsn(struct session *s, const struct command_param *p, bool ok,
    const char **out)
{
	if (!offer_has(s, EHLO_DSN))
		return unknown(s);
	if (!ok)
		return bad(s, "bad value of a parameter");
	*out = keep(s, p->value);
	return true;
}

static bool
set_of_mail(struct session *s, const struct command_param *p,
    struct txn_sender *out)
{
	bool valued = p->value.p != NULL;

	if (command_param_is(p, "SIZE"))
		return set_size(s, p, out);
	if (command_param_is(p, "BODY"))
		return set_body(s, p, out);
	if (command_param_is(p, "SMTPUTF8"))
		return set_utf8(s, p, out);
	if (command_param_is(p, "REQUIRETLS"))
		return set_require_tls(s, p, out);
	if (command_param_is(p, "AUTH"))
		return set_auth(s, p, out);
	if (command_param_is(p, "RET"))
		return set_dsn(s, p, valued && dsn_is_ret(p->value),
		    &out->ret);
	if (command_param_is(p, "ENVID"))
		return set_dsn(s, p, valued && dsn_is_envid(p->value),
		    &out->envid);
	return unknown(s);
}

bool
parameter_mail(struct session *s, const struct command_params *params,
    struct txn_sender *out)
{
	for (size_t i = 0; i < params->count; i++)
		if (!set_of_mail(s, &params->item[i], out))
			return false;
	return true;
}

static bool
set_of_rcpt(struct session *s, const struct command_param *p,
    struct txn_rcpt *out)
{
	bool valued = p->value.p != NULL;

	if (command_param_is(p, "NOTIFY"))
		return set_dsn(s, p, valued && dsn_is_notify(p->value),
		    &out->notify);
	if (command_param_is(p, "ORCPT"))
		return set_dsn(s, p, valued &&
		    dsn_is_orcpt(p->value, s->txn.sender.utf8), &out->orcpt);
	return unknown(s);
}

bool
parameter_rcpt(struct session *s, const struct command_params *params,
    struct txn_rcpt *out)
{
	for (size_t i = 0; i < params->count; i++)
		if (!set_of_rcpt(s, &params->item[i], out))
			return false;
	return true;
}
