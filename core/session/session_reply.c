#include <string.h>

#include "conn.h"
#include "log.h"

#include "session_io.h"

#include "session.h"

static const char *
verb_name(const struct session *s)
{
	if (s->state == SESSION_GREETING)
		return "";
	return command_verb_name(s->io->verb);
}

void
session_say(struct session *s, const char *line)
{
	if (line[0] == '2')
		s->verbs[s->io->verb].ok++;
	conn_puts(s->conn, line);
}

/* Let the hooks change a refusal, but not what it is. */
static void
polish(struct session *s, struct reply *r)
{
	int code = r->code;

	s->env->policy->reply(s, verb_name(s), r);
	if (reply_class(r->code) != reply_class(code))
		r->code = code;
}

void
session_reply(struct session *s, const struct reply *r)
{
	struct reply changed;

	switch (reply_class(r->code)) {
	case 2:
		if (s->state != SESSION_GREETING)
			s->verbs[s->io->verb].ok++;
		break;
	case 5:
		s->errors++;
		session_count(&s->env->stats->errors, 1);
		break;
	}
	if (r->code >= 400 && session_listens(s, STAGE_REPLY)) {
		changed = *r;
		polish(s, &changed);
		r = &changed;
	}
	reply_write(r, conn_output(s->conn));
}

void
session_error(struct session *s, int code, const char *enhanced,
    const char *text)
{
	struct reply r;

	reply_set(&r, code, enhanced, "%s", text);
	session_reply(s, &r);
}

void
session_bye(struct session *s, enum session_reason reason, int code,
    const char *enhanced, const char *text)
{
	struct reply r;

	reply_set(&r, code, enhanced, "%s", text);
	session_end(s, reason, &r);
}

void
session_log_txn(struct session *s, struct log_line *line)
{
	if (s->txn.id[0] == '\0')
		return;
	log_str(line, "txn", s->txn.id);
	log_str(line, "from", s->txn.sender.path.text);
	if (s->io->rcpt != NULL)
		log_str(line, "rcpt", s->io->rcpt->path.text);
}

static void
note(struct session *s, const char *limit, int code, const char *enhanced,
    const char *text)
{
	struct log_line line;

	session_log(s, &line, LOG_INFO, "verdict");
	if (line.off)
		return;
	log_str(&line, "verb", verb_name(s));
	if (code != 0) {
		log_str(&line, "verdict", code >= 500 ? "reject" : "defer");
		log_fmt(&line, "code", "%d", code);
		log_str(&line, "enhanced", enhanced);
	}
	log_str(&line, "text", text);
	if (limit != NULL)
		log_str(&line, "limit", limit);
	session_log_txn(s, &line);
	log_end(&line);
}

void
session_note(struct session *s, int code, const char *enhanced,
    const char *text)
{
	note(s, NULL, code, enhanced, text);
}

bool
session_admits(struct session *s, enum session_rate rate)
{
	return s->env->rate_admit == NULL || s->env->rate_admit(s, rate);
}

bool
session_over_rate(struct session *s, enum session_rate rate)
{
	static const struct refusal {
		const char *limit;
		int code;
		const char *enhanced, *text;
	} refusals[] = {
		[SESSION_RATE_MESSAGES] = { "message_rate", 451, "4.7.1",
		    "too much mail, try again later" },
		[SESSION_RATE_RECIPIENTS] = { "recipient_rate", 452, "4.7.1",
		    "too many recipients, try again later" },
		[SESSION_RATE_LOGINS] = { "auth_rate", 454, "4.7.0",
		    "too many logins, try again later" },
	};
	const struct refusal *r = &refusals[rate];

	if (session_admits(s, rate))
		return false;
	note(s, r->limit, r->code, r->enhanced, r->text);
	session_error(s, r->code, r->enhanced, r->text);
	return true;
}
