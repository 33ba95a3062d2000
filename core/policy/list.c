#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "path.h"
#include "utf8.h"

#include "list.h"

enum { KEY_MAX = 512, MAGIC = 0x314c4e4c };

struct head {
	uint32_t magic, kind, count, pool;	/* pool: its offset */
	uint64_t v4, v6[3];		/* cidrs: which lengths occur */
};

struct row {			/* sorted by net, then key */
	uint32_t key, key_len, value, value_len;	/* offsets into the pool */
	uint8_t net[20];		/* cidrs: family, bits, address */
};

struct item {
	struct row row;
	const char *pool;	/* while sorting */
	size_t order;
};

struct list_builder {
	enum list_kind kind;
	struct item *item;
	size_t count, room;
	struct buf pool;
	struct head head;
};

struct list_builder *
list_builder_new(enum list_kind kind)
{
	struct list_builder *b = mem_alloc(sizeof *b);

	b->kind = kind;
	buf_init(&b->pool);
	return b;
}

void
list_builder_free(struct list_builder *b)
{
	if (!b)
		return;
	buf_clear(&b->pool);
	mem_free(b->item);
	mem_free(b);
}

static void
lower(const char *p, size_t len, char *out)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = (char)tolower((unsigned char)p[i]);
	out[len] = '\0';
}

/* Where the domain of a key begins, its leading dot left out; or len. */
static size_t
domain_at(enum list_kind kind, const char *p, size_t len)
{
	const char *at;
	size_t i = 0;

	if (kind == LIST_ADDRESSES) {
		at = memrchr(p, '@', len);
		i = at ? (size_t)(at + 1 - p) : len;
	} else if (kind != LIST_DOMAINS)
		return len;
	return i < len && p[i] == '.' ? i + 1 : i;
}

/* Small letters, and a domain in A-labels, so that both forms of it are one.
 * out has room for KEY_MAX and a NUL.  Returns the length. */
static size_t
canonical(enum list_kind kind, const char *p, size_t len, char *out)
{
	char domain[PATH_DOMAIN_MAX + 1];
	size_t at;
	int n;

	lower(p, len, out);
	if (!utf8_has_8bit((struct line){ p, len }))
		return len;
	at = domain_at(kind, p, len);
	n = path_domain_ascii(p + at, len - at, domain);
	if (n < 0 || at + (size_t)n > KEY_MAX)
		return len;
	memcpy(out + at, domain, (size_t)n + 1);
	return at + (size_t)n;
}

static bool
is_domain(const char *p, size_t len)
{
	if (len > 0 && *p == '.')
		return path_is_domain(p + 1, len - 1);
	return path_is_domain(p, len) || path_is_literal(p, len);
}

static bool
is_address(const char *p, size_t len)
{
	const char *at;

	if (len == 2 && memcmp(p, "<>", 2) == 0)
		return true;
	at = memrchr(p, '@', len);
	if (at && at > p && at == p + len - 1)
		return true;
	return at && is_domain(at + 1, len - (size_t)(at + 1 - p));
}

static void
net_of(const struct cidr *c, uint8_t net[20])
{
	memset(net, 0, 20);
	net[0] = c->family == AF_INET ? 4 : 6;
	net[1] = c->bits;
	memcpy(net + 2, c->ip, 16);
}

static void
note_bits(struct head *h, const uint8_t net[20])
{
	if (net[0] == 4)
		h->v4 |= (uint64_t)1 << net[1];
	else
		h->v6[net[1] / 64] |= (uint64_t)1 << net[1] % 64;
}

/* Is key good for this kind?  Text for the message, or NULL. */
static const char *
check(struct list_builder *b, const char *key, size_t len, struct row *row)
{
	struct cidr net;

	switch (b->kind) {
	case LIST_DOMAINS:
		return is_domain(key, len) ? NULL : "a domain";
	case LIST_ADDRESSES:
		return is_address(key, len) ? NULL : "an address";
	case LIST_CIDRS:
		if (cidr_parse(key, &net))
			return "a network";
		net_of(&net, row->net);
		note_bits(&b->head, row->net);
		return NULL;
	case LIST_MAP:
		return len ? NULL : "a key";
	}
	return NULL;
}

int
list_add(struct list_builder *b, const char *key, size_t len,
    const char *value, size_t value_len, char *error, size_t size)
{
	char text[KEY_MAX + 1];
	struct item *it;
	const char *want;

	if (b->count == b->room) {
		b->room = b->room ? b->room * 2 : 64;
		b->item = mem_resize(b->item, b->room * sizeof *b->item);
	}
	it = &b->item[b->count];
	memset(it, 0, sizeof *it);
	if (len > KEY_MAX) {
		snprintf(error, size, "an entry is too long");
		return -1;
	}
	len = canonical(b->kind, key, len, text);
	want = check(b, text, len, &it->row);
	if (want) {
		snprintf(error, size, "%s expected, got \"%.100s\"", want,
		    text);
		return -1;
	}
	it->row.key = (uint32_t)b->pool.len;
	it->row.key_len = (uint32_t)len;
	buf_append(&b->pool, text, len);
	it->row.value = (uint32_t)b->pool.len;
	it->row.value_len = (uint32_t)value_len;
	if (value)
		buf_append(&b->pool, value, value_len);
	else
		it->row.value = UINT32_MAX;
	it->order = b->count++;
	return 0;
}

/* One line without its end. */
static int
add_line(struct list_builder *b, const char *p, size_t len, char *error,
    size_t size)
{
	const char *end = p + len, *key, *stop;

	for (key = p; key < end && isspace((unsigned char)*key); key++)
		;
	if (key == end || *key == '#')
		return 0;
	for (stop = key; stop < end && !isspace((unsigned char)*stop); stop++)
		;
	for (p = stop; p < end && isspace((unsigned char)*p); p++)
		;
	if (p < end && *p == '#')
		p = end;
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	return list_add(b, key, (size_t)(stop - key), p < end ? p : NULL,
	    (size_t)(end - p), error, size);
}

int
list_add_text(struct list_builder *b, const char *text, size_t len,
    char *error, size_t size)
{
	const char *end = text + len, *nl;
	char what[256];
	int line = 1;

	for (; text < end; text = nl + 1, line++) {
		nl = memchr(text, '\n', (size_t)(end - text));
		if (!nl)
			nl = end;
		if (add_line(b, text, (size_t)(nl - text), what,
		    sizeof what)) {
			snprintf(error, size, "line %d of the list: %s", line,
			    what);
			return -1;
		}
	}
	return 0;
}

/* Order of a row against a net (or NULL) and key. */
static int
compare(const struct row *r, const char *pool, const uint8_t *net,
    const char *key, size_t len)
{
	size_t n = r->key_len < len ? r->key_len : len;
	int c;

	if (net)
		return memcmp(r->net, net, sizeof r->net);
	c = memcmp(pool + r->key, key, n);
	if (c)
		return c;
	return r->key_len < len ? -1 : r->key_len > len;
}

static int
by_key(const void *va, const void *vb)
{
	const struct item *a = va, *b = vb;
	const uint8_t *net = a->row.net[0] ? b->row.net : NULL;
	int c = compare(&a->row, a->pool, net, b->pool + b->row.key,
	    b->row.key_len);

	if (c)
		return c;
	return a->order < b->order ? -1 : a->order > b->order;
}

void
list_compile(struct list_builder *b, struct buf *out)
{
	size_t i;

	for (i = 0; i < b->count; i++)
		b->item[i].pool = b->pool.p;
	if (b->count)
		qsort(b->item, b->count, sizeof *b->item, by_key);
	b->head.magic = MAGIC;
	b->head.kind = b->kind;
	b->head.count = (uint32_t)b->count;
	b->head.pool = (uint32_t)(sizeof b->head +
	    b->count * sizeof(struct row));
	buf_append(out, &b->head, sizeof b->head);
	for (i = 0; i < b->count; i++)
		buf_append(out, &b->item[i].row, sizeof b->item[i].row);
	if (b->pool.len)
		buf_append(out, b->pool.p, b->pool.len);
}

int
list_open(const char *p, size_t len, struct list *out)
{
	struct head h;

	if (len < sizeof h)
		return -1;
	memcpy(&h, p, sizeof h);
	if (h.magic != MAGIC || h.kind > LIST_MAP || h.pool > len ||
	    h.count > (len - sizeof h) / sizeof(struct row) ||
	    h.pool != sizeof h + h.count * sizeof(struct row))
		return -1;
	out->p = p;
	out->len = len;
	out->kind = (enum list_kind)h.kind;
	out->count = h.count;
	return 0;
}

static bool
row_at(const struct list *l, size_t i, struct row *out)
{
	size_t pool = l->len - sizeof(struct head) - l->count * sizeof *out;

	memcpy(out, l->p + sizeof(struct head) + i * sizeof *out,
	    sizeof *out);
	return out->key <= pool && out->key_len <= pool - out->key &&
	    (out->value == UINT32_MAX || (out->value <= pool &&
	    out->value_len <= pool - out->value));
}

static void
set_hit(const struct list *l, const struct row *r, struct list_hit *out)
{
	const char *pool = l->p + sizeof(struct head) +
	    l->count * sizeof(struct row);

	out->entry = pool + r->key;
	out->entry_len = r->key_len;
	out->value = r->value == UINT32_MAX ? NULL : pool + r->value;
	out->value_len = r->value_len;
}

bool
list_entry(const struct list *l, size_t i, struct list_hit *out)
{
	struct row r;

	if (i >= l->count || !row_at(l, i, &r))
		return false;
	set_hit(l, &r, out);
	return true;
}

static bool
search(const struct list *l, const uint8_t *net, const char *key, size_t len,
    struct list_hit *out)
{
	const char *pool = l->p + sizeof(struct head) +
	    l->count * sizeof(struct row);
	size_t low = 0, high = l->count, mid;
	struct row r;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (!row_at(l, mid, &r))
			return false;
		if (compare(&r, pool, net, key, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low >= l->count || !row_at(l, low, &r) ||
	    compare(&r, pool, net, key, len) != 0)
		return false;
	set_hit(l, &r, out);
	return true;
}

/* The key itself, then ".parent" for each parent; with prefix in front. */
static bool
search_domain(const struct list *l, const char *prefix, const char *key,
    size_t len, struct list_hit *out)
{
	char text[KEY_MAX + 8];
	size_t n = strlen(prefix);
	const char *dot;

	memcpy(text, prefix, n);
	memcpy(text + n, key, len);
	if (search(l, NULL, text, n + len, out))
		return true;
	for (dot = memchr(key, '.', len); dot;
	    dot = memchr(dot + 1, '.', len - (size_t)(dot + 1 - key))) {
		size_t rest = len - (size_t)(dot - key);

		if (dot == key)
			continue;
		memcpy(text + n, dot, rest);
		if (search(l, NULL, text, n + rest, out))
			return true;
	}
	return false;
}

static bool
search_address(const struct list *l, const char *key, size_t len,
    struct list_hit *out)
{
	const char *at;

	if (len == 0)
		return search(l, NULL, "<>", 2, out);
	if (search(l, NULL, key, len, out))
		return true;
	at = memrchr(key, '@', len);
	if (at && search_domain(l, "@", at + 1,
	    len - (size_t)(at + 1 - key), out))
		return true;
	return at && search(l, NULL, key, (size_t)(at + 1 - key), out);
}

/* The address itself first, then ever larger networks that occur. */
static bool
search_net(const struct list *l, const char *key, struct list_hit *out)
{
	struct head h;
	struct addr a;
	struct cidr c;
	uint8_t net[20];
	int bits;
	bool v4;

	if (addr_parse(key, 0, &a) || addr_family(&a) == AF_UNIX)
		return false;
	memcpy(&h, l->p, sizeof h);
	v4 = addr_family(&a) == AF_INET;
	for (bits = v4 ? 32 : 128; bits >= 0; bits--) {
		if (v4 ? !(h.v4 >> bits & 1) :
		    !(h.v6[bits / 64] >> bits % 64 & 1))
			continue;
		if (cidr_of(&a, (unsigned)bits, (unsigned)bits, &c))
			return false;
		net_of(&c, net);
		if (search(l, net, NULL, 0, out))
			return true;
	}
	return false;
}

bool
list_find(const struct list *l, const char *key, size_t len,
    struct list_hit *out)
{
	char text[KEY_MAX + 1];

	if (len > KEY_MAX || memchr(key, '\0', len))
		return false;
	len = canonical(l->kind, key, len, text);
	if (len > 1 && text[len - 1] == '.' && l->kind == LIST_DOMAINS)
		text[--len] = '\0';
	switch (l->kind) {
	case LIST_DOMAINS:
	case LIST_MAP:
		return search_domain(l, "", text, len, out);
	case LIST_ADDRESSES:
		return search_address(l, text, len, out);
	case LIST_CIDRS:
		return search_net(l, text, out);
	}
	return false;
}
