#ifndef FAKE_LOG_H
#define FAKE_LOG_H

#include <sys/mman.h>

#include "session_fake.h"

/* What specs of whole sessions ask: what was said, asked and logged. */
#define EHLO "EHLO c.test\r\n|"
#define RCPT "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\n"
#define ENVELOPE RCPT "DATA\r\n|"
#define CONTENT "A: 1\r\n\r\nhello\r\n.\r\n|"

static int log_file;

static inline void
begin(const char *words)
{
	fake_begin();
	fake.words = words;
	if (ftruncate(log_file, 0) != 0 || lseek(log_file, 0, SEEK_SET) < 0)
		exit(1);
}

static inline void
talk(const char *script)
{
	fake_open();
	fake_say(script, 100000);
}

static inline int
said(const char *text)
{
	return strstr(fake_text(&fake.got), text) != NULL;
}

static inline int
happened(const char *text)
{
	return strstr(fake_text(&fake.events), text) != NULL;
}

/* What the log holds, once. */
static inline int
logged(const char *text)
{
	static char p[65536];
	ssize_t n = pread(log_file, p, sizeof p - 1, 0);
	const char *at;

	p[n > 0 ? n : 0] = '\0';
	at = strstr(p, text);
	if (at == NULL)
		fprintf(stderr, "log:\n%s", p);
	return at != NULL && strstr(at + 1, text) == NULL;
}

static inline void
open_log(void)
{
	log_file = memfd_create("log", MFD_CLOEXEC);
	log_use(log_file, "spec");
	log_set(LOG_LOGFMT, LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
}

#endif
