/* SPDX-License-Identifier: MIT */
/*
 * wire/checksum.h - the Internet checksum (RFC 1071), in parts.
 *
 * A sum is the ones' complement sum of 16-bit words, not yet folded or inverted, as a number: the
 * octets 12 34 count 0x1234 on every machine. Sums of runs are combined with csum_add(); a run that
 * begins at an odd offset is swapped first (csum_shift()).
 */
#ifndef AKSU_WIRE_CHECKSUM_H
#define AKSU_WIRE_CHECKSUM_H

#include <aksu/types.h>

#include "base/compile.h"

typedef struct {
	uint64_t v;
} csum;

/* The sum of n octets from an even offset; any alignment of `data`. */
csum csum_of(const void *data, size_t n);

/* Copies n octets (the two runs do not overlap) and sums them on the way: one pass over memory. */
csum csum_copy(void *dst, const void *src, size_t n);

static inline csum csum_add(csum a, csum b)
{
	uint64_t v = a.v + b.v;

	return (csum){v + (v < a.v)};
}

/* 16 bits of the ones' complement sum, not inverted. */
static inline uint16_t csum_fold(csum s)
{
	uint64_t v = (s.v >> 32) + (s.v & 0xffffffffu);

	v = (v >> 16) + (v & 0xffff);
	v = (v >> 16) + (v & 0xffff);
	v = (v >> 16) + (v & 0xffff);
	return (uint16_t)v;
}

/* The sum of a run that lies at an odd offset of the whole. */
static inline csum csum_shift(csum s)
{
	uint16_t v = csum_fold(s);

	return (csum){(uint64_t)((v & 0xff) << 8 | v >> 8)};
}

/*
 * The pseudo-header of TCP, UDP and ICMPv6, either family; `len` is that of the transport message.
 */
csum csum_pseudo(const struct aksu_addr *src, const struct aksu_addr *dst, uint8_t protocol,
		 uint32_t len);

/*
 * The field to write with put16() for a message whose sum (with a zero field) is s. It is never
 * computed as anything else but the inverted fold; UDP's rule for zero is udp's.
 */
static inline uint16_t csum_finish(csum s) { return (uint16_t)~csum_fold(s); }

/* Whether a message that came in, its checksum field included, sums to what it should. */
static inline bool csum_good(csum s) { return csum_fold(s) == 0xffff; }

#endif
