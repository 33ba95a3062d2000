/* session: random conversations against a reference automaton.  Whatever was
 * said before, the next reply must be the one that the automaton expects; and
 * at the end every transaction was reset once, every relay freed. */
#include "session_fake.h"

#include "test.h"

enum { RUNS = 1500, STEPS = 30 };

static unsigned seed;

static unsigned
dice(unsigned sides)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % sides;
}

/* What the automaton knows. */
static struct {
	bool greeted, esmtp, open;
	unsigned accepted, kept;
	const char *sender;
	unsigned opened;		/* transactions in all */
} model;

static const struct {
	const char *word;
	int code;
} senders[] = {
	{ "s", 250 }, { "", 250 }, { "no", 550 }, { "wait", 451 },
	{ "fault", 451 }, { "d450", 250 }, { "d550", 250 },
}, recipients[] = {
	{ "r", 250 }, { "q", 250 }, { "x", 550 }, { "no", 550 },
	{ "wait", 451 }, { "fault", 451 }, { "discard", 250 },
	{ "r550", 550 }, { "r450", 450 }, { "r421", 451 },
};

static const struct {
	const char *text;
	int code;		/* 0: as the next hop says */
} messages[] = {
	{ "A: 1\r\n\r\nx\r\n.\r\n", 0 },
	{ ".\r\n", 0 },
	{ "A: 1\r\n\r\n.\r\n", 0 },
	{ "A: 1\r\n\r\nx\ny\r\n.\r\n", 550 },
	{ "Received: 1\r\nReceived: 2\r\nReceived: 3\r\nReceived: 4\r\n.\r\n",
	    554 },
};

/* Reply codes so far, the last lines only, as "250 354 ". */
static void
codes(char *out, size_t size)
{
	const char *p = fake_text(&fake.got);
	size_t n = 0;

	*out = '\0';
	while (*p != '\0' && n + 5 < size) {
		if (p[3] == ' ')
			n += (size_t)snprintf(out + n, size - n, "%.3s ", p);
		p = strchr(p, '\n') + 1;
	}
	buf_empty(&fake.got);
}

static void
end_txn(void)
{
	model.open = false;
	model.accepted = model.kept = 0;
}

static int
on_hello(bool esmtp)
{
	model.greeted = true;
	model.esmtp = esmtp;
	end_txn();
	return 250;
}

static int
on_mail(const char *sender, int code)
{
	if (!model.greeted || model.open)
		return 503;
	if (code == 250) {
		model.open = true;
		model.opened++;
		model.sender = sender;
	}
	return code;
}

static int
on_rcpt(const char *word, int code)
{
	if (!model.open)
		return 503;
	if (model.accepted >= fake.conf.limits.recipients)
		return 452;
	if (*word == 'r' && !fake.conf.check_with_relay)
		code = 250;
	if (code == 250) {
		model.accepted++;
		model.kept += strcmp(word, "discard") != 0;
	}
	return code;
}

static int
on_data(void)
{
	if (!model.open)
		return 503;
	return model.accepted > 0 ? 354 : 554;
}

static int
on_message(int code)
{
	const char *from = model.sender;

	if (code == 0)
		code = model.kept == 0 || from[0] != 'd' ? 250 :
		    from[1] == '4' ? 450 : 550;
	end_txn();
	return code;
}

/* One command into text; returns the code that must come. */
static int
command(char *text, size_t size)
{
	unsigned i;

	switch (dice(10)) {
	case 0:
		snprintf(text, size, "EHLO c.test\r\n");
		return on_hello(true);
	case 1:
		snprintf(text, size, "RSET\r\n");
		end_txn();
		return 250;
	case 2:
		snprintf(text, size, "NOOP\r\n");
		return 250;
	case 3:
		snprintf(text, size, "VRFY x\r\n");
		return 252;
	case 4:
		snprintf(text, size, "RCPT TO:<bad\r\n");
		return model.open ? 501 : 503;
	case 5:
	case 6:
		i = dice(sizeof senders / sizeof senders[0]);
		snprintf(text, size, "MAIL FROM:<%s%s>\r\n", senders[i].word,
		    *senders[i].word ? "@a.test" : "");
		return on_mail(senders[i].word, senders[i].code);
	default:
		i = dice(sizeof recipients / sizeof recipients[0]);
		snprintf(text, size, "RCPT TO:<%s@b.test>\r\n",
		    recipients[i].word);
		if (!model.greeted)
			return 503;
		return on_rcpt(recipients[i].word, recipients[i].code);
	}
}

/* A command of its own, or a group of those that may stand in one. */
static void
say_commands(void)
{
	char group[2000] = "", text[100], want[100] = "", got[100];
	unsigned n = dice(3) == 0 && model.esmtp ? 1 + dice(6) : 1;
	bool last = false;

	while (n-- > 0 && !last) {
		int code = command(text, sizeof text);

		last = text[0] == 'E' || text[0] == 'V';
		strcat(group, text);
		snprintf(want + strlen(want), 8, "%d ", code);
	}
	fake_send(group, strlen(group));
	codes(got, sizeof got);
	test_str(group, got, want);
}

static void
say_data(void)
{
	char want[16], got[100];
	int code = model.greeted ? on_data() : 503;
	unsigned i = dice(sizeof messages / sizeof messages[0]);

	fake_send("DATA\r\n", 6);
	codes(got, sizeof got);
	snprintf(want, sizeof want, "%d ", code);
	test_str("DATA", got, want);
	if (code != 354)
		return;
	fake_send(messages[i].text, strlen(messages[i].text));
	codes(got, sizeof got);
	snprintf(want, sizeof want, "%d ", on_message(messages[i].code));
	test_str(messages[i].text, got, want);
}

static unsigned
events(const char *what)
{
	const char *p = fake_text(&fake.events);
	unsigned n = 0;

	while ((p = strstr(p, what)) != NULL) {
		n++;
		p++;
	}
	return n;
}

static void
run(unsigned number)
{
	int i;

	seed = number;
	memset(&model, 0, sizeof model);
	fake_begin();
	fake.late = number & 1;
	fake.conf.check_with_relay = number & 2;
	fake.conf.limits.commands = fake.conf.limits.messages = 0;
	fake_open();
	fake_run();
	buf_empty(&fake.got);
	for (i = dice(STEPS); i > 0; i--) {
		if (dice(6) == 0)
			say_data();
		else
			say_commands();
	}
	fake_hang_up();
	test_ok("it has ended", fake.s == NULL);
	test_int("each transaction ended once", events("reset "),
	    model.opened);
	test_int("each relay was freed", events("-relay "),
	    events("+relay("));
	test_int("one disconnect", events("disconnect "), 1);
	test_int("nothing wrong", events("WRONG"), 0);
	fake_end();
}

int
main(void)
{
	unsigned i;

	log_set(LOG_LOGFMT, LOG_ERROR);
	for (i = 1; i <= RUNS; i++)
		run(i);
	return test_done();
}
