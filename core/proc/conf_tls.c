#include <string.h>

#include "mem.h"
#include "sasl.h"
#include "session.h"
#include "value.h"

#include "conf_place.h"

#include "conf_schema.h"

enum { LMTP_NOT_PORT = 25 };

void
conf_tls_file(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, const char *path, bool secret)
{
	struct conf_file *f = arena_alloc(r->arena, sizeof *f), **at;

	for (at = &r->conf->files; *at; at = &(*at)->next)
		if (strcmp((*at)->path, path) == 0) {
			(*at)->secret |= secret;
			return;
		}
	f->path = path;
	f->place = conf_where(r, v, step);
	f->secret = secret;
	*at = f;
}

/* "mx.example.org", "*.example.org". */
static bool
is_sni(const char *name)
{
	if (strncmp(name, "*.", 2) == 0)
		name += 2;
	return conf_is_host(name) && *name != '[';
}

/* A key is by its name or in its place: { cert, key }. */
static const struct value *
part(const struct value *v, const char *key, size_t place)
{
	const struct value *found = value_get(v, key);

	return found ? found : value_at(v, place);
}

static int
read_pair(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, struct conf_cert *out)
{
	struct conf_step at = { .up = step };
	const struct value *cert = v, *key = NULL;
	size_t i;

	if (v->type == VALUE_TABLE) {
		for (i = value_len(v); i < v->t.count; i++) {
			at.key = v->t.item[i].key;
			if (strcmp(at.key, "cert") != 0 &&
			    strcmp(at.key, "key") != 0)
				return conf_fail(r, &v->t.item[i].v, &at,
				    "unknown key: there are cert and key");
		}
		cert = part(v, "cert", 0);
		key = part(v, "key", 1);
	}
	if (!cert)
		return conf_fail(r, v, step, "expected { cert = PATH, "
		    "key = PATH }");
	at.key = "cert";
	if (conf_path(r, cert, cert == v ? step : &at, &out->cert) < 0)
		return -1;
	conf_tls_file(r, cert, cert == v ? step : &at, out->cert, !key);
	out->key = out->cert;
	if (!key)
		return 0;
	at.key = "key";
	if (conf_path(r, key, &at, &out->key) < 0)
		return -1;
	conf_tls_file(r, key, &at, out->key, true);
	return 0;
}

/* certs = { ["*.example.org"] = { cert = ..., key = ... } } */
static int
read_named(struct conf_reader *r, const struct value *v,
    const struct conf_step *up)
{
	struct conf_step top = { .up = up, .key = "certs" };
	struct conf_step step = { .up = &top };
	struct conf_tls *t = &r->conf->tls;
	struct conf_cert *c;
	size_t i;

	if (v->type != VALUE_TABLE || value_len(v) > 0)
		return conf_fail_type(r, v, &top, "a table of names");
	for (i = 0; i < v->t.count; i++) {
		step.key = v->t.item[i].key;
		c = &t->cert[t->certs++];
		c->name = step.key;
		if (!is_sni(c->name))
			return conf_fail(r, &v->t.item[i].v, &step,
			    "expected a name such as \"mx.example.org\" or "
			    "\"*.example.org\"");
		if (read_pair(r, &v->t.item[i].v, &step, c) < 0)
			return -1;
	}
	return 0;
}

/* The certificate that all the rest of `tls` depends on. */
static int
read_certs(struct conf_reader *r, const struct value *tls)
{
	static const char *const dependent[] = { "key", "certs", "client_ca" };
	struct conf_step top = { .key = "tls" }, step = { .up = &top };
	const struct value *cert = value_get(tls, "cert"), *v;
	struct conf_tls *t = &r->conf->tls;
	size_t named = r->raw->certs ? r->raw->certs->t.count : 0, i;

	t->place = conf_where(r, tls, &top);
	for (i = 0; i < 3 && !cert; i++)
		if ((v = value_get(tls, step.key = dependent[i])))
			return conf_fail(r, v, &step, "needs tls.cert");
	if (!cert)
		return 0;
	if (r->raw->certs && r->raw->certs->type != VALUE_TABLE)
		named = 0;
	t->cert = arena_alloc(r->arena, (1 + named) * sizeof *t->cert);
	t->cert[0].cert = r->raw->cert;
	t->cert[0].key = r->raw->key ? r->raw->key : r->raw->cert;
	t->certs = 1;
	step.key = "cert";
	conf_tls_file(r, cert, &step, t->cert[0].cert, !r->raw->key);
	step.key = "key";
	if ((v = value_get(tls, "key")))
		conf_tls_file(r, v, &step, t->cert[0].key, true);
	step.key = "client_ca";
	if ((v = value_get(tls, "client_ca")))
		conf_tls_file(r, v, &step, t->client_ca, false);
	return r->raw->certs ? read_named(r, r->raw->certs, &top) : 0;
}

static int
read_mechanism(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	const char *text = conf_text(v);
	unsigned i;

	for (i = 0; i < SASL_MECHANISMS; i++)
		if (text && strcmp(text, sasl_name(i)) == 0)
			break;
	if (i == SASL_MECHANISMS)
		return conf_fail_type(r, v, step, "\"PLAIN\", \"LOGIN\" or "
		    "\"EXTERNAL\"");
	if (i == SASL_EXTERNAL && !r->conf->tls.client_ca)
		return conf_fail(r, v, step, "EXTERNAL needs tls.client_ca");
	r->session->mechanisms |= 1u << i;
	return 0;
}

static int
read_mechanisms(struct conf_reader *r, const struct value *v)
{
	struct conf_step top = { .key = "auth" };
	struct conf_step list = { .up = &top, .key = "mechanisms" };
	struct conf_step step = { .up = &list };
	const struct value *item;
	size_t i;

	if (!v) {
		r->session->mechanisms = 1u << SASL_PLAIN | 1u << SASL_LOGIN;
		return 0;
	}
	for (i = 0; i < conf_list_len(v); i++) {
		item = conf_list_at(v, i);
		step.index = i + 1;
		if (read_mechanism(r, item, item == v ? &list : &step) < 0)
			return -1;
	}
	return 0;
}

int
conf_tls_read(struct conf_reader *r, const struct value *tree)
{
	static const char *const versions[] = { "1.2", "1.3" };
	const struct value *tls = value_get(tree, "tls");

	r->conf->tls.min_version = versions[r->raw->min_version];
	if (tls && read_certs(r, tls) < 0)
		return -1;
	/* Who configures a certificate expects STARTTLS. */
	if (r->conf->tls.certs > 0)
		r->session->tls = SESSION_TLS_OFFERED;
	return read_mechanisms(r, r->raw->mechanisms);
}

/* Can a client of that listener ever be one whose AUTH we take, or that
 * XCLIENT says has a login? */
static bool
can_authenticate(const struct session_conf *s)
{
	return s->tls != SESSION_TLS_OFF || s->auth_without_tls || s->proxy ||
	    s->xclient_clients.count > 0;
}

/* A keyword that is withheld from all, although nobody could send without. */
static int
check_withheld(struct conf_reader *r, const struct value *v,
    const struct conf_step *up, const struct session_conf *s)
{
	const char *const *word = s->withhold;
	const struct conf_step tls = { .up = up, .key = "tls" };
	const struct conf_step auth = { .up = up, .key = "auth" };

	for (; word && *word; word++) {
		if (s->tls == SESSION_TLS_REQUIRED &&
		    strcmp(*word, "STARTTLS") == 0)
			return conf_fail(r, v, &tls, "required, but ehlo "
			    "withholds STARTTLS");
		if (s->auth == SESSION_AUTH_REQUIRED &&
		    strcmp(*word, "AUTH") == 0)
			return conf_fail(r, v, &auth, "required, but ehlo "
			    "withholds AUTH");
	}
	return 0;
}

int
conf_tls_check(struct conf_reader *r, const struct value *v,
    const struct conf_step *up, const struct conf_listener *l)
{
	const struct session_conf *s = &l->session;
	struct conf_step step = { .up = up };
	const struct value *at;

	at = value_get(v, step.key = "tls");
	if (at && s->tls != SESSION_TLS_OFF && r->conf->tls.certs == 0)
		return conf_fail(r, at, &step, "needs a certificate: tls.cert");
	at = value_get(v, step.key = "proxy");
	if (at && s->proxy && s->proxy_clients.count == 0)
		return conf_fail(r, at, &step, "needs proxy_clients: who may "
		    "say whose connection it brings");
	if (at && s->proxy && l->unix_socket)
		return conf_fail(r, at, &step, "not on a UNIX socket: who "
		    "comes there has no address that proxy_clients could have");
	at = value_get(v, step.key = "lmtp");
	if (at && s->lmtp && addr_port(&l->addr) == LMTP_NOT_PORT)
		return conf_fail(r, at, &step, "not on port 25 (RFC 2033): 24 "
		    "is usual");
	if (check_withheld(r, v, up, s) < 0)
		return -1;
	at = value_get(v, step.key = "auth");
	if (!at || s->auth == SESSION_AUTH_OFF)
		return 0;
	if (s->mechanisms == 0)
		return conf_fail(r, at, &step, "auth.mechanisms has none");
	if (!can_authenticate(s))
		return conf_fail(r, at, &step, "this listener has no TLS, and "
		    "without it nobody may (auth.without_tls)");
	return 0;
}
