#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "buf.h"

#include "proxy.h"

/* "The PROXY protocol, versions 1 and 2", of haproxy, 2020/03/05. */
static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";	/* 12 octets */
static const char word[] = "PROXY ";

enum {
	LINE_MAX = 107,			/* of version 1, with CRLF */
	SIGNATURE = sizeof signature - 1, WORD = sizeof word - 1,
	HEAD = 16,
	VERSION_2 = 0x20, LOCAL = 0, PROXY = 1,
	INET = 1, INET6 = 2, UNIX = 3, STREAM = 1,
	INET_LEN = 12, INET6_LEN = 36,
	TYPE_AUTHORITY = 0x02, TYPE_SSL = 0x20,
	SSL_VERSION = 0x21, SSL_CN = 0x22, SSL_CIPHER = 0x23,
	CLIENT_SSL = 0x01, CLIENT_CERT = 0x06, SSL_HEAD = 5, TLV_HEAD = 3,
};

/* A piece of the header that is being taken apart. */
struct piece {
	const unsigned char *p;
	size_t n;
};

static enum proxy_status
bad(const char **error, const char *text)
{
	*error = text;
	return PROXY_BAD;
}

static uint16_t
get16(const unsigned char *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* The next word of a line of version 1: it ends at a space, or with the line.
 * False if it is empty or too long. */
static bool
next_word(const char **at, const char *end, char *out, size_t size)
{
	const char *space = memchr(*at, ' ', (size_t)(end - *at));
	size_t len = (size_t)((space ? space : end) - *at);

	if (len == 0 || len >= size)
		return false;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at = space ? space + 1 : end;
	return true;
}

/* Decimal, no sign, no zero in front, at most 65535. */
static bool
parse_port(const char *s, uint16_t *out)
{
	size_t len = strspn(s, "0123456789");
	unsigned n = 0;

	if (len == 0 || len > 5 || s[len] || (s[0] == '0' && len > 1))
		return false;
	for (; *s; s++)
		n = n * 10 + (unsigned)(*s - '0');
	*out = (uint16_t)n;
	return n <= UINT16_MAX;
}

static bool
set_text(int family, const char *ip, uint16_t port, struct addr *out)
{
	struct in6_addr bytes;

	if (inet_pton(family, ip, &bytes) != 1)
		return false;
	addr_set_ip(family, &bytes, port, out);
	return true;
}

/* What follows "PROXY ", up to the CRLF. */
static enum proxy_status
parse_line(const char *at, const char *end, struct proxy_header *out,
    const char **error)
{
	char protocol[8], client[INET6_ADDRSTRLEN], server[INET6_ADDRSTRLEN];
	char from[8], to[8];
	uint16_t from_port, to_port;
	int family;

	if (!next_word(&at, end, protocol, sizeof protocol))
		return bad(error, "no protocol in the PROXY line");
	if (strcmp(protocol, "UNKNOWN") == 0) {
		out->local = true;
		return PROXY_DONE;
	}
	family = strcmp(protocol, "TCP6") == 0 ? AF_INET6 : AF_INET;
	if (family == AF_INET && strcmp(protocol, "TCP4") != 0)
		return bad(error, "unknown protocol in the PROXY line");
	if (end[-1] == ' ' ||
	    !next_word(&at, end, client, sizeof client) ||
	    !next_word(&at, end, server, sizeof server) ||
	    !next_word(&at, end, from, sizeof from) ||
	    !next_word(&at, end, to, sizeof to) || at != end)
		return bad(error, "not five words in the PROXY line");
	if (!parse_port(from, &from_port) || !parse_port(to, &to_port))
		return bad(error, "bad port in the PROXY line");
	if (!set_text(family, client, from_port, &out->client) ||
	    !set_text(family, server, to_port, &out->server))
		return bad(error, "bad address in the PROXY line");
	return PROXY_DONE;
}

static enum proxy_status
parse_v1(const char *p, size_t n, struct proxy_header *out, size_t *len,
    const char **error)
{
	size_t most = n < LINE_MAX ? n : LINE_MAX;
	const char *lf = memchr(p, '\n', most);

	if (memchr(p, '\0', lf ? (size_t)(lf - p) : most))
		return bad(error, "a NUL in the PROXY line");
	if (!lf)
		return n < LINE_MAX ? PROXY_MORE :
		    bad(error, "the PROXY line is too long");
	if (lf[-1] != '\r')
		return bad(error, "the PROXY line does not end in CRLF");
	*len = (size_t)(lf + 1 - p);
	return parse_line(p + WORD, lf - 1, out, error);
}

/* The next type, length, value; false at the end, or if it passes the end,
 * which leaves in->n what it was. */
static bool
next_tlv(struct piece *in, unsigned *type, struct piece *value)
{
	size_t len;

	if (in->n < TLV_HEAD)
		return false;
	len = get16(in->p + 1);
	if (len > in->n - TLV_HEAD)
		return false;
	*type = in->p[0];
	value->p = in->p + TLV_HEAD;
	value->n = len;
	in->p += TLV_HEAD + len;
	in->n -= TLV_HEAD + len;
	return true;
}

/* Printable text that fits; what is not is left out. */
static void
copy_text(const struct piece *v, char *out, size_t size)
{
	*out = '\0';
	if (v->n >= size)
		return;
	for (size_t i = 0; i < v->n; i++) {
		if (v->p[i] < ' ' || v->p[i] == 0x7f)
			return;
	}
	memcpy(out, v->p, v->n);
	out[v->n] = '\0';
}

/* PP2_TYPE_SSL: a bit set, the result of the verification (0 is good), and
 * more of the same kind. */
static bool
parse_ssl(struct piece in, struct proxy_header *out)
{
	struct piece value;
	unsigned type;

	if (in.n < SSL_HEAD)
		return false;
	out->tls = in.p[0] & CLIENT_SSL;
	out->tls_verified = out->tls && in.p[0] & CLIENT_CERT &&
	    memcmp(in.p + 1, "\0\0\0", 4) == 0;
	in.p += SSL_HEAD;
	in.n -= SSL_HEAD;
	while (next_tlv(&in, &type, &value)) {
		if (type == SSL_VERSION)
			copy_text(&value, out->tls_version,
			    sizeof out->tls_version);
		else if (type == SSL_CIPHER)
			copy_text(&value, out->tls_cipher,
			    sizeof out->tls_cipher);
		else if (type == SSL_CN)
			copy_text(&value, out->tls_subject,
			    sizeof out->tls_subject);
	}
	return in.n == 0;
}

static bool
parse_tlvs(struct piece in, struct proxy_header *out)
{
	struct piece value;
	unsigned type;

	while (next_tlv(&in, &type, &value)) {
		if (type == TYPE_SSL && !parse_ssl(value, out))
			return false;
		if (type == TYPE_AUTHORITY)
			copy_text(&value, out->sni, sizeof out->sni);
	}
	return in.n == 0;
}

static enum proxy_status
parse_block(unsigned family, struct piece in, struct proxy_header *out,
    const char **error)
{
	size_t used = 0;

	if (family == 0) {		/* AF_UNSPEC: nothing is said */
		out->local = true;
		return PROXY_DONE;
	}
	if (family == (INET << 4 | STREAM) && in.n >= INET_LEN) {
		addr_set_ip(AF_INET, in.p, get16(in.p + 8), &out->client);
		addr_set_ip(AF_INET, in.p + 4, get16(in.p + 10), &out->server);
		used = INET_LEN;
	} else if (family == (INET6 << 4 | STREAM) && in.n >= INET6_LEN) {
		addr_set_ip(AF_INET6, in.p, get16(in.p + 32), &out->client);
		addr_set_ip(AF_INET6, in.p + 16, get16(in.p + 34),
		    &out->server);
		used = INET6_LEN;
	} else if (family >> 4 == UNIX) {
		return bad(error, "a UNIX socket in the PROXY header");
	} else {
		return bad(error, family >> 4 <= INET6 &&
		    (family & 15) == STREAM ? "the PROXY header is too short" :
		    "unknown family in the PROXY header");
	}
	in.p += used;
	in.n -= used;
	return parse_tlvs(in, out) ? PROXY_DONE :
	    bad(error, "broken TLV in the PROXY header");
}

static enum proxy_status
parse_v2(const char *text, size_t n, struct proxy_header *out, size_t *len,
    const char **error)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t size;

	if (n > SIGNATURE && (p[SIGNATURE] & 0xf0) != VERSION_2)
		return bad(error, "unknown version of PROXY header");
	if (n > SIGNATURE && (p[SIGNATURE] & 0x0f) > PROXY)
		return bad(error, "unknown command in the PROXY header");
	if (n < HEAD)
		return PROXY_MORE;
	size = get16(p + 14);
	if (size > PROXY_MAX - HEAD)
		return bad(error, "the PROXY header is too long");
	if (n < HEAD + size)
		return PROXY_MORE;
	*len = HEAD + size;
	if ((p[SIGNATURE] & 0x0f) == LOCAL) {
		out->local = true;
		return PROXY_DONE;
	}
	return parse_block(p[13], (struct piece){ p + HEAD, size }, out, error);
}

static bool
begins(const char *p, size_t n, const char *with, size_t len)
{
	return memcmp(p, with, n < len ? n : len) == 0;
}

enum proxy_status
proxy_parse(const char *p, size_t n, struct proxy_header *out, size_t *len,
    const char **error)
{
	enum proxy_status status;

	memset(out, 0, sizeof *out);
	*len = 0;
	if (n == 0)
		return PROXY_MORE;
	if (begins(p, n, word, WORD))
		status = n < WORD ? PROXY_MORE :
		    parse_v1(p, n, out, len, error);
	else if (begins(p, n, signature, SIGNATURE))
		status = n < SIGNATURE ? PROXY_MORE :
		    parse_v2(p, n, out, len, error);
	else
		status = bad(error, "no PROXY header");
	if (status != PROXY_DONE)
		memset(out, 0, sizeof *out);
	return status;
}

/* A server of another family has no address in it: a client must not pass for
 * us because of that. */
static void
put_addresses(unsigned char *p, const struct addr *client,
    const struct addr *server)
{
	size_t len = addr_family(client) == AF_INET6 ? 16 : 4;
	uint16_t port[2] = {
		htons(addr_port(client)), htons(addr_port(server)),
	};

	memcpy(p, addr_bytes(client), len);
	if (addr_family(client) == addr_family(server))
		memcpy(p + len, addr_bytes(server), len);
	else
		memset(p + len, 0, len);
	memcpy(p + 2 * len, port, sizeof port);
}

void
proxy_write(struct buf *out, const struct addr *client,
    const struct addr *server)
{
	unsigned char p[HEAD + INET6_LEN];
	bool six = addr_family(client) == AF_INET6;
	size_t len = 0;

	if (six || addr_family(client) == AF_INET)
		len = six ? INET6_LEN : INET_LEN;
	memcpy(p, signature, SIGNATURE);
	p[SIGNATURE] = VERSION_2 | (len ? PROXY : LOCAL);
	p[13] = (unsigned char)(len ? (six ? INET6 : INET) << 4 | STREAM : 0);
	p[14] = 0;
	p[15] = (unsigned char)len;
	if (len)
		put_addresses(p + HEAD, client, server);
	buf_append(out, p, HEAD + len);
}
