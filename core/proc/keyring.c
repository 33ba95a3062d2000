#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "nexthop.h"

#include "bundle.h"

#include "keyring.h"

/* A file that holds a private key too is in the secret bundle alone. */
static struct tls_blob
find(const struct keyring *k, const char *path)
{
	struct tls_blob b = { .path = path };

	if (!path)
		return b;
	b.p = bundle_find(k->open, BUNDLE_CERT, path, &b.len, NULL);
	if (!b.p)
		b.p = bundle_find(k->secret, BUNDLE_KEY, path, &b.len, NULL);
	return b;
}

const char *
keyring_certificate(void *keyring, const char *path, size_t *len)
{
	struct tls_blob b = find(keyring, path);

	*len = b.len;
	return b.p;
}

const char *
keyring_password(void *keyring, const char *ref, size_t *len)
{
	const struct keyring *k = keyring;

	return bundle_find(k->secret, BUNDLE_SECRET, ref, len, NULL);
}

struct tls_server *
keyring_server(const struct keyring *k, const struct conf_tls *t,
    const char *listener, const struct tls_tickets *tickets,
    char error[TLS_ERROR_MAX])
{
	struct tls_pair *pair = mem_array(t->certs, sizeof *pair);
	struct tls_server_conf conf = {
		.context = listener,
		.pair = pair,
		.pairs = t->certs,
		.min_version = t->min_version,
		.ciphers = t->ciphers,
		.client_ca = find(k, t->client_ca),
		.tickets = tickets,
	};
	struct tls_server *server;
	size_t i;

	for (i = 0; i < t->certs; i++) {
		pair[i].name = t->cert[i].name;
		pair[i].cert = find(k, t->cert[i].cert);
		pair[i].key = find(k, t->cert[i].key);
	}
	server = tls_server_new(&conf, error);
	mem_free(pair);
	return server;
}

/* Where the file that an error names first was named; NULL: it names none. */
static const char *
place_of(const struct conf *c, const char *error)
{
	const char *at, *first = NULL, *place = NULL;
	const struct conf_file *f;
	size_t longest = 0;

	for (f = c->files; f; f = f->next) {
		at = strstr(error, f->path);
		if (!at || (first && (at > first ||
		    (at == first && strlen(f->path) < longest))))
			continue;
		first = at;
		longest = strlen(f->path);
		place = f->place;
	}
	return place;
}

static int
check_hop(const struct keyring *k, const struct conf *c,
    const struct nexthop *hop, char *error)
{
	struct tls_client_conf conf = {
		.trust = hop->fingerprint ? TLS_TRUST_PIN : TLS_TRUST_CA,
		.name = hop->host,
		.ca = find(k, hop->ca),
		.fingerprint = hop->fingerprint,
	};
	char why[TLS_ERROR_MAX];
	struct tls_client *client;
	const char *place;

	if (hop->tls != NEXTHOP_TLS_VERIFY)
		return 0;
	client = tls_client_new(&conf, why);
	if (client) {
		tls_client_free(client);
		return 0;
	}
	place = place_of(c, why);
	if (place)
		snprintf(error, CONF_ERROR_MAX, "%.500s: %s", place, why);
	else
		snprintf(error, CONF_ERROR_MAX, "%.300s: %.200s: %s", c->path,
		    hop->url, why);
	return -1;
}

static int
check_route(const struct keyring *k, const struct conf *c,
    const struct route *route, char *error)
{
	size_t i;

	for (i = 0; i < route->count; i++)
		if (check_hop(k, c, &route->hop[i], error) < 0)
			return -1;
	return 0;
}

static int
check_server(const struct keyring *k, const struct conf *c, char *error)
{
	char why[TLS_ERROR_MAX];
	struct tls_server *server;
	const char *place;

	if (c->tls.certs == 0)
		return 0;
	server = keyring_server(k, &c->tls, "check", NULL, why);
	if (server) {
		tls_server_free(server);
		return 0;
	}
	place = place_of(c, why);
	snprintf(error, CONF_ERROR_MAX, "%.500s: %s", place ? place :
	    c->tls.place, why);
	return -1;
}

int
keyring_check(const struct keyring *k, const struct conf *c,
    char error[CONF_ERROR_MAX])
{
	size_t i;

	if (check_server(k, c, error) < 0)
		return -1;
	for (i = 0; i < c->routes.count; i++)
		if (check_route(k, c, &c->routes.route[i], error) < 0)
			return -1;
	for (i = 0; i < c->listeners; i++)
		if (check_route(k, c, c->listener[i].session.relay, error) < 0)
			return -1;
	return 0;
}
