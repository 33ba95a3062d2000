#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_schema.h"

#include "test.h"

/*
 * doc/conf.md against the schema: each key has a row, with its type and its
 * default, and there is no row for a key that does not exist.
 */
static const char *
type_word(const struct conf_key *k)
{
	switch (k->type) {
	case CONF_GROUP:
		return "table";
	case CONF_TEXT:
	case CONF_LOG:
		return "text";
	case CONF_HOST:
		return "host name";
	case CONF_BOOL:
		return "boolean";
	case CONF_COUNT:
	case CONF_COUNT64:
		return "count";
	case CONF_INT:
	case CONF_NUMBER:
		return "number";
	case CONF_SIZE:
	case CONF_SIZE64:
		return "size";
	case CONF_DURATION:
		return "duration";
	case CONF_CHOICE:
	case CONF_EITHER:
		return "choice";
	case CONF_CIDRS:
		return "networks";
	case CONF_PATH:
		return "path";
	case CONF_PATHS:
		return "paths";
	case CONF_SERVERS:
		return "addresses";
	case CONF_USER:
		return "account";
	case CONF_USER_GROUP:
		return "group";
	case CONF_RAW:
	case CONF_LATER:
		break;
	}
	return NULL;		/* the page finds its own word */
}

/* Column n of the row for a key, without the spaces around it. */
static bool
column(const char *page, const char *key, int n, char *out, size_t size)
{
	char mark[80];
	const char *p, *end;

	snprintf(mark, sizeof mark, "\n| `%s` |", key);
	p = strstr(page, mark);
	if (!p)
		return false;
	for (p += 1; n > 0; n--)
		p = strchr(p + 1, '|');
	end = strchr(p + 1, '|');
	snprintf(out, size, "%.*s", (int)(end - p - 3), p + 2);
	return true;
}

static void
test_key(const char *page, const struct conf_key *k)
{
	char mark[80], text[256];

	snprintf(mark, sizeof mark, "`%s`", k->name);
	if (k->type == CONF_LATER) {
		test_ok(k->name, strstr(page, mark) != NULL);
		return;
	}
	if (k->type == CONF_GROUP && !k->group)
		return;		/* its keys have rows */
	if (!column(page, k->name, 1, text, sizeof text)) {
		test_str(k->name, "no row", "a row");
		return;
	}
	if (type_word(k))
		test_str(k->name, text, type_word(k));
	column(page, k->name, 2, text, sizeof text);
	if (k->initial)
		test_str(k->name, text, k->initial);
	column(page, k->name, 3, text, sizeof text);
	if (k->listener && strncmp(k->name, "limits.", 7) == 0)
		test_ok(k->name, text[0] == '*');
	else
		test_ok(k->name, text[0] != '*');
}

static bool
is_key(const char *name)
{
	size_t i;

	for (i = 0; i < conf_schema_size; i++)
		if (strcmp(conf_schema[i].name, name) == 0)
			return true;
	return false;
}

/* Rows of the tables that have a default. */
static void
test_rows(const char *page)
{
	bool keys = false;
	const char *p = page;
	char name[80];

	for (; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		if (strncmp(p, "| key | type |", 14) == 0 ||
		    strncmp(p, "| option | type |", 17) == 0)
			keys = true;
		else if (*p != '|')
			keys = false;
		else if (keys && sscanf(p, "| `%79[^`]`", name) == 1)
			test_ok(name, is_key(name));
	}
}

int
main(void)
{
	static char page[128 * 1024];
	FILE *f = fopen("doc/conf.md", "r");
	size_t i;

	if (!f || fread(page, 1, sizeof page - 1, f) == 0) {
		fprintf(stderr, "doc/conf.md cannot be read\n");
		return 1;
	}
	fclose(f);
	for (i = 0; i < conf_schema_size; i++)
		test_key(page, &conf_schema[i]);
	test_rows(page);
	return test_done();
}
