#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"

#include "listen.h"

static const char *
unix_path(const struct addr *a)
{
	return ((const struct sockaddr_un *)(const void *)&a->ss)->sun_path;
}

static int
option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value);
}

/* A socket file that nobody answers on is left over from a crash. */
static void
remove_stale(const struct addr *a)
{
	struct stat st;
	int fd;

	if (lstat(unix_path(a), &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&a->ss, a->len) < 0 &&
	    errno == ECONNREFUSED)
		unlink(unix_path(a));
	close(fd);
}

/* A socket of the right kind, with its options set. */
static int
make(struct listen_socket *s)
{
	int family = addr_family(&s->asked), fd;

	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || family == AF_UNIX)
		return fd;
	if (option(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0) {
		close(fd);
		return -1;
	}
	/* What is accepted inherits these; without them it works too. */
	(void)option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	(void)option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	s->both = false;
	if (family == AF_INET6 &&
	    option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) < 0) {
		log_event(LOG_WARN, "listen", "IPV6_V6ONLY: %s",
		    strerror(errno));
		s->both = addr_is_wildcard(&s->asked);
	}
	return fd;
}

static void
note_bound(struct listen_socket *s)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct stat st;

	s->bound = s->asked;
	if (addr_family(&s->asked) != AF_UNIX) {
		if (getsockname(s->fd, (struct sockaddr *)&ss, &len) == 0)
			addr_set((struct sockaddr *)&ss, len, &s->bound);
		return;
	}
	if (lstat(unix_path(&s->asked), &st) == 0) {
		s->dev = st.st_dev;
		s->ino = st.st_ino;
	}
}

/* Who may reach a socket file is decided by its directory.  No chmod: there
 * may be another file of that name by then. */
static int
bind_open(int fd, const struct addr *a)
{
	mode_t mask = umask(0111);
	int result = bind(fd, (const struct sockaddr *)&a->ss, a->len);
	int saved = errno;

	umask(mask);
	errno = saved;
	return result;
}

/* One try.  0, or -1 with errno and *call set to what failed. */
static int
open_one(struct listen_socket *s, int backlog, const char **call)
{
	int fd, saved;

	*call = "open a socket for";
	fd = make(s);
	if (fd < 0)
		return -1;
	if (addr_family(&s->asked) == AF_UNIX)
		remove_stale(&s->asked);
	*call = "bind";
	if (bind_open(fd, &s->asked) < 0)
		goto fail;
	*call = "listen on";
	if (listen(fd, backlog) < 0)
		goto fail;
	s->fd = fd;
	s->fresh = true;
	note_bound(s);
	return 0;
fail:
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Is there in the set a wildcard of that family on the port of s? */
static const struct listen_socket *
wildcard_beside(const struct listen_set *set, const struct listen_socket *s,
    int family)
{
	const struct listen_socket *o;

	if (!addr_is_wildcard(&s->asked) || addr_port(&s->asked) == 0)
		return NULL;
	for (o = set->socket; o < set->socket + set->count; o++)
		if (o != s && addr_family(&o->asked) == family &&
		    addr_is_wildcard(&o->asked) &&
		    addr_port(&o->asked) == addr_port(&s->asked))
			return o;
	return NULL;
}

/* Errors that another socket of the set makes up for. */
static bool
is_covered(const struct listen_set *set, const struct listen_socket *s, int err)
{
	const struct listen_socket *o;

	if (addr_family(&s->asked) == AF_INET6 &&
	    (err == EAFNOSUPPORT || err == EPROTONOSUPPORT) &&
	    wildcard_beside(set, s, AF_INET)) {
		log_event(LOG_WARN, "listen", "no IPv6 here, will use IPv4");
		return true;
	}
	if (addr_family(&s->asked) != AF_INET || err != EADDRINUSE)
		return false;
	o = wildcard_beside(set, s, AF_INET6);
	return o && o->fd >= 0 && o->both;
}

static void
pause_for(double seconds)
{
	struct timespec t = { (time_t)seconds,
	    (long)((seconds - (double)(time_t)seconds) * 1e9) };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		continue;
}

/* Try as often as the configuration says; only what time may cure. */
static int
open_patiently(const struct listen_set *set, struct listen_socket *s,
    const struct conf *conf, bool wait, char error[CONF_ERROR_MAX])
{
	unsigned left = wait ? conf->bind.retries : 0;
	char text[ADDR_TEXT_MAX];
	const char *call;

	addr_text(&s->asked, text);
	while (open_one(s, conf->bind.backlog, &call) < 0) {
		if (is_covered(set, s, errno))
			return 0;
		if (left == 0 ||
		    (errno != EADDRINUSE && errno != EADDRNOTAVAIL)) {
			snprintf(error, CONF_ERROR_MAX, "cannot %s %s: %s",
			    call, text, strerror(errno));
			return -1;
		}
		log_event(LOG_WARN, "listen", "cannot %s %s: %s, %u tries left",
		    call, text, strerror(errno), left);
		left--;
		pause_for(conf->bind.pause);
	}
	return 0;
}

static bool
is_taken(const struct listen_set *set, int fd)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (set->socket[i].fd == fd)
			return true;
	return false;
}

/* Take over sockets that are bound to, or were asked for with, an address of
 * the new set; each serves once. */
static void
take_over(struct listen_set *set, const struct listen_set *old, bool bound,
    int backlog)
{
	struct listen_socket *s;
	const struct listen_socket *o;
	size_t i, j;

	for (i = 0; i < set->count; i++) {
		s = &set->socket[i];
		for (j = 0; j < old->count && s->fd < 0; j++) {
			o = &old->socket[j];
			if (o->fd < 0 || is_taken(set, o->fd) ||
			    !addr_equal(bound ? &o->bound : &o->asked,
			    &s->asked))
				continue;
			s->fd = o->fd;
			s->bound = o->bound;
			s->both = o->both;
			s->dev = o->dev;
			s->ino = o->ino;
			(void)listen(s->fd, backlog);	/* it may be new */
		}
	}
}

struct listen_set *
listen_open(const struct conf *conf, const struct listen_set *old, bool wait,
    char error[CONF_ERROR_MAX])
{
	struct listen_set *set = mem_alloc(sizeof *set);
	struct listen_socket *s;
	bool first;
	size_t i;
	int pass;

	set->count = conf->listeners;
	set->socket = mem_array(set->count + 1, sizeof *set->socket);
	for (i = 0; i < set->count; i++) {
		set->socket[i].fd = -1;
		set->socket[i].asked = conf->listener[i].addr;
	}
	/* The very address first: one with port 0 takes what is left. */
	if (old) {
		take_over(set, old, true, conf->bind.backlog);
		take_over(set, old, false, conf->bind.backlog);
	}
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < set->count; i++) {
			s = &set->socket[i];
			first = addr_family(&s->asked) == AF_INET6 &&
			    addr_is_wildcard(&s->asked);
			if (s->fd >= 0 || first != (pass == 0))
				continue;
			if (open_patiently(set, s, conf, wait, error) < 0) {
				listen_abandon(set);
				return NULL;
			}
		}
	}
	return set;
}

static void
close_one(struct listen_socket *s)
{
	struct stat st;

	if (s->fd < 0)
		return;
	if (addr_family(&s->asked) == AF_UNIX &&
	    lstat(unix_path(&s->asked), &st) == 0 &&
	    st.st_dev == s->dev && st.st_ino == s->ino)
		unlink(unix_path(&s->asked));
	close(s->fd);
	s->fd = -1;
}

static void
set_free(struct listen_set *set)
{
	mem_free(set->socket);
	mem_free(set);
}

void
listen_commit(struct listen_set *old, const struct listen_set *set)
{
	size_t i, j;

	if (!old)
		return;
	for (i = 0; i < old->count; i++) {
		for (j = 0; j < set->count; j++)
			if (set->socket[j].fd == old->socket[i].fd)
				break;
		if (j == set->count)
			close_one(&old->socket[i]);
	}
	set_free(old);
}

void
listen_abandon(struct listen_set *set)
{
	size_t i;

	if (!set)
		return;
	for (i = 0; i < set->count; i++)
		if (set->socket[i].fresh)
			close_one(&set->socket[i]);
	set_free(set);
}

void
listen_close(struct listen_set *set)
{
	size_t i;

	if (!set)
		return;
	for (i = 0; i < set->count; i++)
		close_one(&set->socket[i]);
	set_free(set);
}

void
listen_log(const struct listen_set *set, const struct conf *conf)
{
	char text[ADDR_TEXT_MAX];
	struct log_line l;
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (set->socket[i].fd < 0 || !set->socket[i].fresh)
			continue;
		log_begin(&l, LOG_INFO, "listen");
		log_str(&l, "addr", addr_text(&set->socket[i].bound, text));
		log_str(&l, "listener", conf->listener[i].name);
		log_end(&l);
	}
}
