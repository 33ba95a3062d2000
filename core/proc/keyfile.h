#ifndef KEYFILE_H
#define KEYFILE_H

#include "conf.h"

struct bundle_writer;

/*
 * keyfile: certificates and private keys go from their files into the bundles:
 * what holds a private key into the secret one, all else into the other.
 *
 * A key that everyone may read is worth a warning.  0, or -1 with one line that
 * names place and file.
 */
int keyfile_read(const struct conf *, struct bundle_writer *open,
    struct bundle_writer *secret, char error[CONF_ERROR_MAX]);

#endif
