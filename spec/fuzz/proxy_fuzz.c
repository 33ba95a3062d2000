#include "addr.h"
#include "fuzz.h"
#include "mem.h"
#include "proxy.h"

/*
 * The header of a proxy, whole and growing: once it is good or bad it stays
 * so, and what is good is written and read again.
 */
static enum proxy_status
parse(const uint8_t *data, size_t size, struct proxy_header *h, size_t *len)
{
	char *copy = mem_alloc(size + !size);	/* not an octet more */
	const char *error = NULL;
	enum proxy_status status;

	if (size)
		memcpy(copy, data, size);
	status = proxy_parse(copy, size, h, len, &error);
	assert(status != PROXY_BAD || (error && *error));
	assert(status != PROXY_DONE || (*len > 0 && *len <= size));
	assert(status != PROXY_MORE || size < PROXY_MAX);
	mem_free(copy);
	return status;
}

static void
check_header(const struct proxy_header *h)
{
	struct proxy_header again;
	struct buf out;
	size_t len;

	assert(memchr(h->tls_version, '\0', sizeof h->tls_version));
	assert(memchr(h->tls_cipher, '\0', sizeof h->tls_cipher));
	assert(memchr(h->sni, '\0', sizeof h->sni));
	assert(memchr(h->tls_subject, '\0', sizeof h->tls_subject));
	assert(h->tls || !h->tls_verified);
	assert(h->local == !addr_family(&h->client));
	assert(h->local == !addr_family(&h->server));
	buf_init(&out);
	proxy_write(&out, &h->client, &h->server);
	assert(parse((uint8_t *)out.p, out.len, &again, &len) == PROXY_DONE);
	assert(len == out.len);
	assert(h->local == again.local);
	assert(h->local || addr_equal(&h->client, &again.client));
	if (addr_family(&h->client) == addr_family(&h->server))
		assert(h->local || addr_equal(&h->server, &again.server));
	buf_clear(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = fuzz_piece(&data, &size), len, part_len, at;
	struct proxy_header h, part;
	enum proxy_status status = parse(data, size, &h, &len), got;

	for (at = 0; at < size; at += piece) {
		got = parse(data, at, &part, &part_len);
		if (got == PROXY_MORE)
			continue;
		assert(got == status);
		assert(got == PROXY_BAD || part_len == len);
	}
	if (status == PROXY_DONE)
		check_header(&h);
	return 0;
}
