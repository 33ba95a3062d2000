#include <stddef.h>

#include <ev.h>

#include "turn.h"

static struct {
	struct turn *first, **end;
	ev_prepare event;	/* never started, only fed */
} turns = { .end = &turns.first };

static void
unlink_turn(struct turn *t)
{
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	else
		turns.end = t->prev;
	t->prev = NULL;
}

static void
on_turn(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct turn *t;

	while ((t = turns.first)) {
		unlink_turn(t);
		t->fn(t->arg);
	}
}

void
turn_add(struct ev_loop *loop, struct turn *t)
{
	if (t->prev)
		return;
	if (!ev_is_pending(&turns.event)) {
		ev_prepare_init(&turns.event, on_turn);
		ev_set_priority(&turns.event, EV_MAXPRI);
		ev_feed_event(loop, &turns.event, EV_CUSTOM);
	}
	t->next = NULL;
	t->prev = turns.end;
	*turns.end = t;
	turns.end = &t->next;
}

void
turn_remove(struct ev_loop *loop, struct turn *t)
{
	if (!t->prev)
		return;
	unlink_turn(t);
	if (!turns.first && ev_is_pending(&turns.event))
		ev_clear_pending(loop, &turns.event);
}
