#ifndef POLICY_TALK_H
#define POLICY_TALK_H

#include "policy_fake.h"

#include "test.h"

/* The last reply so far that begins a line. */
static inline const char *
last_reply(void)
{
	static char out[200];
	const char *text = fake_text(&fake.got), *at, *line = "";

	for (at = text; *at; at = strchr(at, '\n') + 1) {
		if (at == text || at[3] == ' ' || at[3] == '-')
			line = at;
		if (!strchr(at, '\n'))
			break;
	}
	snprintf(out, sizeof out, "%.*s", (int)strcspn(line, "\r\n"), line);
	return out;
}

static inline void
say(const char *script)
{
	buf_empty(&fake.got);
	fake_say(script, 100000);
}

/*
 * One hook h whose stages are in the text; a conversation; what the last
 * reply begins with, and how many hook errors were counted.
 */
struct talk {
	const char *name, *hook, *say, *want;
	unsigned errors;
};

#define EHLO "EHLO c.test\r\n|"
#define MAIL EHLO "MAIL FROM:<s@x.test> SIZE=100\r\n|"
#define RCPT MAIL "RCPT TO:<r@y.test>\r\n|"
#define DATA RCPT "DATA\r\n|"
#define ALL DATA "Subject: one\r\n two\r\nX-A: 1\r\nX-a: 2\r\n\r\nbody\r\n" \
    "..dot\r\n.\r\n|"

/* What is ready is resumed before the loop blocks, and may leave nothing to
 * wake it. */
static inline void
on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
}

static inline void
run_until_idle(void)
{
	ev_timer tick;

	ev_timer_init(&tick, on_tick, 0.002, 0.002);
	ev_timer_start(fake.loop, &tick);
	while (policy_waiting(pf.p)) {
		ev_run(fake.loop, EVRUN_ONCE);
		fake_run();
	}
	ev_timer_stop(fake.loop, &tick);
}

static inline void
run_talk(const struct talk *t)
{
	char text[6000];

	policy_fake_begin();
	snprintf(text, sizeof text, "local verdict, clock, async = require "
	    "'lunette.verdict', require 'lunette.clock', require "
	    "'lunette.async'\nlocal h = { settings = { a = 1 } }\n%s\n%s"
	    "return h\n", t->hook, strstr(t->hook, "h.rcpt(") ? "" :
	    "function h.rcpt() return verdict.accept() end\n");
	policy_fake_hook("h", text);
	if (!policy_fake_load("'h'", false)) {
		test_str(t->name, pf.error, "");
		policy_fake_end();
		return;
	}
	fake_open();
	fake_run();
	fake_say(t->say, 100000);
	run_until_idle();
	test_str(t->name, strncmp(last_reply(), t->want,
	    strlen(t->want)) == 0 ? t->want : last_reply(), t->want);
	test_int(t->name, (long long)fake.stats.hook_errors, t->errors);
	test_str(t->name, pf.running, "");
	policy_fake_end();
}

#endif
