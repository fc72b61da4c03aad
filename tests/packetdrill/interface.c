/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/interface.c - packetdrill's table, filled in over a bench.
 *
 * Conversions only: -errno to errno, microseconds to nanoseconds, one buffer to a vector. What the
 * tool asks libc for instead of the table (getsockopt for TCP_INFO, and three calls that need
 * privileges) is here as functions of those names: load the object by LD_PRELOAD too.
 */
#include "calls.h"
#include "table.h"
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <unistd.h>

static struct bench bench; /* the tool plays one script in a process */
static bool in_use;

static ssize_t posix(int64_t r)
{
	if (r >= 0)
		return (ssize_t)r;
	errno = (int)-r;
	return -1;
}

static void our_free(void *b)
{
	bool good = bench_close(b);

	in_use = false;
	if (!good)
		exit(EXIT_FAILURE);
}

/* ------------------------------------------------------------------ sockets */

static int our_socket(void *b, int domain, int type, int protocol)
{
	return (int)posix(call_socket(b, domain, type, protocol));
}

static int our_bind(void *b, int fd, const struct sockaddr *a, socklen_t n)
{
	return (int)posix(call_bind(b, fd, a, n));
}

static int our_listen(void *b, int fd, int backlog)
{
	return (int)posix(call_listen(b, fd, backlog));
}

static int our_accept(void *b, int fd, struct sockaddr *a, socklen_t *n)
{
	return (int)posix(call_accept(b, fd, a, n));
}

static int our_connect(void *b, int fd, const struct sockaddr *a, socklen_t n)
{
	return (int)posix(call_connect(b, fd, a, n));
}

static int our_fcntl(void *b, int fd, int command, ...)
{
	va_list list;
	int argument;

	va_start(list, command);
	argument = va_arg(list, int);
	va_end(list);
	return (int)posix(call_fcntl(b, fd, command, argument));
}

static int our_ioctl(void *b, int fd, unsigned long request, ...)
{
	va_list list;
	int *out;

	va_start(list, request);
	out = va_arg(list, int *);
	va_end(list);
	return (int)posix(call_ioctl(b, fd, request, out));
}

static int our_close(void *b, int fd) { return (int)posix(call_close(b, fd)); }

static int our_shutdown(void *b, int fd, int how) { return (int)posix(call_shutdown(b, fd, how)); }

static int our_getsockopt(void *b, int fd, int level, int name, void *value, socklen_t *n)
{
	return (int)posix(call_get_option(b, fd, level, name, value, n));
}

static int our_setsockopt(void *b, int fd, int level, int name, const void *value, socklen_t n)
{
	return (int)posix(call_set_option(b, fd, level, name, value, n));
}

static int our_poll(void *b, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	return (int)posix(call_poll(b, fds, n, timeout_ms));
}

/* ------------------------------------------------------------------ data */

static ssize_t our_readv(void *b, int fd, const struct iovec *v, int count)
{
	return posix(count < 0 ? -EINVAL : call_receive(b, fd, v, (size_t)count, 0));
}

static ssize_t our_recv(void *b, int fd, void *data, size_t n, int flags)
{
	return posix(call_receive(b, fd, &(struct iovec){data, n}, 1, flags));
}

static ssize_t our_read(void *b, int fd, void *data, size_t n)
{
	return our_recv(b, fd, data, n, 0);
}

static ssize_t our_recvfrom(void *b, int fd, void *data, size_t n, int flags, struct sockaddr *a,
			    socklen_t *an)
{
	(void)a;
	if (an)
		*an = 0; /* as for any stream */
	return our_recv(b, fd, data, n, flags);
}

static ssize_t our_recvmsg(void *b, int fd, struct msghdr *m, int flags)
{
	m->msg_namelen = 0;
	m->msg_controllen = 0;
	m->msg_flags = 0;
	return posix(call_receive(b, fd, m->msg_iov, m->msg_iovlen, flags));
}

static ssize_t our_writev(void *b, int fd, const struct iovec *v, int count)
{
	return posix(count < 0 ? -EINVAL : call_send(b, fd, v, (size_t)count, 0));
}

static ssize_t our_send(void *b, int fd, const void *data, size_t n, int flags)
{
	return posix(call_send(b, fd, &(struct iovec){(void *)(uintptr_t)data, n}, 1, flags));
}

static ssize_t our_write(void *b, int fd, const void *data, size_t n)
{
	return our_send(b, fd, data, n, 0);
}

static ssize_t our_sendto(void *b, int fd, const void *data, size_t n, int flags,
			  const struct sockaddr *a, socklen_t an)
{
	(void)a, (void)an; /* a connected stream has its peer */
	return our_send(b, fd, data, n, flags);
}

static ssize_t our_sendmsg(void *b, int fd, const struct msghdr *m, int flags)
{
	return posix(call_send(b, fd, m->msg_iov, m->msg_iovlen, flags));
}

/* ------------------------------------------------------------------ packets and time */

static int our_packet_in(void *us, const void *packet, size_t n)
{
	struct bench *b = us;

	bench_enter(b);
	bench_inject(b, packet, n);
	return (int)bench_leave(b, 0);
}

static int our_packet_out(void *us, void *packet, size_t *n, long long *sent_at_us)
{
	struct bench *b = us;
	uint64_t sent_at = 0;

	bench_enter(b);
	*n = bench_take(b, packet, *n, &sent_at);
	*sent_at_us = (long long)(sent_at / 1000);
	return (int)bench_leave(b, 0);
}

size_t packetdrill_take_now(void *us, void *packet, size_t cap)
{
	struct bench *b = us;
	uint64_t sent_at;

	bench_enter(b);
	return (size_t)bench_leave(b, (int64_t)bench_take_now(b, packet, cap, &sent_at));
}

static int our_usleep(void *us, useconds_t microseconds)
{
	struct bench *b = us;

	bench_enter(b);
	bench_hold(b);
	bench_run_until(b, b->now + (uint64_t)microseconds * 1000);
	return (int)bench_leave(b, 0);
}

static int our_gettimeofday(void *us, struct timeval *tv, struct timezone *tz)
{
	struct bench *b = us;
	uint64_t now;

	(void)tz;
	bench_enter(b);
	now = bench_read_clock(b) / 1000;
	*tv = (struct timeval){.tv_sec = (time_t)(now / 1000000),
			       .tv_usec = (suseconds_t)(now % 1000000)};
	return (int)bench_leave(b, 0);
}

/* ------------------------------------------------------------------ what is not offered */

static int no_epoll_create(void *b, int size)
{
	(void)b, (void)size;
	return (int)posix(-ENOSYS);
}

static int no_epoll_ctl(void *b, int ep, int op, int fd, struct epoll_event *e)
{
	(void)b, (void)ep, (void)op, (void)fd, (void)e;
	return (int)posix(-ENOSYS);
}

static int no_epoll_wait(void *b, int ep, struct epoll_event *e, int n, int timeout_ms)
{
	(void)b, (void)ep, (void)e, (void)n, (void)timeout_ms;
	return (int)posix(-ENOSYS);
}

static int no_pipe(void *b, int fds[2])
{
	(void)b, (void)fds;
	return (int)posix(-ENOSYS);
}

static int no_splice(void *b, int in, loff_t *in_at, int out, loff_t *out_at, size_t n,
		     unsigned flags)
{
	(void)b, (void)in, (void)in_at, (void)out, (void)out_at, (void)n, (void)flags;
	return (int)posix(-ENOSYS);
}

void packetdrill_interface_init(const char *flags, struct packetdrill_table *t)
{
	bench_open(&bench, &under_test, flags);
	in_use = true;
	*t = (struct packetdrill_table){
		.us = &bench,
		.free = our_free,
		.socket = our_socket,
		.bind = our_bind,
		.listen = our_listen,
		.accept = our_accept,
		.connect = our_connect,
		.read = our_read,
		.readv = our_readv,
		.recv = our_recv,
		.recvfrom = our_recvfrom,
		.recvmsg = our_recvmsg,
		.write = our_write,
		.writev = our_writev,
		.send = our_send,
		.sendto = our_sendto,
		.sendmsg = our_sendmsg,
		.fcntl = our_fcntl,
		.ioctl = our_ioctl,
		.close = our_close,
		.shutdown = our_shutdown,
		.getsockopt = our_getsockopt,
		.setsockopt = our_setsockopt,
		.poll = our_poll,
		.packet_in = our_packet_in,
		.packet_out = our_packet_out,
		.usleep = our_usleep,
		.gettimeofday = our_gettimeofday,
		.epoll_create = no_epoll_create,
		.epoll_ctl = no_epoll_ctl,
		.epoll_wait = no_epoll_wait,
		.pipe = no_pipe,
		.splice = no_splice,
	};
}

/* ------------------------------------------------------------------ in libc's place, by LD_PRELOAD
 */

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict n)
{
	if (in_use && bench_socket(&bench, fd))
		return our_getsockopt(&bench, fd, level, name, value, n);
	return (int)syscall(SYS_getsockopt, fd, level, name, value, n);
}

/* The tool locks its memory and asks for real-time priority: on a virtual clock there is no hurry.
 */
int mlockall(int flags)
{
	(void)flags;
	return 0;
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
	(void)pid, (void)policy, (void)param;
	return 0;
}

/* It waits for a tick of this clock before it begins. */
clock_t times(struct tms *out)
{
	static clock_t ticks;

	if (out)
		*out = (struct tms){0};
	return ++ticks;
}
