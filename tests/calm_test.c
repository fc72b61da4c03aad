/* SPDX-License-Identifier: MIT */
/*
 * The example of docs/congestion-control.md keeps what it promises: over a bottleneck that is a few
 * lines of arithmetic, its queue is two to four segments, whatever the path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/cc.h"

extern const struct cc_ops cc_calm;

enum { MSS = 1000 };

/* What is beyond the bandwidth-delay product waits, and each segment that does takes its time. */
struct path {
	uint32_t bdp; /* segments */
	duration min_rtt;
};

static duration rtt_of(const struct path *p, const struct cc *cc)
{
	uint32_t window = cc->cwnd / MSS;

	return nanoseconds(p->min_rtt.ns * max_u32(window, p->bdp) / p->bdp);
}

static void round_trip(struct cc *cc, const struct path *p, bool limited)
{
	struct ack_event ev = {
		.acked = MSS,
		.rtt = rtt_of(p, cc),
		.min_rtt = p->min_rtt,
		.round_start = true,
		.cwnd_limited = limited,
	};

	for (uint32_t n = cc->cwnd / MSS; n > 0; n--) {
		cc_calm.on_ack(cc, &ev);
		ev.round_start = false;
	}
}

static struct cc begin(uint32_t segments)
{
	struct cc cc = {.cwnd = segments * MSS, .ssthresh = SSTHRESH_INFINITE, .smss = MSS};

	cc_begin(&cc, &cc_calm, (instant){0});
	return cc;
}

static void the_queue_is_two_to_four_segments(void **state)
{
	static const struct path paths[] = {{20, {10000000}},
					    {100, {10000000}},
					    {500, {100000000}},
					    {3000, {200000000}}};

	(void)state;
	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct cc cc = begin(10);

		for (int r = 0; r < 5000; r++)
			round_trip(&cc, &paths[i], true);
		for (int r = 0; r < 100; r++) {
			round_trip(&cc, &paths[i], true);
			assert_in_range(cc.cwnd / MSS, paths[i].bdp + 1, paths[i].bdp + 5);
		}
	}
}

static void it_makes_room_when_the_path_shrinks(void **state)
{
	struct path p = {100, {10000000}};
	struct cc cc = begin(10);

	(void)state;
	for (int r = 0; r < 1000; r++)
		round_trip(&cc, &p, true);
	p.bdp = 50;
	for (int r = 0; r < 100; r++)
		round_trip(&cc, &p, true);
	assert_in_range(cc.cwnd / MSS, 51, 55);
}

/* F18, F4, MUST-19: the rules that the page names. */
static void the_rules(void **state)
{
	const struct path p = {100, {10000000}};
	struct ack_event ev = {.acked = MSS, .cwnd_limited = true, .in_recovery = true};
	struct cc cc = begin(10);

	(void)state;
	for (int r = 0; r < 100; r++)
		round_trip(&cc, &p, false);
	cc_calm.on_ack(&cc, &ev);
	assert_int_equal(cc.cwnd, 10 * MSS);
	ev.flight = 8 * MSS;
	cc_calm.on_loss(&cc, &ev);
	assert_int_equal(cc.ssthresh, 4 * MSS);
	cc_calm.on_rto(&cc, MSS, true, (instant){0});
	assert_int_equal(cc.cwnd, MSS);
	assert_int_equal(cc.ssthresh, 2 * MSS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_queue_is_two_to_four_segments),
		cmocka_unit_test(it_makes_room_when_the_path_shrinks),
		cmocka_unit_test(the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
