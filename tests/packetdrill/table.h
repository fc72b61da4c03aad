/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/table.h - the table that packetdrill asks a shared object to fill in.
 *
 * A statement of that binary interface in our own words: 33 pointers, the first of them handed back
 * as the first argument of every other. POSIX conventions: -1 and errno.
 */
#ifndef TESTS_PACKETDRILL_TABLE_H
#define TESTS_PACKETDRILL_TABLE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

struct packetdrill_table {
	void *us;
	void (*free)(void *us);
	int (*socket)(void *us, int domain, int type, int protocol);
	int (*bind)(void *us, int fd, const struct sockaddr *a, socklen_t n);
	int (*listen)(void *us, int fd, int backlog);
	int (*accept)(void *us, int fd, struct sockaddr *a, socklen_t *n);
	int (*connect)(void *us, int fd, const struct sockaddr *a, socklen_t n);
	ssize_t (*read)(void *us, int fd, void *data, size_t n);
	ssize_t (*readv)(void *us, int fd, const struct iovec *v, int count);
	ssize_t (*recv)(void *us, int fd, void *data, size_t n, int flags);
	ssize_t (*recvfrom)(void *us, int fd, void *data, size_t n, int flags, struct sockaddr *a,
			    socklen_t *an);
	ssize_t (*recvmsg)(void *us, int fd, struct msghdr *m, int flags);
	ssize_t (*write)(void *us, int fd, const void *data, size_t n);
	ssize_t (*writev)(void *us, int fd, const struct iovec *v, int count);
	ssize_t (*send)(void *us, int fd, const void *data, size_t n, int flags);
	ssize_t (*sendto)(void *us, int fd, const void *data, size_t n, int flags,
			  const struct sockaddr *a, socklen_t an);
	ssize_t (*sendmsg)(void *us, int fd, const struct msghdr *m, int flags);
	int (*fcntl)(void *us, int fd, int command, ...);
	int (*ioctl)(void *us, int fd, unsigned long request, ...);
	int (*close)(void *us, int fd);
	int (*shutdown)(void *us, int fd, int how);
	int (*getsockopt)(void *us, int fd, int level, int name, void *value, socklen_t *n);
	int (*setsockopt)(void *us, int fd, int level, int name, const void *value, socklen_t n);
	int (*poll)(void *us, struct pollfd *fds, nfds_t n, int timeout_ms);
	int (*packet_in)(void *us, const void *packet, size_t n);
	int (*packet_out)(void *us, void *packet, size_t *n, long long *sent_at_us);
	int (*usleep)(void *us, useconds_t us_long);
	int (*gettimeofday)(void *us, struct timeval *tv, struct timezone *tz);
	int (*epoll_create)(void *us, int size);
	int (*epoll_ctl)(void *us, int ep, int op, int fd, struct epoll_event *e);
	int (*epoll_wait)(void *us, int ep, struct epoll_event *e, int n, int timeout_ms);
	int (*pipe)(void *us, int fds[2]);
	int (*splice)(void *us, int in, loff_t *in_at, int out, loff_t *out_at, size_t n,
		      unsigned flags);
};

_Static_assert(sizeof(struct packetdrill_table) == 33 * sizeof(void *), "33 pointers");

/** The one symbol that packetdrill looks up. */
void packetdrill_interface_init(const char *flags, struct packetdrill_table *t);

/**
 * For other loaders: the next packet that was sent already, time standing still; its length, or 0.
 */
size_t packetdrill_take_now(void *us, void *packet, size_t cap);

#endif
