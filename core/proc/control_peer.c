#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "mem.h"
#include "control.h"
#include "pool.h"
#include "reload.h"
#include "service.h"

#include "control_peer.h"

enum {
	OUTPUT_MAX = 16 * 1024 * 1024,	/* a list longer than this is cut */
	INPUT_MAX = 4096,
	UNREAD_MAX = 65536,		/* that the peer leaves unread */
};

static const double ANSWER = 2.;	/* seconds for the workers */
static const double IDLE = 60.;		/* for a line, and for reading ours */

enum wait { WAIT_NO, WAIT_RELOAD, WAIT_LIST, WAIT_KILL };

struct control_peer {
	struct control_peer *next;
	struct control_peers *peers;
	int fd;
	ev_io in, out;
	ev_timer timer;
	struct buf input, output;
	enum wait wait;
	unsigned serial;		/* of our question to the workers */
	size_t missing;			/* answers still to come */
	bool found, closing;
};

static void take_lines(struct control_peer *);

static struct ev_loop *
loop_of(const struct control_peer *p)
{
	return p->peers->service->loop;
}

static void
peer_free(struct control_peer *p)
{
	struct control_peer **at = &p->peers->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	p->peers->count--;
	reload_forget(p->peers->service->reload, p);
	ev_io_stop(loop_of(p), &p->in);
	ev_io_stop(loop_of(p), &p->out);
	ev_timer_stop(loop_of(p), &p->timer);
	buf_clear(&p->input);
	buf_clear(&p->output);
	close(p->fd);
	mem_free(p);
}

static void
set_timer(struct control_peer *p, double seconds)
{
	p->timer.repeat = seconds;
	ev_timer_again(loop_of(p), &p->timer);
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct control_peer *p = io->data;
	ssize_t n;

	while (p->output.len > 0) {
		n = send(p->fd, p->output.p, p->output.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			peer_free(p);
			return;
		}
		buf_consume(&p->output, (size_t)n);
	}
	ev_io_stop(loop, io);
	if (p->closing) {
		peer_free(p);
		return;
	}
	ev_io_start(loop, &p->in);
	take_lines(p);
}

/* The last line of an answer; then the next command may come.  error NULL:
 * OK. */
static void
answer(struct control_peer *p, const char *error)
{
	const char *c;

	if (error) {
		buf_puts(&p->output, "ERR ");
		for (c = error; *c; c++)
			buf_append(&p->output, *c == '\n' ? " " : c, 1);
		buf_puts(&p->output, "\n");
	} else {
		buf_puts(&p->output, "OK\n");
	}
	p->wait = WAIT_NO;
	set_timer(p, IDLE);
	ev_io_start(loop_of(p), &p->out);
	ev_io_start(loop_of(p), &p->in);
}

static void
answer_workers(struct control_peer *p)
{
	if (p->wait == WAIT_KILL && !p->found)
		answer(p, "no such session");
	else
		answer(p, NULL);
}

static void
on_reloaded(void *arg, const char *error)
{
	struct control_peer *p = arg;

	answer(p, error);
	take_lines(p);
}

static void
ask_workers(struct control_peer *p, enum notice_kind kind, const char *text)
{
	struct notice_message m;

	memset(&m, 0, sizeof m);
	m.kind = kind;
	m.serial = p->serial = ++p->peers->serial;
	memcpy(m.text, text, strlen(text));	/* a line is shorter */
	p->found = false;
	p->wait = kind == NOTICE_KILL ? WAIT_KILL : WAIT_LIST;
	p->missing = pool_tell_all(p->peers->service->pool, &m, -1);
	set_timer(p, ANSWER);
	if (p->missing == 0)
		answer_workers(p);
}

static void
start_reload(struct control_peer *p)
{
	p->wait = WAIT_RELOAD;
	ev_timer_stop(loop_of(p), &p->timer);
	reload_request(p->peers->service->reload, on_reloaded, p);
}

/* What is asked of the service, or a question to the workers. */
static void
obey(struct control_peer *p, const char *line)
{
	struct service *s = p->peers->service;

	if (strcmp(line, "status") == 0) {
		control_status(s, &p->output);
		answer(p, NULL);
	} else if (strcmp(line, "status --json") == 0) {
		control_status_json(s, &p->output);
		answer(p, NULL);
	} else if (strcmp(line, "sessions") == 0) {
		ask_workers(p, NOTICE_SESSIONS, "");
	} else if (strncmp(line, "kill ", 5) == 0 && line[5]) {
		ask_workers(p, NOTICE_KILL, line + 5);
	} else if (strcmp(line, "reload") == 0) {
		start_reload(p);
	} else if (strcmp(line, "pause") == 0 || strcmp(line, "resume") == 0) {
		service_pause(s, line[0] == 'p');
		answer(p, NULL);
	} else if (strcmp(line, "drain") == 0) {
		answer(p, NULL);
		service_drain(s);
	} else if (strcmp(line, "stop") == 0) {
		answer(p, NULL);
		service_stop(s);
	} else if (strcmp(line, "trace") == 0 || strcmp(line, "metrics") == 0) {
		answer(p, "not supported in this version");
	} else {
		answer(p, "unknown command");
	}
}

/* A line is printable ASCII.  False: it is not, or is too long. */
static bool
is_text(const char *p, size_t len)
{
	size_t i;

	if (len > CONTROL_LINE_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (p[i] < ' ' || p[i] > '~')
			return false;
	return true;
}

/* Close, but not before what has been answered is read. */
static void
leave(struct control_peer *p)
{
	p->closing = true;
	p->wait = WAIT_NO;
	ev_io_stop(loop_of(p), &p->in);
	ev_io_start(loop_of(p), &p->out);
}

static void
take_lines(struct control_peer *p)
{
	char line[CONTROL_LINE_MAX + 1], *end;
	size_t len;

	/* Who does not read our answers gets no more of them. */
	while (p->wait == WAIT_NO && !p->closing && p->input.len > 0 &&
	    p->output.len < UNREAD_MAX) {
		end = memchr(p->input.p, '\n', p->input.len);
		len = end ? (size_t)(end - p->input.p) : p->input.len;
		if (!is_text(p->input.p, len)) {
			leave(p);
			return;
		}
		if (!end)
			return;
		memcpy(line, p->input.p, len);
		line[len] = '\0';
		buf_consume(&p->input, len + 1);
		obey(p, line);
	}
}

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct control_peer *p = io->data;
	ssize_t n;

	/* One that waits and fills our buffer has to wait longer. */
	if (p->input.len >= INPUT_MAX) {
		ev_io_stop(loop, io);
		return;
	}
	n = recv(p->fd, buf_reserve(&p->input, INPUT_MAX), INPUT_MAX, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		peer_free(p);
		return;
	}
	if (n == 0) {
		/* It may have shut down its half to wait for our answer. */
		ev_io_stop(loop, io);
		if (p->wait == WAIT_NO)
			leave(p);
		else
			p->closing = true;
		return;
	}
	buf_commit(&p->input, (size_t)n);
	take_lines(p);
}

static void
on_timer(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct control_peer *p = t->data;

	if (p->wait == WAIT_NO) {
		peer_free(p);
		return;
	}
	answer_workers(p);
	take_lines(p);
}

void
control_peers_init(struct control_peers *peers, struct service *s)
{
	memset(peers, 0, sizeof *peers);
	peers->service = s;
}

/* Those who wait for an answer may still read what we have sent. */
void
control_peers_clear(struct control_peers *peers)
{
	struct control_peer *p;

	while ((p = peers->first)) {
		(void)send(p->fd, p->output.p, p->output.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		peer_free(p);
	}
}

void
control_peer_new(struct control_peers *peers, int fd)
{
	struct control_peer *p = mem_alloc(sizeof *p);

	p->peers = peers;
	p->fd = fd;
	buf_init(&p->input);
	buf_init(&p->output);
	ev_io_init(&p->in, on_readable, fd, EV_READ);
	ev_io_init(&p->out, on_writable, fd, EV_WRITE);
	ev_timer_init(&p->timer, on_timer, 0., IDLE);
	p->in.data = p->out.data = p->timer.data = p;
	p->next = peers->first;
	peers->first = p;
	peers->count++;
	ev_io_start(loop_of(p), &p->in);
	set_timer(p, IDLE);
}

/*
 * A worker's list is a sealed memfd: it cannot change or block while we read.
 * Anything else is not read.
 */
static void
append_list(struct buf *out, int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	ssize_t n;

	if (seals < 0 || !(seals & F_SEAL_WRITE) || !(seals & F_SEAL_SHRINK))
		return;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return;
	while (out->len < OUTPUT_MAX) {
		n = read(fd, buf_reserve(out, 65536), 65536);
		if (n <= 0)
			return;
		buf_commit(out, (size_t)n);
	}
}

void
control_peers_answer(struct control_peers *peers,
    const struct notice_message *m, int fd)
{
	enum wait wait = m->kind == NOTICE_KILLED ? WAIT_KILL : WAIT_LIST;
	struct control_peer *p;

	for (p = peers->first; p; p = p->next)
		if (p->wait == wait && p->serial == m->serial)
			break;
	if (!p)
		return;
	if (wait == WAIT_LIST)
		append_list(&p->output, fd);
	else if (m->number != 0)
		p->found = true;
	if (--p->missing > 0)
		return;
	answer_workers(p);
	take_lines(p);
}
