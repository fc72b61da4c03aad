/* SPDX-License-Identifier: MIT */
/*
 * base/mem.h - the caller's allocator behind one budget.
 *
 * Everything that an instance holds is counted here, at the size it really has (DESIGN D7).
 */
#ifndef AKSU_BASE_MEM_H
#define AKSU_BASE_MEM_H

#include <aksu/types.h>

#include "base/compile.h"

struct mem {
	struct aksu_allocator from;
	size_t used, peak, budget;
};

/* NULL when the budget or the allocator says no. Not cleared. */
MUST_USE void *mem_alloc(struct mem *m, size_t size, size_t align);

/* `size` is what was asked for; p may be NULL. */
void mem_free(struct mem *m, void *p, size_t size);

/* Above 7/8 of the budget: windows stop opening, SYNs turn into cookies. */
static inline bool mem_tight(const struct mem *m) { return m->used > m->budget - m->budget / 8; }

/* Octets until then: what an application may still make us keep. The rest is for what arrives. */
static inline size_t mem_spare(const struct mem *m)
{
	size_t mark = m->budget - m->budget / 8;

	return m->used < mark ? mark - m->used : 0;
}

/*
 * Keeps three sixteenths back until it is given back: m->budget = what this returned. So does text
 * behind a hole, and text for an application that has not read what it has: one that sends on what
 * it reads would find no memory to send with (mem_spare() ends a little above), could read no more,
 * and would stand still for ever (D7).
 */
static inline size_t mem_keep_back(struct mem *m)
{
	size_t budget = m->budget;

	m->budget -= budget / 16 * 3;
	return budget;
}

static inline size_t mem_left(const struct mem *m)
{
	return m->used < m->budget ? m->budget - m->used : 0;
}

#endif
