/* SPDX-License-Identifier: MIT */
/*
 * Windows: what we promise (never taken back, never silly, rounded to its grain) and what we were
 * promised. RFC 9293 section 3.8.6, RFC 7323 section 2.
 */
#include "support/tcp_bench.h"

/* ------------------------------------------------------------------ ours */

static void must_39_no_silly_updates(void **state)
{
	struct bench *b = established();
	uint32_t updates = 0;

	(void)state;
	b->t.rcv_mss = 1000;
	for (int i = 0; i < 60; i++) { /* the window is closed by full segments */
		char line[60];

		snprintf(line, sizeof(line), ". %d:%d(1000) ack 1", 1 + 1000 * i, 1001 + 1000 * i);
		rx(b, line);
		advance(b, milliseconds(0));
	}
	bench_forget(b);
	quiet(b);
	for (int i = 0; i < 3000; i++) {
		bool any;

		reads(b, 1, 1);
		BENCH_OK(bench_pull(b, &any));
		if (any)
			assert_string_equal(aksu_why_name(b->queue[b->tail % BENCH_QUEUE].out.why),
					    aksu_why_name(AKSU_WHY_WINDOW));
		updates += any;
		bench_forget(b);
	}
	assert_in_range(updates, 1, 3);
	done(b);
}

/* E8: from zero to a worthwhile window at once when it is reached. */
static void E8_window_reopens_as_soon_as_it_is_worthwhile(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:60001(60000) ack 1");
	tx(b, ". 1:1(0) ack 60001 win 0");
	reads(b, 1459, 1459);
	quiet(b);
	reads(b, 1, 1);
	tx(b, ". 1:1(0) ack 60001 win 1460");
	why_was(b, WINDOW);
	quiet(b);
	done(b);
}

/* E15: the update does not wait for a segment to arrive. */
static void E15_update_when_the_application_reads(void **state)
{
	struct bench *b = established();

	(void)state;
	rx(b, ". 1:40001(40000) ack 1");
	tx(b, ". 1:1(0) ack 40001 win 20000");
	reads(b, 29999, 29999);
	quiet(b);
	reads(b, 1, 1);
	tx(b, ". 1:1(0) ack 40001 win 50000");
	done(b);
}

/* SHLD-14, E7: the buffer shrinks, the promise stands. */
static void shld_14_a_smaller_buffer_takes_no_promise_back(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.rcvbuf = 1000;
	tcp_conf_changed(&b->t, b->now);
	rx(b, ". 1:10001(10000) ack 1");
	tx(b, ". 1:1(0) ack 10001 win 50000");
	rx(b, ". 10001:60001(50000) ack 1");
	expect_drop(b, AKSU_DROP_NONE);
	tx(b, ". 1:1(0) ack 60001 win 0");
	reads(b, 70000, 60000);
	tx(b, ". 1:1(0) ack 60001 win 1000");
	done(b);
}

static void a_larger_buffer_is_told(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.rcvbuf = 65000;
	tcp_conf_changed(&b->t, b->now);
	quiet(b); /* not worth a segment of its own */
	rx(b, ". 1:60001(60000) ack 1");
	tx(b, ". 1:1(0) ack 60001 win 5000");
	b->conf.rcvbuf = 120000;
	tcp_conf_changed(&b->t, b->now);
	tx(b, ". 1:1(0) ack 60001 win 60000");
	done(b);
}

/* E16: random sizes against every grain; the bench inspects each edge. */
static void E16_rounding_never_takes_back_and_never_creeps(void **state)
{
	static const uint32_t buffers[] = {5000, 60000, 1 << 20, 40 << 20, 700u << 20};
	struct prng r = prng_from(bench_iss);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(buffers); i++) {
		struct bench *b = bench_new();
		uint32_t at = 1;

		b->conf.rcvbuf = buffers[i];
		BENCH_OK(bench_open(b));
		tx(b, "S 0:0(0)");
		rx(b, "S. 0:0(0) ack 1 win 1000 <mss 1000,nop,wscale 0>");
		tx(b, ". 1:1(0) ack 1");
		for (int k = 0; k < 600; k++) {
			uint32_t n = 1 + prng_below(&r, prng_below(&r, 2) ? 300 : 1460), wnd;
			char line[80];

			wnd = rcv_wnd(&b->t);
			if (n > wnd)
				n = wnd;
			snprintf(line, sizeof(line), ". %u:%u(%u) ack 1", at, at + n, n);
			rx(b, line);
			at += n;
			BENCH_OK(bench_pump(b));
			if (prng_below(&r, 3) == 0)
				reads(b, prng_below(&r, 3000) + 1, INT64_MIN);
			BENCH_OK(bench_pump(b));
			bench_forget(b);
			assert_true(tcb_x(&b->t)->rcvq.length <= buffers[i] + buffers[i] / 16);
		}
		done(b);
	}
}

/* The same with a peer that sends less than a grain each time, and nobody who reads. */
static void E16_a_full_buffer_stays_closed(void **state)
{
	struct bench *b = established_with("<mss 1000,nop,wscale 0>", 30000);
	uint32_t at = 1;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint32_t n = rcv_wnd(&b->t) < 100 ? rcv_wnd(&b->t) : 100;
		char line[80];

		snprintf(line, sizeof(line), ". %u:%u(%u) ack 1", at, at + n, n);
		rx(b, line);
		at += n;
		BENCH_OK(bench_pump(b));
		bench_forget(b);
	}
	assert_int_equal(rcv_wnd(&b->t), 0);
	assert_in_range(tcb_x(&b->t)->rcvq.length, 60000, 60000 + 60000 / 16);
	done(b);
}

/* B9, B10: never scaled on a SYN, scaled from the first other segment on, if both offered. */
static void B9_B10_scale(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->conf.rcvbuf = 1 << 20;
	BENCH_OK(bench_open(b));
	tx(b, "S 0:0(0) win 65535 <mss 1460,sackOK,TS val * ecr 0,nop,wscale 8>");
	rx(b, "S. 0:0(0) ack 1 win 1000 <mss 1000,nop,wscale 15>"); /* above 14: 14 */
	tx(b, ". 1:1(0) ack 1 win 4096");
	assert_int_equal(b->t.snd_shift, 14);
	assert_int_equal(b->t.snd.wnd, 1000);
	rx(b, ". 1:1(0) ack 1 win 2");
	assert_int_equal(b->t.snd.wnd, 2 << 14);
	done(b);
	b = bench_new();
	b->conf.rcvbuf = 1 << 20;
	BENCH_OK(bench_open(b));
	tx(b, "S 0:0(0)");
	rx(b, "S. 0:0(0) ack 1 win 1000 <mss 1000>");
	tx(b, ". 1:1(0) ack 1 win 65535");
	rx(b, ". 1:1(0) ack 1 win 2");
	assert_int_equal(b->t.snd.wnd, 2);
	done(b);
}

static void the_scale_is_that_of_the_SYN(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	b->conf.rcvbuf = 200 << 20; /* between our SYN and its answer */
	rx(b, "S. 0:0(0) ack 1 win 1000 <mss 1000,nop,wscale 2>");
	assert_int_equal(b->t.rcv_shift, 8);
	done(b);
}

/* ------------------------------------------------------------------ the peer's */

/* E1: newer by number, or the same with a newer ACK. */
static void E1_window_updates_by_WL1_and_WL2(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 3000);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	rx(b, ". 11:11(0) ack 1001 win 5000");
	assert_int_equal(b->t.snd.wnd, 5000);
	rx(b, ". 1:1(0) ack 1001 win 9"); /* SEG.SEQ < SND.WL1 */
	assert_int_equal(b->t.snd.wnd, 5000);
	rx(b, ". 11:11(0) ack 1 win 8"); /* SEG.ACK < SND.UNA: reordered */
	assert_int_equal(b->t.snd.wnd, 5000);
	rx(b, ". 11:11(0) ack 1001 win 7000"); /* both the same: an update */
	assert_int_equal(b->t.snd.wnd, 7000);
	rx(b, ". 11:11(0) ack 9000 win 60000"); /* never sent */
	assert_int_equal(b->t.snd.wnd, 7000);
	rx(b, ". 1:1(0) ack 2001 win 6500"); /* an old number and a new ACK: sent again, so newer */
	assert_int_equal(b->t.snd.wnd, 6500);
	rx(b, ". 5:5(0) ack 2001 win 9"); /* and SND.WL1 did not go back with it */
	assert_int_equal(b->t.snd.wnd, 6500);
	done(b);
}

/* MUST-1: the field has no sign. */
static void must_1_the_window_is_unsigned(void **state)
{
	struct bench *b = established_with("<mss 1000>", 65535);

	(void)state;
	assert_int_equal(b->t.snd.wnd, 65535);
	done(b);
}

/* MUST-34, SHLD-15, SHLD-16, SHLD-17: a window that shrank below what is sent. */
static void must_34_shrunk_window(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 10000);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	rx(b, ". 1:1(0) ack 2001 win 500");
	quiet(b); /* nothing new, no underflow */
	advance(b, milliseconds(1100));
	tx(b, ". 2001:3001(1000)");
	why_was(b, RTO);
	for (int i = 0; i < 20; i++) { /* beyond R2, while the peer answers */
		rx(b, ". 1:1(0) ack 2001 win 500");
		advance(b, seconds(60));
		bench_forget(b);
	}
	is(b, TCP_ESTABLISHED);
	rx(b, ". 1:1(0) ack 10001 win 500");
	quiet(b);
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(must_39_no_silly_updates),
	cmocka_unit_test(E8_window_reopens_as_soon_as_it_is_worthwhile),
	cmocka_unit_test(E15_update_when_the_application_reads),
	cmocka_unit_test(shld_14_a_smaller_buffer_takes_no_promise_back),
	cmocka_unit_test(a_larger_buffer_is_told),
	cmocka_unit_test(E16_rounding_never_takes_back_and_never_creeps),
	cmocka_unit_test(E16_a_full_buffer_stays_closed),
	cmocka_unit_test(B9_B10_scale),
	cmocka_unit_test(the_scale_is_that_of_the_SYN),
	cmocka_unit_test(E1_window_updates_by_WL1_and_WL2),
	cmocka_unit_test(must_1_the_window_is_unsigned),
	cmocka_unit_test(must_34_shrunk_window),
};

RUN_EVERYWHERE(tests)
