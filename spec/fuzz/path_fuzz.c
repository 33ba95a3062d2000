#include "fuzz.h"
#include "path.h"

/* Paths: what comes out is canonical, printable and within the limits. */
static void
check_path(const struct path *path, bool utf8)
{
	char user[PATH_LOCAL_MAX + 1];
	const char *domain = path_domain(path);
	struct path again;

	assert(path->len <= PATH_MAX_LEN - 2);
	assert(strlen(path->text) == path->len);
	assert(path_user(path, user) <= PATH_LOCAL_MAX);
	for (size_t i = 0; i < path->len; i++) {
		unsigned char c = (unsigned char)path->text[i];

		assert(c >= 0x20 && c != 0x7f);
		assert(utf8 || c < 0x80);
	}
	if (domain != NULL)
		assert(path_is_literal(domain, strlen(domain)) ||
		    path_is_domain(domain, strlen(domain)));
	assert(path_parse_address(path->text, path->len, utf8, &again) ==
	    PATH_OK);
	assert(strcmp(path->text, again.text) == 0);
	assert(path->local == again.local);
}

static void
check_xtext(const char *p, size_t len)
{
	char text[512], wire[1600];
	int n = path_xtext_decode(p, len, text, sizeof text);

	if (n >= 0) {
		char back[512];
		int m = path_xtext_encode(text, (size_t)n, wire, sizeof wire);

		assert(m >= n && strlen(text) == (size_t)n);
		assert(path_xtext_decode(wire, (size_t)m, back, sizeof back) == n);
		assert(memcmp(back, text, (size_t)n) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t how = fuzz_piece(&data, &size);
	bool utf8 = how & 1;
	struct line l = { (const char *)data, size }, rest;
	struct path path;

	if (path_parse(l, how & 2 ? PATH_REVERSE : PATH_FORWARD, utf8, &path,
	    &rest) == PATH_OK) {
		assert(rest.p + rest.len == l.p + l.len);
		check_path(&path, utf8);
	}
	if (path_parse_address(l.p, l.len, utf8, &path) == PATH_OK)
		check_path(&path, utf8);
	path_is_helo(l.p, l.len);
	check_xtext(l.p, l.len);
	return 0;
}
