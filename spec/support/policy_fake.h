#ifndef POLICY_FAKE_H
#define POLICY_FAKE_H

#include <fcntl.h>

#include "session_fake.h"

#include "conf.h"
#include "dns.h"
#include "offload.h"
#include "policy.h"
#include "value.h"

/*
 * A policy from texts: hooks and modules are strings in the test, lunette.*
 * comes from lua/lunette, and the list `hooks` is written as in a
 * configuration, for which a file is made that is called conf.lua in errors.
 */
enum { FILES_MAX = 24 };

static struct policy_fake {
	struct { enum policy_file kind; const char *name; char *text; size_t len; } file[FILES_MAX];
	size_t files;
	struct arena *arena;
	struct policy_conf conf;
	struct policy *p;
	struct dns *dns;
	struct offload *offload;
	char running[64];
	char error[1024];
} pf;

static inline const char *
policy_fake_read(const char *path, size_t *len)
{
	char *p = mem_alloc(65536);
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, p, 65535);

	if (fd >= 0)
		close(fd);
	if (n < 0) {
		mem_free(p);
		return NULL;
	}
	*len = (size_t)n;
	return p;
}

static inline void
policy_fake_add(enum policy_file kind, const char *name, const char *text,
    size_t len)
{
	char *copy = mem_alloc(len + 1);

	memcpy(copy, text, len);
	pf.file[pf.files].kind = kind;
	pf.file[pf.files].name = name;
	pf.file[pf.files].len = len;
	pf.file[pf.files++].text = copy;
}

static inline const char *
policy_fake_find(void *arg, enum policy_file kind, const char *name,
    size_t *len, const char **path)
{
	static char paths[64][128];
	static size_t at;
	const char *text;
	size_t i;

	*path = paths[at++ % 64];
	snprintf((char *)(uintptr_t)*path, 128, "%s/%s.lua",
	    kind == POLICY_HOOK ? "hooks" : "lua", name);
	for (i = 0; i < pf.files; i++) {
		if (pf.file[i].kind != kind ||
		    strcmp(pf.file[i].name, name) != 0)
			continue;
		*len = pf.file[i].len;
		return pf.file[i].text;
	}
	if (kind != POLICY_MODULE || strncmp(name, "lunette.", 8) != 0)
		return NULL;
	snprintf((char *)(uintptr_t)*path, 128, "lua/lunette/%s.lua",
	    name + 8);
	text = policy_fake_read(*path, len);
	if (!text)
		return NULL;
	policy_fake_add(kind, arena_strdup(pf.arena, name), text, *len);
	mem_free((char *)(uintptr_t)text);
	return pf.file[pf.files - 1].text;
}

static inline void
policy_fake_begin(void)
{
	memset(&pf, 0, sizeof pf);
	fake_begin();
	fake.fd = -1;
	pf.arena = arena_new();
	pf.conf.find = policy_fake_find;
	pf.conf.memory = 16 * 1024 * 1024;
	pf.conf.start_timeout = 5;
	pf.conf.running = pf.running;
	pf.conf.running_size = sizeof pf.running;
	pf.conf.conf_path = "conf.lua";
	pf.offload = offload_new(fake.loop, 1);
	fake.env.offload = pf.offload;
}

static inline void
policy_fake_hook(const char *name, const char *text)
{
	policy_fake_add(POLICY_HOOK, name, text, strlen(text));
}

/* The list as in a configuration; false with pf.error. */
static inline bool
policy_fake_load(const char *hooks, bool check)
{
	char path[] = "/tmp/policy_test.XXXXXX", *at;
	int fd = mkstemp(path);
	struct value *v = NULL;

	if (fd < 0 || dprintf(fd, "hooks = { %s }\n", hooks) < 0)
		exit(1);
	close(fd);
	v = conf_evaluate(path, NULL, 0, pf.arena, pf.error);
	unlink(path);
	if (!v)
		return false;
	pf.conf.hooks = value_get(v, "hooks");
	pf.conf.shared = value_get(v, "shared");
	pf.conf.checking = check;
	pf.p = policy_load(&pf.conf, check ? NULL : &fake.env, pf.error,
	    sizeof pf.error);
	at = strstr(pf.error, path);
	if (at)
		memmove(at + 4, at + strlen(path),
		    strlen(at + strlen(path)) + 1);
	if (at)
		memcpy(at, "conf", 4);
	if (!pf.p)
		return false;
	fake.env.policy = &policy_session;
	fake.env.policy_data = pf.p;
	fake.conf.stages = policy_stages(pf.p, 0);
	return true;
}

static inline void
policy_fake_end(void)
{
	size_t i;

	fake_hang_up();
	session_free(fake.s);
	fake.s = NULL;
	policy_free(pf.p);
	offload_free(pf.offload);
	dns_free(pf.dns);
	for (i = 0; i < pf.files; i++)
		mem_free(pf.file[i].text);
	arena_free(pf.arena);
	fake_end();
}

#endif
