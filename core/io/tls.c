#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <openssl/err.h>

#include "log.h"
#include "mem.h"

#include "tls_ssl.h"

#include "tls.h"

/* New keys cost much more than they are long, and nobody needs many. */
static void
on_message(int out, int version, int type, const void *p, size_t len, SSL *ssl,
    void *arg)
{
	struct tls *t = SSL_get_app_data(ssl);

	if (t->done && (type == SSL3_RT_HANDSHAKE || type == SSL3_RT_ALERT))
		t->updates++;
}

struct tls *
tls_new(SSL_CTX *ctx, int in, int out)
{
	struct tls *t = mem_alloc(sizeof *t);
	BIO *bio = tls_bio_new(t);

	t->in = in;
	t->out = out;
	t->ssl = SSL_new(ctx);
	if (!t->ssl)
		log_fatal("out of memory");
	SSL_set_app_data(t->ssl, t);
	SSL_set_msg_callback(t->ssl, on_message);
	SSL_set_bio(t->ssl, bio, bio);
	return t;
}

void
tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	tls_server_free(t->server);
	tls_client_free(t->client);
	mem_free(t->error);
	mem_free(t->sni);
	mem_free(t->subject);
	mem_free(t);
}

static void note(struct tls *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* One line for the log, if there is none yet. */
static void
note(struct tls *t, const char *fmt, ...)
{
	char text[TLS_ERROR_MAX];
	va_list ap;

	if (t->error)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	t->error = mem_strdup(text);
}

/* Before each call of OpenSSL's. */
static void
begin(struct tls *t)
{
	ERR_clear_error();
	t->budget = TLS_BUDGET;
}

static int
fail(struct tls *t, int err)
{
	ERR_clear_error();
	t->failed = errno = err;
	return -1;
}

/*
 * A call that has not succeeded: 0 at the end of input, else -1 with errno.
 * other: the descriptor's other direction is waited for, if that is EAGAIN.
 */
static int
settle(struct tls *t, int result, int usual, bool *other)
{
	int why = SSL_get_error(t->ssl, result);
	const char *complaint;

	switch (why) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		*other = why != usual;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		if (t->updates > TLS_UPDATES_MAX)
			note(t, "TLS: too many handshake messages");
		return fail(t, t->io_error ? t->io_error : ECONNRESET);
	}
	complaint = tls_client_complaint(t);
	note(t, "TLS: %s", complaint ? complaint : tls_reason());
	return fail(t, EPROTO);
}

int
tls_handshake(struct tls *t)
{
	int result;

	if (t->failed)
		return fail(t, t->failed);
	begin(t);
	t->read_wants_write = false;
	result = SSL_do_handshake(t->ssl);
	if (result == 1) {
		t->done = true;
		t->pending = SSL_has_pending(t->ssl);
		tls_describe(t);
		return 1;
	}
	if (settle(t, result, SSL_ERROR_WANT_READ, &t->read_wants_write) < 0)
		return -1;
	note(t, "TLS: the connection ended in the handshake");
	return fail(t, EPROTO);
}

ssize_t
tls_read(struct tls *t, char *p, size_t n)
{
	size_t got = 0, piece;
	int end, ok;

	assert(n > 0);
	t->pending = t->read_wants_write = false;
	if (t->failed)
		return fail(t, t->failed);
	begin(t);
	do {
		ok = SSL_read_ex(t->ssl, p + got, n - got, &piece);
		if (ok)
			got += piece;
	} while (ok && got < n && SSL_has_pending(t->ssl));
	if (ok) {
		t->pending = SSL_has_pending(t->ssl);
		return (ssize_t)got;
	}
	end = settle(t, 0, SSL_ERROR_WANT_READ, &t->read_wants_write);
	if (got == 0)
		return end;
	/* An end that is found behind data is found again. */
	t->pending = end == 0 || errno != EAGAIN;
	return (ssize_t)got;
}

ssize_t
tls_write(struct tls *t, const char *p, size_t n)
{
	size_t put;

	t->write_wants_read = false;
	if (t->failed)
		return fail(t, t->failed);
	begin(t);
	if (SSL_write_ex(t->ssl, p, n, &put))
		return (ssize_t)put;
	if (settle(t, 0, SSL_ERROR_WANT_WRITE, &t->write_wants_read) < 0)
		return -1;
	return fail(t, EPIPE);
}

int
tls_shutdown(struct tls *t)
{
	int result;

	if (!t->done || t->failed || t->closed)
		return 0;
	begin(t);
	result = SSL_shutdown(t->ssl);
	if (result < 0 && settle(t, result, SSL_ERROR_WANT_WRITE,
	    &t->write_wants_read) < 0 && errno == EAGAIN)
		return -1;
	t->closed = true;
	return 0;
}

bool
tls_pending(const struct tls *t)
{
	return t->pending;
}

bool
tls_wants_write(const struct tls *t)
{
	return t->read_wants_write;
}

bool
tls_wants_read(const struct tls *t)
{
	return t->write_wants_read;
}

const struct tls_info *
tls_info(const struct tls *t)
{
	return &t->info;
}

const char *
tls_error(const struct tls *t)
{
	return t->error ? t->error : "";
}
