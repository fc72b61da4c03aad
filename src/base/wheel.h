/* SPDX-License-Identifier: MIT */
/*
 * base/wheel.h - which of very many objects is due next, in O(1): a hierarchical timer wheel.
 *
 *   level 0   64 slots of one tick (2^20 ns, about a millisecond)
 *   level 1   64 slots of 64 ticks
 *   ...       level 7 reaches to the end of the clock
 *
 * An entry lies at the level of the highest group of six bits in which its tick differs from now's:
 * so every slot of a level lies ahead, and the lowest level that holds anything holds the earliest.
 * When the clock enters a slot of a higher level, its entries move down. Entries keep their exact
 * moment: a wheel never fires early, and a slot is searched for the exact one while that is cheap.
 *
 * Objects are named by pool index; the link lies in the object. An entry may be left where it is
 * when its deadline moves away: it then fires too early for its owner, who puts it in again.
 */
#ifndef AKSU_BASE_WHEEL_H
#define AKSU_BASE_WHEEL_H

#include "base/pool.h"
#include "base/time.h"

#define WHEEL_LEVELS 8u
#define WHEEL_SLOTS  64u

struct wheel_link {
	instant at;          /* INSTANT_NEVER: not in the wheel */
	uint32_t prev, next; /* `prev` of the first in a slot names the slot */
};

struct wheel {
	const struct pool *pool;
	size_t offset; /* of the link in an object */
	uint64_t tick; /* everything before it has fired */
	uint64_t occupied[WHEEL_LEVELS];
	uint32_t head[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, const struct pool *pool, size_t offset, instant now);

/* Puts object `index` in at a moment that is not INSTANT_NEVER; it must not be in. */
void wheel_add(struct wheel *w, uint32_t index, instant at);

/* Takes it out; it may not be in. */
void wheel_remove(struct wheel *w, uint32_t index);

/* An object that is due, taken out, or POOL_NONE when none is. */
uint32_t wheel_pop(struct wheel *w, instant now);

/*
 * When wheel_pop() should be called next: exact while few share a slot, else up to a tick late, or
 * early for entries far ahead (then they move down).
 */
instant wheel_next(const struct wheel *w);

#endif
