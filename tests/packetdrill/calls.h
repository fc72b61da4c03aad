/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/calls.h - the socket calls of a bench, as libc knows them but for -errno.
 *
 * A call on a blocking socket waits in virtual time. Each takes and gives back the lock.
 */
#ifndef TESTS_PACKETDRILL_CALLS_H
#define TESTS_PACKETDRILL_CALLS_H

#include "bench.h"
#include <poll.h>
#include <sys/uio.h>

int64_t call_socket(struct bench *b, int domain, int type, int protocol);
int64_t call_bind(struct bench *b, int fd, const struct sockaddr *a, socklen_t n);
int64_t call_listen(struct bench *b, int fd, int backlog);
int64_t call_accept(struct bench *b, int fd, struct sockaddr *a, socklen_t *n);
int64_t call_connect(struct bench *b, int fd, const struct sockaddr *a, socklen_t n);
/** All of the vector, or on a non-blocking socket what fits. */
int64_t call_send(struct bench *b, int fd, const struct iovec *v, size_t count, int flags);
/** Into the vector, until it is full or nothing is there any more. */
int64_t call_receive(struct bench *b, int fd, const struct iovec *v, size_t count, int flags);
int64_t call_fcntl(struct bench *b, int fd, int command, int argument);
int64_t call_ioctl(struct bench *b, int fd, unsigned long request, int *out);
int64_t call_close(struct bench *b, int fd);
int64_t call_shutdown(struct bench *b, int fd, int how);
/** -EBADF also for a descriptor that is none of ours. */
int64_t call_get_option(struct bench *b, int fd, int level, int name, void *value, socklen_t *n);
int64_t call_set_option(struct bench *b, int fd, int level, int name, const void *value,
			socklen_t n);
int64_t call_poll(struct bench *b, struct pollfd *fds, nfds_t n, int timeout_ms);

#endif
