#ifndef VERDICT_H
#define VERDICT_H

#include <stdbool.h>

/*
 * verdict: what the hooks of one stage answered, already combined.
 *
 * The strings belong to the policy and are valid during session_answer only:
 * what the session keeps, it copies.
 */
enum verdict_kind {
	VERDICT_NONE,		/* no opinion: the stage's default applies */
	VERDICT_ACCEPT,
	VERDICT_REJECT,
	VERDICT_DEFER,
	VERDICT_DROP,		/* close without more */
	VERDICT_DISCARD,
	VERDICT_QUARANTINE,
	VERDICT_REPLY,		/* stage unknown only */
	VERDICT_FAULT,		/* a hook failed: 451 4.3.0 */
};

struct verdict {
	enum verdict_kind kind;
	int code;		/* reject, defer, reply; 0: the stage's own */
	const char *enhanced;	/* NULL: the default of the kind */
	const char *text;	/* NULL: the default; lines apart by "\n" */
	const char *hook;	/* instance name; NULL for none */
	const char *relay;	/* quarantine: name or URL */
	double delay;		/* seconds to wait before answering, 0 to 60 */
	bool hangup;
	bool later;		/* before RCPT: hold it until then */
	/* What the same hooks hold besides; NULL: nothing. */
	const struct verdict *held;
};

const char *verdict_name(enum verdict_kind);

#endif
