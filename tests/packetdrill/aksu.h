/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/aksu.h - what the parts of aksu's filling of the table share.
 */
#ifndef TESTS_PACKETDRILL_AKSU_H
#define TESTS_PACKETDRILL_AKSU_H

#include "under_test.h"
#include <aksu/socket.h>
#include <stdbool.h>

/** What Linux's sockets remember and aksu's do not. */
struct aksu_memory {
	struct aksu_memory *next;
	bool error_told;   /**< an error is told once, then the stream has just ended */
	bool read_is_shut; /**< SHUT_RD: what is there is read, then the stream has ended */
};

struct aksu_under_test {
	struct aksu *s;
	int link;
	struct aksu_memory *memories; /**< of all sockets, until the end */
	bool ecn;                     /* each socket asks for RFC 3168 */
};

static inline aksu_socket aksu_name(under_test_socket s)
{
	return (aksu_socket){.slot = (uint32_t)(s >> 32), .gen = (uint32_t)s};
}

/** -errno for a negative enum aksu_error; others stay. */
int64_t aksu_to_errno(int64_t r);

/** What ended the connection as an errno, if it was not told yet; it is told now. */
int aksu_take_error(struct aksu *s, aksu_socket h);

int aksu_option_set(void *stack, under_test_socket s, int level, int name, const void *value,
		    socklen_t n, uint64_t now);
int aksu_option_get(void *stack, under_test_socket s, int level, int name, void *value,
		    socklen_t *n);
int aksu_tcp_info(void *stack, under_test_socket s, struct tcp_info *out, uint64_t now);

#endif
