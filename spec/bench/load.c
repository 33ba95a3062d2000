/*
 * load: a closed-loop SMTP load generator for `make bench`.
 *
 * N clients over one epoll set, each with one message in flight.  After a
 * warm-up it counts for a number of seconds and prints one JSON object:
 * messages, seconds, rate, errors, latency (ms, from the first byte of MAIL to
 * the reply to end-of-data) at 50 % and 99 %, own CPU seconds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum step { BANNER, EHLO, MAIL, RCPT, DATA, DOT, QUIT };

struct client {
	int fd;
	enum step step;
	unsigned in_connection;	/* messages so far */
	bool line_start, last;	/* reply parser: at a code; code was the last line */
	int code, col;
	const char *out;	/* what is unsent */
	size_t out_len;
	double began;
};

static struct {
	int port, clients, per_connection;	/* per_connection 0: no end */
	size_t size;
	double seconds, warmup;
	bool pipelined, no_mail;
} opt = { 2525, 50, 0, 4096, 3, 0.5, false, false };

static struct {
	unsigned long messages, sessions, errors;
	unsigned *bucket;	/* latency, 0.02 ms each */
	bool on;
} stat;

enum { BUCKETS = 500000 };
static const double bucket_ms = 0.02;

static int ep;
static char *message;		/* content and end-of-data */
static size_t message_len;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
make_message(void)
{
	static const char head[] = "From: Load <load@sender.test>\r\n"
	    "To: Sink <sink@example.net>\r\nSubject: load\r\n\r\n";
	size_t n = sizeof head - 1;

	message = malloc(opt.size + 256);
	if (message == NULL)
		abort();
	memcpy(message, head, n);
	while (n + 2 < opt.size) {
		size_t line = opt.size - n - 2 < 70 ? opt.size - n - 2 : 70;

		memset(message + n, 'x', line);
		memcpy(message + n + line, "\r\n", 2);
		n += line + 2;
	}
	memcpy(message + n, ".\r\n", 3);
	message_len = n + 3;
}

static void
watch(struct client *c, int op, bool out)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

	if (out)
		e.events |= EPOLLOUT;
	epoll_ctl(ep, op, c->fd, &e);
}

static void
push(struct client *c)
{
	while (c->out_len > 0) {
		ssize_t n = write(c->fd, c->out, c->out_len);

		if (n < 0) {
			if (errno == EAGAIN)
				watch(c, EPOLL_CTL_MOD, true);
			return;		/* a lost peer shows when we read */
		}
		c->out += n;
		c->out_len -= (size_t)n;
	}
}

static void
say(struct client *c, const char *p, size_t n)
{
	c->out = p;
	c->out_len = n;
	push(c);
}

static void
dial(struct client *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)opt.port) };
	int one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(c, 0, sizeof *c);
	c->line_start = true;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0) {
		perror("load: connect");
		exit(1);
	}
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	watch(c, EPOLL_CTL_ADD, false);
}

static void
hang_up(struct client *c, bool error)
{
	if (error && stat.on)
		stat.errors++;
	else if (stat.on)
		stat.sessions++;
	close(c->fd);
	dial(c);
}

static void
say_mail(struct client *c)
{
	static const char mail[] = "MAIL FROM:<load@sender.test>\r\n";
	static const char all[] = "MAIL FROM:<load@sender.test>\r\n"
	    "RCPT TO:<sink@example.net>\r\nDATA\r\n";

	c->step = MAIL;
	c->began = now();
	if (opt.pipelined)
		say(c, all, sizeof all - 1);
	else
		say(c, mail, sizeof mail - 1);
}

static void
delivered(struct client *c)
{
	size_t b = (size_t)((now() - c->began) * 1000 / bucket_ms);

	if (stat.on) {
		stat.messages++;
		stat.bucket[b < BUCKETS ? b : BUCKETS - 1]++;
	}
	c->in_connection++;
	if (opt.per_connection && c->in_connection >= (unsigned)opt.per_connection) {
		c->step = QUIT;
		say(c, "QUIT\r\n", 6);
	} else
		say_mail(c);
}

/* A whole reply has come.  False: the connection is another now. */
static bool
on_reply(struct client *c)
{
	int want = c->step == DATA ? 3 : 2;

	if (c->code / 100 != want) {
		hang_up(c, true);
		return false;
	}
	switch (c->step) {
	case BANNER:
		c->step = EHLO;
		say(c, "EHLO load.sender.test\r\n", 23);
		break;
	case EHLO:
		if (opt.no_mail) {
			c->step = QUIT;
			say(c, "QUIT\r\n", 6);
		} else
			say_mail(c);
		break;
	case MAIL:
		c->step = RCPT;
		if (!opt.pipelined)
			say(c, "RCPT TO:<sink@example.net>\r\n", 28);
		break;
	case RCPT:
		c->step = DATA;
		if (!opt.pipelined)
			say(c, "DATA\r\n", 6);
		break;
	case DATA:
		c->step = DOT;
		say(c, message, message_len);
		break;
	case DOT:
		delivered(c);
		break;
	case QUIT:
		hang_up(c, false);
		return false;
	}
	return true;
}

static void
on_readable(struct client *c)
{
	char buf[4096];
	ssize_t n = read(c->fd, buf, sizeof buf);

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			hang_up(c, true);
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\n') {
			bool whole = c->last;

			c->col = 0;
			if (whole && !on_reply(c))
				return;
			continue;
		}
		if (c->col == 0)
			c->code = 0;
		if (c->col < 3)
			c->code = c->code * 10 + buf[i] - '0';
		else if (c->col == 3)
			c->last = buf[i] != '-';
		c->col++;
	}
}

static double
quantile(double q)
{
	unsigned long want = (unsigned long)((double)stat.messages * q), seen = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		if ((seen += stat.bucket[i]) > want)
			return (double)i * bucket_ms;
	return 0;
}

static double
cpu(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	    (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void
run_until(double end)
{
	struct epoll_event ev[256];

	while (now() < end) {
		int n = epoll_wait(ep, ev, 256, 100);

		for (int i = 0; i < n; i++) {
			struct client *c = ev[i].data.ptr;

			if (ev[i].events & EPOLLOUT) {
				watch(c, EPOLL_CTL_MOD, false);
				push(c);
			}
			if (ev[i].events & ~(unsigned)EPOLLOUT)
				on_readable(c);
		}
	}
}

int
main(int argc, char **argv)
{
	struct client *client;
	double began, spent;
	int c;

	while ((c = getopt(argc, argv, "p:c:m:s:t:w:PQ")) != -1) {
		switch (c) {
		case 'p': opt.port = atoi(optarg); break;
		case 'c': opt.clients = atoi(optarg); break;
		case 'm': opt.per_connection = atoi(optarg); break;
		case 's': opt.size = strtoul(optarg, NULL, 10); break;
		case 't': opt.seconds = atof(optarg); break;
		case 'w': opt.warmup = atof(optarg); break;
		case 'P': opt.pipelined = true; break;
		case 'Q': opt.no_mail = true; break;
		default:
			fprintf(stderr, "usage: load [-p port] [-c clients] "
			    "[-m messages per connection] [-s size] "
			    "[-t seconds] [-w warm-up] [-P] [-Q]\n");
			return 64;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	make_message();
	ep = epoll_create1(EPOLL_CLOEXEC);
	stat.bucket = calloc(BUCKETS, sizeof *stat.bucket);
	client = calloc((size_t)opt.clients, sizeof *client);
	if (stat.bucket == NULL || client == NULL)
		abort();
	for (int i = 0; i < opt.clients; i++)
		dial(&client[i]);
	run_until(now() + opt.warmup);
	stat.on = true;
	began = now();
	spent = cpu();
	run_until(began + opt.seconds);
	printf("{\"messages\":%lu,\"sessions\":%lu,\"errors\":%lu,"
	    "\"seconds\":%.3f,\"rate\":%.1f,\"p50\":%.2f,\"p99\":%.2f,"
	    "\"cpu\":%.3f}\n", stat.messages, stat.sessions, stat.errors,
	    now() - began, (double)(opt.no_mail ? stat.sessions :
	    stat.messages) / (now() - began), quantile(0.5), quantile(0.99),
	    cpu() - spent);
	return 0;
}
