#include "buf.h"
#include "reply.h"
#include "utf8.h"

#include "ehlo.h"
#include "message.h"
#include "txn.h"

#include "envelope.h"

enum { CHUNK_SIZE = 64 * 1024 };

static void
put_param(struct buf *out, const char *name, const char *value)
{
	if (value)
		buf_printf(out, " %s=%s", name, value);
}

static bool
is_8bit(const struct path *path)
{
	return utf8_has_8bit((struct line){ path->text, path->len });
}

/* Does the envelope itself need SMTPUTF8 (RFC 6531 3.4)? */
static bool
is_utf8(const struct txn *txn, const struct txn_rcpt *only)
{
	const struct txn_rcpt *r;

	if (is_8bit(&txn->sender.path))
		return true;
	if (only)
		return is_8bit(&only->path);
	for (r = txn->rcpts; r; r = r->next) {
		if (r->state == TXN_RCPT_ACCEPTED && is_8bit(&r->path))
			return true;
	}
	return false;
}

/* The AUTH parameter is for servers that know us (RFC 4954 5). */
void
envelope_mail(struct buf *out, const struct txn *txn, uint64_t size,
    const struct envelope_hop *hop)
{
	const struct txn_sender *s = &txn->sender;
	unsigned offers = hop->ehlo->offers;

	buf_printf(out, "MAIL FROM:<%s>", s->path.text);
	if (size && offers & EHLO_SIZE)
		buf_printf(out, " SIZE=%llu", (unsigned long long)size);
	if (s->eight_bit && offers & EHLO_8BITMIME)
		buf_puts(out, " BODY=8BITMIME");
	if (offers & EHLO_SMTPUTF8 && (s->utf8 || is_utf8(txn, NULL)))
		buf_puts(out, " SMTPUTF8");
	if (offers & EHLO_DSN) {
		put_param(out, "RET", s->ret);
		put_param(out, "ENVID", s->envid);
	}
	if (offers & EHLO_AUTH && hop->authenticated)
		put_param(out, "AUTH", s->auth);
	if (s->require_tls && offers & EHLO_REQUIRETLS)
		buf_puts(out, " REQUIRETLS");
}

/* One code point of valid UTF-8, which may end at len. */
static unsigned
code_point(const char *p, size_t *len)
{
	unsigned char first = (unsigned char)*p;
	unsigned c = first;
	size_t i, n = first < 0x80 ? 1 : first < 0xe0 ? 2 :
	    first < 0xf0 ? 3 : 4;

	if (n > 1)
		c = first & (0x7fu >> n);
	for (i = 1; i < n && p[i]; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	*len = i;
	return c;
}

/* Where SMTPUTF8 is not offered, an address of type utf-8 has to be spelled in
 * ASCII (RFC 6533 3, utf-8-addr-xtext). */
static void
put_orcpt(struct buf *out, const char *p, bool utf8)
{
	size_t len;

	if (!p)
		return;
	buf_puts(out, " ORCPT=");
	for (; *p; p += len) {
		unsigned c = code_point(p, &len);

		if (c < 0x80 || utf8)
			buf_append(out, p, len);
		else
			buf_printf(out, "\\x{%X}", c);
	}
}

void
envelope_rcpt(struct buf *out, const struct txn_rcpt *r,
    const struct envelope_hop *hop)
{
	buf_printf(out, "RCPT TO:<%s>", r->path.text);
	if (hop->ehlo->offers & EHLO_DSN) {
		put_param(out, "NOTIFY", r->notify);
		put_orcpt(out, r->orcpt, hop->ehlo->offers & EHLO_SMTPUTF8);
	}
}

/* The header as it will go out, with what hooks made of it. */
static bool
has_utf8_header(const struct message *m)
{
	size_t i, name_len, value_len;
	const char *name, *value;

	for (i = 0; i < message_field_count(m); i++) {
		message_field(m, i, &name, &name_len, &value, &value_len);
		if (utf8_has_8bit((struct line){ name, name_len }) ||
		    utf8_has_8bit((struct line){ value, value_len }))
			return true;
	}
	return false;
}

static bool
has_8bit(const struct message *m)
{
	struct message_reader reader;
	struct buf chunk;
	bool found = false;
	int more = 1;

	buf_init(&chunk);
	message_reader_init(&reader, m);
	while (more > 0 && !found) {
		more = message_reader_next(&reader, &chunk, CHUNK_SIZE);
		found = utf8_has_8bit((struct line){ chunk.p, chunk.len });
		buf_empty(&chunk);
	}
	buf_clear(&chunk);
	return found;
}

bool
envelope_fits(const struct txn *txn, const struct txn_rcpt *rcpt,
    const struct message *m, const struct envelope_hop *hop,
    struct reply *out)
{
	const struct txn_sender *s = &txn->sender;
	unsigned offers = hop->ehlo->offers;

	if (s->require_tls && !(hop->verified && offers & EHLO_REQUIRETLS))
		reply_set(out, 550, "5.7.30",
		    "REQUIRETLS is not possible with the next hop");
	else if (!(offers & EHLO_SMTPUTF8) && is_utf8(txn, rcpt))
		reply_set(out, m ? 550 : 553, "5.6.7",
		    "the next hop takes no SMTPUTF8 addresses");
	else if (!(offers & EHLO_SMTPUTF8) && s->utf8 && m &&
	    has_utf8_header(m))
		reply_set(out, 550, "5.6.7",
		    "the next hop takes no SMTPUTF8 header");
	else if (!(offers & EHLO_8BITMIME) && s->eight_bit && m && has_8bit(m))
		reply_set(out, 554, "5.6.3",
		    "8-bit content, and the next hop takes 7-bit only");
	else
		return true;
	return false;
}

size_t
envelope_rcpts(const struct txn *txn)
{
	const struct txn_rcpt *r;
	size_t n = 0;

	for (r = txn->rcpts; r; r = r->next)
		n += r->state == TXN_RCPT_ACCEPTED;
	return n;
}
