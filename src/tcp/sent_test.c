/* SPDX-License-Identifier: MIT */
/*
 * Sent runs against a flat model: one flag for each octet in flight.
 */
#include "support/tcp_bench.h"

enum { SEEDS = 300, STEPS = 200, SPAN = 4000 };

struct model {
	bool lost[SPAN];
	uint32_t una, nxt; /* indices into it */
};

static void same(const struct sent *s, const struct model *m, uint32_t base)
{
	uint32_t at = m->una, lost = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct run *r = sent_run(s, i);

		assert_int_equal(seq_raw(r->seq), base + at);
		for (uint32_t k = 0; k < r->len; k++, at++) {
			assert_int_equal((r->flags & RUN_LOST) != 0, m->lost[at]);
			lost += m->lost[at];
		}
	}
	assert_int_equal(at, m->nxt);
	assert_int_equal(s->lost, lost);
}

static void one_seed(struct bench *b, uint64_t seed)
{
	struct prng r = prng_from(seed);
	uint32_t base = bench_iss + prng_below(&r, 2000);
	struct mem *mem = &b->env.mem;
	struct model m = {.una = 0};
	struct sent s = {0};

	for (int step = 0; step < STEPS; step++) {
		uint32_t n = 1 + prng_below(&r, 40), i, at;

		switch (prng_below(&r, 5)) {
		case 0:
		case 1:
			if (m.nxt + n > SPAN)
				break;
			assert_true(sent_reserve(&s, mem));
			(void)sent_push(&s, (struct run){.seq = seq_at(base + m.nxt),
							 .len = n,
							 .transmissions = 1});
			m.nxt += n;
			break;
		case 2:
			at = m.una + prng_below(&r, m.nxt - m.una + 1);
			sent_ack(&s, mem, seq_at(base + at));
			m.una = at;
			break;
		case 3:
			if (s.count == 0)
				break;
			at = m.una + prng_below(&r, m.nxt - m.una);
			i = sent_find(&s, seq_at(base + at));
			assert_true(i < s.count);
			if (seq_raw(sent_run(&s, i)->seq) != base + at)
				assert_true(sent_split(&s, mem, i,
						       base + at - seq_raw(sent_run(&s, i)->seq)));
			i = sent_find(&s, seq_at(base + at));
			assert_int_equal(seq_raw(sent_run(&s, i)->seq), base + at);
			sent_mark_lost(&s, sent_run(&s, i));
			for (uint32_t k = 0; k < sent_run(&s, i)->len; k++)
				m.lost[at + k] = true;
			break;
		case 4:
			if (sent_first_lost(&s) == NULL)
				break;
			at = seq_raw(sent_first_lost(&s)->seq) - base;
			for (uint32_t k = m.una; k < at; k++)
				assert_false(m.lost[k]);
			for (uint32_t k = 0; k < sent_first_lost(&s)->len; k++)
				m.lost[at + k] = false;
			sent_mark_resent(&s, sent_first_lost(&s), b->now);
			break;
		}
		same(&s, &m, base);
		assert_int_equal(sent_find(&s, seq_at(base + m.nxt)), s.count);
		assert_int_equal(sent_find(&s, seq_at(base + m.una - 1)), s.count);
	}
	sent_fini(&s, mem);
	assert_int_equal(mem->used, 0);
}

static void runs_are_the_flat_model(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	print_message("seeds 1 to %d\n", SEEDS);
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		one_seed(b, seed);
	done(b);
}

/* Memory refused changes nothing; the number of runs is bounded. */
static void runs_are_bounded(void **state)
{
	struct bench *b = bench_new();
	struct sent s = {0};
	uint32_t n = 0;

	(void)state;
	b->fail_at = 1;
	b->fail_for = 1;
	assert_false(sent_reserve(&s, &b->env.mem));
	for (; sent_reserve(&s, &b->env.mem); n++)
		(void)sent_push(&s, (struct run){.seq = seq_at(bench_iss + n), .len = 1});
	assert_int_equal(n, SENT_MAX);
	assert_false(sent_split(&s, &b->env.mem, 0, 1));
	assert_int_equal(s.count, SENT_MAX);
	sent_ack(&s, &b->env.mem, seq_at(bench_iss + n));
	assert_int_equal(s.count, 0);
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(runs_are_the_flat_model),
	cmocka_unit_test(runs_are_bounded),
};

RUN_EVERYWHERE(tests)
