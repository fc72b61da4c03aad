/* SPDX-License-Identifier: MIT */
/*
 * base/ring_test.c - order, bound, growth around the edge, and memory given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/prng.h"
#include "base/ring.h"

#include <cmocka.h>

static void *take(void *ctx, size_t size, size_t align)
{
	(void)align;
	return *(int *)ctx ? malloc(size) : NULL;
}

static void give(void *ctx, void *p, size_t size)
{
	(void)ctx;
	(void)size;
	free(p);
}

static bool push(struct ring *r, struct mem *mem, uint32_t value, uint32_t max)
{
	uint32_t *at = ring_push(r, mem, sizeof(value), max);

	if (at != NULL)
		*at = value;
	return at != NULL;
}

static void first_in_first_out_whatever_comes_between(void **state)
{
	int allowed = 1;
	struct mem mem = {.from = {take, give, &allowed}, .budget = 1 << 20};
	struct prng prng = prng_from(5);
	struct ring r = {0};
	uint32_t in = 0, out = 0;

	(void)state;
	for (int i = 0; i < 100000; i++)
		if (prng_below(&prng, 100) < (i / 5000 % 2 ? 40u : 60u)) {
			in += push(&r, &mem, in, 300);
			assert_true(r.count <= 300);
		} else if (r.count > 0) {
			assert_int_equal(*RING_AT(&r, uint32_t, 0), out);
			assert_int_equal(*RING_AT(&r, uint32_t, r.count - 1), in - 1);
			ring_pop(&r, &mem, sizeof(uint32_t));
			out++;
		}
	while (r.count > 0)
		ring_pop(&r, &mem, sizeof(uint32_t));
	assert_int_equal(mem.used, 0);
}

static void what_does_not_fit_changes_nothing(void **state)
{
	int allowed = 1;
	struct mem mem = {.from = {take, give, &allowed}, .budget = 1 << 20};
	struct ring r = {0};

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		assert_true(push(&r, &mem, i, 100));
	allowed = 0;
	assert_false(push(&r, &mem, 8, 100));
	assert_int_equal(r.count, 8);
	assert_int_equal(*RING_AT(&r, uint32_t, 7), 7);
	allowed = 1;
	assert_false(push(&r, &mem, 8, 8));
	assert_true(push(&r, &mem, 8, 9));
	ring_fini(&r, &mem, sizeof(uint32_t));
	assert_int_equal(mem.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_first_out_whatever_comes_between),
		cmocka_unit_test(what_does_not_fit_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
