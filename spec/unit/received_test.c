/* received: the trace header, whatever was said. */
#include "addr.h"
#include "buf.h"
#include "received.h"

#include "test.h"

static const struct {
	const char *helo, *name, *client, *rcpt, *want;
} cases[] = {
	{ "a.test", "b.test", "192.0.2.7:25", "r@c.test",
	    "Received: from a.test (b.test [192.0.2.7])\r\n"
	    "\tby mx.test with ESMTP id X.1\r\n\tfor <r@c.test>; " },
	{ "a.test", NULL, "192.0.2.7:25", NULL,
	    "Received: from a.test (unknown [192.0.2.7])\r\n"
	    "\tby mx.test with ESMTP id X.1;\r\n\t" },
	{ "[IPv6:2001:db8::1]", NULL, "[2001:db8::1]:25", NULL,
	    "Received: from [IPv6:2001:db8::1] (unknown [IPv6:2001:db8::1])\r\n"
	    "\tby mx.test with ESMTP id X.1;\r\n\t" },
	{ "a.test", "b.test", NULL, "r@c.test",
	    "Received: by mx.test with ESMTP id X.1\r\n\tfor <r@c.test>; " },
	{ "a.test", "b.test", NULL, NULL,
	    "Received: by mx.test with ESMTP id X.1;\r\n\t" },
	{ "a) by evil\r\n(b", "c\x01(\x80", "192.0.2.7:25", NULL,
	    "Received: from a??by?evil???b (c??? [192.0.2.7])\r\n"
	    "\tby mx.test with ESMTP id X.1;\r\n\t" },
};

int
main(void)
{
	const char *date = "Thu, 01 Jan 1970 ";
	struct received r = { .hostname = "mx.test", .protocol = "ESMTP",
	    .id = "X.1", .when = 43200 };
	struct addr client;
	struct buf out;
	size_t i, n;

	buf_init(&out);
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		r.client = NULL;
		if (cases[i].client != NULL &&
		    addr_parse(cases[i].client, 0, &client) == 0)
			r.client = &client;
		r.helo = cases[i].helo;
		r.name = cases[i].name;
		r.rcpt = cases[i].rcpt;
		buf_empty(&out);
		received_write(&r, &out);
		n = strlen(cases[i].want);
		test_mem(cases[i].want, out.p, n < out.len ? n : out.len,
		    cases[i].want, n);
		test_ok("date", out.len > n + strlen(date) &&
		    memcmp(out.p + n, date, 5) == 0);
		test_ok("CRLF", memcmp(out.p + out.len - 2, "\r\n", 2) == 0);
	}
	buf_clear(&out);
	return test_done();
}
