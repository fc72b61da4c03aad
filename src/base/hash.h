/* SPDX-License-Identifier: MIT */
/*
 * base/hash.h - SipHash-2-4, the keyed function behind ISNs, ports, cookies and tables.
 *
 * Keyed with 128 bits that never leave the instance (RFC 9293 MUST-9, RFC 6528 section 3).
 */
#ifndef AKSU_BASE_HASH_H
#define AKSU_BASE_HASH_H

#include "base/compile.h"

struct hash_key {
	uint64_t k0, k1;
};

struct hash_key hash_key_from(const uint8_t bytes[16]);

/* SipHash-2-4 of n octets. */
uint64_t siphash(const struct hash_key *key, const void *data, size_t n);

#endif
