#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

#include "log_sink.h"

enum { SYSLOG_MAIL = 2 << 3 };

enum kind { SINK_FILE, SINK_STREAM, SINK_SOCKET, SINK_SYSLOG };

static struct {
	int fd;
	enum kind kind;
	bool torn;		/* the file ends in a piece of a line */
	struct sockaddr_un syslogd;
} sink = { .fd = STDERR_FILENO, .kind = SINK_STREAM };

/* Datagrams: a line is there or it is not. */
static int
syslog_connect(const struct sockaddr_un *un)
{
	int e, fd;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)un, sizeof *un) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

/*
 * stderr.  A pipe is opened anew, so that it does not block us: two processes
 * that find room for one line may both write.  Setting the flag on ours would
 * set it for all who have that pipe.
 */
static int
stderr_open(void)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDERR_FILENO, &st) == 0 && S_ISFIFO(st.st_mode))
		fd = open("/proc/self/fd/2", O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 ? fd : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
}

int
log_open(const char *to)
{
	struct sockaddr_un un = {
		.sun_family = AF_UNIX, .sun_path = "/dev/log",
	};

	if (strcmp(to, "stderr") == 0)
		return stderr_open();
	if (strcmp(to, "syslog") == 0)
		return syslog_connect(&un);
	return open(to, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK, 0640);
}

static enum kind
kind_of(int fd, const char *to)
{
	struct stat st;

	if (strcmp(to, "syslog") == 0)
		return SINK_SYSLOG;
	if (fstat(fd, &st) < 0)
		return SINK_STREAM;
	if (S_ISREG(st.st_mode))
		return SINK_FILE;
	return S_ISSOCK(st.st_mode) ? SINK_SOCKET : SINK_STREAM;
}

void
log_use(int fd, const char *to)
{
	socklen_t len = sizeof sink.syslogd;

	if (sink.fd != fd && sink.fd > STDERR_FILENO)
		close(sink.fd);
	sink.fd = fd;
	sink.kind = kind_of(fd, to);
	sink.torn = false;
	if (sink.kind == SINK_SYSLOG)
		getpeername(fd, (struct sockaddr *)&sink.syslogd, &len);
}

int
log_fd(void)
{
	return sink.fd;
}

/*
 * A pipe that poll calls writable has room for a line, for LOG_LINE_MAX is
 * below PIPE_BUF: the write neither blocks nor is cut.
 */
static bool
put_stream(const char *p, size_t len)
{
	struct pollfd ready = { .fd = sink.fd, .events = POLLOUT };
	struct iovec v[2] = {
		{ .iov_base = (void *)(uintptr_t)"\n", .iov_len = sink.torn },
		{ .iov_base = (void *)(uintptr_t)p, .iov_len = len },
	};
	ssize_t n;

	if (sink.kind == SINK_STREAM &&
	    (poll(&ready, 1, 0) != 1 || ready.revents != POLLOUT))
		return false;
	n = writev(sink.fd, v, 2);
	if (n > 0)
		sink.torn = (size_t)n < len + v[0].iov_len;
	return n > 0 && !sink.torn;
}

static bool
put_socket(const char *p, size_t len)
{
	return send(sink.fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)len;
}

/* One datagram as syslog(3) sends it.  A restarted syslogd has another socket
 * under the same name. */
static bool
put_syslog(const char *p, size_t len, enum log_level level)
{
	static const int severity[] = { 7, 6, 4, 3 };
	char head[64], when[32] = "";
	struct iovec v[2] = {
		{ .iov_base = head },
		{ .iov_base = (void *)(uintptr_t)p, .iov_len = len - 1 },
	};
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };
	time_t now = time(NULL);
	struct tm tm;
	int fd, tries;

	if (localtime_r(&now, &tm))
		strftime(when, sizeof when, "%b %e %T", &tm);
	v[0].iov_len = (size_t)snprintf(head, sizeof head,
	    "<%d>%s lunette[%d]: ", SYSLOG_MAIL + severity[level], when,
	    (int)getpid());
	for (tries = 0; tries < 2; tries++) {
		if (sendmsg(sink.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return true;
		if (errno == EAGAIN || errno == ENOBUFS ||
		    (fd = syslog_connect(&sink.syslogd)) < 0)
			return false;
		dup3(fd, sink.fd, O_CLOEXEC);
		close(fd);
	}
	return false;
}

bool
log_sink_write(const char *p, size_t len, enum log_level level)
{
	switch (sink.kind) {
	case SINK_FILE:
	case SINK_STREAM:
		return put_stream(p, len);
	case SINK_SOCKET:
		return put_socket(p, len);
	case SINK_SYSLOG:
		return put_syslog(p, len, level);
	}
	return false;
}
