/* SPDX-License-Identifier: MIT */
/*
 * Moments and spans: never stays never, and nothing overflows into the past.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"

static instant at(uint64_t ns) { return (instant){ns}; }

static void units(void **state)
{
	(void)state;
	assert_true(seconds(3).ns == 3000000000u);
	assert_true(milliseconds(3).ns == 3000000 && microseconds(3).ns == 3000 &&
		    nanoseconds(3).ns == 3);
	assert_true(to_ms(seconds(2)) == 2000 && to_us(milliseconds(2)) == 2000);
	assert_true(to_us(nanoseconds(999)) == 0);
	assert_true(longer(seconds(2), seconds(1)) && !longer(seconds(1), seconds(1)));
}

static void never_is_later_than_everything_and_stays(void **state)
{
	(void)state;
	assert_true(is_never(INSTANT_NEVER) && !is_never(at(UINT64_MAX - 1)));
	assert_true(is_never(after(INSTANT_NEVER, nanoseconds(0))));
	assert_true(is_never(after(INSTANT_NEVER, seconds(1))));
	assert_true(is_never(after(at(UINT64_MAX - 5), nanoseconds(6))));
	assert_true(after(at(UINT64_MAX - 5), nanoseconds(4)).ns == UINT64_MAX - 1);
	assert_true(before(at(UINT64_MAX - 1), INSTANT_NEVER));
	assert_false(due(INSTANT_NEVER, at(UINT64_MAX - 1)));
	assert_true(earlier(at(5), INSTANT_NEVER).ns == 5 && is_never(later(at(5), INSTANT_NEVER)));
}

static void order(void **state)
{
	(void)state;
	assert_true(before(at(1), at(2)) && !before(at(2), at(2)) && !before(at(3), at(2)));
	assert_true(due(at(2), at(2)) && due(at(1), at(2)) && !due(at(3), at(2)));
	assert_true(earlier(at(1), at(2)).ns == 1 && earlier(at(2), at(1)).ns == 1);
	assert_true(later(at(1), at(2)).ns == 2 && later(at(2), at(1)).ns == 2);
}

static void since_is_never_negative(void **state)
{
	(void)state;
	assert_true(since(at(3), at(10)).ns == 7);
	assert_true(since(at(10), at(3)).ns == 0);
	assert_true(since(at(3), at(3)).ns == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(never_is_later_than_everything_and_stays),
		cmocka_unit_test(order),
		cmocka_unit_test(since_is_never_negative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
