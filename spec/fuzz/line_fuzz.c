#include "command.h"
#include "fuzz.h"
#include "line.h"

/* Lines and commands: the same lines wherever the input is cut, none with a
 * line end in it, none over the limit, and memory bounded by it. */
enum { LIMIT = 64 };

static void
check_command(struct line l)
{
	struct command c;
	struct command_params params;
	enum command_status status = command_parse(l, &c);

	assert(command_verb_name(c.verb) != NULL);
	if (status != COMMAND_OK)
		return;
	assert(c.name.len > 0 && c.name.p == l.p);
	assert(c.arg.p >= l.p && c.arg.p + c.arg.len <= l.p + l.len);
	assert(memchr(l.p, '\0', l.len) == NULL);
	command_params_parse(c.arg, false, &params);
}

static void
run(const uint8_t *data, size_t size, size_t piece, struct buf *said)
{
	struct line_reader r;
	struct line l;
	struct buf in;

	line_init(&r, LIMIT);
	buf_init(&in);
	while (size > 0) {
		size_t n = piece < size ? piece : size;
		enum line_result res;

		buf_append(&in, data, n);
		data += n;
		size -= n;
		while ((res = line_next(&r, &in, &l)) != LINE_MORE) {
			buf_printf(said, "%d:", res);
			if (res != LINE_OK)
				continue;
			assert(l.len <= LIMIT);
			assert(memchr(l.p, '\r', l.len) == NULL);
			assert(memchr(l.p, '\n', l.len) == NULL);
			buf_append(said, l.p, l.len);
			check_command(l);
		}
		assert(in.len <= LIMIT + 1);
	}
	buf_clear(&in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = fuzz_piece(&data, &size);
	struct buf whole, pieces;

	buf_init(&whole);
	buf_init(&pieces);
	run(data, size, size, &whole);
	run(data, size, piece, &pieces);
	fuzz_same(&whole, &pieces);
	buf_clear(&whole);
	buf_clear(&pieces);
	return 0;
}
