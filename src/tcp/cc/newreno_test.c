/* SPDX-License-Identifier: MIT */
/*
 * Slow start and congestion avoidance in numbers: RFC 5681 section 3.1, RFC 3465.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/cc.h"

#include <aksu/aksu.h>

static struct cc begin(uint32_t cwnd, uint32_t ssthresh)
{
	struct cc cc = {.cwnd = cwnd, .ssthresh = ssthresh, .smss = 1000};

	cc_begin(&cc, &cc_newreno, (instant){0});
	return cc;
}

static void ack(struct cc *cc, uint32_t octets, bool limited)
{
	const struct ack_event ev = {.acked = octets, .advanced = true, .cwnd_limited = limited};

	cc_newreno.on_ack(cc, &ev);
}

static void must_19_slow_start_doubles_in_a_round_trip(void **state)
{
	struct cc cc = begin(10000, SSTHRESH_INFINITE);

	(void)state;
	for (int i = 0; i < 5; i++)
		ack(&cc, 2000, true);
	assert_int_equal(cc.cwnd, 20000);
}

/* F7: bytes are counted, at most two segments for an ACK; one after a time-out. */
static void F7_byte_counting(void **state)
{
	struct cc cc = begin(10000, SSTHRESH_INFINITE);

	(void)state;
	for (int i = 0; i < 1000; i++)
		ack(&cc, 1, true); /* dividing ACKs gains nothing */
	assert_int_equal(cc.cwnd, 11000);
	ack(&cc, 50000, true);
	assert_int_equal(cc.cwnd, 13000);
	cc_newreno.on_rto(&cc, 13000, true, (instant){0});
	assert_int_equal(cc.cwnd, 1000);
	assert_int_equal(cc.ssthresh, 6500);
	ack(&cc, 2000, true);
	assert_int_equal(cc.cwnd, 2000);
}

/* D14: what was sent at once may be acknowledged at once; more than that grows it no more. */
static void F7_one_ack_for_a_batch(void **state)
{
	struct cc cc = begin(10000, SSTHRESH_INFINITE);
	struct ack_event ev = {.acked = 10000, .batch = 10000, .cwnd_limited = true};

	(void)state;
	cc_newreno.on_ack(&cc, &ev);
	assert_int_equal(cc.cwnd, 20000);
	ev.acked = 50000;
	cc_newreno.on_ack(&cc, &ev);
	assert_int_equal(cc.cwnd, 30000);
	/* After a time-out a batch begins with one segment, and doubles like anything else. */
	cc_newreno.on_rto(&cc, 60000, true, (instant){0});
	for (uint32_t batch = 1000; batch < 16000; batch *= 2) {
		ev.acked = ev.batch = batch;
		cc_newreno.on_ack(&cc, &ev);
		assert_int_equal(cc.cwnd, 2 * batch);
	}
}

static void must_19_congestion_avoidance_adds_a_segment_in_a_round_trip(void **state)
{
	struct cc cc = begin(10000, 10000);

	(void)state;
	for (int i = 0; i < 9; i++)
		ack(&cc, 1000, true);
	assert_int_equal(cc.cwnd, 10000);
	ack(&cc, 1000, true);
	assert_int_equal(cc.cwnd, 11000);
}

/* F4: half of what was in flight, not of cwnd, and two segments at least. */
static void F4_half_the_flight(void **state)
{
	struct cc cc = begin(100000, SSTHRESH_INFINITE);
	const struct ack_event ev = {.flight = 9000};

	(void)state;
	cc_newreno.on_loss(&cc, &ev);
	assert_int_equal(cc.ssthresh, 4500);
	cc_newreno.on_rto(&cc, 1000, true, (instant){0});
	assert_int_equal(cc.ssthresh, 2000);
	cc_newreno.on_rto(&cc, 50000, false, (instant){0}); /* D6: a repeated one cuts no more */
	assert_int_equal(cc.ssthresh, 2000);
}

/* F18: what the application did not use proves nothing. */
static void F18_no_growth_when_the_application_is_the_limit(void **state)
{
	struct cc cc = begin(10000, SSTHRESH_INFINITE);

	(void)state;
	for (int i = 0; i < 100; i++)
		ack(&cc, 1000, false);
	assert_int_equal(cc.cwnd, 10000);
}

static void an_unknown_number_is_an_algorithm(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++)
		assert_non_null(cc_ops_of((uint8_t)i));
}

static void each_is_found_by_its_name(void **state)
{
	(void)state;
	for (int i = 0; i < AKSU_CONGESTION_COUNT; i++)
		assert_int_equal(aksu_congestion_find(aksu_congestion_name(i)), i);
	assert_null(aksu_congestion_name(AKSU_CONGESTION_COUNT));
	assert_null(aksu_congestion_name(-1));
	assert_int_equal(aksu_congestion_find("newren"), -AKSU_ENOENT);
	assert_int_equal(aksu_congestion_find("newrenos"), -AKSU_ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(must_19_slow_start_doubles_in_a_round_trip),
		cmocka_unit_test(F7_byte_counting),
		cmocka_unit_test(F7_one_ack_for_a_batch),
		cmocka_unit_test(must_19_congestion_avoidance_adds_a_segment_in_a_round_trip),
		cmocka_unit_test(F4_half_the_flight),
		cmocka_unit_test(F18_no_growth_when_the_application_is_the_limit),
		cmocka_unit_test(an_unknown_number_is_an_algorithm),
		cmocka_unit_test(each_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
