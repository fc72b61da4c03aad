/* SPDX-License-Identifier: MIT */
/*
 * port/timers_test.c - the heap of timers against a plain array that is searched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "port/timers.h"

enum { COUNT = 200, STEPS = 20000 };

struct clock {
	struct timers timers;
	struct aksu_loop_timer timer[COUNT];
	aksu_time want[COUNT]; /* what each was set to, AKSU_NEVER after it fired */
	aksu_time now, last;
	uint64_t chance;
	unsigned fired;
};

struct one {
	struct clock *c;
	int i;
};

static uint64_t draw(struct clock *c, uint64_t below)
{
	c->chance = c->chance * 6364136223846793005u + 1442695040888963407u;
	return (c->chance >> 33) % below;
}

static void fire(void *ctx, aksu_time now)
{
	const struct one *o = ctx;
	struct clock *c = o->c;

	assert_true(c->want[o->i] <= now);
	/* In their order, and only once. */
	assert_true(c->want[o->i] >= c->last);
	c->last = c->want[o->i];
	c->want[o->i] = AKSU_NEVER;
	assert_int_equal(c->timer[o->i].place, 0);
	c->fired++;
}

static aksu_time earliest(const struct clock *c)
{
	aksu_time at = AKSU_NEVER;

	for (int i = 0; i < COUNT; i++)
		at = c->want[i] < at ? c->want[i] : at;
	return at;
}

static void a_random_life(struct clock *c)
{
	for (int step = 0; step < STEPS; step++) {
		size_t i = draw(c, COUNT);
		bool stop = draw(c, 4) == 0;

		c->want[i] = stop ? AKSU_NEVER : c->now + draw(c, 1000);
		assert_int_equal(timers_set(&c->timers, &c->timer[i], c->want[i]), 0);
		assert_int_equal(timers_next(&c->timers), earliest(c));
		if (draw(c, 8) != 0)
			continue;
		c->now += draw(c, 300);
		c->last = 0;
		timers_run(&c->timers, c->now);
		assert_true(earliest(c) > c->now);
	}
}

static void each_fires_once_in_order_and_never_early(void **state)
{
	struct clock *c = calloc(1, sizeof(*c));
	static struct one ones[COUNT];

	(void)state;
	c->chance = 20261122;
	print_message("seed %llu\n", (unsigned long long)c->chance);
	for (int i = 0; i < COUNT; i++) {
		ones[i] = (struct one){c, i};
		c->timer[i] = (struct aksu_loop_timer){.fire = fire, .ctx = &ones[i]};
		c->want[i] = AKSU_NEVER;
	}
	a_random_life(c);
	assert_true(c->fired > COUNT);
	timers_fini(&c->timers);
	free(c);
}

struct nag {
	struct timers timers;
	struct aksu_loop_timer self, other;
	int fired;
};

static void again_at_once(void *ctx, aksu_time now)
{
	struct nag *n = ctx;

	n->fired++;
	assert_int_equal(timers_set(&n->timers, &n->self, now), 0);
}

static void end_other(void *ctx, aksu_time now)
{
	struct nag *n = ctx;

	(void)now;
	n->fired++;
	timers_set(&n->timers, &n->other, AKSU_NEVER);
}

static void a_timer_that_sets_itself_again_does_not_keep_the_loop(void **state)
{
	struct nag n = {.self = {.fire = again_at_once}};

	(void)state;
	n.self.ctx = &n;
	assert_int_equal(timers_set(&n.timers, &n.self, 5), 0);
	timers_run(&n.timers, 5);
	assert_int_equal(n.fired, 1);
	timers_fini(&n.timers);
	assert_int_equal(n.self.place, 0);
}

static void a_timer_may_stop_another_that_is_due_too(void **state)
{
	struct nag n = {.self = {.fire = end_other}, .other = {.fire = again_at_once}};

	(void)state;
	n.self.ctx = n.other.ctx = &n;
	assert_int_equal(timers_set(&n.timers, &n.self, 5), 0);
	assert_int_equal(timers_set(&n.timers, &n.other, 6), 0);
	timers_run(&n.timers, 10);
	assert_int_equal(n.fired, 1);
	assert_int_equal(timers_next(&n.timers), AKSU_NEVER);
	timers_fini(&n.timers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fires_once_in_order_and_never_early),
		cmocka_unit_test(a_timer_that_sets_itself_again_does_not_keep_the_loop),
		cmocka_unit_test(a_timer_may_stop_another_that_is_due_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
