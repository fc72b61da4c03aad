/* SPDX-License-Identifier: MIT */
/*
 * bench/echo_client.c - the kernel's side of a measurement: sends octets to an echo server by the
 * kernel's TCP, reads them back, compares each, and prints the rate. Used by bench/echo.
 *
 *      echo_client ADDRESS PORT MIB
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATTERN = 1 << 20, CHUNK = 256 * 1024, PATIENCE_MS = 30000 };

static uint8_t pattern[PATTERN + CHUNK], buffer[CHUNK];

static int complain(const char *what)
{
	fprintf(stderr, "echo_client: %s: %s\n", what, strerror(errno));
	return 1;
}

static int connect_to(const char *address, uint16_t port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int is4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	int fd;

	if (!is4 && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(is4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
	if (fd >= 0 && connect(fd, is4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
			       is4 ? sizeof(v4) : sizeof(v6)) != 0)
		return -1;
	return fd;
}

/* Sends what goes now. False on an error. */
static int send_some(int fd, uint64_t *sent, uint64_t total)
{
	size_t n = total - *sent < CHUNK ? (size_t)(total - *sent) : CHUNK;
	ssize_t done = send(fd, pattern + *sent % PATTERN, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (done < 0)
		return errno == EAGAIN;
	*sent += (uint64_t)done;
	if (*sent == total)
		shutdown(fd, SHUT_WR);
	return 1;
}

/* Reads and compares what is there. 0 on an error. */
static int receive_some(int fd, uint64_t *received)
{
	ssize_t n = recv(fd, buffer, CHUNK, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN;
	errno = EPIPE;
	if (n == 0)
		return 0;
	errno = EILSEQ;
	if (memcmp(buffer, pattern + *received % PATTERN, (size_t)n) != 0)
		return 0;
	*received += (uint64_t)n;
	return 1;
}

static int carry(int fd, uint64_t total)
{
	uint64_t sent = 0, received = 0;

	while (received < total) {
		struct pollfd p = {.fd = fd,
				   .events = (short)(POLLIN | (sent < total ? POLLOUT : 0))};

		if (poll(&p, 1, PATIENCE_MS) != 1) {
			errno = ETIMEDOUT;
			return 0;
		}
		if ((p.revents & POLLOUT) && !send_some(fd, &sent, total))
			return 0;
		if ((p.revents & (POLLIN | POLLERR | POLLHUP)) && !receive_some(fd, &received))
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct timespec a, b;
	uint64_t total;
	double seconds;
	int fd;

	if (argc != 4) {
		fprintf(stderr, "usage: echo_client ADDRESS PORT MIB\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)((i % PATTERN) * 2654435761u >> 13);
	total = strtoull(argv[3], NULL, 10) << 20;
	fd = connect_to(argv[1], (uint16_t)atoi(argv[2]));
	if (fd < 0)
		return complain("connect");
	clock_gettime(CLOCK_MONOTONIC, &a);
	if (!carry(fd, total))
		return complain("the stream");
	clock_gettime(CLOCK_MONOTONIC, &b);
	seconds = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	printf("%.3f s, %.2f Gbit/s each way\n", seconds, (double)total * 8 / seconds / 1e9);
	close(fd);
	return 0;
}
