#ifndef CLOCK_H
#define CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* clock: the monotonic clock for deadlines, wall time for texts. */
int64_t clock_ms(void);			/* monotonic */
double clock_wall(void);		/* seconds since the epoch */
enum { CLOCK_TEXT_MAX = 48 };
/* UTC with milliseconds and Z; local time with its offset. */
char *clock_rfc3339(double wall, char out[CLOCK_TEXT_MAX]);
char *clock_rfc5322(double wall, char out[CLOCK_TEXT_MAX]);

#endif
