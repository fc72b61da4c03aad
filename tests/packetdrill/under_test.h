/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/under_test.h - what a TCP has to be able to do to be judged by packetdrill.
 *
 * The author of a stack fills in one table of functions, most of them a line or two over what the
 * stack has anyway; bench.c does the rest: the virtual clock, the queue of what was sent, file
 * descriptors, calls that block. Words are libc's: struct sockaddr, errno, poll's bits, the numbers
 * of Linux's options, because that is what scripts are written in. It knows nothing of aksu.
 *
 * No function blocks. Failures are -errno; what cannot be done now is -EAGAIN. `now` is virtual
 * time in nanoseconds, which never goes back. The table is called by one thread at a time.
 */
#ifndef TESTS_PACKETDRILL_UNDER_TEST_H
#define TESTS_PACKETDRILL_UNDER_TEST_H

#include <linux/tcp.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/** "No deadline." */
#define UNDER_TEST_NEVER UINT64_MAX

/** A socket: whatever fits and names one. */
typedef uint64_t under_test_socket;

struct under_test {
	/** What the author calls the stack, for messages. */
	const char *name;

	/** A fresh stack; `flags` is what --so_flags said, or NULL. On failure: print and exit. */
	void *(*open)(const char *flags, uint64_t now);
	void (*close)(void *stack);

	/* ---- packets: raw IP, no link header */

	/** A packet arrives. */
	void (*input)(void *stack, const void *packet, size_t n, uint64_t now);
	/** The next packet that the stack wants to send now; its length, or 0 when there is none.
	 */
	size_t (*output)(void *stack, void *packet, size_t cap, uint64_t now);
	/** When advance() wants to be called next, or UNDER_TEST_NEVER. */
	uint64_t (*deadline)(void *stack);
	/** Lets timers run. */
	void (*advance)(void *stack, uint64_t now);

	/* ---- sockets */

	int (*socket)(void *stack, int domain, int type, int protocol, under_test_socket *out);
	int (*bind)(void *stack, under_test_socket s, const struct sockaddr *a, socklen_t n);
	int (*listen)(void *stack, under_test_socket s, int backlog);
	int (*accept)(void *stack, under_test_socket s, under_test_socket *out);
	/** Begins: 0 or -EINPROGRESS. That it has ended is told by ready() and SO_ERROR. */
	int (*connect)(void *stack, under_test_socket s, const struct sockaddr *a, socklen_t n,
		       uint64_t now);
	/** The peer's address. */
	int (*peer)(void *stack, under_test_socket s, struct sockaddr_storage *out);
	int64_t (*send)(void *stack, under_test_socket s, const void *data, size_t n, int flags,
			uint64_t now);
	int64_t (*receive)(void *stack, under_test_socket s, void *data, size_t n, int flags,
			   uint64_t now);
	int (*shutdown)(void *stack, under_test_socket s, int how, uint64_t now);
	int (*release)(void *stack, under_test_socket s, uint64_t now);
	/** POLLIN, POLLOUT, POLLERR, POLLHUP, POLLRDHUP: what is so now. */
	int (*ready)(void *stack, under_test_socket s);
	/** SIOCINQ, SIOCOUTQ, SIOCOUTQNSD. */
	int (*queued)(void *stack, under_test_socket s, unsigned long which, int *out);
	int (*set_option)(void *stack, under_test_socket s, int level, int name, const void *value,
			  socklen_t n, uint64_t now);
	/** *n: in, the room; out, the length. */
	int (*get_option)(void *stack, under_test_socket s, int level, int name, void *value,
			  socklen_t *n);
	/** Fills in what it knows; the rest is zero already. */
	int (*info)(void *stack, under_test_socket s, struct tcp_info *out, uint64_t now);
};

/** The table of the stack that this object was linked with. */
extern const struct under_test under_test;

#endif
