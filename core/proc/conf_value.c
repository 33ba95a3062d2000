#include <ctype.h>
#include <grp.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "mem.h"
#include "value.h"

#include "conf_place.h"
#include "file.h"

#include "conf_schema.h"

/* Keys and texts may hold anything; a message is one line. */
static void
tidy(char *p)
{
	for (; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
}

const char *
conf_where(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	char place[CONF_ERROR_MAX / 4], key[CONF_ERROR_MAX / 4];

	conf_place(place, sizeof place, v->file ? v->file : r->conf->path,
	    v->line);
	conf_place_step(step, key, sizeof key);
	if (strncmp(place, "-o ", 3) == 0 && strcmp(place + 3, key) == 0)
		return arena_strdup(r->arena, place);
	return arena_printf(r->arena, "%s: %s", place, key);
}

int
conf_fail(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, const char *fmt, ...)
{
	char what[480];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	snprintf(r->error, CONF_ERROR_MAX, "%.540s: %s",
	    conf_where(r, v, step), what);
	tidy(r->error);
	return -1;
}

/* A value as a message shows it: short, on one line. */
static const char *
shown(const struct value *v, char *out, size_t size)
{
	switch (v->type) {
	case VALUE_NIL:
		return "nothing";
	case VALUE_BOOL:
		return v->b ? "true" : "false";
	case VALUE_NUMBER:
		snprintf(out, size, "%.14g", v->n);
		return out;
	case VALUE_TABLE:
		return "a table";
	case VALUE_STRING:
		break;
	}
	snprintf(out, size, v->s.len > 60 ? "\"%.60s...\"" : "\"%s\"", v->s.p);
	tidy(out);
	return out;
}

int
conf_fail_type(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, const char *expected)
{
	char got[80];

	return conf_fail(r, v, step, "expected %s, got %s", expected,
	    shown(v, got, sizeof got));
}

size_t
conf_list_len(const struct value *v)
{
	return v->type == VALUE_TABLE ? value_len(v) : 1;
}

const struct value *
conf_list_at(const struct value *v, size_t i)
{
	return v->type == VALUE_TABLE ? value_at(v, i) : v;
}

const char *
conf_text(const struct value *v)
{
	if (v->type != VALUE_STRING || strlen(v->s.p) != v->s.len)
		return NULL;
	return v->s.p;
}

const char *
conf_base(struct conf_reader *r, const struct value *v)
{
	if (!v->file)
		return r->conf->dir;
	if (conf_place_is_override(v->file))
		return file_absolute(r->arena, ".");
	return file_absolute(r->arena, file_dir(r->arena, v->file));
}

static void *
target(struct conf_reader *r, const struct conf_key *k)
{
	switch (k->target) {
	case CONF_TO_CONF:
		return (char *)r->conf + k->offset;
	case CONF_TO_SESSION:
		return (char *)r->session + k->offset;
	case CONF_TO_HOP:
		return (char *)r->hop + k->offset;
	case CONF_TO_RAW:
		return (char *)r->raw + k->offset;
	case CONF_TO_RESULT:
		break;
	}
	return (char *)&r->result;
}

/* A number within the range of the key: of octets, of seconds, or plain. */
static int
number(const struct conf_key *k, const struct value *v, double *out)
{
	uint64_t octets;

	if (v->type == VALUE_NUMBER)
		*out = v->n;
	else if (v->type != VALUE_STRING)
		return -1;
	else if (k->type == CONF_DURATION && conf_duration(v->s.p, out) == 0)
		;
	else if ((k->type == CONF_SIZE || k->type == CONF_SIZE64) &&
	    conf_size(v->s.p, &octets) == 0)
		*out = (double)octets;
	else
		return -1;
	if (k->type != CONF_DURATION && k->type != CONF_NUMBER &&
	    *out != floor(*out))
		return -1;
	return *out >= k->min && *out <= k->max ? 0 : -1;
}

static int
fail_number(struct conf_reader *r, const struct conf_key *k,
    const struct value *v, const struct conf_step *step)
{
	char what[160];

	if (k->type == CONF_SIZE || k->type == CONF_SIZE64)
		snprintf(what, sizeof what, "a size such as \"50M\" "
		    "(%.0f to %.0f octets)", k->min, k->max);
	else if (k->type == CONF_DURATION)
		snprintf(what, sizeof what, "a duration such as \"5m\" "
		    "(%g to %.0f seconds)", k->min, k->max);
	else
		snprintf(what, sizeof what, "a %snumber from %.0f to %.0f",
		    k->type == CONF_NUMBER ? "" : "whole ", k->min, k->max);
	return conf_fail_type(r, v, step, what);
}

static int
read_number(struct conf_reader *r, const struct conf_key *k,
    const struct value *v, const struct conf_step *step)
{
	void *to = target(r, k);
	double n;

	if (number(k, v, &n) < 0)
		return fail_number(r, k, v, step);
	if (k->type == CONF_COUNT)
		*(unsigned *)to = (unsigned)n;
	else if (k->type == CONF_INT)
		*(int *)to = (int)n;
	else if (k->type == CONF_SIZE)
		*(size_t *)to = (size_t)n;
	else if (k->type == CONF_COUNT64 || k->type == CONF_SIZE64)
		*(uint64_t *)to = (uint64_t)n;
	else
		*(double *)to = n;
	return 0;
}

static int
read_choice(struct conf_reader *r, const struct conf_key *k,
    const struct value *v, const struct conf_step *step)
{
	const char *text = conf_text(v);
	char what[160] = "", digits[32];
	unsigned i;

	if (v->type == VALUE_NUMBER)	/* "1.3", from the command line */
		text = shown(v, digits, sizeof digits);
	for (i = 0; k->choice[i]; i++) {
		if (!text || strcmp(text, k->choice[i]) != 0)
			continue;
		if (k->type == CONF_EITHER)
			*(bool *)target(r, k) = i > 0;
		else
			*(unsigned *)target(r, k) = i;
		return 0;
	}
	for (i = 0; k->choice[i]; i++)
		snprintf(what + strlen(what), sizeof what - strlen(what),
		    "%s\"%s\"", i == 0 ? "" : k->choice[i + 1] ? ", " : " or ",
		    k->choice[i]);
	return conf_fail_type(r, v, step, what);
}

static int
read_cidrs(struct conf_reader *r, const struct conf_key *k,
    const struct value *v, const struct conf_step *step)
{
	struct conf_step at = { .up = step };
	struct cidr_list *list = target(r, k);
	const struct value *item;
	const char *text;
	size_t i;

	list->count = conf_list_len(v);
	list->item = arena_alloc(r->arena,
	    (list->count + 1) * sizeof *list->item);
	for (i = 0; i < list->count; i++) {
		item = conf_list_at(v, i);
		text = conf_text(item);
		at.index = i + 1;
		if (!text || cidr_parse(text, &list->item[i]) < 0)
			return conf_fail_type(r, item, item == v ? step : &at,
			    "a network such as \"192.0.2.0/24\"");
	}
	return 0;
}

static int
read_paths(struct conf_reader *r, const struct conf_key *k,
    const struct value *v, const struct conf_step *step)
{
	struct conf_step at = { .up = step };
	size_t count = conf_list_len(v), i;
	const struct value *item;
	const char **list, *text;

	list = arena_alloc(r->arena, (count + 1) * sizeof *list);
	for (i = 0; i < count; i++) {
		item = conf_list_at(v, i);
		text = conf_text(item);
		at.index = i + 1;
		if (!text || !*text)
			return conf_fail_type(r, item, item == v ? step : &at,
			    "a directory");
		list[i] = file_path(r->arena, conf_base(r, item), text);
	}
	*(const char *const **)target(r, k) = list;
	return 0;
}

/* Any order of addresses, kept as one text for the resolver. */
static int
read_servers(struct conf_reader *r, const struct conf_key *k,
    const struct value *v, const struct conf_step *step)
{
	struct conf_step at = { .up = step };
	char text[ADDR_TEXT_MAX];
	const struct value *item;
	struct addr addr;
	struct buf all;
	size_t i;

	buf_init(&all);
	for (i = 0; i < conf_list_len(v); i++) {
		item = conf_list_at(v, i);
		at.index = i + 1;
		if (!conf_text(item) || addr_parse(item->s.p, 53, &addr) < 0 ||
		    addr_family(&addr) == AF_UNIX) {
			buf_clear(&all);
			return conf_fail_type(r, item, item == v ? step : &at,
			    "the address of a name server");
		}
		buf_printf(&all, "%s%s", i > 0 ? "," : "",
		    addr_text(&addr, text));
	}
	if (all.len > 0)
		*(const char **)target(r, k) =
		    arena_strndup(r->arena, all.p, all.len);
	buf_clear(&all);
	return 0;
}

/* Letters, digits, "-", "_" and "." as in a domain; or a literal. */
bool
conf_is_host(const char *p)
{
	size_t len = strlen(p);

	if (len == 0 || len > 255)
		return false;
	if (*p == '[')
		return p[len - 1] == ']' && strspn(p + 1,
		    "0123456789abcdefABCDEFIPv:.") == len - 2;
	if (*p == '.' || *p == '-' || strstr(p, ".."))
		return false;
	for (; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return false;
	return true;
}

/* What a text has to be; NULL if it is. */
static const char *
text_expected(const struct conf_key *k, const char *text)
{
	if (k->type == CONF_HOST && (!text || !conf_is_host(text)))
		return "a host name";
	if (k->type == CONF_USER && (!text || !getpwnam(text)))
		return "the name of an account";
	if (k->type == CONF_USER_GROUP && (!text || !getgrnam(text)))
		return "the name of a group";
	if (k->type == CONF_LOG && (!text || !*text))
		return "\"stderr\", \"syslog\" or a path";
	if (k->type == CONF_PATH && (!text || !*text))
		return "a path";
	return text && *text ? NULL : "a text";
}

int
conf_path(struct conf_reader *r, const struct value *v,
    const struct conf_step *step, const char **out)
{
	const char *text = conf_text(v);

	if (!text || !*text)
		return conf_fail_type(r, v, step, "a path");
	*out = file_path(r->arena, conf_base(r, v), text);
	return 0;
}

static int
read_text(struct conf_reader *r, const struct conf_key *k,
    const struct value *v, const struct conf_step *step)
{
	const char *text = conf_text(v), *expected = text_expected(k, text);

	if (expected)
		return conf_fail_type(r, v, step, expected);
	if (k->type == CONF_PATH || (k->type == CONF_LOG &&
	    strcmp(text, "stderr") != 0 && strcmp(text, "syslog") != 0))
		text = file_path(r->arena, conf_base(r, v), text);
	*(const char **)target(r, k) = text;
	return 0;
}

/* Features of a later version may be named as long as they are off. */
static int
read_later(struct conf_reader *r, const struct conf_key *k,
    const struct value *v, const struct conf_step *step)
{
	const char *text = conf_text(v);

	if (k->initial && ((v->type == VALUE_BOOL && !v->b &&
	    strcmp(k->initial, "false") == 0) ||
	    (text && strcmp(text, k->initial) == 0)))
		return 0;
	return conf_fail(r, v, step, "not supported in this version");
}

int
conf_value_read(struct conf_reader *r, const struct conf_key *k,
    const struct value *v, const struct conf_step *step)
{
	switch (k->type) {
	case CONF_RAW:
		*(const struct value **)target(r, k) = v;
		return 0;
	case CONF_LATER:
		return read_later(r, k, v, step);
	case CONF_BOOL:
		if (v->type != VALUE_BOOL)
			return conf_fail_type(r, v, step, "true or false");
		*(bool *)target(r, k) = v->b;
		return 0;
	case CONF_CHOICE:
	case CONF_EITHER:
		return read_choice(r, k, v, step);
	case CONF_CIDRS:
		return read_cidrs(r, k, v, step);
	case CONF_PATHS:
		return read_paths(r, k, v, step);
	case CONF_SERVERS:
		return read_servers(r, k, v, step);
	case CONF_COUNT: case CONF_COUNT64: case CONF_INT: case CONF_NUMBER:
	case CONF_SIZE: case CONF_SIZE64: case CONF_DURATION:
		return read_number(r, k, v, step);
	case CONF_TEXT: case CONF_HOST: case CONF_PATH: case CONF_LOG:
	case CONF_USER: case CONF_USER_GROUP:
		return read_text(r, k, v, step);
	case CONF_GROUP:
		break;
	}
	return 0;
}
