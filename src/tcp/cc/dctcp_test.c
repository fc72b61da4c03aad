/* SPDX-License-Identifier: MIT */
/*
 * DCTCP in numbers: RFC 8257 sections 3.3 to 3.5.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/cc.h"

#include <aksu/aksu.h>

static struct cc begin(uint32_t cwnd)
{
	struct cc cc = {.cwnd = cwnd, .ssthresh = cwnd, .smss = 1000};

	cc_begin(&cc, &cc_dctcp, (instant){0});
	return cc;
}

/* A round trip of 100 ACKs for two segments each, of which so many are marked. */
static void round_trip(struct cc *cc, int marked)
{
	for (int i = 0; i < 100; i++) {
		const struct ack_event ev = {
			.acked = 2000,
			.delivered = 2000,
			.advanced = true,
			.ece = i < marked,
			.ce = i < marked ? 2000 : 0,
			.round_start = i == 99,
		};

		cc_dctcp.on_ack(cc, &ev);
	}
}

static uint32_t cut(struct cc *cc)
{
	const struct ack_event ev = {.in_flight = cc->cwnd, .flight = cc->cwnd, .ece = true};

	cc_dctcp.on_ce(cc, &ev);
	return cc->cwnd;
}

static void rfc8257_3_3_the_first_mark_halves(void **state)
{
	struct cc cc = begin(200000);

	(void)state;
	assert_int_equal(cut(&cc), 100000);
	assert_int_equal(cc.ssthresh, 100000);
}

/* Alpha goes to the share of octets that came marked, and the cut is half of it. */
static void rfc8257_3_3_the_cut_follows_the_share(void **state)
{
	(void)state;
	for (int marked = 0; marked <= 100; marked += 10) {
		struct cc cc = begin(200000);
		uint32_t want = 200000 - 1000 * (uint32_t)marked;

		for (int i = 0; i < 200; i++)
			round_trip(&cc, marked);
		cc.cwnd = 200000;
		cut(&cc);
		if (cc.cwnd > want + 1000 || cc.cwnd + 1000 < want)
			fail_msg("%d%% marked: cwnd is %u, not %u", marked, cc.cwnd, want);
	}
}

/* 4.2: no rounding keeps it above nothing; g is a sixteenth. */
static void rfc8257_4_2_the_estimate_decays(void **state)
{
	struct cc cc = begin(200000);

	(void)state;
	round_trip(&cc, 0);
	cc.cwnd = 200000;
	assert_int_equal(cut(&cc), 200000 - 93750);
	for (int i = 0; i < 300; i++)
		round_trip(&cc, 0);
	cc.cwnd = 200000;
	assert_in_range(cut(&cc), 199999 - 2, 200000);
}

/* 3.5: a loss is answered as anybody would; two segments are the least. */
static void rfc8257_3_5_a_loss_halves(void **state)
{
	struct cc cc = begin(200000);
	const struct ack_event ev = {.in_flight = 200000, .flight = 200000};

	(void)state;
	for (int i = 0; i < 100; i++)
		round_trip(&cc, 0);
	cc_dctcp.on_loss(&cc, &ev);
	assert_int_equal(cc.ssthresh, 100000);
	cc_dctcp.on_rto(&cc, 3000, true, (instant){0});
	assert_int_equal(cc.cwnd, 1000);
	assert_int_equal(cc.ssthresh, 2000);
	cc = begin(3000);
	assert_int_equal(cut(&cc), 2000);
}

/* 3.4: it grows like NewReno. */
static void rfc8257_3_4_it_grows_like_newreno(void **state)
{
	struct cc cc = begin(10000), other = begin(10000);
	const struct ack_event ev = {.acked = 1000,
				     .delivered = 1000,
				     .advanced = true,
				     .cwnd_limited = true};

	(void)state;
	cc_begin(&other, &cc_newreno, (instant){0});
	for (int i = 0; i < 1000; i++) {
		cc_dctcp.on_ack(&cc, &ev);
		cc_newreno.on_ack(&other, &ev);
		assert_int_equal(cc.cwnd, other.cwnd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8257_3_3_the_first_mark_halves),
		cmocka_unit_test(rfc8257_3_3_the_cut_follows_the_share),
		cmocka_unit_test(rfc8257_4_2_the_estimate_decays),
		cmocka_unit_test(rfc8257_3_5_a_loss_halves),
		cmocka_unit_test(rfc8257_3_4_it_grows_like_newreno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
