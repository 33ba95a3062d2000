#ifndef BUNDLE_H
#define BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * bundle: all that a generation needs, read once, in a sealed memfd.
 *
 * An entry has a kind, a name, a path (what to call it in messages) and bytes.
 * The reader trusts nothing: offsets and lengths are checked when opened.
 */
enum bundle_kind {
	BUNDLE_CONF,		/* "conf": the encoded tree */
	BUNDLE_HOOK,		/* by name */
	BUNDLE_MODULE,
	BUNDLE_LIST,
	BUNDLE_SYSTEM,		/* "resolv.conf", "hosts" */
	BUNDLE_META,		/* "check": what the checker found */
	BUNDLE_CERT,		/* certificates, by absolute path */
	/* Only in the secret one. */
	BUNDLE_KEY,		/* private keys, by absolute path */
	BUNDLE_SECRET,		/* passwords, by reference */
};

struct bundle_writer;
struct bundle_writer *bundle_writer_new(void);
void bundle_writer_free(struct bundle_writer *);
/* Copies everything.  A second entry of the same kind and name is ignored. */
void bundle_add(struct bundle_writer *, enum bundle_kind, const char *name,
    const char *path, const void *p, size_t len);
/* Write and seal (no write, no growth, no more seals).  The descriptor, or -1
 * with errno. */
int bundle_seal(struct bundle_writer *, const char *label);

struct bundle;
/* Maps it, and does not own the descriptor.  NULL with errno. */
struct bundle *bundle_open(int fd);
void bundle_close(struct bundle *);
const char *bundle_find(const struct bundle *, enum bundle_kind,
    const char *name, size_t *len, const char **path);
/* 16 hexadecimal digits of the digest of its contents. */
const char *bundle_id(const struct bundle *);

#endif
