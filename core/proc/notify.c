#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "notify.h"

static struct {
	struct sockaddr_un addr;
	socklen_t len;		/* 0: nobody to tell */
} manager;

void
notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	if (len > 1 && len < sizeof manager.addr.sun_path &&
	    (path[0] == '/' || path[0] == '@')) {
		manager.addr.sun_family = AF_UNIX;
		memcpy(manager.addr.sun_path, path, len);
		if (path[0] == '@')
			manager.addr.sun_path[0] = '\0';
		manager.len = (socklen_t)(offsetof(struct sockaddr_un,
		    sun_path) + len);
	}
	unsetenv("NOTIFY_SOCKET");
}

void
notify_send(const char *state)
{
	int fd;

	if (manager.len == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
	    (const struct sockaddr *)&manager.addr, manager.len);
	close(fd);
}

void
notify_reloading(void)
{
	struct timespec now;
	char text[96];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify_send(text);
}
