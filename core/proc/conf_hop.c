#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <openssl/x509.h>

#include "addr.h"
#include "nexthop.h"
#include "tls.h"
#include "value.h"

#include "conf_place.h"

#include "conf_schema.h"

/* What a password may travel to in the clear without further words. */
static bool
is_local(const struct nexthop *hop)
{
	static const struct cidr v4 = { AF_INET, 8, { IN_LOOPBACKNET } };
	static const struct cidr v6 = { AF_INET6, 128, { [15] = 1 } };
	struct addr a;

	if (!hop->host || strcmp(hop->host, "localhost") == 0)
		return true;
	return addr_parse(hop->host, 25, &a) == 0 &&
	    (cidr_has(&v4, &a) || cidr_has(&v6, &a));
}

/* Options that a maildir, or discard:, has no use for. */
static int
check_stored(struct conf_reader *r, const struct value *v,
    const struct conf_step *up)
{
	static const char *const keys[] = {
		"source", "tls", "ca", "fingerprint", "auth", "xclient",
	};
	struct conf_step step = { .up = up };
	const struct value *at;
	size_t i;

	for (i = 0; i < sizeof keys / sizeof *keys; i++) {
		at = value_get(v, step.key = keys[i]);
		if (at && !(at->type == VALUE_BOOL && !at->b) &&
		    !(conf_text(at) && strcmp(at->s.p, "off") == 0))
			return conf_fail(r, at, &step, "%s speaks to no server",
			    r->hop->url);
	}
	return 0;
}

static int
check_source(struct conf_reader *r, const struct value *v,
    const struct conf_step *up)
{
	struct conf_step step = { .up = up, .key = "source" };
	const struct value *at = value_get(v, step.key);
	unsigned char ip[sizeof(struct in6_addr)];

	if (!at)
		return 0;
	if (!r->hop->host)
		return conf_fail(r, at, &step, "%s does not leave this "
		    "machine", r->hop->url);
	if (inet_pton(AF_INET, r->hop->source, ip) == 1 ||
	    inet_pton(AF_INET6, r->hop->source, ip) == 1)
		return 0;
	return conf_fail_type(r, at, &step, "an IP address of this machine");
}

/* A certificate to check against says that it is to be checked. */
static int
check_trust(struct conf_reader *r, const struct value *v,
    const struct conf_step *up)
{
	const struct value *tls = value_get(v, "tls");
	const struct value *ca = value_get(v, "ca");
	const struct value *pin = value_get(v, "fingerprint");
	const struct value *at = pin ? pin : ca;
	struct conf_step step = { .up = up };
	struct nexthop *hop = r->hop;

	if (!at)
		return 0;
	step.key = pin ? "fingerprint" : "ca";
	if (pin && !tls_is_fingerprint(hop->fingerprint))
		return conf_fail_type(r, pin, &step, "a SHA-256 fingerprint: "
		    "64 hexadecimal digits");
	if (hop->fingerprint && hop->ca)
		return conf_fail(r, at, &step, pin ? "not together with ca: "
		    "the fingerprint alone decides" : "not together with "
		    "fingerprint: that alone decides");
	if (tls && hop->tls != NEXTHOP_TLS_VERIFY)
		return conf_fail(r, at, &step, "needs tls = \"verify\"");
	if (ca)
		conf_tls_file(r, ca, &step, hop->ca, false);
	hop->tls = NEXTHOP_TLS_VERIFY;
	return 0;
}

static int
check_tls(struct conf_reader *r, const struct value *v,
    const struct conf_step *up)
{
	struct conf_step step = { .up = up, .key = "tls" };
	const struct value *tls = value_get(v, "tls");
	struct nexthop *hop = r->hop;

	if (check_trust(r, v, up) < 0)
		return -1;
	/* The system's certificates go into the bundle as others do: a worker
	 * may not be able to open them. */
	if (hop->tls == NEXTHOP_TLS_VERIFY && !hop->ca && !hop->fingerprint) {
		hop->ca = X509_get_default_cert_file();
		conf_tls_file(r, tls, &step, hop->ca, false);
	}
	if (tls && hop->implicit_tls && hop->tls < NEXTHOP_TLS_REQUIRED)
		return conf_fail(r, tls, &step, "smtps:// is TLS from the "
		    "first octet: \"required\" or \"verify\"");
	if (hop->host || hop->tls == NEXTHOP_TLS_OFF)
		return 0;
	return conf_fail(r, tls ? tls : v, &step, "%s does not leave this "
	    "machine", hop->url);
}

/* auth = { user = ..., password = ... }.  No message here shows a value. */
static int
read_auth(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	static const char shape[] =
	    "expected { user = \"...\", password = \"...\" }";
	const struct value *user, *password;
	size_t i;

	if (v->type != VALUE_TABLE)
		return conf_fail(r, v, step, "%s", shape);
	for (i = value_len(v); i < v->t.count; i++)
		if (strcmp(v->t.item[i].key, "user") != 0 &&
		    strcmp(v->t.item[i].key, "password") != 0)
			return conf_fail(r, v, step, "%s", shape);
	user = value_get(v, "user");
	password = value_get(v, "password");
	if (!user && !password) {
		user = value_at(v, 0);
		password = value_at(v, 1);
	}
	if (user && !password && v->t.count == 1)
		return conf_fail(r, v, step, "there is no password; a variable "
		    "of the environment that is not set gives none");
	if (!user || !password || v->t.count != 2 ||
	    !conf_text(user) || !conf_text(password) || !user->s.len)
		return conf_fail(r, v, step, "%s", shape);
	r->hop->user = user->s.p;
	r->hop->password = password->s.p;
	return 0;
}

static int
check_auth(struct conf_reader *r, const struct value *v,
    const struct conf_step *up)
{
	struct conf_step step = { .up = up, .key = "auth" };
	const struct value *auth = value_get(v, "auth");

	if (!auth)
		return 0;
	if (read_auth(r, auth, &step) < 0)
		return -1;
	if (is_local(r->hop) || r->hop->tls >= NEXTHOP_TLS_REQUIRED ||
	    (value_get(v, "tls") && r->hop->tls == NEXTHOP_TLS_OFF))
		return 0;
	return conf_fail(r, auth, &step, "would send the password in the "
	    "clear: tls = \"required\" or \"verify\", or in so many words "
	    "\"off\"");
}

static int
read_xclient(struct conf_reader *r, const struct value *v,
    const struct conf_step *up)
{
	static const char *const names[] = {
		[NEXTHOP_IDENTITY_XCLIENT] = "xclient",
		[NEXTHOP_IDENTITY_XFORWARD] = "xforward",
		[NEXTHOP_IDENTITY_PROXY] = "proxy",
	};
	struct conf_step step = { .up = up, .key = "xclient" };
	const char *text;
	unsigned i;

	if (!v)
		return 0;
	text = conf_text(v);
	if (v->type == VALUE_BOOL) {
		r->hop->identity = v->b ? NEXTHOP_IDENTITY_BEST :
		    NEXTHOP_IDENTITY_NONE;
		return 0;
	}
	for (i = NEXTHOP_IDENTITY_XCLIENT; i <= NEXTHOP_IDENTITY_PROXY; i++) {
		if (!text || strcmp(text, names[i]) != 0)
			continue;
		r->hop->identity = i;
		return 0;
	}
	return conf_fail_type(r, v, &step, "true, false, \"xclient\", "
	    "\"xforward\" or \"proxy\"");
}

int
conf_hop_read(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	if (r->hop->kind != NEXTHOP_SMTP && r->hop->kind != NEXTHOP_LMTP)
		return check_stored(r, v, step);
	if (check_source(r, v, step) < 0 || check_tls(r, v, step) < 0 ||
	    check_auth(r, v, step) < 0)
		return -1;
	return read_xclient(r, value_get(v, "xclient"), step);
}
