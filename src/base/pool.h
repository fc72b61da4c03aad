/* SPDX-License-Identifier: MIT */
/*
 * base/pool.h - objects of one size, named by a 32-bit index, that never move.
 *
 *   index  =  slab number * 64  +  place in the slab
 *
 *   chunk[0] ─► slab 0..63      chunk k holds twice as many slabs as k - 1, so the directory
 *   chunk[1] ─► slab 64..127    grows without copying: no pause, at any size
 *   chunk[2] ─► slab 128..255
 *
 * A slab is allocated when its first object is, and given back with its last. While the others are
 * all but full, one empty slab is kept: an object that comes and goes at the edge costs nothing. Of
 * large objects a slab holds fewer than 64, and the places behind them stay empty.
 */
#ifndef AKSU_BASE_POOL_H
#define AKSU_BASE_POOL_H

#include "base/mem.h"

#define POOL_NONE   UINT32_MAX
#define POOL_SLAB   64u   /* places of a slab: one word tells which live */
#define POOL_OCTETS 8192u /* of a slab, but for eight objects at least */
#define POOL_CHUNKS 20u   /* 64 slabs, doubled 19 times: 2^31 objects */

struct slab {
	uint8_t *objects;
	uint64_t live;       /* bit i: object i is in use */
	uint32_t prev, next; /* in the list of slabs with room */
};

struct pool {
	struct mem *mem;
	struct slab *chunk[POOL_CHUNKS];
	uint32_t object_size;
	uint32_t per_slab;  /* objects that a slab holds */
	uint32_t slabs;     /* slab numbers ever used: the next new one */
	uint32_t roomy;     /* list of allocated slabs with room */
	uint32_t vacant;    /* list of slab numbers without memory */
	uint32_t spare;     /* the one empty slab that is kept, or POOL_NONE */
	uint32_t allocated; /* slabs with memory */
	uint32_t live;      /* objects in use */
	uint32_t max;       /* most objects ever to hand out; 0: no limit but the budget */
};

void pool_init(struct pool *p, struct mem *mem, uint32_t object_size);

/* Gives back every slab, whatever lives. */
void pool_fini(struct pool *p);

/* A cleared object and its index, or NULL. */
MUST_USE void *pool_get(struct pool *p, uint32_t *index);

void pool_put(struct pool *p, uint32_t index);

static inline struct slab *pool_slab(const struct pool *p, uint32_t number)
{
	uint32_t k;

	if (number < 64)
		return &p->chunk[0][number];
	k = log2_u32(number) - 5;
	return &p->chunk[k][number - (32u << k)];
}

/* The object of an index that is known to live. */
static inline void *pool_at(const struct pool *p, uint32_t index)
{
	return pool_slab(p, index / POOL_SLAB)->objects +
	       (size_t)(index % POOL_SLAB) * p->object_size;
}

/* Whether an index lives; any number may be asked. */
bool pool_lives(const struct pool *p, uint32_t index);

/* The first index in use at or after `from`, or POOL_NONE: walks all of them in order. */
uint32_t pool_next(const struct pool *p, uint32_t from);

#endif
