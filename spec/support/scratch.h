#ifndef SCRATCH_H
#define SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* scratch: a directory for the files of one C spec, with test.lua in it. */
static char scratch_dir[] = "/tmp/lunette-unit.XXXXXX";
static char scratch_conf[64];		/* the path of test.lua */

static inline void
scratch_open(void)
{
	if (!mkdtemp(scratch_dir) || chmod(scratch_dir, 0755) < 0)
		abort();
	snprintf(scratch_conf, sizeof scratch_conf, "%s/test.lua",
	    scratch_dir);
}

static inline int
scratch_remove(const char *path, const struct stat *st, int type,
    struct FTW *at)
{
	return remove(path);
}

static inline void
scratch_close(void)
{
	nftw(scratch_dir, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void
scratch_write(const char *name, const char *text)
{
	char path[128], *slash;
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", scratch_dir, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	mkdir(path, 0755);
	*slash = '/';
	f = fopen(path, "w");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
}

static inline void
scratch_replace(char *text, const char *what, char with)
{
	char *p;

	while ((p = strstr(text, what))) {
		*p = with;
		memmove(p + 1, p + strlen(what), strlen(p + strlen(what)) + 1);
	}
}

/* In a message: the path of test.lua becomes F, that of the directory D. */
static inline char *
scratch_shorten(char *text)
{
	scratch_replace(text, scratch_conf, 'F');
	scratch_replace(text, scratch_dir, 'D');
	return text;
}

#endif
