/* SPDX-License-Identifier: MIT */
/*
 * The corner cases of a connection's life (C-1 to C-40), each a test with its number, as far as one
 * connection can show them: what needs two, a listener or addresses is shown where those are.
 */
#include "support/tcp_bench.h"

/* ------------------------------------------------------------------ opening */

static void C_1_simultaneous_open(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	rx(b, "S 0:0(0) win 1000 <mss 900,sackOK,TS val 50 ecr 0,nop,wscale 3>");
	is(b, TCP_SYN_RECEIVED);
	tx(b, "S. 0:0(0) ack 1 win 60000 <mss 1460,sackOK,TS val * ecr 50,nop,wscale 8>");
	quiet(b);
	rx(b, "S. 0:0(0) ack 1 win 1000 <mss 900,sackOK,TS val 51 ecr 0,nop,wscale 3>");
	is(b, TCP_ESTABLISHED);
	assert_true(b->t.notices & NOTICE_CONNECTED);
	assert_int_equal(b->t.snd_shift, 3);
	assert_int_equal(b->t.snd.wnd, 1000); /* of a SYN: not scaled */
	quiet(b);
	done(b);
}

static void C_1_simultaneous_open_ends_with_a_bare_ack_too(void **state)
{
	struct bench *b = in_state(TCP_SYN_RECEIVED);

	(void)state;
	rx(b, ". 1:1(0) ack 1 win 500");
	is(b, TCP_ESTABLISHED);
	assert_int_equal(b->t.snd.wnd, 500);
	quiet(b);
	done(b);
}

static void C_1_one_rtt_sample_at_most(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	advance(b, milliseconds(100));
	rx(b, "S 0:0(0) win 1000 <mss 900>");
	tx(b, "S. 0:0(0) ack 1");
	advance(b, milliseconds(300));
	rx(b, "S. 0:0(0) ack 1 win 1000");
	is(b, TCP_ESTABLISHED);
	assert_int_equal(b->t.rtt.srtt_us, 0); /* the SYN was sent twice: Karn */
	done(b);
}

/* C-2: its own SYN, then its own SYN-ACK. */
static void C_2_self_connect(void **state)
{
	uint32_t irs = bench_irs;
	struct bench *b;

	(void)state;
	bench_irs = bench_iss;
	b = in_state(TCP_SYN_SENT);
	bench_irs = irs;
	rx(b, "S 0:0(0) win 60000 <mss 1460,sackOK,TS val 5 ecr 0,nop,wscale 8>");
	tx(b, "S. 0:0(0) ack 1");
	rx(b, "S. 0:0(0) ack 1 win 60000 <mss 1460,sackOK,TS val 6 ecr 5,nop,wscale 8>");
	is(b, TCP_ESTABLISHED);
	quiet(b); /* no storm */
	done(b);
}

static void C_3_bare_SYN_of_a_rebooted_peer_is_challenged(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "S 77777:77777(0) win 1000 <mss 1000>");
	expect_drop(b, AKSU_DROP_SYN_IN_SYNC);
	tx(b, ". 1:1(0) ack 1");
	why_was(b, CHALLENGE);
	rx(b, "R 1:1(0)");
	is(b, TCP_CLOSED);
	assert_int_equal(b->t.error, AKSU_ECONNRESET);
	quiet(b);
	done(b);
}

static void C_3_half_open_SYN_SENT_resets_the_old_connection(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	rx(b, ". 300:300(0) ack 100");
	expect_drop(b, AKSU_DROP_SYN_SENT_ACK_BAD);
	tx(b, "R 100:100(0)");
	is(b, TCP_SYN_SENT);
	rx(b, "S. 0:0(0) ack 1 win 1000");
	is(b, TCP_ESTABLISHED);
	done(b);
}

static void C_4_data_to_a_rebooted_peer_aborts(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 10);
	tx(b, "P. 1:11(10) ack 1");
	rx(b, "R 1:1(0)");
	is(b, TCP_CLOSED);
	reads(b, 10, -AKSU_ECONNRESET);
	assert_int_equal(bench_send(b, 1, false, false), -AKSU_ECONNRESET);
	done(b);
}

static void C_8_SYN_ACK_out_of_nowhere_is_challenged(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "S. 5000:5000(0) ack 1");
	tx(b, ". 1:1(0) ack 1");
	why_was(b, CHALLENGE);
	is(b, TCP_ESTABLISHED);
	done(b);
}

static void C_9_data_on_a_SYN_ACK_is_delivered_once_open(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	rx(b, "S. 0:100(100) ack 1 win 1000 <mss 1000>");
	is(b, TCP_ESTABLISHED);
	tx(b, ". 1:1(0) ack 101");
	reads(b, 200, 100);
	done(b);
}

/* Data on a crossing SYN is not acknowledged, so it comes again. */
static void C_9_data_on_a_crossing_SYN_comes_again(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	rx(b, "S 0:100(100) win 1000 <mss 1000>");
	reads(b, 200, -AKSU_EAGAIN);
	tx(b, "S. 0:0(0) ack 1");
	rx(b, ". 1:101(100) ack 1 win 1000");
	is(b, TCP_ESTABLISHED);
	reads(b, 200, 100);
	done(b);
}

static void C_10_SYN_and_RST_is_a_RST(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "SR 1:1(0)");
	is(b, TCP_CLOSED);
	quiet(b);
	done(b);
	b = in_state(TCP_SYN_SENT);
	rx(b, "SR 0:0(0)");
	is(b, TCP_SYN_SENT);
	rx(b, "SR. 0:0(0) ack 1");
	is(b, TCP_CLOSED);
	assert_int_equal(b->t.error, AKSU_ECONNREFUSED);
	done(b);
}

static void C_11_SYN_ACK_FIN_opens_and_half_closes(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	rx(b, "SF. 0:10(10) ack 1 win 1000 <mss 1000>");
	is(b, TCP_CLOSE_WAIT);
	tx(b, ". 1:1(0) ack 12");
	reads(b, 20, 10);
	reads(b, 20, 0);
	done(b);
}

/* ------------------------------------------------------------------ FIN */

static void C_12_FIN_with_data(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "FP. 1:101(100) ack 1");
	is(b, TCP_CLOSE_WAIT);
	tx(b, ". 1:1(0) ack 102");
	reads(b, 60, 60);
	reads(b, 60, 40);
	reads(b, 60, 0);
	reads(b, 60, 0);
	done(b);
}

static void C_13_FIN_out_of_order_is_held(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "F. 101:201(100) ack 1");
	is(b, TCP_ESTABLISHED);
	tx(b, ". 1:1(0) ack 1");
	rx(b, ". 1:101(100) ack 1");
	is(b, TCP_CLOSE_WAIT);
	tx(b, ". 1:1(0) ack 202");
	reads(b, 300, 200);
	reads(b, 300, 0);
	done(b);
}

static void C_13_bare_FIN_out_of_order_is_held_and_each_copy_answered(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "F. 101:101(0) ack 1");
	tx(b, ". 1:1(0) ack 1");
	quiet(b);
	rx(b, "F. 101:101(0) ack 1");
	tx(b, ". 1:1(0) ack 1");
	quiet(b);
	rx(b, ". 1:101(100) ack 1");
	is(b, TCP_CLOSE_WAIT);
	tx(b, ". 1:1(0) ack 102");
	done(b);
}

static void C_13_trimmed_FIN_does_not_count(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:50001(50000) ack 1");
	tx(b, ". 1:1(0) ack 50001");
	rx(b, "F. 50001:60001(10000) ack 1"); /* the FIN lies at the edge, outside */
	is(b, TCP_ESTABLISHED);
	tx(b, ". 1:1(0) ack 60001 win 0");
	reads(b, 60000, 60000);
	tx(b, ". 1:1(0) ack 60001 win 60000");
	rx(b, "F. 60001:60001(0) ack 1");
	is(b, TCP_CLOSE_WAIT);
	tx(b, ". 1:1(0) ack 60002");
	done(b);
}

static void C_14_FIN_in_SYN_RECEIVED(void **state)
{
	struct bench *b = in_state(TCP_SYN_RECEIVED);

	(void)state;
	rx(b, "F. 1:1(0) ack 1");
	is(b, TCP_CLOSE_WAIT);
	assert_true(b->t.notices & NOTICE_CONNECTED);
	tx(b, ". 1:1(0) ack 2");
	reads(b, 10, 0);
	done(b);
}

/* C-15: the table is kept: a FIN has length 1, and no window takes it. It is not lost. */
static void C_15_FIN_against_our_zero_window(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:60001(60000) ack 1");
	tx(b, ". 1:1(0) ack 60001 win 0");
	rx(b, "F. 60001:60001(0) ack 1");
	is(b, TCP_ESTABLISHED);
	tx(b, ". 1:1(0) ack 60001 win 0");
	reads(b, 60000, 60000);
	tx(b, ". 1:1(0) ack 60001 win 60000");
	rx(b, "F. 60001:60001(0) ack 1");
	is(b, TCP_CLOSE_WAIT);
	done(b);
}

static void C_15_our_FIN_against_a_zero_window(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:1(0) ack 1 win 0");
	shuts(b);
	is(b, TCP_FIN_WAIT_1);
	quiet(b);
	advance(b, seconds(3));
	tx(b, "F. 1:1(0) ack 1"); /* as the probe */
	why_was(b, PROBE);
	for (int i = 0; i < 100; i++) {
		rx(b, ". 1:1(0) ack 1 win 0");
		advance(b, seconds(100));
		bench_forget(b);
	}
	is(b, TCP_FIN_WAIT_1); /* unanswered, it would have ended after 300 s */
	done(b);
}

static void C_15_our_FIN_goes_when_the_window_opens(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:1(0) ack 1 win 0");
	shuts(b);
	advance(b, seconds(3));
	tx(b, "F. 1:1(0) ack 1");
	bench_forget(b);
	rx(b, ". 1:1(0) ack 1 win 1000");
	tx(b, "F. 1:1(0) ack 1");
	rx(b, ". 1:1(0) ack 2");
	is(b, TCP_FIN_WAIT_2);
	done(b);
}

static void C_16_repacketised_FIN_counts_once(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "F. 51:101(50) ack 1");
	tx(b, ". 1:1(0) ack 1");
	rx(b, "F. 1:101(100) ack 1");
	is(b, TCP_CLOSE_WAIT);
	tx(b, ". 1:1(0) ack 102");
	rx(b, "F. 1:101(100) ack 1");
	tx(b, ". 1:1(0) ack 102");
	reads(b, 200, 100);
	reads(b, 200, 0);
	done(b);
}

static void C_17_simultaneous_close(void **state)
{
	struct bench *b = established();

	(void)state;
	shuts(b);
	tx(b, "F. 1:1(0) ack 1");
	rx(b, "F. 1:1(0) ack 1");
	is(b, TCP_CLOSING);
	tx(b, ". 2:2(0) ack 2");
	rx(b, ". 2:2(0) ack 2");
	is(b, TCP_TIME_WAIT);
	quiet(b);
	done(b);
}

static void C_17_FIN_that_acknowledges_ours_skips_CLOSING(void **state)
{
	struct bench *b = in_state(TCP_FIN_WAIT_1);

	(void)state;
	rx(b, "F. 1:1(0) ack 2");
	is(b, TCP_TIME_WAIT);
	tx(b, ". 2:2(0) ack 2");
	done(b);
}

static void C_18_ACK_of_data_but_not_FIN_stays(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 100);
	shuts(b);
	tx(b, "FP. 1:101(100) ack 1");
	rx(b, ". 1:1(0) ack 101");
	is(b, TCP_FIN_WAIT_1);
	rx(b, ". 1:1(0) ack 102");
	is(b, TCP_FIN_WAIT_2);
	done(b);
}

/* ------------------------------------------------------------------ TIME-WAIT */

static void C_19_lost_last_ACK_is_sent_again_and_2MSL_restarts(void **state)
{
	struct bench *b = in_state(TCP_TIME_WAIT);

	(void)state;
	advance(b, seconds(59));
	rx(b, "F. 1:1(0) ack 2");
	tx(b, ". 2:2(0) ack 2");
	why_was(b, TIME_WAIT_ACK);
	advance(b, seconds(59));
	is(b, TCP_TIME_WAIT);
	advance(b, seconds(1));
	is(b, TCP_CLOSED);
	done(b);
}

static void C_19_text_and_FIN_again_restart_2MSL(void **state)
{
	struct bench *b = established();

	(void)state;
	shuts(b);
	tx(b, "F. 1:1(0) ack 1");
	rx(b, ". 1:1(0) ack 2");
	is(b, TCP_FIN_WAIT_2);
	rx(b, "F. 1:11(10) ack 2");
	is(b, TCP_TIME_WAIT);
	tx(b, ". 2:2(0) ack 12");
	advance(b, seconds(59));
	rx(b, "F. 1:11(10) ack 2");
	tx(b, ". 2:2(0) ack 12");
	advance(b, seconds(59));
	is(b, TCP_TIME_WAIT);
	reads(b, 20, 10);
	reads(b, 20, 0);
	done(b);
}

static void C_20_RST_does_not_end_TIME_WAIT(void **state)
{
	struct bench *b = in_state(TCP_TIME_WAIT);

	(void)state;
	rx(b, ". 1:2(1) ack 1"); /* H1: old data, our ACK, the peer's RST */
	expect_drop(b, AKSU_DROP_SEQ_NOT_ACCEPTABLE);
	tx(b, ". 2:2(0) ack 2");
	rx(b, "R 2:2(0)");
	expect_drop(b, AKSU_DROP_RST_IN_TIME_WAIT);
	is(b, TCP_TIME_WAIT);
	rx(b, ". 2:2(0) ack 1000"); /* H2 */
	tx(b, ". 2:2(0) ack 2");
	rx(b, "R 1000:1000(0)");
	is(b, TCP_TIME_WAIT);
	advance(b, seconds(60));
	is(b, TCP_CLOSED);
	assert_int_equal(b->t.error, AKSU_OK);
	done(b);
}

static void C_20_2MSL_is_not_restarted_by_old_data(void **state)
{
	struct bench *b = in_state(TCP_TIME_WAIT);

	(void)state;
	advance(b, seconds(59));
	rx(b, ". 1:2(1) ack 2");
	tx(b, ". 2:2(0) ack 2");
	rx(b, ". 2:12(10) ack 2");
	expect_drop(b, AKSU_DROP_TIME_WAIT_TEXT);
	advance(b, seconds(1));
	is(b, TCP_CLOSED);
	done(b);
}

/* ------------------------------------------------------------------ RST */

static void C_22_RST_validity(void **state)
{
	/* clang-format off */
	static const struct {
		const char *rst;
		enum tcp_state after;
		enum aksu_drop drop;
		bool challenged;
	} rows[] = {
#define X(rst, after, drop, challenged) {rst, TCP_##after, AKSU_DROP_##drop, challenged},
		/* 1 exact        */ X("R 1:1(0)", CLOSED, NONE, false)
		/* 2 in window    */ X("R 2:2(0)", ESTABLISHED, RST_NOT_EXACT, true)
		/* 3 last in it   */ X("R 60000:60000(0)", ESTABLISHED, RST_NOT_EXACT, true)
		/* 4 right edge   */ X("R 60001:60001(0)", ESTABLISHED, RST_OUT_OF_WINDOW, false)
		/* 5 below        */ X("R 0:0(0)", ESTABLISHED, RST_OUT_OF_WINDOW, false)
		/* 6 far below    */ X("R -5000:-5000(0)", ESTABLISHED, RST_OUT_OF_WINDOW, false)
		/* 7 with data    */ X("R 1:101(100)", CLOSED, NONE, false)
		/* 8 ACK garbage  */ X("R. 1:1(0) ack 4000000", CLOSED, NONE, false)
		/* 9 old ACK      */ X("R. 1:1(0) ack -4000000", CLOSED, NONE, false)
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *b = established();

		rx(b, rows[i].rst);
		is(b, rows[i].after);
		expect_drop(b, rows[i].drop);
		if (rows[i].challenged)
			tx(b, ". 1:1(0) ack 1");
		quiet(b);
		reads(b, 100, rows[i].after == TCP_CLOSED ? -AKSU_ECONNRESET : -AKSU_EAGAIN);
		done(b);
	}
}

static void C_22_RST_with_zero_window(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:60001(60000) ack 1");
	tx(b, ". 1:1(0) ack 60001 win 0");
	rx(b, "R 60002:60002(0)");
	is(b, TCP_ESTABLISHED);
	quiet(b);
	rx(b, "R 60001:60001(0)");
	is(b, TCP_CLOSED);
	done(b);
}

static void C_22_RST_is_exempt_from_PAWS(void **state)
{
	struct bench *b = established_with("<mss 1000,TS val 7000 ecr 1>", 30000);

	(void)state;
	rx(b, "R 1:1(0) <nop,nop,TS val 10 ecr 0>");
	is(b, TCP_CLOSED);
	done(b);
	b = established_with("<mss 1000,TS val 7000 ecr 1>", 30000);
	rx(b, "R 1:1(0) <>");
	is(b, TCP_CLOSED);
	done(b);
}

static void C_23_challenges_are_limited(void **state)
{
	struct bench *b = established();
	unsigned answered = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		bool any;

		rx(b, ". 1:1(0) ack 4000");
		expect_drop(b, AKSU_DROP_ACK_BEYOND_SND_NXT);
		BENCH_OK(bench_pull(b, &any));
		answered += any;
	}
	expect_drop(b, AKSU_DROP_CHALLENGE_LIMIT);
	assert_in_range(answered, CHALLENGE_PER_SECOND - 1, CHALLENGE_PER_SECOND);
	bench_forget(b);
	advance(b, seconds(1));
	rx(b, ". 1:1(0) ack 4000");
	tx(b, ". 1:1(0) ack 1");
	done(b);
}

/* C4: what carries data, or a probe, is answered however often it comes. */
static void C_23_answers_to_data_are_not_limited(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:101(100) ack 1");
	rx(b, ". 101:201(100) ack 1");
	bench_forget(b);
	for (int i = 0; i < 50; i++) {
		rx(b, ". 1:101(100) ack 1");
		tx(b, ". 1:1(0) ack 201");
		rx(b, ". 200:200(0) ack 1");
		tx(b, ". 1:1(0) ack 201");
	}
	done(b);
}

/* A SYN carries no data: whoever can forge it must not draw an ACK for each. */
static void C_23_SYNs_are_limited_wherever_they_lie(void **state)
{
	static const char *const syns[] = {"S 0:0(0)", "S 1:1(0)", "S 90000:90000(0)",
					   "S. 0:0(0) ack 1"};

	(void)state;
	for (size_t k = 0; k < COUNT_OF(syns); k++) {
		struct bench *b = established();
		unsigned answered = 0;

		for (int i = 0; i < 50; i++) {
			bool any;

			rx(b, syns[k]);
			expect_drop(b, AKSU_DROP_SYN_IN_SYNC);
			BENCH_OK(bench_pull(b, &any));
			answered += any;
		}
		assert_in_range(answered, 1, CHALLENGE_PER_SECOND);
		done(b);
	}
}

/* ------------------------------------------------------------------ CLOSE and ABORT */

static void C_24_close_with_unread_data_resets(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "P. 1:11(10) ack 1");
	closes(b);
	is(b, TCP_CLOSED);
	tx(b, "R. 1:1(0) ack 11");
	quiet(b);
	done(b);
}

static void C_24_close_with_data_out_of_order_resets(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "P. 11:21(10) ack 1");
	tx(b, ". 1:1(0) ack 1");
	closes(b);
	is(b, TCP_CLOSED);
	tx(b, "R. 1:1(0) ack 1");
	done(b);
}

static void C_24_data_after_close_resets(void **state)
{
	struct bench *b = established();

	(void)state;
	closes(b);
	tx(b, "F. 1:1(0) ack 1");
	rx(b, "P. 1:11(10) ack 2");
	expect_drop(b, AKSU_DROP_TEXT_AFTER_CLOSE);
	is(b, TCP_CLOSED);
	tx(b, "R. 2:2(0) ack 1");
	done(b);
}

static void C_24_FIN_after_close_is_normal(void **state)
{
	struct bench *b = established();

	(void)state;
	closes(b);
	tx(b, "F. 1:1(0) ack 1");
	rx(b, "F. 1:1(0) ack 2");
	is(b, TCP_TIME_WAIT);
	tx(b, ". 2:2(0) ack 2");
	assert_int_equal(b->t.error, AKSU_OK);
	done(b);
}

static void C_25_linger_0_resets(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.linger_ns = 0;
	closes(b);
	is(b, TCP_CLOSED);
	tx(b, "R. 1:1(0) ack 1");
	quiet(b);
	done(b);
}

static void C_27_abort_of_what_is_over_sends_nothing(void **state)
{
	static const enum tcp_state over[] = {TCP_SYN_SENT, TCP_CLOSING, TCP_LAST_ACK,
					      TCP_TIME_WAIT};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(over); i++) {
		struct bench *b = in_state(over[i]);

		aborts(b);
		is(b, TCP_CLOSED);
		quiet(b);
		done(b);
	}
}

static void C_27_abort_of_what_lives_resets(void **state)
{
	/* clang-format off */
	static const struct { enum tcp_state from; const char *rst; } rows[] = {
		{TCP_SYN_RECEIVED, "R. 1:1(0) ack 1"}, {TCP_ESTABLISHED, "R. 1:1(0) ack 1"},
		{TCP_FIN_WAIT_1, "R. 2:2(0) ack 1"}, {TCP_FIN_WAIT_2, "R. 2:2(0) ack 1"},
		{TCP_CLOSE_WAIT, "R. 1:1(0) ack 2"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *b = in_state(rows[i].from);

		aborts(b);
		is(b, TCP_CLOSED);
		tx(b, rows[i].rst);
		quiet(b);
		assert_int_equal(b->t.error, AKSU_ECONNABORTED);
		done(b);
	}
}

static void C_28_one_terminal_report(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "R 1:1(0)");
	assert_int_equal(b->t.error, AKSU_ECONNRESET);
	aborts(b);
	assert_int_equal(b->t.error, AKSU_ECONNRESET);
	assert_int_equal(b->env.counters.connections_reset, 1);
	advance(b, seconds(1000));
	assert_int_equal(b->t.error, AKSU_ECONNRESET);
	quiet(b);
	done(b);
}

static void C_29_data_completes_the_handshake(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	BENCH_OK(bench_accept(b, "S 0:0(0) win 1000 <mss 1000>", 1));
	rx(b, "P. 1:101(100) ack 1 win 1000");
	is(b, TCP_ESTABLISHED);
	reads(b, 200, 100);
	done(b);
}

static void C_30_repeated_SYN_gets_the_same_SYN_ACK(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	rx(b, "S 0:0(0) win 1000 <mss 900>");
	tx(b, "S. 0:0(0) ack 1 <mss 1460>");
	rx(b, "S 0:0(0) win 1000 <mss 700,sackOK,TS val 5 ecr 0,nop,wscale 2>");
	expect_drop(b, AKSU_DROP_SYN_DUPLICATE);
	tx(b, "S. 0:0(0) ack 1 <mss 1460>"); /* B11: not negotiated again */
	quiet(b);
	assert_int_equal(b->t.peer_mss, 900);
	done(b);
}

static void C_31_wrong_ACK_in_SYN_RECEIVED(void **state)
{
	static const char *const acks[] = {". 1:1(0) ack 0", ". 1:1(0) ack 2",
					   ". 1:1(0) ack 99999"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(acks); i++) {
		struct bench *b = in_state(TCP_SYN_RECEIVED);

		rx(b, acks[i]);
		expect_drop(b, AKSU_DROP_SYN_RECEIVED_ACK_BAD);
		is(b, TCP_SYN_RECEIVED);
		tx(b, "R");
		quiet(b);
		rx(b, ". 1:1(0) ack 1");
		is(b, TCP_ESTABLISHED);
		done(b);
	}
}

static void C_32_keepalive_probe_in_every_synchronised_state(void **state)
{
	/* clang-format off */
	static const struct { enum tcp_state s; const char *bare, *octet, *reply; } rows[] = {
		{TCP_ESTABLISHED, ". 0:0(0) ack 1", ". 0:1(1) ack 1", ". 1:1(0) ack 1"},
		{TCP_FIN_WAIT_1, ". 0:0(0) ack 1", ". 0:1(1) ack 1", ". 2:2(0) ack 1"},
		{TCP_FIN_WAIT_2, ". 0:0(0) ack 2", ". 0:1(1) ack 2", ". 2:2(0) ack 1"},
		{TCP_CLOSE_WAIT, ". 1:1(0) ack 1", ". 1:2(1) ack 1", ". 1:1(0) ack 2"},
		{TCP_CLOSING, ". 1:1(0) ack 1", ". 1:2(1) ack 1", ". 2:2(0) ack 2"},
		{TCP_LAST_ACK, ". 1:1(0) ack 1", ". 1:2(1) ack 1", ". 2:2(0) ack 2"},
		{TCP_TIME_WAIT, ". 1:1(0) ack 2", ". 1:2(1) ack 2", ". 2:2(0) ack 2"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bench *b = in_state(rows[i].s);

		for (int k = 0; k < 20; k++) { /* and never limited */
			rx(b, rows[i].bare);
			tx(b, rows[i].reply);
			rx(b, rows[i].octet);
			tx(b, rows[i].reply);
		}
		is(b, rows[i].s);
		quiet(b);
		assert_int_equal(b->t.x != NULL ? b->t.x->rcvq.length : 0, 0);
		done(b);
	}
}

/* ------------------------------------------------------------------ timestamps */

static struct bench *with_timestamps(void)
{
	return established_with("<mss 1000,sackOK,TS val 7000 ecr 1>", 30000);
}

static void C_33_PAWS_after_a_long_idle(void **state)
{
	struct bench *b = with_timestamps();

	(void)state;
	rx(b, "P. 1:11(10) ack 1 <nop,nop,TS val 6999 ecr 1>");
	expect_drop(b, AKSU_DROP_PAWS);
	tx(b, ". 1:1(0) ack 1");
	advance(b, seconds(25 * 86400));
	rx(b, "P. 1:11(10) ack 1 <nop,nop,TS val 6999 ecr 1>");
	expect_drop(b, AKSU_DROP_NONE);
	assert_int_equal(ts_raw(b->t.ts_recent), 6999);
	reads(b, 20, 10);
	done(b);
}

static void C_34_missing_timestamp_is_dropped_silently(void **state)
{
	struct bench *b = with_timestamps();

	(void)state;
	rx(b, "P. 1:11(10) ack 1 <>");
	expect_drop(b, AKSU_DROP_TS_MISSING);
	quiet(b);
	is(b, TCP_ESTABLISHED);
	done(b);
}

static void C_34_timestamp_never_agreed_on_is_ignored(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, "P. 1:11(10) ack 1 <nop,nop,TS val 1 ecr 1>");
	rx(b, "P. 11:21(10) ack 1 <nop,nop,TS val 0 ecr 1>");
	expect_drop(b, AKSU_DROP_NONE);
	reads(b, 30, 20);
	done(b);
}

static void C_35_both_windows_zero_the_ACK_of_a_probe_counts(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:60001(60000) ack 1 win 1000");
	tx(b, ". 1:1(0) ack 60001 win 0");
	sends(b, 1000);
	tx(b, "P. 1:1001(1000) ack 60001 win 0");
	rx(b, ". 60001:60002(1) ack 1001 win 0"); /* its probe, beyond our window */
	assert_int_equal(b->t.snd.una.n - b->iss, 1001);
	tx(b, ". 1001:1001(0) ack 60001 win 0");
	rx(b, ". 60001:60002(1) ack 1001 win 500");
	assert_int_equal(b->t.snd.wnd, 500);
	done(b);
}

/* With a probe under way our ACKs must still lie where a closed window takes them. */
static void C_35_our_ACK_beside_a_probe_can_be_taken(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:60001(60000) ack 1 win 0");
	tx(b, ". 1:1(0) ack 60001 win 0");
	sends(b, 1000);
	advance(b, seconds(1));
	tx(b, ". 1:2(1) ack 60001 win 0");
	why_was(b, PROBE);
	quiet(b);
	rx(b, ". 60001:60002(1) ack 1 win 0");
	tx(b, ". 1:1(0) ack 60001 win 0"); /* at the edge, not at SND.NXT beyond it */
	done(b);
}

/* Each took the other's octet and does not know that its own was taken: no storm, and an end. */
static void C_35_both_probes_taken_unknown_to_both(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:1(0) ack 1 win 0");
	sends(b, 1000);
	advance(b, seconds(1));
	tx(b, ". 1:2(1) ack 1");
	bench_forget(b);
	rx(b, ". 1:2(1) ack 1 win 0"); /* its own probe, which we take */
	advance(b, milliseconds(40));
	tx(b, ". 1:1(0) ack 2");
	rx(b, ". 1:1(0) ack 2 win 0"); /* its answer, at its SND.UNA: it took ours */
	assert_int_equal(b->t.snd.una.n - b->iss, 2);
	tx(b, ". 2:2(0) ack 2");
	quiet(b);
	done(b);
}

static void C_36_what_was_promised_is_taken(void **state)
{
	struct bench *b = established_with("<mss 1000,nop,wscale 0>", 30000);

	(void)state;
	assert_int_equal(b->t.rcv_shift, 8);
	rx(b, ". 1:1001(1000) ack 1");
	rx(b, ". 1001:2001(1000) ack 1");
	tx(b, ". 1:1(0) ack 2001"); /* whatever the field says, 60000 was promised before */
	rx(b, ". 59001:60001(1000) ack 1");
	expect_drop(b, AKSU_DROP_NONE);
	assert_int_equal(b->t.x->reasm.octets, 1000);
	done(b);
}

static void C_37_ICMP_errors(void **state)
{
	(void)state;
	for (int s = TCP_SYN_SENT; s <= TCP_TIME_WAIT; s++) {
		struct bench *b = in_state((enum tcp_state)s);
		bool open = tcp_synchronized(&b->t);

		/* a soft one, then a hard one that quotes nothing in flight, then one that does */
		tcp_icmp(&b->t, AKSU_EHOSTUNREACH, false, b->t.snd.una);
		is(b, (enum tcp_state)s);
		assert_int_equal(b->t.soft_error, AKSU_EHOSTUNREACH);
		assert_true(b->t.notices & NOTICE_SOFT_ERROR);
		bench_mark(b);
		tcp_icmp(&b->t, AKSU_ECONNREFUSED, true, seq_add(b->t.snd.nxt, 1));
		expect_drop(b, AKSU_DROP_ICMP_QUOTE);
		tcp_icmp(&b->t, AKSU_ECONNREFUSED, true, seq_sub(b->t.snd.una, 1));
		is(b, (enum tcp_state)s);
		tcp_icmp(&b->t, AKSU_ECONNREFUSED, true, b->t.snd.una);
		is(b, open ? (enum tcp_state)s : TCP_CLOSED);
		if (!open)
			assert_int_equal(b->t.error, AKSU_ECONNREFUSED);
		quiet(b);
		done(b);
	}
}

static void C_40_R2_in_the_closing_states(void **state)
{
	static const enum tcp_state last[] = {TCP_FIN_WAIT_1, TCP_CLOSING, TCP_LAST_ACK};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(last); i++) {
		struct bench *b = in_state(last[i]);

		advance(b, seconds(299));
		is(b, last[i]);
		advance(b, seconds(2));
		is(b, TCP_CLOSED);
		assert_int_equal(b->t.error, AKSU_ETIMEDOUT);
		assert_int_equal(b->t.x == NULL ? 0 : 1, 0);
		done(b);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(C_1_simultaneous_open),
	cmocka_unit_test(C_1_simultaneous_open_ends_with_a_bare_ack_too),
	cmocka_unit_test(C_1_one_rtt_sample_at_most),
	cmocka_unit_test(C_2_self_connect),
	cmocka_unit_test(C_3_bare_SYN_of_a_rebooted_peer_is_challenged),
	cmocka_unit_test(C_3_half_open_SYN_SENT_resets_the_old_connection),
	cmocka_unit_test(C_4_data_to_a_rebooted_peer_aborts),
	cmocka_unit_test(C_8_SYN_ACK_out_of_nowhere_is_challenged),
	cmocka_unit_test(C_9_data_on_a_SYN_ACK_is_delivered_once_open),
	cmocka_unit_test(C_9_data_on_a_crossing_SYN_comes_again),
	cmocka_unit_test(C_10_SYN_and_RST_is_a_RST),
	cmocka_unit_test(C_11_SYN_ACK_FIN_opens_and_half_closes),
	cmocka_unit_test(C_12_FIN_with_data),
	cmocka_unit_test(C_13_FIN_out_of_order_is_held),
	cmocka_unit_test(C_13_bare_FIN_out_of_order_is_held_and_each_copy_answered),
	cmocka_unit_test(C_13_trimmed_FIN_does_not_count),
	cmocka_unit_test(C_14_FIN_in_SYN_RECEIVED),
	cmocka_unit_test(C_15_FIN_against_our_zero_window),
	cmocka_unit_test(C_15_our_FIN_against_a_zero_window),
	cmocka_unit_test(C_15_our_FIN_goes_when_the_window_opens),
	cmocka_unit_test(C_16_repacketised_FIN_counts_once),
	cmocka_unit_test(C_17_simultaneous_close),
	cmocka_unit_test(C_17_FIN_that_acknowledges_ours_skips_CLOSING),
	cmocka_unit_test(C_18_ACK_of_data_but_not_FIN_stays),
	cmocka_unit_test(C_19_lost_last_ACK_is_sent_again_and_2MSL_restarts),
	cmocka_unit_test(C_19_text_and_FIN_again_restart_2MSL),
	cmocka_unit_test(C_20_RST_does_not_end_TIME_WAIT),
	cmocka_unit_test(C_20_2MSL_is_not_restarted_by_old_data),
	cmocka_unit_test(C_22_RST_validity),
	cmocka_unit_test(C_22_RST_with_zero_window),
	cmocka_unit_test(C_22_RST_is_exempt_from_PAWS),
	cmocka_unit_test(C_23_challenges_are_limited),
	cmocka_unit_test(C_23_answers_to_data_are_not_limited),
	cmocka_unit_test(C_23_SYNs_are_limited_wherever_they_lie),
	cmocka_unit_test(C_24_close_with_unread_data_resets),
	cmocka_unit_test(C_24_close_with_data_out_of_order_resets),
	cmocka_unit_test(C_24_data_after_close_resets),
	cmocka_unit_test(C_24_FIN_after_close_is_normal),
	cmocka_unit_test(C_25_linger_0_resets),
	cmocka_unit_test(C_27_abort_of_what_is_over_sends_nothing),
	cmocka_unit_test(C_27_abort_of_what_lives_resets),
	cmocka_unit_test(C_28_one_terminal_report),
	cmocka_unit_test(C_29_data_completes_the_handshake),
	cmocka_unit_test(C_30_repeated_SYN_gets_the_same_SYN_ACK),
	cmocka_unit_test(C_31_wrong_ACK_in_SYN_RECEIVED),
	cmocka_unit_test(C_32_keepalive_probe_in_every_synchronised_state),
	cmocka_unit_test(C_33_PAWS_after_a_long_idle),
	cmocka_unit_test(C_34_missing_timestamp_is_dropped_silently),
	cmocka_unit_test(C_34_timestamp_never_agreed_on_is_ignored),
	cmocka_unit_test(C_35_both_windows_zero_the_ACK_of_a_probe_counts),
	cmocka_unit_test(C_35_our_ACK_beside_a_probe_can_be_taken),
	cmocka_unit_test(C_35_both_probes_taken_unknown_to_both),
	cmocka_unit_test(C_36_what_was_promised_is_taken),
	cmocka_unit_test(C_37_ICMP_errors),
	cmocka_unit_test(C_40_R2_in_the_closing_states),
};

RUN_EVERYWHERE(tests)
