/* dns: a server of one page inside the test, and what clients see of it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ev.h>

#include "buf.h"
#include "dns.h"
#include "dns_answer.h"
#include "dns_text.h"

#include "test.h"

enum { A = 1, PTR = 12, MX = 15, TXT = 16, AAAA = 28 };

static struct ev_loop *loop;
static struct dns *dns;

/* What the server says: rcode, then records as type and data. */
static const struct zone {
	const char *name;
	int rcode;
	struct { int type; const char *data; size_t len; } rr[4];
} zones[] = {
	{ "two.test", 0, { { A, "\xc0\0\2\1", 4 }, { A, "\xc0\0\2\2", 4 },
	    { AAAA, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16 } } },
	{ "txt.test", 0, { { TXT, "\3one\4 two", 9 }, { TXT, "\0", 1 } } },
	{ "mx.test", 0, { { MX, "\0\x14\1b\4test\0", 10 },
	    { MX, "\0\xa\1a\4test\0", 10 }, { MX, "\0\0\0", 3 } } },
	{ "1.2.0.192.in-addr.arpa", 0, { { PTR, "\4host\4test\0", 11 },
	    { PTR, "\5a b\0c\4test\0", 12 }, { PTR, "\2\n!\0", 4 },
	    { PTR, "\3a.b\0", 5 } } },
	{ "none.test", 0, { { 0 } } },
	{ "gone.test", 3, { { 0 } } },
	{ "broken.test", 2, { { 0 } } },
	{ "refused.test", 5, { { 0 } } },
	{ "short.test", 0, { { A, "\1\2", 2 } } },
	{ "badtxt.test", 0, { { TXT, "\x20zu", 3 } } },
	{ "badptr.test", 0, { { PTR, "\xc0\xff", 2 } } },
};

static void
put16(struct buf *b, unsigned n)
{
	const char p[2] = { (char)(n >> 8), (char)n };

	buf_append(b, p, 2);
}

static void
put_record(struct buf *b, int type, const char *data, size_t len)
{
	put16(b, 0xc00c);	/* the name of the question */
	put16(b, (unsigned)type);
	put16(b, 1);
	put16(b, 0);
	put16(b, 60);
	put16(b, (unsigned)len);
	buf_append(b, data, len);
}

/* The name of the question, as text; returns its length on the wire. */
static size_t
question_name(const unsigned char *p, char *out)
{
	size_t n = 0;

	while (p[n]) {
		memcpy(out + n, p + n + 1, p[n]);
		n += p[n] + 1u;
		out[n - 1] = '.';
	}
	out[n ? n - 1 : 0] = '\0';
	return n + 1;
}

static unsigned
put_answers(struct buf *b, const struct zone *z, int type)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; i < 4; i++) {
		if (z->rr[i].type != type || !type)
			continue;
		put_record(b, type, z->rr[i].data, z->rr[i].len);
		count++;
	}
	return count;
}

/* A reply for the query in q into b; false for "silent". */
static int
serve(const unsigned char *q, struct buf *b)
{
	char name[300];
	size_t len = question_name(q + 12, name), i, answers;
	int type = q[12 + len] << 8 | q[13 + len];
	const struct zone *z = NULL;

	for (i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		if (strcasecmp(zones[i].name, name) == 0)
			z = &zones[i];
	}
	if (!z)
		return 0;
	buf_append(b, q, 2);
	put16(b, 0x8180u | (unsigned)z->rcode);
	put16(b, 1);
	put16(b, 0);
	put16(b, 0);
	put16(b, 0);
	buf_append(b, q + 12, len + 4);
	answers = put_answers(b, z, type);
	b->p[6] = (char)(answers >> 8);
	b->p[7] = (char)answers;
	return 1;
}

static void
on_query(struct ev_loop *l, ev_io *w, int revents)
{
	unsigned char q[1500];
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	struct buf b;

	buf_init(&b);
	if (recvfrom(w->fd, q, sizeof q, 0, (struct sockaddr *)&from,
	    &len) > 16 && serve(q, &b))
		(void)!sendto(w->fd, b.p, b.len, 0, (struct sockaddr *)&from,
		    len);
	buf_clear(&b);
}

static char got[4096];
static unsigned answers;

static const char *const names[] = {
	"ok", "none", "nxdomain", "timeout", "refused", "failed",
};

static void
on_answer(void *arg, const struct dns_answer *a)
{
	size_t i, n;

	n = (size_t)sprintf(got, "%s", names[a->status]);
	for (i = 0; i < a->count; i++) {
		n += (size_t)sprintf(got + n, " %s", a->record[i].text);
		if (a->record[i].preference)
			n += (size_t)sprintf(got + n, "/%d",
			    a->record[i].preference);
	}
	test_ok("an error has a text", a->status == DNS_OK || a->error);
	answers++;
}

static void
wait_answer(const char *name, const char *want)
{
	test_int("never from inside a call", answers, 0);
	while (!answers)
		ev_run(loop, EVRUN_ONCE);
	test_int("once", answers, 1);
	test_str(name, got, want);
	answers = 0;
}

static const struct {
	enum dns_type type;
	const char *name, *want;
} questions[] = {
	{ DNS_A,	"two.test",	"ok 192.0.2.1 192.0.2.2" },
	{ DNS_A,	"two.test.",	"ok 192.0.2.1 192.0.2.2" },
	{ DNS_AAAA,	"two.test",	"ok 2001:db8::1" },
	{ DNS_MX,	"two.test",	"none" },
	{ DNS_TXT,	"txt.test",	"ok one two " },
	{ DNS_MX,	"mx.test",	"ok  a.test/10 b.test/20" },
	{ DNS_A,	"none.test",	"none" },
	{ DNS_A,	"gone.test",	"nxdomain" },
	{ DNS_A,	"broken.test",	"failed" },
	{ DNS_A,	"refused.test",	"refused" },
	{ DNS_A,	"short.test",	"failed" },
	{ DNS_TXT,	"badtxt.test",	"failed" },
	{ DNS_PTR,	"badptr.test",	"failed" },
	{ DNS_A,	"silent.test",	"timeout" },
	{ DNS_A,	"",		"failed" },
	{ DNS_A,	"a b.test",	"failed" },
	{ DNS_A,	"a\\.b.test",	"failed" },
	{ DNS_A,	"a..test",	"failed" },
	{ DNS_A,	"x23456789012345678901234567890123"
	    "4567890123456789012345678901234.test", "failed" },
};

static void
test_questions(void)
{
	struct addr addr;
	size_t i;

	for (i = 0; i < sizeof questions / sizeof questions[0]; i++) {
		dns_start(dns, questions[i].type, questions[i].name, on_answer,
		    NULL);
		wait_answer(questions[i].name, questions[i].want);
	}
	addr_parse("192.0.2.1", 0, &addr);
	dns_start_ptr(dns, &addr, on_answer, NULL);
	wait_answer("ptr", "ok host.test");
	addr_parse("unix:/x", 0, &addr);
	dns_start_ptr(dns, &addr, on_answer, NULL);
	wait_answer("ptr of no IP", "failed");
}

static const struct { const char *name, *want; } hosts[] = {
	{ "two.test",	"ok 192.0.2.1 192.0.2.2 2001:db8::1" },
	{ "127.0.0.9",	"ok 127.0.0.9" },
	{ "::1",	"ok ::1" },
	{ "HUB",	"ok 10.0.0.6 fd00::6" },
	{ "hub.test.",	"ok 10.0.0.6" },
	{ "localhost",	"ok 127.0.0.1" },
	{ "gone.test",	"nxdomain" },
	{ "none.test",	"none" },
	{ "broken.test", "failed" },
};

static void
test_hosts(void)
{
	size_t i;

	for (i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		dns_start_host(dns, hosts[i].name, on_answer, NULL);
		wait_answer(hosts[i].name, hosts[i].want);
	}
}

static struct dns_query *other;

static void
on_cancel_other(void *arg, const struct dns_answer *a)
{
	dns_cancel(other);
	dns_start(dns, DNS_A, "", on_answer, NULL);
}

static void
test_cancel(void)
{
	dns_cancel(NULL);
	dns_cancel(dns_start(dns, DNS_A, "two.test", on_answer, NULL));
	dns_cancel(dns_start(dns, DNS_A, "", on_answer, NULL));
	dns_cancel(dns_start_host(dns, "::1", on_answer, NULL));
	dns_start(dns, DNS_TXT, "txt.test", on_answer, NULL);
	wait_answer("the others are cancelled", "ok one two ");

	dns_start_host(dns, "::1", on_cancel_other, NULL);
	other = dns_start_host(dns, "::2", on_answer, NULL);
	wait_answer("cancelled inside an answer", "failed");
}

static void
test_servers(void)
{
	static const struct { const char *list, *conf, *want; } cases[] = {
		{ NULL, NULL, "127.0.0.1:53" },
		{ NULL, "# none\nsearch a b\n", "127.0.0.1:53" },
		{ NULL, "nameserver 192.0.2.1\n nameserver\t::1 # x\n"
		    "nameserver x\nnameserver", "192.0.2.1:53 [::1]:53" },
		{ "192.0.2.1:5353, [::1]:54,junk", NULL,
		    "192.0.2.1:5353 [::1]:54" },
		{ "", "nameserver 192.0.2.1\n", "" },
	};
	struct addr addr[DNS_SERVERS_MAX];
	char text[ADDR_TEXT_MAX], all[512];
	size_t i, k, n;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		n = dns_text_servers(cases[i].list, cases[i].conf, addr);
		*all = '\0';
		for (k = 0; k < n; k++) {
			strcat(all, k ? " " : "");
			strcat(all, addr_text(&addr[k], text));
		}
		test_str("servers", all, cases[i].want);
	}
}

/* A whole packet, cut at every length: no more than what is in it. */
static void
test_cut(void)
{
	unsigned char query[64] = { 0, 1, 1, 0, 0, 1, [12] = 2 };
	struct dns_set *set = calloc(1, sizeof *set);
	struct buf b;
	unsigned char *cut;
	size_t len;

	memcpy(query + 12, "\2mx\4test\0\0\17\0\1", 13);
	buf_init(&b);
	serve(query, &b);
	for (len = 0; len <= b.len; len++) {
		cut = malloc(len + 1);
		memcpy(cut, b.p, len);
		test_int("cut", dns_answer_parse(DNS_MX, cut, len, set),
		    len == b.len ? 0 : -1);
		free(cut);
		test_ok("records", set->count == 3 || len < b.len);
		dns_answer_clear(set);
	}
	buf_clear(&b);
	free(set);
}

static void
test_many(void)
{
	struct dns_set *set = calloc(1, sizeof *set);
	struct buf b;
	int i;

	buf_init(&b);
	buf_append(&b, "\0\1\x81\x80\0\1\x27\x10\0\0\0\0\0\0\1\0\1", 17);
	for (i = 0; i < 10000; i++)
		put_record(&b, A, "\1\2\3\4", 4);
	test_int("many", dns_answer_parse(DNS_A, (unsigned char *)b.p, b.len,
	    set), 0);
	test_int("capped", (long long)set->count, DNS_RECORDS_MAX);
	dns_answer_clear(set);
	buf_clear(&b);
	free(set);
}

int
main(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char server[64];
	struct dns_conf conf = {
		.servers = server, .timeout = 0.05, .tries = 1,
		.hosts = "# comment\n10.0.0.6 hub hub.test # x\nfd00::6 Hub\n"
		    "junk hub\n10.0.0.7",
	};
	ev_io io;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&sin, sizeof sin) < 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) < 0)
		return 1;
	sprintf(server, "127.0.0.1:%d", ntohs(sin.sin_port));
	loop = ev_loop_new(EVBACKEND_EPOLL);
	ev_io_init(&io, on_query, fd, EV_READ);
	ev_io_start(loop, &io);
	dns = dns_new(loop, &conf);
	test_ok("made", dns != NULL);
	test_questions();
	test_hosts();
	test_cancel();
	dns_start(dns, DNS_A, "silent.test", on_answer, NULL);
	dns_start_host(dns, "::1", on_answer, NULL);
	dns_free(dns);
	test_int("free is silent", answers, 0);
	test_servers();
	test_cut();
	test_many();
	ev_io_stop(loop, &io);
	test_ok("nothing is left in the loop", !ev_run(loop, EVRUN_NOWAIT));
	ev_loop_destroy(loop);
	close(fd);
	return test_done();
}
