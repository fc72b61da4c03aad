/* SPDX-License-Identifier: MIT */
/*
 * port/alloc.c - the allocator of an instance, made of malloc(3). It keeps no state of its own; the
 * budget is kept by the instance.
 *
 * What is large is aligned here and not by posix_memalign(3): glibc often finds a slab that was
 * freed too small for the next one by what it would cut off, and the heap grows with every slab
 * that comes and goes.
 *
 *      malloc() ─► │ up to align - 1 │ where malloc's begins │ ours, aligned ... │
 *
 * Size alone tells the two ways apart, as it does when memory comes back.
 */
#include <aksu/loop.h>

#include <stdlib.h>
#include <string.h>

enum { LARGE = 1024 }; /* from here on; slabs and buffers are, and little else wants alignment */

static void *take_large(size_t size, size_t align)
{
	size_t slack = align - 1 + sizeof(void *);
	uint8_t *begin, *mem;

	if (size > SIZE_MAX - slack)
		return NULL;
	begin = malloc(size + slack);
	if (!begin)
		return NULL;
	mem = begin + slack;
	mem -= (uintptr_t)mem & (align - 1);
	memcpy(mem - sizeof(begin), &begin, sizeof(begin));
	return mem;
}

static void *take(void *ctx, size_t size, size_t align)
{
	void *mem = NULL;

	(void)ctx;
	if (size >= LARGE)
		return take_large(size, align);
	if (align <= _Alignof(max_align_t))
		return malloc(size);
	return posix_memalign(&mem, align, size) == 0 ? mem : NULL;
}

static void give_back(void *ctx, void *mem, size_t size)
{
	(void)ctx;
	if (mem && size >= LARGE)
		memcpy(&mem, (uint8_t *)mem - sizeof(mem), sizeof(mem));
	free(mem);
}

struct aksu_allocator aksu_malloc_allocator(void)
{
	return (struct aksu_allocator){.alloc = take, .free = give_back, .ctx = NULL};
}
