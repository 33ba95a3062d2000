#include "session_fake.h"
#include "smuggling.h"

#include "fuzz.h"

/*
 * A whole session, with hooks and a next hop that go by words: the first two
 * octets are the configuration, 0xff ends a turn.  Whatever it is told, what
 * goes out reads the same to everybody, and nothing of it is left.
 */
enum { TURN = 0xff };

static void
configure(unsigned flags, unsigned more)
{
	static char words[] = "data=no headers=wait message=discard auth=ok";
	static struct cidr any = { AF_INET, 0, { 0 } };
	static const struct cidr_list all = { &any, 1 };

	fake.conf.normalize = flags & 1;
	fake.conf.check_with_relay = flags & 2;
	fake.conf.lmtp = flags & 4;
	fake.conf.script = flags & 8;
	fake.late = flags & 16;
	fake.words = flags & 32 ? words : "";
	if (flags & 64)
		fake.conf.stages = 1u << STAGE_RCPT;
	if (flags & 128)
		fake.conf.limits.errors = fake.conf.limits.commands = 0;
	fake.conf.auth = (enum session_auth)(more % 3);
	fake.conf.auth_without_tls = true;
	fake.conf.mechanisms = 7;
	fake.conf.proxy = (more & 12) == 12;
	fake.conf.proxy_clients = all;
	if (more & 32)
		fake.behind.offers = ~0u;
	if (more & 16)
		fake.conf.xclient_clients = all;
}

static void
talk(const uint8_t *p, size_t n)
{
	const uint8_t *end;
	size_t len;

	while (n > 0 && fake.s != NULL) {
		end = memchr(p, TURN, n);
		len = end != NULL ? (size_t)(end - p) : n;
		fake_send((const char *)p, len);
		p += len;
		n -= len;
		if (n > 0) {
			p++;
			n--;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned long messages = 0;

	if (size < 2)
		return 0;
	log_set(LOG_LOGFMT, LOG_ERROR);
	fake_begin();
	configure(data[0], data[1]);
	fake_open();
	fake_run();
	talk(data + 2, size - 2);
	assert(smuggling_agree(&messages));
	fake_end();
	assert(fake.gone == 1);
	return 0;
}
