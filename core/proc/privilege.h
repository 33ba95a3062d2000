#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include <sys/types.h>

#include "conf.h"

/*
 * privilege: become the unprivileged user, for good.
 *
 * The account is `user`; without it, and as root, it is `lunette`.  A process
 * that is not root changes nothing of its ids.
 */

/*
 * Can this process become what the configuration asks for?  Asked once at
 * start-up.  Root: the account must exist.  Not root: user and group must be
 * ours and there must be no chroot.  0, or -1 with one line in error.
 */
int privilege_check(const char *user, const char *group, const char *chroot_dir,
    char error[CONF_ERROR_MAX]);

/*
 * Drop for good: chroot, supplementary groups, gid, uid, and a check that none
 * of it comes back.  Then the signal that the death of the parent sends (0:
 * none) and the dumpable flag, both of which setresuid clears, and an
 * environment of an allow-list.  0, or -1 with one line in error.
 */
int privilege_drop(const struct conf *, int death_signal,
    char error[CONF_ERROR_MAX]);

/* The ids that `user` and `group` stand for, by the rule above: what the
 * supervisor gives its files to.  Not root: our own. */
int privilege_ids(const char *user, const char *group, uid_t *uid, gid_t *gid,
    char error[CONF_ERROR_MAX]);

#endif
