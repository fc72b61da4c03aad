/* SPDX-License-Identifier: MIT */
/*
 * What is sent, when, and in what size: RFC 9293 section 3.7 and 3.8, RFC 5681, 6582 and 6298.
 */
#include "support/tcp_bench.h"

/* ------------------------------------------------------------------ small segments */

/* E11: a small segment waits while another small one is outstanding; full ones never do. */
static void shld_7_nagle_as_minshall_has_it(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 10);
	tx(b, "P. 1:11(10)");
	sends(b, 10);
	quiet(b);
	sends(b, 2000);
	tx(b, ". 11:1011(1000)");
	tx(b, ". 1011:2011(1000)");
	quiet(b);
	rx(b, ". 1:1(0) ack 11");
	tx(b, "P. 2011:2021(10)");
	quiet(b);
	done(b);
	b = established();
	sends(b, 1010); /* a full one outstanding holds nothing back */
	tx(b, ". 1:1001(1000)");
	tx(b, "P. 1001:1011(10)");
	done(b);
}

static void must_17_nodelay(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.nodelay = true;
	sends(b, 1);
	tx(b, "P. 1:2(1)");
	sends(b, 1);
	tx(b, "P. 2:3(1)");
	done(b);
}

/* MUST-60, MUST-61, MAY-16: corked data goes on after the override, with PSH if it is all. */
static void must_60_must_61_nothing_is_held_for_ever(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.cork = true;
	sends(b, 10);
	quiet(b);
	advance(b, milliseconds(199));
	quiet(b);
	advance(b, milliseconds(1));
	tx(b, "P. 1:11(10)");
	why_was(b, SWS_OVERRIDE);
	assert_int_equal(bench_send(b, 5, true, false), 5); /* MORE */
	quiet(b);
	b->conf.cork = false;
	sends(b, 5);
	rx(b, ". 1:1(0) ack 11");
	tx(b, "P. 11:21(10)");
	done(b);
}

/* FIN is not held by Nagle or cork (G7, E10), and rides on the last text. */
static void G7_fin_goes_with_the_last_text(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.cork = true;
	sends(b, 1010);
	tx(b, ". 1:1001(1000)");
	quiet(b);
	shuts(b);
	tx(b, "FP. 1001:1011(10)");
	quiet(b);
	done(b);
}

/* MUST-38: half of the largest window is worth a segment, less is not until the override. */
static void must_38_no_silly_segments(void **state)
{
	struct bench *b = established_with("<mss 1000>", 600);

	(void)state;
	sends(b, 5000);
	tx(b, ". 1:601(600)"); /* the window is less than a segment */
	rx(b, ". 1:1(0) ack 601 win 299");
	quiet(b);
	advance(b, milliseconds(200));
	tx(b, ". 601:900(299)");
	why_was(b, SWS_OVERRIDE);
	assert_int_equal(at_ms(b), 200);
	rx(b, ". 1:1(0) ack 900 win 300");
	tx(b, ". 900:1200(300)");
	done(b);
}

static void shld_28_full_segments(void **state)
{
	struct bench *b = established();

	(void)state;
	for (int i = 0; i < 250; i++) {
		assert_int_equal(bench_send(b, 10, i < 249, false), 10);
		if (i < 99)
			quiet(b);
	}
	tx(b, ". 1:1001(1000)");
	tx(b, ". 1001:2001(1000)");
	tx(b, "P. 2001:2501(500)"); /* SHLD-27: one PSH */
	done(b);
}

/* ------------------------------------------------------------------ sizes */

static void must_15_without_the_option_536(void **state)
{
	struct bench *b = established_with("", 30000);

	(void)state;
	sends(b, 2000);
	tx(b, ". 1:537(536)");
	done(b);
}

static void must_16_options_are_subtracted(void **state)
{
	struct bench *b = established_with("<mss 1000,sackOK,TS val 7 ecr 1>", 30000);

	(void)state;
	b->peer_ts = 8;
	sends(b, 3000);
	tx(b, ". 1:989(988)");
	rx(b, ". 2:3(1) ack 1"); /* a SACK block of 12 octets more (F14) */
	tx(b, ". 989:989(0) ack 1 <nop,nop,TS val * ecr *,nop,nop,sack 2:3>");
	tx(b, ". 989:1965(976) ack 1 <nop,nop,TS val * ecr *,nop,nop,sack 2:3>");
	done(b);
}

static void must_14_must_67_mss_is_announced_and_not_reduced(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_path_mss(b, 1440);
	BENCH_OK(bench_open(b));
	tx(b, "S 0:0(0) <mss 1440,sackOK,TS val * ecr 0,nop,wscale 8>");
	done(b);
}

/* H2: an absurd MSS neither divides by zero nor makes a storm of headers. */
static void H2_absurd_mss(void **state)
{
	static const char *const options[] = {"<mss 0>", "<mss 1>", "<mss 7>"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(options); i++) {
		struct bench *b = established_with(options[i], 30000);

		sends(b, 100);
		tx(b, ". 1:49(48)");
		done(b);
	}
}

/* H3, RFC 1191 6.4: what was too big goes again at once, without a cut of cwnd. */
static void H3_path_mtu_fell(void **state)
{
	struct bench *b = established();
	uint32_t cwnd;

	(void)state;
	sends(b, 2000);
	tx(b, ". 1:1001(1000)");
	tx(b, "P. 1001:2001(1000)");
	cwnd = b->t.x->cc.cwnd;
	tcp_path_mss(&b->t, 600, true);
	BENCH_OK(bench_check(b));
	b->books.least_mss = 600;
	tx(b, ". 1:601(600)");
	why_was(b, PMTU);
	tx(b, ". 601:1001(400)");
	tx(b, ". 1001:1601(600)");
	tx(b, "P. 1601:2001(400)");
	quiet(b);
	assert_int_equal(b->t.x->cc.cwnd, cwnd);
	rx(b, ". 1:1(0) ack 2001");
	done(b);
}

/* ------------------------------------------------------------------ zero windows */

static void must_36_zero_window_is_probed(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:1(0) ack 1 win 0");
	sends(b, 3000);
	quiet(b);
	advance(b, seconds(8));
	tx(b, ". 1:2(1) ack 1"); /* SHLD-29: one RTO after */
	why_was(b, PROBE);
	assert_int_equal(at_ms(b), 1000);
	tx(b, ". 1:2(1) ack 1"); /* SHLD-30 */
	assert_int_equal(at_ms(b), 3000);
	tx(b, ". 1:2(1) ack 1");
	assert_int_equal(at_ms(b), 7000);
	rx(b, ". 1:1(0) ack 1 win 5000");
	tx(b, ". 1:1001(1000) ack 1");
	tx(b, ". 1001:2001(1000) ack 1");
	tx(b, "P. 2001:3001(1000) ack 1");
	done(b);
}

/* E3: the octet of a probe may be taken, and then counts. */
static void E3_a_probe_that_is_taken_counts(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:1(0) ack 1 win 0");
	sends(b, 3000);
	advance(b, seconds(1));
	tx(b, ". 1:2(1) ack 1");
	rx(b, ". 1:1(0) ack 2 win 0");
	advance(b, seconds(2));
	tx(b, ". 2:3(1) ack 1");
	rx(b, ". 1:1(0) ack 3 win 5000");
	tx(b, ". 3:1003(1000) ack 1");
	done(b);
}

/* MUST-37, E2: for ever while it is answered; E5: not for ever when it is not. */
static void must_37_probes_answered_keep_the_connection(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:1(0) ack 1 win 0");
	sends(b, 10);
	for (int i = 0; i < 2000; i++) {
		advance(b, seconds(120));
		bench_forget(b);
		rx(b, ". 1:1(0) ack 1 win 0");
	}
	is(b, TCP_ESTABLISHED);
	advance(b, seconds(301));
	is(b, TCP_CLOSED);
	assert_int_equal(b->t.error, AKSU_ETIMEDOUT);
	done(b);
}

/* MUST-35: a window that shrank to zero with data outstanding is probed the same way. */
static void must_35_window_shrunk_to_zero(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 3000);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	rx(b, ". 1:1(0) ack 1 win 0");
	advance(b, seconds(1));
	tx(b, ". 1:2(1) ack 1");
	why_was(b, PROBE);
	rx(b, ". 1:1(0) ack 3001 win 0");
	assert_true(is_never(tcp_deadline(&b->t)));
	done(b);
}

/* ------------------------------------------------------------------ urgent, keep-alive */

/* MUST-30, MUST-62: the octet after it; MUST-31: however far. */
static void must_62_the_pointer_is_behind_the_last_octet(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 100);
	assert_int_equal(bench_send(b, 5, false, true), 5);
	tx(b, "PU. 1:106(105) ack 1 urg 105");
	sends(b, 5);
	rx(b, ". 1:1(0) ack 106");
	tx(b, "P. 106:111(5) ack 1");
	done(b);
}

static void must_31_urgent_data_of_any_length(void **state)
{
	struct bench *b = established();

	(void)state;
	assert_int_equal(bench_send(b, 100000, false, true), 100000);
	tx(b, "U. 1:1001(1000) ack 1 urg 65535");
	done(b);
}

static void must_62_urgent_before_the_connection_is_open(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	BENCH_OK(bench_open(b));
	assert_int_equal(bench_send(b, 5, false, true), 5);
	tx(b, "S 0:0(0)");
	rx(b, "S. 0:0(0) ack 1 win 1000 <mss 1000>");
	tx(b, "PU. 1:6(5) ack 1 urg 5");
	done(b);
}

static void must_25_keepalive_is_off(void **state)
{
	struct bench *b = established();

	(void)state;
	assert_true(is_never(tcp_deadline(&b->t)));
	advance(b, seconds(100000));
	quiet(b);
	done(b);
}

/* MUST-24, MUST-26, MUST-27, MUST-28, MUST-29, SHLD-12. */
static void must_29_one_unanswered_probe_is_not_the_end(void **state)
{
	struct bench *b = established();

	(void)state;
	assert_true(KEEPALIVE_IDLE_DEFAULT.ns >= seconds(7200).ns);
	b->conf.keepalive = true;
	tcp_conf_changed(&b->t, b->now);
	advance(b, seconds(7100));
	rx(b, ". 1:1(0) ack 1"); /* any segment begins the interval anew */
	advance(b, seconds(7199));
	quiet(b);
	advance(b, seconds(1));
	tx(b, ". 0:0(0) ack 1");
	why_was(b, KEEPALIVE);
	advance(b, seconds(75 * 8));
	is(b, TCP_ESTABLISHED);
	rx(b, ". 1:1(0) ack 1"); /* the ninth is answered */
	bench_forget(b);
	advance(b, seconds(7200 + 75 * 8));
	is(b, TCP_ESTABLISHED);
	advance(b, seconds(75));
	is(b, TCP_CLOSED);
	assert_int_equal(b->t.error, AKSU_ETIMEDOUT);
	done(b);
}

static void may_6_keepalive_with_an_octet(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.keepalive = b->conf.keep_data = true;
	tcp_conf_changed(&b->t, b->now);
	advance(b, seconds(7200));
	tx(b, ". 0:1(1) ack 1");
	b->conf.keepalive = false; /* MUST-24: at any time */
	tcp_conf_changed(&b->t, b->now);
	advance(b, seconds(100000));
	quiet(b);
	done(b);
}

/* Windows of RFC 5681 in round numbers. */
static void with_newreno(struct bench *b)
{
	b->conf.cc = AKSU_CONGESTION_NEWRENO;
	tcp_conf_changed(&b->t, b->now);
}

/* ------------------------------------------------------------------ loss */

/* D6: one segment, cwnd of one, ssthresh from FlightSize and only the first time. */
static void D6_timeout_sends_one_segment(void **state)
{
	for (uint32_t bulk = 1; bulk <= 8; bulk *= 8) {
		struct bench *b = established();

		(void)state;
		with_newreno(b);
		b->bulk = bulk;
		sends(b, 8000);
		BENCH_OK(bench_pump(b));
		bench_forget(b);
		b->bulk = 8;
		advance(b, milliseconds(3100));
		tx(b, ". 1:1001(1000)");
		assert_int_equal(b->t.x->cc.cwnd, 1000);
		assert_int_equal(b->t.x->cc.ssthresh, 4000);
		tx(b, ". 1:1001(1000)");
		assert_int_equal(at_ms(b), 3000);
		assert_int_equal(b->t.x->cc.ssthresh, 4000);
		quiet(b);
		rx(b, ". 1:1(0) ack 1001");
		BENCH_OK(bench_pump(b));
		assert_true(snd_in_flight(&b->t) <= 2000);
		done(b);
	}
}

/* RFC 5681 3.2: the third duplicate; F8: a partial ACK, the next hole, and recovery goes on. */
static void F8_fast_retransmit_and_newreno(void **state)
{
	struct bench *b = established();

	(void)state;
	with_newreno(b);
	sends(b, 8000);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	for (int i = 0; i < 2; i++)
		rx(b, ". 1:1(0) ack 1");
	quiet(b);
	rx(b, ". 1:1(0) ack 1");
	tx(b, ". 1:1001(1000)");
	why_was(b, FAST_RETRANSMIT);
	assert_int_equal(b->t.x->cc.ssthresh, 4000);
	quiet(b);
	rx(b, ". 1:1(0) ack 3001");
	tx(b, ". 3001:4001(1000)");
	why_was(b, PARTIAL_ACK);
	assert_true(b->t.x->recovery.active);
	rx(b, ". 1:1(0) ack 8001");
	assert_true(b->t.x == NULL || !b->t.x->recovery.active);
	assert_in_range(b->t.x != NULL ? b->t.x->cc.cwnd : b->t.cwnd, 1000, 4000); /* F9 */
	done(b);
}

/* F8, RFC 6582 4.1: after a time-out, duplicates of the same window begin no recovery. */
static void F8_no_recovery_below_recover(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 8000);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	advance(b, seconds(1));
	tx(b, ". 1:1001(1000)");
	for (int i = 0; i < 5; i++)
		rx(b, ". 1:1(0) ack 1");
	assert_false(b->t.x->recovery.active);
	assert_int_equal(b->t.x->cc.cwnd, 1000);
	quiet(b);
	done(b);
}

/* F1: an ACK with text, or with another window, is no duplicate. */
static void F1_what_is_no_duplicate(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 8000);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	for (int i = 0; i < 6; i++) {
		char line[80];

		snprintf(line, sizeof(line), ". %d:%d(10) ack 1", 1 + 10 * i, 11 + 10 * i);
		rx(b, line);
		snprintf(line, sizeof(line), ". %d:%d(0) ack 1 win %d", 11 + 10 * i, 11 + 10 * i,
			 30001 + i);
		rx(b, line);
	}
	assert_int_equal(b->t.x->recovery.dupacks, 0);
	done(b);
}

/* A2 of the sender: bytes sent again are the same, however they are cut (D7). */
static void D7_sent_again_is_the_same(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.nodelay = true;
	for (int i = 0; i < 30; i++) {
		sends(b, 37);
		BENCH_OK(bench_pump(b));
	}
	bench_forget(b);
	tcp_path_mss(&b->t, 50, true);
	b->books.least_mss = 50;
	for (int i = 0; i < 40; i++) {
		advance(b, seconds(4)); /* each octet is compared by the bench */
		bench_forget(b);
	}
	done(b);
}

/* F6: the initial window; F5, B15: one segment after a lost SYN. */
static void F6_initial_window(void **state)
{
	struct bench *b = established();

	(void)state;
	assert_int_equal(b->t.cwnd, 10000);
	done(b);
	b = established_with("<mss 1460>", 30000);
	assert_int_equal(b->t.cwnd, 14600);
	done(b);
	b = in_state(TCP_SYN_SENT);
	advance(b, seconds(1));
	bench_forget(b);
	rx(b, "S. 0:0(0) ack 1 win 30000 <mss 1000>");
	assert_int_equal(b->t.cwnd, 1000);
	assert_int_equal(to_ms(rtt_rto(&b->t)), 3000); /* RFC 6298 5.7 */
	done(b);
}

/* F18: after a pause of more than an RTO no more than the initial window goes at once. */
static void F18_idle_restart(void **state)
{
	struct bench *b = established_with("<mss 1000,nop,wscale 3>", 30000);

	(void)state;
	rx(b, ". 1:1(0) ack 1 win 20000");
	for (int i = 0; i < 8; i++) {
		char line[60];

		sends(b, 20000);
		BENCH_OK(bench_pump(b));
		bench_forget(b);
		snprintf(line, sizeof(line), ". 1:1(0) ack %u", b->books.top);
		rx(b, line);
	}
	assert_true(b->t.cwnd > 12000);
	advance(b, seconds(5));
	bench_forget(b);
	{
		char line[60];

		snprintf(line, sizeof(line), ". 1:1(0) ack %u", b->books.top);
		rx(b, line);
	}
	for (int i = 0; i < 6; i++) { /* until nothing is left */
		char line[60];

		BENCH_OK(bench_pump(b));
		bench_forget(b);
		snprintf(line, sizeof(line), ". 1:1(0) ack %u", b->books.top);
		rx(b, line);
	}
	advance(b, seconds(5));
	sends(b, 60000);
	BENCH_OK(bench_pump(b));
	assert_true(snd_in_flight(&b->t) <= 10000);
	done(b);
}

/* U-15, must_58: data may ride on the ACK that completes the handshake. */
static void U_15_data_with_the_handshake_ack(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	sends(b, 10);
	quiet(b);
	rx(b, "S. 0:0(0) ack 1 win 1000 <mss 1000>");
	tx(b, "P. 1:11(10) ack 1");
	quiet(b);
	done(b);
}

/* A segment before our SYN has left: the SYN still goes. */
static void a_segment_before_the_syn_has_left(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	BENCH_OK(bench_open(b));
	rx(b, ". 77:77(0) ack 55");
	tx(b, "R 55:55(0)");
	tx(b, "S 0:0(0)");
	done(b);
	b = bench_new();
	BENCH_OK(bench_open(b));
	rx(b, "S 0:0(0) win 1000 <mss 1000>");
	is(b, TCP_SYN_RECEIVED);
	shuts(b);
	is(b, TCP_SYN_RECEIVED); /* the FIN waits for the SYN */
	tx(b, "S. 0:0(0) ack 1");
	rx(b, ". 1:1(0) ack 1");
	is(b, TCP_FIN_WAIT_1);
	tx(b, "F. 1:1(0) ack 1");
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(shld_7_nagle_as_minshall_has_it),
	cmocka_unit_test(must_17_nodelay),
	cmocka_unit_test(must_60_must_61_nothing_is_held_for_ever),
	cmocka_unit_test(G7_fin_goes_with_the_last_text),
	cmocka_unit_test(must_38_no_silly_segments),
	cmocka_unit_test(shld_28_full_segments),
	cmocka_unit_test(must_15_without_the_option_536),
	cmocka_unit_test(must_16_options_are_subtracted),
	cmocka_unit_test(must_14_must_67_mss_is_announced_and_not_reduced),
	cmocka_unit_test(H2_absurd_mss),
	cmocka_unit_test(H3_path_mtu_fell),
	cmocka_unit_test(must_36_zero_window_is_probed),
	cmocka_unit_test(E3_a_probe_that_is_taken_counts),
	cmocka_unit_test(must_37_probes_answered_keep_the_connection),
	cmocka_unit_test(must_35_window_shrunk_to_zero),
	cmocka_unit_test(must_62_the_pointer_is_behind_the_last_octet),
	cmocka_unit_test(must_31_urgent_data_of_any_length),
	cmocka_unit_test(must_62_urgent_before_the_connection_is_open),
	cmocka_unit_test(must_25_keepalive_is_off),
	cmocka_unit_test(must_29_one_unanswered_probe_is_not_the_end),
	cmocka_unit_test(may_6_keepalive_with_an_octet),
	cmocka_unit_test(D6_timeout_sends_one_segment),
	cmocka_unit_test(F8_fast_retransmit_and_newreno),
	cmocka_unit_test(F8_no_recovery_below_recover),
	cmocka_unit_test(F1_what_is_no_duplicate),
	cmocka_unit_test(D7_sent_again_is_the_same),
	cmocka_unit_test(F6_initial_window),
	cmocka_unit_test(F18_idle_restart),
	cmocka_unit_test(U_15_data_with_the_handshake_ack),
	cmocka_unit_test(a_segment_before_the_syn_has_left),
};

RUN_EVERYWHERE(tests)
