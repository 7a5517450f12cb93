/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hear PATH: listens at a Unix datagram socket as a service manager or the
 * journal would, and writes down what comes, a line of "--" after each.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char heard[8192];
	ssize_t n;

	if (argc != 2 || strlen(argv[1]) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "usage: hear PATH\n");
		return 2;
	}

	strcpy(addr.sun_path, argv[1]);
	if (fd < 0 || bind(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0) {
		perror(argv[1]);
		return 1;
	}

	while ((n = recv(fd, heard, sizeof(heard), 0)) >= 0) {
		fwrite(heard, 1, (size_t) n, stdout);
		puts(n && heard[n - 1] == '\n' ? "--" : "\n--");
		fflush(stdout);
	}

	perror("recv");
	return 1;
}
