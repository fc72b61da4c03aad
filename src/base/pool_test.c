/* SPDX-License-Identifier: MIT */
/*
 * The pool against a flat model: indices, contents, walking, limits, and memory that comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/pool.h"
#include "base/prng.h"

enum { MODEL_MAX = 1 << 16, OBJECT = 40 };

struct heap {
	struct mem mem;
	size_t live;
	long fail_after; /* allocations until all fail; negative: none does */
};

static void *give(void *ctx, size_t size, size_t align)
{
	struct heap *h = ctx;

	if (h->fail_after == 0)
		return NULL;
	if (h->fail_after > 0)
		h->fail_after--;
	h->live += size;
	return aligned_alloc(align, (size + align - 1) / align * align);
}

static void take_back(void *ctx, void *p, size_t size)
{
	((struct heap *)ctx)->live -= size;
	free(p);
}

static void start(struct heap *h, struct pool *p)
{
	*h = (struct heap){.fail_after = -1};
	h->mem = (struct mem){.from = {give, take_back, h}, .budget = SIZE_MAX};
	pool_init(p, &h->mem, OBJECT);
}

static bool all_are(const uint8_t *p, uint8_t value)
{
	for (size_t i = 0; i < OBJECT; i++)
		if (p[i] != value)
			return false;
	return true;
}

/* What the model says of each index: 0 is free, else the octet that the object is filled with. */
static uint8_t model[MODEL_MAX];

static void check_walk(const struct pool *p)
{
	uint32_t at = pool_next(p, 0), live = 0;

	for (uint32_t i = 0; i < MODEL_MAX; i++) {
		if (pool_lives(p, i) != (model[i] != 0))
			fail_msg("index %u", i);
		if (model[i] == 0)
			continue;
		assert_int_equal(at, i);
		assert_true(all_are(pool_at(p, i), model[i]));
		live++;
		at = pool_next(p, i + 1);
	}
	assert_int_equal(at, POOL_NONE);
	assert_int_equal(live, p->live);
}

static void get_one(struct pool *p, uint32_t *held, uint32_t *count, struct prng *r)
{
	uint32_t index;
	uint8_t *object = pool_get(p, &index), fill = (uint8_t)(1 + prng_below(r, 255));

	assert_non_null(object);
	assert_true(index < MODEL_MAX && model[index] == 0);
	assert_int_equal((uintptr_t)object % 8, 0);
	assert_true(all_are(object, 0));
	assert_ptr_equal(pool_at(p, index), object);
	memset(object, fill, OBJECT);
	model[index] = fill;
	held[(*count)++] = index;
}

static void put_one(struct pool *p, uint32_t *held, uint32_t *count, struct prng *r)
{
	uint32_t k = prng_below(r, *count), index = held[k];

	assert_true(all_are(pool_at(p, index), model[index]));
	held[k] = held[--*count];
	model[index] = 0;
	pool_put(p, index);
}

static void random_get_and_put_against_a_model(void **state)
{
	static uint32_t held[MODEL_MAX];
	struct prng r = prng_from(71);
	uint32_t count = 0;
	struct pool p;
	struct heap h;

	(void)state;
	print_message("seed 71\n");
	memset(model, 0, sizeof(model));
	start(&h, &p);
	for (int phase = 0; phase < 12; phase++) { /* grow, shrink, grow further ... */
		uint32_t goal = phase % 2 == 0 ? prng_below(&r, 20000) : prng_below(&r, 50);

		while (count != goal)
			if (count < goal ? prng_below(&r, 10) > 1 || count == 0
					 : prng_below(&r, 10) == 0)
				get_one(&p, held, &count, &r);
			else
				put_one(&p, held, &count, &r);
		check_walk(&p);
	}
	while (count > 0)
		put_one(&p, held, &count, &r);
	check_walk(&p);
	assert_int_equal(h.live, 0); /* with the last object everything is given back */
	pool_fini(&p);
	assert_int_equal(h.mem.used, 0);
}

static void beside_another_an_object_that_comes_and_goes_costs_nothing(void **state)
{
	struct pool p;
	struct heap h;
	uint32_t index, other;

	(void)state;
	start(&h, &p);
	assert_non_null(pool_get(&p, &other));
	h.fail_after = 0;
	for (int i = 0; i < 1000; i++) {
		assert_non_null(pool_get(&p, &index));
		pool_put(&p, index);
	}
	pool_fini(&p);
	assert_int_equal(h.live, 0);
}

/* Alternating around the edge of a slab does not go to the allocator each time. */
static void the_edge_of_a_slab_does_not_thrash(void **state)
{
	uint32_t index[POOL_SLAB + 1];
	struct pool p;
	struct heap h;

	(void)state;
	start(&h, &p);
	for (size_t i = 0; i <= POOL_SLAB; i++)
		assert_non_null(pool_get(&p, &index[i]));
	h.fail_after = 0;
	for (int i = 0; i < 100; i++) {
		pool_put(&p, index[POOL_SLAB]);
		assert_non_null(pool_get(&p, &index[POOL_SLAB]));
	}
	pool_fini(&p);
	assert_int_equal(h.live, 0);
}

static void each_allocation_fails_in_turn(void **state)
{
	(void)state;
	for (long fail_after = 0; fail_after < 20; fail_after++) {
		uint32_t index, got = 0;
		struct pool p;
		struct heap h;

		start(&h, &p);
		h.fail_after = fail_after;
		while (got < 600 && pool_get(&p, &index) != NULL)
			got++;
		assert_int_equal(p.live, got);
		assert_int_equal(got % POOL_SLAB, got == 600 ? 600 % POOL_SLAB : 0);
		h.fail_after = -1;
		assert_non_null(pool_get(&p, &index)); /* it recovers */
		assert_true(pool_lives(&p, index));
		pool_fini(&p);
		assert_int_equal(h.live, 0);
	}
}

static void max_and_budget_are_limits(void **state)
{
	struct pool p;
	struct heap h;
	uint32_t index;

	(void)state;
	start(&h, &p);
	p.max = 3;
	for (int i = 0; i < 3; i++)
		assert_non_null(pool_get(&p, &index));
	assert_null(pool_get(&p, &index));
	pool_put(&p, 1);
	assert_non_null(pool_get(&p, &index));
	assert_int_equal(index, 1);
	pool_fini(&p);
	start(&h, &p);
	h.mem.budget = 10000;
	while (pool_get(&p, &index) != NULL)
		;
	assert_true(h.mem.used <= 10000 && h.mem.peak == h.mem.used);
	pool_fini(&p);
	assert_int_equal(h.live, 0);
}

/* A slab of large objects is no larger than one of small ones, or holds eight. */
static void of_large_objects_a_slab_holds_fewer(void **state)
{
	enum { LARGE = 4096, COUNT = 20 };
	struct heap h;
	struct pool p;
	uint32_t index[COUNT];

	(void)state;
	start(&h, &p);
	pool_init(&p, &h.mem, LARGE);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint8_t *object = pool_get(&p, &index[i]);

		assert_non_null(object);
		assert_ptr_equal(object, pool_at(&p, index[i]));
		memset(object, (int)i, LARGE);
		assert_int_equal(p.allocated, i / 8 + 1);
		assert_in_range(index[i] % POOL_SLAB, 0, 7);
	}
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(*(uint8_t *)pool_at(&p, index[i]), i);
	for (uint32_t i = 0; i < COUNT; i++)
		pool_put(&p, index[i]);
	assert_int_equal(p.allocated, 0);
	pool_fini(&p);
	assert_int_equal(h.mem.used, 0);
}

static void any_number_may_be_asked(void **state)
{
	struct pool p;
	struct heap h;
	uint32_t index;

	(void)state;
	start(&h, &p);
	assert_false(pool_lives(&p, 0) || pool_lives(&p, POOL_NONE));
	assert_int_equal(pool_next(&p, 0), POOL_NONE);
	assert_int_equal(pool_next(&p, POOL_NONE), POOL_NONE);
	assert_non_null(pool_get(&p, &index));
	assert_false(pool_lives(&p, 63) || pool_lives(&p, 64) || pool_lives(&p, POOL_NONE));
	assert_int_equal(pool_next(&p, 1), POOL_NONE);
	pool_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_get_and_put_against_a_model),
		cmocka_unit_test(beside_another_an_object_that_comes_and_goes_costs_nothing),
		cmocka_unit_test(the_edge_of_a_slab_does_not_thrash),
		cmocka_unit_test(each_allocation_fails_in_turn),
		cmocka_unit_test(max_and_budget_are_limits),
		cmocka_unit_test(of_large_objects_a_slab_holds_fewer),
		cmocka_unit_test(any_number_may_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
