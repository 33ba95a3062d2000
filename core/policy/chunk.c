#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"

#include "host.h"

#include "chunk.h"

struct chunk {
	const char *path;
	struct chunk *next;
};

void
chunk_remember(struct policy *p, const char *path)
{
	struct chunk *c;

	if (strlen(path) < 50)
		return;		/* never cut */
	c = arena_alloc(p->arena, sizeof *c);
	c->path = arena_strdup(p->arena, path);
	c->next = p->chunks;
	p->chunks = c;
}

/* The path that ends as tail does, or NULL. */
static const char *
full_path(const struct policy *p, const char *tail, size_t len)
{
	const struct chunk *c;
	size_t n;

	for (c = p->chunks; c; c = c->next) {
		n = strlen(c->path);
		if (n >= len && memcmp(c->path + n - len, tail, len) == 0)
			return c->path;
	}
	return NULL;
}

void
chunk_first_line(const struct policy *p, const char *text, char *out,
    size_t size)
{
	size_t len = strcspn(text, "\n"), tail;
	const char *path;

	if (strncmp(text, "...", 3) == 0) {
		tail = strcspn(text + 3, ":\n");
		path = full_path(p, text + 3, tail);
		if (path) {
			snprintf(out, size, "%s%.*s", path,
			    (int)(len - 3 - tail), text + 3 + tail);
			return;
		}
	}
	snprintf(out, size, "%.*s", (int)len, text);
}

bool
chunk_has_line(const char *text)
{
	size_t len = strcspn(text, "\n"), i, n;

	for (i = 0; i < len; i++) {
		n = strspn(text + i + 1, "0123456789");
		if (text[i] == ':' && n > 0 && text[i + 1 + n] == ':')
			return true;
	}
	return false;
}

static int
is_word(const char *text, size_t len, size_t i)
{
	return i < len && (isalnum((unsigned char)text[i]) || text[i] == '_');
}

int
chunk_line_of(const char *text, size_t len, const char *word)
{
	size_t i, n = strlen(word);
	int line = 1;

	for (i = 0; i + n <= len; i++) {
		if (text[i] == '\n')
			line++;
		else if (memcmp(text + i, word, n) == 0 &&
		    !is_word(text, len, i + n) &&
		    (i == 0 || !is_word(text, len, i - 1)))
			return line;
	}
	return 1;
}
