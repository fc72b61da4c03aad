/* SPDX-License-Identifier: MIT */
/*
 * Reassembly against a naive map of octets: what came first is kept (A9), nothing is lost or mixed,
 * SACK tells the newest run first (F12), and everything is bounded (A10).
 */
#include "support/tcp_bench.h"

enum { SEEDS = 100, STEPS = 120, SPAN = 3000 };

struct map {
	int octet[SPAN]; /* -1: not here */
	uint32_t nxt;
};

static void same(const struct reasm *r, const struct map *m, uint32_t base)
{
	uint32_t at = m->nxt, octets = 0;

	for (uint32_t i = 0; i < r->count; i++) {
		const struct piece *p = reasm_piece(r, i);
		uint32_t from = seq_raw(p->seq) - base;

		assert_true(from >= at);
		for (; at < from; at++)
			assert_int_equal(m->octet[at], -1);
		for (uint32_t k = 0; k < p->len; k++, at++, octets++)
			assert_int_equal(p->block->data[p->at + k], m->octet[at]);
	}
	for (; at < SPAN; at++)
		assert_int_equal(m->octet[at], -1);
	assert_int_equal(octets, r->octets);
}

/* Each block is a whole run of the map, and the first holds what came last. */
static void sack_is_right(struct reasm *r, const struct map *m, uint32_t base, uint32_t last)
{
	struct tcp_sack_block out[TCP_SACK_MAX];
	uint32_t n = reasm_sack(r, seq_at(base + m->nxt), out, TCP_SACK_MAX);

	assert_true(n <= TCP_SACK_MAX && (n > 0) == (r->count > 0));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t from = seq_raw(out[i].start) - base, to = seq_raw(out[i].end) - base;

		assert_true(from > m->nxt && from < to && to <= SPAN);
		assert_int_equal(m->octet[from - 1], -1);
		assert_true(to == SPAN || m->octet[to] == -1);
		for (uint32_t k = from; k < to; k++)
			assert_true(m->octet[k] >= 0);
		if (i == 0)
			assert_true(last >= from && last < to);
		for (uint32_t k = 0; k < i; k++)
			assert_false(seq_eq(out[k].start, out[i].start));
	}
}

static void add_one(struct bench *b, struct reasm *re, struct map *m, struct prng *r, uint32_t base)
{
	uint32_t n = 1 + prng_below(r, 60), at = m->nxt + 1 + prng_below(r, SPAN - m->nxt - 61),
		 last;
	bool owned = prng_below(r, 2), fresh = false;
	struct aksu_block *block = owned ? block_new(&b->env.mem, n) : NULL;
	uint8_t text[64];
	enum reasm_result result;

	for (uint32_t k = 0; k < n; k++)
		text[k] = (uint8_t)prng_next(r);
	if (owned) {
		memcpy(block->data, text, n);
		block->filled = n;
	}
	result =
		reasm_add(re, &b->env.mem, seq_at(base + at), owned ? block->data : text, n, block);
	block_unref(block);
	last = at;
	for (uint32_t k = 0; k < n; k++)
		if (m->octet[at + k] < 0) {
			m->octet[at + k] = text[k];
			last = at + k;
			fresh = true;
		}
	assert_int_equal(result, fresh ? REASM_HELD : REASM_DUPLICATE);
	sack_is_right(re, m, base, last);
}

/* The hole is filled up to the first piece or into it; what follows without a hole comes out. */
static void take_some(struct bench *b, struct reasm *re, struct map *m, struct prng *r,
		      uint32_t base)
{
	struct slice s;

	if (re->count == 0)
		return;
	m->nxt = seq_raw(reasm_piece(re, 0)->seq) - base +
		 prng_below(r, reasm_piece(re, 0)->len + 2);
	for (uint32_t k = 0; k < m->nxt; k++)
		m->octet[k] = -1;
	while (reasm_take(re, &b->env.mem, seq_at(base + m->nxt), &s)) {
		for (uint32_t k = 0; k < s.len; k++) {
			assert_int_equal(s.block->data[s.at + k], m->octet[m->nxt]);
			m->octet[m->nxt++] = -1;
		}
		block_unref(s.block);
	}
}

static void A9_what_came_first_is_kept(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	print_message("seeds 1 to %d\n", SEEDS);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct prng r = prng_from(seed);
		uint32_t base = bench_irs;
		struct reasm re = {0};
		struct map m;

		memset(&m, 0xff, sizeof(m)); /* -1 everywhere */
		m.nxt = 0;
		for (int i = 0; i < STEPS && m.nxt + 200 < SPAN; i++) {
			if (prng_below(&r, 8) != 0)
				add_one(b, &re, &m, &r, base);
			else
				take_some(b, &re, &m, &r, base);
			same(&re, &m, base);
		}
		reasm_fini(&re, &b->env.mem);
		assert_int_equal(b->env.mem.used, 0);
	}
	done(b);
}

static void A10_tiny_pieces_are_bounded(void **state)
{
	struct bench *b = bench_new();
	const uint8_t octet[1] = {7};
	struct reasm re = {0};
	uint32_t n = 0;

	(void)state;
	while (reasm_add(&re, &b->env.mem, seq_at(bench_irs + 2 + 2 * n), octet, 1, NULL) ==
	       REASM_HELD)
		n++;
	assert_int_equal(n, REASM_TINY_MAX);
	assert_true(b->env.mem.used <
		    64 * REASM_TINY_MAX); /* tens of octets for each, not kilobytes */
	reasm_fini(&re, &b->env.mem);
	done(b);
}

/* A window of full segments in any order: all of it is held, as one run in the end. */
static void A10_a_wide_window_is_held(void **state)
{
	enum { N = 10000, LEN = 300 };
	static uint32_t order[N];
	struct bench *b = bench_new();
	struct prng r = prng_from(7);
	struct tcp_sack_block out[TCP_SACK_MAX];
	struct reasm re = {0};
	uint8_t text[LEN] = {0};
	struct slice s;
	uint32_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		uint32_t k = prng_below(&r, i + 1);

		order[i] = order[k];
		order[k] = i;
	}
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(reasm_add(&re, &b->env.mem, seq_at(bench_irs + 2 + order[i] * LEN),
					   text, LEN, NULL),
				 REASM_HELD);
	assert_int_equal(reasm_sack(&re, seq_at(bench_irs + 1), out, TCP_SACK_MAX), 1);
	assert_int_equal(seq_dist(out[0].start, out[0].end), N * LEN);
	while (reasm_take(&re, &b->env.mem, seq_at(bench_irs + 2 + n), &s)) {
		n += s.len;
		block_unref(s.block);
	}
	assert_int_equal(n, N * LEN);
	reasm_fini(&re, &b->env.mem);
	assert_int_equal(b->env.mem.used, 0);
	done(b);
}

static void memory_refused_keeps_what_is_held(void **state)
{
	(void)state;
	for (uint64_t n = 1; n < 12; n++) {
		struct bench *b = bench_new();
		struct reasm re = {0};
		uint8_t text[3000];

		memset(text, 5, sizeof(text));
		b->fail_at = n;
		b->fail_for = 1;
		for (uint32_t i = 0; i < 20; i++) {
			uint32_t before = re.octets;
			enum reasm_result r =
				reasm_add(&re, &b->env.mem, seq_at(bench_irs + 10 + 4000 * i), text,
					  3000, NULL);

			assert_int_equal(re.octets, before + (r == REASM_HELD ? 3000 : 0));
		}
		reasm_fini(&re, &b->env.mem);
		done(b);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(A9_what_came_first_is_kept),
	cmocka_unit_test(A10_tiny_pieces_are_bounded),
	cmocka_unit_test(A10_a_wide_window_is_held),
	cmocka_unit_test(memory_refused_keeps_what_is_held),
};

RUN_EVERYWHERE(tests)
