/* session: a password that has been answered is nowhere in memory. */
#include <fcntl.h>
#include <time.h>

#include "session_fake.h"

#include "test.h"

#include "fake_log.h"

/* The password is kept masked, or this program would hold it itself. */
enum { MASK = 0x55, LENGTH = 21, CODED = 4 * (3 + LENGTH) / 3 };

static unsigned char masked[LENGTH], coded[CODED];

static void
invent(void)
{
	size_t i;

	srand((unsigned)time(NULL));
	for (i = 0; i < LENGTH; i++)
		masked[i] = (unsigned char)('a' + rand() % 26) ^ MASK;
}

/* "NUL u NUL" and the password in base64, masked as well. */
static void
encode(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char plain[3 + LENGTH] = { 0, 'u', 0 };
	size_t i, j;

	for (i = 0; i < LENGTH; i++)
		plain[3 + i] = masked[i] ^ MASK;
	for (i = j = 0; i < sizeof plain; i += 3) {
		unsigned n = (unsigned)plain[i] << 16 |
		    (unsigned)plain[i + 1] << 8 | plain[i + 2];

		coded[j++] = (unsigned char)alphabet[n >> 18] ^ MASK;
		coded[j++] = (unsigned char)alphabet[n >> 12 & 63] ^ MASK;
		coded[j++] = (unsigned char)alphabet[n >> 6 & 63] ^ MASK;
		coded[j++] = (unsigned char)alphabet[n & 63] ^ MASK;
	}
	explicit_bzero(plain, sizeof plain);
}

static bool
holds(const unsigned char *p, size_t n, const unsigned char *what, size_t len)
{
	size_t i, j;

	for (i = 0; i + len <= n; i++) {
		for (j = 0; j < len && (p[i + j] ^ MASK) == what[j]; j++)
			continue;
		if (j == len)
			return true;
	}
	return false;
}

/* Is it in what lies between the two addresses? */
static bool
is_there(int mem, unsigned long from, unsigned long to)
{
	static unsigned char p[65536];
	bool found = false;
	ssize_t n;

	while (from < to) {
		n = pread(mem, p, to - from < sizeof p ? to - from : sizeof p,
		    (off_t)from);
		if (n <= CODED)
			break;
		found |= holds(p, (size_t)n, masked, LENGTH) ||
		    holds(p, (size_t)n, coded, CODED);
		from += (unsigned long)n - CODED;
		if ((size_t)n < sizeof p)
			break;
	}
	explicit_bzero(p, sizeof p);
	return found;
}

/* All that this process can write to; huge ones are those of a sanitizer. */
static bool
is_anywhere(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY);
	char line[1024], mode[8];
	unsigned long from, to;
	bool found = false;

	while (maps && fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 ||
		    mode[1] != 'w' || to - from > 64ul << 20)
			continue;
		found |= is_there(mem, from, to);
	}
	if (maps)
		fclose(maps);
	close(mem);
	return found;
}

/* Say it, in pieces of so many octets. */
static void
say_it(const char *before, size_t step)
{
	size_t i, n;
	char piece[CODED];

	fake_say(before, 1000);
	for (i = 0; i < CODED; i += n) {
		for (n = 0; n < step && i + n < CODED; n++)
			piece[n] = (char)(coded[i + n] ^ MASK);
		fake_send(piece, n);
	}
	explicit_bzero(piece, sizeof piece);
}

static const struct verdict *verdict;

/* A hook that keeps nothing. */
static void
on_ask(struct session *s, const struct session_question *q)
{
	static const struct verdict none = { .kind = VERDICT_NONE };

	session_answer(s, q->stage == STAGE_AUTH ? verdict : &none);
}

static void
prepare(void)
{
	begin("");
	fake.policy.ask = on_ask;
	fake.conf.auth = SESSION_AUTH_OFFERED;
	fake.conf.auth_without_tls = true;
	fake.conf.mechanisms = 1;
	fake_open();
}

static void
gone(const char *name, const char *before, const char *behind, size_t step)
{
	prepare();
	say_it(before, step);
	test_ok("it can be found at all", is_anywhere());
	fake_say(behind, 1000);
	test_ok(name, !is_anywhere());
	fake_end();
	test_ok("after the end", !is_anywhere());
}

/* The line never ends. */
static void
cut_off(const char *name, const char *before)
{
	prepare();
	say_it(before, CODED);
	test_ok("it can be found at all", is_anywhere());
	session_kill(fake.s);
	fake_say("", 1000);
	test_ok(name, !is_anywhere());
	fake_end();
}

int
main(void)
{
	static const struct verdict yes = { .kind = VERDICT_ACCEPT },
	    no = { .kind = VERDICT_REJECT }, later = { .kind = VERDICT_DEFER };

	open_log();
	alarm(60);
	invent();
	encode();
	verdict = &yes;
	gone("at once", EHLO "AUTH PLAIN |", "\r\n", CODED);
	gone("in pieces", EHLO "AUTH PLAIN |", "\r\n", 5);
	gone("asked for", EHLO "AUTH PLAIN\r\n|", "\r\n", CODED);
	verdict = &no;
	gone("refused", EHLO "AUTH PLAIN |", "\r\n", CODED);
	verdict = &later;
	gone("put off", EHLO "AUTH PLAIN |", "\r\n", CODED);
	gone("before its time", "AUTH PLAIN |", "\r\n", CODED);
	gone("with more behind it", EHLO "AUTH PLAIN |", "\r\nNOOP\r\n", CODED);
	gone("no such mechanism", EHLO "AUTH NTLM |", "\r\n", CODED);
	gone("where nobody asked", EHLO "AUTH NTLM\r\n|", "\r\n", CODED);
	gone("in a line that cannot be read", EHLO "AUTH PLAIN\r\n|", "\r=\r\n",
	    CODED);
	cut_off("half a line", EHLO "AUTH PLAIN |");
	cut_off("half a response", EHLO "AUTH PLAIN\r\n|");
	return test_done();
}
