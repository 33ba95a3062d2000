#include <stdatomic.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "tls_ssl.h"

/*
 * Keys lie in a ring.  Those in use are the newest KEPT; the one slot more is
 * where the next is written while nobody looks at it, and then made count.  A
 * ticket is good for two hours (OpenSSL's default) and keys turn each hour.
 */
enum {
	KEPT = 3, SLOTS = KEPT + 1,
	NAME_LEN = 16, AES_LEN = 32, MAC_LEN = 32, IV_LEN = 16,
};

struct ticket_key {
	unsigned char name[NAME_LEN], aes[AES_LEN], mac[MAC_LEN];
};

struct tls_tickets {
	_Atomic unsigned count;		/* keys made so far */
	struct ticket_key slot[SLOTS];
};

size_t
tls_tickets_size(void)
{
	return sizeof (struct tls_tickets);
}

int
tls_tickets_rotate(struct tls_tickets *ts)
{
	unsigned count = atomic_load(&ts->count);
	struct ticket_key key;

	if (RAND_bytes(key.name, sizeof key.name) != 1 ||
	    RAND_priv_bytes(key.aes, sizeof key.aes) != 1 ||
	    RAND_priv_bytes(key.mac, sizeof key.mac) != 1)
		return -1;
	ts->slot[count % SLOTS] = key;
	atomic_store(&ts->count, count + 1);
	OPENSSL_cleanse(&key, sizeof key);
	return 0;
}

static bool
is_ready(const struct tls_tickets *ts)
{
	return ts && atomic_load(&ts->count) > 0;
}

/* The key of that age, 0 is the newest; NULL: there is none. */
static const struct ticket_key *
key_of_age(const struct tls_tickets *ts, unsigned age)
{
	unsigned count = atomic_load(&ts->count);

	return age < KEPT && age < count ?
	    &ts->slot[(count - 1 - age) % SLOTS] : NULL;
}

static bool
use_key(const struct ticket_key *k, const unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypt)
{
	unsigned char secret[MAC_LEN];
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret,
		    sizeof secret),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest,
		    0),
		OSSL_PARAM_construct_end(),
	};
	bool ok;

	memcpy(secret, k->mac, sizeof secret);
	ok = EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, k->aes, iv,
	    encrypt) && EVP_MAC_CTX_set_params(mac, params);
	OPENSSL_cleanse(secret, sizeof secret);
	return ok;
}

/* OpenSSL asks for the key: -1 is an error, 0 no key (a full handshake), 1
 * fine, 2 fine, but make a new ticket. */
static int
on_key(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypt)
{
	const struct tls_tickets *ts =
	    SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const struct ticket_key *k;
	unsigned age;

	if (encrypt) {
		k = key_of_age(ts, 0);
		if (!k)
			return 0;
		memcpy(name, k->name, NAME_LEN);
		if (RAND_bytes(iv, IV_LEN) != 1)
			return -1;
		return use_key(k, iv, cipher, mac, 1) ? 1 : -1;
	}
	for (age = 0; (k = key_of_age(ts, age)); age++) {
		if (memcmp(name, k->name, NAME_LEN) != 0)
			continue;
		if (!use_key(k, iv, cipher, mac, 0))
			return -1;
		return age == 0 ? 1 : 2;
	}
	return 0;
}

void
tls_tickets_use(SSL_CTX *ctx, const struct tls_tickets *ts)
{
	union {
		const struct tls_tickets *in;
		void *out;
	} cast = { .in = ts };		/* OpenSSL knows no const */

	if (!is_ready(ts)) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ctx, 0);
		return;
	}
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_app_data(ctx, cast.out);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_key);
}
