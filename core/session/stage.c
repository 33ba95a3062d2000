#include <string.h>

#include "stage.h"

static const struct {
	const char *name;
	int reject, defer;
	bool observer;
} stages[STAGE_COUNT] = {
	[STAGE_START]		= { "start", 0, 0, false },
	[STAGE_PRE_CONNECTION]	= { "pre_connection", 554, 421, false },
	[STAGE_CONNECT]		= { "connect", 554, 421, false },
	[STAGE_HELO]		= { "helo", 550, 450, false },
	[STAGE_STARTTLS]	= { "starttls", 554, 0, false },
	[STAGE_AUTH]		= { "auth", 535, 454, false },
	[STAGE_MAIL]		= { "mail", 550, 451, false },
	[STAGE_RCPT]		= { "rcpt", 550, 451, false },
	[STAGE_DATA]		= { "data", 554, 451, false },
	[STAGE_HEADERS]		= { "headers", 550, 451, false },
	[STAGE_MESSAGE]		= { "message", 550, 451, false },
	[STAGE_UNKNOWN]		= { "unknown", 550, 451, false },
	[STAGE_VRFY]		= { "vrfy", 550, 450, false },
	[STAGE_REPLY]		= { "reply", 0, 0, false },
	[STAGE_RELAYED]		= { "relayed", 0, 0, true },
	[STAGE_RESET]		= { "reset", 0, 0, true },
	[STAGE_DISCONNECT]	= { "disconnect", 0, 0, true },
	[STAGE_STOP]		= { "stop", 0, 0, true },
};

const char *
stage_name(enum stage stage)
{
	return stages[stage].name;
}

int
stage_parse(const char *name, enum stage *out)
{
	int i;

	for (i = 0; i < STAGE_COUNT; i++) {
		if (strcmp(stages[i].name, name) == 0) {
			*out = (enum stage)i;
			return 0;
		}
	}
	return -1;
}

bool
stage_is_observer(enum stage stage)
{
	return stages[stage].observer;
}

int
stage_reject_code(enum stage stage)
{
	return stages[stage].reject;
}

int
stage_defer_code(enum stage stage)
{
	return stages[stage].defer;
}

const char *
stage_enhanced(enum stage stage, int class)
{
	if (stage == STAGE_AUTH)
		return class == 5 ? "5.7.8" : "4.7.0";
	return class == 5 ? "5.7.1" : "4.7.1";
}
