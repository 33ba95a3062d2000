/* maildir: what is in the file, where it is, and what is left of failures. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "client.h"

static char dir[] = "/tmp/lunette-maildir-XXXXXX";
static struct nexthop hop = { .kind = NEXTHOP_MAILDIR };
static const struct route route = { "box", &hop, 1 };

static void
set_path(struct arena *arena, const char *below)
{
	hop.path = arena_printf(arena, "%s/%s", dir, below);
	hop.url = arena_printf(arena, "maildir:%s", hop.path);
}

/* The only file of a directory, and its text; -1 for other numbers of files. */
static int
only_file(const char *below, char *out, size_t size)
{
	char path[1024];
	struct dirent *e;
	int count = 0;
	FILE *f;
	DIR *d;

	snprintf(path, sizeof path, "%s/%s", hop.path, below);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (*e->d_name == '.' || count++)
			continue;
		snprintf(path, sizeof path, "%s/%s/%s", hop.path, below,
		    e->d_name);
		f = fopen(path, "r");
		out[fread(out, 1, size - 1, f)] = '\0';
		fclose(f);
		unlink(path);
	}
	if (d)
		closedir(d);
	return count == 1 ? 0 : -1;
}

static void
test_file(struct arena *arena)
{
	char text[1024] = "";
	struct stat st;
	struct txn txn;

	set_path(arena, "a/box");
	brief = true;
	make_txn(&txn, content);
	message_set_trace(txn.message, "Received: here\r\n");
	hand_off(&txn, &route, CHECK, 2);
	test_ok("stored", strncmp(got,
	    "250 2.1.5|250 2.1.5|250 2.0.0 id=", 33) == 0);
	txn_clear(&txn);
	test_int("in new", only_file("new", text, sizeof text), 0);
	test_str("text", text, "Return-Path: <a@one.test>\n"
	    "Delivered-To: b@two.test\nDelivered-To: c@two.test\n"
	    "Received: here\nSubject: x\n\n.dot\nend\n");
	test_int("nothing in tmp", only_file("tmp", text, sizeof text), -1);
	test_int("made", stat(hop.path, &st), 0);
	test_int("private", st.st_mode & 0777, 0700);
}

/* More than one piece. */
static void
test_large(struct arena *arena)
{
	enum { LINES = 100000 };
	static char text[LINES * 10 + 1024];
	struct txn txn;
	size_t i, skip;

	set_path(arena, "box");
	make_txn(&txn, "");
	message_free(txn.message);
	txn.message = new_message();
	message_append(txn.message, "\r\n", 2);
	for (i = 0; i < LINES; i++)
		message_append(txn.message, "012345678\r\n", 11);
	message_end(txn.message);
	hand_off(&txn, &route, HOOKS, 1);
	txn_clear(&txn);
	test_int("in new", only_file("new", text, sizeof text), 0);
	skip = strlen("Return-Path: <a@one.test>\n"
	    "Delivered-To: b@two.test\n\n");
	test_int("size", (long long)strlen(text), (long long)skip + LINES * 10);
	for (i = 0; i < LINES; i++) {
		if (memcmp(text + skip + i * 10, "012345678\n", 10) != 0)
			break;
	}
	test_int("every line", (long long)i, LINES);
}

static void
test_failures(struct arena *arena)
{
	char text[16];
	struct relay *r;
	struct txn txn;
	int code = 0;

	set_path(arena, "file");
	close(open(hop.path, O_CREAT | O_WRONLY, 0600));
	make_txn(&txn, content);
	hand_off(&txn, &route, HOOKS, 1);
	test_str("no directory", got, "451 4.3.0");
	unlink(hop.path);

	set_path(arena, "gone");
	got[0] = '\0';
	r = relay_new(relays, &route, &timeouts, &session, on_result,
	    &code);
	relay_deliver(r, &txn, txn.message);
	relay_free(r);
	txn_clear(&txn);
	free_relays();
	make_relays();
	test_str("left: nothing is told", got, "");
	only_file("new", text, sizeof text);
	test_int("and nothing stays in tmp", only_file("tmp", text,
	    sizeof text), -1);
}

int
main(void)
{
	struct arena *arena = arena_new();
	char command[128];

	if (!mkdtemp(dir))
		return 1;
	client_begin();
	log_set(LOG_LOGFMT, LOG_ERROR + 1);
	test_file(arena);
	test_large(arena);
	test_failures(arena);
	client_end();
	arena_free(arena);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	test_int("clean", system(command), 0);
	return test_done();
}
