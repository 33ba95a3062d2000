#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "mem.h"

#include "tls_ssl.h"

/* A certificate, and for whom. */
struct entry {
	char *name;		/* lower case, "*.example.org"; NULL: default */
	X509 *cert;
	EVP_PKEY *key;
	STACK_OF(X509) *chain;
};

struct tls_server {
	unsigned refs;		/* the owner's and each stream's */
	SSL_CTX *ctx;		/* holds the default certificate */
	unsigned char context[TLS_FINGERPRINT];
	struct entry *entry;	/* by name, the default first */
	size_t entries;
};

static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (!x->name || !y->name)
		return (x->name != NULL) - (y->name != NULL);
	return strcmp(x->name, y->name);
}

static const struct entry *
find_name(const struct tls_server *s, char *name)
{
	const struct entry key = { .name = name };

	return bsearch(&key, s->entry, s->entries, sizeof key, by_name);
}

/* Whose certificate this client gets; NULL: the default.  A wildcard stands
 * for one label. */
static const struct entry *
find(const struct tls_server *s, const char *sni)
{
	char name[TLS_NAME_MAX + 1];
	const struct entry *e;
	const char *rest;

	strcpy(name, sni);
	e = find_name(s, name);
	rest = strchr(sni, '.');
	if (e || !rest)
		return e;
	*name = '*';
	strcpy(name + 1, rest);
	return find_name(s, name);
}

static bool
digest(const void *a, size_t a_len, const void *b, size_t b_len,
    unsigned char out[TLS_FINGERPRINT])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) &&
	    EVP_DigestUpdate(md, a, a_len) &&
	    EVP_DigestUpdate(md, b, b_len) &&
	    EVP_DigestFinal_ex(md, out, NULL);

	EVP_MD_CTX_free(md);
	return ok;
}

/* What OpenSSL compares before it takes up an old session: the listener, the
 * authorities that a client's certificate was verified by, and the name. */
static bool
bind_session(const struct tls_server *s, SSL *ssl, const char *sni)
{
	unsigned char id[TLS_FINGERPRINT];

	return digest(s->context, sizeof s->context, sni, strlen(sni), id) &&
	    SSL_set_session_id_context(ssl, id, sizeof id);
}

static bool
present(SSL *ssl, const struct entry *e)
{
	SSL_certs_clear(ssl);
	return SSL_use_cert_and_key(ssl, e->cert, e->key, e->chain, 1);
}

/*
 * Before OpenSSL looks at a ticket, and again after a HelloRetryRequest.  A
 * name that is none is as good as no name.  (One with a NUL, or longer than
 * 255, OpenSSL refuses itself a moment later.)
 */
static int
on_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls_server *s = arg;
	struct tls *t = SSL_get_app_data(ssl);
	char sni[TLS_NAME_MAX + 1] = "";
	const unsigned char *p;
	const struct entry *e;
	size_t len;

	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p,
	    &len) || !tls_name_sni(p, len, sni))
		*sni = '\0';
	mem_free(t->sni);
	t->sni = *sni ? mem_strdup(sni) : NULL;
	e = *sni ? find(s, sni) : NULL;
	if (bind_session(s, ssl, sni) &&
	    (s->entries < 2 || present(ssl, e ? e : s->entry)))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_INTERNAL_ERROR;
	return SSL_CLIENT_HELLO_ERROR;
}

/* A client that speaks of protocols must speak of ours. */
static int
on_alpn(SSL *ssl, const unsigned char **out, unsigned char *len,
    const unsigned char *in, unsigned n, void *arg)
{
	static const char *const ours[] = { "smtp", "esmtp" };
	unsigned i;
	size_t k;

	for (i = 0; i < n && in[i] < n - i; i += 1u + in[i]) {
		for (k = 0; k < sizeof ours / sizeof *ours; k++) {
			if (in[i] != strlen(ours[k]) ||
			    memcmp(in + i + 1, ours[k], in[i]) != 0)
				continue;
			*out = in + i + 1;
			*len = in[i];
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Whatever is wrong with a client's certificate is noted by OpenSSL, in the
 * result of the verification, and does not end the handshake. */
static int
on_verify(int ok, X509_STORE_CTX *store)
{
	return 1;
}

static int
load_name(struct entry *e, const struct tls_pair *pair,
    char error[TLS_ERROR_MAX])
{
	char name[TLS_NAME_MAX + 1];
	bool wild;

	if (!pair->name)
		return 0;
	wild = strncmp(pair->name, "*.", 2) == 0;
	if (!tls_name(pair->name + 2 * wild, strlen(pair->name + 2 * wild),
	    name))
		return tls_say(error, "%s: no host name", pair->name);
	e->name = mem_alloc(strlen(name) + 3);
	strcpy(e->name, wild ? "*." : "");
	strcpy(e->name + 2 * wild, name);
	return 0;
}

/* The probe shows what OpenSSL's policy has against the pair. */
static int
load_pair(struct tls_server *s, struct entry *e, const struct tls_pair *pair,
    char error[TLS_ERROR_MAX])
{
	SSL *probe;
	bool fits;

	if (load_name(e, pair, error) < 0)
		return -1;
	e->cert = tls_pem_chain(&pair->cert, &e->chain, error);
	if (!e->cert)
		return -1;
	e->key = tls_pem_key(&pair->key, error);
	if (!e->key)
		return -1;
	if (!X509_check_private_key(e->cert, e->key))
		return tls_say(error, "%s: is not the key of %s",
		    pair->key.path, pair->cert.path);
	probe = SSL_new(s->ctx);
	fits = probe && present(probe, e);
	SSL_free(probe);
	return fits ? 0 : tls_say(error, "%s: %s", pair->cert.path,
	    tls_reason());
}

static int
load(struct tls_server *s, const struct tls_server_conf *conf,
    char error[TLS_ERROR_MAX])
{
	size_t i;

	if (conf->pairs == 0)
		return tls_say(error, "no certificate");
	s->entry = mem_array(conf->pairs, sizeof *s->entry);
	for (i = 0; i < conf->pairs; i++) {
		s->entries++;
		if (load_pair(s, &s->entry[i], &conf->pair[i], error) < 0)
			return -1;
	}
	qsort(s->entry, s->entries, sizeof *s->entry, by_name);
	for (i = 1; i < s->entries; i++) {
		if (by_name(&s->entry[i - 1], &s->entry[i]) == 0)
			return tls_say(error, "%s: two certificates",
			    s->entry[i].name ? s->entry[i].name : "default");
	}
	if (!SSL_CTX_use_cert_and_key(s->ctx, s->entry->cert, s->entry->key,
	    s->entry->chain, 1))
		return tls_say(error, "OpenSSL: %s", tls_reason());
	return 0;
}

static int
configure(struct tls_server *s, const struct tls_server_conf *conf,
    char error[TLS_ERROR_MAX])
{
	const char *context = conf->context ? conf->context : "";

	if (!digest(context, strlen(context) + 1, conf->client_ca.p,
	    conf->client_ca.p ? conf->client_ca.len : 0, s->context))
		return tls_say(error, "OpenSSL: %s", tls_reason());
	SSL_CTX_set_options(s->ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_dh_auto(s->ctx, 1);
	SSL_CTX_set_client_hello_cb(s->ctx, on_hello, s);
	SSL_CTX_set_alpn_select_cb(s->ctx, on_alpn, NULL);
	tls_tickets_use(s->ctx, conf->tickets);
	if (conf->ciphers && !SSL_CTX_set_cipher_list(s->ctx, conf->ciphers))
		return tls_say(error, "no ciphers that OpenSSL knows: %s",
		    conf->ciphers);
	if (!conf->client_ca.p)
		return 0;
	SSL_CTX_set_verify(s->ctx, SSL_VERIFY_PEER, on_verify);
	return tls_pem_trust(s->ctx, &conf->client_ca, true, error);
}

struct tls_server *
tls_server_new(const struct tls_server_conf *conf, char error[TLS_ERROR_MAX])
{
	struct tls_server *s = mem_alloc(sizeof *s);

	s->refs = 1;
	s->ctx = tls_context(TLS_server_method(), conf->min_version, error);
	if (s->ctx && load(s, conf, error) == 0 &&
	    configure(s, conf, error) == 0) {
		ERR_clear_error();
		return s;
	}
	tls_server_free(s);
	return NULL;
}

void
tls_server_free(struct tls_server *s)
{
	if (!s || --s->refs > 0)
		return;
	for (size_t i = 0; i < s->entries; i++) {
		mem_free(s->entry[i].name);
		X509_free(s->entry[i].cert);
		EVP_PKEY_free(s->entry[i].key);
		sk_X509_pop_free(s->entry[i].chain, X509_free);
	}
	mem_free(s->entry);
	SSL_CTX_free(s->ctx);
	mem_free(s);
}

struct tls *
tls_accept(struct tls_server *s, int in, int out)
{
	struct tls *t = tls_new(s->ctx, in, out);

	s->refs++;
	t->server = s;
	SSL_set_accept_state(t->ssl);
	return t;
}
