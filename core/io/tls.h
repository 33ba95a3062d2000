#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * tls: TLS 1.2 and up, for both ends (RFC 8446, RFC 8996, RFC 9325).  The only
 * place that knows OpenSSL's SSL; keys and certificates come as bytes, no file
 * is opened.
 *
 * struct tls_server is what one listener offers, struct tls_client what is
 * asked of one next hop; both are made once and shared by streams.  struct tls
 * is one stream over a pair of descriptors; conn owns it (conn_secure_*).
 * There is no renegotiation and no way back to clear text: the end of TLS is
 * the end of the stream.
 */
enum { TLS_ERROR_MAX = 256, TLS_NAME_MAX = 255 };

struct tls_blob {		/* PEM */
	const char *p;
	size_t len;
	const char *path;	/* what to call it in an error */
};

struct tls_pair {
	const char *name;	/* "mx.example.org", "*.example.org"; NULL: the
				 * default, for clients that name no other */
	struct tls_blob cert, key;	/* the chain, leaf first */
};

struct tls_tickets;

struct tls_server_conf {
	const char *context;	/* of the listener: its tickets are good for no
				 * other, for no other name (SNI), and only
				 * with this client_ca */
	const struct tls_pair *pair;	/* the default is first */
	size_t pairs;
	const char *min_version;	/* "1.2", "1.3" */
	const char *ciphers;	/* OpenSSL's list, for TLS 1.2; NULL: its own */
	struct tls_blob client_ca;	/* ask clients for certificates; p NULL: no */
	const struct tls_tickets *tickets;	/* NULL: no resumption */
};

struct tls_server;
/* Everything is copied.  NULL with one line that names the file: unreadable,
 * encrypted, expired, a key that does not match. */
struct tls_server *tls_server_new(const struct tls_server_conf *,
    char error[TLS_ERROR_MAX]);
void tls_server_free(struct tls_server *);	/* streams may outlive it */

/*
 * Ticket keys, in memory that all workers share: the supervisor alone makes
 * and turns them, a worker only reads.  The newest encrypts, older ones still
 * decrypt.
 */
size_t tls_tickets_size(void);
/* A new key; the oldest is forgotten.  0, or -1 if there is no randomness. */
int tls_tickets_rotate(struct tls_tickets *);

enum tls_trust {
	TLS_TRUST_ANY,		/* encrypted is enough */
	TLS_TRUST_CA,		/* signed by ca (or the system's), and the name */
	TLS_TRUST_PIN,		/* the fingerprint alone */
};

struct tls_client_conf {
	enum tls_trust trust;
	const char *name;	/* of the server: SNI, and checked for CA; an
				 * address is checked but not sent */
	struct tls_blob ca;	/* p NULL: the system's */
	const char *fingerprint;	/* SHA-256 of the certificate: hex,
					 * colons allowed */
	const char *min_version;
};

struct tls_client;
struct tls_client *tls_client_new(const struct tls_client_conf *,
    char error[TLS_ERROR_MAX]);
void tls_client_free(struct tls_client *);
/* Is that text a SHA-256 fingerprint? */
bool tls_is_fingerprint(const char *);

/* What was agreed.  The texts live as long as the stream. */
struct tls_info {
	const char *version;	/* "TLSv1.3" */
	const char *cipher;
	int bits;
	const char *sni;	/* a valid host name in lower case, or NULL */
	bool resumed;
	bool verified;		/* the peer's certificate, against our CA */
	const char *subject;	/* of the peer's certificate; NULL: none */
	const char *fingerprint;	/* SHA-256, lower-case hex; NULL */
};

struct tls;
/* Over descriptors that are non-blocking and stay the caller's. */
struct tls *tls_accept(struct tls_server *, int in, int out);
struct tls *tls_connect(struct tls_client *, int in, int out);
void tls_free(struct tls *);		/* NULL is fine */

/* As read(2) and write(2): octets, 0 at the end of input, -1 with errno; EAGAIN
 * sets what is waited for.  The handshake is 1 when it is done. */
int tls_handshake(struct tls *);
ssize_t tls_read(struct tls *, char *p, size_t n);
ssize_t tls_write(struct tls *, const char *p, size_t n);
int tls_shutdown(struct tls *);		/* close_notify, best effort */
/* Decrypted octets wait although the descriptor may not be readable. */
bool tls_pending(const struct tls *);
/* The last EAGAIN of reading waits for writing (a KeyUpdate), of writing for
 * reading. */
bool tls_wants_write(const struct tls *);
bool tls_wants_read(const struct tls *);
/* Valid once the handshake is done. */
const struct tls_info *tls_info(const struct tls *);
/* What went wrong, for the log, never the peer's raw bytes; "" if nothing. */
const char *tls_error(const struct tls *);

#endif
