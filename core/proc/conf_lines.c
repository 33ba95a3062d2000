#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "mem.h"

#include "conf_lines.h"

enum token { TOKEN_END, TOKEN_NAME, TOKEN_STRING, TOKEN_OTHER };

enum { DEPTH_MAX = 100 };

struct scan {
	const char *p, *end;
	struct arena *arena;
	int line;		/* at p */
	/* The token read last. */
	enum token token;
	const char *text;
	size_t len;
	int at;			/* its line */
	int last;		/* the line where the one before it ended */
};

static char
peek(const struct scan *s, size_t i)
{
	return (size_t)(s->end - s->p) > i ? s->p[i] : '\0';
}

static void
advance(struct scan *s, size_t n)
{
	for (; n > 0 && s->p < s->end; n--, s->p++)
		if (*s->p == '\n')
			s->line++;
}

/* "[==[": the number of octets of the opening bracket, or 0. */
static size_t
long_bracket(const struct scan *s)
{
	size_t n = 1;

	if (peek(s, 0) != '[')
		return 0;
	while (peek(s, n) == '=')
		n++;
	return peek(s, n) == '[' ? n + 1 : 0;
}

/* Behind the closing bracket that belongs to an opening one of n octets. */
static void
skip_long(struct scan *s, size_t n)
{
	size_t i;

	advance(s, n);
	for (; s->p < s->end; advance(s, 1)) {
		if (*s->p != ']')
			continue;
		for (i = 1; peek(s, i) == '='; i++)
			;
		if (i == n - 1 && peek(s, i) == ']')
			break;
	}
	advance(s, n);
}

static void
skip_space(struct scan *s)
{
	for (;;) {
		while (s->p < s->end && isspace((unsigned char)*s->p))
			advance(s, 1);
		if (peek(s, 0) != '-' || peek(s, 1) != '-')
			return;
		advance(s, 2);
		if (long_bracket(s) > 0)
			skip_long(s, long_bracket(s));
		else
			while (s->p < s->end && *s->p != '\n')
				advance(s, 1);
	}
}

static void
quoted(struct scan *s)
{
	char quote = *s->p;

	for (advance(s, 1); s->p < s->end && *s->p != quote; advance(s, 1))
		if (*s->p == '\\')
			advance(s, 1);
	advance(s, 1);
}

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Two-octet operators that begin or end with "=" are one token, so that a
 * comparison is not taken for an assignment. */
static void
operator(struct scan *s)
{
	advance(s, strchr("=~<>", *s->p) && peek(s, 1) == '=' ? 2 : 1);
}

static void
next(struct scan *s)
{
	s->last = s->line;
	skip_space(s);
	s->text = s->p;
	s->at = s->line;
	if (s->p >= s->end) {
		s->token = TOKEN_END;
	} else if (is_name(*s->p)) {
		s->token = isdigit((unsigned char)*s->p) ? TOKEN_OTHER :
		    TOKEN_NAME;
		while (s->p < s->end && is_name(*s->p))
			advance(s, 1);
	} else if (*s->p == '"' || *s->p == '\'') {
		s->token = TOKEN_STRING;
		quoted(s);
	} else if (long_bracket(s) > 0) {
		s->token = TOKEN_STRING;
		skip_long(s, long_bracket(s));
	} else {
		s->token = TOKEN_OTHER;
		operator(s);
	}
	s->len = (size_t)(s->p - s->text);
}

static bool
is_op(const struct scan *s, char c)
{
	return s->token == TOKEN_OTHER && s->len == 1 && *s->text == c;
}

static bool
is_word(const struct scan *s, const char *const *words)
{
	for (; s->token == TOKEN_NAME && *words; words++)
		if (strlen(*words) == s->len &&
		    memcmp(*words, s->text, s->len) == 0)
			return true;
	return false;
}

/* The text of a name or of a short string without escapes; else NULL. */
static const char *
key_text(const struct scan *s)
{
	if (s->token == TOKEN_NAME)
		return arena_strndup(s->arena, s->text, s->len);
	if (s->token == TOKEN_STRING && s->len >= 2 && *s->text != '[' &&
	    !memchr(s->text, '\\', s->len))
		return arena_strndup(s->arena, s->text + 1, s->len - 2);
	return NULL;
}

static struct conf_line *
node_new(struct scan *s, struct conf_line *parent, const char *key)
{
	struct conf_line *n = arena_alloc(s->arena, sizeof *n);

	n->key = key;
	n->line = n->end = s->at;
	if (parent->last)
		parent->last->next = n;
	else
		parent->child = n;
	parent->last = n;
	return n;
}

/* Everything up to the separator that ends this item. */
static void
skip_expression(struct scan *s)
{
	static const char *const opens[] = {
		"function", "if", "do", "repeat", NULL
	};
	static const char *const closes[] = { "end", "until", NULL };
	int depth = 0;

	for (; s->token != TOKEN_END; next(s)) {
		if (depth == 0 &&
		    (is_op(s, ',') || is_op(s, ';') || is_op(s, '}')))
			return;
		if (is_op(s, '{') || is_op(s, '(') || is_op(s, '[') ||
		    is_word(s, opens))
			depth++;
		else if (is_op(s, '}') || is_op(s, ')') || is_op(s, ']') ||
		    is_word(s, closes))
			depth--;
	}
}

static void table(struct scan *, struct conf_line *, int depth);

/* The value of an item, up to its separator. */
static void
item_value(struct scan *s, struct conf_line *n, int depth)
{
	if (is_op(s, '{') && depth < DEPTH_MAX)
		table(s, n, depth + 1);
	skip_expression(s);
	n->end = s->last;
}

/* A name is a key if "=" follows, and else begins an expression. */
static bool
is_named(struct scan *s)
{
	struct scan ahead = *s;

	if (s->token != TOKEN_NAME)
		return false;
	next(&ahead);
	return is_op(&ahead, '=');
}

static void
item(struct scan *s, struct conf_line *parent, size_t *index, int depth)
{
	struct conf_line *n;

	if (is_named(s)) {
		n = node_new(s, parent, key_text(s));
		next(s);
		next(s);
	} else if (is_op(s, '[')) {
		next(s);
		n = node_new(s, parent, key_text(s));
		while (s->token != TOKEN_END && !is_op(s, '='))
			next(s);
		next(s);
	} else {
		n = node_new(s, parent, NULL);
		n->index = ++*index;
	}
	item_value(s, n, depth);
}

/* On "{"; leaves behind "}". */
static void
table(struct scan *s, struct conf_line *parent, int depth)
{
	size_t index = 0;

	next(s);
	while (s->token != TOKEN_END && !is_op(s, '}')) {
		if (is_op(s, ',') || is_op(s, ';'))
			next(s);
		else
			item(s, parent, &index, depth);
	}
	next(s);
}

static struct conf_line *
last_of(const struct conf_line *parent, const char *key)
{
	struct conf_line *n, *found = NULL;

	for (n = parent->child; n; n = n->next)
		if (n->key && strcmp(n->key, key) == 0)
			found = n;
	return found;
}

/* "a.b.c = ...": the key goes into what a was assigned before. */
static struct conf_line *
descend(struct scan *s, struct conf_line *n)
{
	const struct conf_line *before;
	const char *key;

	while (is_op(s, '.')) {
		next(s);
		if (s->token != TOKEN_NAME)
			return n;
		key = key_text(s);
		before = last_of(n, key);
		n = node_new(s, n, key);
		if (before) {
			n->child = before->child;
			n->last = before->last;
		}
		next(s);
	}
	return n;
}

static void
assignment(struct scan *s, struct conf_line *text)
{
	const char *key = key_text(s);
	struct conf_line *n = NULL;
	int line = s->at;

	next(s);
	if (is_op(s, '=')) {
		n = node_new(s, text, key);
		n->line = line;
	} else if (is_op(s, '.')) {
		n = last_of(text, key);
		if (n)
			n = descend(s, n);
	}
	if (!n || !is_op(s, '='))
		return;
	next(s);
	n->child = n->last = NULL;
	if (is_op(s, '{'))
		table(s, n, 0);
	n->end = s->last;
}

struct conf_line *
conf_lines_scan(const char *p, size_t len, struct arena *arena)
{
	struct scan s = { .p = p, .end = p + len, .arena = arena, .line = 1 };
	struct conf_line *text = arena_alloc(arena, sizeof *text);

	next(&s);
	while (s.token != TOKEN_END) {
		if (s.token == TOKEN_NAME)
			assignment(&s, text);
		else
			next(&s);
	}
	return text;
}

const struct conf_line *
conf_lines_global(const struct conf_line *text, const char *key, int line)
{
	const struct conf_line *n, *found = NULL;

	for (n = text->child; n; n = n->next)
		if (strcmp(n->key, key) == 0 && n->line <= line &&
		    line <= n->end)
			found = n;
	return found;
}

const struct conf_line *
conf_lines_key(const struct conf_line *node, const char *key)
{
	return node ? last_of(node, key) : NULL;
}

const struct conf_line *
conf_lines_index(const struct conf_line *node, size_t index,
    const struct conf_line **at)
{
	const struct conf_line *n = *at;

	if (!n)
		n = node ? node->child : NULL;
	while (n && (n->key || n->index < index))
		n = n->next;
	if (!n || n->index != index)
		return NULL;
	*at = n;
	return n;
}
