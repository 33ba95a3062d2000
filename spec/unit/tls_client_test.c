/* tls: our client against our server, and what neither is made from. */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tls.h"

#include "cert.h"
#include "test.h"

static struct cert ca, other_ca, mx, wild, old;

static void
open_pair(int fd[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) < 0)
		exit(1);
}

/* Ours against a server of ours: what the client says at the end. */
static void
client_case(const char *name, const struct cert *shown,
    const struct tls_client_conf *conf, const char *want)
{
	struct tls_pair pair = { NULL, shown->cert_pem, shown->key_pem };
	struct tls_server_conf sc = { .context = "a", .pair = &pair,
	    .pairs = 1 };
	char error[TLS_ERROR_MAX] = "";
	struct tls_server *s = tls_server_new(&sc, error);
	struct tls_client *c = tls_client_new(conf, error);
	struct tls *a, *b;
	int fd[2], i, done = 0;

	test_str(name, error, "");
	if (!s || !c)
		exit(1);
	open_pair(fd);
	a = tls_accept(s, fd[0], fd[0]);
	b = tls_connect(c, fd[1], fd[1]);
	tls_server_free(s);		/* the streams keep them */
	tls_client_free(c);
	for (i = 0; i < 20 && done != 3; i++) {
		done |= done & 1 || tls_handshake(b) == 1 ? 1 : 0;
		done |= done & 2 || tls_handshake(a) == 1 ? 2 : 0;
	}
	test_str(name, tls_error(b), want);
	test_int(name, !*want, done & 1);
	if (done == 3) {
		test_int("verified", tls_info(b)->verified,
		    conf->trust != TLS_TRUST_ANY);
		test_int("sni", tls_info(a)->sni != NULL,
		    conf->name && *conf->name > '9');
	} else if (done & 2) {
		char p[1];

		test_ok("the server hears of it", tls_read(a, p, 1) < 0);
	}
	tls_free(a);
	tls_free(b);
	close(fd[0]);
	close(fd[1]);
}

static void
test_client(void)
{
	struct cert self = cert_make(&(struct cert_ask){ .cn = "self",
	    .names = "DNS:mx.example.org" });
	struct cert foreign, partial, plain;
	char hex[65], colons[97];
	struct tls_client_conf any = { TLS_TRUST_ANY, "mx.example.org" };
	struct tls_client_conf by_ca = { TLS_TRUST_CA, "mx.example.org",
	    ca.cert_pem };
	struct tls_client_conf pin = { TLS_TRUST_PIN, "192.0.2.1" };

	foreign = cert_make(&(struct cert_ask){ .cn = "foreign",
	    .names = "DNS:mx.example.org", .issuer = &other_ca });
	partial = cert_make(&(struct cert_ask){ .cn = "partial",
	    .names = "DNS:m*.example.org", .issuer = &ca });
	plain = cert_make(&(struct cert_ask){ .cn = "mx.example.org",
	    .issuer = &ca });
	client_case("any", &self, &any, "");
	client_case("ca", &mx, &by_ca, "");
	client_case("self-signed", &self, &by_ca,
	    "TLS: self-signed certificate");
	client_case("another ca", &foreign, &by_ca,
	    "TLS: unable to get local issuer certificate");
	client_case("partial wildcard", &partial, &by_ca,
	    "TLS: the certificate is not for mx.example.org");
	client_case("common name", &plain, &by_ca,
	    "TLS: the certificate is not for mx.example.org");
	by_ca.name = "a.example.com";
	client_case("wildcard", &wild, &by_ca, "");
	by_ca.name = "a.example.com.";
	client_case("whole name", &wild, &by_ca, "");
	by_ca.name = "a.b.example.com";
	client_case("wildcard for one label", &wild, &by_ca,
	    "TLS: the certificate is not for a.b.example.com");
	by_ca.name = "192.0.2.7";
	client_case("address", &mx, &by_ca, "");
	by_ca.name = "192.0.2.8";
	client_case("another address", &mx, &by_ca,
	    "TLS: the certificate is not for 192.0.2.8");
	by_ca.name = "2001:db8::1";
	client_case("address 6", &mx, &by_ca, "");
	pin.fingerprint = cert_fingerprint(&self, hex);
	client_case("pin", &self, &pin, "");
	client_case("another pin", &mx, &pin,
	    "TLS: the certificate has another fingerprint");
	for (int i = 0; i < 32; i++)
		snprintf(colons + 3 * i, 4, "%.2s:", hex + 2 * i);
	colons[95] = '\0';
	pin.fingerprint = colons;
	client_case("pin with colons", &self, &pin, "");
	cert_free(&self);
	cert_free(&foreign);
	cert_free(&partial);
	cert_free(&plain);
}

static void
client_refused(const struct tls_client_conf *conf, const char *want)
{
	char error[TLS_ERROR_MAX] = "";

	test_ok("refused", !tls_client_new(conf, error));
	test_str("client", error, want);
}

static void
test_client_errors(void)
{
	struct tls_blob junk = { "junk", 4, "ca.pem" };
	struct tls_client_conf c = { TLS_TRUST_CA };

	client_refused(&c, "no name to verify");
	c.name = "a b";
	client_refused(&c, "a b: no host name and no address");
	c.name = "a.example";
	c.ca = junk;
	client_refused(&c, "ca.pem: holds no certificate in PEM");
	c.trust = TLS_TRUST_PIN;
	client_refused(&c, "nothing: no SHA-256 fingerprint");
	c.fingerprint = "00";
	client_refused(&c, "00: no SHA-256 fingerprint");
	c.trust = TLS_TRUST_ANY;
	c.min_version = "1.1";
	client_refused(&c, "no TLS version that there is: 1.1 (1.2, 1.3)");
	test_ok("not hex", !tls_is_fingerprint("zz"));
	test_ok("too long", !tls_is_fingerprint("0000000000000000000000000000"
	    "000000000000000000000000000000000000000"));
}

static void
server_refused(struct tls_blob cert, struct tls_blob key, const char *want)
{
	struct tls_pair pair = { NULL, cert, key };
	struct tls_server_conf conf = { .context = "a", .pair = &pair,
	    .pairs = 1 };
	char error[TLS_ERROR_MAX] = "";

	test_ok("refused", !tls_server_new(&conf, error));
	test_str("server", error, want);
}

static void
test_server_errors(void)
{
	struct tls_blob junk = { "junk", 4, "junk.pem" }, none = { 0 };
	struct tls_blob half = mx.cert_pem, two = { .path = "two.pem" };
	struct tls_blob locked = cert_key_blob(mx.key, "secret", "locked.pem");
	struct cert weak = cert_make(&(struct cert_ask){ .cn = "weak",
	    .rsa_bits = 512 });
	char expired[TLS_ERROR_MAX], day[16], *text;
	time_t then = time(NULL) - 3600;

	strftime(day, sizeof day, "%Y-%m-%d", gmtime(&then));
	snprintf(expired, sizeof expired, "cert.pem: the certificate "
	    "expired on %s", day);
	none.path = "none.pem";
	half.len = half.len * 2 / 3;
	server_refused(junk, mx.key_pem,
	    "junk.pem: holds no certificate in PEM");
	server_refused(none, mx.key_pem,
	    "none.pem: holds no certificate in PEM");
	server_refused(mx.key_pem, mx.key_pem,
	    "key.pem: holds no certificate in PEM");
	server_refused(half, mx.key_pem,
	    "cert.pem: certificate 1 is broken: bad end line");
	two.len = mx.cert_pem.len + half.len;
	two.p = text = malloc(two.len);
	memcpy(text, mx.cert_pem.p, mx.cert_pem.len);
	memcpy(text + mx.cert_pem.len, half.p, half.len);
	server_refused(two, mx.key_pem,
	    "two.pem: certificate 2 is broken: bad end line");
	free(text);
	server_refused(mx.cert_pem, junk,
	    "junk.pem: holds no private key in PEM");
	server_refused(mx.cert_pem, mx.cert_pem,
	    "cert.pem: holds no private key in PEM");
	server_refused(mx.cert_pem, locked,
	    "encrypted keys are not supported: locked.pem");
	server_refused(mx.cert_pem, wild.key_pem,
	    "key.pem: is not the key of cert.pem");
	server_refused(old.cert_pem, old.key_pem, expired);
	server_refused(weak.cert_pem, weak.key_pem,
	    "cert.pem: ee key too small");
	cert_free(&weak);
	free((void *)(size_t)locked.p);
}

static void
test_server_conf(void)
{
	struct tls_pair pairs[] = {
		{ NULL, mx.cert_pem, mx.key_pem },
		{ "a.example.com", wild.cert_pem, wild.key_pem },
		{ "A.example.com", wild.cert_pem, wild.key_pem },
	};
	struct tls_server_conf conf = { .context = "a", .pair = pairs };
	char error[TLS_ERROR_MAX] = "";
	struct tls_server *s;

	test_ok("no pair", !tls_server_new(&conf, error));
	test_str("no pair", error, "no certificate");
	conf.pairs = 3;
	test_ok("twice", !tls_server_new(&conf, error));
	test_str("twice", error, "a.example.com: two certificates");
	pairs[2].name = "a.*.example.com";
	test_ok("wildcard", !tls_server_new(&conf, error));
	test_str("wildcard", error, "a.*.example.com: no host name");
	conf.pairs = 2;
	conf.ciphers = "NO-SUCH-CIPHER";
	test_ok("ciphers", !tls_server_new(&conf, error));
	test_str("ciphers", error,
	    "no ciphers that OpenSSL knows: NO-SUCH-CIPHER");
	conf.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
	conf.min_version = "1.3";
	s = tls_server_new(&conf, error);
	test_ok("1.3", s != NULL);
	tls_server_free(s);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	ca = cert_make(&(struct cert_ask){ .cn = "CA", .ca = true });
	other_ca = cert_make(&(struct cert_ask){ .cn = "Other",
	    .ca = true });
	mx = cert_make(&(struct cert_ask){ .cn = "mx", .issuer = &ca, .names =
	    "DNS:mx.example.org,IP:192.0.2.7,IP:2001:db8::1" });
	wild = cert_make(&(struct cert_ask){ .cn = "wild", .issuer = &ca,
	    .names = "DNS:*.example.com" });
	old = cert_make(&(struct cert_ask){ .cn = "old", .expired = true });
	test_client();
	test_client_errors();
	test_server_errors();
	test_server_conf();
	cert_free(&ca);
	cert_free(&other_ca);
	cert_free(&mx);
	cert_free(&wild);
	cert_free(&old);
	return test_done();
}
