/* SPDX-License-Identifier: MIT */
/*
 * base/ring.c - see ring.h.
 */
#include "base/ring.h"

#include "base/bytes.h"

#define RING_FIRST 8u
#define RING_ALIGN 16u

static bool grow(struct ring *r, struct mem *mem, size_t size)
{
	uint32_t cap = r->cap == 0 ? RING_FIRST : r->cap * 2;
	uint8_t *things = mem_alloc(mem, cap * size, RING_ALIGN);

	if (things == NULL)
		return false;
	for (uint32_t i = 0; i < r->count; i++)
		memcpy(things + i * size, ring_at(r, i, size), size);
	mem_free(mem, r->things, r->cap * size);
	r->things = things;
	r->cap = cap;
	r->head = 0;
	return true;
}

void *ring_push(struct ring *r, struct mem *mem, size_t size, uint32_t max)
{
	if (r->count >= max || (r->count == r->cap && !grow(r, mem, size)))
		return NULL;
	return ring_at(r, r->count++, size);
}

void ring_pop(struct ring *r, struct mem *mem, size_t size)
{
	r->head++;
	if (--r->count == 0)
		ring_fini(r, mem, size);
}

void ring_fini(struct ring *r, struct mem *mem, size_t size)
{
	mem_free(mem, r->things, r->cap * size);
	*r = (struct ring){0};
}
