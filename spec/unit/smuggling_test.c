/* smuggling: random streams of octets, whatever the client meant by them, reach
 * the next hop as one list of messages: one reader knows CRLF alone, the other
 * takes a bare LF or CR for a line end wherever it helps an attacker, and both
 * must see the same; and as many messages as the client was told of.
 *
 * SMUGGLING=N streams; SEED=N to begin elsewhere. */
#include "session_fake.h"
#include "smuggling.h"

#include "test.h"

enum { STREAMS = 3000, STREAM_MAX = 4096, PARTS = 40 };

static uint64_t dice_state;
static unsigned long messages;

/* xorshift: the low bits are as good as the others. */
static unsigned
dice(unsigned sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (unsigned)(dice_state % sides);
}

/* What attacks are made of. */
static const struct part { const char *p; size_t len; } parts[] = {
#define PART(s) { s, sizeof s - 1 }
	PART("\r"), PART("\n"), PART("."), PART("\r\n"), PART("\0"),
	PART("a"), PART(" "), PART("\t"), PART("\x80"), PART("\x0b"),
	PART("\x85"), PART("\r\n."), PART("\n."), PART("\r."), PART(".."),
	PART("\r\n.\r\n"), PART("\n.\n"), PART("\n.\r\n"), PART("\r\n.\n"),
	PART("\r.\r"), PART("\r\n.\r"), PART("\r\n.\r\r\n"), PART(".\r\n"),
	PART("A: b\r\n"), PART("MAIL FROM:<e@x.test>\r\n"),
	PART("RCPT TO:<r@x.test>\r\n"), PART("DATA\r\n"), PART("RSET\r\n"),
	PART("MAIL FROM:<e@x.test>\n"), PART("DATA\n"), PART("\nDATA\r\n"),
	PART("QUIT\r\n"), PART("BDAT 5\r\n"), PART("BDAT 3 LAST\r\n"),
	PART("BDAT 0 LAST\r\n"), PART("EHLO x\r\n"),
#undef PART
};

static void
add_parts(struct buf *b, unsigned n)
{
	while (n-- > 0) {
		const struct part *p = &parts[dice(sizeof parts /
		    sizeof *parts)];

		buf_append(b, p->p, p->len);
	}
}

static void
add_chunks(struct buf *b)
{
	struct buf chunk;
	unsigned i, n = dice(4) + 1;

	for (i = 1; i <= n; i++) {
		buf_init(&chunk);
		add_parts(&chunk, dice(8));
		buf_printf(b, "BDAT %zu%s\r\n", chunk.len,
		    i == n ? " LAST" : "");
		buf_append(b, chunk.p ? chunk.p : "", chunk.len);
		buf_clear(&chunk);
	}
}

/* To the session in pieces, and the loop is run after each. */
static void
send_pieces(const struct buf *b)
{
	size_t off = 0, n;

	while (off < b->len && fake.s != NULL) {
		n = dice(2) == 0 ? 1 + dice(5) : b->len - off;
		if (n > b->len - off)
			n = b->len - off;
		fake_send(b->p + off, n);
		off += n;
	}
}

/* A client that begins well: what it sends as content is anything, and what
 * the session does not take for content it takes for commands. */
static void
talk(struct buf *said)
{
	unsigned left = dice(3) + 1;
	struct buf b;

	buf_init(&b);
	buf_puts(&b, "EHLO c.test\r\n");
	while (left-- > 0) {
		send_pieces(&b);
		buf_append(said, b.p, b.len);
		buf_empty(&b);
		buf_printf(&b, "MAIL FROM:<s%u@x.test>\r\n"
		    "RCPT TO:<ok@x.test>\r\n", left);
		if (dice(3) == 0) {
			add_chunks(&b);
			continue;
		}
		buf_puts(&b, "DATA\r\n");
		send_pieces(&b);
		buf_append(said, b.p, b.len);
		buf_empty(&b);
		add_parts(&b, dice(PARTS));
		buf_puts(&b, "\r\n.\r\n");
	}
	send_pieces(&b);
	buf_append(said, b.p, b.len);
	buf_clear(&b);
}

static bool
run_stream(struct buf *stream)
{
	bool same;

	fake_begin();
	fake.conf.normalize = dice(2);
	fake.conf.check_with_relay = dice(2);
	fake.conf.stages = 1u << STAGE_RCPT;
	fake.conf.limits.errors = 0;
	fake_open();
	fake_run();
	buf_empty(stream);
	talk(stream);
	same = smuggling_agree(&messages);
	fake_end();
	return same;
}

static void
show(const struct buf *stream)
{
	size_t i;

	for (i = 0; i < stream->len; i++) {
		unsigned char c = (unsigned char)stream->p[i];

		fprintf(stderr, c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
	}
	fprintf(stderr, "\n");
}

int
main(void)
{
	const char *streams = getenv("SMUGGLING"), *seed = getenv("SEED");
	unsigned long n = streams ? strtoul(streams, NULL, 10) : STREAMS, i;
	struct buf stream;
	uint64_t state;

	buf_init(&stream);
	log_set(LOG_LOGFMT, LOG_ERROR);
	dice_state = seed ? strtoull(seed, NULL, 10) : 0x2545f4914f6cdd1dull;
	for (i = 0; i < n; i++) {
		state = dice_state;
		if (run_stream(&stream)) {
			test_passed++;
			continue;
		}
		fprintf(stderr, "SEED=%llu\n", (unsigned long long)state);
		show(&stream);
		test_ok("two readings of one stream", false);
	}
	buf_clear(&stream);
	test_ok("many of them are messages", messages > n / 4);
	printf("%lu streams, %lu messages\n", n, messages);
	return test_done();
}
