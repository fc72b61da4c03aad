/* SPDX-License-Identifier: MIT */
/*
 * The TIME-WAIT record: RFC 6191 row by row, RFC 1337, the repeated FIN. That it judges as a block
 * does is shown in tests/small_records_test.c.
 */
#include "support/tcp_bench.h"

static struct timewait record(bool ts)
{
	struct bench *b =
		established_with(ts ? "<mss 1000,TS val 7000 ecr 1>" : "<mss 1000>", 30000);
	struct timewait w;

	shuts(b);
	tx(b, "F. 1:1(0) ack 1");
	rx(b, "F. 1:1(0) ack 2");
	tx(b, ". 2:2(0) ack 2");
	is(b, TCP_TIME_WAIT);
	w = timewait_from(&b->t);
	done(b);
	return w;
}

static struct tcp_seg segment(const char *line)
{
	struct bench *b = bench_new();
	struct trace_line parsed;

	BENCH_OK(bench_parse(b, line, &parsed));
	parsed.seg.seq = seq_add(parsed.seg.seq, bench_irs);
	parsed.seg.ack = seq_add(parsed.seg.ack, bench_iss);
	done(b);
	return parsed.seg;
}

/* SHLD-4, MAY-2: the last number is 1, that of the FIN; the last TSval 7000. */
static void shld_4_rfc_6191_row_by_row(void **state)
{
	/* clang-format off */
	static const struct { bool ts; const char *syn; enum timewait_verdict verdict; } rows[] = {
		/* both      */ {true, "S 0:0(0) <TS val 7001 ecr 0>", TIMEWAIT_REUSE},
		/* equal, >  */ {true, "S 2:2(0) <TS val 7000 ecr 0>", TIMEWAIT_REUSE},
		/* equal, <= */ {true, "S 1:1(0) <TS val 7000 ecr 0>", TIMEWAIT_DROP},
		/* older     */ {true, "S 9:9(0) <TS val 6999 ecr 0>", TIMEWAIT_DROP},
		/* only old  */ {true, "S 2:2(0)", TIMEWAIT_REUSE},
		/*           */ {true, "S 1:1(0)", TIMEWAIT_DROP},
		/* only new  */ {false, "S 0:0(0) <TS val 1 ecr 0>", TIMEWAIT_REUSE},
		/* neither   */ {false, "S 2:2(0)", TIMEWAIT_REUSE},
		/*           */ {false, "S 1:1(0)", TIMEWAIT_DROP},
		/*           */ {false, "S -70000:-70000(0)", TIMEWAIT_DROP},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct timewait w = record(rows[i].ts);
		struct tcp_seg syn = segment(rows[i].syn);
		enum aksu_drop reason = AKSU_DROP_COUNT;

		assert_int_equal(timewait_input(&w, &syn, (instant){0}, &reason), rows[i].verdict);
		assert_int_equal(reason, rows[i].verdict == TIMEWAIT_REUSE
						 ? AKSU_DROP_NONE
						 : AKSU_DROP_SYN_IN_TIME_WAIT);
	}
}

/* B2, MAY-2: whatever comes next begins above all that was sent. */
static void may_2_the_next_iss_is_larger(void **state)
{
	struct timewait w = record(false);

	(void)state;
	assert_true(seq_gt(timewait_iss_floor(&w), seq_at(bench_iss + 2)));
}

static void C_19_repeated_fin_is_acknowledged_and_restarts(void **state)
{
	struct timewait w = record(true);
	struct tcp_seg fin = segment("F. 1:1(0) ack 2 <TS val 7000 ecr 1>"), ack;
	enum aksu_drop reason;

	(void)state;
	assert_int_equal(timewait_input(&w, &fin, (instant){0}, &reason), TIMEWAIT_RESTART);
	timewait_ack(&w, ts_at(5), (instant){seconds(2).ns}, &ack);
	assert_int_equal(seq_raw(ack.seq) - bench_iss, 2);
	assert_int_equal(seq_raw(ack.ack) - bench_irs, 2);
	assert_int_equal(ack.flags, AKSU_ACK);
	assert_int_equal(ts_raw(ack.opts.tsval), 2005);
	assert_int_equal(ts_raw(ack.opts.tsecr), 7000);
}

static void C_20_resets_are_ignored(void **state)
{
	static const char *const resets[] = {"R 2:2(0)", "R 3:3(0)", "R. 2:2(0) ack 2"};
	enum aksu_drop reason;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(resets); i++) {
		struct timewait w = record(false);
		struct tcp_seg rst = segment(resets[i]);

		assert_int_equal(timewait_input(&w, &rst, (instant){0}, &reason), TIMEWAIT_DROP);
		assert_int_equal(reason, AKSU_DROP_RST_IN_TIME_WAIT);
	}
}

/* In every second of the clock so many, and no more. */
static void challenges_are_limited_in_every_second(void **state)
{
	struct timewait w = record(false);
	struct tcp_seg seg = segment(". 2:2(0) ack 99");

	(void)state;
	for (uint64_t s = 0; s < 70; s++) {
		int answered = 0;

		for (int i = 0; i < 20; i++) {
			enum aksu_drop reason;

			answered += timewait_input(&w, &seg, (instant){seconds(s).ns}, &reason) ==
				    TIMEWAIT_ACK;
			assert_int_equal(reason, AKSU_DROP_ACK_BEYOND_SND_NXT);
		}
		assert_int_equal(answered, CHALLENGE_PER_SECOND);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(shld_4_rfc_6191_row_by_row),
	cmocka_unit_test(may_2_the_next_iss_is_larger),
	cmocka_unit_test(C_19_repeated_fin_is_acknowledged_and_restarts),
	cmocka_unit_test(C_20_resets_are_ignored),
	cmocka_unit_test(challenges_are_limited_in_every_second),
};

RUN_EVERYWHERE(tests)
