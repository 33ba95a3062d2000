#include <string.h>
#include <strings.h>

#include "keyword.h"

enum { KEYWORD_MAX = 128 };

bool
keyword_is_valid(const char *s, size_t len)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
	size_t i = strspn(s, word);

	if (i == 0 || *s == '-' || len > KEYWORD_MAX ||
	    (i < len && s[i] != ' '))
		return false;
	for (; i < len; i++) {
		if (s[i] < ' ' || s[i] > '~' ||
		    (s[i] == ' ' && (s[i + 1] == ' ' || i + 1 == len)))
			return false;
	}
	return true;
}

bool
keyword_is_own(const char *s)
{
	static const char *const own[] = {
		"8BITMIME", "AUTH", "BINARYMIME", "CHUNKING", "DSN",
		"ENHANCEDSTATUSCODES", "HELP", "PIPELINING", "SIZE",
		"SMTPUTF8", "STARTTLS", "XCLIENT", "XFORWARD", NULL
	};
	size_t len = strcspn(s, " ");
	int i;

	for (i = 0; own[i]; i++) {
		if (strlen(own[i]) == len && strncasecmp(own[i], s, len) == 0)
			return true;
	}
	return false;
}
