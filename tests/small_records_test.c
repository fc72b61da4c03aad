/* SPDX-License-Identifier: MIT */
/*
 * The small records judge as the blocks do: random segments to a SYN record and to a block in
 * SYN-RECEIVED, to a TIME-WAIT record and to a block in TIME-WAIT. Same verdict, same reason, same
 * answer (DESIGN D6).
 */
#include "support/tcp_bench.h"

enum { ROUNDS = 6000 };

static struct prng seeded(uint64_t seed)
{
	print_message("seed %llu\n", (unsigned long long)seed);
	return prng_from(seed);
}

static uint32_t near(struct prng *r, uint32_t where)
{
	static const uint32_t steps[] = {0, 0, 0, 1, 1, 2, 10, 29999, 30000, 59999, 60000, 60001};
	uint32_t d = prng_below(r, 20) == 0 ? (uint32_t)prng_next(r)
					    : steps[prng_below(r, COUNT_OF(steps))];

	return prng_below(r, 2) ? where + d : where - d;
}

static struct tcp_seg random_segment(struct prng *r, tcp_seq nxt, tcp_seq snd_nxt, tcp_ts ts)
{
	static const uint8_t flags[] = {
		AKSU_ACK,
		AKSU_ACK,
		AKSU_ACK,
		AKSU_ACK | AKSU_FIN,
		AKSU_SYN,
		AKSU_SYN | AKSU_ACK,
		AKSU_RST,
		AKSU_RST | AKSU_ACK,
		AKSU_FIN,
		0,
		AKSU_SYN | AKSU_FIN,
		AKSU_SYN | AKSU_ACK | AKSU_FIN,
		AKSU_SYN | AKSU_RST,
		AKSU_ACK | AKSU_URG,
	};
	static const uint32_t lengths[] = {0, 0, 0, 1, 2, 100, 60001, 70000};
	struct tcp_seg seg = {
		.seq = seq_at(near(r, seq_raw(nxt))),
		.ack = seq_at(near(r, seq_raw(snd_nxt))),
		.flags = flags[prng_below(r, COUNT_OF(flags))],
		.text_len = lengths[prng_below(r, COUNT_OF(lengths))],
		.rawwnd = (uint16_t)prng_below(r, 65536),
		.segments = 1,
	};

	if (prng_below(r, 8) != 0) {
		seg.opts.present = AKSU_OPT_TS;
		seg.opts.tsval = ts_add(ts, prng_below(r, 4) - 1);
	}
	seg_measure(&seg);
	return seg;
}

static const char *print(const struct tcp_seg *seg, tcp_seq base, char line[TRACE_SEGMENT_MAX])
{
	struct tcp_seg s = *seg;

	s.seq = seq_sub(s.seq, seq_raw(base));
	(void)trace_segment_print(&s, line, TRACE_SEGMENT_MAX);
	return line;
}

/* What the block counted last, CHALLENGE_LIMIT aside. */
static enum aksu_drop reason_of(const struct bench *b)
{
	for (int i = 1; i < AKSU_DROP_COUNT; i++)
		if (i != AKSU_DROP_CHALLENGE_LIMIT && b->env.counters.drops[i] > b->drops[i])
			return (enum aksu_drop)i;
	return AKSU_DROP_NONE;
}

/* The block's answer, if it has one; window and TSval are the block's own business. */
static bool answer_of(struct bench *b, struct tcp_seg *out)
{
	bool any = true;

	if (b->head == b->tail)
		BENCH_OK(bench_pull(b, &any));
	if (!any)
		return false;
	*out = b->queue[b->tail % BENCH_QUEUE].out.seg;
	return true;
}

#define SAME(what, a, b)                                                                     \
	do {                                                                                 \
		if ((a) != (b))                                                              \
			fail_msg("round %d, %s: %s: record %u, block %u", round, text, what, \
				 (unsigned)(a), (unsigned)(b));                              \
	} while (0)

/* ------------------------------------------------------------------ TIME-WAIT */

static struct bench *time_wait(struct prng *r)
{
	struct bench *b =
		established_with(prng_below(r, 2) ? "<mss 1000,TS val 7000 ecr 1>" : "<mss 1000>",
				 30000);

	shuts(b);
	tx(b, "F. 1:1(0) ack 1");
	rx(b, "F. 1:1(0) ack 2");
	tx(b, ". 2:2(0) ack 2");
	is(b, TCP_TIME_WAIT);
	return b;
}

static void time_wait_round(struct prng *r, int round)
{
	struct bench *b = time_wait(r);
	struct timewait w = timewait_from(&b->t);
	char text[TRACE_SEGMENT_MAX];

	for (int k = 0; k < 4; k++) {
		advance(b, seconds(1)); /* a new budget of challenges, and 2MSL can be told apart */
		struct tcp_seg seg = random_segment(r, b->t.rcv.nxt, b->t.snd.nxt, b->t.ts_recent);
		struct tcp_seg by_block = {0}, by_record = {0};
		instant before = b->t.slow;
		enum aksu_drop reason = AKSU_DROP_NONE;
		enum timewait_verdict v = timewait_input(&w, &seg, b->now, &reason);
		bool answers;

		print(&seg, b->t.rcv.nxt, text);
		if (v == TIMEWAIT_REUSE)
			continue; /* stack/ asks the record; the block is never given such a SYN */
		BENCH_OK(bench_input(b, &seg));
		answers = answer_of(b, &by_block);
		SAME("reason", reason, reason_of(b));
		SAME("answer", v != TIMEWAIT_DROP, answers);
		SAME("restart of 2MSL", v == TIMEWAIT_RESTART, b->t.slow.ns != before.ns);
		SAME("TS.Recent", ts_raw(w.ts_recent), ts_raw(b->t.ts_recent));
		if (answers) {
			timewait_ack(&w, b->t.ts_offset, b->now, &by_record);
			SAME("seq", seq_raw(by_record.seq), seq_raw(by_block.seq));
			SAME("ack", seq_raw(by_record.ack), seq_raw(by_block.ack));
			SAME("flags", by_record.flags, by_block.flags);
			SAME("options", by_record.opts.present, by_block.opts.present);
			SAME("TSecr", ts_raw(by_record.opts.tsecr), ts_raw(by_block.opts.tsecr));
		}
		bench_forget(b);
	}
	done(b);
}

static void D6_time_wait_record_is_the_block(void **state)
{
	struct prng r = seeded(bench_iss + 3);

	(void)state;
	for (int round = 0; round < ROUNDS / 10; round++)
		time_wait_round(&r, round);
}

/* ------------------------------------------------------------------ SYN-RECEIVED */

static void syn_received_round(struct prng *r, int round)
{
	static const char *const syns[] = {"S 0:0(0) win 1000 <mss 1000>",
					   "S 0:0(0) win 1000 <mss 1000,sackOK,TS val 7000 ecr 0>"};
	bool ts = prng_below(r, 2);
	struct bench *b = bench_new();
	struct trace_line parsed;
	struct syn_record record;
	struct tcp_seg seg, by_block = {0}, by_record = {0};
	enum aksu_drop reason = AKSU_DROP_NONE;
	char text[TRACE_SEGMENT_MAX];
	enum syn_verdict v;
	bool answers;

	b->conf.rcvbuf = prng_below(r, 2) ? 60000 : 200000;
	BENCH_OK(bench_parse(b, syns[ts], &parsed));
	parsed.seg.seq = seq_add(parsed.seg.seq, b->irs);
	record = syn_record_from(&parsed.seg, seq_at(b->iss), MSS_DEFAULT_V4, &b->conf);
	record.sends = 1;
	BENCH_OK(bench_accept_record(b, &parsed.seg, &record));
	seg = random_segment(r, b->t.rcv.nxt, b->t.snd.nxt, b->t.ts_recent);
	print(&seg, b->t.irs, text);
	v = syn_record_input(&record, &b->passive, &seg, b->now, &reason);
	if (v == SYN_COMPLETE) {
		seg.flags &= (uint8_t)~AKSU_URG;
		if (seg.text_len > 1000)
			seg.text_len = 0;
	}
	BENCH_OK(bench_input(b, &seg));
	answers = v == SYN_COMPLETE ? false : answer_of(b, &by_block);
	SAME("reason", reason, v == SYN_COMPLETE ? AKSU_DROP_NONE : reason_of(b));
	SAME("completes", v == SYN_COMPLETE, b->t.state >= TCP_ESTABLISHED);
	SAME("dies", v == SYN_DIE, b->t.state == TCP_CLOSED);
	SAME("answers", v == SYN_RESEND || v == SYN_ACK || v == SYN_RESET, answers);
	if (v == SYN_RESEND)
		syn_record_answer(&record, &b->passive, b->now, &by_record);
	else if (v == SYN_ACK)
		syn_record_ack(&record, &b->passive, b->now, &by_record);
	else if (v == SYN_RESET)
		tcp_make_reset(&seg, &by_record);
	if (answers) {
		SAME("seq", seq_raw(by_record.seq), seq_raw(by_block.seq));
		SAME("ack", seq_raw(by_record.ack), seq_raw(by_block.ack));
		SAME("flags", by_record.flags, by_block.flags);
		SAME("options", by_record.opts.present, by_block.opts.present);
		SAME("mss", by_record.opts.mss, by_block.opts.mss);
		SAME("wscale", by_record.opts.wscale, by_block.opts.wscale);
		SAME("TSecr", ts_raw(by_record.opts.tsecr), ts_raw(by_block.opts.tsecr));
		SAME("window", by_record.rawwnd, by_block.rawwnd);
	}
	done(b);
}

static void D6_syn_record_is_the_block(void **state)
{
	struct prng r = seeded(bench_iss + 4);

	(void)state;
	for (int round = 0; round < ROUNDS / 4; round++)
		syn_received_round(&r, round);
}

static void D6_sizes(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct syn_record), 16);
	assert_int_equal(sizeof(struct timewait), 16);
	assert_true(sizeof(struct tcb) <= 256);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(D6_time_wait_record_is_the_block),
	cmocka_unit_test(D6_syn_record_is_the_block),
	cmocka_unit_test(D6_sizes),
};

RUN_EVERYWHERE(tests)
