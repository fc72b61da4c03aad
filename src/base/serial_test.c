/* SPDX-License-Identifier: MIT */
/*
 * Numbers on a circle: every answer is the same wherever on the circle the question is asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "base/serial.h"

static void rfc1982_order_holds_anywhere_on_the_circle(void **state)
{
	static const struct {
		uint32_t a, b; /* offsets from where we stand */
		bool lt, leq, gt, geq, eq;
	} rows[] = {
		/* 1 */ {0, 0, false, true, false, true, true},
		/* 2 */ {0, 1, true, true, false, false, false},
		/* 3 */ {1, 0, false, false, true, true, false},
		/* 4 */ {0, 0x7fffffff, true, true, false, false, false},
		/* 5 */ {0x7fffffff, 0, false, false, true, true, false},
		/* 6 */ {0, 0x80000001, false, false, true, true, false},
	};
	static const uint32_t places[] = {0,          1,          0x7fffffff, 0x80000000,
					  0x80000001, 0xffffffff, 12345};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(places); k++)
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			tcp_seq a = seq_at(places[k] + rows[i].a),
				b = seq_at(places[k] + rows[i].b);
			tcp_ts x = ts_at(a.n), y = ts_at(b.n);

			assert_int_equal(seq_lt(a, b), rows[i].lt);
			assert_int_equal(seq_leq(a, b), rows[i].leq);
			assert_int_equal(seq_gt(a, b), rows[i].gt);
			assert_int_equal(seq_geq(a, b), rows[i].geq);
			assert_int_equal(seq_eq(a, b), rows[i].eq);
			assert_int_equal(ts_lt(x, y), rows[i].lt);
			assert_int_equal(ts_eq(x, y), rows[i].eq);
			assert_true(seq_eq(seq_max(a, b), rows[i].lt ? b : a));
			assert_true(seq_eq(seq_min(a, b), rows[i].lt ? a : b));
		}
}

static void adding_and_distance_are_inverse(void **state)
{
	struct prng r = prng_from(51);

	(void)state;
	print_message("seed 51\n");
	for (int i = 0; i < 100000; i++) {
		tcp_seq a = seq_at((uint32_t)prng_next(&r));
		uint32_t k = (uint32_t)prng_next(&r) >> 1;

		assert_int_equal(seq_dist(a, seq_add(a, k)), k);
		assert_true(seq_eq(seq_sub(seq_add(a, k), k), a));
		assert_int_equal(ts_dist(ts_at(a.n), ts_add(ts_at(a.n), k)), k);
	}
}

static void within_is_right_across_the_wrap(void **state)
{
	(void)state;
	for (uint32_t start = UINT32_MAX - 20; start != 20; start++)
		for (uint32_t len = 0; len < 10; len++)
			for (uint32_t k = 0; k < 12; k++)
				assert_int_equal(seq_within(seq_at(start + k), seq_at(start), len),
						 k < len);
	assert_false(seq_within(seq_at(4), seq_at(5), UINT32_MAX));
	assert_true(seq_within(seq_at(3), seq_at(5), UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc1982_order_holds_anywhere_on_the_circle),
		cmocka_unit_test(adding_and_distance_are_inverse),
		cmocka_unit_test(within_is_right_across_the_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
