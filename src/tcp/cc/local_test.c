/* SPDX-License-Identifier: MIT */
/*
 * The profile for a peer on the same machine: what it keeps, and what it does not give up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/cc.h"

enum { MSS = 1000, KIB = 1024 };

static struct cc begin(uint32_t cwnd)
{
	struct cc cc = {.cwnd = cwnd, .ssthresh = SSTHRESH_INFINITE, .smss = MSS};

	cc_begin(&cc, &cc_local, (instant){0});
	return cc;
}

static void ack(struct cc *cc, uint32_t octets, bool limited)
{
	const struct ack_event ev = {.acked = octets, .cwnd_limited = limited};

	cc_local.on_ack(cc, &ev);
}

static void it_begins_large_unless_the_syn_was_lost(void **state)
{
	struct cc cc = begin(10 * MSS);

	(void)state;
	assert_int_equal(cc.cwnd, 256 * KIB);
	cc = begin(1000 * KIB);
	assert_int_equal(cc.cwnd, 1000 * KIB);
	cc = begin(MSS);
	assert_int_equal(cc.cwnd, MSS);
}

static void it_doubles_whatever_one_ack_is_for(void **state)
{
	struct cc cc = begin(10 * MSS);

	(void)state;
	ack(&cc, 256 * KIB, true);
	assert_int_equal(cc.cwnd, 512 * KIB);
	ack(&cc, 512 * KIB, false); /* F18 */
	assert_int_equal(cc.cwnd, 512 * KIB);
}

static void a_loss_is_made_up_for_in_three_round_trips(void **state)
{
	struct cc cc = begin(1000000);
	const struct ack_event ev = {.flight = 1000000};

	(void)state;
	cc_local.on_loss(&cc, &ev);
	assert_int_equal(cc.ssthresh, 700000);
	cc.cwnd = cc.ssthresh;
	for (int i = 0; i < 3; i++)
		ack(&cc, cc.cwnd, true);
	assert_true(cc.cwnd >= 990000);
}

static void the_floor(void **state)
{
	struct cc cc = begin(10 * MSS);
	const struct ack_event ev = {.flight = 10 * MSS};

	(void)state;
	cc_local.on_loss(&cc, &ev);
	assert_int_equal(cc.ssthresh, 64 * KIB);
	cc.smss = 65000; /* two segments, still */
	cc_local.on_loss(&cc, &ev);
	assert_int_equal(cc.ssthresh, 130000);
}

/* MUST-19: a time-out leaves one segment, here too. */
static void must_19_one_segment_after_a_timeout(void **state)
{
	struct cc cc = begin(1000000);

	(void)state;
	cc_local.on_rto(&cc, 1000000, true, (instant){0});
	assert_int_equal(cc.cwnd, MSS);
	assert_int_equal(cc.ssthresh, 700000);
	cc_local.on_rto(&cc, MSS, false, (instant){0});
	assert_int_equal(cc.ssthresh, 700000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_large_unless_the_syn_was_lost),
		cmocka_unit_test(it_doubles_whatever_one_ack_is_for),
		cmocka_unit_test(a_loss_is_made_up_for_in_three_round_trips),
		cmocka_unit_test(the_floor),
		cmocka_unit_test(must_19_one_segment_after_a_timeout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
