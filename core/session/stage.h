#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>

/* stage: the points at which hooks are asked (doc/hooks.md). */
enum stage {
	STAGE_START, STAGE_PRE_CONNECTION, STAGE_CONNECT, STAGE_HELO,
	STAGE_STARTTLS, STAGE_AUTH, STAGE_MAIL, STAGE_RCPT, STAGE_DATA,
	STAGE_HEADERS, STAGE_MESSAGE, STAGE_UNKNOWN, STAGE_VRFY, STAGE_REPLY,
	STAGE_RELAYED, STAGE_RESET, STAGE_DISCONNECT, STAGE_STOP,
	STAGE_COUNT
};

const char *stage_name(enum stage);		/* "pre_connection" */
int stage_parse(const char *name, enum stage *out);
bool stage_is_observer(enum stage);		/* its answer is ignored */
/* Code for a reject or defer at this stage (doc/hooks.md); 0: not allowed. */
int stage_reject_code(enum stage);
int stage_defer_code(enum stage);
/* The enhanced code of one that says none; class is 5 or 4. */
const char *stage_enhanced(enum stage, int class);

#endif
