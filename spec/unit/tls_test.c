/* tls: the server against OpenSSL's own client. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls.h"

#include "cert.h"
#include "test.h"

static struct cert ca, other_ca, mx, wild, small;

/* What a client of OpenSSL's does, and what came of it. */
struct raw {
	const char *sni;		/* NULL: none */
	const char *alpn;		/* as on the wire */
	const struct cert *cert;
	int max_version;
	SSL_SESSION *session;		/* to resume; the last one afterwards */
	bool ok;
	char error[TLS_ERROR_MAX];	/* the server's */
	int alert;			/* OpenSSL's reason */
	char cn[64];			/* of the certificate it was shown */
	struct tls_info info;		/* the server's */
	char version[16], name[256], subject[256], fingerprint[65];
	char chosen[16];		/* ALPN */
};

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct raw *r = SSL_get_app_data(ssl);

	SSL_SESSION_free(r->session);
	r->session = session;
	return 1;
}

static SSL_CTX *
raw_context(struct raw *r)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (r->max_version)
		SSL_CTX_set_max_proto_version(ctx, r->max_version);
	if (r->alpn)
		SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)r->alpn,
		    (unsigned)strlen(r->alpn));
	if (r->cert) {
		SSL_CTX_use_certificate(ctx, r->cert->x);
		SSL_CTX_use_PrivateKey(ctx, r->cert->key);
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT |
	    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	return ctx;
}

static void
copy(char *out, size_t size, const char *s)
{
	snprintf(out, size, "%s", s ? s : "-");
}

static void
note(struct raw *r, SSL *ssl, struct tls *t)
{
	X509 *x = SSL_get0_peer_certificate(ssl);
	const unsigned char *p;
	unsigned len;

	r->info = *tls_info(t);
	copy(r->version, sizeof r->version, r->info.version);
	copy(r->name, sizeof r->name, r->info.sni);
	copy(r->subject, sizeof r->subject, r->info.subject);
	copy(r->fingerprint, sizeof r->fingerprint, r->info.fingerprint);
	if (x)
		X509_NAME_get_text_by_NID(X509_get_subject_name(x),
		    NID_commonName, r->cn, sizeof r->cn);
	SSL_get0_alpn_selected(ssl, &p, &len);
	snprintf(r->chosen, sizeof r->chosen, "%.*s", (int)len,
	    len ? (const char *)p : "");
}

static void
open_pair(int fd[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) < 0)
		exit(1);
}

/* A handshake and an octet each way, which brings the tickets. */
static void
raw_run(struct raw *r, struct tls_server *server)
{
	SSL_CTX *ctx = raw_context(r);
	SSL *ssl = SSL_new(ctx);
	bool a = false, b = false;
	struct tls *t;
	int fd[2], i;
	char c;

	open_pair(fd);
	t = tls_accept(server, fd[0], fd[0]);
	SSL_set_fd(ssl, fd[1]);
	SSL_set_app_data(ssl, r);
	SSL_set_connect_state(ssl);
	if (r->sni)
		SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
		    TLSEXT_NAMETYPE_host_name, (void *)(size_t)r->sni);
	if (r->session)
		SSL_set_session(ssl, r->session);
	ERR_clear_error();
	for (i = 0; i < 20 && !(a && b); i++) {
		b = b || SSL_do_handshake(ssl) == 1;
		a = a || tls_handshake(t) == 1;
	}
	r->ok = a && b;
	r->alert = ERR_GET_REASON(ERR_peek_error());
	copy(r->error, sizeof r->error, tls_error(t));
	if (r->ok) {
		note(r, ssl, t);
		test_int("octet out", tls_write(t, "x", 1), 1);
		test_int("octet in", SSL_read(ssl, &c, 1), 1);
		/* OpenSSL does not tell of a ticket that was renewed in 1.2. */
		if (SSL_version(ssl) == TLS1_2_VERSION)
			on_session(ssl, SSL_get1_session(ssl));
	}
	SSL_shutdown(ssl);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	tls_free(t);
	close(fd[0]);
	close(fd[1]);
}

static void
raw_clear(struct raw *r)
{
	SSL_SESSION_free(r->session);
}

static struct tls_server *
make_server(const char *context, struct tls_tickets *tickets,
    const struct tls_blob *client_ca)
{
	struct tls_pair pairs[] = {
		{ NULL, mx.cert_pem, mx.key_pem },
		{ "*.Example.com", wild.cert_pem, wild.key_pem },
		{ "old.example.com", small.cert_pem, small.key_pem },
	};
	struct tls_server_conf conf = {
		.context = context, .pair = pairs, .pairs = 3,
		.tickets = tickets,
	};
	char error[TLS_ERROR_MAX] = "";
	struct tls_server *s;

	if (client_ca)
		conf.client_ca = *client_ca;
	s = tls_server_new(&conf, error);
	test_str("server", error, "");
	return s;
}

#define L63 "a23456789012345678901234567890123456789012345678901234567890123"

static void
test_sni(void)
{
	static const struct {
		const char *sni, *cn, *name;
	} cases[] = {
		{ NULL, "mx", "-" },
		{ "mx.example.org", "mx", "mx.example.org" },
		{ "MX.Example.Org", "mx", "mx.example.org" },
		{ "unknown.example.net", "mx", "unknown.example.net" },
		{ "a.example.com", "wild", "a.example.com" },
		{ "A.EXAMPLE.COM", "wild", "a.example.com" },
		{ "old.example.com", "small", "old.example.com" },
		{ "a.b.example.com", "mx", "a.b.example.com" },
		{ "example.com", "mx", "example.com" },
		{ "*.example.com", "mx", "-" },
		{ "a.example.com.", "mx", "-" },
		{ "a..example.com", "mx", "-" },
		{ ".example.com", "mx", "-" },
		{ "-a.example.com", "mx", "-" },
		{ "a-.example.com", "mx", "-" },
		{ "a\\b.example.com", "mx", "-" },
		{ "a b.example.com", "mx", "-" },
		{ "a\n.example.com", "mx", "-" },
		{ "\xc3\xa4.example.com", "mx", "-" },
		{ "192.0.2.1", "mx", "-" },
		{ "[192.0.2.1]", "mx", "-" },
		{ "2001:db8::1", "mx", "-" },
		{ "localhost", "mx", "localhost" },
		{ L63 ".example.com", "wild", L63 ".example.com" },
		{ L63 "x.example.com", "mx", "-" },
		{ L63 "." L63 "." L63 "." L63, "mx", "-" },
	};
	struct tls_server *s = make_server("a", NULL, NULL);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct raw r = { .sni = cases[i].sni };

		raw_run(&r, s);
		test_str(cases[i].sni ? cases[i].sni : "none", r.cn,
		    cases[i].cn);
		test_str("reported", r.name, cases[i].name);
		raw_clear(&r);
	}
	tls_server_free(s);
}

/* Each with a session from the one before; version 0 is the best. */
static bool
resumes(struct tls_server *first, const char *sni, struct tls_server *second,
    const char *again, int version)
{
	struct raw r = { .sni = sni, .max_version = version };
	bool resumed;

	raw_run(&r, first);
	test_ok("first is whole", r.ok && !r.info.resumed);
	test_ok("has a ticket", r.session != NULL);
	r.sni = again;
	raw_run(&r, second);
	test_str("no error", r.error, "");
	resumed = r.ok && r.info.resumed;
	test_str("right name", r.name, again ? again : "-");
	raw_clear(&r);
	return resumed;
}

static void
test_tickets(int version)
{
	struct tls_tickets *keys = calloc(1, tls_tickets_size());
	struct tls_server *a, *a2, *b, *none;
	struct raw r = { .sni = "a.example.com", .max_version = version };

	tls_tickets_rotate(keys);
	a = make_server("a", keys, NULL);
	a2 = make_server("a", keys, NULL);
	b = make_server("b", keys, NULL);
	none = make_server("a", NULL, NULL);
	test_ok("same", resumes(a, "a.example.com", a, "a.example.com",
	    version));
	test_ok("another worker", resumes(a, "a.example.com", a2,
	    "a.example.com", version));
	test_ok("no name", resumes(a, NULL, a2, NULL, version));
	test_ok("another listener", !resumes(a, "a.example.com", b,
	    "a.example.com", version));
	test_ok("another name", !resumes(a, "a.example.com", a,
	    "b.example.com", version));
	test_ok("another certificate", !resumes(a, "a.example.com", a,
	    "mx.example.org", version));
	test_ok("name left out", !resumes(a, "a.example.com", a, NULL,
	    version));
	test_ok("name put in", !resumes(a, NULL, a, "a.example.com", version));
	test_ok("without tickets", !resumes(a, "a.example.com", none,
	    "a.example.com", version));

	raw_run(&r, none);
	test_ok("no ticket without keys", r.ok &&
	    !(r.session && SSL_SESSION_has_ticket(r.session)));
	raw_run(&r, a);
	tls_tickets_rotate(keys);
	tls_tickets_rotate(keys);
	raw_run(&r, a2);
	test_ok("two turns later", r.ok && r.info.resumed);
	tls_tickets_rotate(keys);
	raw_run(&r, a);
	test_ok("it was renewed", r.ok && r.info.resumed);
	tls_tickets_rotate(keys);
	tls_tickets_rotate(keys);
	tls_tickets_rotate(keys);
	raw_run(&r, a);
	test_ok("forgotten", r.ok && !r.info.resumed);
	raw_clear(&r);
	tls_server_free(a);
	tls_server_free(a2);
	tls_server_free(b);
	tls_server_free(none);
	free(keys);
}

static void
test_alpn(void)
{
	static const struct {
		const char *offer, *chosen;
	} cases[] = {
		{ NULL, "" },
		{ "\4smtp", "smtp" },
		{ "\5esmtp", "esmtp" },
		{ "\2h2\4smtp", "smtp" },
		{ "\2h2\10http/1.1", NULL },
		{ "\5smtps", NULL },
		{ "\3smt", NULL },
	};
	struct tls_server *s = make_server("a", NULL, NULL);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct raw r = { .alpn = cases[i].offer };

		raw_run(&r, s);
		test_int("alpn", r.ok, cases[i].chosen != NULL);
		if (r.ok)
			test_str("chosen", r.chosen, cases[i].chosen);
		else
			test_str("refused", r.error,
			    "TLS: no application protocol");
		raw_clear(&r);
	}
	tls_server_free(s);
}

static void
test_versions(void)
{
	struct tls_pair pair = { NULL, mx.cert_pem, mx.key_pem };
	struct tls_server_conf only = { .context = "a", .pair = &pair,
	    .pairs = 1, .min_version = "1.3" };
	char error[TLS_ERROR_MAX];
	struct tls_server *s = make_server("a", NULL, NULL);
	struct raw r = { .max_version = TLS1_1_VERSION };

	raw_run(&r, s);
	test_ok("1.1 is refused", !r.ok);
	r.max_version = TLS1_2_VERSION;
	raw_run(&r, s);
	test_str("1.2", r.version, "TLSv1.2");
	r.max_version = 0;
	raw_run(&r, s);
	test_str("1.3", r.version, "TLSv1.3");
	test_ok("bits", r.info.bits >= 128);
	tls_server_free(s);
	s = tls_server_new(&only, error);
	r.max_version = TLS1_2_VERSION;
	raw_run(&r, s);
	test_ok("1.2 is refused", !r.ok);
	raw_clear(&r);
	tls_server_free(s);
}

static void
test_client_certificates(int version)
{
	struct tls_tickets *keys = calloc(1, tls_tickets_size());
	struct cert good = cert_make(&(struct cert_ask){
	    .cn = "J\xc3\xb6rg, \"x\"\nO=y", .issuer = &ca });
	struct cert bad = cert_make(&(struct cert_ask){ .cn = "bad",
	    .issuer = &other_ca });
	struct cert late = cert_make(&(struct cert_ask){ .cn = "late",
	    .issuer = &ca, .expired = true });
	struct raw r = { .max_version = version };
	struct tls_server *s;
	char hex[65];

	tls_tickets_rotate(keys);
	s = make_server("a", keys, &ca.cert_pem);
	raw_run(&r, s);
	test_ok("none", r.ok && !r.info.verified && !r.info.subject);
	SSL_SESSION_free(r.session);
	r.session = NULL;
	r.cert = &good;
	raw_run(&r, s);
	test_ok("verified", r.ok && r.info.verified);
	test_str("subject", r.subject,
	    "CN=J\xc3\xb6rg\\, \\\"x\\\"\\0AO=y");
	test_str("fingerprint", r.fingerprint, cert_fingerprint(&good, hex));
	raw_run(&r, s);
	test_ok("resumed", r.ok && r.info.resumed && r.info.verified);
	test_str("still known", r.fingerprint, cert_fingerprint(&good, hex));
	SSL_SESSION_free(r.session);
	r.session = NULL;
	r.cert = &bad;
	raw_run(&r, s);
	test_ok("another CA", r.ok && !r.info.verified);
	test_str("its subject", r.subject, "CN=bad");
	raw_run(&r, s);
	test_ok("not by resumption", r.ok && !r.info.verified);
	SSL_SESSION_free(r.session);
	r.session = NULL;
	r.cert = &late;
	raw_run(&r, s);
	test_ok("expired", r.ok && !r.info.verified);
	SSL_SESSION_free(r.session);
	r.session = NULL;
	r.cert = &good;
	raw_run(&r, s);
	tls_server_free(s);
	s = make_server("a", keys, &other_ca.cert_pem);
	raw_run(&r, s);
	test_ok("no ticket outlives its CA", r.ok && !r.info.resumed &&
	    !r.info.verified);
	raw_clear(&r);
	tls_server_free(s);
	cert_free(&good);
	cert_free(&bad);
	cert_free(&late);
	free(keys);
}

/* What is no handshake: an error of ours, never the peer's octets. */
static void
test_garbage(void)
{
	static const struct {
		const char *p;
		size_t n;
		const char *want;
	} cases[] = {
		{ "EHLO example.org\r\n", 18, "TLS: wrong version number" },
		{ "GET / HTTP/1.0\r\n\r\n", 18, "TLS: http request" },
		{ "\x16\3\1\0\2\xff\xff", 7, NULL },
		{ "", 0, "TLS: the connection ended in the handshake" },
		{ "\x16\3", 2, "TLS: the connection ended in the handshake" },
	};
	struct tls_server *s = make_server("a", NULL, NULL);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tls *t;
		int fd[2];
		char c;

		open_pair(fd);
		t = tls_accept(s, fd[0], fd[0]);
		test_int("waits", tls_handshake(t), -1);
		test_int("errno", errno, EAGAIN);
		if (write(fd[1], cases[i].p, cases[i].n) < 0)
			exit(1);
		shutdown(fd[1], SHUT_WR);
		while (tls_handshake(t) < 0 && errno == EAGAIN)
			continue;
		test_int("errno", errno, EPROTO);
		if (cases[i].want)
			test_str("garbage", tls_error(t), cases[i].want);
		test_int("for good", tls_read(t, &c, 1), -1);
		test_int("for good", tls_write(t, "x", 1), -1);
		test_int("no close_notify", tls_shutdown(t), 0);
		tls_free(t);
		close(fd[0]);
		close(fd[1]);
	}
	tls_server_free(s);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	ca = cert_make(&(struct cert_ask){ .cn = "CA", .ca = true });
	other_ca = cert_make(&(struct cert_ask){ .cn = "Other",
	    .ca = true });
	mx = cert_make(&(struct cert_ask){ .cn = "mx", .issuer = &ca });
	wild = cert_make(&(struct cert_ask){ .cn = "wild", .issuer = &ca });
	small = cert_make(&(struct cert_ask){ .cn = "small",
	    .rsa_bits = 2048 });
	test_sni();
	test_tickets(0);
	test_tickets(TLS1_2_VERSION);
	test_alpn();
	test_versions();
	test_client_certificates(0);
	test_client_certificates(TLS1_2_VERSION);
	test_garbage();
	cert_free(&ca);
	cert_free(&other_ca);
	cert_free(&mx);
	cert_free(&wild);
	cert_free(&small);
	return test_done();
}
