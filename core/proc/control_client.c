#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"

#include "control_client.h"

enum { LINE_MAX_OUT = 256 };

static const struct {
	const char *name;
	int least, most;	/* arguments */
} commands[] = {
	{ "status", 0, 1 }, { "sessions", 0, 0 }, { "kill", 1, 1 },
	{ "reload", 0, 0 }, { "drain", 0, 0 }, { "pause", 0, 0 },
	{ "resume", 0, 0 }, { "stop", 0, 0 }, { "trace", 0, 8 },
	{ "metrics", 0, 0 },
};

/* The line to send; -1 and a line on stderr if it is no command. */
static int
make_line(int words, char *const *word, char line[LINE_MAX_OUT + 2])
{
	size_t i, count = sizeof commands / sizeof commands[0];
	int w, len = 0;

	for (i = 0; words > 0 && i < count; i++)
		if (strcmp(word[0], commands[i].name) == 0)
			break;
	if (words < 1 || i == count) {
		fprintf(stderr, "lunette: ctl: unknown command: %s\n",
		    words > 0 ? word[0] : "(none)");
		return -1;
	}
	if (words - 1 < commands[i].least || words - 1 > commands[i].most ||
	    (i == 0 && words == 2 && strcmp(word[1], "--json") != 0)) {
		fprintf(stderr, "lunette: ctl: %s: wrong arguments\n", word[0]);
		return -1;
	}
	for (w = 0; w < words; w++) {
		len += snprintf(line + len, (size_t)(LINE_MAX_OUT - len),
		    "%s%s", w > 0 ? " " : "", word[w]);
		if (len >= LINE_MAX_OUT - 1) {
			fprintf(stderr, "lunette: ctl: too long\n");
			return -1;
		}
	}
	strcpy(line + len, "\n");
	return 0;
}

static int
dial(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = -1;

	if (strlen(path) >= sizeof addr.sun_path)
		errno = ENAMETOOLONG;
	else
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		strcpy(addr.sun_path, path);
		if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
			return fd;
		close(fd);
	}
	fprintf(stderr, "lunette: ctl: %s: %s\n", path, strerror(errno));
	return -1;
}

/* Lines to stdout, until the one that ends the answer; the exit status.  JSON
 * comes alone, for programs. */
static int
copy_answer(FILE *in, const char *path, bool json)
{
	char *line = NULL;
	size_t size = 0;
	int status = CLI_UNAVAILABLE;

	while (status == CLI_UNAVAILABLE && getline(&line, &size, in) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "OK") == 0) {
			status = CLI_OK;
			if (!json)
				puts(line);
		} else if (strncmp(line, "ERR ", 4) == 0) {
			fprintf(stderr, "lunette: %s\n", line);
			status = CLI_FAILED;
		} else {
			puts(line);
		}
	}
	if (status == CLI_UNAVAILABLE)
		fprintf(stderr, "lunette: ctl: %s: closed without an answer\n",
		    path);
	free(line);
	return status;
}

int
control_client(const char *path, int words, char *const *word)
{
	char line[LINE_MAX_OUT + 2];
	FILE *stream;
	int fd, status;

	if (make_line(words, word, line) < 0)
		return CLI_USAGE;
	fd = dial(path);
	if (fd < 0)
		return CLI_UNAVAILABLE;
	stream = fdopen(fd, "r+");
	if (!stream) {
		close(fd);
		return CLI_SYSTEM;
	}
	(void)send(fd, line, strlen(line), MSG_NOSIGNAL);
	status = copy_answer(stream, path,
	    words > 1 && strcmp(word[1], "--json") == 0);
	fclose(stream);
	return status;
}
