#ifndef KEYRING_H
#define KEYRING_H

#include <stddef.h>

#include "conf.h"
#include "tls.h"

struct bundle;

/*
 * keyring: the certificates, keys and passwords of a generation, as TLS and
 * the relays ask for them: found in its bundles, no file is opened.
 */
struct keyring {
	const struct bundle *open;	/* what everyone may read */
	const struct bundle *secret;
};

/* The PEM of that path, and the password behind a reference: for
 * relays_conf.  NULL if there is none. */
const char *keyring_certificate(void *keyring, const char *path, size_t *len);
const char *keyring_password(void *keyring, const char *ref, size_t *len);

/* What a listener offers.  NULL with one line that names the file. */
struct tls_server *keyring_server(const struct keyring *,
    const struct conf_tls *, const char *listener,
    const struct tls_tickets *, char error[TLS_ERROR_MAX]);

/* Can all of it be used: our certificates, and what next hops are checked
 * against?  0, or -1 with one line that names place and file. */
int keyring_check(const struct keyring *, const struct conf *,
    char error[CONF_ERROR_MAX]);

#endif
