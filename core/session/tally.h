#ifndef TALLY_H
#define TALLY_H

#include "stage.h"
#include "verdict.h"

struct arena;
struct log_line;

/*
 * tally: the verdicts of a session for its closing line, each with its stage,
 * its hook, and how often it was given:
 *
 *	verdicts="mail=defer(greylist) rcpt=accept(rcpt_domains)*3"
 *
 * All zero is an empty one.  Names are copied into the arena that is given;
 * what has no place any more is only counted.
 */
enum { TALLY_MAX = 16 };

struct tally {
	struct tally_item {
		enum stage stage;
		enum verdict_kind kind;
		const char *hook;	/* NULL: of no single one */
		unsigned times;
	} item[TALLY_MAX];
	unsigned count, more;
};

void tally_add(struct tally *, struct arena *, enum stage,
    const struct verdict *);
/* Nothing is written if it is empty. */
void tally_log(const struct tally *, struct log_line *);

#endif
