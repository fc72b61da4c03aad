/* SPDX-License-Identifier: MIT */
/*
 * base/prng.h - repeatable random numbers: jitter in the core, everything in the simulator.
 *
 * xoshiro256** (Blackman, Vigna), seeded through splitmix64. Not for secrets: those are siphash().
 */
#ifndef AKSU_BASE_PRNG_H
#define AKSU_BASE_PRNG_H

#include "base/compile.h"

struct prng {
	uint64_t s[4];
};

static inline struct prng prng_from(uint64_t seed)
{
	struct prng r;

	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15u;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
		z = (z ^ z >> 27) * 0x94d049bb133111ebu;
		r.s[i] = z ^ z >> 31;
	}
	return r;
}

static inline uint64_t prng_next(struct prng *r)
{
	uint64_t x = r->s[1] * 5, t = r->s[1] << 17;

	x = (x << 7 | x >> 57) * 9;
	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = r->s[3] << 45 | r->s[3] >> 19;
	return x;
}

/* A number in [0, n); n is not 0. The bias is below n / 2^32. */
static inline uint32_t prng_below(struct prng *r, uint32_t n)
{
	return (uint32_t)((prng_next(r) >> 32) * n >> 32);
}

/* True in `millionths` of a million cases. */
static inline bool prng_chance(struct prng *r, uint32_t millionths)
{
	return prng_below(r, 1000000) < millionths;
}

#endif
