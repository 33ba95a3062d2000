#include "command.h"
#include "fuzz.h"

/* Parameters: what was accepted, written out again, parses to the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct command_params a, b;
	struct line l = { (const char *)data, size };
	struct buf text;
	bool utf8 = size & 1;

	if (command_params_parse(l, utf8, &a) < 0)
		return 0;
	buf_init(&text);
	for (size_t i = 0; i < a.count; i++) {
		unsigned long long n;

		buf_append(&text, a.item[i].key.p, a.item[i].key.len);
		if (a.item[i].value.p != NULL) {
			buf_puts(&text, "=");
			buf_append(&text, a.item[i].value.p,
			    a.item[i].value.len);
			command_number(a.item[i].value, &n);
		}
		buf_puts(&text, " ");
	}
	assert(memchr(text.p != NULL ? text.p : "", '\n', text.len) == NULL);
	l.p = text.p;
	l.len = text.len;
	if (text.len > 0) {
		assert(command_params_parse(l, utf8, &b) == 0);
		assert(a.count == b.count);
	}
	buf_clear(&text);
	return 0;
}
