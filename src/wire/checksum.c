/* SPDX-License-Identifier: MIT */
/*
 * wire/checksum.c - the Internet checksum, 64 bits at a time (RFC 1071 section 2).
 *
 * Words are added in the byte order of the host, whatever it is: the ones' complement sum of
 * swapped words is the swapped sum (section 2, B). One swap at the end turns it into the network's
 * order, so that a csum means the same on every machine. Carries are counted beside the sum and
 * added last.
 */
#include "wire/checksum.h"

#include "base/bytes.h"

/* A sum of 64-bit words that is under way. */
struct acc {
	uint64_t sum, carries;
};

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

static inline void acc_add(struct acc *a, uint64_t w)
{
	a->sum += w;
	a->carries += a->sum < w;
}

/* The last 0 to 7 octets, as if zeros followed (RFC 1071 section 1, step 1). */
static inline uint64_t load_tail(const uint8_t *p, size_t n)
{
	uint8_t last[8] = {0};

	for (size_t i = 0; i < n; i++)
		last[i] = p[i];
	return load64(last);
}

/* From the host's order to the network's: 2^8 and its inverse are the same modulo 2^16 - 1. */
static csum acc_result(struct acc a, struct acc b)
{
	csum s = csum_add(csum_add((csum){a.sum}, (csum){b.sum}), (csum){a.carries + b.carries});

	return (csum){network64(s.v)};
}

csum csum_of(const void *data, size_t n)
{
	const uint8_t *p = data;
	struct acc a = {0}, b = {0};

	for (; n >= 32; n -= 32, p += 32) {
		acc_add(&a, load64(p));
		acc_add(&b, load64(p + 8));
		acc_add(&a, load64(p + 16));
		acc_add(&b, load64(p + 24));
	}
	for (; n >= 8; n -= 8, p += 8)
		acc_add(&a, load64(p));
	if (n > 0)
		acc_add(&b, load_tail(p, n));
	return acc_result(a, b);
}

/* A line of a cache at a time: copied by the widest moves there are, and summed while it is at
 * hand. */
csum csum_copy(void *restrict dst, const void *restrict src, size_t n)
{
	const uint8_t *restrict p = src;
	uint8_t *restrict q = dst;
	struct acc a = {0}, b = {0};

	for (; n >= 64; n -= 64, p += 64, q += 64) {
		memcpy(q, p, 64);
		acc_add(&a, load64(p));
		acc_add(&b, load64(p + 8));
		acc_add(&a, load64(p + 16));
		acc_add(&b, load64(p + 24));
		acc_add(&a, load64(p + 32));
		acc_add(&b, load64(p + 40));
		acc_add(&a, load64(p + 48));
		acc_add(&b, load64(p + 56));
	}
	if (n > 0)
		memcpy(q, p, n);
	return csum_add(acc_result(a, b), csum_of(q, n));
}

/*
 * RFC 9293 section 3.1 (v4) and RFC 8200 section 8.1 (v6). One sum serves both: in the mapped form
 * ::ffff:a.b.c.d the words before the IPv4 address are 0 and 0xffff, and both are zero in ones'
 * complement arithmetic. Length and protocol are added as numbers, wherever they lie.
 */
csum csum_pseudo(const struct aksu_addr *src, const struct aksu_addr *dst, uint8_t protocol,
		 uint32_t len)
{
	csum s = csum_add(csum_of(src->b, sizeof(src->b)), csum_of(dst->b, sizeof(dst->b)));

	return csum_add(s, (csum){(uint64_t)protocol + (len >> 16) + (len & 0xffff)});
}
