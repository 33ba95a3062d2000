#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "notice.h"

union control {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int))];
};

int
notice_open(int out[2])
{
	return socketpair(AF_UNIX,
	    SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, out);
}

static bool
carries_descriptor(uint32_t kind)
{
	return kind == NOTICE_LOG || kind == NOTICE_LIST;
}

enum notice_result
notice_send(int fd, const struct notice_message *m, int descriptor)
{
	struct iovec iov = { (void *)(uintptr_t)m, sizeof *m };
	struct msghdr head = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	struct cmsghdr *c;
	ssize_t n;

	memset(&control, 0, sizeof control);
	if (descriptor >= 0) {
		head.msg_control = &control;
		head.msg_controllen = sizeof control;
		c = CMSG_FIRSTHDR(&head);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof descriptor);
		memcpy(CMSG_DATA(c), &descriptor, sizeof descriptor);
	}
	do
		n = sendmsg(fd, &head, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof *m)
		return NOTICE_OK;
	if (n < 0 && (errno == EAGAIN || errno == ENOBUFS))
		return NOTICE_AGAIN;
	if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
		return NOTICE_EOF;
	return NOTICE_BROKEN;
}

static int
descriptor_of(struct msghdr *head)
{
	struct cmsghdr *c;
	int fd = -1;

	for (c = CMSG_FIRSTHDR(head); c; c = CMSG_NXTHDR(head, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    c->cmsg_len == CMSG_LEN(sizeof fd))
			memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

enum notice_result
notice_receive(int fd, struct notice_message *out, int *descriptor)
{
	struct iovec iov = { out, sizeof *out };
	union control control;
	struct msghdr head = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof control };
	ssize_t n;

	*descriptor = -1;
	do
		n = recvmsg(fd, &head, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? NOTICE_AGAIN :
		    errno == ECONNRESET ? NOTICE_EOF : NOTICE_BROKEN;
	if (n == 0)
		return NOTICE_EOF;

	*descriptor = descriptor_of(&head);
	if (n == (ssize_t)sizeof *out &&
	    !(head.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
	    out->kind > 0 && out->kind < NOTICE_KINDS &&
	    memchr(out->text, '\0', sizeof out->text) &&
	    carries_descriptor(out->kind) == (*descriptor >= 0))
		return NOTICE_OK;
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
	return NOTICE_BROKEN;
}

enum notice_result
notice_tell(int fd, enum notice_kind kind, uint64_t number)
{
	struct notice_message m;

	memset(&m, 0, sizeof m);
	m.kind = kind;
	m.number = number;
	return notice_send(fd, &m, -1);
}
