#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addr.h"
#include "conf.h"
#include "listen.h"
#include "log.h"

#include "test.h"

static char dir[] = "/tmp/listen-test-XXXXXX", error[CONF_ERROR_MAX];

struct setting {
	struct conf conf;
	struct conf_listener listener[4];
};

/* A configuration that listens there; NULL at the end. */
static const struct conf *
listens(struct setting *s, const char *const *where)
{
	memset(s, 0, sizeof *s);
	s->conf.bind.backlog = 5;
	s->conf.listener = s->listener;
	for (; *where; where++) {
		struct conf_listener *l = &s->listener[s->conf.listeners++];

		l->text = l->name = *where;
		if (addr_parse(*where, 25, &l->addr) < 0)
			abort();
	}
	return &s->conf;
}

#define LISTENS(s, ...) listens(s, (const char *const[]){ __VA_ARGS__, NULL })

static int
dial(const struct addr *a)
{
	int fd = socket(addr_family(a), SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = connect(fd, (const struct sockaddr *)&a->ss, a->len);

	close(fd);
	return r;
}

static void
test_reload(void)
{
	struct listen_set *one, *two, *three;
	struct setting s;
	struct addr first, second;
	char text[ADDR_TEXT_MAX];
	int fd;

	one = listen_open(LISTENS(&s, "127.0.0.1:0", "127.0.0.2:0"), NULL,
	    true, error);
	test_ok("open", one != NULL);
	first = one->socket[0].bound;
	second = one->socket[1].bound;
	fd = one->socket[0].fd;
	test_ok("a port of its own", addr_port(&first) > 0);
	test_int("answers", dial(&first), 0);

	two = listen_open(LISTENS(&s, "127.0.0.3:0", "127.0.0.1:0"), one,
	    false, error);
	test_int("kept", two->socket[1].fd, fd);
	test_ok("not fresh", !two->socket[1].fresh && two->socket[0].fresh);
	listen_commit(one, two);
	test_int("still answers", dial(&first), 0);
	test_int("closed", dial(&second), -1);

	/* By the address that it has, whatever it was asked for with. */
	addr_text(&first, text);
	three = listen_open(LISTENS(&s, "127.0.0.1:0", text), two, false,
	    error);
	test_int("by its port", three->socket[1].fd, fd);
	test_ok("the other is new", three->socket[0].fresh);
	listen_abandon(three);
	test_int("nothing changed", dial(&first), 0);
	listen_close(two);
	test_int("all closed", dial(&first), -1);
}

static void
test_failure(void)
{
	struct listen_set *one, *two;
	struct setting s;
	struct addr first;
	char text[ADDR_TEXT_MAX];

	one = listen_open(LISTENS(&s, "127.0.0.1:0"), NULL, true, error);
	first = one->socket[0].bound;
	addr_text(&first, text);
	two = listen_open(LISTENS(&s, text), NULL, true, error);
	test_ok("in use", !two);
	test_ok("names the address", strstr(error, text) != NULL);
	two = listen_open(LISTENS(&s, "127.0.0.1:0", "192.0.2.1:2525"), one,
	    false, error);
	test_ok("one of two", !two);
	test_ok("names it", strstr(error, "192.0.2.1:2525") != NULL);
	test_int("the old one is as it was", dial(&first), 0);
	listen_close(one);
}

/* IPv6 first, and both: they do not take each other's port. */
static void
test_wildcards(void)
{
	struct listen_set *set;
	struct setting s;
	char four[32], six[32];
	int probe;

	probe = socket(AF_INET6, SOCK_STREAM, 0);
	if (probe < 0)
		return;
	close(probe);
	set = listen_open(LISTENS(&s, "[::]:0"), NULL, true, error);
	snprintf(four, sizeof four, "0.0.0.0:%u",
	    addr_port(&set->socket[0].bound));
	snprintf(six, sizeof six, "[::]:%u", addr_port(&set->socket[0].bound));
	listen_close(set);
	set = listen_open(LISTENS(&s, four, six), NULL, true, error);
	test_ok("both wildcards", set != NULL);
	if (set)
		test_ok("both open", set->socket[0].fd >= 0 &&
		    set->socket[1].fd >= 0);
	listen_close(set);
}

static void
test_unix(void)
{
	struct listen_set *one, *two;
	struct setting s;
	struct stat st;
	char text[96];
	const char *path = text + strlen("unix:");
	FILE *f;

	snprintf(text, sizeof text, "unix:%s/socket", dir);
	one = listen_open(LISTENS(&s, text), NULL, true, error);
	test_ok("open", one != NULL);
	test_int("is there", stat(path, &st), 0);
	test_int("for everyone", st.st_mode & 0777, 0666);
	two = listen_open(LISTENS(&s, text), NULL, false, error);
	test_ok("in use", !two);
	test_int("answers still", dial(&one->socket[0].bound), 0);

	/* As after a crash: the file is left, nobody listens. */
	close(one->socket[0].fd);
	one->socket[0].fd = -1;
	listen_close(one);
	test_int("left over", stat(path, &st), 0);
	one = listen_open(LISTENS(&s, text), NULL, false, error);
	test_ok("taken over", one != NULL);
	listen_close(one);
	test_int("removed", stat(path, &st), -1);

	f = fopen(path, "w");
	fclose(f);
	one = listen_open(LISTENS(&s, text), NULL, false, error);
	test_ok("no socket of ours", !one);
	test_int("is left alone", stat(path, &st), 0);
	unlink(path);
}

int
main(void)
{
	log_set(LOG_LOGFMT, LOG_ERROR);
	if (!mkdtemp(dir))
		return 1;
	test_reload();
	test_failure();
	test_wildcards();
	test_unix();
	rmdir(dir);
	return test_done();
}
