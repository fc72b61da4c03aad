/* SPDX-License-Identifier: MIT */
/*
 * Sent runs, and the scoreboard on them, against a flat model: a few words for each octet in
 * flight.
 */
#include "support/tcp_bench.h"

enum { SEEDS = 300, STEPS = 200, SPAN = 4000, CUTS = 20 };

struct model {
	bool lost[SPAN], sacked[SPAN], resent[SPAN];
	uint64_t at[SPAN]; /* when the octet was sent last */
	uint32_t una, nxt; /* indices into it */
	uint64_t now;
};

static void same(const struct sent *s, const struct model *m, uint32_t base)
{
	uint32_t at = m->una, lost = 0, sacked = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct run *r = sent_run(s, i);

		assert_int_equal(seq_raw(r->seq), base + at);
		for (uint32_t k = 0; k < r->len; k++, at++) {
			assert_int_equal((r->flags & RUN_LOST) != 0, m->lost[at]);
			assert_int_equal((r->flags & RUN_SACKED) != 0, m->sacked[at]);
			assert_int_equal(r->sent_at.ns, m->at[at]);
			lost += m->lost[at];
			sacked += m->sacked[at];
		}
	}
	assert_int_equal(at, m->nxt);
	assert_int_equal(s->lost, lost);
	assert_int_equal(s->sacked, sacked);
	assert_true(s->cuts <= CUTS);
}

/* What was sent again first and is still on its way, by the notes and by the model. */
static void same_oldest(struct sent *s, const struct model *m, uint32_t base)
{
	const struct resent *n = sent_oldest_resent(s);
	uint64_t oldest = UINT64_MAX;

	for (uint32_t k = m->una; k < m->nxt; k++)
		if (m->resent[k] && !m->lost[k] && !m->sacked[k] && m->at[k] < oldest)
			oldest = m->at[k];
	assert_int_equal(n == NULL ? UINT64_MAX : n->at.ns, oldest);
	if (n != NULL)
		assert_int_equal(m->at[seq_raw(n->seq) - base], oldest);
}

static void sends_more(struct sent *s, struct mem *mem, struct model *m, uint32_t base, uint32_t n)
{
	if (m->nxt + n > SPAN)
		return;
	assert_true(sent_reserve(s, mem));
	(void)sent_push(s, (struct run){.seq = seq_at(base + m->nxt),
					.len = n,
					.sent_at = {m->now},
					.transmissions = 1});
	for (; n > 0; n--)
		m->at[m->nxt++] = m->now;
}

/* The run that holds one octet, cut in front of it. */
static void loses(struct sent *s, struct mem *mem, struct model *m, uint32_t base, uint32_t at)
{
	uint32_t i = sent_find(s, seq_at(base + at));
	struct run *r;

	assert_true(i < s->count);
	if (seq_raw(sent_run(s, i)->seq) != base + at)
		assert_true(sent_split(s, mem, i, base + at - seq_raw(sent_run(s, i)->seq)));
	i = sent_find(s, seq_at(base + at));
	r = sent_run(s, i);
	assert_int_equal(seq_raw(r->seq), base + at);
	sent_mark_lost(s, r);
	for (uint32_t k = 0; k < r->len; k++)
		m->lost[at + k] = !m->sacked[at + k];
}

static void sends_again(struct sent *s, struct mem *mem, struct model *m, uint32_t base)
{
	struct run *r = sent_first_lost(s);
	uint32_t at;

	for (at = m->una; at < m->nxt && !m->lost[at]; at++)
		;
	assert_int_equal(r == NULL, at == m->nxt);
	if (r == NULL)
		return;
	assert_int_equal(seq_raw(r->seq), base + at);
	sent_mark_resent(s, r, (instant){m->now});
	assert_true(sent_note_resent(s, mem, r));
	for (uint32_t k = 0; k < r->len; k++) {
		m->lost[at + k] = false;
		m->resent[at + k] = true;
		m->at[at + k] = m->now;
	}
}

/* A block from `from` on: what it newly marks was in it and was not marked. */
static void is_told(struct sent *s, struct mem *mem, struct model *m, uint32_t base, uint32_t from,
		    uint32_t n)
{
	tcp_seq at = seq_at(base + from), end;
	const struct run *r;

	if (from + n > m->nxt)
		n = m->nxt - from;
	end = seq_at(base + from + n);
	while ((r = sent_sack(s, mem, &at, end, CUTS)) != NULL) {
		uint32_t first = seq_raw(r->seq) - base;

		assert_true(first >= from && first + r->len <= from + n);
		for (uint32_t k = first; k < first + r->len; k++) {
			assert_false(m->sacked[k]);
			m->sacked[k] = true;
			m->lost[k] = false;
		}
	}
	at = seq_at(base + from); /* and a second time nothing */
	assert_null(sent_sack(s, mem, &at, end, 0));
}

static void one_step(struct sent *s, struct mem *mem, struct model *m, uint32_t base,
		     struct prng *r)
{
	uint32_t n = 1 + prng_below(r, 40), at;

	m->now++;
	switch (prng_below(r, 8)) {
	case 0:
	case 1:
	case 2: sends_more(s, mem, m, base, n); break;
	case 3:
		at = m->una + prng_below(r, m->nxt - m->una + 1);
		if (prng_below(r, 4) > 0)
			at = m->una + prng_below(r, 10) * (m->nxt - m->una) / 100;
		sent_ack(s, mem, seq_at(base + at));
		m->una = at;
		break;
	case 4:
		if (s->count > 0)
			loses(s, mem, m, base, m->una + prng_below(r, m->nxt - m->una));
		break;
	case 5: sends_again(s, mem, m, base); break;
	case 6:
		if (s->count > 0)
			is_told(s, mem, m, base, m->una + prng_below(r, m->nxt - m->una), 3 * n);
		break;
	case 7:
		if (prng_below(r, 10) > 0)
			break;
		sent_unsack(s);
		for (uint32_t k = m->una; k < m->nxt; k++)
			m->sacked[k] = false;
		/* what the notes forgot meanwhile is the time-out's: here it is forgotten too */
		for (uint32_t k = m->una; k < m->nxt; k++)
			m->resent[k] = false;
		s->again_count = 0;
		break;
	}
}

static void one_seed(struct bench *b, uint64_t seed)
{
	struct prng r = prng_from(seed);
	uint32_t base = bench_iss + prng_below(&r, 2000);
	struct mem *mem = &b->env.mem;
	struct model *m = calloc(1, sizeof(*m));
	struct sent s = {0};

	for (int step = 0; step < STEPS; step++) {
		one_step(&s, mem, m, base, &r);
		same(&s, m, base);
		same_oldest(&s, m, base);
		assert_int_equal(sent_find(&s, seq_at(base + m->nxt)), s.count);
		assert_int_equal(sent_find(&s, seq_at(base + m->una - 1)), s.count);
	}
	sent_fini(&s, mem);
	free(m);
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

/*
 * F13: a peer that reports single octets, each by itself, makes no more runs than were allowed, and
 * one that reports all in ever larger blocks is answered in a few steps.
 */
static void blocks_cut_only_so_much(void **state)
{
	struct bench *b = bench_new();
	struct sent s = {0};
	tcp_seq at;

	(void)state;
	assert_true(sent_reserve(&s, &b->env.mem));
	(void)sent_push(&s, (struct run){.seq = seq_at(bench_iss), .len = 60000});
	for (uint32_t k = 1; k < 60000; k += 2) {
		at = seq_at(bench_iss + k);
		while (sent_sack(&s, &b->env.mem, &at, seq_at(bench_iss + k + 1), 84) != NULL)
			;
	}
	assert_int_equal(s.cuts, 84);
	assert_int_equal(s.count, 85);
	sent_ack(&s, &b->env.mem, seq_at(bench_iss + 60000));
	assert_int_equal(s.cuts, 0);
	done(b);
}

/* Where memory for a cut or a note is refused, the octets stay unmarked, and nothing else happens.
 */
static void refused_memory_marks_nothing(void **state)
{
	struct bench *b = bench_new();
	struct sent s = {0};
	tcp_seq at = seq_at(bench_iss + 100);

	(void)state;
	for (uint32_t k = 0; k < 16; k++) {
		assert_true(sent_reserve(&s, &b->env.mem));
		(void)sent_push(&s, (struct run){.seq = seq_at(bench_iss + 1000 * k), .len = 1000});
	}
	b->fail_at = b->allocations + 1;
	b->fail_for = 1000;
	assert_null(sent_sack(&s, &b->env.mem, &at, seq_at(bench_iss + 900), 100));
	assert_int_equal(s.sacked, 0);
	at = seq_at(bench_iss + 100);
	assert_non_null(sent_sack(&s, &b->env.mem, &at, seq_at(bench_iss + 2500), 100));
	assert_int_equal(s.sacked, 1000);
	assert_false(sent_note_resent(&s, &b->env.mem, sent_run(&s, 0)));
	assert_null(sent_oldest_resent(&s));
	sent_fini(&s, &b->env.mem);
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(runs_are_the_flat_model),
	cmocka_unit_test(runs_are_bounded),
	cmocka_unit_test(blocks_cut_only_so_much),
	cmocka_unit_test(refused_memory_marks_nothing),
};

RUN_EVERYWHERE(tests)
