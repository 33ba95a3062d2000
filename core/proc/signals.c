#include <ev.h>
#include <signal.h>
#include <stddef.h>

#include "signals.h"

static const int early[] = { SIGHUP, SIGUSR1, SIGCHLD };
static const int serving[] = { SIGTERM, SIGINT, SIGQUIT };

enum { EARLY = 3, SERVING = 3 };

static struct {
	signals_fn fn;
	void *arg;
	ev_signal early[EARLY], serving[SERVING];
} self;

void
signals_ignore(void)
{
	static const int harmless[] = {
		SIGPIPE, SIGXFSZ, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO,
		SIGPWR, SIGTTIN, SIGTTOU,
	};
	size_t i;
	int n;

	for (i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
		signal(harmless[i], SIG_IGN);
	for (n = SIGRTMIN; n <= SIGRTMAX; n++)
		signal(n, SIG_IGN);
}

static void
on_signal(struct ev_loop *loop, ev_signal *s, int revents)
{
	self.fn(self.arg, s->signum);
}

static void
start(struct ev_loop *loop, ev_signal *w, const int *signum, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		ev_signal_init(&w[i], on_signal, signum[i]);
		ev_signal_start(loop, &w[i]);
	}
}

void
signals_start(struct ev_loop *loop, signals_fn fn, void *arg)
{
	self.fn = fn;
	self.arg = arg;
	start(loop, self.early, early, EARLY);
}

void
signals_serve(struct ev_loop *loop)
{
	start(loop, self.serving, serving, SERVING);
}

void
signals_stop(struct ev_loop *loop)
{
	size_t i;

	for (i = 0; i < EARLY; i++)
		ev_signal_stop(loop, &self.early[i]);
	for (i = 0; i < SERVING; i++)
		ev_signal_stop(loop, &self.serving[i]);
}
