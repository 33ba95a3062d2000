#include "buf.h"

#include "test.h"

/* Random appends and consumes beside a plain array. */
static void
test_model(void)
{
	static char model[1 << 16];
	size_t front = 0, back = 0, n, i;
	unsigned seed = 42;
	struct buf b;
	int step;

	buf_init(&b);
	for (step = 0; step < 20000; step++) {
		seed = seed * 1103515245 + 12345;
		n = (seed >> 8) % 700;
		if ((seed >> 20) % 3 && back + n < sizeof model) {
			for (i = 0; i < n; i++)
				model[back + i] = (char)(seed >> (i % 24));
			if (seed & 1) {
				buf_append(&b, model + back, n);
			} else {
				memcpy(buf_reserve(&b, n + 50), model + back, n);
				buf_commit(&b, n);
			}
			back += n;
		} else {
			n = n < b.len ? n : b.len;
			buf_consume(&b, n);
			front += n;
		}
		if (front == back)
			front = back = 0;
		if (b.len != back - front ||
		    (b.len && memcmp(b.p, model + front, b.len) != 0))
			break;
	}
	test_int("same as the model", step, 20000);
	buf_clear(&b);
}

/* What is consumed as fast as it comes needs no more memory. */
static void
test_bounded(void)
{
	static char piece[1000];
	struct buf b;
	size_t high = 0;
	int i;

	buf_init(&b);
	for (i = 0; i < 10000; i++) {
		buf_append(&b, piece, sizeof piece);
		if (i % 2)
			buf_consume(&b, i % 4 == 1 ? 1500 : b.len);
		high = b.cap > high ? b.cap : high;
	}
	test_ok("stays small", high < 10 * sizeof piece);
	buf_clear(&b);
}

int
main(void)
{
	struct buf b;

	buf_init(&b);
	buf_consume(&b, 0);
	buf_append(&b, NULL, 0);
	test_int("nothing", (long long)b.len, 0);
	buf_puts(&b, "one ");
	buf_printf(&b, "%d %s", 2, "three");
	test_mem("puts and printf", b.p, b.len, "one 2 three", 11);
	buf_printf(&b, "%s", "");
	buf_consume(&b, 4);
	test_mem("consume", b.p, b.len, "2 three", 7);
	buf_empty(&b);
	test_int("empty", (long long)b.len, 0);
	buf_puts(&b, "again");
	test_mem("after empty", b.p, b.len, "again", 5);
	buf_clear(&b);
	buf_puts(&b, "and again");
	test_mem("after clear", b.p, b.len, "and again", 9);
	buf_clear(&b);
	buf_clear(&b);
	test_model();
	test_bounded();
	return test_done();
}
