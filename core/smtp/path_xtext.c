#include "path.h"

/* xchar = %d33-42 / %d44-60 / %d62-126 */
static bool
is_xchar(unsigned char c)
{
	return c > 0x20 && c < 0x7f && c != '+' && c != '=';
}

/* RFC 3461 has upper case only. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
path_xtext_decode(const char *p, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)p[i];

		if (c == '+') {
			int hi = i + 2 < len ? hex_digit(p[i + 1]) : -1;
			int lo = i + 2 < len ? hex_digit(p[i + 2]) : -1;

			c = hi < 0 || lo < 0 ? 0 : hi * 16 + lo;
			if (c == 0)
				return -1;
			i += 2;
		} else if (!is_xchar((unsigned char)c))
			return -1;
		if (n + 1 >= size)
			return -1;
		out[n++] = (char)c;
	}
	if (n >= size)
		return -1;
	out[n] = '\0';
	return (int)n;
}

int
path_xtext_encode(const char *p, size_t len, char *out, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];
		bool plain = is_xchar(c);

		if (n + (plain ? 1 : 3) >= size)
			return -1;
		if (!plain) {
			out[n++] = '+';
			out[n++] = hex[c >> 4];
			c = (unsigned char)hex[c & 15];
		}
		out[n++] = (char)c;
	}
	if (n >= size)
		return -1;
	out[n] = '\0';
	return (int)n;
}
