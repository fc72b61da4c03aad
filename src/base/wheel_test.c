/* SPDX-License-Identifier: MIT */
/*
 * base/wheel_test.c - the wheel against a plain list: same objects, same moments, never early.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/wheel.h"

enum { OBJECTS = 600 };

#define TICK ((uint64_t)1 << 20)

struct object {
	uint32_t serial;
	struct wheel_link link;
};

struct bench {
	struct mem mem;
	struct pool pool;
	struct wheel wheel;
	uint32_t index[OBJECTS];
	uint64_t at[OBJECTS]; /* UINT64_MAX: not in */
	instant now;
	struct prng prng;
};

static void *take(void *ctx, size_t size, size_t align)
{
	(void)ctx;
	(void)align;
	return malloc(size);
}

static void give(void *ctx, void *mem, size_t size)
{
	(void)ctx;
	(void)size;
	free(mem);
}

static struct object *object(struct bench *b, unsigned k) { return pool_at(&b->pool, b->index[k]); }

/* In place: the pool points into it. */
static void start(struct bench *b, uint64_t now, uint64_t seed)
{
	*b = (struct bench){
		.mem = {.from = {take, give, NULL}, .budget = SIZE_MAX},
		.now = {now},
		.prng = prng_from(seed),
	};
	pool_init(&b->pool, &b->mem, sizeof(struct object));
	wheel_init(&b->wheel, &b->pool, offsetof(struct object, link), b->now);
	for (unsigned k = 0; k < OBJECTS; k++) {
		struct object *o = pool_get(&b->pool, &b->index[k]);

		assert_non_null(o);
		o->serial = k;
		o->link.at = INSTANT_NEVER;
		b->at[k] = UINT64_MAX;
	}
}

static void end(struct bench *b)
{
	pool_fini(&b->pool);
	assert_int_equal(b->mem.used, 0);
}

static void add(struct bench *b, unsigned k, uint64_t at)
{
	wheel_add(&b->wheel, b->index[k], (instant){at});
	b->at[k] = at;
}

static void take_out(struct bench *b, unsigned k)
{
	wheel_remove(&b->wheel, b->index[k]);
	b->at[k] = UINT64_MAX;
}

static uint64_t earliest(const struct bench *b)
{
	uint64_t first = UINT64_MAX;

	for (unsigned k = 0; k < OBJECTS; k++)
		first = min_u64(first, b->at[k]);
	return first;
}

/* Pops all that are due: each one once, none early, and none is left. */
static unsigned pop_all(struct bench *b)
{
	unsigned popped = 0;
	uint32_t i;

	while ((i = wheel_pop(&b->wheel, b->now)) != POOL_NONE) {
		struct object *o = pool_at(&b->pool, i);

		assert_true(b->at[o->serial] <= b->now.ns);
		assert_true(is_never(o->link.at));
		b->at[o->serial] = UINT64_MAX;
		popped++;
	}
	assert_true(earliest(b) > b->now.ns);
	return popped;
}

/* Exact, or early for what is far, or a tick late at most. */
static void next_is_right(const struct bench *b)
{
	uint64_t next = wheel_next(&b->wheel).ns, first = earliest(b);

	if (first == UINT64_MAX) {
		assert_true(next == UINT64_MAX);
		return;
	}
	assert_true(next < first || next - first <= TICK);
}

/* From a nanosecond to years. */
static uint64_t some_span(struct bench *b)
{
	return prng_next(&b->prng) >> (4 + prng_below(&b->prng, 60));
}

static void random_walk(uint64_t seed)
{
	static struct bench b;

	start(&b, prng_next(&(struct prng){{seed, 2, 3, 4}}) >> 8, seed);
	for (int round = 0; round < 4000; round++) {
		unsigned k = prng_below(&b.prng, OBJECTS);

		switch (prng_below(&b.prng, 4)) {
		case 0:
		case 1:
			if (b.at[k] != UINT64_MAX)
				take_out(&b, k);
			if (b.now.ns < UINT64_MAX / 4)
				add(&b, k, b.now.ns + some_span(&b));
			break;
		case 2: take_out(&b, k); break;
		case 3:
			if (b.now.ns < UINT64_MAX / 8)
				b.now.ns += some_span(&b) >> prng_below(&b.prng, 20);
			(void)pop_all(&b);
			break;
		}
		next_is_right(&b);
	}
	end(&b);
}

static void against_a_sorted_list(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		printf("seed %llu\n", (unsigned long long)seed);
		random_walk(seed);
	}
}

/* A driver that sleeps until wheel_next() sees each object within a tick, in few wakings. */
static void deadlines_lead_to_each_object(void **state)
{
	static struct bench b;
	unsigned wakings = 0, left = OBJECTS;

	(void)state;
	start(&b, 12345, 7);
	for (unsigned k = 0; k < OBJECTS; k++)
		add(&b, k, b.now.ns + (prng_next(&b.prng) >> (8 + k % 40)));
	while (left > 0) {
		uint64_t due = earliest(&b), next = wheel_next(&b.wheel).ns;
		unsigned popped;

		assert_true(next >= b.now.ns || due <= b.now.ns);
		b.now.ns = max_u64(b.now.ns, next);
		popped = pop_all(&b);
		if (popped > 0)
			assert_true(b.now.ns <= due + TICK);
		left -= popped;
		wakings++;
		assert_true(wakings < OBJECTS * 10);
	}
	assert_true(is_never(wheel_next(&b.wheel)));
	end(&b);
}

static void many_in_one_slot(void **state)
{
	static struct bench b;

	(void)state;
	start(&b, 0, 1);
	for (unsigned k = 0; k < OBJECTS; k++)
		add(&b, k, 5 * TICK + k);
	next_is_right(&b);
	b.now.ns = 5 * TICK + 99;
	assert_int_equal(pop_all(&b), 100);
	for (unsigned k = 200; k < 300; k++)
		take_out(&b, k);
	b.now.ns = 6 * TICK;
	assert_int_equal(pop_all(&b), OBJECTS - 200);
	assert_true(is_never(wheel_next(&b.wheel)));
	end(&b);
}

/* D17: a machine that slept for years; what lay in each level comes out, once. */
static void d17_a_jump_of_years(void **state)
{
	static struct bench b;
	const uint64_t year = (uint64_t)365 * 86400 * 1000000000u;

	(void)state;
	start(&b, 3, 1);
	for (unsigned k = 0; k < OBJECTS; k++)
		add(&b, k, (uint64_t)1 << k % 55);
	b.now.ns = 10 * year;
	assert_int_equal(pop_all(&b), OBJECTS);
	add(&b, 0, b.now.ns + 1);
	add(&b, 1, b.now.ns + 100 * year);
	assert_true(wheel_next(&b.wheel).ns == b.now.ns + 1);
	b.now.ns += 1;
	assert_int_equal(pop_all(&b), 1);
	b.now.ns += 101 * year;
	assert_int_equal(pop_all(&b), 1);
	end(&b);
}

/* What is added in the past is due at once, and says so. */
static void the_past_is_due_now(void **state)
{
	static struct bench b;

	(void)state;
	start(&b, 1000 * TICK, 1);
	(void)pop_all(&b);
	add(&b, 0, 5);
	assert_true(wheel_next(&b.wheel).ns <= b.now.ns);
	assert_int_equal(pop_all(&b), 1);
	end(&b);
}

/* An entry left early for its owner is put in again: a later moment, no early one is lost. */
static void lazy_entries_are_put_in_again(void **state)
{
	static struct bench b;
	uint64_t real[OBJECTS];
	unsigned done = 0, early = 0;

	(void)state;
	start(&b, 0, 3);
	for (unsigned k = 0; k < OBJECTS; k++) {
		real[k] = prng_next(&b.prng) >> 30;
		add(&b, k, real[k] / (1 + prng_below(&b.prng, 4)));
	}
	while (done < OBJECTS) {
		uint32_t i;

		b.now.ns = max_u64(b.now.ns, wheel_next(&b.wheel).ns);
		while ((i = wheel_pop(&b.wheel, b.now)) != POOL_NONE) {
			unsigned k = ((struct object *)pool_at(&b.pool, i))->serial;

			if (real[k] > b.now.ns) {
				wheel_add(&b.wheel, i, (instant){real[k]});
				early++;
				continue;
			}
			assert_true(b.now.ns - real[k] <= TICK);
			done++;
		}
	}
	assert_true(early > 0);
	assert_int_equal(object(&b, 0)->serial, 0);
	end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_a_sorted_list),
		cmocka_unit_test(deadlines_lead_to_each_object),
		cmocka_unit_test(many_in_one_slot),
		cmocka_unit_test(d17_a_jump_of_years),
		cmocka_unit_test(the_past_is_due_now),
		cmocka_unit_test(lazy_entries_are_put_in_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
