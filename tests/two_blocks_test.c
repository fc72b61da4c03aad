/* SPDX-License-Identifier: MIT */
/*
 * Two connections back to back, in many worlds drawn from seeds: every octet arrives once and in
 * order, both ends reach CLOSED, nothing stands still, and no octet of memory is left.
 *
 * One world again, drawn: TCP_SEED=17 TCP_SHOW=1 build/tests/test_tests_two_blocks
 */
#include "support/tcp_pair.h"

enum { SEEDS = 700 };

static void one_world(uint64_t seed)
{
	struct pair p;

	pair_init(&p, seed);
	PAIR_OK(pair_run(&p));
	PAIR_OK(pair_done(&p));
}

static void worlds_deliver_every_octet_once_and_end(void **state)
{
	const char *one = getenv("TCP_SEED"), *many = getenv("TCP_SEEDS");
	uint64_t n = many != NULL ? strtoull(many, NULL, 10) : SEEDS;

	(void)state;
	if (one != NULL) {
		one_world(strtoull(one, NULL, 10));
		return;
	}
	print_message("seeds 1 to %llu\n", (unsigned long long)n);
	for (uint64_t seed = 1; seed <= n; seed++)
		one_world(seed);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(worlds_deliver_every_octet_once_and_end),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
