#ifndef SESSION_SCRIPT_H
#define SESSION_SCRIPT_H

#include "session_fake.h"

#include "test.h"

/*
 * session_script: whole conversations, each input cut at every length, with
 * hooks that answer at once and hooks that take their time.  In what is said,
 * "|" is where the client waits for the replies.
 */
#define BANNER "220 mx.test ESMTP\r\n"
#define EHLO_SAID "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 10000\r\n" \
	"250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n" \
	"250-CHUNKING\r\n250-LIMITS MAILMAX=5 RCPTMAX=4\r\n250 HELP\r\n"
#define EHLO "EHLO c.test\r\n|"
#define START BANNER EHLO_SAID
#define OK "250 2.0.0 ok\r\n"
#define MAIL_OK "250 2.1.0 ok\r\n"
#define RCPT_OK "250 2.1.5 ok\r\n"
#define HOP_OK "250 2.1.5 hop likes it\r\n"
#define GO "354 end data with <CR><LF>.<CR><LF>\r\n"
#define TAKEN "250 2.6.0 Hop took it\r\n"
#define BYE "221 2.0.0 bye\r\n"
#define SYNC "554 5.5.0 synchronisation violation\r\n"
#define REFUSED " 5.7.1 refused by policy\r\n"
#define LATER " 4.7.1 try again later\r\n"
#define ENVELOPE "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n|"
#define GIVEN MAIL_OK RCPT_OK GO
#define CONTENT "A: 1\r\n\r\nhello\r\n.\r\n|"
#define QUIT "QUIT\r\n"

enum {
	WHOLE = 1,		/* cutting would change what it means */
	RELAY = 2,		/* check_recipients = "relay" */
	NO_HOOKS = 4,
	NORMALIZE = 8,
	REPLIES = 16,		/* hooks listen at `reply` */
};

struct script {
	const char *name;
	int flags;
	const char *words, *say, *want;
	const char *events, *delivered;		/* NULL: whatever */
	void (*prepare)(void);			/* NULL, or changes the world */
};

static inline void
set_up(const struct script *t, bool late)
{
	fake_begin();
	fake.words = t->words;
	fake.late = late;
	fake.conf.check_with_relay = t->flags & RELAY;
	fake.conf.normalize = t->flags & NORMALIZE;
	if (t->flags & REPLIES)
		fake.conf.stages |= 1u << STAGE_REPLY;
	if (t->flags & NO_HOOKS) {
		fake.conf.stages = 0;
		fake.env.policy = NULL;
	}
	if (t->prepare != NULL)
		t->prepare();
}

static inline void
run(const struct script *t, size_t step, bool late)
{
	set_up(t, late);
	fake_open();
	fake_say(t->say, step);
	test_str(t->name, fake_text(&fake.got), t->want);
	if (t->events != NULL)
		test_str(t->name, fake_text(&fake.events), t->events);
	test_ok(t->name, strstr(fake_text(&fake.events), "WRONG") == NULL);
	if (t->delivered != NULL)
		test_str(t->name, fake_text(&fake.delivered), t->delivered);
	test_ok("the session has ended", fake.s == NULL && fake.eof);
	test_int("and said so once", fake.ended, 1);
	if (!(t->flags & NO_HOOKS))
		test_int("the policy knows", fake.gone, 1);
	fake_end();
}

static inline void
run_all(const struct script *scripts, size_t count)
{
	size_t i, step;

	log_set(LOG_LOGFMT, getenv("VERBOSE") ? LOG_DEBUG : LOG_ERROR);
	for (i = 0; i < count; i++) {
		size_t most = scripts[i].flags & WHOLE ? 0 :
		    strlen(scripts[i].say);

		run(&scripts[i], 100000, false);
		run(&scripts[i], 100000, true);
		for (step = 1; step <= most; step++)
			run(&scripts[i], step, step & 1);
	}
}

#endif
