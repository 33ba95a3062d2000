#include "dns_answer.h"
#include "fuzz.h"

/* A reply of a DNS server, as c-ares hands it over: whatever is in it, what
 * comes out is within the limits, and fit to be shown. */
static void
check(enum dns_type type, const struct dns_set *set)
{
	size_t i;

	assert(set->count <= DNS_RECORDS_MAX);
	for (i = 0; i < set->count; i++) {
		const struct dns_record *r = &set->record[i];

		assert(r->text[r->len] == '\0');
		assert(type == DNS_TXT || strlen(r->text) == r->len);
		assert(type == DNS_TXT || dns_name_ok(r->text));
		assert(type != DNS_MX || i == 0 ||
		    r->preference >= set->record[i - 1].preference);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = {
		DNS_A, DNS_AAAA, DNS_TXT, DNS_PTR, DNS_MX,
	};
	struct dns_set set = { .count = 0 };
	enum dns_type type;

	if (size == 0)
		return 0;
	type = types[data[0] % (sizeof types / sizeof *types)];
	dns_answer_parse(type, data + 1, size - 1, &set);
	dns_answer_sort(&set, type);
	check(type, &set);
	dns_answer_clear(&set);
	return 0;
}
