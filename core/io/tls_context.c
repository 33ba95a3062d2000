#include <string.h>

#include "tls_ssl.h"

static int
parse_version(const char *text)
{
	if (!text || strcmp(text, "1.2") == 0)
		return TLS1_2_VERSION;
	return strcmp(text, "1.3") == 0 ? TLS1_3_VERSION : 0;
}

/*
 * Ciphers, groups and the security level are those of the system's OpenSSL
 * configuration, which SSL_CTX_new has applied; the lowest version is the
 * higher of the two.
 */
SSL_CTX *
tls_context(const SSL_METHOD *method, const char *min_version,
    char error[TLS_ERROR_MAX])
{
	int version = parse_version(min_version);
	SSL_CTX *ctx;

	if (!version) {
		tls_say(error, "no TLS version that there is: %s (1.2, 1.3)",
		    min_version);
		return NULL;
	}
	ctx = SSL_CTX_new(method);
	if (!ctx) {
		tls_say(error, "OpenSSL: %s", tls_reason());
		return NULL;
	}
	if (SSL_CTX_get_min_proto_version(ctx) < version)
		SSL_CTX_set_min_proto_version(ctx, version);
	/* A FIN without close_notify ends input as that does: SMTP has its own
	 * ends.  No password stays in a record that was read. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
	    SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* One read(2) for a record, and for many small ones. */
	SSL_CTX_set_read_ahead(ctx, 1);
	return ctx;
}
