#include <stdint.h>
#include <string.h>

#include "mem.h"
#include "value.h"

#include "conf_secret.h"

struct taker {
	struct arena *arena;
	conf_secret_fn fn;
	void *arg;
	unsigned count;
};

/* The tree is ours to change: its maker has made it for us. */
static struct value *
get(struct value *v, const char *key)
{
	return (struct value *)(uintptr_t)value_get(v, key);
}

static void
take(struct taker *t, struct value *v)
{
	char *p;

	if (v->type != VALUE_STRING)
		return;
	p = (char *)(uintptr_t)v->s.p;
	v->s.p = arena_printf(t->arena, "secret:%u", ++t->count);
	t->fn(t->arg, v->s.p, p, v->s.len);
	explicit_bzero(p, v->s.len);
	v->s.len = strlen(v->s.p);
}

/* auth = { user = ..., password = ... }, or the two in this order. */
static void
take_login(struct taker *t, struct value *auth)
{
	struct value *password = get(auth, "password");

	if (!password && value_len(auth) > 1)
		password = &auth->t.item[1].v;
	if (password)
		take(t, password);
}

/* A next hop with options, or a list of next hops. */
static void
take_relay(struct taker *t, struct value *v)
{
	struct value *auth;
	size_t i;

	if (!v || v->type != VALUE_TABLE)
		return;
	auth = get(v, "auth");
	if (auth && auth->type == VALUE_TABLE)
		take_login(t, auth);
	for (i = 0; i < value_len(v); i++)
		take_relay(t, &v->t.item[i].v);
}

void
conf_secret_take(struct value *tree, struct arena *arena, conf_secret_fn fn,
    void *arg)
{
	struct taker t = { arena, fn, arg, 0 };
	struct value *relays = get(tree, "relays");
	struct value *listen = get(tree, "listen");
	size_t i;

	take_relay(&t, get(tree, "relay"));
	for (i = 0; relays && relays->type == VALUE_TABLE &&
	    i < relays->t.count; i++)
		take_relay(&t, &relays->t.item[i].v);
	if (!listen || listen->type != VALUE_TABLE)
		return;
	take_relay(&t, get(listen, "relay"));
	for (i = 0; i < value_len(listen); i++)
		take_relay(&t, get(&listen->t.item[i].v, "relay"));
}
