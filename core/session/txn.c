#include <string.h>

#include "mem.h"

#include "message.h"
#include "relay.h"

#include "txn.h"

void
txn_init(struct txn *t)
{
	memset(t, 0, sizeof *t);
	t->arena = arena_new();
}

void
txn_reset(struct txn *t)
{
	struct arena *arena = t->arena;

	relay_free(t->handoff);
	message_free(t->message);
	memset(t, 0, sizeof *t);
	arena_reset(arena);
	t->arena = arena;
}

void
txn_clear(struct txn *t)
{
	txn_reset(t);
	arena_free(t->arena);
	t->arena = NULL;
}

struct txn_rcpt *
txn_add_rcpt(struct txn *t, const struct path *path)
{
	struct txn_rcpt *r = arena_alloc(t->arena, sizeof *r);

	r->path = *path;
	r->state = TXN_RCPT_ASKED;
	if (t->rcpts_last != NULL)
		t->rcpts_last->next = r;
	else
		t->rcpts = r;
	t->rcpts_last = r;
	return r;
}

void
txn_take_out(struct txn *t, struct txn_rcpt *r)
{
	struct txn_rcpt **at, *last = NULL;

	for (at = &t->rcpts; *at != NULL && *at != r; at = &(*at)->next)
		last = *at;
	if (*at == NULL)
		return;
	*at = r->next;
	if (t->rcpts_last == r)
		t->rcpts_last = last;
}

const struct txn_param *
txn_param(const struct txn_param *list, const char *key)
{
	for (; list != NULL; list = list->next)
		if (strcmp(list->key, key) == 0)
			return list;
	return NULL;
}
