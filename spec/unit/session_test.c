/* session: whole conversations. */
#include "session_script.h"

static const struct script scripts[] = {
{ "the main job", 0, "", EHLO ENVELOPE CONTENT QUIT,
	START GIVEN TAKEN BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"data headers message +relay(hop) deliver(1) -relay relayed(250) "
	"reset disconnect ",
	"[A: 1\r\n\r\nhello\r\n]" },
{ "one group, with QUIT behind", 0, "",
	EHLO ENVELOPE "A: 1\r\n\r\nx\r\n.\r\n" QUIT, START GIVEN TAKEN BYE,
	NULL, "[A: 1\r\n\r\nx\r\n]" },
{ "two messages", 0, "", EHLO ENVELOPE CONTENT ENVELOPE CONTENT QUIT,
	START GIVEN TAKEN GIVEN TAKEN BYE, NULL,
	"[A: 1\r\n\r\nhello\r\n][A: 1\r\n\r\nhello\r\n]" },
{ "recipients put to the next hop", RELAY, "",
	EHLO "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n"
	"RCPT TO:<r550@b.test>\r\nRCPT TO:<r450@b.test>\r\n"
	"RCPT TO:<r421@b.test>\r\nDATA\r\n|" CONTENT QUIT,
	START MAIL_OK HOP_OK "550 5.0.0 hop says no\r\n"
	"450 4.2.0 hop says later\r\n451 4.0.0 hop closes\r\n" GO TAKEN BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"+relay(hop) ask(r@b.test) rcpt(r550@b.test) ask(r550@b.test) "
	"rcpt(r450@b.test) ask(r450@b.test) rcpt(r421@b.test) "
	"ask(r421@b.test) data headers message deliver(1) -relay "
	"relayed(250) reset disconnect ", NULL },
{ "a store is not asked", RELAY, "",
	EHLO "MAIL FROM:<s@a.test>\r\nRCPT TO:<r-hub@b.test>\r\n" QUIT,
	START MAIL_OK HOP_OK BYE, NULL, NULL },
{ "nobody speaks for the recipient", 0, "",
	EHLO "MAIL FROM:<s@a.test>\r\nRCPT TO:<x@b.test>\r\n" QUIT,
	START MAIL_OK "550 5.7.1 relaying denied\r\n" BYE, NULL, NULL },
{ "no hooks, no relaying", NO_HOOKS, "",
	EHLO "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n|DATA\r\n|" QUIT,
	START MAIL_OK "550 5.7.1 relaying denied\r\n"
	"554 5.5.1 no valid recipients\r\n" BYE, "", NULL },
{ "the next hop refuses at the end", 0, "",
	EHLO "MAIL FROM:<d550@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n|"
	CONTENT "RCPT TO:<r@b.test>\r\nDATA\r\n|" QUIT,
	START GIVEN "550 5.0.0 hop says no\r\n503 5.5.1 say MAIL first\r\n"
	"503 5.5.1 say MAIL first\r\n" BYE, NULL, "" },
{ "the next hop wants it later", 0, "",
	EHLO "MAIL FROM:<d421@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n|"
	CONTENT QUIT,
	START GIVEN "451 4.0.0 hop closes\r\n" BYE, NULL, "" },

/* Verdicts at each stage. */
{ "refused before all", 0, "pre_connection=no", "EHLO c.test\r\n",
	"554" REFUSED, "pre_connection disconnect ", NULL },
{ "refused at connect", 0, "connect=wait", "", "421" LATER,
	"pre_connection connect disconnect ", NULL },
{ "failed at connect", 0, "connect=fault", "",
	"421 4.3.0 temporary failure of policy, try again later\r\n", NULL,
	NULL },
{ "dropped at connect", 0, "connect=drop", "", "",
	"pre_connection connect disconnect ", NULL },
{ "refused with words of its own", 0, "connect=no.text", "",
	"554 5.9.9 so says the hook\r\n", NULL, NULL },
{ "refused at helo", 0, "", "EHLO no-one.test\r\n|MAIL FROM:<s@a.test>\r\n|"
	EHLO QUIT, BANNER "550" REFUSED
	"503 5.5.1 say HELO or EHLO first\r\n" EHLO_SAID BYE, NULL, NULL },
{ "helo put off", 0, "", "HELO wait\r\n|" QUIT, BANNER "450" LATER BYE,
	NULL, NULL },
{ "a second helo refused changes nothing", 0, "",
	EHLO "MAIL FROM:<s@a.test>\r\n|HELO no-one.test\r\n|"
	"RCPT TO:<r@b.test>\r\nDATA\r\n|" CONTENT QUIT,
	START MAIL_OK "550" REFUSED RCPT_OK GO TAKEN BYE, NULL, NULL },
{ "refused at mail", 0, "", EHLO "MAIL FROM:<no@a.test>\r\n"
	"RCPT TO:<r@b.test>\r\nMAIL FROM:<wait@a.test>\r\n"
	"MAIL FROM:<fault@a.test>\r\nMAIL FROM:<s@a.test>\r\n" QUIT,
	START "550" REFUSED "503 5.5.1 say MAIL first\r\n451" LATER
	"451 4.3.0 temporary failure of policy, try again later\r\n"
	MAIL_OK BYE, NULL, NULL },
{ "refused at rcpt", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<no@b.test>\r\nRCPT TO:<wait@b.test>\r\n"
	"RCPT TO:<fault@b.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n|" CONTENT
	QUIT, START MAIL_OK "550" REFUSED "451" LATER
	"451 4.3.0 temporary failure of policy, try again later\r\n"
	RCPT_OK GO TAKEN BYE, NULL, NULL },
{ "a reject that hangs up", 0, "", EHLO "MAIL FROM:<no.hangup@a.test>\r\n"
	"NOOP\r\n", START "550" REFUSED, NULL, NULL },
{ "a defer that hangs up", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<wait.hangup@a.test>\r\nNOOP\r\n", START MAIL_OK "421" LATER,
	NULL, NULL },
{ "dropped at rcpt", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<drop@a.test>\r\nNOOP\r\n", START MAIL_OK, NULL, NULL },
{ "refused at data", 0, "data=no", EHLO
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n|DATA\r\n|"
	QUIT, START MAIL_OK RCPT_OK "554" REFUSED "503 5.5.1 say MAIL first\r\n"
	BYE, NULL, NULL },
{ "refused at headers", 0, "headers=no.text", EHLO ENVELOPE CONTENT QUIT,
	START GIVEN "550 5.9.9 so says the hook\r\n" BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"data headers reset disconnect ", "" },
{ "refused at headers, hanging up", 0, "headers=no.hangup",
	EHLO ENVELOPE CONTENT QUIT, START GIVEN "550" REFUSED, NULL, "" },
{ "refused at message", 0, "message=no", EHLO ENVELOPE CONTENT QUIT,
	START GIVEN "550" REFUSED BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"data headers message reset disconnect ", "" },
{ "failed at message", 0, "message=fault", EHLO ENVELOPE CONTENT QUIT,
	START GIVEN
	"451 4.3.0 temporary failure of policy, try again later\r\n" BYE,
	NULL, "" },
{ "discarded at message", 0, "message=discard", EHLO ENVELOPE CONTENT QUIT,
	START GIVEN OK BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"data headers message reset disconnect ", "" },
{ "quarantined", RELAY, "message=quarantine", EHLO ENVELOPE CONTENT QUIT,
	START MAIL_OK HOP_OK GO TAKEN BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"+relay(hop) ask(r@b.test) data headers message -relay "
	"+relay(elsewhere) deliver(1 edited) -relay relayed(250) reset "
	"disconnect ", NULL },
{ "all recipients discarded", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<discard@b.test>\r\nDATA\r\n|" CONTENT QUIT,
	START MAIL_OK RCPT_OK GO OK BYE, NULL, "" },
{ "one recipient discarded", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<discard@b.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n|" CONTENT
	QUIT, START MAIL_OK RCPT_OK RCPT_OK GO TAKEN BYE, NULL, NULL },
{ "a delay", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n" QUIT,
	START MAIL_OK BYE, NULL, NULL },
{ "the same recipient twice", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<r@b.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n|" CONTENT QUIT,
	START MAIL_OK RCPT_OK RCPT_OK GO TAKEN BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"rcpt(r@b.test) data headers message +relay(hop) deliver(2) -relay "
	"relayed(250) reset disconnect ", NULL },
{ "another relay", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<r@b.test>\r\nRCPT TO:<r-hub@b.test>\r\nRSET\r\n"
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r-hub@b.test>\r\n"
	"RCPT TO:<r@b.test>\r\nDATA\r\n|" CONTENT QUIT,
	START MAIL_OK RCPT_OK
	"452 4.5.3 send this recipient in another transaction\r\n" OK MAIL_OK
	RCPT_OK "452 4.5.3 send this recipient in another transaction\r\n"
	GO TAKEN BYE, NULL, NULL },
{ "another relay after RCPT", 0, "message=x.part", EHLO
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n"
	"RCPT TO:<q@b.test>\r\nDATA\r\n|" CONTENT QUIT,
	START MAIL_OK RCPT_OK RCPT_OK GO
	"451 4.3.0 no single way for this message\r\n" BYE, NULL, "" },
{ "a hook adds a recipient, another relay", 0, "", EHLO
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r-hub-also@b.test>\r\n"
	"DATA\r\n|" CONTENT QUIT, START MAIL_OK RCPT_OK GO TAKEN BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) "
	"rcpt(r-hub-also@b.test) data headers message +relay(hub) "
	"deliver(2 edited) -relay relayed(250) reset disconnect ", NULL },
{ "another group", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<r-red@b.test>\r\nRCPT TO:<r@b.test>\r\n"
	"RCPT TO:<q-red@b.test>\r\n" QUIT, START MAIL_OK RCPT_OK
	"452 4.5.3 send this recipient in another transaction\r\n" RCPT_OK BYE,
	NULL, NULL },
{ "the first one discarded sets no group", 0, "",
	EHLO "MAIL FROM:<s@a.test>\r\nRCPT TO:<discard-red@b.test>\r\n"
	"RCPT TO:<r@b.test>\r\n" QUIT, START MAIL_OK RCPT_OK RCPT_OK BYE,
	NULL, NULL },
{ "a hook adds a recipient", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<r-also@b.test>\r\nRCPT TO:<no-also@b.test>\r\nDATA\r\n|"
	CONTENT QUIT, START MAIL_OK RCPT_OK "550" REFUSED GO TAKEN BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) "
	"rcpt(r-also@b.test) rcpt(no-also@b.test) data headers message "
	"+relay(hop) deliver(2 edited) -relay relayed(250) reset disconnect ",
	NULL },

/* Held until RCPT. */
{ "held at connect", 0, "connect=no.later.text", EHLO
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nRCPT TO:<q@b.test>\r\n"
	"RSET\r\nMAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n" QUIT,
	START MAIL_OK "550 5.9.9 so says the hook\r\n"
	"550 5.9.9 so says the hook\r\n" OK MAIL_OK
	"550 5.9.9 so says the hook\r\n" BYE, NULL, NULL },
{ "a reject that is held takes the place of a defer", 0,
	"connect=wait.later", EHLO "MAIL FROM:<no.later@a.test>\r\n"
	"RCPT TO:<r@b.test>\r\nRSET\r\nMAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<r@b.test>\r\n" QUIT,
	START MAIL_OK "550" REFUSED OK MAIL_OK "451" LATER BYE, NULL, NULL },
{ "held at helo, forgotten with it", 0, "", "EHLO wait.later\r\n|"
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n|" EHLO
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n" QUIT,
	START MAIL_OK "451" LATER EHLO_SAID MAIL_OK RCPT_OK BYE, NULL, NULL },
{ "held at helo, and not lost by a refused one", 0, "",
	"EHLO wait.later\r\n|EHLO no-one.test\r\n|"
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n" QUIT,
	START "550" REFUSED MAIL_OK "451" LATER BYE, NULL, NULL },
{ "held at mail, forgotten with it", 0, "", EHLO
	"MAIL FROM:<no.later@a.test>\r\nRCPT TO:<r@b.test>\r\nRSET\r\n"
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n" QUIT,
	START MAIL_OK "550" REFUSED OK MAIL_OK RCPT_OK BYE, NULL, NULL },
{ "held and nothing besides", 0, "connect=none.beside", EHLO
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n" QUIT,
	START MAIL_OK "550 5.7.1 besides\r\n" BYE, NULL, NULL },
{ "the reject that is held besides a defer", 0, "", EHLO
	"MAIL FROM:<wait.beside@a.test>\r\nRCPT TO:<r@b.test>\r\n"
	"MAIL FROM:<wait.later.beside@a.test>\r\nRCPT TO:<r@b.test>\r\n"
	QUIT, START "451" LATER "503 5.5.1 say MAIL first\r\n" MAIL_OK
	"550 5.7.1 besides\r\n" BYE, NULL, NULL },

/* Commands. */
{ "verbs in any case", 0, "", "ehlo c.test\r\n|nOOp\r\nrset\r\nhelp\r\n"
	"noop  with words \r\n" QUIT, START OK OK
	"214 2.0.0 HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT\r\n"
	OK
	BYE, NULL, NULL },
{ "not implemented", 0, "", EHLO "EXPN x\r\n|ETRN x\r\n|"
	"AUTH PLAIN\r\n|STARTTLS\r\n|XCLIENT A=b\r\n|XFORWARD A=b\r\n|"
	"LHLO x\r\n|" QUIT,
	START "502 5.5.1 not implemented\r\n502 5.5.1 not implemented\r\n"
	"503 5.5.1 AUTH is not offered\r\n"
	"502 5.5.1 not implemented\r\n550 5.7.0 not from this client\r\n"
	"550 5.7.0 not from this client\r\n"
	"502 5.5.1 not implemented\r\n" BYE, NULL, NULL },
{ "unknown verbs", 0, "", EHLO "FOO\r\nFOO no\r\nFOO reply\r\n" QUIT,
	START "500 5.5.2 unknown command\r\n550" REFUSED
	"250-2.0.0 done\r\n250 2.0.0 well\r\n" BYE, NULL, NULL },
{ "vrfy", 0, "", EHLO "VRFY x\r\n|VRFY ok@b.test\r\n|VRFY ok\r\n|"
	"VRFY no\r\n|VRFY\r\n|MAIL FROM:<s@a.test>\r\nVRFY x\r\n|"
	"RCPT TO:<r@b.test>\r\n" QUIT,
	START "252 2.5.0 send mail, and see\r\n250 2.1.5 <ok@b.test>\r\n"
	"250 2.1.5 ok\r\n550" REFUSED "501 5.5.4 an argument is needed\r\n"
	MAIL_OK "252 2.5.0 send mail, and see\r\n" RCPT_OK BYE, NULL, NULL },
{ "a hook changes refusals", REPLIES, "", EHLO "VRFY no\r\n|VRFY\r\n|FOO\r\n"
	QUIT, START "553 5.7.1 changed\r\n501 5.5.4 changed\r\n"
	"500 5.5.2 unknown command\r\n" BYE, NULL, NULL },
{ "HELO", 0, "", "HELO [192.0.2.3]\r\n|MAIL FROM:<s@a.test>\r\n|"
	"RCPT TO:<r@b.test>\r\n|DATA\r\n|" CONTENT QUIT,
	BANNER "250 mx.test\r\n" GIVEN TAKEN BYE, NULL, NULL },
{ "bad HELO", 0, "", "HELO\r\n|EHLO\r\n|HELO a b\r\n|HELO a;b\r\n|"
	"EHLO [IPv6:::1]\r\n|" QUIT, BANNER
	"501 5.5.4 a domain or address literal is needed\r\n"
	"501 5.5.4 a domain or address literal is needed\r\n"
	"501 5.5.4 a domain or address literal is needed\r\n"
	"501 5.5.4 a domain or address literal is needed\r\n" EHLO_SAID BYE,
	NULL, NULL },
{ "out of order", 0, "", "MAIL FROM:<s@a.test>\r\n|RCPT TO:<r@b.test>\r\n|"
	"DATA\r\n|NOOP\r\n|" EHLO "RCPT TO:<r@b.test>\r\nDATA\r\n|"
	"MAIL FROM:<s@a.test>\r\nMAIL FROM:<t@a.test>\r\n"
	"RCPT TO:<r@b.test>\r\n" QUIT,
	BANNER "503 5.5.1 say HELO or EHLO first\r\n"
	"503 5.5.1 say HELO or EHLO first\r\n"
	"503 5.5.1 say HELO or EHLO first\r\n" OK EHLO_SAID
	"503 5.5.1 say MAIL first\r\n503 5.5.1 say MAIL first\r\n" MAIL_OK
	"503 5.5.1 one sender is enough\r\n" RCPT_OK BYE, NULL, NULL },
{ "EHLO ends a transaction", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n|" EHLO
	"RCPT TO:<r@b.test>\r\n" QUIT, START MAIL_OK EHLO_SAID
	"503 5.5.1 say MAIL first\r\n" BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) helo(c.test) "
	"reset disconnect ", NULL },
{ "QUIT ends a transaction", RELAY, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<r@b.test>\r\n" QUIT, START MAIL_OK HOP_OK BYE,
	"pre_connection connect helo(c.test) mail(s@a.test) rcpt(r@b.test) "
	"+relay(hop) ask(r@b.test) -relay reset disconnect ", NULL },
{ "arguments where none may be", 0, "", EHLO "RSET x\r\nQUIT x\r\n"
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA x\r\n|" QUIT,
	START "501 5.5.4 no argument is allowed\r\n"
	"501 5.5.4 no argument is allowed\r\n" MAIL_OK RCPT_OK
	"501 5.5.4 no argument is allowed\r\n" BYE, NULL, NULL },
{ "addresses", 0, "", EHLO "MAIL FROM:s@a.test\r\nMAIL FROM <s@a.test>\r\n"
	"MAIL FROM:<s@a..test>\r\nMAIL FROM:<\xc3\xa4@a.test>\r\nMAIL\r\n"
	"MAIL FROM: <> \r\nRCPT TO:<>\r\nRCPT TO:<b>\r\n"
	"RCPT TO:<postmaster>\r\nRCPT TO:<@a,@b:\"r r\"@b.test>\r\n" QUIT,
	START "501 5.1.7 bad address syntax\r\n"
	"501 5.5.4 FROM:<address> is needed\r\n"
	"501 5.1.7 bad address syntax\r\n"
	"553 5.6.7 addresses beyond ASCII are not supported\r\n"
	"501 5.5.4 FROM:<address> is needed\r\n" MAIL_OK
	"501 5.1.3 bad address syntax\r\n501 5.1.3 bad address syntax\r\n"
	RCPT_OK RCPT_OK BYE,
	"pre_connection connect helo(c.test) mail() rcpt(postmaster) "
	"rcpt(\"r r\"@b.test) reset disconnect ", NULL },
{ "parameters", 0, "", EHLO "MAIL FROM:<s@a.test> SIZE=x\r\n"
	"MAIL FROM:<s@a.test> SIZE\r\n"
	"MAIL FROM:<s@a.test> SIZE=123456789012345678901\r\n"
	"MAIL FROM:<s@a.test> SIZE=10001\r\n"
	"MAIL FROM:<s@a.test> BODY=BINARYMIME\r\n"
	"MAIL FROM:<s@a.test> FOO=1\r\n"
	"MAIL FROM:<s@a.test> size=1 SIZE=2\r\n"
	"MAIL FROM:<s@a.test> =\r\n"
	"MAIL FROM:<s@a.test> SIZE=10000 BODY=8BITMIME\r\n"
	"RCPT TO:<r@b.test> NOTIFY=NEVER\r\n" QUIT,
	START "501 5.5.4 bad SIZE\r\n501 5.5.4 bad SIZE\r\n"
	"501 5.5.4 bad SIZE\r\n552 5.3.4 message too big\r\n"
	"501 5.5.4 bad BODY\r\n555 5.5.4 parameter not supported\r\n"
	"501 5.5.4 bad parameters\r\n501 5.5.4 bad parameters\r\n" MAIL_OK
	"555 5.5.4 parameter not supported\r\n" BYE, NULL, NULL },
{ "bad lines", 0, "", EHLO " NOOP\r\n\r\nNO\tOP\r\nNOOP\nNOOP\r\nNO\rOP\r\n"
	"NOOP\r\n" QUIT, START "500 5.5.2 syntax error\r\n"
	"500 5.5.2 syntax error\r\n500 5.5.2 syntax error\r\n"
	"500 5.5.2 bare CR or LF in a command\r\n"
	"500 5.5.2 bare CR or LF in a command\r\n" OK BYE, NULL, NULL },
{ "HTTP", 0, "", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", BANNER, NULL, NULL },
{ "TLS", 0, "", "\x16\x03\x01\x02\x01", BANNER, NULL, NULL },

/* Limits. */
{ "too many recipients", 0, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<r@b.test>\r\nRCPT TO:<r@b.test>\r\nRCPT TO:<r@b.test>\r\n"
	"RCPT TO:<r@b.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n|" CONTENT QUIT,
	START MAIL_OK RCPT_OK RCPT_OK RCPT_OK RCPT_OK
	"452 4.5.3 too many recipients\r\n" GO TAKEN BYE, NULL, NULL },
{ "too many commands", 0, "", EHLO "NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"
	"NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"
	"NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n",
	START OK OK OK OK OK OK OK OK OK OK OK OK OK OK OK OK OK OK OK
	"421 4.7.0 too many commands\r\n", NULL, NULL },
{ "a message makes room for more commands", 0, "", EHLO "NOOP\r\nNOOP\r\n"
	"NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"
	ENVELOPE CONTENT "NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"
	"NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n" QUIT,
	START OK OK OK OK OK OK OK OK OK OK GIVEN TAKEN OK OK OK OK OK OK OK
	OK OK OK OK OK BYE, NULL, NULL },
{ "too many messages", 0, "message=discard", EHLO ENVELOPE CONTENT ENVELOPE
	CONTENT ENVELOPE CONTENT ENVELOPE CONTENT ENVELOPE CONTENT
	"MAIL FROM:<s@a.test>\r\nNOOP\r\n",
	START GIVEN OK GIVEN OK GIVEN OK GIVEN OK GIVEN OK
	"421 4.7.0 too many messages\r\n", NULL, NULL },

/* Content. */
{ "dots", 0, "", EHLO ENVELOPE "A: 1\r\n\r\n..\r\n..x\r\n.y\r\n. \r\n.\r\n|"
	QUIT, START GIVEN TAKEN BYE, NULL,
	"[A: 1\r\n\r\n.\r\n.x\r\ny\r\n \r\n]" },
{ "nothing at all", 0, "", EHLO ENVELOPE ".\r\n|" QUIT,
	START GIVEN TAKEN BYE, NULL, "[]" },
{ "no header", 0, "", EHLO ENVELOPE "\r\nx\r\n.\r\n|" QUIT,
	START GIVEN TAKEN BYE, NULL, "[\r\nx\r\n]" },
{ "a header only", 0, "", EHLO ENVELOPE "A: 1\r\n.\r\n|" QUIT,
	START GIVEN TAKEN BYE, NULL, "[A: 1\r\n]" },
{ "bare LF", 0, "", EHLO ENVELOPE "A: 1\r\n\r\nx\ny\r\n.\r\n|" QUIT,
	START GIVEN "550 5.5.2 bare CR or LF in the message\r\n" BYE, NULL,
	"" },
{ "a smuggled message", 0, "", EHLO ENVELOPE "A: 1\r\n\r\nx\n.\nMAIL "
	"FROM:<e@e.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\nevil\r\n.\r\n|"
	QUIT, START GIVEN "550 5.5.2 bare CR or LF in the message\r\n" BYE,
	NULL, "" },
{ "bare LF made good", NORMALIZE, "", EHLO ENVELOPE
	"A: 1\r\n\r\nx\n.\ny\rz\r\n.\r\n|" QUIT, START GIVEN TAKEN BYE, NULL,
	"[A: 1\r\n\r\nx\r\n.\r\ny\r\nz\r\n]" },
{ "a loop", 0, "", EHLO ENVELOPE "Received: 1\r\nReceived: 2\r\nReceived: "
	"3\r\nReceived: 4\r\n\r\n.\r\n|" ENVELOPE "Received: 1\r\nReceived: "
	"2\r\nReceived: 3\r\n\r\n.\r\n|" QUIT,
	START GIVEN "554 5.4.6 too many hops, it looks like a loop\r\n" GIVEN
	TAKEN BYE, NULL, NULL },

/* RFC 2920. */
{ "behind EHLO", WHOLE, "", "EHLO c.test\r\nMAIL FROM:<s@a.test>\r\n",
	BANNER SYNC, "pre_connection connect disconnect ", NULL },
{ "behind HELO", WHOLE, "", "HELO c.test\r\nNOOP\r\n", BANNER SYNC, NULL,
	NULL },
{ "behind DATA", WHOLE, "", EHLO "MAIL FROM:<s@a.test>\r\n"
	"RCPT TO:<r@b.test>\r\nDATA\r\nA: 1\r\n\r\n.\r\n",
	START MAIL_OK RCPT_OK SYNC, NULL, "" },
{ "behind DATA without a recipient", WHOLE, "", EHLO
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<no@b.test>\r\nDATA\r\n"
	"A: 1\r\n\r\n.\r\n", START MAIL_OK "550" REFUSED SYNC, NULL, "" },
{ "behind VRFY", WHOLE, "", EHLO "VRFY x\r\nNOOP\r\n", START SYNC, NULL,
	NULL },
{ "behind NOOP and RSET", WHOLE, "", EHLO "NOOP\r\nRSET\r\nNOOP\r\n" QUIT,
	START OK OK OK BYE, NULL, NULL },
{ "behind QUIT", WHOLE, "", EHLO QUIT "NOOP\r\n", START BYE, NULL, NULL },
{ "a group that was not offered", WHOLE, "", "HELO c.test\r\n|"
	"MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n",
	BANNER "250 mx.test\r\n" SYNC, NULL, NULL },
{ "QUIT behind the end of data, not offered", 0, "", "HELO c.test\r\n|"
	"MAIL FROM:<s@a.test>\r\n|RCPT TO:<r@b.test>\r\n|DATA\r\n|"
	"x: y\r\n\r\n.\r\nquit\r\n",
	BANNER "250 mx.test\r\n" GIVEN TAKEN BYE, NULL, "[x: y\r\n\r\n]" },
{ "behind the end of data, not offered", WHOLE, "", "HELO c.test\r\n|"
	"MAIL FROM:<s@a.test>\r\n|RCPT TO:<r@b.test>\r\n|DATA\r\n|"
	"x: y\r\n\r\n.\r\nMAIL FROM:<s@a.test>\r\n",
	BANNER "250 mx.test\r\n" GIVEN SYNC, NULL, "" },
};

/* However many names the hooks refuse, the first one stays. */
static void
test_name_kept(void)
{
	fake_begin();
	fake.words = "";
	fake_open();
	fake_say(EHLO "EHLO no-one.test\r\n|EHLO no-two.test\r\n|"
	    "HELO no-three.test\r\n|" ENVELOPE CONTENT, 1000);
	test_ok("three are refused", strstr(fake_text(&fake.got),
	    "550" REFUSED "550" REFUSED "550" REFUSED GIVEN TAKEN) != NULL);
	test_ok("the name is the good one", strstr(fake_text(&fake.trace),
	    "from c.test (") != NULL);
	fake_end();
}

int
main(void)
{
	run_all(scripts, sizeof scripts / sizeof scripts[0]);
	test_name_kept();
	return test_done();
}
