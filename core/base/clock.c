#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"

int64_t
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

double
clock_wall(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

char *
clock_rfc3339(double wall, char out[CLOCK_TEXT_MAX])
{
	struct tm tm = { .tm_mday = 1 };
	double whole = floor(wall);
	time_t t = (time_t)whole;

	gmtime_r(&t, &tm);
	snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)((wall - whole) * 1000));
	return out;
}

/* Not strftime: names of days and months are English whatever the locale. */
char *
clock_rfc5322(double wall, char out[CLOCK_TEXT_MAX])
{
	static const char *const day[] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat",
	};
	static const char *const month[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun",
		"Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
	};
	struct tm tm = { .tm_mday = 1 };
	time_t t = (time_t)floor(wall);
	long east;

	localtime_r(&t, &tm);
	east = tm.tm_gmtoff / 60;
	snprintf(out, CLOCK_TEXT_MAX,
	    "%s, %d %s %d %02d:%02d:%02d %c%02ld%02ld",
	    day[tm.tm_wday], tm.tm_mday, month[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, east < 0 ? '-' : '+',
	    labs(east) / 60, labs(east) % 60);
	return out;
}
