#include <string.h>

#include "buf.h"
#include "log.h"
#include "mem.h"

#include "tally.h"

static bool
same(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

void
tally_add(struct tally *t, struct arena *arena, enum stage stage,
    const struct verdict *v)
{
	struct tally_item *i, *end = t->item + t->count;

	for (i = t->item; i < end; i++) {
		if (i->stage == stage && i->kind == v->kind &&
		    same(i->hook, v->hook)) {
			i->times++;
			return;
		}
	}
	if (t->count == TALLY_MAX) {
		t->more++;
		return;
	}
	i->stage = stage;
	i->kind = v->kind;
	i->hook = arena_strdup(arena, v->hook);
	i->times = 1;
	t->count++;
}

void
tally_log(const struct tally *t, struct log_line *line)
{
	const struct tally_item *i, *end = t->item + t->count;
	struct buf text;

	if (t->count == 0)
		return;
	buf_init(&text);
	for (i = t->item; i < end; i++) {
		buf_printf(&text, "%s%s=%s", text.len > 0 ? " " : "",
		    stage_name(i->stage), verdict_name(i->kind));
		if (i->hook != NULL)
			buf_printf(&text, "(%s)", i->hook);
		if (i->times > 1)
			buf_printf(&text, "*%u", i->times);
	}
	if (t->more > 0)
		buf_printf(&text, " and %u more", t->more);
	log_bytes(line, "verdicts", text.p, text.len);
	buf_clear(&text);
}
