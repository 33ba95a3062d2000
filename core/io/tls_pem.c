#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tls_ssl.h"

int
tls_say(char error[TLS_ERROR_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, TLS_ERROR_MAX, fmt, ap);
	va_end(ap);
	ERR_clear_error();
	return -1;
}

const char *
tls_reason(void)
{
	const char *s = ERR_reason_error_string(ERR_peek_error());

	return s ? s : "unknown error";
}

static BIO *
open_blob(const struct tls_blob *b)
{
	ERR_clear_error();
	return b->p && b->len <= INT_MAX ?
	    BIO_new_mem_buf(b->p, (int)b->len) : NULL;
}

/* Did the last PEM_read end because there is no more? */
static bool
is_end(void)
{
	unsigned long e = ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_PEM &&
	    ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

/* All certificates of a file, or NULL. */
static STACK_OF(X509) *
read_all(const struct tls_blob *b, char error[TLS_ERROR_MAX])
{
	STACK_OF(X509) *all = sk_X509_new_null();
	BIO *bio = open_blob(b);
	X509 *x = NULL;

	while (bio && all && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (!sk_X509_push(all, x)) {
			X509_free(x);
			break;
		}
	}
	BIO_free(bio);
	if (all && sk_X509_num(all) > 0 && !x && is_end()) {
		ERR_clear_error();
		return all;
	}
	if (all && sk_X509_num(all) == 0 && (!bio || is_end()))
		tls_say(error, "%s: holds no certificate in PEM", b->path);
	else
		tls_say(error, "%s: certificate %d is broken: %s", b->path,
		    sk_X509_num(all) + 1, tls_reason());
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

static bool
is_expired(const X509 *x, char day[16])
{
	const ASN1_TIME *end = X509_get0_notAfter(x);
	struct tm tm;

	if (X509_cmp_current_time(end) > 0)
		return false;
	if (!ASN1_TIME_to_tm(end, &tm) || !strftime(day, 16, "%Y-%m-%d", &tm))
		strcpy(day, "an odd day");
	return true;
}

X509 *
tls_pem_chain(const struct tls_blob *b, STACK_OF(X509) **chain,
    char error[TLS_ERROR_MAX])
{
	STACK_OF(X509) *all = read_all(b, error);
	char day[16];
	X509 *leaf;

	*chain = NULL;
	if (!all)
		return NULL;
	leaf = sk_X509_shift(all);
	if (!is_expired(leaf, day)) {
		*chain = all;
		return leaf;
	}
	tls_say(error, "%s: the certificate expired on %s", b->path, day);
	X509_free(leaf);
	sk_X509_pop_free(all, X509_free);
	return NULL;
}

static int
on_password(char *out, int size, int rwflag, void *arg)
{
	bool *encrypted = arg;

	*encrypted = true;
	return -1;
}

EVP_PKEY *
tls_pem_key(const struct tls_blob *b, char error[TLS_ERROR_MAX])
{
	BIO *bio = open_blob(b);
	EVP_PKEY *key = NULL;
	bool encrypted = false;

	if (bio)
		key = PEM_read_bio_PrivateKey(bio, NULL, on_password,
		    &encrypted);
	BIO_free(bio);
	if (encrypted)
		tls_say(error, "encrypted keys are not supported: %s", b->path);
	else if (!key)
		tls_say(error, "%s: holds no private key in PEM", b->path);
	else
		ERR_clear_error();
	if (!encrypted)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

int
tls_pem_trust(SSL_CTX *ctx, const struct tls_blob *b, bool names,
    char error[TLS_ERROR_MAX])
{
	STACK_OF(X509) *all = read_all(b, error);
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	int i, bad = 0;

	if (!all)
		return -1;
	for (i = 0; i < sk_X509_num(all) && !bad; i++) {
		X509 *x = sk_X509_value(all, i);

		bad = !X509_STORE_add_cert(store, x) ||
		    (names && !SSL_CTX_add_client_CA(ctx, x));
	}
	if (bad)
		tls_say(error, "%s: certificate %d: %s", b->path, i,
		    tls_reason());
	sk_X509_pop_free(all, X509_free);
	return bad ? -1 : 0;
}
