/* session: LMTP (RFC 2033), whole conversations. */
#include "session_script.h"

#undef BANNER
#undef START
#define BANNER "220 mx.test LMTP\r\n"
#define START BANNER EHLO_SAID
#define LHLO "LHLO c.test\r\n|"
#define FROM "MAIL FROM:<s@a.test>\r\n"
#define TO(who) "RCPT TO:<" who "@b.test>\r\n"
#define NO "550" REFUSED

static void
lmtp(void)
{
	fake.conf.lmtp = true;
}

static const struct script scripts[] = {
{ "LHLO alone will do", 0, "", "EHLO c.test\r\n|HELO c.test\r\n|" LHLO QUIT,
	BANNER "500 5.5.1 this is LMTP, say LHLO\r\n"
	"500 5.5.1 this is LMTP, say LHLO\r\n" EHLO_SAID BYE,
	"pre_connection connect helo(c.test) disconnect ", NULL, lmtp },
{ "no LHLO for SMTP", 0, "", LHLO EHLO QUIT, "220 mx.test ESMTP\r\n"
	"502 5.5.1 not implemented\r\n" EHLO_SAID BYE, NULL, NULL },
{ "help", 0, "", LHLO "HELP\r\n" QUIT, START
	"214 2.0.0 LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT\r\n" BYE,
	NULL, NULL, lmtp },
{ "one recipient", 0, "", LHLO FROM TO("r") "DATA\r\n|" CONTENT QUIT,
	START GIVEN TAKEN BYE, NULL, "[A: 1\r\n\r\nhello\r\n]", lmtp },
{ "a reply for each", 0, "", LHLO FROM TO("r") TO("no") TO("q") "DATA\r\n|"
	CONTENT QUIT, START MAIL_OK RCPT_OK NO RCPT_OK GO TAKEN TAKEN BYE,
	NULL, "[A: 1\r\n\r\nhello\r\n]", lmtp },
{ "the same recipient twice", 0, "", LHLO FROM TO("r") TO("r") "DATA\r\n|"
	CONTENT QUIT, START MAIL_OK RCPT_OK RCPT_OK GO TAKEN TAKEN BYE, NULL,
	NULL, lmtp },
{ "one that is discarded", 0, "", LHLO "MAIL FROM:<d550@a.test>\r\n"
	TO("r") TO("discard") TO("q") "DATA\r\n|" CONTENT QUIT,
	START MAIL_OK RCPT_OK RCPT_OK RCPT_OK GO "550 5.0.0 hop says no\r\n"
	OK "550 5.0.0 hop says no\r\n" BYE, NULL, "", lmtp },
{ "all discarded", 0, "", LHLO FROM TO("discard") TO("discard") "DATA\r\n|"
	CONTENT QUIT, START MAIL_OK RCPT_OK RCPT_OK GO OK OK BYE, NULL, "",
	lmtp },
{ "discarded at message", 0, "message=discard", LHLO FROM TO("r") TO("q")
	"DATA\r\n|" CONTENT QUIT,
	START MAIL_OK RCPT_OK RCPT_OK GO OK OK BYE, NULL, "", lmtp },
{ "a hook adds one: it is not told", 0, "", LHLO FROM TO("r-also") "DATA\r\n|"
	CONTENT QUIT, START MAIL_OK RCPT_OK GO TAKEN BYE, NULL, NULL, lmtp },
{ "their own words", 0, "", LHLO FROM TO("r") TO("f450.ok") TO("f550.ok")
	TO("q") "DATA\r\n|" CONTENT QUIT,
	START MAIL_OK RCPT_OK RCPT_OK RCPT_OK RCPT_OK GO TAKEN
	"450 4.2.0 hop says later\r\n550 5.0.0 hop says no\r\n" TAKEN BYE,
	NULL, NULL, lmtp },
{ "no recipients", 0, "", LHLO FROM "DATA\r\n|" TO("no") "DATA\r\n|" QUIT,
	START MAIL_OK "503 5.5.1 no valid recipients\r\n" NO
	"503 5.5.1 no valid recipients\r\n" BYE, NULL, "", lmtp },
{ "refused at data", 0, "data=no", LHLO FROM TO("r") TO("q") "DATA\r\n|" QUIT,
	START MAIL_OK RCPT_OK RCPT_OK "554" REFUSED BYE, NULL, "", lmtp },
{ "refused at headers", 0, "headers=no", LHLO FROM TO("r") TO("q")
	"DATA\r\n|" CONTENT QUIT, START MAIL_OK RCPT_OK RCPT_OK GO NO NO BYE,
	NULL, "", lmtp },
{ "refused at message", 0, "message=wait", LHLO FROM TO("r") TO("q")
	"DATA\r\n|" CONTENT QUIT, START MAIL_OK RCPT_OK RCPT_OK GO "451" LATER
	"451" LATER BYE, NULL, "", lmtp },
{ "refused by the core", 0, "", LHLO FROM TO("r") TO("discard") TO("q")
	"DATA\r\n|A: 1\r\n\r\nx\ny\r\n.\r\n|" QUIT,
	START MAIL_OK RCPT_OK RCPT_OK RCPT_OK GO
	"550 5.5.2 bare CR or LF in the message\r\n" OK
	"550 5.5.2 bare CR or LF in the message\r\n" BYE, NULL, "", lmtp },
{ "chunks", 0, "", LHLO FROM TO("r") TO("q") "BDAT 4\r\nA: 1"
	"BDAT 2 LAST\r\n\r\n" QUIT,
	START MAIL_OK RCPT_OK RCPT_OK "250 2.0.0 4 octets\r\n" TAKEN TAKEN
	BYE, NULL, "[A: 1\r\n]", lmtp },
{ "a chunk refused in the middle", 0, "headers=no", LHLO FROM TO("r") TO("q")
	"BDAT 8\r\nA: 1\r\n\r\nRSET\r\n" QUIT,
	START MAIL_OK RCPT_OK RCPT_OK NO OK BYE, NULL, "", lmtp },
{ "the last chunk refused", 0, "headers=no", LHLO FROM TO("r") TO("q")
	"BDAT 8 LAST\r\nA: 1\r\n\r\n" QUIT,
	START MAIL_OK RCPT_OK RCPT_OK NO NO BYE, NULL, "", lmtp },
{ "chunks without recipients", 0, "", LHLO FROM "BDAT 2 LAST\r\nxy" QUIT,
	START MAIL_OK "503 5.5.1 no valid recipients\r\n" BYE, NULL, "", lmtp },
};

/* A reply for each is one error, not many. */
static void
test_errors(void)
{
	fake_begin();
	fake.words = "message=no";
	lmtp();
	fake_open();
	fake_say(LHLO FROM TO("r") TO("q") TO("r") "DATA\r\n|" CONTENT, 1000);
	test_int("errors", fake.s->errors, 1);
	test_int("DATA answered", fake.s->verbs[COMMAND_DATA].ok, 0);
	fake_say(FROM TO("r") TO("q") "DATA\r\n|" CONTENT, 1000);
	test_int("errors", fake.s->errors, 2);
	fake_end();
}

int
main(void)
{
	run_all(scripts, sizeof scripts / sizeof scripts[0]);
	test_errors();
	return test_done();
}
