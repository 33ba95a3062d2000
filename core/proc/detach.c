#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "descriptors.h"

#include "detach.h"

static int pipe_fd = -1;

/* The service writes one byte when it is up; if it exits before, its status
 * is ours. */
static int
wait_for(pid_t pid, int fd)
{
	char byte;
	ssize_t n;
	int status;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	close(fd);
	if (n == 1)
		return 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CLI_SYSTEM;
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		return WEXITSTATUS(status);
	return CLI_SYSTEM;
}

int
detach_start(void)
{
	int fds[2];
	pid_t pid;

	fflush(NULL);
	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		fprintf(stderr, "lunette: cannot fork: %s\n", strerror(errno));
		return CLI_SYSTEM;
	}
	if (pid > 0) {
		close(fds[1]);
		return wait_for(pid, fds[0]);
	}
	descriptors_keep(&fds[1], 1);
	pipe_fd = fds[1];
	setsid();		/* a fresh child leads no group: cannot fail */
	return -1;
}

static void
close_standard(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fd;

	for (fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

void
detach_done(void)
{
	if (pipe_fd < 0)
		return;
	close_standard();
	while (write(pipe_fd, "", 1) < 0 && errno == EINTR)
		continue;
	close(pipe_fd);
	pipe_fd = -1;
}

void
detach_forget(void)
{
	if (pipe_fd < 0)
		return;
	close_standard();
	close(pipe_fd);
	pipe_fd = -1;
}
