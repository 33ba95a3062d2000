#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <ev.h>

#include "mem.h"

#include "offload.h"

enum { STACK_SIZE = 512 * 1024 };

struct offload_job {
	offload_work_fn work;
	offload_done_fn done;
	void *arg;
	_Atomic bool cancelled;
	struct offload_job *next;
};

struct queue {
	struct offload_job *first, **end;
};

struct offload {
	struct ev_loop *loop;
	ev_async finished;
	pthread_t *thread;	/* made when there is work for them */
	unsigned threads, max;
	pthread_mutex_t lock;	/* guards all below */
	pthread_cond_t work;
	struct queue waiting, ended;
	unsigned idle;
	bool stop;
};

static void
queue_init(struct queue *q)
{
	q->first = NULL;
	q->end = &q->first;
}

static void
queue_put(struct queue *q, struct offload_job *j)
{
	j->next = NULL;
	*q->end = j;
	q->end = &j->next;
}

static struct offload_job *
queue_take(struct queue *q)
{
	struct offload_job *j = q->first;

	if (j && !(q->first = j->next))
		q->end = &q->first;
	return j;
}

static void *
thread_main(void *arg)
{
	struct offload *o = arg;
	struct offload_job *j;

	pthread_mutex_lock(&o->lock);
	for (;;) {
		while (!(j = queue_take(&o->waiting)) && !o->stop) {
			o->idle++;
			pthread_cond_wait(&o->work, &o->lock);
			o->idle--;
		}
		if (!j)
			break;
		pthread_mutex_unlock(&o->lock);
		if (!atomic_load(&j->cancelled))
			j->work(j->arg);
		pthread_mutex_lock(&o->lock);
		queue_put(&o->ended, j);
		ev_async_send(o->loop, &o->finished);
	}
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

/* One thread more.  Signals are for the thread that runs the loop. */
static int
thread_add(struct offload *o)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&o->thread[o->threads], &attr, thread_main, o);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (err)
		return -1;
	o->threads++;
	return 0;
}

static void
finish(struct offload *o, bool cancelled)
{
	struct offload_job *j;

	for (;;) {
		pthread_mutex_lock(&o->lock);
		j = queue_take(&o->ended);
		pthread_mutex_unlock(&o->lock);
		if (!j)
			return;
		j->done(j->arg, cancelled || atomic_load(&j->cancelled));
		mem_free(j);
	}
}

static void
on_finished(struct ev_loop *loop, ev_async *w, int revents)
{
	finish(w->data, false);
}

struct offload *
offload_new(struct ev_loop *loop, unsigned threads)
{
	struct offload *o = mem_alloc(sizeof *o);

	o->loop = loop;
	o->max = threads ? threads : 1;
	o->thread = mem_array(o->max, sizeof *o->thread);
	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->work, NULL);
	queue_init(&o->waiting);
	queue_init(&o->ended);
	ev_async_init(&o->finished, on_finished);
	o->finished.data = o;
	ev_async_start(loop, &o->finished);
	ev_unref(loop);
	return o;
}

void
offload_free(struct offload *o)
{
	unsigned i;

	if (!o)
		return;
	pthread_mutex_lock(&o->lock);
	o->stop = true;
	pthread_cond_broadcast(&o->work);
	pthread_mutex_unlock(&o->lock);
	for (i = 0; i < o->threads; i++)
		pthread_join(o->thread[i], NULL);
	finish(o, true);
	ev_ref(o->loop);
	ev_async_stop(o->loop, &o->finished);
	pthread_cond_destroy(&o->work);
	pthread_mutex_destroy(&o->lock);
	mem_free(o->thread);
	mem_free(o);
}

struct offload_job *
offload_start(struct offload *o, offload_work_fn work, offload_done_fn done,
    void *arg)
{
	struct offload_job *j = mem_alloc(sizeof *j);
	bool more;

	j->work = work;
	j->done = done;
	j->arg = arg;
	pthread_mutex_lock(&o->lock);
	queue_put(&o->waiting, j);
	more = o->idle == 0 && o->threads < o->max;
	if (o->idle)
		pthread_cond_signal(&o->work);
	pthread_mutex_unlock(&o->lock);

	/* Without a single thread the work is done here, late but surely. */
	if (more && thread_add(o) < 0 && o->threads == 0) {
		queue_take(&o->waiting);
		work(arg);
		queue_put(&o->ended, j);
		ev_async_send(o->loop, &o->finished);
	}
	return j;
}

void
offload_cancel(struct offload_job *j)
{
	if (j)
		atomic_store(&j->cancelled, true);
}
