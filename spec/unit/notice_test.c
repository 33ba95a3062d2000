#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "notice.h"

#include "test.h"

static void
test_plain(void)
{
	struct notice_message m;
	int fds[2], fd;

	test_int("open", notice_open(fds), 0);
	test_int("nothing there", notice_receive(fds[1], &m, &fd),
	    NOTICE_AGAIN);
	test_int("tell", notice_tell(fds[0], NOTICE_DRAIN, 42), NOTICE_OK);
	test_int("receive", notice_receive(fds[1], &m, &fd), NOTICE_OK);
	test_int("kind", m.kind, NOTICE_DRAIN);
	test_int("number", (long long)m.number, 42);
	test_int("no descriptor", fd, -1);
	close(fds[0]);
	test_int("the end", notice_receive(fds[1], &m, &fd), NOTICE_EOF);
	test_int("nobody there", notice_tell(fds[1], NOTICE_READY, 0),
	    NOTICE_EOF);
	close(fds[1]);
}

static void
test_descriptor(void)
{
	struct notice_message m = { .kind = NOTICE_LOG };
	int fds[2], fd, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	notice_open(fds);
	test_int("send one", notice_send(fds[0], &m, null), NOTICE_OK);
	test_int("receive it", notice_receive(fds[1], &m, &fd), NOTICE_OK);
	test_ok("another number", fd >= 0 && fd != null);
	test_ok("close on exec", fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	m.kind = NOTICE_LOG;
	notice_send(fds[0], &m, -1);
	test_int("one is missing", notice_receive(fds[1], &m, &fd),
	    NOTICE_BROKEN);
	m.kind = NOTICE_READY;
	notice_send(fds[0], &m, null);
	test_int("one too many", notice_receive(fds[1], &m, &fd),
	    NOTICE_BROKEN);
	test_int("is not kept", fd, -1);
	close(null);
	close(fds[0]);
	close(fds[1]);
}

static void
test_nonsense(void)
{
	static char space[2 * sizeof(struct notice_message)];
	struct notice_message m, out;
	int fds[2], fd;
	size_t n;

	notice_open(fds);
	memset(&m, 0, sizeof m);
	m.kind = NOTICE_READY;
	memcpy(space, &m, sizeof m);
	for (n = 1; n < sizeof space; n += 97) {
		send(fds[0], space, n, 0);
		test_int("a wrong length", notice_receive(fds[1], &out, &fd),
		    NOTICE_BROKEN);
	}
	m.kind = 0;
	notice_send(fds[0], &m, -1);
	test_int("kind 0", notice_receive(fds[1], &out, &fd), NOTICE_BROKEN);
	m.kind = NOTICE_KINDS;
	notice_send(fds[0], &m, -1);
	test_int("no kind", notice_receive(fds[1], &out, &fd), NOTICE_BROKEN);
	m.kind = NOTICE_FAILED;
	memset(m.text, 'x', sizeof m.text);
	notice_send(fds[0], &m, -1);
	test_int("no end of text", notice_receive(fds[1], &out, &fd),
	    NOTICE_BROKEN);
	m.text[sizeof m.text - 1] = '\0';
	notice_send(fds[0], &m, -1);
	test_int("a whole one", notice_receive(fds[1], &out, &fd), NOTICE_OK);
	close(fds[0]);
	close(fds[1]);
}

static void
test_full(void)
{
	enum notice_result r = NOTICE_OK;
	int fds[2], i;

	notice_open(fds);
	for (i = 0; i < 100000 && r == NOTICE_OK; i++)
		r = notice_tell(fds[0], NOTICE_ACCEPT, 1);
	test_int("a peer that does not read", r, NOTICE_AGAIN);
	test_ok("some fit", i > 50);
	close(fds[0]);
	close(fds[1]);
}

int
main(void)
{
	test_plain();
	test_descriptor();
	test_nonsense();
	test_full();
	return test_done();
}
