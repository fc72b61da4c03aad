/* SPDX-License-Identifier: MIT */
/*
 * cli/standard.c - see cli/standard.h.
 */
#include "cli/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether a call would not wait now. What has gone wrong is for the call to say. */
static bool ready(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, 0) != 0;
}

int64_t standard_read(uint8_t *out, size_t n)
{
	ssize_t got;

	if (!ready(STDIN_FILENO, POLLIN))
		return -EAGAIN;
	do
		got = read(STDIN_FILENO, out, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

struct standard_out standard_out_open(void)
{
	struct standard_out o = {.fd = STDOUT_FILENO};
	struct stat s;
	int own;

	if (fstat(o.fd, &s) != 0)
		return o;
	o.is_socket = S_ISSOCK(s.st_mode);
	if (!S_ISFIFO(s.st_mode) && !isatty(o.fd))
		return o; /* files do not make us wait for anybody */
	own = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own >= 0)
		o.fd = own;
	else
		o.waits = true;
	return o;
}

int64_t standard_out_write(const struct standard_out *o, const uint8_t *data, size_t n)
{
	ssize_t put;

	if (o->waits && !ready(o->fd, POLLOUT))
		return -EAGAIN;
	if (o->waits && n > PIPE_BUF)
		n = PIPE_BUF; /* a pipe that has room has room for this much */
	do
		put = o->is_socket ? send(o->fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL)
				   : write(o->fd, data, n);
	while (put < 0 && errno == EINTR);
	return put < 0 ? -errno : put;
}

void standard_out_close(struct standard_out *o)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (o->is_socket)
		shutdown(o->fd, SHUT_WR);
	if (o->fd != STDOUT_FILENO)
		close(o->fd);
	o->fd = STDOUT_FILENO;
	o->waits = o->is_socket = false;
	if (nothing >= 0)
		dup2(nothing, STDOUT_FILENO);
	if (nothing > STDERR_FILENO)
		close(nothing);
}
