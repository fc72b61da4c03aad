/* SPDX-License-Identifier: MIT */
/*
 * CUBIC by the sections of RFC 9438, held against the same function computed with floating point;
 * gotcha F24.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp/cc.h"

#define MSS 1000u
#define RTT milliseconds(100)

/* A sender whose whole window is acknowledged in ten ACKs, evenly in a round trip. */
struct flow {
	struct cc cc;
	instant now;
	duration rtt;
};

static struct flow begin(uint32_t cwnd, uint32_t ssthresh)
{
	struct flow f = {
		.cc = {.cwnd = cwnd, .ssthresh = ssthresh, .smss = MSS},
		.now = {1},
		.rtt = RTT,
	};

	cc_begin(&f.cc, &cc_cubic, f.now);
	return f;
}

static void ack(struct flow *f, uint32_t octets, bool limited)
{
	const struct ack_event ev = {
		.now = f->now,
		.acked = octets,
		.delivered = octets,
		.srtt = f->rtt,
		.rtt = f->rtt,
		.flight = f->cc.cwnd,
		.advanced = true,
		.cwnd_limited = limited,
	};

	cc_cubic.on_ack(&f->cc, &ev);
}

static void round_trip(struct flow *f, bool limited)
{
	uint32_t tenth = f->cc.cwnd / 10;

	for (int i = 0; i < 10; i++) {
		f->now = after(f->now, nanoseconds(f->rtt.ns / 10));
		ack(f, tenth, limited);
	}
}

/* Fast recovery, for one round trip. */
static void loss(struct flow *f)
{
	struct ack_event ev = {.now = f->now, .flight = f->cc.cwnd, .srtt = f->rtt};

	cc_cubic.on_loss(&f->cc, &ev);
	f->cc.cwnd = f->cc.ssthresh;
	f->now = after(f->now, f->rtt);
	ev.now = f->now;
	ev.acked = f->cc.cwnd;
	ev.in_recovery = true;
	cc_cubic.on_ack(&f->cc, &ev);
}

/* Equations 1 and 2 of RFC 9438, in segments and seconds. */
static double root3(double x)
{
	double y = x > 1 ? x : 1;

	for (int i = 0; i < 200; i++)
		y -= (y * y * y - x) / (3 * y * y); /* Newton's */
	return x > 0 ? y : 0;
}

static double reference(double w_max, double cwnd_epoch, double t)
{
	double d = t - root3((w_max - cwnd_epoch) / 0.4);

	return 0.4 * d * d * d + w_max;
}

static void near(double got, double want, double share)
{
	double d = got > want ? got - want : want - got;

	if (d > want * share)
		fail_msg("%.1f is not near %.1f", got, want);
}

/* ---------------------------------------------------------------- the curve */

/* 4.2, 4.4, 4.5: concave up to W_max, flat there, convex beyond; for windows small and huge. */
static void F24_the_curve(void **state)
{
	static const uint32_t windows[] = {500, 2000, 20000, 200000}; /* segments */

	(void)state;
	for (unsigned i = 0; i < sizeof(windows) / sizeof(*windows); i++) {
		struct flow f = begin(windows[i] * MSS, SSTHRESH_INFINITE);
		double w_max = windows[i], epoch;
		uint32_t last = 0;

		loss(&f);
		epoch = (double)f.cc.cwnd / MSS;
		near(epoch, w_max * 0.7, 0.0001);
		for (int r = 0; r < 900; r++) {
			double t = r * 0.1 + 0.1, cwnd;

			round_trip(&f, true);
			cwnd = (double)f.cc.cwnd / MSS;
			/* A round trip behind the target that it runs after, at most. */
			if (t > 1 && reference(w_max, epoch, t + 0.1) < 2e6) {
				assert_true(cwnd >= reference(w_max, epoch, t - 0.3) * 0.99);
				assert_true(cwnd <= reference(w_max, epoch, t + 0.2) * 1.01 + 60);
			}
			assert_true(f.cc.cwnd >= last);
			last = f.cc.cwnd;
		}
	}
}

/* 4.2: no more than half as much again in a round trip, however far the curve has gone. */
static void F24_less_than_slow_start(void **state)
{
	struct flow f = begin(100 * MSS, 50 * MSS);

	(void)state;
	f.rtt = seconds(60);
	for (int i = 0; i < 10; i++) {
		uint32_t cwnd = f.cc.cwnd;

		round_trip(&f, true);
		assert_true(f.cc.cwnd <= cwnd + cwnd / 2 + cwnd / 4);
	}
}

/* No overflow: 2^31 octets, MSS of 64 KiB and of one octet, an RTT of minutes, years of time. */
static void F24_absurd_numbers(void **state)
{
	static const uint32_t sizes[] = {1, 8, 1460, 65535};

	(void)state;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct flow f = begin(UINT32_MAX / 2, SSTHRESH_INFINITE);

		f.cc.smss = sizes[i];
		f.rtt = seconds(100);
		for (int n = 0; n < 20; n++) {
			uint32_t cwnd = f.cc.cwnd;

			loss(&f);
			assert_true(f.cc.cwnd <= cwnd || f.cc.cwnd == 2 * sizes[i]);
			assert_true(f.cc.cwnd >= 2 * sizes[i]);
			for (int r = 0; r < 100; r++)
				round_trip(&f, true);
			assert_true(f.cc.cwnd <= UINT32_MAX / 2);
			f.now = after(f.now, seconds(1000000000));
		}
	}
}

/* 4.3: short paths and small windows: as Reno on average, one segment in 17/9 round trips. */
static void F24_reno_friendly_region(void **state)
{
	struct flow f = begin(20 * MSS, SSTHRESH_INFINITE);

	(void)state;
	f.rtt = milliseconds(1);
	loss(&f);
	assert_int_equal(f.cc.cwnd, 14 * MSS);
	for (int r = 0; r < 17; r++)
		round_trip(&f, true);
	/* 9 segments in 17 round trips, up to 20; then 1 in each */
	near(f.cc.cwnd, 25.7 * MSS, 0.02);
	for (int r = 0; r < 10; r++)
		round_trip(&f, true);
	near(f.cc.cwnd, 35.7 * MSS, 0.02);
}

/* ---------------------------------------------------------------- losses */

/* 4.6: 0.7 of the flight, not of the window (F4); two segments at least. */
static void F24_beta(void **state)
{
	struct flow f = begin(100 * MSS, SSTHRESH_INFINITE);
	struct ack_event ev = {.flight = 50 * MSS};

	(void)state;
	cc_cubic.on_loss(&f.cc, &ev);
	assert_int_equal(f.cc.ssthresh, 35 * MSS);
	ev.flight = MSS;
	cc_cubic.on_loss(&f.cc, &ev);
	assert_int_equal(f.cc.ssthresh, 2 * MSS);
}

/* 4.6: marks take the window down to one segment, and ssthresh to two. */
static void F21_marks(void **state)
{
	struct flow f = begin(10 * MSS, SSTHRESH_INFINITE);
	struct ack_event ev = {.flight = 10 * MSS};

	(void)state;
	cc_cubic.on_ce(&f.cc, &ev);
	assert_int_equal(f.cc.cwnd, 7 * MSS);
	assert_int_equal(f.cc.ssthresh, 7 * MSS);
	ev.flight = MSS;
	cc_cubic.on_ce(&f.cc, &ev);
	assert_int_equal(f.cc.cwnd, MSS);
	assert_int_equal(f.cc.ssthresh, 2 * MSS);
}

/* When W_max is reached again, from the beginning of the stage. */
static unsigned rounds_until(struct flow *f, uint32_t cwnd)
{
	unsigned n = 0;

	for (; f->cc.cwnd < cwnd && n < 10000; n++)
		round_trip(f, true);
	return n;
}

/* 4.7: a loss below the last maximum makes the next plateau lower: 0.85 of the window. */
static void F24_fast_convergence(void **state)
{
	struct flow f = begin(1000 * MSS, SSTHRESH_INFINITE);

	(void)state;
	loss(&f); /* W_max = 1000, cwnd = 700 */
	loss(&f); /* at 700 < 1000: W_max = 595, cwnd = 490 */
	near(f.cc.cwnd, 490 * MSS, 0.001);
	for (int r = 0; r < (int)(root3((595 - 490) / 0.4) * 10) + 3; r++)
		round_trip(&f, true);
	near(f.cc.cwnd, 595 * MSS, 0.01); /* flat at 595, and not still on the way to 700 */
}

/* 4.8: after a time-out K is 0 and W_max is where congestion avoidance begins; L = 1 (F7). */
static void F24_timeout(void **state)
{
	struct flow f = begin(1000 * MSS, SSTHRESH_INFINITE);

	(void)state;
	cc_cubic.on_rto(&f.cc, 1000 * MSS, true, f.now);
	assert_int_equal(f.cc.cwnd, MSS);
	assert_int_equal(f.cc.ssthresh, 700 * MSS);
	cc_cubic.on_rto(&f.cc, MSS, false, f.now); /* D6: a repeated one cuts no more */
	assert_int_equal(f.cc.ssthresh, 700 * MSS);
	ack(&f, 5 * MSS, true);
	assert_int_equal(f.cc.cwnd, 2 * MSS);
	while (f.cc.cwnd < f.cc.ssthresh)
		ack(&f, MSS, true);
	assert_int_equal(f.cc.cwnd, 700 * MSS);
	for (int r = 0; r < 50; r++)
		round_trip(&f, true);
	near((double)f.cc.cwnd / MSS, reference(700, 700, 5.0), 0.01);
}

/* 4.9: a reduction for nothing: the curve goes on as if it had not been. */
static void F24_spurious_loss(void **state)
{
	struct flow f = begin(1000 * MSS, SSTHRESH_INFINITE), g;

	(void)state;
	loss(&f);
	for (int r = 0; r < 30; r++)
		round_trip(&f, true);
	g = f;
	for (int twice = 0; twice < 2; twice++) {
		uint32_t cwnd = g.cc.cwnd, ssthresh = g.cc.ssthresh;

		if (twice)
			cc_cubic.on_rto(&g.cc, cwnd, true, g.now);
		else
			loss(&g);
		cc_cubic.on_undo(&g.cc, g.now);
		g.cc.cwnd = cwnd;
		g.cc.ssthresh = ssthresh;
	}
	for (int r = 0; r < 100; r++) {
		round_trip(&f, true);
		round_trip(&g, true);
		near(g.cc.cwnd, f.cc.cwnd, 0.005);
	}
}

/* 4.9.2: a second cut in the same episode does not become what is restored. */
static void F24_spurious_loss_cut_twice(void **state)
{
	struct flow f = begin(1000 * MSS, SSTHRESH_INFINITE), g;
	struct ack_event ev = {.flight = 500 * MSS};

	(void)state;
	loss(&f);
	for (int r = 0; r < 30; r++)
		round_trip(&f, true);
	g = f;
	loss(&g);
	cc_cubic.on_loss(&g.cc, &ev);
	cc_cubic.on_undo(&g.cc, g.now);
	g.cc.cwnd = f.cc.cwnd;
	g.cc.ssthresh = f.cc.ssthresh;
	for (int r = 0; r < 50; r++) {
		round_trip(&f, true);
		round_trip(&g, true);
	}
	near(g.cc.cwnd, f.cc.cwnd, 0.005);
}

/* ---------------------------------------------------------------- pauses */

/* 5.8, F18: what the application does not use does not grow, and its time does not count. */
static void F24_no_time_passes_while_the_application_is_the_limit(void **state)
{
	struct flow f = begin(1000 * MSS, SSTHRESH_INFINITE), g;
	uint32_t cwnd;

	(void)state;
	loss(&f);
	for (int r = 0; r < 20; r++)
		round_trip(&f, true);
	g = f;
	cwnd = g.cc.cwnd;
	for (int r = 0; r < 500; r++)
		round_trip(&g, false);
	assert_int_equal(g.cc.cwnd, cwnd);
	g.now = after(g.now, seconds(3600)); /* and idle */
	for (int r = 0; r < 40; r++) {
		round_trip(&f, true);
		round_trip(&g, true);
		near(g.cc.cwnd, f.cc.cwnd, 0.01);
	}
}

/* One that wakes up knows of its last loss by ssthresh: it is flat again where that was. */
static void F24_waking_up(void **state)
{
	struct flow f = begin(700 * MSS, 700 * MSS);
	unsigned n;

	(void)state;
	n = rounds_until(&f, 995 * MSS);
	near(n, root3(300 / 0.4) * 10 - root3(5 / 0.4) * 10, 0.1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(F24_the_curve),
		cmocka_unit_test(F24_less_than_slow_start),
		cmocka_unit_test(F24_absurd_numbers),
		cmocka_unit_test(F24_reno_friendly_region),
		cmocka_unit_test(F24_beta),
		cmocka_unit_test(F21_marks),
		cmocka_unit_test(F24_fast_convergence),
		cmocka_unit_test(F24_timeout),
		cmocka_unit_test(F24_spurious_loss),
		cmocka_unit_test(F24_spurious_loss_cut_twice),
		cmocka_unit_test(F24_no_time_passes_while_the_application_is_the_limit),
		cmocka_unit_test(F24_waking_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
