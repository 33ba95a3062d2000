#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "mem.h"

#include "session_io.h"

#include "argument.h"

static void
say_bad_path(struct session *s, enum path_status status, bool sender)
{
	const char *enhanced = sender ? "5.1.7" : "5.1.3";

	switch (status) {
	case PATH_OK:
	case PATH_SYNTAX:
		session_error(s, 501, enhanced, "bad address syntax");
		return;
	case PATH_LONG:
		session_error(s, 501, enhanced, "address too long");
		return;
	case PATH_8BIT:
		session_error(s, 553, "5.6.7",
		    "addresses beyond ASCII are not supported");
		return;
	case PATH_UTF8:
		session_error(s, 501, "5.5.2", "address is not valid UTF-8");
		return;
	}
}

bool
argument_parse(struct session *s, struct line arg, const char *word,
    struct argument *out)
{
	size_t n = strlen(word);
	bool sender = word[0] == 'F';
	enum path_status status;
	struct line rest;

	if (arg.len < n || strncasecmp(arg.p, word, n) != 0) {
		session_error(s, 501, "5.5.4", sender ?
		    "FROM:<address> is needed" : "TO:<address> is needed");
		return false;
	}
	arg.p += n;
	arg.len -= n;
	while (arg.len > 0 && *arg.p == ' ') {
		arg.p++;
		arg.len--;
	}
	status = path_parse(arg, sender ? PATH_REVERSE : PATH_FORWARD, false,
	    &out->path, &rest);
	if (status != PATH_OK) {
		say_bad_path(s, status, sender);
		return false;
	}
	out->original = arg;
	out->original.len = (size_t)(rest.p - arg.p);
	while (out->original.len > 0 &&
	    arg.p[out->original.len - 1] == ' ')
		out->original.len--;
	if (command_params_parse(rest, false, &out->params) != 0) {
		session_error(s, 501, "5.5.4", "bad parameters");
		return false;
	}
	return true;
}

struct txn_param *
argument_params(struct arena *arena, const struct command_params *params)
{
	struct txn_param *list = NULL;
	size_t i = params->count;

	while (i-- > 0) {
		const struct command_param *p = &params->item[i];
		struct txn_param *kept = arena_alloc(arena, sizeof *kept);
		char *key = arena_strndup(arena, p->key.p, p->key.len), *c;

		for (c = key; *c != '\0'; c++)
			*c = (char)toupper((unsigned char)*c);
		kept->key = key;
		if (p->value.p != NULL)
			kept->value = arena_strndup(arena, p->value.p,
			    p->value.len);
		kept->next = list;
		list = kept;
	}
	return list;
}
