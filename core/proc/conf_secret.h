#ifndef CONF_SECRET_H
#define CONF_SECRET_H

#include <stddef.h>

struct arena;
struct value;

/*
 * conf_secret: passwords are taken out of a tree before it goes into a bundle
 * that everyone may read.
 *
 * In the place of each, wherever a relay is written, stands its reference,
 * "secret:1"; fn gets the reference and the password, which is wiped
 * afterwards.  What is no text stays: the schema refuses it, and does not show
 * it.
 */
typedef void (*conf_secret_fn)(void *arg, const char *ref, const char *p,
    size_t len);

void conf_secret_take(struct value *tree, struct arena *, conf_secret_fn,
    void *arg);

#endif
