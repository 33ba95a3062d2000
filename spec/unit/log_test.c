#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#include "test.h"

static char got[3 * LOG_LINE_MAX];
static _Atomic uint64_t drops;

/* A value, and how it stands in a line: logfmt, then JSON. */
static const struct {
	const char *in;
	size_t len;
	const char *logfmt, *json;
} values[] = {
	{ "plain", 5,		"plain",		"\"plain\"" },
	{ "a@b/c[1]:<2>", 12,	"a@b/c[1]:<2>",		"\"a@b/c[1]:<2>\"" },
	{ "", 0,		"\"\"",			"\"\"" },
	{ "two words", 9,	"\"two words\"",	"\"two words\"" },
	{ "k=v", 3,		"\"k=v\"",		"\"k=v\"" },
	{ "say \"x\"", 7,	"\"say \\\"x\\\"\"",	"\"say \\\"x\\\"\"" },
	{ "\\", 1,		"\"\\\\\"",		"\"\\\\\"" },
	{ "a\nevent=x", 9,	"\"a\\nevent=x\"",	"\"a\\nevent=x\"" },
	{ "\r\t", 2,		"\"\\r\\t\"",		"\"\\r\\t\"" },
	{ "\0\x1b\x7f", 3,	"\"\\x00\\x1b\\x7f\"",	"\"\\u0000\\u001b\\u007f\"" },
	{ "J\xc3\xbcrg", 5,	"\"J\xc3\xbcrg\"",	"\"J\xc3\xbcrg\"" },
	{ "\xe2\x82\xac", 3,	"\"\xe2\x82\xac\"",	"\"\xe2\x82\xac\"" },
	{ "\xf0\x9f\x93\xa7", 4, "\"\xf0\x9f\x93\xa7\"", "\"\xf0\x9f\x93\xa7\"" },
	{ "\xc2\x9b" "31m", 5,	"\"\\u009b31m\"",	"\"\\u009b31m\"" },
	{ "\xe2\x80\xa8", 3,	"\"\\u2028\"",		"\"\\u2028\"" },
	{ "\xff", 1,		"\"\\xff\"",		"\"\\\\xff\"" },
	{ "\xc3", 1,		"\"\\xc3\"",		"\"\\\\xc3\"" },
	{ "\xe2\x82", 2,	"\"\\xe2\\x82\"",	"\"\\\\xe2\\\\x82\"" },
	{ "\xc0\xaf", 2,	"\"\\xc0\\xaf\"",	"\"\\\\xc0\\\\xaf\"" },
	{ "\xed\xa0\x80", 3,	"\"\\xed\\xa0\\x80\"",	"\"\\\\xed\\\\xa0\\\\x80\"" },
	{ "\xf4\x90\x80\x80", 4, "\"\\xf4\\x90\\x80\\x80\"",
	    "\"\\\\xf4\\\\x90\\\\x80\\\\x80\"" },
};

/* A pipe as the log; returns the end to read from. */
static int
log_to_pipe(void)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		abort();
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	log_use(fd[1], "pipe");
	return fd[0];
}

static size_t
take(int fd)
{
	ssize_t n = read(fd, got, sizeof got - 1);

	got[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* What follows the time stamp. */
static const char *
rest(void)
{
	const char *p = strstr(got, "level");

	return p ? p : got;
}

static void
test_values(int fd)
{
	struct log_line l;
	char want[256];
	size_t i;

	for (i = 0; i < sizeof values / sizeof *values; i++) {
		log_set(LOG_LOGFMT, LOG_INFO);
		log_begin(&l, LOG_INFO, "test");
		log_bytes(&l, "k", values[i].in, values[i].len);
		log_end(&l);
		take(fd);
		snprintf(want, sizeof want, "level=info event=test k=%s\n",
		    values[i].logfmt);
		test_str("logfmt", rest(), want);
		log_set(LOG_JSON, LOG_INFO);
		log_begin(&l, LOG_INFO, "test");
		log_bytes(&l, "k", values[i].in, values[i].len);
		log_end(&l);
		take(fd);
		snprintf(want, sizeof want,
		    "level\":\"info\",\"event\":\"test\",\"k\":%s}\n",
		    values[i].json);
		test_str("json", rest(), want);
	}
}

static void
test_kinds(int fd)
{
	struct log_line l;

	log_set(LOG_LOGFMT, LOG_INFO);
	log_begin(&l, LOG_WARN, "kinds");
	log_str(&l, "s", NULL);
	log_int(&l, "i", INT64_MIN);
	log_secs(&l, "t", 0.1239);
	log_secs(&l, "nan", 0.0 / 0.0);
	log_fmt(&l, "f", "%d of %s", 3, "x\n");
	log_str(&l, "bad key=\n", "v");
	log_end(&l);
	take(fd);
	test_str("kinds", rest(), "level=warn event=kinds s=\"\" "
	    "i=-9223372036854775808 t=0.124 nan=0.000 f=\"3 of x\\n\" "
	    "bad_key__=v\n");
	test_ok("time stamp", strncmp(got, "ts=2", 4) == 0 && got[26] == 'Z');
	log_event(LOG_DEBUG, "quiet", "not a line");
	test_int("below the level", (long long)take(fd), 0);
}

/* A line is whole: quotes in pairs, escapes complete, nothing below a space. */
static int
is_whole(const char *p, size_t len)
{
	int quoted = 0;
	size_t i;

	for (i = 0; i + 1 < len; i++) {
		if ((unsigned char)p[i] < ' ')
			return 0;
		if (quoted && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			quoted = !quoted;
	}
	return !quoted && p[len - 1] == '\n';
}

/* Long values of every alignment: cut, yet a whole line, and valid to its
 * last character. */
static void
test_cut(int fd, enum log_format format)
{
	static const char *const unit[] = {
		"x", "\"", "\n", "\xff", "\xe2\x82\xac", "\xf0\x9f\x93\xa7", " ",
	};
	struct log_line l;
	char value[2 * LOG_LINE_MAX];
	size_t i, u, k, len, ulen, good = 0, total = 0;

	log_set(format, LOG_INFO);
	for (u = 0; u < sizeof unit / sizeof *unit; u++) {
		ulen = strlen(unit[u]);
		for (i = 0; i < 16; i++) {
			memset(value, 'a', i);
			for (k = i; k + ulen < sizeof value; k += ulen)
				memcpy(value + k, unit[u], ulen);
			log_begin(&l, LOG_INFO, "cut");
			log_bytes(&l, "value", value, k);
			log_str(&l, "after", "lost");
			log_int(&l, "n", 12345);
			log_end(&l);
			len = take(fd);
			good += len <= LOG_LINE_MAX && len > LOG_LINE_MAX - 20 &&
			    is_whole(got, len) &&
			    (format == LOG_LOGFMT || got[len - 2] == '}');
			total++;
		}
	}
	test_int("cut lines are whole", (long long)good, (long long)total);
}

/* Numbers and keys at the very end of the room. */
static void
test_edge(int fd)
{
	struct log_line l;
	char value[LOG_LINE_MAX];
	size_t n, len, good = 0;

	memset(value, 'a', sizeof value);
	for (n = LOG_LINE_MAX - 150; n < LOG_LINE_MAX; n++) {
		log_begin(&l, LOG_INFO, "edge");
		log_bytes(&l, "value", value, n);
		log_int(&l, "n", 12345);
		log_str(&l, "k", "v w");
		log_end(&l);
		len = take(fd);
		good += len <= LOG_LINE_MAX && is_whole(got, len) &&
		    (!strstr(got, "\"n\":") || strstr(got, "\"n\":12345"));
	}
	test_int("the edge", (long long)good, 150);
}

static void
test_full_pipe(void)
{
	struct log_line l;
	char value[3000];
	int fd = log_to_pipe(), i;
	size_t lines = 0;

	memset(value, 'a', sizeof value);
	drops = 0;
	for (i = 0; i < 1000; i++) {
		log_begin(&l, LOG_INFO, "full");
		log_bytes(&l, "value", value, sizeof value);
		log_end(&l);
	}
	while (take(fd)) {
		const char *p = got;

		while ((p = strchr(p, '\n')))
			lines++, p++;
	}
	test_ok("some were dropped", drops > 0);
	test_int("each is there or counted", (long long)(lines + drops), 1000);
	log_event(LOG_INFO, "again", "room");
	test_ok("goes on", take(fd) > 0);
	close(fd);
	drops = 0;
	log_event(LOG_INFO, "broken", "nobody reads");
	test_int("a broken pipe costs the line", (long long)drops, 1);
}

static int
listen_datagram(struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	unlink(un->sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)un, sizeof *un) < 0)
		abort();
	return fd;
}

/* The same as /dev/log under another name. */
static void
test_syslog(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int server, fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	snprintf(un.sun_path, sizeof un.sun_path, "/tmp/log_test.%d",
	    (int)getpid());
	server = listen_datagram(&un);
	connect(fd, (struct sockaddr *)&un, sizeof un);
	log_use(fd, "syslog");
	log_set(LOG_LOGFMT, LOG_INFO);
	log_event(LOG_WARN, "test", "one");
	take(server);
	test_ok("priority", strncmp(got, "<20>", 4) == 0);
	test_ok("tag", strstr(got, " lunette[") != NULL);
	test_str("line", rest(), "level=warn event=test msg=one");

	close(server);
	drops = 0;
	log_event(LOG_WARN, "test", "two");
	test_int("nobody there", (long long)drops, 0 + 1);
	server = listen_datagram(&un);
	log_event(LOG_WARN, "test", "three");
	take(server);
	test_str("connected again", rest(), "level=warn event=test msg=three");
	drops = 0;
	for (fd = 0; fd < 10000; fd++)
		log_event(LOG_WARN, "test", "four");
	test_ok("a full socket does not block", drops > 0);
	close(server);
	unlink(un.sun_path);
}

static void
test_file(void)
{
	char path[64];
	int fd, in;

	snprintf(path, sizeof path, "/tmp/log_test.%d", (int)getpid());
	fd = log_open(path);
	test_ok("opened", fd >= 0);
	log_use(fd, path);
	test_int("in use", log_fd(), fd);
	log_event(LOG_INFO, "file", "x");
	in = open(path, O_RDONLY);
	take(in);
	test_str("in the file", rest(), "level=info event=file msg=x\n");
	close(in);
	unlink(path);
	test_int("no such directory", log_open("/nonexistent/x"), -1);
	test_int("why", errno, ENOENT);
	fd = log_open("stderr");
	test_ok("stderr is a copy", fd > 2);
	log_use(fd, "stderr");
	in = open("/dev/full", O_WRONLY);
	log_use(in, "/dev/full");
	drops = 0;
	log_event(LOG_INFO, "full", "x");
	test_int("no space", (long long)drops, 1);
}

/* stderr as a pipe that others have, too: they are not to notice. */
static void
test_stderr_pipe(void)
{
	int pair[2], saved = dup(STDERR_FILENO), fd;

	if (saved < 0 || pipe2(pair, O_CLOEXEC) < 0)
		abort();
	dup2(pair[1], STDERR_FILENO);
	fd = log_open("stderr");
	test_ok("opened", fd > STDERR_FILENO);
	test_ok("does not block", fcntl(fd, F_GETFL) & O_NONBLOCK);
	test_ok("others do", !(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK));
	log_use(fd, "stderr");
	log_event(LOG_INFO, "pipe", "x");
	take(pair[0]);
	test_str("in the pipe", rest(), "level=info event=pipe msg=x\n");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	int fd;

	alarm(30);		/* a log that blocks ends the test */
	log_count_drops(&drops);
	fd = log_to_pipe();
	test_values(fd);
	test_kinds(fd);
	test_cut(fd, LOG_LOGFMT);
	test_cut(fd, LOG_JSON);
	test_edge(fd);
	test_int("nothing dropped so far", (long long)drops, 0);
	close(fd);
	test_full_pipe();
	test_syslog();
	test_file();
	test_stderr_pipe();
	return test_done();
}
