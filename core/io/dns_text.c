#include <string.h>
#include <strings.h>

#include "dns_answer.h"

#include "dns_text.h"

enum { WORD_MAX = 256, PORT = 53 };

static const char blank[] = " \t\r";

/* The next word of a line, which ends at "\n" or "#".  False: no more. */
static bool
next_word(const char **at, char out[WORD_MAX])
{
	const char *p = *at + strspn(*at, blank);
	size_t len = strcspn(p, " \t\r\n#;");

	*at = p + len;
	if (len == 0)
		return false;
	if (len >= WORD_MAX)
		len = 0;		/* no name is that long */
	memcpy(out, p, len);
	out[len] = '\0';
	return true;
}

static const char *
next_line(const char *at)
{
	at += strcspn(at, "\n");
	return *at ? at + 1 : NULL;
}

static bool
is_server(const char *word, struct addr *out)
{
	return addr_parse(word, PORT, out) == 0 && addr_family(out) != AF_UNIX;
}

static size_t
servers_of_list(const char *list, struct addr *out)
{
	char word[WORD_MAX];
	size_t count = 0, len;

	while (*list && count < DNS_SERVERS_MAX) {
		list += strspn(list, " ,");
		len = strcspn(list, " ,");
		if (len && len < WORD_MAX) {
			memcpy(word, list, len);
			word[len] = '\0';
			count += is_server(word, &out[count]);
		}
		list += len;
	}
	return count;
}

static size_t
servers_of_resolv_conf(const char *text, struct addr *out)
{
	char word[WORD_MAX];
	size_t count = 0;

	for (; text && count < DNS_SERVERS_MAX; text = next_line(text)) {
		const char *at = text;

		if (next_word(&at, word) && strcmp(word, "nameserver") == 0 &&
		    next_word(&at, word))
			count += is_server(word, &out[count]);
	}
	return count;
}

size_t
dns_text_servers(const char *list, const char *resolv_conf,
    struct addr out[DNS_SERVERS_MAX])
{
	size_t count;

	if (list)
		return servers_of_list(list, out);
	count = servers_of_resolv_conf(resolv_conf, out);
	if (count == 0 && addr_parse("127.0.0.1", PORT, out) == 0)
		count = 1;
	return count;
}

static bool
same_name(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);

	la -= la && a[la - 1] == '.';
	lb -= lb && b[lb - 1] == '.';
	return la == lb && strncasecmp(a, b, la) == 0;
}

bool
dns_text_hosts(const char *hosts, const char *name, struct dns_set *out)
{
	char ip[WORD_MAX], word[WORD_MAX];
	struct addr addr;

	for (; hosts; hosts = next_line(hosts)) {
		const char *at = hosts;

		if (!next_word(&at, ip))
			continue;
		while (next_word(&at, word)) {
			if (!same_name(word, name))
				continue;
			if (addr_parse(ip, 0, &addr) == 0)
				dns_answer_add(out, ip, strlen(ip), 0);
			break;
		}
	}
	if (out->count == 0 && same_name(name, "localhost"))
		dns_answer_add(out, "127.0.0.1", 9, 0);	/* RFC 6761 6.3 */
	return out->count > 0;
}
