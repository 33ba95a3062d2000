#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/* A listening socket on a port of the system's choice, and where it is. */
static inline int
loopback_listen(struct sockaddr_in *out)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof *out;

	*out = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (bind(fd, (struct sockaddr *)out, sizeof *out) < 0 ||
	    listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)out, &len) < 0)
		exit(1);
	return fd;
}

#endif
