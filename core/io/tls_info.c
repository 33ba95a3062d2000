#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "mem.h"

#include "tls_ssl.h"

bool
tls_fingerprint(const X509 *x, unsigned char out[TLS_FINGERPRINT])
{
	unsigned len = 0;

	return X509_digest(x, EVP_sha256(), out, &len) &&
	    len == TLS_FINGERPRINT;
}

void
tls_hex(const unsigned char in[TLS_FINGERPRINT],
    char out[2 * TLS_FINGERPRINT + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < TLS_FINGERPRINT; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

/* As RFC 4514 has it, in UTF-8, with control characters escaped. */
static char *
subject_of(const X509 *x)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *s = NULL, *p;
	long len;

	if (bio && X509_NAME_print_ex(bio, X509_get_subject_name(x), 0,
	    XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
		len = BIO_get_mem_data(bio, &p);
		if (len > 0 && len <= TLS_SUBJECT_MAX &&
		    !memchr(p, '\0', (size_t)len))
			s = mem_strndup(p, (size_t)len);
	}
	BIO_free(bio);
	return s;
}

static void
describe_peer(struct tls *t, const X509 *peer)
{
	unsigned char digest[TLS_FINGERPRINT];

	t->subject = subject_of(peer);
	t->info.subject = t->subject;
	t->info.verified = SSL_get_verify_result(t->ssl) == X509_V_OK;
	if (!tls_fingerprint(peer, digest))
		return;
	tls_hex(digest, t->fingerprint);
	t->info.fingerprint = t->fingerprint;
}

void
tls_describe(struct tls *t)
{
	const X509 *peer = SSL_get0_peer_certificate(t->ssl);

	t->info.version = SSL_get_version(t->ssl);
	t->info.cipher = SSL_get_cipher_name(t->ssl);
	t->info.bits = SSL_get_cipher_bits(t->ssl, NULL);
	t->info.sni = t->sni;
	t->info.resumed = SSL_session_reused(t->ssl);
	if (peer)
		describe_peer(t, peer);
}
