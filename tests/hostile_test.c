/* SPDX-License-Identifier: MIT */
/*
 * A peer that sends anything: random segments around the windows, random calls, random time, from
 * every state. Whatever comes, the invariants of the block hold, every segment that leaves obeys
 * the bench's rules, answers are bounded, and all memory comes back.
 *
 * One seed again: TCP_SEED=17 build/tests/test_tests_hostile
 */
#include "support/tcp_bench.h"

enum { SEEDS = 2000, STEPS = 60 };

static uint32_t near(struct prng *r, uint32_t where)
{
	static const uint32_t steps[] = {0, 0, 0, 0, 1, 1, 2, 100, 1000, 30000, 60000, 60001};
	uint32_t d = prng_below(r, 30) == 0 ? (uint32_t)prng_next(r)
					    : steps[prng_below(r, COUNT_OF(steps))];

	return prng_below(r, 3) ? where + d : where - d;
}

/* Blocks that may be true, and blocks that cannot be (F13). */
static void random_blocks(const struct tcb *t, struct prng *r, struct tcp_opts *o)
{
	uint32_t out = snd_outstanding(t);

	o->present |= AKSU_OPT_SACK;
	o->sack_count = (uint8_t)(1 + prng_below(r, 3));
	for (unsigned k = 0; k < o->sack_count; k++) {
		uint32_t from = seq_raw(t->snd.una) + prng_below(r, out + 1);

		o->sack[k].start = seq_at(prng_below(r, 8) ? from : near(r, from));
		o->sack[k].end = seq_at(prng_below(r, 8) ? from + prng_below(r, 3000)
							 : near(r, seq_raw(t->snd.nxt)));
	}
}

static struct tcp_seg random_segment(struct bench *b, struct prng *r)
{
	static const uint32_t lengths[] = {0, 0, 0, 1, 1, 100, 1000, 1460, 60000};
	const struct tcb *t = &b->t;
	struct tcp_seg seg = {
		.seq = seq_at(near(r, seq_raw(t->rcv.nxt))),
		.ack = seq_at(near(r, seq_raw(prng_below(r, 2) ? t->snd.una : t->snd.nxt))),
		.flags = AKSU_ACK,
		.text_len = lengths[prng_below(r, COUNT_OF(lengths))],
		.rawwnd = (uint16_t)(prng_below(r, 3) ? prng_below(r, 65536) : prng_below(r, 3)),
		.up = (uint16_t)prng_below(r, 65536),
		.segments = 1,
	};

	if (prng_below(r, 4) == 0)
		seg.flags |= AKSU_FIN;
	if (prng_below(r, 6) == 0)
		seg.flags |= AKSU_URG;
	if (prng_below(r, 12) == 0)
		seg.flags |= AKSU_SYN;
	if (prng_below(r, 40) == 0)
		seg.flags |= AKSU_RST;
	if (prng_below(r, 12) == 0)
		seg.flags &= (uint8_t)~AKSU_ACK;
	if (has(t, TF_TS) && prng_below(r, 10) != 0) {
		seg.opts.present = AKSU_OPT_TS;
		seg.opts.tsval = ts_add(t->ts_recent, prng_below(r, 5) - 1);
		seg.opts.tsecr = ts_at(b->seen_ts - prng_below(r, 3));
	}
	if (prng_below(r, 3) == 0)
		random_blocks(t, r, &seg.opts);
	if (prng_below(r, 4) == 0) { /* nothing new but the blocks */
		seg.ack = t->snd.una;
		seg.text_len = 0;
	}
	if (seg_has(&seg, AKSU_SYN) && prng_below(r, 2)) {
		seg.opts.present |= AKSU_OPT_MSS;
		seg.opts.mss = (uint16_t)prng_below(r, 3000);
	}
	if (seg_has(&seg, AKSU_SYN) && t->state == TCP_SYN_SENT)
		seg.seq = seq_at(b->irs); /* the bench counts from it */
	seg_measure(&seg);
	return seg;
}

static void call(struct bench *b, struct prng *r)
{
	switch (prng_below(r, 8)) {
	case 0:
	case 1:
	case 2:
		(void)bench_send(b, 1 + prng_below(r, 5000), prng_below(r, 4) == 0,
				 prng_below(r, 8) == 0);
		break;
	case 3: (void)bench_read(b, 1 + prng_below(r, 70000), INT64_MIN); break;
	case 4: (void)bench_shutdown(b); break;
	case 5:
		if (prng_below(r, 6) == 0)
			(void)bench_close(b);
		break;
	case 6:
		b->conf.nodelay = prng_below(r, 2);
		b->conf.cork = prng_below(r, 4) == 0;
		b->conf.keepalive = prng_below(r, 2);
		tcp_conf_changed(&b->t, b->now);
		break;
	case 7:
		if (prng_below(r, 10) == 0)
			bench_abort(b);
		break;
	}
}

static void one_seed(uint64_t seed)
{
	struct prng r = prng_from(seed);
	enum tcp_state from =
		(enum tcp_state)(TCP_SYN_SENT + prng_below(&r, TCP_TIME_WAIT - TCP_SYN_SENT + 1));
	struct bench *b;
	const char *why = NULL;

	bench_iss = (uint32_t)prng_next(&r);
	bench_irs = (uint32_t)prng_next(&r);
	b = from == TCP_ESTABLISHED && prng_below(&r, 2)
		    ? established_with("<mss 1000,sackOK,TS val 7000 ecr 1,nop,wscale 2>", 30000)
		    : in_state(from);
	b->bulk = 1 + prng_below(&r, 4);
	b->hostile = true;
	for (int i = 0; i < STEPS && why == NULL; i++) {
		uint32_t before;

		switch (prng_below(&r, 6)) {
		case 0:
			call(b, &r);
			why = bench_check(b);
			break;
		case 1:
			why = bench_advance(b,
					    milliseconds(prng_below(&r, prng_below(&r, 2) ? 300
											  : 9000)));
			break;
		default: {
			struct tcp_seg seg = random_segment(b, &r);

			why = bench_input(b, &seg);
		}
		}
		before = b->head;
		if (why == NULL && prng_below(&r, 3) != 0)
			why = bench_pump(b);
		if (why == NULL && b->head - before > 200)
			why = "too much at once";
		bench_forget(b);
	}
	if (why != NULL)
		fail_msg("seed %llu: %s", (unsigned long long)seed, why);
	done(b);
}

static void a_hostile_peer(void **state)
{
	const char *one = getenv("TCP_SEED"), *many = getenv("TCP_SEEDS");
	uint64_t n = many != NULL ? strtoull(many, NULL, 10) : SEEDS;

	(void)state;
	if (one != NULL) {
		one_seed(strtoull(one, NULL, 10));
		return;
	}
	print_message("seeds 1 to %llu\n", (unsigned long long)n);
	for (uint64_t seed = 1; seed <= n; seed++)
		one_seed(seed);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_hostile_peer),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
