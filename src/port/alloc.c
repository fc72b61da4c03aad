/* SPDX-License-Identifier: MIT */
/*
 * port/alloc.c - the allocator of an instance, made of malloc(3). It keeps no state of its own; the
 * budget is kept by the instance.
 */
#include <aksu/loop.h>

#include <stdlib.h>

static void *take(void *ctx, size_t size, size_t align)
{
	void *mem = NULL;

	(void)ctx;
	if (align <= _Alignof(max_align_t))
		return malloc(size);
	return posix_memalign(&mem, align, size) == 0 ? mem : NULL;
}

static void give_back(void *ctx, void *mem, size_t size)
{
	(void)ctx;
	(void)size;
	free(mem);
}

struct aksu_allocator aksu_malloc_allocator(void)
{
	return (struct aksu_allocator){.alloc = take, .free = give_back, .ctx = NULL};
}
