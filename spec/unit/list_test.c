#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "list.h"
#include "mem.h"

#include "test.h"

/* Text of a list, what is looked up, the entry that is found ("" for none). */
static const struct {
	const char *name;
	enum list_kind kind;
	const char *text, *key, *want;
} cases[] = {
	{ "empty", LIST_DOMAINS, "", "example.org", "" },
	{ "comments", LIST_DOMAINS, "# a\n\n  # b\r\n", "a", "" },
	{ "domain", LIST_DOMAINS, "example.org\n", "Example.ORG",
	    "example.org" },
	{ "not below", LIST_DOMAINS, "example.org", "a.example.org", "" },
	{ "below", LIST_DOMAINS, ".example.org", "a.b.example.org",
	    ".example.org" },
	{ "below, not itself", LIST_DOMAINS, ".example.org", "example.org",
	    "" },
	{ "the nearest", LIST_DOMAINS, ".org\n.example.org\na.example.org",
	    "b.example.org", ".example.org" },
	{ "last dot", LIST_DOMAINS, "example.org", "example.org.",
	    "example.org" },
	{ "no suffix of a name", LIST_DOMAINS, ".ample.org", "x.example.org",
	    "" },
	{ "literal", LIST_DOMAINS, "[192.0.2.1]", "[192.0.2.1]",
	    "[192.0.2.1]" },
	{ "after a comment", LIST_DOMAINS, "a.test # x\nb.test", "b.test",
	    "b.test" },
	{ "address", LIST_CIDRS, "192.0.2.0/24", "192.0.2.255",
	    "192.0.2.0/24" },
	{ "the longest", LIST_CIDRS, "0.0.0.0/0\n10.0.0.0/8\n10.1.0.0/16",
	    "10.1.9.9", "10.1.0.0/16" },
	{ "the next longest", LIST_CIDRS, "0.0.0.0/0\n10.0.0.0/8\n"
	    "10.1.0.0/16", "10.2.9.9", "10.0.0.0/8" },
	{ "all", LIST_CIDRS, "0.0.0.0/0\n10.0.0.0/8", "11.0.0.1",
	    "0.0.0.0/0" },
	{ "all of v4 is not v6", LIST_CIDRS, "0.0.0.0/0", "::1", "" },
	{ "v6", LIST_CIDRS, "2001:db8::/33", "2001:db8:7fff::1",
	    "2001:db8::/33" },
	{ "v6 beside", LIST_CIDRS, "2001:db8::/33", "2001:db8:8000::1", "" },
	{ "mapped", LIST_CIDRS, "192.0.2.1", "::ffff:192.0.2.1",
	    "192.0.2.1" },
	{ "no address", LIST_CIDRS, "192.0.2.1", "host", "" },
	{ "mailbox", LIST_ADDRESSES, "a@b.test", "A@B.TEST", "a@b.test" },
	{ "whole domain", LIST_ADDRESSES, "@b.test", "x@b.test", "@b.test" },
	{ "below a domain", LIST_ADDRESSES, "@.b.test", "x@a.b.test",
	    "@.b.test" },
	{ "any domain", LIST_ADDRESSES, "root@", "root@b.test", "root@" },
	{ "null", LIST_ADDRESSES, "<>", "", "<>" },
	{ "null is not there", LIST_ADDRESSES, "a@b.test", "", "" },
	{ "U-label for A", LIST_DOMAINS, "b\303\274cher.test",
	    "XN--bcher-kva.test", "xn--bcher-kva.test" },
	{ "A-label for U", LIST_DOMAINS, "xn--bcher-kva.test",
	    "B\303\234CHER.test", "xn--bcher-kva.test" },
	{ "below a U-label", LIST_DOMAINS, ".b\303\274cher.test",
	    "a.xn--bcher-kva.test", ".xn--bcher-kva.test" },
	{ "no label at all", LIST_DOMAINS, "xn--bcher-kva.test",
	    "b\374cher.test", "" },
	{ "mailbox, U-label", LIST_ADDRESSES, "\303\244@xn--bcher-kva.test",
	    "\303\244@b\303\274cher.test", "\303\244@xn--bcher-kva.test" },
	{ "whole domain, U-label", LIST_ADDRESSES, "@.b\303\274cher.test",
	    "x@a.xn--bcher-kva.test", "@.xn--bcher-kva.test" },
	{ "8 bits in a key", LIST_MAP, "b\303\274cher 1", "b\303\274cher",
	    "b\303\274cher" },
	{ "key", LIST_MAP, "one 1\ntwo 2", "two", "two" },
	{ "first of equals", LIST_MAP, "one 1\nONE 2", "one", "one" },
};

static void
compile(enum list_kind kind, const char *text, struct buf *out)
{
	struct list_builder *b = list_builder_new(kind);
	char error[200] = "";

	buf_init(out);
	test_int(text, list_add_text(b, text, strlen(text), error,
	    sizeof error), 0);
	list_compile(b, out);
	list_builder_free(b);
}

static void
test_find(void)
{
	struct list_hit hit;
	struct list l;
	struct buf b;
	char got[600];
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		compile(cases[i].kind, cases[i].text, &b);
		test_int(cases[i].name, list_open(b.p, b.len, &l), 0);
		got[0] = '\0';
		if (list_find(&l, cases[i].key, strlen(cases[i].key), &hit))
			snprintf(got, sizeof got, "%.*s", (int)hit.entry_len,
			    hit.entry);
		test_str(cases[i].name, got, cases[i].want);
		buf_clear(&b);
	}
}

static const struct {
	enum list_kind kind;
	const char *text, *want;
} bad[] = {
	{ LIST_DOMAINS, "a\nb c\n-\n", "line 3 of the list: a domain "
	    "expected, got \"-\"" },
	{ LIST_CIDRS, "10.0.0.0/8\n10.0.0.0/33", "line 2 of the list: a "
	    "network expected, got \"10.0.0.0/33\"" },
	{ LIST_ADDRESSES, "nobody", "line 1 of the list: an address expected, "
	    "got \"nobody\"" },
};

static void
test_bad(void)
{
	struct list_builder *b;
	char error[200];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		b = list_builder_new(bad[i].kind);
		error[0] = '\0';
		list_add_text(b, bad[i].text, strlen(bad[i].text), error,
		    sizeof error);
		test_str(bad[i].text, error, bad[i].want);
		list_builder_free(b);
	}
}

/* Many entries; a block cut or changed anywhere finds nothing outside. */
static void
test_hostile(void)
{
	struct list_builder *b = list_builder_new(LIST_DOMAINS);
	struct list_hit hit;
	struct list l;
	struct buf out;
	char key[40], error[100], *copy;
	size_t i, n = 3000, at;
	int good = 0;

	for (i = 0; i < n; i++) {
		snprintf(key, sizeof key, "h%zu.test", i * 7919 % n);
		list_add(b, key, strlen(key), "v", 1, error, sizeof error);
	}
	buf_init(&out);
	list_compile(b, &out);
	list_builder_free(b);
	test_int("many open", list_open(out.p, out.len, &l), 0);
	for (i = 0; i < n; i++) {
		snprintf(key, sizeof key, "h%zu.test", i);
		good += list_find(&l, key, strlen(key), &hit) &&
		    hit.value_len == 1 && *hit.value == 'v';
	}
	test_int("many", good, (int)n);
	for (i = 0; i < 200; i++) {
		copy = mem_alloc(i + 1);
		memcpy(copy, out.p, i);
		if (list_open(copy, i, &l) == 0)
			list_find(&l, "h1.test", 7, &hit);
		mem_free(copy);
	}
	for (i = 0; i < 4000; i++) {
		copy = mem_alloc(out.len);
		memcpy(copy, out.p, out.len);
		at = i * 37 % out.len;
		copy[at] = (char)(copy[at] ^ (1 << i % 8));
		if (list_open(copy, out.len, &l) == 0 &&
		    list_find(&l, "h1.test", 7, &hit))
			test_ok("inside", hit.entry >= copy &&
			    hit.entry + hit.entry_len <= copy + out.len);
		mem_free(copy);
	}
	buf_clear(&out);
}

int
main(void)
{
	test_find();
	test_bad();
	test_hostile();
	return test_done();
}
