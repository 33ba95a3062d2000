#include "verb.h"

static const struct verb rows[COMMAND_VERBS] = {
	[COMMAND_HELO] = { VERB_LAST | VERB_CLEAR, STAGE_HELO, verb_helo_check,
	    verb_helo },
	[COMMAND_EHLO] = { VERB_LAST | VERB_CLEAR, STAGE_HELO, verb_helo_check,
	    verb_helo },
	[COMMAND_LHLO] = { VERB_LAST | VERB_CLEAR, STAGE_HELO, verb_helo_check,
	    verb_helo },
	[COMMAND_MAIL] = { VERB_GREETED | VERB_FREE | VERB_LOGIN | VERB_8BIT,
	    STAGE_MAIL, verb_mail_check, verb_mail },
	[COMMAND_RCPT] = { VERB_GREETED | VERB_FREE | VERB_8BIT, STAGE_RCPT,
	    verb_rcpt_check, verb_rcpt },
	[COMMAND_DATA] = { VERB_GREETED | VERB_FREE | VERB_BARE | VERB_LAST,
	    STAGE_DATA, verb_data_check, verb_data },
	[COMMAND_BDAT] = { VERB_FREE | VERB_FRAMED | VERB_8BIT, STAGE_START,
	    verb_bdat_check, verb_bdat },
	[COMMAND_RSET] = { VERB_BARE, STAGE_START, NULL, verb_rset },
	[COMMAND_NOOP] = { VERB_CLEAR, STAGE_START, NULL, verb_noop },
	[COMMAND_VRFY] = { VERB_LAST | VERB_LOGIN | VERB_8BIT, STAGE_VRFY,
	    verb_vrfy_check, verb_vrfy },
	[COMMAND_EXPN] = { VERB_LAST, STAGE_START, NULL, verb_none },
	[COMMAND_HELP] = { 0, STAGE_START, NULL, verb_help },
	[COMMAND_QUIT] = { VERB_BARE | VERB_FREE | VERB_END | VERB_CLEAR,
	    STAGE_START, NULL, verb_quit },
	[COMMAND_ETRN] = { VERB_LAST, STAGE_START, NULL, verb_none },
	[COMMAND_AUTH] = { VERB_LAST, STAGE_START, verb_auth_check, verb_auth },
	[COMMAND_STARTTLS] = { VERB_LAST | VERB_CLEAR, STAGE_START,
	    verb_starttls_check, verb_starttls },
	[COMMAND_XCLIENT] = { VERB_LAST | VERB_FREE, STAGE_START,
	    verb_xclient_check, verb_xclient },
	[COMMAND_XFORWARD] = { VERB_FREE, STAGE_START,
	    verb_xforward_check, verb_xforward },
	[COMMAND_UNKNOWN] = { 0, STAGE_UNKNOWN, verb_unknown_check,
	    verb_unknown },
};

const struct verb *
verb_row(enum command_verb verb)
{
	return &rows[verb];
}
