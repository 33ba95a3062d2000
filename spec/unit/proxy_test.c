/* proxy: each header whole, cut at every length, and with more behind it. */
#include "addr.h"
#include "buf.h"
#include "proxy.h"

#include "test.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define IP4 "\300\0\2\1" "\306\63\144\2" "\xd4\x31" "\0\x19"
#define IP6 "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2" "\xd4\x31" "\0\x19"
#define S(s) s, sizeof s - 1

struct header_case {
	const char *name, *p;
	size_t n;
	const char *want;	/* "client server", "local", or the error */
};

static const struct header_case cases[] = {
	{ "tcp4", S("PROXY TCP4 192.0.2.1 198.51.100.2 54321 25\r\n"),
	  "192.0.2.1:54321 198.51.100.2:25" },
	{ "tcp6", S("PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n"),
	  "[2001:db8::1]:0 [2001:db8::2]:65535" },
	{ "mapped", S("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n"),
	  "192.0.2.1:1 192.0.2.2:2" },
	{ "unknown", S("PROXY UNKNOWN\r\n"), "local" },
	{ "unknown with words", S("PROXY UNKNOWN a b c d\r\n"), "local" },
	{ "107 octets", S("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
	    " ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	  "local" },
	{ "108 octets", S("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
	    " ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 655355\r\n"),
	  "the PROXY line is too long" },
	{ "no end", S("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
	    " ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535 and more"),
	  "the PROXY line is too long" },
	{ "bare lf", S("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"),
	  "the PROXY line does not end in CRLF" },
	{ "lf at once", S("PROXY \n"), "the PROXY line does not end in CRLF" },
	{ "nothing", S("PROXY \r\n"), "no protocol in the PROXY line" },
	{ "family", S("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n"),
	  "unknown protocol in the PROXY line" },
	{ "lower case", S("PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n"),
	  "unknown protocol in the PROXY line" },
	{ "4 with 6", S("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"),
	  "bad address in the PROXY line" },
	{ "6 with 4", S("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"),
	  "bad address in the PROXY line" },
	{ "scope", S("PROXY TCP6 fe80::1%lo fe80::2 1 2\r\n"),
	  "bad address in the PROXY line" },
	{ "zero in front", S("PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n"),
	  "bad address in the PROXY line" },
	{ "port 65536", S("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n"),
	  "bad port in the PROXY line" },
	{ "port 01", S("PROXY TCP4 192.0.2.1 192.0.2.2 1 01\r\n"),
	  "bad port in the PROXY line" },
	{ "port -1", S("PROXY TCP4 192.0.2.1 192.0.2.2 -1 1\r\n"),
	  "bad port in the PROXY line" },
	{ "port hex", S("PROXY TCP4 192.0.2.1 192.0.2.2 0x1 1\r\n"),
	  "bad port in the PROXY line" },
	{ "four words", S("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"),
	  "not five words in the PROXY line" },
	{ "six words", S("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"),
	  "not five words in the PROXY line" },
	{ "two spaces", S("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"),
	  "not five words in the PROXY line" },
	{ "space at the end", S("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"),
	  "not five words in the PROXY line" },
	{ "long word", S("PROXY TCP4 192.0.2.1 192.0.2.2 123456789 2\r\n"),
	  "not five words in the PROXY line" },
	{ "nul", S("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"),
	  "a NUL in the PROXY line" },
	{ "nul behind unknown", S("PROXY UNKNOWN \0\r\n"),
	  "a NUL in the PROXY line" },
	{ "a command", S("EHLO x\r\n"), "no PROXY header" },
	{ "nearly", S("PROXX TCP4"), "no PROXY header" },

	{ "v2 inet", S(V2 "\x21\x11\0\x0c" IP4),
	  "192.0.2.1:54321 198.51.100.2:25" },
	{ "v2 inet6", S(V2 "\x21\x21\0\x24" IP6),
	  "[2001:db8::1]:54321 [2001:db8::2]:25" },
	{ "v2 local", S(V2 "\x20\x00\0\0"), "local" },
	{ "v2 local with addresses", S(V2 "\x20\x11\0\x0c" IP4), "local" },
	{ "v2 unspec", S(V2 "\x21\x00\0\3abc"), "local" },
	{ "v2 noop", S(V2 "\x21\x11\0\x11" IP4 "\4\0\2\0\0"),
	  "192.0.2.1:54321 198.51.100.2:25" },
	{ "v2 signature", S("\r\n\r\n\0\r\nQUIT\r\x21\x11\0\x0c" IP4),
	  "no PROXY header" },
	{ "v2 version 1", S(V2 "\x11\x11\0\x0c" IP4),
	  "unknown version of PROXY header" },
	{ "v2 version 3", S(V2 "\x31\x11\0\x0c" IP4),
	  "unknown version of PROXY header" },
	{ "v2 command", S(V2 "\x22\x11\0\x0c" IP4),
	  "unknown command in the PROXY header" },
	{ "v2 short", S(V2 "\x21\x11\0\x0b" IP4),
	  "the PROXY header is too short" },
	{ "v2 short 6", S(V2 "\x21\x21\0\x23" IP6),
	  "the PROXY header is too short" },
	{ "v2 empty", S(V2 "\x21\x11\0\0"), "the PROXY header is too short" },
	{ "v2 unix", S(V2 "\x21\x31\0\0"),
	  "a UNIX socket in the PROXY header" },
	{ "v2 datagram", S(V2 "\x21\x12\0\x0c" IP4),
	  "unknown family in the PROXY header" },
	{ "v2 family", S(V2 "\x21\x41\0\x0c" IP4),
	  "unknown family in the PROXY header" },
	{ "v2 65535", S(V2 "\x21\x11\xff\xff"),
	  "the PROXY header is too long" },
	{ "v2 4081", S(V2 "\x21\x11\x0f\xf1"),
	  "the PROXY header is too long" },
	{ "v2 overrun", S(V2 "\x21\x11\0\x11" IP4 "\4\0\3\0\0"),
	  "broken TLV in the PROXY header" },
	{ "v2 half a tlv", S(V2 "\x21\x11\0\x0e" IP4 "\4\0"),
	  "broken TLV in the PROXY header" },
	{ "v2 ssl short", S(V2 "\x21\x11\0\x13" IP4 "\x20\0\4\1\0\0\0"),
	  "broken TLV in the PROXY header" },
	{ "v2 ssl overrun", S(V2 "\x21\x11\0\x17" IP4
	    "\x20\0\x8\1\0\0\0\0\x21\0\1"),
	  "broken TLV in the PROXY header" },
};

static void
describe(enum proxy_status status, const struct proxy_header *h,
    const char *error, char out[300])
{
	char client[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX];

	if (status == PROXY_MORE)
		strcpy(out, "more");
	else if (status == PROXY_BAD)
		snprintf(out, 300, "%s", error);
	else if (h->local)
		strcpy(out, "local");
	else
		snprintf(out, 300, "%s %s", addr_text(&h->client, client),
		    addr_text(&h->server, server));
}

/* On the heap without a spare octet, so that a sanitizer sees what is read
 * behind the end. */
static enum proxy_status
parse(const char *p, size_t n, struct proxy_header *h, size_t *len,
    char text[300])
{
	char *copy = malloc(n ? n : 1);
	const char *error = "";
	enum proxy_status status;

	memcpy(copy, p, n);
	status = proxy_parse(copy, n, h, len, &error);
	describe(status, h, error, text);
	free(copy);
	return status;
}

static void
test_case(const struct header_case *k)
{
	struct proxy_header h;
	char text[300], longer[400];
	size_t len, cut;
	enum proxy_status status = parse(k->p, k->n, &h, &len, text);

	test_str(k->name, text, k->want);
	if (status == PROXY_DONE)
		test_int(k->name, (long long)len, (long long)k->n);
	for (cut = 0; cut < k->n; cut++) {
		enum proxy_status part = parse(k->p, cut, &h, &len, text);

		if (part == PROXY_DONE)
			test_str(k->name, "done before its end", "more");
		else if (part == PROXY_BAD)
			test_str(k->name, text, k->want);
		else
			test_ok(k->name, 1);
	}
	if (status != PROXY_DONE)
		return;
	memcpy(longer, k->p, k->n);
	memcpy(longer + k->n, "EHLO x\r\n", 8);
	parse(longer, k->n + 8, &h, &len, text);
	test_str(k->name, text, k->want);
	test_int(k->name, (long long)len, (long long)k->n);
}

static void
test_tlvs(void)
{
	static const char header[] = V2 "\x21\x11\0\x4a" IP4
	    "\2\0\xe" "mx.example.org"
	    "\x20\0\x26" "\7\0\0\0\0" "\x21\0\7" "TLSv1.3"
	    "\x22\0\4" "user" "\x23\0\x9" "TLS_AES_1" "\x25\0\1" "x"
	    "\3\0\1" "y";
	struct proxy_header h;
	char text[300];
	size_t len;

	parse(header, sizeof header - 1, &h, &len, text);
	test_str("tlvs", text, "192.0.2.1:54321 198.51.100.2:25");
	test_str("sni", h.sni, "mx.example.org");
	test_ok("tls", h.tls);
	test_ok("verified", h.tls_verified);
	test_str("version", h.tls_version, "TLSv1.3");
	test_str("cipher", h.tls_cipher, "TLS_AES_1");
	test_str("subject", h.tls_subject, "user");
}

static void
test_ssl(void)
{
	static const struct {
		const char *name, *p;
		bool tls, verified;
	} ssl[] = {
		{ "no tls", "\0\0\0\0\0", false, false },
		{ "no certificate", "\1\0\0\0\0", true, false },
		{ "certificate", "\3\0\0\0\0", true, true },
		{ "in the session", "\5\0\0\0\0", true, true },
		{ "bad certificate", "\3\0\0\0\1", true, false },
		{ "unknown bits", "\xf9\0\0\0\0", true, false },
		{ "certificate without tls", "\6\0\0\0\0", false, false },
	};
	struct proxy_header h;
	char text[300];
	size_t len;

	for (size_t i = 0; i < sizeof ssl / sizeof *ssl; i++) {
		char p[] = V2 "\x21\x11\0\x14" IP4 "\x20\0\5.....";

		memcpy(p + sizeof p - 6, ssl[i].p, 5);
		parse(p, sizeof p - 1, &h, &len, text);
		test_str(ssl[i].name, text, "192.0.2.1:54321 198.51.100.2:25");
		test_int(ssl[i].name, h.tls, ssl[i].tls);
		test_int(ssl[i].name, h.tls_verified, ssl[i].verified);
	}
}

static void
test_write(const char *client, const char *server, const char *want)
{
	struct addr a = { 0 }, b = { 0 };
	struct proxy_header h;
	char text[300];
	struct buf out;
	size_t len;

	buf_init(&out);
	if (*client)
		addr_parse(client, 0, &a);
	addr_parse(server, 0, &b);
	proxy_write(&out, &a, &b);
	parse(out.p, out.len, &h, &len, text);
	test_str("written and read", text, want);
	test_int("its length", (long long)len, (long long)out.len);
	buf_clear(&out);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		test_case(&cases[i]);
	test_tlvs();
	test_ssl();
	test_write("192.0.2.1:1", "192.0.2.2:25", "192.0.2.1:1 192.0.2.2:25");
	test_write("[2001:db8::1]:9", "[::1]:25", "[2001:db8::1]:9 [::1]:25");
	test_write("192.0.2.1:1", "[::1]:25", "192.0.2.1:1 0.0.0.0:25");
	test_write("[2001:db8::1]:9", "192.0.2.2:25", "[2001:db8::1]:9 [::]:25");
	test_write("192.0.2.1:1", "unix:/b", "192.0.2.1:1 0.0.0.0:0");
	test_write("unix:/a", "unix:/b", "local");
	test_write("", "192.0.2.2:25", "local");
	return test_done();
}
