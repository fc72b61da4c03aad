/* SPDX-License-Identifier: MIT */
/*
 * RFC 6298 in numbers, and Karn's rule (MUST-18, D1 to D4).
 */
#include "support/tcp_bench.h"

static void D1_srtt_rttvar_rto(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	assert_int_equal(to_ms(rtt_rto(&b->t)), 1000); /* 2.1 */
	rtt_sample(&b->t, milliseconds(400));
	assert_int_equal(b->t.rtt.srtt_us, 400000);
	assert_int_equal(b->t.rtt.rttvar_us, 200000);
	assert_int_equal(b->t.rtt.rto_us, 1200000); /* 2.2: R + 4 * R/2 */
	rtt_sample(&b->t, milliseconds(800));
	/* RTTVAR first: 3/4 * 200 + 1/4 * |400 - 800|, then SRTT: 7/8 * 400 + 1/8 * 800 */
	assert_int_equal(b->t.rtt.rttvar_us, 250000);
	assert_int_equal(b->t.rtt.srtt_us, 450000);
	assert_int_equal(b->t.rtt.rto_us, 1450000);
	done(b);
}

static void D2_rto_has_a_floor_and_a_ceiling(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	for (int i = 0; i < 50; i++)
		rtt_sample(&b->t, microseconds(50));
	assert_int_equal(b->t.rtt.rto_us, 50 + to_us(b->env.rto_min)); /* a delayed ACK later */
	b->env.rto_min = seconds(1);                                   /* 2.4 */
	rtt_sample(&b->t, microseconds(50));
	assert_int_equal(b->t.rtt.rto_us, 1000000);
	b->conf.cc = AKSU_CONGESTION_LOCAL; /* a path that is known needs no second */
	rtt_sample(&b->t, microseconds(50));
	assert_int_equal(b->t.rtt.rto_us, 200000);
	b->conf.cc = AKSU_CONGESTION_CUBIC;
	for (int i = 0; i < 50; i++)
		rtt_sample(&b->t, seconds(1000 * (1 + i % 2)));
	assert_int_equal(b->t.rtt.rto_us, to_us(RTO_MAX)); /* 2.5 */
	b->t.backoff = UINT8_MAX;
	assert_int_equal(to_us(rtt_rto(&b->t)), to_us(RTO_MAX));
	done(b);
}

static void must_18_karn_no_sample_from_what_was_sent_twice(void **state)
{
	struct bench *b = established();

	(void)state;
	advance(b, milliseconds(10));
	sends(b, 100);
	tx(b, "P. 1:101(100)");
	advance(b, milliseconds(250));
	rx(b, ". 1:1(0) ack 101");
	assert_int_equal(b->t.rtt.srtt_us, 250000); /* the handshake took no time: no sample */
	done(b);
	b = established();
	sends(b, 100);
	tx(b, "P. 1:101(100)");
	advance(b, milliseconds(1200));
	tx(b, "P. 1:101(100)");
	why_was(b, RTO);
	advance(b, milliseconds(100));
	rx(b, ". 1:1(0) ack 101");
	assert_int_equal(b->t.rtt.srtt_us, 0);
	done(b);
}

static void D3_timestamps_tell_which_copy_was_acknowledged(void **state)
{
	struct bench *b = established_with("<mss 1000,TS val 7000 ecr 1>", 30000);
	uint32_t srtt = b->t.rtt.srtt_us;

	(void)state;
	advance(b, milliseconds(10));
	sends(b, 100);
	tx(b, "P. 1:101(100)");
	advance(b, milliseconds(1100));
	tx(b, "P. 1:101(100)");
	b->now = b->env.events.now = after(b->now, milliseconds(80));
	rx(b, ". 1:1(0) ack 101");
	assert_true(b->t.rtt.srtt_us > srtt && b->t.rtt.srtt_us < 200000);
	done(b);
}

/* D4: the backed-off time-out stays until something never sent twice is acknowledged. */
static void D4_backed_off_rto_is_kept(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 100);
	tx(b, "P. 1:101(100)");
	advance(b, milliseconds(3500));
	tx(b, "P. 1:101(100)");
	assert_int_equal(at_ms(b), 1000);
	tx(b, "P. 1:101(100)");
	assert_int_equal(at_ms(b), 3000);
	rx(b, ". 1:1(0) ack 101");
	assert_int_equal(to_ms(rtt_rto(&b->t)), 4000);
	sends(b, 100);
	tx(b, "P. 101:201(100)");
	advance(b, milliseconds(100));
	rx(b, ". 1:1(0) ack 201");
	assert_int_equal(b->t.backoff, 0);
	assert_true(to_ms(rtt_rto(&b->t)) < 1000);
	done(b);
}

/* D5: an ACK of something begins the timer anew, an ACK of all stops it. */
static void D5_the_timer_restarts_and_stops(void **state)
{
	struct bench *b = established();

	(void)state;
	sends(b, 2000);
	tx(b, ". 1:1001(1000)");
	tx(b, "P. 1001:2001(1000)");
	advance(b, milliseconds(900));
	rx(b, ". 1:1(0) ack 1001");
	advance(b, milliseconds(900));
	quiet(b); /* the RTO from the first ACK on, of 900 ms and four deviations */
	rx(b, ". 1:1(0) ack 2001");
	assert_true(is_never(b->t.x == NULL ? INSTANT_NEVER : b->t.x->deadline[TIMER_RTX]));
	done(b);
}

static void measures(struct bench *b, uint64_t ms, uint64_t wait_s)
{
	b->now = b->env.events.now = after(b->now, seconds(wait_s));
	rtt_sample(&b->t, milliseconds(ms));
}

/* RFC 8985 6.2, step 1: the shortest of the last one to two windows: a longer path is believed. */
static void the_shortest_rtt_is_forgotten(void **state)
{
	struct bench *b = established();
	const uint64_t window_s = to_ms(MIN_RTT_WINDOW) / 1000;

	(void)state;
	sends(b, 100);
	tx(b, "P. 1:101(100)");
	measures(b, 20, 1);
	measures(b, 10, 1);
	measures(b, 50, 1);
	assert_int_equal(b->t.x->min_rtt_us, 10000);
	measures(b, 60, window_s);
	assert_int_equal(b->t.x->min_rtt_us, 10000);
	measures(b, 70, window_s + 1);
	assert_int_equal(b->t.x->min_rtt_us, 60000);
	measures(b, 80, window_s + 1);
	assert_int_equal(b->t.x->min_rtt_us, 70000);
	measures(b, 5, 1);
	assert_int_equal(b->t.x->min_rtt_us, 5000);
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(D1_srtt_rttvar_rto),
	cmocka_unit_test(D2_rto_has_a_floor_and_a_ceiling),
	cmocka_unit_test(must_18_karn_no_sample_from_what_was_sent_twice),
	cmocka_unit_test(D3_timestamps_tell_which_copy_was_acknowledged),
	cmocka_unit_test(D4_backed_off_rto_is_kept),
	cmocka_unit_test(D5_the_timer_restarts_and_stops),
	cmocka_unit_test(the_shortest_rtt_is_forgotten),
};

RUN_EVERYWHERE(tests)
