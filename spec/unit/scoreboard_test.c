#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scoreboard.h"

#include "test.h"

enum { WORKERS = 4, KEYS = 60 };

static struct cidr
key(unsigned n)
{
	struct cidr c = { .family = 2, .bits = 32 };

	memcpy(c.ip, &n, sizeof n);
	return c;
}

static void
test_one(void)
{
	struct scoreboard *s = scoreboard_new(1000);
	struct cidr a = key(1), b = key(2);

	test_int("first", scoreboard_enter(s, 0, &a), 1);
	test_int("second", scoreboard_enter(s, 0, &a), 2);
	test_int("another worker", scoreboard_enter(s, 5, &a), 3);
	test_int("another client", scoreboard_enter(s, 5, &b), 1);
	b.bits = 24;
	test_int("another network", scoreboard_enter(s, 5, &b), 1);
	test_int("count", scoreboard_count(s, &a), 3);
	scoreboard_leave(s, 0, &a);
	test_int("one left", scoreboard_count(s, &a), 2);
	scoreboard_leave(s, 1, &a);
	test_int("not in that worker", scoreboard_count(s, &a), 2);
	scoreboard_reclaim(s, 5);
	test_int("worker died", scoreboard_count(s, &a), 1);
	test_int("with all it held", scoreboard_count(s, &b), 0);
	scoreboard_leave(s, 0, &a);
	test_int("none", scoreboard_count(s, &a), 0);
	scoreboard_leave(s, 0, &a);
	test_int("never below", scoreboard_count(s, &a), 0);
	scoreboard_free(s);
	scoreboard_free(NULL);
}

/* Rows without counts are used again; a full table counts nothing. */
static void
test_full(void)
{
	struct scoreboard *s = scoreboard_new(0);	/* the least there is */
	struct cidr c;
	unsigned n, counted = 0;

	for (n = 0; n < 100000; n++) {
		c = key(n);
		counted += scoreboard_enter(s, n % 7, &c);
		scoreboard_leave(s, n % 7, &c);
	}
	test_int("used again", counted, 100000);
	for (counted = 0, n = 0; n < 100; n++) {
		c = key(n);
		counted += scoreboard_enter(s, 0, &c) == 1;
	}
	test_int("full", counted, 32);
	c = key(99);
	scoreboard_leave(s, 0, &c);
	test_int("what was not counted is not there", scoreboard_count(s, &c), 0);
	c = key(0);
	test_int("the others are", scoreboard_count(s, &c), 1);
	scoreboard_leave(s, 0, &c);
	c = key(99);
	test_int("room again", scoreboard_enter(s, 1, &c), 1);
	scoreboard_free(s);
}

static void
test_many_of_one(void)
{
	struct scoreboard *s = scoreboard_new(100);
	struct cidr c = key(1);
	unsigned n;

	for (n = 0; n < 70000; n++)
		scoreboard_enter(s, 0, &c);
	test_int("more than 16 bits", scoreboard_count(s, &c), 70000);
	while (n--)
		scoreboard_leave(s, 0, &c);
	test_int("and back", scoreboard_count(s, &c), 0);
	scoreboard_free(s);
}

static void
test_slots(void)
{
	struct scoreboard *s = scoreboard_new(100);
	struct session_stats sum;
	int i;

	for (i = 0; i < SCOREBOARD_WORKERS; i++)
		test_int("claim", scoreboard_claim(s), i);
	test_int("no more", scoreboard_claim(s), -1);
	scoreboard_slot(s, 9)->state = SCOREBOARD_FREE;
	test_int("whatever a worker writes", scoreboard_claim(s), -1);
	test_ok("out of range", !scoreboard_slot(s, SCOREBOARD_WORKERS));
	scoreboard_slot(s, 3)->stats.accepted = 10;
	scoreboard_slot(s, 3)->stats.bytes_out = 7;
	scoreboard_slot(s, 3)->sessions = 4;
	scoreboard_slot(s, 4)->stats.accepted = 5;
	scoreboard_slot(s, 4)->sessions = 2;
	test_int("sessions", scoreboard_sessions(s), 6);
	scoreboard_reclaim(s, 3);
	test_int("sessions of the living", scoreboard_sessions(s), 2);
	scoreboard_totals(s, &sum);
	test_int("totals stay", (long long)sum.accepted, 15);
	test_int("to the last", (long long)sum.bytes_out, 7);
	test_int("claim again", scoreboard_claim(s), 3);
	test_int("clean", (long long)scoreboard_slot(s, 3)->stats.accepted, 0);
	*scoreboard_log_drops(s) += 2;
	test_int("log drops", (long long)*scoreboard_log_drops(s), 2);
	scoreboard_free(s);
}

/* What a worker does: sessions of many clients come and go, in a table that is
 * too small for them. */
static void
work(struct scoreboard *s, unsigned slot, unsigned seed, unsigned turns)
{
	unsigned open[KEYS] = { 0 }, n, i;
	struct cidr c;

	for (i = 0; !turns || i < turns; i++) {
		seed = seed * 1103515245 + 12345;
		n = (seed >> 16) % KEYS;
		c = key(n);
		if (open[n] && (seed & 0x1000)) {
			scoreboard_leave(s, slot, &c);
			open[n]--;
		} else if (open[n] < 3 && scoreboard_enter(s, slot, &c)) {
			open[n]++;
		}
	}
	for (n = 0; n < KEYS; n++)
		for (c = key(n); open[n]; open[n]--)
			scoreboard_leave(s, slot, &c);
}

static pid_t
start(struct scoreboard *s, unsigned slot, unsigned seed, unsigned turns)
{
	pid_t pid = fork();

	if (pid == 0) {
		work(s, slot, seed, turns);
		_exit(0);
	}
	return pid;
}

static unsigned
count_all(struct scoreboard *s)
{
	struct cidr c;
	unsigned n, sum = 0;

	for (n = 0; n < KEYS; n++) {
		c = key(n);
		sum += scoreboard_count(s, &c);
	}
	return sum;
}

/* Nobody dies: every worker takes its own counts back exactly. */
static void
test_together(size_t rows)
{
	struct scoreboard *s = scoreboard_new(rows);
	pid_t pid[WORKERS];
	unsigned i;

	for (i = 0; i < WORKERS; i++)
		pid[i] = start(s, i, i + 1, 300000);
	for (i = 0; i < WORKERS; i++)
		waitpid(pid[i], NULL, 0);
	test_int("all left", count_all(s), 0);
	scoreboard_free(s);
}

/* Workers die anywhere: reclaimed, nothing of them is left, and every row is
 * good for another key. */
static void
test_killed(void)
{
	struct scoreboard *s = scoreboard_new(32);
	pid_t pid[WORKERS];
	unsigned seed = 3, i, n;
	struct cidr c;

	for (i = 0; i < WORKERS; i++)
		pid[i] = start(s, i, i + 1, 0);
	for (n = 0; n < 400; n++) {
		seed = seed * 1103515245 + 12345;
		usleep(seed >> 20 & 1023);	/* where it dies, not whether */
		i = (seed >> 16) % WORKERS;
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
		scoreboard_reclaim(s, i);
		pid[i] = start(s, i, seed, 0);
	}
	for (i = 0; i < WORKERS; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
		scoreboard_reclaim(s, i);
	}
	test_int("nothing is left", count_all(s), 0);
	for (n = 1000; n < 1032; n++) {
		c = key(n);
		test_int("room for others", scoreboard_enter(s, 0, &c), 1);
	}
	scoreboard_free(s);
}

int
main(void)
{
	test_one();
	test_full();
	test_many_of_one();
	test_slots();
	test_together(32);
	test_together(40);
	test_together(4096);
	test_killed();
	return test_done();
}
