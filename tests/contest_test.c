/* SPDX-License-Identifier: MIT */
/*
 * tests/contest_test.c - CUBIC over one bottleneck: that flows of equal RTT share it, and that BBR
 * beside it neither starves nor takes all.
 *
 * RFC 9438 sections 5.6 and 3.3. Seeds are fixed: they say who begins when.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/prng.h"
#include "support/contest.h"

#define MS AKSU_MILLISECOND
#define S  AKSU_SECOND

#define CUBIC AKSU_CONGESTION_CUBIC
#define BBR   AKSU_CONGESTION_BBR

/* Who begins when, within a second, the seed says. */
static struct contest path(uint64_t rate, aksu_time rtt, uint64_t seed, unsigned count)
{
	struct contest f = {.rate = rate, .rtt = rtt, .seed = seed, .count = count};
	struct prng prng = prng_from(seed);

	for (unsigned i = 0; i < count; i++) {
		f.flow[i].congestion = CUBIC;
		f.flow[i].start = prng_below(&prng, 1000) * MS;
	}
	return f;
}

/* ------------------------------------------------------------------ shares */

/* Jain's index: the square of the sum by n times the sum of squares, in thousandths. */
static unsigned jain(const struct contest *f)
{
	uint64_t sum = 0, squares = 0;

	for (unsigned i = 0; i < f->count; i++) {
		uint64_t kbit = f->flow[i].goodput / 1000;

		sum += kbit;
		squares += kbit * kbit;
	}
	return (unsigned)(sum * sum * 1000 / (f->count * squares + (squares == 0)));
}

/* When all have settled, and over several epochs of CUBIC. */
static void are_fair(unsigned count, uint64_t rate)
{
	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct contest f = path(rate, 20 * MS, seed, count);

		contest_begin(&f);
		contest_run(&f, 10 * S);
		contest_run(&f, 30 * S);
		printf("%2u flows, seed %u: Jain's index %u / 1000, %.1f Mbit/s\n", count,
		       (unsigned)seed, jain(&f), (double)f.used / 1e6);
		assert_in_range(jain(&f), 950, 1000);
		assert_true(f.used * 100 > rate * 90);
		contest_end(&f);
	}
}

static void two_are_fair(void **state)
{
	(void)state;
	are_fair(2, 20 * MBIT);
}

static void eight_are_fair(void **state)
{
	(void)state;
	are_fair(8, 40 * MBIT);
}

static void thirty_two_are_fair(void **state)
{
	(void)state;
	are_fair(32, 64 * MBIT);
}

/* Each at least a fifth of what would be fair, whoever came first. */
static void neither_starves(uint32_t queue, unsigned bbr)
{
	struct contest f = path(20 * MBIT, 40 * MS, 1, 2);

	f.queue = queue;
	f.flow[0].start = 0;
	f.flow[1].start = S;
	f.flow[bbr].congestion = BBR;
	contest_begin(&f);
	contest_run(&f, 10 * S);
	contest_run(&f, 30 * S);
	printf("queue %6u: BBR %.2f, CUBIC %.2f Mbit/s\n", queue, (double)f.flow[bbr].goodput / 1e6,
	       (double)f.flow[1 - bbr].goodput / 1e6);
	assert_true(f.used > 17 * MBIT);
	for (unsigned i = 0; i < 2; i++)
		assert_true(f.flow[i].goodput * 5 >= f.used / 2);
	contest_end(&f);
}

static void bbr_beside_cubic(void **state)
{
	(void)state;
	for (unsigned bbr = 0; bbr < 2; bbr++) {
		neither_starves(50000, bbr); /* half of the bandwidth-delay product */
		neither_starves(100000, bbr);
		neither_starves(300000, bbr);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_are_fair),
		cmocka_unit_test(eight_are_fair),
		cmocka_unit_test(thirty_two_are_fair),
		cmocka_unit_test(bbr_beside_cubic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
