/* SPDX-License-Identifier: MIT */
/*
 * port/alloc_test.c - what aksu_malloc_allocator() gives is aligned, and what is given back is used
 * again: the heap does not grow with each slab that comes and goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <malloc.h>

#include <aksu/loop.h>

/* A sanitizer would rather stop than say that there is not so much. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }

static void alignment(void **state)
{
	struct aksu_allocator a = aksu_malloc_allocator();

	(void)state;
	for (size_t align = 1; align <= 4096; align *= 2)
		for (size_t size = 1; size <= 100000; size = size * 3 + 1) {
			uint8_t *mem = a.alloc(a.ctx, size, align);

			assert_non_null(mem);
			assert_int_equal((uintptr_t)mem % align, 0);
			memset(mem, 0xa5, size);
			a.free(a.ctx, mem, size);
		}
	assert_null(a.alloc(a.ctx, SIZE_MAX - 8, 64));
	assert_null(a.alloc(a.ctx, SIZE_MAX / 2, 64));
}

/*
 * A slab of records for each connection, freed again, and something small that stays: glibc's own
 * aligned allocation (2.36 and others) finds the freed slab too small for the next one when the
 * heap happens to lie badly, and grows by a slab each time.
 */
static void slabs_are_used_again(void **state)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
	enum { SLAB = 4096, TIMES = 500, KEPT = 24 * 24 * TIMES };
	struct aksu_allocator a = aksu_malloc_allocator();
	void **kept = calloc(KEPT, sizeof(*kept));
	size_t n = 0, held = 0;
	struct mallinfo2 m;

	(void)state;
	assert_non_null(kept);
	for (size_t shift = 8; shift <= 192; shift += 8) /* wherever the heap lies */
		for (size_t small = 8; small <= 192; small += 8)
			for (int i = 0; i < TIMES; i++) {
				void *slab = a.alloc(a.ctx, SLAB, 64);

				assert_non_null(slab);
				kept[n] = a.alloc(a.ctx, i ? small : shift, 8);
				assert_non_null(kept[n++]);
				held += small + 16;
				a.free(a.ctx, slab, SLAB);
			}
	m = mallinfo2();
	if (m.arena > 2 * held + (4 << 20))
		fail_msg("the heap has %zu octets for %zu in use", m.arena, m.uordblks);
	for (size_t i = 0; i < n; i++)
		a.free(a.ctx, kept[i], 8);
	free(kept);
#else
	(void)state;
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alignment),
		cmocka_unit_test(slabs_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
