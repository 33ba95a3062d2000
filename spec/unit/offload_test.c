/* offload: work in threads, outcomes in the loop, cancelled or not. */
#include <pthread.h>

#include <ev.h>

#include "offload.h"

#include "test.h"

enum { JOBS = 50 };

static pthread_t loop_thread;
static unsigned done_count, cancelled_count;

struct work {
	int in, out;
	bool elsewhere;
};

static void
work(void *arg)
{
	struct work *w = arg;

	w->elsewhere = !pthread_equal(pthread_self(), loop_thread);
	w->out = w->in * 2;
}

static void
done(void *arg, bool cancelled)
{
	struct work *w = arg;

	test_ok("in the loop", pthread_equal(pthread_self(), loop_thread));
	test_ok("not in the loop", w->elsewhere || cancelled);
	test_ok("result", w->out == w->in * 2 || cancelled);
	done_count++;
	cancelled_count += cancelled;
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void
work_behind_gate(void *arg)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	work(arg);
}

/* Nobody does work that nobody waits for any more. */
static void
test_cancelled_in_time(struct ev_loop *loop)
{
	struct offload *o = offload_new(loop, 1);
	struct work first = { .in = 1 }, second = { .in = 1 };

	pthread_mutex_lock(&gate);
	offload_start(o, work_behind_gate, done, &first);
	offload_cancel(offload_start(o, work, done, &second));
	pthread_mutex_unlock(&gate);
	offload_free(o);
	test_int("what was begun is done", first.out, 2);
	test_int("what was not is left", second.out, 0);
}

int
main(void)
{
	struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL);
	struct offload *o = offload_new(loop, 3);
	struct work jobs[JOBS] = { 0 };
	struct offload_job *j;
	int i;

	loop_thread = pthread_self();
	for (i = 0; i < JOBS; i++) {
		jobs[i].in = i;
		j = offload_start(o, work, done, &jobs[i]);
		if (i % 10 == 0)
			offload_cancel(j);
	}
	test_int("not before the loop runs", done_count, 0);
	ev_ref(loop);
	while (done_count < JOBS)
		ev_run(loop, EVRUN_ONCE);
	ev_unref(loop);
	test_int("cancelled", cancelled_count, JOBS / 10);
	test_ok("does not hold the loop", !ev_run(loop, EVRUN_NOWAIT));

	for (i = 0; i < JOBS; i++)
		offload_start(o, work, done, &jobs[i]);
	offload_free(o);
	test_int("free waits for all", done_count, 2 * JOBS);
	test_int("and cancels", cancelled_count, JOBS / 10 + JOBS);
	test_cancelled_in_time(loop);
	ev_loop_destroy(loop);
	return test_done();
}
