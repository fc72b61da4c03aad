/* SPDX-License-Identifier: MIT */
/*
 * base/ring.h - a queue of things of one size, first in first out, that grows on demand up to a
 * bound.
 *
 * Cleared to zero it is empty and holds no memory; what is emptied gives its memory back. The size
 * of a thing is said with each call, so that callers keep their types: see RING_AT().
 */
#ifndef AKSU_BASE_RING_H
#define AKSU_BASE_RING_H

#include "base/mem.h"

struct ring {
	void *things;
	uint32_t cap; /* 0 or a power of two */
	uint32_t head, count;
};

/* Room for one more at the end, not cleared; NULL: `max` are there already, or no memory. */
MUST_USE void *ring_push(struct ring *r, struct mem *mem, size_t size, uint32_t max);

/* Forgets the first; there is one. */
void ring_pop(struct ring *r, struct mem *mem, size_t size);

void ring_fini(struct ring *r, struct mem *mem, size_t size);

static inline void *ring_at(const struct ring *r, uint32_t i, size_t size)
{
	return (uint8_t *)r->things + ((r->head + i) & (r->cap - 1)) * size;
}

/* The i-th from the front, as a `type *`. */
#define RING_AT(r, type, i) ((type *)ring_at((r), (i), sizeof(type)))

#endif
