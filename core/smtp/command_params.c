#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "utf8.h"

#include "command.h"

/* esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-") */
static bool
is_key(struct line l)
{
	if (l.len == 0 || l.p[0] == '-')
		return false;
	for (size_t i = 0; i < l.len; i++) {
		unsigned char c = (unsigned char)l.p[i];

		if (c >= 0x80 || (!isalnum(c) && c != '-'))
			return false;
	}
	return true;
}

/* esmtp-value = 1*(%d33-60 / %d62-126), or UTF-8 beyond ASCII */
static bool
is_value(struct line l, bool utf8)
{
	for (size_t i = 0; i < l.len; i++) {
		unsigned char c = (unsigned char)l.p[i];

		if (c <= 0x20 || c == 0x7f || c == '=' || (c >= 0x80 && !utf8))
			return false;
	}
	return l.len > 0 && utf8_ok(l);
}

static bool
same_key(struct line a, struct line b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (tolower((unsigned char)a.p[i]) !=
		    tolower((unsigned char)b.p[i]))
			return false;
	return true;
}

static int
add(struct command_params *out, struct line word, bool utf8)
{
	struct command_param *item = &out->item[out->count];
	const char *eq = memchr(word.p, '=', word.len);

	if (out->count == COMMAND_PARAMS_MAX)
		return -1;
	item->key = word;
	item->value.p = NULL;
	item->value.len = 0;
	if (eq != NULL) {
		item->key.len = (size_t)(eq - word.p);
		item->value.p = eq + 1;
		item->value.len = word.len - item->key.len - 1;
		if (!is_value(item->value, utf8))
			return -1;
	}
	if (!is_key(item->key))
		return -1;
	for (size_t i = 0; i < out->count; i++)
		if (same_key(out->item[i].key, item->key))
			return -1;
	out->count++;
	return 0;
}

int
command_params_parse(struct line l, bool utf8, struct command_params *out)
{
	const char *p = l.p, *end = l.p + l.len;

	out->count = 0;
	while (p < end) {
		const char *sp;
		struct line word;

		if (*p == ' ') {
			p++;
			continue;
		}
		sp = memchr(p, ' ', (size_t)(end - p));
		word.p = p;
		word.len = (size_t)((sp != NULL ? sp : end) - p);
		if (add(out, word, utf8) < 0)
			return -1;
		p += word.len;
	}
	return 0;
}

bool
command_param_is(const struct command_param *param, const char *key)
{
	return line_is(param->key, key);
}

const struct command_param *
command_param(const struct command_params *params, const char *key)
{
	for (size_t i = 0; i < params->count; i++)
		if (command_param_is(&params->item[i], key))
			return &params->item[i];
	return NULL;
}

int
command_number(struct line l, unsigned long long *out)
{
	unsigned long long n = 0;

	if (l.len == 0 || l.len > 20)
		return -1;
	for (size_t i = 0; i < l.len; i++) {
		unsigned digit = (unsigned)(l.p[i] - '0');

		if (digit > 9 || n > (ULLONG_MAX - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*out = n;
	return 0;
}
