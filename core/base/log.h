#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * log: one event, one line.
 *
 * A line is built on the stack and written with one write(2); it is at most
 * LOG_LINE_MAX bytes and what does not fit is cut.  Every value is escaped
 * here and nowhere else: nothing from outside can end a line or forge a key.
 * A log that would block, or that fails, costs the line and counts it (the
 * program ignores SIGPIPE).  What is no UTF-8, and control characters, are
 * written as \xNN or \uNNNN.
 */
enum { LOG_LINE_MAX = 4000 };

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log_line {
	enum log_level level;
	bool off;		/* below the level: every call is a no-op */
	size_t len;
	char p[LOG_LINE_MAX + 2];
};

/*
 * to is "stderr", "syslog" or a path.  log_open gives a descriptor to use with
 * log_use, or -1 with errno; the supervisor opens, workers are handed it.
 */
int log_open(const char *to);
void log_use(int fd, const char *to);	/* takes fd over; closes the old */
int log_fd(void);
void log_set(enum log_format, enum log_level);
/* Where lines that were dropped are counted (shared memory); NULL: nowhere. */
void log_count_drops(_Atomic uint64_t *);

void log_begin(struct log_line *, enum log_level, const char *event);
void log_str(struct log_line *, const char *key, const char *value);
void log_bytes(struct log_line *, const char *key, const char *p, size_t len);
void log_int(struct log_line *, const char *key, int64_t);
void log_secs(struct log_line *, const char *key, double s);	/* 0.123 */
void log_fmt(struct log_line *, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void log_end(struct log_line *);		/* writes it */

/* One line with event and msg= only. */
void log_event(enum log_level, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same on level error, then the end, status 71 (EX_OSERR).  For want
 * of memory, and at the start. */
void log_fatal(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
