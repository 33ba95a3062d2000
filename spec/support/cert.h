#ifndef CERT_H
#define CERT_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls.h"

/*
 * cert: certificates that a spec makes for itself (P-256).
 *
 *	struct cert ca = cert_make(&(struct cert_ask){ .cn = "CA", .ca = true });
 */
struct cert {
	X509 *x;
	EVP_PKEY *key;
	struct tls_blob cert_pem, key_pem;
};

struct cert_ask {
	const char *cn;
	const char *names;		/* "DNS:a.example,IP:192.0.2.1"; NULL */
	const struct cert *issuer;	/* NULL: self-signed */
	bool ca, expired;
	unsigned rsa_bits;		/* 0: P-256 */
};

static inline struct tls_blob
cert_blob(BIO *bio, const char *path)
{
	struct tls_blob b = { .path = path };
	char *p;
	long len = BIO_get_mem_data(bio, &p);
	char *copy = malloc((size_t)len + 1);

	memcpy(copy, p, (size_t)len);
	copy[len] = '\0';
	b.p = copy;
	b.len = (size_t)len;
	BIO_free(bio);
	return b;
}

static inline struct tls_blob
cert_key_blob(EVP_PKEY *key, const char *password, const char *path)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (!PEM_write_bio_PKCS8PrivateKey(bio, key,
	    password ? EVP_aes_128_cbc() : NULL, password,
	    password ? (int)strlen(password) : 0, NULL, NULL))
		abort();
	return cert_blob(bio, path);
}

static inline void
cert_extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (!e || !X509_add_ext(x, e, -1))
		abort();
	X509_EXTENSION_free(e);
}

static inline struct cert
cert_make(const struct cert_ask *ask)
{
	static long serial;
	struct cert c = { .x = X509_new(), .key = ask->rsa_bits ?
	    EVP_RSA_gen(ask->rsa_bits) : EVP_EC_gen("P-256") };
	X509_NAME *name = X509_get_subject_name(c.x);
	BIO *bio = BIO_new(BIO_s_mem());

	X509_set_version(c.x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(c.x), -7200);
	X509_gmtime_adj(X509_getm_notAfter(c.x), ask->expired ? -3600 : 86400);
	X509_set_pubkey(c.x, c.key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)ask->cn, -1, -1, 0);
	X509_set_issuer_name(c.x, ask->issuer ?
	    X509_get_subject_name(ask->issuer->x) : name);
	if (ask->ca)
		cert_extend(c.x, NID_basic_constraints, "critical,CA:TRUE");
	if (ask->names)
		cert_extend(c.x, NID_subject_alt_name, ask->names);
	if (!X509_sign(c.x, ask->issuer ? ask->issuer->key : c.key,
	    EVP_sha256()) || !PEM_write_bio_X509(bio, c.x))
		abort();
	c.cert_pem = cert_blob(bio, "cert.pem");
	c.key_pem = cert_key_blob(c.key, NULL, "key.pem");
	return c;
}

static inline void
cert_free(struct cert *c)
{
	X509_free(c->x);
	EVP_PKEY_free(c->key);
	free((void *)(size_t)c->cert_pem.p);
	free((void *)(size_t)c->key_pem.p);
}

/* SHA-256, lower-case hex. */
static inline char *
cert_fingerprint(const struct cert *c, char out[65])
{
	unsigned char digest[32];
	unsigned len;

	X509_digest(c->x, EVP_sha256(), digest, &len);
	for (unsigned i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
	return out;
}

#endif
