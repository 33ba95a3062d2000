#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "log_sink.h"

#include "log.h"

enum {
	LOG_TAIL = 3,		/* kept free for quote, brace, newline */
	LOG_UNIT_MAX = 16,	/* one character, escaped */
};

static const char *const level_names[] = { "debug", "info", "warn", "error" };

static struct {
	enum log_format format;
	enum log_level level;
	_Atomic uint64_t *drops;
} setup = { .level = LOG_INFO };

void
log_set(enum log_format format, enum log_level level)
{
	setup.format = format;
	setup.level = level;
}

void
log_count_drops(_Atomic uint64_t *counter)
{
	setup.drops = counter;
}

/* The length of the UTF-8 character at p, RFC 3629; 0 if it is none. */
static size_t
utf8_length(const unsigned char *p, size_t len)
{
	static const struct {
		unsigned char first, last, low, high, len;
	} rows[] = {
		{ 0x00, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i, k;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (*p < rows[i].first || *p > rows[i].last)
			continue;
		if (rows[i].len > len)
			return 0;
		if (rows[i].len > 1 &&
		    (p[1] < rows[i].low || p[1] > rows[i].high))
			return 0;
		for (k = 2; k < rows[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].len;
	}
	return 0;
}

/* Characters that a terminal or a reader of lines may act on: C1 controls
 * and the line and paragraph separators. */
static unsigned
utf8_control(const unsigned char *p, size_t n)
{
	if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
		return p[1];
	if (n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] & ~1) == 0xa8)
		return 0x2000u + (p[2] & 0x3f);
	return 0;
}

/*
 * Write the character at p as it stands between quotes; returns how many bytes
 * of p that was.  What is no UTF-8 becomes text "\\xNN", in JSON too.
 */
static size_t
escape(const unsigned char *p, size_t len, char out[LOG_UNIT_MAX])
{
	static const char plain[] = "\"\\\n\r\t", names[] = "\"\\nrt";
	bool json = setup.format == LOG_JSON;
	size_t n = utf8_length(p, len);
	unsigned control = utf8_control(p, n);
	const char *named = *p ? strchr(plain, *p) : NULL;

	if (n == 0)
		snprintf(out, LOG_UNIT_MAX, json ? "\\\\x%02x" : "\\x%02x", *p);
	else if (control)
		snprintf(out, LOG_UNIT_MAX, "\\u%04x", control);
	else if (named)
		snprintf(out, LOG_UNIT_MAX, "\\%c", names[named - plain]);
	else if (*p < 0x20 || *p == 0x7f)
		snprintf(out, LOG_UNIT_MAX, json ? "\\u%04x" : "\\x%02x", *p);
	else
		snprintf(out, LOG_UNIT_MAX, "%.*s", (int)n, (const char *)p);
	return n ? n : 1;
}

/* Append if it fits; a piece that is not whole is worth nothing. */
static bool
put(struct log_line *l, const char *p, size_t n)
{
	if (l->len + n > LOG_LINE_MAX - LOG_TAIL)
		return false;
	memcpy(l->p + l->len, p, n);
	l->len += n;
	return true;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

/* The separator and the key.  Keys are words; hooks make some of them. */
static bool
put_key(struct log_line *l, const char *key, bool quoted)
{
	char text[64];
	bool json = setup.format == LOG_JSON;
	size_t n = 0;
	const char *p;

	if (l->len)
		text[n++] = json ? ',' : ' ';
	else if (json)
		text[n++] = '{';
	if (json)
		text[n++] = '"';
	for (p = *key ? key : "_"; *p && n < sizeof text - 5; p++)
		text[n++] = is_word(*p) ? *p : '_';
	if (json)
		text[n++] = '"';
	text[n++] = json ? ':' : '=';
	if (quoted)
		text[n++] = '"';
	return put(l, text, n);
}

/* In logfmt a value of harmless characters needs no quotes. */
static bool
is_bare(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] <= ' ' || p[i] >= 0x7f || strchr("\"\\=", p[i]))
			return false;
	return len > 0;
}

/* How many bytes from here on mean themselves between quotes. */
static size_t
plain_run(const char *p, size_t len)
{
	size_t n;

	for (n = 0; n < len; n++)
		if (p[n] < ' ' || p[n] > '~' || p[n] == '"' || p[n] == '\\')
			break;
	return n;
}

/* As many characters of the value as fit. */
static void
put_text(struct log_line *l, const char *p, size_t len)
{
	char unit[LOG_UNIT_MAX];
	size_t i, n, room;

	for (i = 0; i < len; i += n) {
		room = LOG_LINE_MAX - LOG_TAIL - l->len;
		n = plain_run(p + i, len - i);
		if (n > 0) {
			put(l, p + i, n < room ? n : room);
			if (n > room)
				return;
			continue;
		}
		n = escape((const unsigned char *)p + i, len - i, unit);
		if (!put(l, unit, strlen(unit)))
			return;
	}
}

static void
put_value(struct log_line *l, const char *key, const char *p, size_t len)
{
	bool quoted = setup.format == LOG_JSON || !is_bare(p, len);

	if (l->off || !put_key(l, key, quoted))
		return;
	put_text(l, p, len);
	if (quoted)		/* into the tail; after a cut nothing follows */
		l->p[l->len++] = '"';
}

static void
put_number(struct log_line *l, const char *key, const char *text)
{
	size_t before = l->len;

	if (l->off)
		return;
	if (!put_key(l, key, false) || !put(l, text, strlen(text)))
		l->len = before;
}

void
log_begin(struct log_line *l, enum log_level level, const char *event)
{
	char when[CLOCK_TEXT_MAX];

	l->level = level;
	l->off = level < setup.level;
	l->len = 0;
	if (l->off)
		return;
	log_str(l, "ts", clock_rfc3339(clock_wall(), when));
	log_str(l, "level", level_names[level]);
	log_str(l, "event", event);
}

void
log_str(struct log_line *l, const char *key, const char *value)
{
	put_value(l, key, value ? value : "", value ? strlen(value) : 0);
}

void
log_bytes(struct log_line *l, const char *key, const char *p, size_t len)
{
	put_value(l, key, p, len);
}

void
log_int(struct log_line *l, const char *key, int64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)n);
	put_number(l, key, text);
}

void
log_secs(struct log_line *l, const char *key, double s)
{
	char text[32];

	if (!isfinite(s) || fabs(s) > 1e12)
		s = 0;
	snprintf(text, sizeof text, "%.3f", s);
	put_number(l, key, text);
}

static void __attribute__((format(printf, 3, 0)))
put_format(struct log_line *l, const char *key, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX];

	if (l->off)
		return;
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		*text = '\0';
	log_str(l, key, text);
}

void
log_fmt(struct log_line *l, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_format(l, key, fmt, ap);
	va_end(ap);
}

void
log_end(struct log_line *l)
{
	if (l->off)
		return;
	if (setup.format == LOG_JSON)
		l->p[l->len++] = '}';
	l->p[l->len++] = '\n';
	if (!log_sink_write(l->p, l->len, l->level) && setup.drops)
		atomic_fetch_add_explicit(setup.drops, 1, memory_order_relaxed);
}

void
log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	struct log_line l;
	va_list ap;

	log_begin(&l, level, event);
	va_start(ap, fmt);
	put_format(&l, "msg", fmt, ap);
	va_end(ap);
	log_end(&l);
}

/* _exit: a fork must not flush what its parent had in its buffers. */
void
log_fatal(const char *fmt, ...)
{
	struct log_line l;
	va_list ap;

	log_begin(&l, LOG_ERROR, "fatal");
	va_start(ap, fmt);
	put_format(&l, "msg", fmt, ap);
	va_end(ap);
	log_end(&l);
	_exit(EX_OSERR);
}
