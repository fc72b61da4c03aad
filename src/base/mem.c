/* SPDX-License-Identifier: MIT */
/*
 * base/mem.c - counting what the allocator gave.
 */
#include "base/mem.h"

void *mem_alloc(struct mem *m, size_t size, size_t align)
{
	void *p;

	if (size > mem_left(m))
		return NULL;
	p = m->from.alloc(m->from.ctx, size, align);
	if (p == NULL)
		return NULL;
	m->used += size;
	if (m->used > m->peak)
		m->peak = m->used;
	return p;
}

void mem_free(struct mem *m, void *p, size_t size)
{
	if (p == NULL)
		return;
	m->used -= size;
	m->from.free(m->from.ctx, p, size);
}
