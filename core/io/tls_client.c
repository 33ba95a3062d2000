#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "mem.h"

#include "tls_ssl.h"

struct tls_client {
	unsigned refs;
	SSL_CTX *ctx;
	enum tls_trust trust;
	char *name;		/* as configured; NULL */
	bool is_host;		/* the name may be sent as SNI */
	unsigned char pin[TLS_FINGERPRINT];
	char complaint[160];
};

/* Colons may stand between octets. */
static bool
parse_fingerprint(const char *text, unsigned char out[TLS_FINGERPRINT])
{
	size_t len;
	bool ok = OPENSSL_hexstr2buf_ex(out, TLS_FINGERPRINT, &len, text, ':');

	ERR_clear_error();
	return ok && len == TLS_FINGERPRINT;
}

bool
tls_is_fingerprint(const char *text)
{
	unsigned char out[TLS_FINGERPRINT];

	return parse_fingerprint(text, out);
}

/* Instead of OpenSSL's verification of the chain. */
static int
on_certificate(X509_STORE_CTX *store, void *arg)
{
	struct tls_client *c = arg;
	unsigned char digest[TLS_FINGERPRINT];
	bool pinned = c->trust == TLS_TRUST_PIN &&
	    tls_fingerprint(X509_STORE_CTX_get0_cert(store), digest) &&
	    CRYPTO_memcmp(digest, c->pin, sizeof digest) == 0;

	X509_STORE_CTX_set_error(store, pinned ? X509_V_OK :
	    X509_V_ERR_CERT_UNTRUSTED);
	return pinned || c->trust == TLS_TRUST_ANY;
}

const char *
tls_client_complaint(const struct tls *t)
{
	struct tls_client *c = t->client;
	long why = SSL_get_verify_result(t->ssl);

	if (!c || t->done || why == X509_V_OK || c->trust == TLS_TRUST_ANY)
		return NULL;
	if (c->trust == TLS_TRUST_PIN)
		return "the certificate has another fingerprint";
	if (why != X509_V_ERR_HOSTNAME_MISMATCH &&
	    why != X509_V_ERR_IP_ADDRESS_MISMATCH)
		return X509_verify_cert_error_string(why);
	snprintf(c->complaint, sizeof c->complaint,
	    "the certificate is not for %.120s", c->name);
	return c->complaint;
}

/* The name as RFC 9525 has it: of the alternative names, a wildcard only as a
 * whole label. */
static int
expect_name(struct tls_client *c, char error[TLS_ERROR_MAX])
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(c->ctx);

	if (!c->name)
		return tls_say(error, "no name to verify");
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (c->is_host ? X509_VERIFY_PARAM_set1_host(param, c->name, 0) :
	    X509_VERIFY_PARAM_set1_ip_asc(param, c->name))
		return 0;
	return tls_say(error, "%s: no host name and no address", c->name);
}

static int
trust(struct tls_client *c, const struct tls_client_conf *conf,
    char error[TLS_ERROR_MAX])
{
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	if (conf->trust != TLS_TRUST_CA)
		SSL_CTX_set_cert_verify_callback(c->ctx, on_certificate, c);
	switch (conf->trust) {
	case TLS_TRUST_ANY:
		return 0;
	case TLS_TRUST_PIN:
		if (conf->fingerprint &&
		    parse_fingerprint(conf->fingerprint, c->pin))
			return 0;
		return tls_say(error, "%s: no SHA-256 fingerprint",
		    conf->fingerprint ? conf->fingerprint : "nothing");
	case TLS_TRUST_CA:
		if (expect_name(c, error) < 0)
			return -1;
		if (conf->ca.p)
			return tls_pem_trust(c->ctx, &conf->ca, false, error);
		if (SSL_CTX_set_default_verify_paths(c->ctx))
			return 0;
	}
	return tls_say(error, "OpenSSL: %s", tls_reason());
}

/* The dot at the end of a whole name is for DNS alone (RFC 6066 3). */
static bool
is_host(const char *p, char out[TLS_NAME_MAX + 1])
{
	size_t len = strlen(p);

	return tls_name(p, len > 1 && p[len - 1] == '.' ? len - 1 : len, out);
}

struct tls_client *
tls_client_new(const struct tls_client_conf *conf, char error[TLS_ERROR_MAX])
{
	struct tls_client *c = mem_alloc(sizeof *c);
	char name[TLS_NAME_MAX + 1];

	c->refs = 1;
	c->trust = conf->trust;
	c->is_host = conf->name && is_host(conf->name, name);
	c->name = mem_strdup(c->is_host ? name : conf->name);
	c->ctx = tls_context(TLS_client_method(), conf->min_version, error);
	if (c->ctx && trust(c, conf, error) == 0) {
		ERR_clear_error();
		return c;
	}
	tls_client_free(c);
	return NULL;
}

void
tls_client_free(struct tls_client *c)
{
	if (!c || --c->refs > 0)
		return;
	SSL_CTX_free(c->ctx);
	mem_free(c->name);
	mem_free(c);
}

struct tls *
tls_connect(struct tls_client *c, int in, int out)
{
	struct tls *t = tls_new(c->ctx, in, out);

	c->refs++;
	t->client = c;
	if (c->is_host) {
		SSL_set_tlsext_host_name(t->ssl, c->name);
		t->sni = mem_strdup(c->name);
	}
	SSL_set_connect_state(t->ssl);
	return t;
}
