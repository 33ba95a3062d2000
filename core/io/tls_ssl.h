#ifndef TLS_SSL_H
#define TLS_SSL_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "tls.h"

/*
 * tls_ssl: what the files of tls share, and nobody else includes: OpenSSL ends
 * here.
 */
enum {
	TLS_BUDGET = 128 * 1024,	/* octets read in one call, so that no
					 * peer keeps it busy */
	TLS_UPDATES_MAX = 200,		/* handshake messages behind the
					 * handshake, in all */
	TLS_FINGERPRINT = 32,		/* octets of a SHA-256 */
	TLS_SUBJECT_MAX = 1024,		/* a longer one is left out */
};

struct tls {
	SSL *ssl;
	struct tls_server *server;	/* referenced: the one or the other */
	struct tls_client *client;
	int in, out;
	size_t budget;		/* what the present call may still read */
	unsigned updates;	/* messages so far that bring no data */
	int io_error;		/* errno of a read or write that failed */
	int failed;		/* errno of the end by an error; 0: none yet */
	bool eof;		/* of the descriptor */
	bool done;		/* the handshake */
	bool closed;		/* we sent close_notify */
	bool pending;
	bool read_wants_write, write_wants_read;
	char *error;		/* NULL: none */
	char *sni, *subject;
	char fingerprint[2 * TLS_FINGERPRINT + 1];
	struct tls_info info;
};

/* tls_bio.c: through which the descriptors are read and written. */
BIO *tls_bio_new(struct tls *);

/* tls_pem.c: each returns 0 or NULL after a line in error. */
int tls_say(char error[TLS_ERROR_MAX], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
const char *tls_reason(void);		/* of OpenSSL's queue, a constant text */
/* The leaf, and what follows it. */
X509 *tls_pem_chain(const struct tls_blob *, STACK_OF(X509) **chain,
    char error[TLS_ERROR_MAX]);
EVP_PKEY *tls_pem_key(const struct tls_blob *, char error[TLS_ERROR_MAX]);
/* Certificates to verify by; with names they are told to the peer. */
int tls_pem_trust(SSL_CTX *, const struct tls_blob *, bool names,
    char error[TLS_ERROR_MAX]);

/* tls_context.c: an SSL_CTX with what both ends have in common. */
SSL_CTX *tls_context(const SSL_METHOD *, const char *min_version,
    char error[TLS_ERROR_MAX]);

/* tls_name.c: a host name (letters, digits, hyphens, dots; no address), in
 * lower case; false for anything else. */
bool tls_name(const char *p, size_t len, char out[TLS_NAME_MAX + 1]);
/* The name in the body of a server_name extension. */
bool tls_name_sni(const unsigned char *p, size_t len,
    char out[TLS_NAME_MAX + 1]);

/* tls_tickets.c */
void tls_tickets_use(SSL_CTX *, const struct tls_tickets *);

/* tls_info.c: fill in t->info after the handshake. */
void tls_describe(struct tls *);
bool tls_fingerprint(const X509 *, unsigned char out[TLS_FINGERPRINT]);
void tls_hex(const unsigned char in[TLS_FINGERPRINT],
    char out[2 * TLS_FINGERPRINT + 1]);

/* tls.c */
struct tls *tls_new(SSL_CTX *, int in, int out);

/* tls_client.c: what the certificate of the server lacks; NULL: nothing. */
const char *tls_client_complaint(const struct tls *);

#endif
