/* SPDX-License-Identifier: MIT */
/*
 * Repeatable random numbers: the published sequences, the bounds, and a look at the spread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"

/* xoshiro256** from the state 1, 2, 3, 4: its first outputs, as everybody's implementation has
 * them. */
static void xoshiro_reference_outputs(void **state)
{
	static const uint64_t wanted[] = {
		11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600,
	};
	struct prng r = {{1, 2, 3, 4}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		assert_true(prng_next(&r) == wanted[i]);
}

/* splitmix64 from 1234567, which seeds the state. */
static void splitmix_reference_outputs(void **state)
{
	struct prng r = prng_from(1234567);

	(void)state;
	assert_true(r.s[0] == 6457827717110365317u);
	assert_true(r.s[1] == 3203168211198807973u);
	assert_true(r.s[2] == 9817491932198370423u);
	assert_true(r.s[3] == 4593380528125082431u);
}

static void the_same_seed_gives_the_same_numbers(void **state)
{
	struct prng a = prng_from(7), b = prng_from(7), c = prng_from(8);
	unsigned same = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t x = prng_next(&a);

		assert_true(x == prng_next(&b));
		same += x == prng_next(&c);
	}
	assert_int_equal(same, 0);
}

static void below_stays_below_and_reaches_all(void **state)
{
	struct prng r = prng_from(61);
	unsigned count[10] = {0};

	(void)state;
	print_message("seed 61\n");
	for (int i = 0; i < 100000; i++) {
		uint32_t v = prng_below(&r, 10);

		assert_true(v < 10);
		count[v]++;
		assert_int_equal(prng_below(&r, 1), 0);
	}
	for (int i = 0; i < 10; i++)
		assert_in_range(count[i], 9500, 10500);
}

static void chance_is_in_millionths(void **state)
{
	struct prng r = prng_from(62);
	unsigned hits = 0;

	(void)state;
	print_message("seed 62\n");
	for (int i = 0; i < 100000; i++) {
		hits += prng_chance(&r, 100000);
		assert_false(prng_chance(&r, 0));
		assert_true(prng_chance(&r, 1000000));
	}
	assert_in_range(hits, 9500, 10500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xoshiro_reference_outputs),
		cmocka_unit_test(splitmix_reference_outputs),
		cmocka_unit_test(the_same_seed_gives_the_same_numbers),
		cmocka_unit_test(below_stays_below_and_reaches_all),
		cmocka_unit_test(chance_is_in_millionths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
