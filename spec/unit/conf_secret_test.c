#include <stdlib.h>

#include "buf.h"
#include "conf.h"
#include "conf_secret.h"
#include "mem.h"
#include "value.h"

#include "scratch.h"
#include "test.h"

/*
 * Wherever a relay may be written, its password leaves the tree, and what the
 * bundle carries has no trace of it.
 */
static const char text[] =
	"local login = { user = 'u', password = 'SECRET-0' }\n"
	"relays = { a = { 'smtp://127.0.0.1', auth = { user = 'u',\n"
	"  password = 'SECRET-1' } }, b = { { 'smtp://127.0.0.2',\n"
	"  auth = { 'u', 'SECRET-2' } }, { 'smtp://127.0.0.3',\n"
	"  auth = login } }, c = 'discard:' }\n"
	"relay = { 'smtp://127.0.0.4', auth = { 'u', 'SECRET-3' } }\n"
	"listen = { '127.0.0.1:25', { '127.0.0.1:26', relay = {\n"
	"  { 'smtp://127.0.0.5', auth = { 'u', 'SECRET-4' } }, 'a' } } }\n";

struct taken {
	unsigned count;
	char all[1024];
};

static void
on_secret(void *arg, const char *ref, const char *p, size_t len)
{
	struct taken *t = arg;

	t->count++;
	snprintf(t->all + strlen(t->all), sizeof t->all - strlen(t->all),
	    "%s=%.*s ", ref, (int)len, p);
}

static void
test_take(void)
{
	struct arena *arena = arena_new();
	struct taken t = { 0, "" };
	char error[CONF_ERROR_MAX] = "";
	struct value *tree;
	struct conf c;
	struct buf b;

	scratch_write("test.lua", text);
	tree = conf_evaluate(scratch_conf, NULL, 0, arena, error);
	test_str("evaluates", error, "");
	conf_secret_take(tree, arena, on_secret, &t);
	test_str("taken", t.all, "secret:1=SECRET-3 secret:2=SECRET-1 "
	    "secret:3=SECRET-2 secret:4=SECRET-0 "
	    "secret:5=SECRET-4 ");
	buf_init(&b);
	value_encode(tree, &b);
	test_ok("no trace", !memmem(b.p, b.len, "SECRET-", 7));
	buf_clear(&b);
	if (conf_read(tree, scratch_conf, arena, &c, error) < 0)
		test_str("reads", error, "");
	else
		test_str("reference", c.listener[1].session.relay->hop[0].
		    password, "secret:5");
	arena_free(arena);
}

/* Whatever is where a password should be, no message shows it. */
static const char *const wrong[] = {
	"relay = { 'smtp://h', auth = 'SECRET' }",
	"relay = { 'smtp://h', auth = { 'SECRET' } }",
	"relay = { 'smtp://h', auth = { 'u', 'SECRET', 'x' } }",
	"relay = { 'smtp://h', auth = { user = 'u', pass = 'SECRET' } }",
	"relay = { 'smtp://h', auth = { user = 5, password = 'SECRET' } }",
	"relay = { 'smtp://h', auth = { { 'SECRET' }, 'SECRET' } }",
	"relay = { 'smtp://h', auth = { user = 'u', SECRET = 'x' } }",
	"relay = { 'smtp://u:SECRET@h', timeout = 1 }",
	"relay = 'lmtp://u:SECRET@h'",
	"relays = { a = 'smtps://u:SECRET@h:465' }",
	"listen = {{ '::1', relay = { 'h:', auth = { password = 'SECRET' }}}}",
};

static void
test_wrong(void)
{
	struct arena *arena = arena_new();
	struct taken t = { 0, "" };
	char error[CONF_ERROR_MAX] = "";
	struct value *tree;
	struct conf c;
	size_t i;

	for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		scratch_write("test.lua", wrong[i]);
		tree = conf_evaluate(scratch_conf, NULL, 0, arena, error);
		if (!tree)
			abort();
		conf_secret_take(tree, arena, on_secret, &t);
		test_int(wrong[i], conf_read(tree, scratch_conf, arena, &c,
		    error), -1);
		test_ok(wrong[i], !strstr(error, "SECRET"));
		arena_reset(arena);
	}
	arena_free(arena);
}

int
main(void)
{
	scratch_open();
	test_take();
	test_wrong();
	scratch_close();
	return test_done();
}
