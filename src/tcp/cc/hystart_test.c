/* SPDX-License-Identifier: MIT */
/*
 * HyStart++ by the sections of RFC 9406: when slow start ends, and when it does not; gotcha F25.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/prng.h"
#include "tcp/cc/hystart.h"

enum { MSS = 1000, SAMPLES = 8 };

struct flow {
	struct cc cc;
	struct hystart h;
};

static struct flow begin(void)
{
	return (struct flow){.cc = {.cwnd = 10 * MSS, .ssthresh = SSTHRESH_INFINITE, .smss = MSS}};
}

static void ack(struct flow *f, uint32_t octets, uint64_t rtt_us, bool round_start)
{
	const struct ack_event ev = {
		.acked = octets,
		.rtt = microseconds(rtt_us),
		.round_start = round_start,
		.cwnd_limited = true,
	};

	hystart_measure(&f->h, &f->cc, &ev);
	if (f->cc.cwnd < f->cc.ssthresh)
		hystart_grow(&f->h, &f->cc, &ev);
}

/* A round trip of so many ACKs of one segment. */
static void round_trip(struct flow *f, unsigned acks, uint64_t rtt_us)
{
	for (unsigned i = 0; i < acks; i++)
		ack(f, MSS, rtt_us, i == 0);
}

/* 4.2: the RTT grew by an eighth: a quarter as fast; after five such rounds, the end. */
static void F25_the_queue_grows(void **state)
{
	struct flow f = begin();
	uint32_t cwnd;

	(void)state;
	round_trip(&f, SAMPLES, 80000);
	round_trip(&f, SAMPLES, 89999); /* less than 10 ms more */
	assert_false(f.h.css);
	round_trip(&f, SAMPLES, 99999);
	assert_false(f.h.css);
	round_trip(&f, SAMPLES - 1, 112499);
	assert_false(f.h.css); /* not before the eighth sample */
	ack(&f, MSS, 112499, false);
	assert_true(f.h.css);
	cwnd = f.cc.cwnd;
	for (int r = 0; r < 4; r++) {
		round_trip(&f, SAMPLES, 120000);
		assert_int_equal(f.cc.ssthresh, SSTHRESH_INFINITE);
	}
	assert_int_equal(f.cc.cwnd, cwnd + 4 * SAMPLES * MSS / 4);
	round_trip(&f, 1, 120000);
	assert_int_equal(f.cc.ssthresh, cwnd + 4 * SAMPLES * MSS / 4);
}

/* 4.2: the threshold is 4 ms at least and 16 ms at most. */
static void F25_thresholds(void **state)
{
	static const struct {
		uint64_t before, now;
		bool css;
	} cases[] = {
		{8000, 11999, false}, {8000, 12000, true},     {64000, 71999, false},
		{64000, 72000, true}, {800000, 815999, false}, {800000, 816000, true},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct flow f = begin();

		round_trip(&f, SAMPLES, cases[i].before);
		round_trip(&f, SAMPLES, cases[i].now);
		assert_int_equal(f.h.css, cases[i].css);
	}
}

/* 4.2: in CSS, an RTT below its baseline says that it was a jitter: slow start goes on. */
static void F25_back_to_slow_start(void **state)
{
	struct flow f = begin();
	uint32_t cwnd;

	(void)state;
	round_trip(&f, SAMPLES, 20000);
	round_trip(&f, SAMPLES, 30000);
	assert_true(f.h.css);
	round_trip(&f, SAMPLES, 29000);
	assert_false(f.h.css);
	cwnd = f.cc.cwnd;
	ack(&f, MSS, 29000, false);
	assert_int_equal(f.cc.cwnd, cwnd + MSS);
	for (int r = 0; r < 20; r++)
		round_trip(&f, SAMPLES, 29000);
	assert_int_equal(f.cc.ssthresh, SSTHRESH_INFINITE);
}

/* 4.3: 8 segments of one ACK count, or all that went at once (DESIGN D14). */
static void F25_L(void **state)
{
	struct flow f = begin();
	struct ack_event ev = {.acked = 50 * MSS, .cwnd_limited = true};

	(void)state;
	hystart_grow(&f.h, &f.cc, &ev);
	assert_int_equal(f.cc.cwnd, 18 * MSS);
	ev.batch = 30 * MSS;
	hystart_grow(&f.h, &f.cc, &ev);
	assert_int_equal(f.cc.cwnd, 48 * MSS);
}

/* Jitter of 5 ms on paths of 20 to 200 ms, ten thousand connections: none leaves slow start. */
static void F25_no_exit_for_jitter(void **state)
{
	struct prng chance = prng_from(1);

	(void)state;
	for (int n = 0; n < 10000; n++) {
		struct flow f = begin();
		uint64_t base = 20000 + prng_below(&chance, 180000);
		unsigned acks = 10;

		for (int r = 0; r < 6; r++, acks *= 2)
			for (unsigned i = 0; i < acks; i++)
				ack(&f, MSS, base + prng_below(&chance, 5000), i == 0);
		assert_int_equal(f.cc.ssthresh, SSTHRESH_INFINITE);
		assert_true(f.cc.cwnd >= 600 * MSS);
	}
}

/* Few ACKs of large batches are no measurement. */
static void F25_few_samples_say_nothing(void **state)
{
	struct flow f = begin();

	(void)state;
	for (uint64_t rtt = 20000; rtt < 2000000; rtt *= 2)
		round_trip(&f, SAMPLES - 1, rtt);
	assert_false(f.h.css);
	round_trip(&f, SAMPLES, 0); /* Karn: no samples at all */
	assert_false(f.h.css);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(F25_the_queue_grows),
		cmocka_unit_test(F25_thresholds),
		cmocka_unit_test(F25_back_to_slow_start),
		cmocka_unit_test(F25_L),
		cmocka_unit_test(F25_no_exit_for_jitter),
		cmocka_unit_test(F25_few_samples_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
