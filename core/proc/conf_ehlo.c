#include <ctype.h>

#include "mem.h"
#include "session.h"
#include "value.h"

#include "conf_place.h"

#include "conf_schema.h"

static bool
is_word(const char *p)
{
	if (!p || !*p)
		return false;
	for (; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-')
			return false;
	return true;
}

/* The positional items of a list, or one word: in upper case, NULL at the
 * end. */
static const char *const *
words(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	struct conf_step at = { .up = step };
	size_t count = conf_list_len(v), i;
	const struct value *item;
	const char **list;
	char *p;

	list = arena_alloc(r->arena, (count + 1) * sizeof *list);
	for (i = 0; i < count; i++) {
		item = conf_list_at(v, i);
		at.index = i + 1;
		if (!is_word(conf_text(item))) {
			conf_fail_type(r, item, item == v ? step : &at,
			    "an EHLO keyword such as \"SIZE\"");
			return NULL;
		}
		list[i] = p = arena_strdup(r->arena, item->s.p);
		for (; *p; p++)
			*p = (char)toupper((unsigned char)*p);
	}
	return list;
}

static int
read_net(struct conf_reader *r, const struct value_item *item,
    const struct conf_step *up, struct session_withhold *out)
{
	struct conf_step step = { .up = up, .key = item->key };

	if (cidr_parse(item->key, &out->net) < 0)
		return conf_fail(r, &item->v, &step, "expected a network such "
		    "as \"192.0.2.0/24\", with a list of keywords");
	if (item->v.type == VALUE_TABLE &&
	    item->v.t.count > value_len(&item->v))
		return conf_fail_type(r, &item->v, &step,
		    "a list of EHLO keywords");
	out->keyword = words(r, &item->v, &step);
	return out->keyword ? 0 : -1;
}

/* { "HELP", ["10.0.0.0/8"] = { "SIZE" } }: for all, and for some. */
int
conf_ehlo_read(struct conf_reader *r, const struct value *v,
    const struct conf_step *step)
{
	struct session_conf *s = r->session;
	struct session_withhold *from;
	size_t i, list;

	s->withhold = words(r, v, step);
	s->withhold_from = NULL;
	s->withholds = 0;
	if (!s->withhold)
		return -1;
	if (v->type != VALUE_TABLE)
		return 0;
	list = value_len(v);
	from = arena_alloc(r->arena, (v->t.count + 1) * sizeof *from);
	for (i = list; i < v->t.count; i++)
		if (read_net(r, &v->t.item[i], step, &from[i - list]) < 0)
			return -1;
	s->withhold_from = from;
	s->withholds = v->t.count - list;
	return 0;
}
