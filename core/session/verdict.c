#include "verdict.h"

const char *
verdict_name(enum verdict_kind kind)
{
	switch (kind) {
	case VERDICT_NONE:
		return "none";
	case VERDICT_ACCEPT:
		return "accept";
	case VERDICT_REJECT:
		return "reject";
	case VERDICT_DEFER:
		return "defer";
	case VERDICT_DROP:
		return "drop";
	case VERDICT_DISCARD:
		return "discard";
	case VERDICT_QUARANTINE:
		return "quarantine";
	case VERDICT_REPLY:
		return "reply";
	case VERDICT_FAULT:
		return "fault";
	}
	return "?";
}
