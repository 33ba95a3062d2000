#ifndef MAILDIR_H
#define MAILDIR_H

#include <stdbool.h>

struct message;
struct offload;
struct txn;

/*
 * maildir: store a message in a maildir, so that it stays.
 *
 * The file is written below tmp/ and synced, moved to new/, and new/ is
 * synced; only then is it told.  All of that happens in threads: the message
 * is copied to them in pieces, since its owner may go at any time.  A maildir
 * that is missing is made, with mode 0700.  Nothing is left behind in tmp/ by
 * a failure.
 */
enum { MAILDIR_NAME_MAX = 256 };

struct maildir;
/* error: 0, or an errno.  name: of the file in new/. */
typedef void (*maildir_fn)(void *arg, int error, const char *name);

struct maildir_conf {
	struct offload *offload;
	const char *path;	/* copied, as the next one is */
	const char *hostname;
};

/* fn comes later, once, unless cancelled. */
struct maildir *maildir_start(const struct maildir_conf *, const struct txn *,
    const struct message *, maildir_fn, void *arg);
/* Is the last piece with a thread: may it be there already? */
bool maildir_committed(const struct maildir *);
/* It may still be delivered, if it was about to be. */
void maildir_cancel(struct maildir *);		/* NULL is fine */

#endif
