/* SPDX-License-Identifier: MIT */
/*
 * Memory is refused: every allocation of a whole connection in turn, and many at random. Nothing
 * crashes, nothing leaks, every octet still arrives, and both ends reach CLOSED (DESIGN D7).
 */
#include "support/tcp_pair.h"

enum { SEEDS = 150, FIXED = 2 };

/* Open, carry with holes, close: both ways, and nothing left to chance but what the seed draws. */
static void whole_connection(struct pair *p, uint64_t seed)
{
	pair_init(p, seed);
	p->starving = true;
	p->loss = p->duplicate = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct pair_side *s = &p->side[i];

		s->b->conf.rcvbuf = s->b->conf.sndbuf = 60000;
		s->total = 20000;
		s->chunk = 9000;
		s->lose = 0x924u; /* the 3rd, 6th, 9th, 12th segment */
	}
}

static void D7_every_allocation_refused_in_turn(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= FIXED; seed++) {
		for (unsigned side = 0; side < 2; side++) {
			uint64_t last = 1;

			for (uint64_t n = 1; n <= last; n++) {
				struct pair p;

				whole_connection(&p, seed);
				p.side[side].b->fail_at = n;
				p.side[side].b->fail_for = 1 + n % 3;
				PAIR_OK(pair_run(&p));
				last = p.side[side].b->allocations;
				PAIR_OK(pair_done(&p));
			}
			assert_true(last > 10);
		}
	}
}

static void D7_allocations_refused_at_random(void **state)
{
	const char *one = getenv("TCP_SEED");
	uint64_t from = one != NULL ? strtoull(one, NULL, 10) : 1;

	(void)state;
	print_message("seeds 1 to %d\n", SEEDS);
	for (uint64_t seed = from; seed <= (one != NULL ? from : SEEDS); seed++) {
		struct pair p;

		pair_init(&p, seed);
		p.starving = true;
		for (unsigned i = 0; i < 2; i++) {
			p.side[i].b->fail_chance = 1000 + prng_below(&p.r, 100000);
			p.side[i].b->fail_prng = prng_from(seed);
		}
		PAIR_OK(pair_run(&p));
		PAIR_OK(pair_done(&p));
	}
}

/* Near the budget no window opens, what is promised is kept, and later it goes on. */
static void D7_near_the_budget_windows_stop_opening(void **state)
{
	enum { OTHERS = 100000 };
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:501(500) ack 1");
	b->env.mem.used += OTHERS; /* as many other connections hold */
	reads(b, 500, 500);      /* who leaves it unread gets less, see mem_keep_back() */
	b->env.mem.budget = b->env.mem.used + b->env.mem.used / 10; /* tight, and not full */
	rx(b, ". 501:3001(2500) ack 1");
	tx(b, ". 1:1(0) ack 3001 win 57000");
	reads(b, 2500, 2500);
	quiet(b);
	b->env.mem.budget = (size_t)1 << 30;
	rx(b, ". 3001:6001(3000) ack 1");
	tx(b, ". 1:1(0) ack 6001 win 57000");
	b->env.mem.used -= OTHERS;
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(D7_every_allocation_refused_in_turn),
	cmocka_unit_test(D7_allocations_refused_at_random),
	cmocka_unit_test(D7_near_the_budget_windows_stop_opening),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
