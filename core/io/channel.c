#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"

#include "tls.h"

#include "channel.h"

enum { DROP_SIZE = 16 * 1024 };

void
channel_init(struct channel *ch)
{
	ch->in = ch->out = ch->in_flags = ch->out_flags = -1;
	ch->file = false;
	ch->tls = NULL;
}

/* Replies are small and wait for nothing; a peer that vanished is noticed. */
static void
set_options(int fd)
{
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* Returns the flags to put back, or -1 if nothing was changed. */
static int
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || flags & O_NONBLOCK)
		return -1;
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	return flags;
}

void
channel_take(struct channel *ch, int fd)
{
	assert(fd >= 0);
	channel_init(ch);
	ch->in = ch->out = fd;
	set_nonblocking(fd);
	set_options(fd);
}

void
channel_take_pair(struct channel *ch, int in, int out)
{
	assert(in >= 0 && out >= 0);
	channel_init(ch);
	ch->in = in;
	ch->out = out;
	ch->in_flags = set_nonblocking(in);
	ch->out_flags = set_nonblocking(out);
	set_options(out);
}

/* The port is chosen when it is known where to: there are more of them so. */
static int
bind_source(int fd, const struct addr *from)
{
	const int on = 1;

	if (addr_family(from) != AF_UNIX)
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		    sizeof on);
	return bind(fd, (const struct sockaddr *)&from->ss, from->len);
}

int
channel_connect(struct channel *ch, const struct addr *to,
    const struct addr *from)
{
	int fd = socket(addr_family(to),
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	channel_init(ch);
	if (fd < 0)
		return -1;
	ch->in = ch->out = fd;
	if (addr_family(to) != AF_UNIX)
		set_options(fd);
	if (from && bind_source(fd, from) < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&to->ss, to->len) == 0)
		return 0;
	return errno == EINPROGRESS ? 1 : -1;
}

int
channel_error(const struct channel *ch)
{
	int err = 0;
	socklen_t len = sizeof err;

	if (getsockopt(ch->out, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return errno;
	return err;
}

static ssize_t
read_plain(struct channel *ch, char *p, size_t n)
{
	ssize_t got;

	do
		got = read(ch->in, p, n);
	while (got < 0 && errno == EINTR);
	return got;
}

ssize_t
channel_read(struct channel *ch, char *p, size_t n)
{
	return ch->tls ? tls_read(ch->tls, p, n) : read_plain(ch, p, n);
}

ssize_t
channel_drop(struct channel *ch)
{
	char dropped[DROP_SIZE];

	return read_plain(ch, dropped, sizeof dropped);
}

static ssize_t
write_plain(struct channel *ch, const char *p, size_t n)
{
	ssize_t put;

	do {
		if (ch->file)
			put = write(ch->out, p, n);
		else
			put = send(ch->out, p, n, MSG_NOSIGNAL);
		if (put >= 0 || errno != ENOTSOCK || ch->file)
			continue;
		ch->file = true;
		errno = EINTR;
	} while (put < 0 && errno == EINTR);
	return put;
}

ssize_t
channel_write(struct channel *ch, const char *p, size_t n)
{
	return ch->tls ? tls_write(ch->tls, p, n) : write_plain(ch, p, n);
}

int
channel_shutdown(struct channel *ch)
{
	if (ch->tls && tls_shutdown(ch->tls) < 0)
		return -1;
	return shutdown(ch->out, SHUT_WR);
}

static void
end(int fd, int flags)
{
	if (fd < 0)
		return;
	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags);
	close(fd);
}

void
channel_close(struct channel *ch)
{
	tls_free(ch->tls);
	if (ch->out != ch->in)
		end(ch->out, ch->out_flags);
	end(ch->in, ch->in_flags);
	channel_init(ch);
}
