#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "mem.h"

#include "bundle.h"
#include "file.h"

#include "keyfile.h"

enum { SIZE_MAX_PEM = 4 * 1024 * 1024 };	/* all CAs there are: 200K */

/* "-----BEGIN EC PRIVATE KEY-----" and its like. */
static bool
holds_key(const char *p, size_t len)
{
	static const char mark[] = "PRIVATE KEY-----";

	return memmem(p, len, mark, sizeof mark - 1) != NULL;
}

static void
warn_of_mode(const struct conf_file *f)
{
	struct stat st;

	if (stat(f->path, &st) == 0 && st.st_mode & S_IROTH)
		log_event(LOG_WARN, "start", "%s: %s: everyone may read this "
		    "private key", f->place, f->path);
}

static int
read_one(const struct conf_file *f, struct arena *arena,
    struct bundle_writer *open, struct bundle_writer *secret, char *error)
{
	const char *why;
	size_t len;
	char *p;

	why = file_read(f->path, SIZE_MAX_PEM, arena, &p, &len);
	if (why) {
		snprintf(error, CONF_ERROR_MAX, "%.500s: %.300s: %s", f->place,
		    f->path, why);
		return -1;
	}
	if (!f->secret && !holds_key(p, len)) {
		bundle_add(open, BUNDLE_CERT, f->path, f->path, p, len);
		return 0;
	}
	bundle_add(secret, BUNDLE_KEY, f->path, f->path, p, len);
	if (holds_key(p, len))
		warn_of_mode(f);
	explicit_bzero(p, len);
	return 0;
}

int
keyfile_read(const struct conf *c, struct bundle_writer *open,
    struct bundle_writer *secret, char error[CONF_ERROR_MAX])
{
	struct arena *arena = arena_new();
	const struct conf_file *f;
	int result = 0;

	for (f = c->files; f && result == 0; f = f->next)
		result = read_one(f, arena, open, secret, error);
	arena_free(arena);
	return result;
}
