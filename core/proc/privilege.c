#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"

#include "privilege.h"

#define DEFAULT_USER "lunette"

/* The leak checker traces the process at its end. */
#ifdef __SANITIZE_ADDRESS__
enum { DUMPABLE = 1 };
#else
enum { DUMPABLE = 0 };
#endif

struct identity {
	const char *name;	/* of the account, for its groups */
	uid_t uid;
	gid_t gid;
};

static int fail(char *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static int
fail(char *error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, CONF_ERROR_MAX, fmt, ap);
	va_end(ap);
	return -1;
}

/* The account and its group; as root without a name that is `lunette`. */
static int
look_up(const char *user, const char *group, struct identity *out, char *error)
{
	const struct passwd *pw;
	const struct group *gr;

	out->name = user;
	out->uid = getuid();
	out->gid = getgid();
	if (!user && getuid() == 0)
		out->name = DEFAULT_USER;
	if (out->name) {
		pw = getpwnam(out->name);
		if (!pw && !user)
			return fail(error, "user: started as root, and there "
			    "is no account \"%s\": make one or set user",
			    DEFAULT_USER);
		if (!pw)
			return fail(error, "user: no account \"%s\"", user);
		out->uid = pw->pw_uid;
		out->gid = pw->pw_gid;
	}
	if (group) {
		gr = getgrnam(group);
		if (!gr)
			return fail(error, "group: no group \"%s\"", group);
		out->gid = gr->gr_gid;
	}
	return 0;
}

int
privilege_ids(const char *user, const char *group, uid_t *uid, gid_t *gid,
    char error[CONF_ERROR_MAX])
{
	struct identity id;

	if (geteuid() != 0)
		user = group = NULL;
	if (look_up(user, group, &id, error) < 0)
		return -1;
	*uid = id.uid;
	*gid = id.gid;
	return 0;
}

int
privilege_check(const char *user, const char *group, const char *chroot_dir,
    char error[CONF_ERROR_MAX])
{
	struct identity id;

	if (look_up(user, group, &id, error) < 0)
		return -1;
	if (geteuid() == 0)
		return 0;
	if (chroot_dir)
		return fail(error, "chroot: only root can change it to %s",
		    chroot_dir);
	if (id.uid != getuid())
		return fail(error, "user: only root can become \"%s\"", user);
	if (id.gid != getgid() && group)
		return fail(error, "group: only root can take on \"%s\"",
		    group);
	return 0;
}

static bool
is_kept(const char *entry)
{
	static const char *const prefix[] = { "TZ=", "LANG=", "LC_" };
	size_t i;

	for (i = 0; i < sizeof prefix / sizeof *prefix; i++)
		if (strncmp(entry, prefix[i], strlen(prefix[i])) == 0)
			return true;
	return false;
}

/* Keep TZ, LANG and LC_*, set PATH, forget the rest: a password for the
 * configuration may be there, and hooks run in this process. */
static void
clean_environment(void)
{
	enum { KEPT_MAX = 20 };
	static char *kept[KEPT_MAX];	/* putenv does not copy */
	size_t n = 0, i;

	for (i = 0; environ && environ[i]; i++) {
		if (n < KEPT_MAX && is_kept(environ[i]))
			kept[n++] = mem_strdup(environ[i]);
		explicit_bzero(environ[i], strlen(environ[i]));
	}
	clearenv();
	for (i = 0; i < n; i++)
		putenv(kept[i]);
	setenv("PATH", "/usr/bin:/bin", 1);
}

static int
change_ids(const struct identity *id, char *error)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (setresgid(id->gid, id->gid, id->gid) < 0 ||
	    setresuid(id->uid, id->uid, id->uid) < 0)
		return fail(error, "user: cannot become \"%s\": %s", id->name,
		    strerror(errno));
	getresuid(&ruid, &euid, &suid);
	getresgid(&rgid, &egid, &sgid);
	if (ruid != id->uid || euid != id->uid || suid != id->uid ||
	    rgid != id->gid || egid != id->gid || sgid != id->gid)
		return fail(error, "user: \"%s\" did not take", id->name);
	if (id->uid != 0 && (setresuid(-1, 0, -1) == 0 ||
	    setresuid(0, -1, -1) == 0))
		return fail(error, "user: \"%s\" can become root again",
		    id->name);
	return 0;
}

int
privilege_drop(const struct conf *conf, int death_signal,
    char error[CONF_ERROR_MAX])
{
	struct identity id;

	if (geteuid() == 0) {
		if (look_up(conf->user, conf->group, &id, error) < 0)
			return -1;
		/* While their files, and the code that reads them, are the
		 * system's.  A zone that has a name is not read again. */
		setenv("TZ", ":/etc/localtime", 0);
		tzset();
		if (initgroups(id.name, id.gid) < 0)
			return fail(error, "user: groups of \"%s\": %s",
			    id.name, strerror(errno));
		if (conf->chroot && (chroot(conf->chroot) < 0 ||
		    chdir("/") < 0))
			return fail(error, "chroot: %s: %s", conf->chroot,
			    strerror(errno));
		if (change_ids(&id, error) < 0)
			return -1;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0) < 0 ||
	    (death_signal && prctl(PR_SET_PDEATHSIG, death_signal) < 0))
		return fail(error, "prctl: %s", strerror(errno));
	clean_environment();
	return 0;
}
