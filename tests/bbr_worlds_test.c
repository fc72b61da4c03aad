/* SPDX-License-Identifier: MIT */
/*
 * tests/bbr_worlds_test.c - BBR over the paths that it was made for, and beside others.
 *
 * draft-ietf-ccwg-bbr, "BBR Example Test Cases", as far as they need a network. Goodput is text: of
 * a link's rate 96.5 % at most can be, in segments of 1448 octets. Seeds are fixed; AKSU_TALK=1
 * shows what the first flow believes, moment by moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/contest.h"
#include "tcp/cc/bbr.h"

#define MS AKSU_MILLISECOND
#define S  AKSU_SECOND

#define BBR     AKSU_CONGESTION_BBR
#define NEWRENO AKSU_CONGESTION_NEWRENO

static void show(const char *what, const struct contest *f)
{
	printf("%-28s %6.2f Mbit/s, srtt %5.1f ms (most %5.1f), sent again %u.%02u %%:", what,
	       (double)f->used / 1e6, contest_mean_srtt_us(f) / 1e3, f->srtt_most_us / 1e3,
	       f->lost_percent_x100 / 100, f->lost_percent_x100 % 100);
	for (unsigned i = 0; i < f->count; i++)
		printf(" %.2f", (double)f->flow[i].goodput / 1e6);
	printf("\n");
}

static struct bbr *model_of(struct contest *f, unsigned i)
{
	struct tcb *t = contest_tcb(f, i);

	return t != NULL && t->x != NULL ? bbr_of(&t->x->cc) : NULL;
}

static unsigned phases; /* the first flow's since it was zeroed, a bit each */

static void look(struct contest *f)
{
	static const char *const names[] = {"STARTUP", "DRAIN", "DOWN", "CRUISE",
					    "REFILL",  "UP",    "RTT"};
	const struct tcb *t = contest_tcb(f, 0);
	const struct bbr *b = model_of(f, 0);

	if (b == NULL || t->state != TCP_ESTABLISHED)
		return;
	phases |= 1u << b->phase;
	if (getenv("AKSU_TALK") == NULL)
		return;
	printf("%8.3f %-7s bw %7.2f max %7.2f pacing %7.2f Mbit/s cwnd %u longterm %d shortterm %d "
	       "min_rtt %u srtt %u us extra %u\n",
	       (double)contest_now(f) / 1e9, names[b->phase], (double)bbr_bw(b) * 8e-6,
	       (double)bbr_max_bw(b) * 8e-6, (double)t->x->cc.pacing * 8e-6, t->x->cc.cwnd,
	       (int)b->inflight_longterm, (int)b->inflight_shortterm, b->min_rtt_us, t->rtt.srtt_us,
	       bbr_extra_acked(b));
}

static struct contest path(uint64_t rate, aksu_time rtt, uint32_t queue, unsigned count)
{
	struct contest f = {
		.rate = rate,
		.rtt = rtt,
		.queue = queue,
		.seed = 1,
		.count = count,
		.look = look,
	};

	for (unsigned i = 0; i < count; i++)
		f.flow[i].congestion = BBR;
	return f;
}

/* What one flow gets, of a thousand, when it knows the path. */
static unsigned alone(const char *what, struct contest f, aksu_time d)
{
	unsigned got;

	contest_begin(&f);
	contest_run(&f, 5 * S);
	contest_run(&f, d);
	show(what, &f);
	got = (unsigned)(f.used * 1000 / f.rate);
	contest_end(&f);
	return got;
}

/* ------------------------------------------------------------------ one flow */

static void fills_long_and_lossy_paths(void **state)
{
	struct contest f = path(100 * MBIT, 66 * MS, 0, 1);

	(void)state;
	assert_in_range(alone("100 Mbit/s, 66 ms", f, 20 * S), 920, 965);
	f.wire.loss = 1000;
	assert_in_range(alone("... 0.1 % lost", f, 20 * S), 910, 965);
	f.wire.loss = 10000;
	f.seed = 2;
	assert_in_range(alone("... 1 % lost", f, 60 * S), 900, 965);
	f = path(10 * MBIT, 200 * MS, 0, 1);
	assert_in_range(alone("10 Mbit/s, 200 ms", f, 20 * S), 900, 965);
	f = path(100 * MBIT, 66 * MS, 80000, 1);
	assert_in_range(alone("a tenth of the BDP as queue", f, 20 * S), 850, 965);
	f = path(1 * MBIT, 20 * MS, 20000, 1);
	assert_in_range(alone("less than two segments of BDP", f, 20 * S), 850, 965);
}

/* A deep buffer stays nearly empty: the round trip is not much longer than the path. */
static void s_5_3_keeps_a_deep_buffer_empty(void **state)
{
	struct contest f = path(10 * MBIT, 40 * MS, 4000000, 1);

	(void)state;
	contest_begin(&f);
	contest_run(&f, 5 * S);
	contest_run(&f, 20 * S);
	show("bufferbloat", &f);
	assert_true(f.used > 9 * MBIT);
	assert_in_range(contest_mean_srtt_us(&f), 40000, 60000);
	assert_int_equal(f.flow[0].resent, 0);
	contest_end(&f);
}

/* 5.3: each phase comes, ProbeRTT too, and the estimates are right. */
static void s_5_3_goes_through_its_phases(void **state)
{
	struct contest f = path(20 * MBIT, 40 * MS, 0, 1);
	const struct bbr *b;

	(void)state;
	phases = 0;
	contest_begin(&f);
	contest_run(&f, 12 * S);
	assert_int_equal(phases, (1 << BBR_NONE) - 1);
	b = model_of(&f, 0);
	assert_true(b->full_bw_reached);
	assert_in_range(bbr_max_bw(b) * 8, 19 * MBIT, 20 * MBIT);
	assert_in_range(b->min_rtt_us, 40000, 41500);
	contest_end(&f);
}

/* 10 times more is found in a few seconds, 10 times less within two cycles. */
static void s_5_5_follows_the_bandwidth(void **state)
{
	struct contest f = path(10 * MBIT, 40 * MS, 200000, 1);
	struct sim_wire_config wire = {.rate = 100 * MBIT, .delay = 20 * MS, .queue = 200000};

	(void)state;
	contest_begin(&f);
	contest_run(&f, 8 * S);
	sim_link_set(f.link, SIM_LEFT, &wire);
	contest_run(&f, 8 * S);
	contest_run(&f, 4 * S);
	show("ten times more", &f);
	assert_true(f.used > 85 * MBIT);
	wire.rate = 10 * MBIT;
	sim_link_set(f.link, SIM_LEFT, &wire);
	contest_run(&f, 8 * S);
	contest_run(&f, 4 * S);
	show("ten times less", &f);
	assert_true(f.used > 85 * MBIT / 10);
	assert_in_range(bbr_max_bw(model_of(&f, 0)) * 8, 9 * MBIT, 11 * MBIT);
	assert_true(f.lost_percent_x100 < 500);
	contest_end(&f);
}

/* A policer loses what is above its rate: BBR finds that rate and does not live on losses. */
static void conforms_to_a_policer(void **state)
{
	struct contest f = path(100 * MBIT, 40 * MS, 0, 1);

	(void)state;
	f.wire.police_rate = 10 * MBIT;
	f.wire.police_burst = 100000;
	contest_begin(&f);
	contest_run(&f, 10 * S);
	contest_run(&f, 20 * S);
	show("policer of 10 Mbit/s", &f);
	assert_true(f.used > 8 * MBIT);
	assert_true(f.lost_percent_x100 < 500);
	contest_end(&f);
}

/* ------------------------------------------------------------------ applications */

/* 5.5.4: what an application has is not what the path takes: the estimate does not follow it. */
static void s_5_5_4_application_limited(void **state)
{
	struct contest f = path(20 * MBIT, 40 * MS, 0, 1);

	(void)state;
	f.flow[0].app_rate = 500000; /* 4 Mbit/s */
	contest_begin(&f);
	contest_run(&f, 2 * S);
	contest_run(&f, 8 * S);
	show("4 Mbit/s to send", &f);
	assert_in_range(f.used, 39 * MBIT / 10, 41 * MBIT / 10);
	assert_in_range(contest_mean_srtt_us(&f), 40000, 44000);
	f.flow[0].app_rate = 0; /* now it has more */
	contest_run(&f, 3 * S);
	contest_run(&f, 5 * S);
	show("... and then more", &f);
	assert_true(f.used > 18 * MBIT);
	contest_end(&f);
}

/* 5.4.1: after a silence it goes on where it was, without Startup and without a burst. */
static void s_5_4_restarts_from_idle(void **state)
{
	struct contest f = path(20 * MBIT, 40 * MS, 25000, 1);

	(void)state;
	f.flow[0].silent_from = 4 * S;
	f.flow[0].silent_to = 16 * S;
	contest_begin(&f);
	contest_run(&f, 15 * S);
	phases = 0;
	contest_run(&f, 2 * S);
	show("a second after 12 of silence", &f);
	assert_true(f.used * 2 > 17 * MBIT); /* of one second */
	assert_int_equal(phases & (1 << BBR_STARTUP | 1 << BBR_DRAIN | 1 << BBR_PROBE_RTT), 0);
	contest_end(&f);
}

/* AKSU_TCP_MAX_PACING_RATE holds whatever the path takes, for any algorithm. */
static void an_application_may_set_the_pace(void **state)
{
	struct contest f = path(100 * MBIT, 20 * MS, 0, 2);

	(void)state;
	f.flow[1].congestion = NEWRENO;
	f.flow[0].max_pacing_rate = f.flow[1].max_pacing_rate = 1000000;
	contest_begin(&f);
	contest_run(&f, 3 * S);
	contest_run(&f, 5 * S);
	show("at most 8 Mbit/s each", &f);
	for (unsigned i = 0; i < 2; i++)
		assert_in_range(f.flow[i].goodput, 76 * MBIT / 10, 81 * MBIT / 10);
	contest_end(&f);
}

/* ------------------------------------------------------------------ beside others */

static void two_share(const char *what, uint32_t queue, enum aksu_congestion other)
{
	struct contest f = path(20 * MBIT, 40 * MS, queue, 2);

	f.flow[1].congestion = other;
	f.flow[1].start = 3 * S;
	contest_begin(&f);
	contest_run(&f, 20 * S);
	contest_run(&f, 40 * S);
	show(what, &f);
	assert_true(f.used > 18 * MBIT);
	for (unsigned i = 0; i < 2; i++)
		assert_true(f.flow[i].goodput * 100 > f.used * 20);
	contest_end(&f);
}

static void two_flows_share(void **state)
{
	(void)state;
	two_share("two BBR, a BDP of queue", 0, BBR);
	two_share("two BBR, 4 BDP", 400000, BBR);
	two_share("two BBR, 1/4 BDP", 25000, BBR);
}

static void neither_starves_beside_newreno(void **state)
{
	(void)state;
	two_share("NewReno, a BDP of queue", 0, NEWRENO);
	two_share("NewReno, 4 BDP", 400000, NEWRENO);
	two_share("NewReno, 1/2 BDP", 50000, NEWRENO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_long_and_lossy_paths),
		cmocka_unit_test(s_5_3_keeps_a_deep_buffer_empty),
		cmocka_unit_test(s_5_3_goes_through_its_phases),
		cmocka_unit_test(s_5_5_follows_the_bandwidth),
		cmocka_unit_test(conforms_to_a_policer),
		cmocka_unit_test(s_5_5_4_application_limited),
		cmocka_unit_test(s_5_4_restarts_from_idle),
		cmocka_unit_test(an_application_may_set_the_pace),
		cmocka_unit_test(two_flows_share),
		cmocka_unit_test(neither_starves_beside_newreno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
