#include "fuzz.h"
#include "header.h"

/* A header block: its fields cover it without a gap; a value that may be sent
 * stays one field when it is read again. */
static void
check_block(const char *p, size_t size)
{
	struct header h;
	bool whole = header_parse(p, size, &h) == 0;
	size_t at = 0;

	assert(whole || h.count == HEADER_FIELDS_MAX);
	for (size_t i = 0; i < h.count; i++) {
		struct header_field *f = &h.field[i];

		assert(f->start == at && f->end > at);
		assert(f->value >= f->start && f->value <= f->end);
		assert(f->name_len == 0 ||
		    header_name_ok(p + f->start, f->name_len));
		at = f->end;
	}
	assert(whole ? at == size : at < size);
	assert(header_count(&h, "Subject") <= h.count);
	header_clear(&h);
}

static void
check_value(const char *p, size_t size)
{
	struct header h;
	struct buf block;

	if (!header_value_ok(p, size))
		return;
	buf_init(&block);
	buf_puts(&block, "X-A: ");
	buf_append(&block, p, size);
	buf_puts(&block, "\r\nX-B: b\r\n");
	header_parse(block.p, block.len, &h);
	assert(h.count == 2 && header_is(&h, 0, "x-a") && header_is(&h, 1, "x-b"));
	header_clear(&h);
	buf_clear(&block);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_block((const char *)data, size);
	check_value((const char *)data, size);
	return 0;
}
