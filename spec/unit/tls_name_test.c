/* tls_name: the server_name extension as it comes, cut at every length. */
#include "tls_ssl.h"

#include "test.h"

#define S(s) s, sizeof s - 1

static const struct {
	const char *p;
	size_t n;
	const char *want;	/* NULL: no name */
} cases[] = {
	{ S("\0\xd\0\0\xa" "Mx.example"), "mx.example" },
	{ S("\0\4\0\0\1a"), "a" },
	{ S("\0\6\0\0\1a\0\0"), "a" },
	{ S("\0\x10\0\0\xa" "mx.example\0\0\1"), "mx.example" },
	{ S("\0\x0c\0\0\xa" "mx.example"), NULL },
	{ S("\0\x0e\0\0\xa" "mx.example"), NULL },
	{ S("\0\xd\0\0\xb" "mx.example"), NULL },
	{ S("\0\xd\1\0\xa" "mx.example"), NULL },
	{ S("\0\xd\0\0\xa" "mx\0example"), NULL },
	{ S("\0\xd\0\0\xa" "mx.exampl\0"), NULL },
	{ S("\0\3\0\0\0"), NULL },
	{ S("\0\0"), NULL },
	{ S("\xff\xff\xff\xff\xff\xff"), NULL },
	{ S("\0\xd\0\0\xa" "mx.1234567"), NULL },
	{ S("\0\xc\0\0\x9" "1.2.3.4.5"), NULL },
	{ S("\0\xd\0\0\xa" "mx_example"), NULL },
	{ S("\0\xd\0\0\xa" "xn--bcher-"), NULL },
	{ S("\0\xd\0\0\xa" "xn--bch-ya"), "xn--bch-ya" },
};

/* On the heap without a spare octet. */
static const char *
parse(const char *p, size_t n, char out[TLS_NAME_MAX + 1])
{
	unsigned char *copy = malloc(n ? n : 1);
	bool good;

	memcpy(copy, p, n);
	good = tls_name_sni(copy, n, out);
	free(copy);
	return good ? out : "none";
}

int
main(void)
{
	char out[TLS_NAME_MAX + 1], host[300];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *want = cases[i].want ? cases[i].want : "none";

		test_str(want, parse(cases[i].p, cases[i].n, out), want);
		for (size_t cut = 0; cut < cases[i].n; cut++)
			test_str("cut", parse(cases[i].p, cut, out), "none");
	}
	for (size_t n = 1; n < sizeof host; n++) {
		memset(host, 'a', n);
		for (size_t i = 50; i < n; i += 50)
			host[i] = '.';
		test_int("length", tls_name(host, n, out),
		    n <= 253 && n % 50 != 1 ? 1 : n == 1);
	}
	return test_done();
}
