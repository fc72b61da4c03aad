/* SPDX-License-Identifier: MIT */
/*
 * aksu/types.h - the words that every public header of aksu shares: time, addresses, errors,
 * memory.
 *
 * C11 freestanding. Nothing here allocates, and nothing here knows an operating system.
 */
#ifndef AKSU_TYPES_H
#define AKSU_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Nanoseconds on a clock of the caller's that never goes back. Only differences matter. */
typedef uint64_t aksu_time;

/** A moment that does not come: "no deadline". */
#define AKSU_NEVER UINT64_MAX

#define AKSU_MICROSECOND ((aksu_time)1000)
#define AKSU_MILLISECOND ((aksu_time)1000 * 1000)
#define AKSU_SECOND      ((aksu_time)1000 * 1000 * 1000)

/** An IPv6 address in network order, or an IPv4 address in its mapped form ::ffff:a.b.c.d. */
struct aksu_addr {
	uint8_t b[16];
};

/** An address and a port; the port is in host order. */
struct aksu_endpoint {
	struct aksu_addr addr;
	uint16_t port;
};

/** The memory of an instance comes from here and from nowhere else. */
struct aksu_allocator {
	/** Returns `size` octets aligned to `align` (a power of two), or NULL. */
	void *(*alloc)(void *ctx, size_t size, size_t align);
	/** Takes back what alloc() returned; `size` is what was asked for. */
	void (*free)(void *ctx, void *mem, size_t size);
	void *ctx;
};

/* clang-format off */
/** Errors: X(NAME, value, sentence). Calls return them negated: -AKSU_EINVAL. */
#define AKSU_ERRORS(X) \
	X(EINVAL,        1,  "an argument is not valid") \
	X(ENOMEM,        2,  "the memory budget is used up") \
	X(EAGAIN,        3,  "nothing can be done right now; wait for readiness") \
	X(EBADF,         4,  "no such socket: it was closed, or never was") \
	X(ENOTCONN,      5,  "the socket is not connected") \
	X(EISCONN,       6,  "the socket is connected already") \
	X(EALREADY,      7,  "a connection attempt is under way already") \
	X(ECONNREFUSED,  8,  "connection refused") \
	X(ECONNRESET,    9,  "connection reset by peer") \
	X(ECONNABORTED,  10, "connection aborted") \
	X(ETIMEDOUT,     11, "connection timed out") \
	X(EHOSTUNREACH,  12, "no route to host") \
	X(ENETUNREACH,   13, "network is unreachable") \
	X(EADDRINUSE,    14, "address already in use") \
	X(EADDRNOTAVAIL, 15, "address not available") \
	X(EPIPE,         16, "this direction is closed: nothing can be sent any more") \
	X(EMSGSIZE,      17, "message too long") \
	X(ENOBUFS,       18, "a queue is full") \
	X(ENOPROTOOPT,   19, "no such option, or not for this kind of socket") \
	X(EOPNOTSUPP,    20, "not possible on this kind of socket") \
	X(ENOENT,        21, "no such entry") \
	X(EPOISONED,     22, "an invariant of this instance broke; it answers no more calls") \
	X(EPROTO,        23, "the network reported a protocol error")
/* clang-format on */

enum aksu_error {
	AKSU_OK = 0,
#define AKSU_ERROR_ENUM(name, value, text) AKSU_##name = value,
	AKSU_ERRORS(AKSU_ERROR_ENUM)
#undef AKSU_ERROR_ENUM
};

/** The sentence of an error, with or without its minus sign; never NULL. */
const char *aksu_strerror(int error);

#ifdef __cplusplus
}
#endif
#endif
