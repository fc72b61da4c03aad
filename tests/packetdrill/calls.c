/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/calls.c - socket calls over a table of functions that never block.
 *
 * What libc and the kernel add to a stack: descriptors, O_NONBLOCK, waiting, vectors, addresses
 * out. TCP_INFO and the two other structs that a script may ask for are answered here at the length
 * that was asked for, which may be that of a newer kernel.
 */
#include "calls.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>

/* Not in every libc's headers: asm-generic/socket.h and linux/tcp.h of 4.12. */
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

int64_t call_socket(struct bench *b, int domain, int type, int protocol)
{
	int kind = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
	under_test_socket name;
	int64_t r;

	bench_enter(b);
	r = b->ops->socket(b->stack, domain, kind, protocol, &name);
	if (r == 0)
		r = bench_new_fd(b, name);
	if (r >= 0)
		b->socket[r].nonblocking = (type & SOCK_NONBLOCK) != 0;
	return bench_leave(b, r);
}

int64_t call_bind(struct bench *b, int fd, const struct sockaddr *a, socklen_t n)
{
	struct bench_socket *s;

	bench_enter(b);
	s = bench_socket(b, fd);
	return bench_leave(b, s ? b->ops->bind(b->stack, s->name, a, n) : -EBADF);
}

int64_t call_listen(struct bench *b, int fd, int backlog)
{
	struct bench_socket *s;

	bench_enter(b);
	s = bench_socket(b, fd);
	return bench_leave(b, s ? b->ops->listen(b->stack, s->name, backlog) : -EBADF);
}

/* ------------------------------------------------------------------ accept, connect */

struct accepting {
	under_test_socket listener, name;
};

static int64_t try_accept(struct bench *b, void *what)
{
	struct accepting *a = what;

	return b->ops->accept(b->stack, a->listener, &a->name);
}

static void copy_address(const struct sockaddr_storage *from, struct sockaddr *a, socklen_t *n)
{
	socklen_t whole = from->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						      : sizeof(struct sockaddr_in);

	if (!a || !n)
		return;
	memcpy(a, from, *n < whole ? *n : whole);
	*n = whole;
}

int64_t call_accept(struct bench *b, int fd, struct sockaddr *a, socklen_t *n)
{
	struct sockaddr_storage peer = {0};
	struct accepting what;
	struct bench_socket *s;
	int64_t r;

	bench_enter(b);
	s = bench_socket(b, fd);
	if (!s)
		return bench_leave(b, -EBADF);
	what.listener = s->name;
	r = bench_await(b, !s->nonblocking, UNDER_TEST_NEVER, try_accept, &what);
	if (r == 0)
		r = bench_new_fd(b, what.name);
	if (r >= 0) {
		b->socket[r].connected = true;
		if (b->ops->peer(b->stack, what.name, &peer) == 0)
			copy_address(&peer, a, n);
	}
	return bench_leave(b, r);
}

static int pending_error(struct bench *b, const struct bench_socket *s)
{
	int error = 0;
	socklen_t n = sizeof(error);

	b->ops->get_option(b->stack, s->name, SOL_SOCKET, SO_ERROR, &error, &n);
	return error;
}

/* -EAGAIN while the handshake is under way; the outcome of it is told once. */
static int64_t try_finish_connect(struct bench *b, void *what)
{
	struct bench_socket *s = what;
	int ready = b->ops->ready(b->stack, s->name);

	if (!(ready & (POLLOUT | POLLERR | POLLHUP)))
		return -EAGAIN;
	s->connecting = false;
	s->connected = !(ready & POLLERR);
	return s->connected ? 0 : -pending_error(b, s);
}

int64_t call_connect(struct bench *b, int fd, const struct sockaddr *a, socklen_t n)
{
	struct bench_socket *s;
	int64_t r = 0;

	bench_enter(b);
	s = bench_socket(b, fd);
	if (!s)
		return bench_leave(b, -EBADF);
	if (s->connected)
		return bench_leave(b, -EISCONN);
	if (s->connecting) {
		r = try_finish_connect(b, s);
		return bench_leave(b, r == -EAGAIN ? -EALREADY : r);
	}
	r = b->ops->connect(b->stack, s->name, a, n, b->now);
	if (r == 0 || r == -EINPROGRESS) {
		s->connecting = true;
		r = bench_await(b, !s->nonblocking, UNDER_TEST_NEVER, try_finish_connect, s);
		r = r == -EAGAIN ? -EINPROGRESS : r;
	}
	return bench_leave(b, r);
}

/* ------------------------------------------------------------------ data */

struct moving {
	struct bench_socket *s;
	const struct iovec *v;
	size_t count, piece, offset; /* where in the vector we are */
	int64_t done;
	int flags;
	bool whole; /* not content with a part */
};

/* Sends what is left of the vector; -EAGAIN with what was done kept, if it is to be all. */
static int64_t try_send(struct bench *b, void *what)
{
	struct moving *m = what;

	while (m->piece < m->count) {
		const struct iovec *v = &m->v[m->piece];
		bool last = m->piece + 1 == m->count;
		int64_t r = 0;

		if (v->iov_len > m->offset)
			r = b->ops->send(b->stack, m->s->name,
					 (const char *)v->iov_base + m->offset,
					 v->iov_len - m->offset, m->flags | (last ? 0 : MSG_MORE),
					 b->now);
		if (r < 0)
			return r == -EAGAIN && m->whole ? r : m->done ? m->done : r;
		m->done += r;
		m->offset += (size_t)r;
		if (m->offset == v->iov_len)
			m->piece++, m->offset = 0;
	}
	return m->done;
}

static int64_t try_receive(struct bench *b, void *what)
{
	struct moving *m = what;

	while (m->piece < m->count) {
		const struct iovec *v = &m->v[m->piece];
		int64_t r = b->ops->receive(b->stack, m->s->name, v->iov_base, v->iov_len, m->flags,
					    b->now);

		if (r < 0)
			return m->done ? m->done : r;
		m->done += r;
		if ((size_t)r < v->iov_len || m->flags & MSG_PEEK)
			break;
		m->piece++;
	}
	return m->done;
}

/* EFAULT as the kernel says it: a buffer that is not there. */
static bool vector_is_bad(const struct iovec *v, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!v[i].iov_base && v[i].iov_len)
			return true;
	return false;
}

static int64_t move(struct bench *b, int fd, struct moving m, bench_attempt *attempt)
{
	bool block;

	bench_enter(b);
	m.s = bench_socket(b, fd);
	if (!m.s)
		return bench_leave(b, -EBADF);
	if (vector_is_bad(m.v, m.count))
		return bench_leave(b, -EFAULT);
	block = !m.s->nonblocking && !(m.flags & MSG_DONTWAIT);
	m.whole = block && attempt == try_send;
	return bench_leave(b, bench_await(b, block, UNDER_TEST_NEVER, attempt, &m));
}

int64_t call_send(struct bench *b, int fd, const struct iovec *v, size_t count, int flags)
{
	return move(b, fd, (struct moving){.v = v, .count = count, .flags = flags}, try_send);
}

int64_t call_receive(struct bench *b, int fd, const struct iovec *v, size_t count, int flags)
{
	return move(b, fd, (struct moving){.v = v, .count = count, .flags = flags}, try_receive);
}

/* ------------------------------------------------------------------ the rest */

int64_t call_fcntl(struct bench *b, int fd, int command, int argument)
{
	struct bench_socket *s;
	int64_t r = 0;

	bench_enter(b);
	s = bench_socket(b, fd);
	if (!s)
		r = -EBADF;
	else if (command == F_GETFL)
		r = O_RDWR | (s->nonblocking ? O_NONBLOCK : 0);
	else if (command == F_SETFL)
		s->nonblocking = (argument & O_NONBLOCK) != 0;
	else
		r = -EINVAL;
	return bench_leave(b, r);
}

int64_t call_ioctl(struct bench *b, int fd, unsigned long request, int *out)
{
	struct bench_socket *s;

	bench_enter(b);
	s = bench_socket(b, fd);
	return bench_leave(b, s ? b->ops->queued(b->stack, s->name, request, out) : -EBADF);
}

int64_t call_close(struct bench *b, int fd)
{
	struct bench_socket *s;
	int64_t r = -EBADF;

	bench_enter(b);
	s = bench_socket(b, fd);
	if (s) {
		r = b->ops->release(b->stack, s->name, b->now);
		bench_end_fd(b, fd);
	}
	return bench_leave(b, r);
}

int64_t call_shutdown(struct bench *b, int fd, int how)
{
	struct bench_socket *s;

	bench_enter(b);
	s = bench_socket(b, fd);
	return bench_leave(b, s ? b->ops->shutdown(b->stack, s->name, how, b->now) : -EBADF);
}

/* A struct of which a script prints members: zeros behind what is known, at the length asked for.
 */
static int get_struct(struct bench *b, const struct bench_socket *s, int level, int name,
		      void *value, socklen_t n)
{
	struct tcp_info info = {0};
	int r = 0;

	if (level == IPPROTO_TCP && name == TCP_INFO)
		r = b->ops->info(b->stack, s->name, &info, b->now);
	if (r < 0)
		return r;
	memset(value, 0, n);
	memcpy(value, &info, n < sizeof(info) ? n : sizeof(info));
	return 0;
}

int64_t call_get_option(struct bench *b, int fd, int level, int name, void *value, socklen_t *n)
{
	struct bench_socket *s;
	bool is_struct = (level == IPPROTO_TCP && (name == TCP_INFO || name == TCP_CC_INFO)) ||
			 (level == SOL_SOCKET && name == SO_MEMINFO);
	int64_t r;

	bench_enter(b);
	s = bench_socket(b, fd);
	if (!s)
		r = -EBADF;
	else if (!value || !n)
		r = -EFAULT;
	else if (is_struct)
		r = get_struct(b, s, level, name, value, *n);
	else
		r = b->ops->get_option(b->stack, s->name, level, name, value, n);
	return bench_leave(b, r);
}

int64_t call_set_option(struct bench *b, int fd, int level, int name, const void *value,
			socklen_t n)
{
	struct bench_socket *s;
	int64_t r = -EBADF;

	bench_enter(b);
	s = bench_socket(b, fd);
	if (s)
		r = b->ops->set_option(b->stack, s->name, level, name, value, n, b->now);
	return bench_leave(b, r);
}

struct polling {
	struct pollfd *fds;
	nfds_t n;
};

static int64_t try_poll(struct bench *b, void *what)
{
	struct polling *p = what;
	int64_t found = 0;

	for (nfds_t i = 0; i < p->n; i++) {
		struct bench_socket *s = bench_socket(b, p->fds[i].fd);
		int ready = s ? b->ops->ready(b->stack, s->name) : POLLNVAL;

		ready &= p->fds[i].events | POLLERR | POLLHUP | POLLNVAL;
		p->fds[i].revents = (short)ready;
		found += ready != 0;
	}
	return found ? found : -EAGAIN;
}

int64_t call_poll(struct bench *b, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct polling what = {fds, n};
	uint64_t until = UNDER_TEST_NEVER;
	int64_t r;

	bench_enter(b);
	if (timeout_ms >= 0)
		until = b->now + (uint64_t)timeout_ms * 1000000;
	r = bench_await(b, timeout_ms != 0, until, try_poll, &what);
	return bench_leave(b, r == -EAGAIN ? 0 : r);
}
