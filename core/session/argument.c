#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "utf8.h"

#include "offer.h"
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

/* What follows the word and the spaces that some put behind it. */
static bool
skip_word(struct line *arg, const char *word)
{
	size_t n = strlen(word);

	if (arg->len < n || strncasecmp(arg->p, word, n) != 0)
		return false;
	do {
		arg->p += n;
		arg->len -= n;
		n = 1;
	} while (arg->len > 0 && *arg->p == ' ');
	return true;
}

static void
set_original(struct line arg, struct line rest, struct line *out)
{
	out->p = arg.p;
	out->len = (size_t)(rest.p - arg.p);
	while (out->len > 0 && arg.p[out->len - 1] == ' ')
		out->len--;
}

/* Did the client announce UTF-8, for this command or, in MAIL, with it? */
static bool
wants_utf8(const struct session *s, enum argument_of of,
    const struct command_params *params)
{
	if (of == ARGUMENT_TO)
		return s->txn.sender.utf8;
	return offer_has(s, EHLO_SMTPUTF8) &&
	    command_param(params, "SMTPUTF8") != NULL;
}

/* Whether 8-bit bytes in the path are welcome, what is behind it may say. */
bool
argument_parse(struct session *s, struct line arg, enum argument_of of,
    struct argument *out)
{
	bool sender = of == ARGUMENT_FROM;
	enum path_kind kind = sender ? PATH_REVERSE : PATH_FORWARD;
	enum path_status status;
	struct line rest;
	bool utf8;

	if (!skip_word(&arg, sender ? "FROM:" : "TO:")) {
		session_error(s, 501, "5.5.4", sender ?
		    "FROM:<address> is needed" : "TO:<address> is needed");
		return false;
	}
	status = path_parse(arg, kind, false, &out->path, &rest);
	if (status != PATH_OK && status != PATH_8BIT) {
		say_bad_path(s, status, sender);
		return false;
	}
	if (command_params_parse(rest, true, &out->params) != 0) {
		session_error(s, 501, "5.5.4", "bad parameters");
		return false;
	}
	utf8 = wants_utf8(s, of, &out->params);
	if (status == PATH_8BIT && utf8)
		status = path_parse(arg, kind, true, &out->path, &rest);
	if (status != PATH_OK) {
		say_bad_path(s, status, sender);
		return false;
	}
	if (!utf8 && utf8_has_8bit(rest)) {
		session_error(s, 501, "5.5.4", "bad parameters");
		return false;
	}
	set_original(arg, rest, &out->original);
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
