#include <errno.h>
#include <unistd.h>

#include <openssl/bio.h>

#include "log.h"

#include "tls_ssl.h"

/*
 * OpenSSL reads and writes through this: as its own socket BIO does, but both
 * descriptors in one object, and with an end to what one call may read.
 */
static int
on_read(BIO *b, char *p, size_t n, size_t *got)
{
	struct tls *t = BIO_get_data(b);
	ssize_t r;

	BIO_clear_retry_flags(b);
	*got = 0;
	if (t->budget == 0) {
		BIO_set_retry_read(b);
		return -1;
	}
	if (t->updates > TLS_UPDATES_MAX) {
		t->io_error = EPROTO;
		return -1;
	}
	if (n > t->budget)
		n = t->budget;
	do
		r = read(t->in, p, n);
	while (r < 0 && errno == EINTR);
	if (r > 0) {
		t->budget -= (size_t)r;
		*got = (size_t)r;
		return 1;
	}
	if (r == 0)
		t->eof = true;
	else if (errno == EAGAIN)
		BIO_set_retry_read(b);
	else
		t->io_error = errno;
	return r < 0 ? -1 : 0;
}

static int
on_write(BIO *b, const char *p, size_t n, size_t *put)
{
	struct tls *t = BIO_get_data(b);
	ssize_t w;

	BIO_clear_retry_flags(b);
	*put = 0;
	do
		w = write(t->out, p, n);
	while (w < 0 && errno == EINTR);
	if (w >= 0) {
		*put = (size_t)w;
		return 1;
	}
	if (errno == EAGAIN)
		BIO_set_retry_write(b);
	else
		t->io_error = errno;
	return -1;
}

static long
on_ctrl(BIO *b, int cmd, long num, void *p)
{
	const struct tls *t = BIO_get_data(b);

	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_EOF:
		return t->eof;
	}
	return 0;
}

static const BIO_METHOD *
method(void)
{
	static BIO_METHOD *m;

	if (m)
		return m;
	m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls");
	if (!m || !BIO_meth_set_read_ex(m, on_read) ||
	    !BIO_meth_set_write_ex(m, on_write) ||
	    !BIO_meth_set_ctrl(m, on_ctrl))
		log_fatal("out of memory");
	return m;
}

BIO *
tls_bio_new(struct tls *t)
{
	BIO *b = BIO_new(method());

	if (!b)
		log_fatal("out of memory");
	BIO_set_data(b, t);
	BIO_set_init(b, 1);
	return b;
}
