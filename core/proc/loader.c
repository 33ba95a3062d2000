#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <ev.h>

#include "clock.h"
#include "mem.h"

#include "generation.h"
#include "reader.h"

#include "loader.h"

struct loader {
	struct ev_loop *loop;
	ev_io io;
	ev_timer timer;
	loader_fn fn;
	void *arg;
	pid_t pid;
	int fd;
	unsigned number;
	double timeout;
	enum loader_fault fault;
	char *path;
	char *running;		/* shared with the pair */
};

enum {
	TIMEOUT = 60,		/* seconds */
	PATIENCE = 1000,	/* ms */
};

/* Fork the reader.  -1 with one line in error. */
static int
begin(struct loader *l, const struct loader_args *a, char *error)
{
	int pair[2];

	l->number = a->number;
	l->timeout = a->timeout > 0 ? a->timeout : TIMEOUT;
	l->path = mem_strdup(a->path);
	l->fault = LOADER_SYSTEM;
	l->running = mmap(NULL, LOADER_RUNNING_MAX, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l->running == MAP_FAILED || socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		snprintf(error, CONF_ERROR_MAX, "loader: %s", strerror(errno));
		return -1;
	}
	l->fd = pair[0];
	l->pid = fork();
	if (l->pid == 0)
		reader_run(a, pair[1], l->running);
	if (l->pid < 0)
		snprintf(error, CONF_ERROR_MAX, "loader: fork: %s",
		    strerror(errno));
	close(pair[1]);
	if (l->pid > 0)
		return 0;
	close(l->fd);
	return -1;
}

/*
 * End the reader, and with it the checker; its wait status.  One that hangs in
 * the kernel, reading from a server that is gone, dies when it can: it is not
 * waited for, for others have to be served.
 */
static int
reap(struct loader *l)
{
	struct timespec moment = { .tv_nsec = 5 * 1000 * 1000 };
	int64_t end = clock_ms() + PATIENCE;
	int status = 0;

	kill(l->pid, SIGKILL);
	while (waitpid(l->pid, &status, WNOHANG) == 0 && clock_ms() < end)
		nanosleep(&moment, NULL);
	return status;
}

static void
release(struct loader *l)
{
	if (l->running && l->running != MAP_FAILED)
		munmap(l->running, LOADER_RUNNING_MAX);
	mem_free(l->path);
	mem_free(l);
}

/* One message; the length of its text, -1 if there is none.  fds are the
 * two descriptors that came with it, or -1. */
static ssize_t
receive(int from, char *text, size_t size, int fds[2])
{
	char control[CMSG_SPACE(2 * sizeof *fds)];
	struct iovec part = { text, size - 1 };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof control,
	};
	struct cmsghdr *c;
	ssize_t n;

	fds[0] = fds[1] = -1;
	do
		n = recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(2 * sizeof *fds))
		memcpy(fds, CMSG_DATA(c), 2 * sizeof *fds);
	return n;
}

/* The reader has spoken, or ended. */
static struct generation *
outcome(struct loader *l, char *error)
{
	char text[CONF_ERROR_MAX + 1];
	ssize_t n;
	int fds[2], status;

	n = receive(l->fd, text, sizeof text, fds);
	close(l->fd);
	status = reap(l);
	if (n > 0 && text[0] == READER_MADE && fds[0] >= 0)
		return generation_open(fds, l->number, error);
	if (fds[0] >= 0) {
		close(fds[0]);
		close(fds[1]);
	}
	if (n > 1 && text[0] == READER_FAILED)
		l->fault = LOADER_CONFIG;
	if (n > 1 && text[0] != READER_MADE)
		snprintf(error, CONF_ERROR_MAX, "%s", text + 1);
	else if (n > 0)
		snprintf(error, CONF_ERROR_MAX, "loader: no descriptor for "
		    "the bundle");
	else
		snprintf(error, CONF_ERROR_MAX, "%.500s: the loader %s %d",
		    l->path, WIFSIGNALED(status) ? "was killed by signal" :
		    "ended with status", WIFSIGNALED(status) ?
		    WTERMSIG(status) : WEXITSTATUS(status));
	return NULL;
}

static void
too_late(struct loader *l, char *error)
{
	char hook[LOADER_RUNNING_MAX];

	memcpy(hook, l->running, sizeof hook);
	hook[sizeof hook - 1] = '\0';
	close(l->fd);
	reap(l);
	l->fault = LOADER_CONFIG;
	snprintf(error, CONF_ERROR_MAX, "%.500s: not loaded after %g seconds"
	    "%s%s", l->path, l->timeout, *hook ? ", in hook " : "", hook);
}

static void
finish(struct loader *l, struct generation *g, const char *error)
{
	loader_fn fn = l->fn;
	void *arg = l->arg;

	ev_io_stop(l->loop, &l->io);
	ev_timer_stop(l->loop, &l->timer);
	release(l);
	fn(arg, g, g ? NULL : error);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct loader *l = w->data;
	char error[CONF_ERROR_MAX];
	struct generation *g = outcome(l, error);

	finish(l, g, error);
}

static void
on_timeout(struct ev_loop *loop, ev_timer *w, int events)
{
	struct loader *l = w->data;
	char error[CONF_ERROR_MAX];

	too_late(l, error);
	finish(l, NULL, error);
}

struct loader *
loader_start(struct ev_loop *loop, const struct loader_args *a, loader_fn fn,
    void *arg, char error[CONF_ERROR_MAX])
{
	struct loader *l = mem_alloc(sizeof *l);

	l->loop = loop;
	l->fn = fn;
	l->arg = arg;
	if (begin(l, a, error) < 0) {
		release(l);
		return NULL;
	}
	ev_io_init(&l->io, on_readable, l->fd, EV_READ);
	ev_timer_init(&l->timer, on_timeout, l->timeout, 0);
	l->io.data = l->timer.data = l;
	ev_io_start(loop, &l->io);
	ev_timer_start(loop, &l->timer);
	return l;
}

void
loader_cancel(struct loader *l)
{
	if (!l)
		return;
	ev_io_stop(l->loop, &l->io);
	ev_timer_stop(l->loop, &l->timer);
	close(l->fd);
	reap(l);
	release(l);
}

/* Wait for the descriptor; false when the time is over. */
static bool
wait_for(int fd, double seconds)
{
	int64_t end = clock_ms() + (int64_t)(seconds * 1000), left;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while ((left = end - clock_ms()) > 0)
		if (poll(&p, 1, (int)left) > 0)
			return true;
	return false;
}

struct generation *
loader_run(const struct loader_args *a, enum loader_fault *fault,
    char error[CONF_ERROR_MAX])
{
	struct loader *l = mem_alloc(sizeof *l);
	struct generation *g = NULL;

	if (begin(l, a, error) == 0) {
		if (wait_for(l->fd, l->timeout))
			g = outcome(l, error);
		else
			too_late(l, error);
	}
	*fault = l->fault;
	release(l);
	return g;
}
