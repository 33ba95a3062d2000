#include <sys/wait.h>
#include <unistd.h>

#include "rates.h"

#include "test.h"

static struct cidr
at(const char *text)
{
	struct cidr c;

	memset(&c, 0, sizeof c);
	if (cidr_parse(text, &c) < 0)
		abort();
	return c;
}

/* How many of n get a token at that time. */
static int
take(struct rates *r, const struct cidr *c, unsigned limit, int n, int64_t now)
{
	int got = 0;

	while (n-- > 0)
		got += rates_take(r, RATES_CONNECTIONS, c, limit, now);
	return got;
}

static void
test_bucket(void)
{
	struct rates *r = rates_new(64);
	struct cidr a = at("192.0.2.1"), b = at("2001:db8::/64");
	int64_t t = 1000000;
	int kind;

	test_int("no limit", take(r, &a, 0, 1000, t), 1000);
	test_int("a minute's worth at once", take(r, &a, 3, 10, t), 3);
	test_int("another client", take(r, &b, 3, 10, t), 3);
	for (kind = RATES_HANDSHAKES; kind <= RATES_LOGINS; kind++)
		test_ok("another kind",
		    rates_take(r, (enum rates_kind)kind, &a, 1, t));
	test_int("too early", take(r, &a, 3, 10, t + 19999), 0);
	test_int("one came back", take(r, &a, 3, 10, t + 20000), 1);
	test_int("none more", take(r, &a, 3, 10, t + 20001), 0);
	test_int("all of them", take(r, &a, 3, 10, t + 90000), 3);
	test_int("time runs back", take(r, &a, 3, 10, t - 600000), 3);
	test_int("a larger limit", take(r, &a, 6, 10, t + 90000 + 30000), 6);
	test_int("one a minute", take(r, &b, 1, 5, t + 900000), 1);
	test_int("the next minute", take(r, &b, 1, 5, t + 960000), 1);
	test_int("very many", take(r, &b, 1000000, 5000, t + 2000000), 5000);
	rates_free(r);
}

/* Over an hour no more come in than a minute's worth at first, and then so many
 * a minute. */
static void
test_hour(void)
{
	struct rates *r = rates_new(64);
	struct cidr a = at("192.0.2.1");
	int got = 0, s;

	for (s = 0; s < 3600; s++)
		got += take(r, &a, 7, 10, 5000000 + s * 1000);
	test_ok("an hour", got >= 60 * 7 && got <= 61 * 7);
	rates_free(r);
}

/* More clients than rows: nobody is refused who should not be, and when the
 * minute is over the rows are there for others. */
static void
test_full(void)
{
	struct rates *r = rates_new(64);
	int first = 0, again = 0, later = 0, i, pass;
	char text[32];
	struct cidr c;

	for (pass = 0; pass < 3; pass++) {
		for (i = 0; i < 200; i++) {
			snprintf(text, sizeof text, "10.%d.0.%d", pass / 2, i);
			c = at(text);
			*(pass == 0 ? &first : pass == 1 ? &again : &later) +=
			    take(r, &c, 1, 1, 1000 + pass / 2 * 60000);
		}
	}
	test_int("all come in once", first, 200);
	test_int("those in the table are held", again, 200 - 64);
	test_int("a minute later there is room", later, 200);
	rates_free(r);
}

/* Several processes at one bucket: no token twice. */
static void
test_processes(void)
{
	struct rates *r = rates_new(64);
	struct cidr c = at("192.0.2.1");
	int i, status, got = 0;

	for (i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(take(r, &c, 100, 20000, 1000000));
	for (i = 0; i < 4; i++) {
		wait(&status);
		got += WEXITSTATUS(status);
	}
	test_int("over four processes", got, 100);
	rates_free(r);
}

int
main(void)
{
	test_bucket();
	test_hour();
	test_full();
	test_processes();
	return test_done();
}
