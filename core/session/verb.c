#include "verb.h"

static const struct verb rows[COMMAND_VERBS] = {
	[COMMAND_HELO] = { VERB_LAST, STAGE_HELO, verb_helo_check, verb_helo },
	[COMMAND_EHLO] = { VERB_LAST, STAGE_HELO, verb_helo_check, verb_helo },
	[COMMAND_LHLO] = { VERB_LAST, STAGE_START, NULL, verb_none },
	[COMMAND_MAIL] = { VERB_GREETED | VERB_FREE, STAGE_MAIL,
	    verb_mail_check, verb_mail },
	[COMMAND_RCPT] = { VERB_GREETED | VERB_FREE, STAGE_RCPT,
	    verb_rcpt_check, verb_rcpt },
	[COMMAND_DATA] = { VERB_GREETED | VERB_FREE | VERB_BARE | VERB_LAST,
	    STAGE_DATA, verb_data_check, verb_data },
	[COMMAND_BDAT] = { VERB_LAST, STAGE_START, NULL, verb_none },
	[COMMAND_RSET] = { VERB_BARE, STAGE_START, NULL, verb_rset },
	[COMMAND_NOOP] = { 0, STAGE_START, NULL, verb_noop },
	[COMMAND_VRFY] = { VERB_LAST, STAGE_VRFY, verb_vrfy_check, verb_vrfy },
	[COMMAND_EXPN] = { VERB_LAST, STAGE_START, NULL, verb_none },
	[COMMAND_HELP] = { 0, STAGE_START, NULL, verb_help },
	[COMMAND_QUIT] = { VERB_BARE | VERB_FREE | VERB_END, STAGE_START,
	    NULL, verb_quit },
	[COMMAND_ETRN] = { VERB_LAST, STAGE_START, NULL, verb_none },
	[COMMAND_AUTH] = { VERB_LAST, STAGE_START, NULL, verb_none },
	[COMMAND_STARTTLS] = { VERB_LAST, STAGE_START, NULL, verb_none },
	[COMMAND_XCLIENT] = { VERB_LAST, STAGE_START, NULL, verb_none },
	[COMMAND_XFORWARD] = { 0, STAGE_START, NULL, verb_none },
	[COMMAND_UNKNOWN] = { 0, STAGE_UNKNOWN, verb_unknown_check,
	    verb_unknown },
};

const struct verb *
verb_row(enum command_verb verb)
{
	return &rows[verb];
}
