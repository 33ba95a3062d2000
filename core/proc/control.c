#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mem.h"
#include "control_peer.h"
#include "privilege.h"
#include "service.h"

#include "control.h"

enum { PEERS = 32 };			/* at once */

static const double REST = 1.;	/* seconds, when no client can be taken */

struct control {
	struct service *service;
	char *path;
	int fd;
	dev_t dev;
	ino_t ino;
	uid_t user;		/* may ask, besides root and the starter */
	ev_io io;
	ev_timer rest;
	struct control_peers peers;
};

static int
set_address(const char *path, struct sockaddr_un *out)
{
	memset(out, 0, sizeof *out);
	out->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof out->sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(out->sun_path, path);
	return 0;
}

/* A file that nobody answers on is left over from a crash: 0.  -1: somebody
 * does, or it is no socket. */
static int
make_way(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd, result = -1;

	if (lstat(addr->sun_path, &st) < 0)
		return 0;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (S_ISSOCK(st.st_mode) &&
	    connect(fd, (const struct sockaddr *)addr, sizeof *addr) < 0 &&
	    errno == ECONNREFUSED && unlink(addr->sun_path) == 0)
		result = 0;
	close(fd);
	if (result < 0)
		errno = EADDRINUSE;
	return result;
}

/* Only its owner may connect, from the first moment. */
static int
bind_private(int fd, const struct sockaddr_un *addr, uid_t user)
{
	mode_t mask = umask(0177);
	int result = bind(fd, (const struct sockaddr *)addr, sizeof *addr);
	int saved = errno;

	umask(mask);
	errno = saved;
	if (result < 0)
		return -1;
	if (geteuid() == 0 && lchown(addr->sun_path, user, (gid_t)-1) < 0)
		return -1;
	return listen(fd, PEERS);
}

static bool
may_ask(const struct control *c, int fd)
{
	struct ucred who;
	socklen_t len = sizeof who;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	    (who.uid == 0 || who.uid == c->user ||
	    who.uid == c->service->starter);
}

static void
on_connect(struct ev_loop *loop, ev_io *io, int revents)
{
	struct control *c = io->data;
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		/* No descriptor: it would be readable all the time. */
		if (errno != EAGAIN && errno != EINTR) {
			ev_io_stop(loop, io);
			ev_timer_set(&c->rest, REST, 0.);
			ev_timer_start(loop, &c->rest);
		}
		return;
	}
	if (c->peers.count >= PEERS || !may_ask(c, fd)) {
		close(fd);
		return;
	}
	control_peer_new(&c->peers, fd);
}

static void
on_rested(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct control *c = t->data;

	ev_io_start(loop, &c->io);
}

static void
stop_listening(struct control *c)
{
	struct stat st;

	if (c->fd < 0)
		return;
	ev_io_stop(c->service->loop, &c->io);
	ev_timer_stop(c->service->loop, &c->rest);
	if (lstat(c->path, &st) == 0 && st.st_dev == c->dev &&
	    st.st_ino == c->ino)
		unlink(c->path);
	close(c->fd);
	c->fd = -1;
	mem_free(c->path);
	c->path = NULL;
}

/* Listen there, and no more where it was.  -1 with one line in error. */
static int
listen_at(struct control *c, const char *path, char error[CONF_ERROR_MAX])
{
	struct sockaddr_un addr;
	struct stat st;
	int fd = -1;

	if (set_address(path, &addr) < 0 || make_way(&addr) < 0 ||
	    (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0)) < 0 || bind_private(fd, &addr, c->user) < 0) {
		snprintf(error, CONF_ERROR_MAX, "control socket %s: %s%s",
		    path, strerror(errno),
		    errno == EADDRINUSE ? ": already running?" : "");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	stop_listening(c);
	c->fd = fd;
	c->path = mem_strdup(path);
	if (lstat(path, &st) == 0) {
		c->dev = st.st_dev;
		c->ino = st.st_ino;
	}
	ev_io_init(&c->io, on_connect, c->fd, EV_READ);
	ev_timer_init(&c->rest, on_rested, 0., 0.);
	c->io.data = c->rest.data = c;
	ev_io_start(c->service->loop, &c->io);
	return 0;
}

struct control *
control_open(struct service *s, const struct conf *conf,
    char error[CONF_ERROR_MAX])
{
	struct control *c = mem_alloc(sizeof *c);
	gid_t group;

	c->service = s;
	c->fd = -1;
	control_peers_init(&c->peers, s);
	if (privilege_ids(conf->user, conf->group, &c->user, &group,
	    error) == 0 && listen_at(c, conf->control, error) == 0)
		return c;
	mem_free(c);
	return NULL;
}

int
control_move(struct control *c, const struct conf *conf,
    char error[CONF_ERROR_MAX])
{
	gid_t group;

	if (privilege_ids(conf->user, conf->group, &c->user, &group, error) < 0)
		return -1;
	if (strcmp(conf->control, c->path) != 0)
		return listen_at(c, conf->control, error);
	if (geteuid() == 0)
		(void)lchown(c->path, c->user, (gid_t)-1);
	return 0;
}

void
control_close(struct control *c)
{
	if (!c)
		return;
	control_peers_clear(&c->peers);
	stop_listening(c);
	mem_free(c);
}

void
control_answer(struct control *c, struct child *child,
    const struct notice_message *m, int fd)
{
	if (c)
		control_peers_answer(&c->peers, m, fd);
	if (fd >= 0)
		close(fd);
}
