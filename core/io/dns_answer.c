#include <arpa/inet.h>
#include <ares.h>
#include <string.h>

#include "buf.h"
#include "mem.h"

#include "dns_answer.h"

/* RFC 1035 4.1.1, 4.1.3 */
enum {
	HEADER_SIZE = 12, QUESTION_FIXED = 4, RECORD_FIXED = 10,
	CLASS_IN = 1,
	TYPE_A = 1, TYPE_PTR = 12, TYPE_MX = 15, TYPE_TXT = 16, TYPE_AAAA = 28,
};

struct reader {
	const unsigned char *packet, *p, *end;
};

static unsigned
number16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

int
dns_answer_type(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return TYPE_A;
	case DNS_AAAA:
		return TYPE_AAAA;
	case DNS_TXT:
		return TYPE_TXT;
	case DNS_PTR:
		return TYPE_PTR;
	case DNS_MX:
		return TYPE_MX;
	}
	return 0;
}

bool
dns_name_ok(const char *name)
{
	const char *s;

	for (s = name; *s; s++) {
		if (*s <= ' ' || *s >= 127 || *s == '\\')
			return false;
	}
	return s - name < DNS_NAME_MAX - 1;
}

void
dns_answer_add(struct dns_set *set, const char *text, size_t len,
    int preference)
{
	struct dns_record *r;

	if (set->count == DNS_RECORDS_MAX)
		return;
	if (!set->arena)
		set->arena = arena_new();
	r = &set->record[set->count++];
	r->text = arena_strndup(set->arena, text, len);
	r->len = len;
	r->preference = preference;
}

static void
add_ip(struct dns_set *set, int family, const unsigned char *ip)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family, ip, text, sizeof text))
		dns_answer_add(set, text, strlen(text), 0);
}

/* The strings of one TXT record, joined (RFC 7208 3.3). */
static int
add_text(struct dns_set *set, const unsigned char *p, size_t len)
{
	const unsigned char *end = p + len;
	struct buf text;
	int status = 0;

	buf_init(&text);
	while (p < end && !status) {
		if ((size_t)(end - p) < (size_t)*p + 1)
			status = -1;
		else
			buf_append(&text, p + 1, *p);
		p += *p + 1;
	}
	if (!status)
		dns_answer_add(set, text.p ? text.p : "", text.len, 0);
	buf_clear(&text);
	return status;
}

/* Read a name at r->p.  out may be NULL. */
static int
skip_name(struct reader *r, char **out)
{
	char *name;
	long used;

	if (r->p >= r->end || ares_expand_name(r->p, r->packet,
	    (int)(r->end - r->packet), &name, &used) != ARES_SUCCESS)
		return -1;
	r->p += used;
	if (out)
		*out = name;
	else
		ares_free_string(name);
	return 0;
}

static int
add_name(struct dns_set *set, struct reader at, int preference)
{
	char *name;
	size_t len;

	if (skip_name(&at, &name) < 0)
		return -1;
	len = strlen(name);
	if (len && name[len - 1] == '.')
		name[--len] = '\0';
	if (dns_name_ok(name))
		dns_answer_add(set, name, len, preference);
	ares_free_string(name);
	return 0;
}

/* The data of one record of the type that was asked for. */
static int
add_record(struct dns_set *set, enum dns_type type, struct reader at,
    size_t len)
{
	int preference;

	switch (type) {
	case DNS_A:
		if (len != 4)
			return -1;
		add_ip(set, AF_INET, at.p);
		return 0;
	case DNS_AAAA:
		if (len != 16)
			return -1;
		add_ip(set, AF_INET6, at.p);
		return 0;
	case DNS_TXT:
		return add_text(set, at.p, len);
	case DNS_PTR:
		return add_name(set, at, 0);
	case DNS_MX:
		if (len < 3)
			return -1;
		preference = (int)number16(at.p);
		at.p += 2;
		return add_name(set, at, preference);
	}
	return -1;
}

int
dns_answer_parse(enum dns_type type, const unsigned char *p, size_t len,
    struct dns_set *set)
{
	struct reader r = { p, p + HEADER_SIZE, p + len };
	unsigned questions, answers;
	size_t data;

	if (len < HEADER_SIZE)
		return -1;
	questions = number16(p + 4);
	answers = number16(p + 6);
	while (questions--) {
		if (skip_name(&r, NULL) < 0 || r.end - r.p < QUESTION_FIXED)
			return -1;
		r.p += QUESTION_FIXED;
	}
	while (answers-- && set->count < DNS_RECORDS_MAX) {
		if (skip_name(&r, NULL) < 0 || r.end - r.p < RECORD_FIXED)
			return -1;
		p = r.p;
		r.p += RECORD_FIXED;
		data = number16(p + 8);
		if ((size_t)(r.end - r.p) < data)
			return -1;
		if (number16(p) == (unsigned)dns_answer_type(type) &&
		    number16(p + 2) == CLASS_IN &&
		    add_record(set, type, r, data) < 0)
			return -1;
		r.p += data;
	}
	return 0;
}

static bool
before(const struct dns_record *a, const struct dns_record *b,
    enum dns_type type)
{
	if (type == DNS_MX)
		return a->preference < b->preference;
	return !strchr(a->text, ':') && strchr(b->text, ':');
}

void
dns_answer_sort(struct dns_set *set, enum dns_type type)
{
	struct dns_record r;
	size_t i, k;

	for (i = 1; i < set->count; i++) {
		r = set->record[i];
		for (k = i; k && before(&r, &set->record[k - 1], type); k--)
			set->record[k] = set->record[k - 1];
		set->record[k] = r;
	}
}

void
dns_answer_clear(struct dns_set *set)
{
	arena_free(set->arena);
	set->arena = NULL;
	set->count = 0;
}
