/* SPDX-License-Identifier: MIT */
/*
 * Pacing: draft-ietf-ccwg-bbr sections 5.6.2 and 5.6.3, as deadlines.
 */
#include "support/tcp_bench.h"

#define pump(b) BENCH_OK(bench_pump(b))

/* 100,000 octets a second: a segment of 1000 takes 10 ms, and two of them are the quantum. */
static struct bench *paced(const char *options)
{
	struct bench *b = established_with(options, 60000);

	b->conf.max_pacing_rate = 100000;
	sends(b, 1000);
	b->t.x->cc.cwnd = 60000;
	pump(b);
	advance(b, milliseconds(10));
	rx(b, ". 1:1(0) ack 1001");
	advance(b, milliseconds(100)); /* no credit for it */
	bench_forget(b);
	return b;
}

static void s_5_6_2_a_quantum_at_a_time(void **state)
{
	struct bench *b = paced("<mss 1000>");

	(void)state;
	sends(b, 8000);
	tx(b, ". 1001:2001(1000)");
	tx(b, ". 2001:3001(1000)");
	quiet(b);
	assert_int_equal(tcp_next_timer(&b->t), TIMER_PACE);
	advance(b, milliseconds(18)); /* a millisecond is credit: it was idle before */
	quiet(b);
	advance(b, milliseconds(1));
	tx(b, ". 3001:4001(1000)");
	tx(b, ". 4001:5001(1000)");
	quiet(b);
	advance(b, milliseconds(20));
	tx(b, ". 5001:6001(1000)");
	bench_forget(b);
	done(b);
}

/* D18: nothing ticks when nothing waits; an idle connection gives its extension back. */
static void nothing_waits_nothing_is_due(void **state)
{
	struct bench *b = paced("<mss 1000>");

	(void)state;
	sends(b, 2000);
	pump(b);
	assert_true(!is_never(b->t.x->deadline[TIMER_PACE]));
	assert_int_not_equal(tcp_next_timer(&b->t), TIMER_PACE);
	sends(b, 1000);
	assert_int_equal(tcp_next_timer(&b->t), TIMER_PACE);
	bench_forget(b);
	done(b);
}

/* What is lost waits for its turn too; an ACK does not. */
static void s_5_6_2_again_but_not_an_ack(void **state)
{
	struct bench *b = paced("<mss 1000,sackOK>");

	(void)state;
	sends(b, 4000);
	pump(b);
	advance(b, milliseconds(19));
	pump(b);
	bench_forget(b);
	advance(b, milliseconds(10));
	rx(b, ". 1:1(0) ack 1001 <sack 2001:5001>");
	quiet(b);
	rx(b, "P. 1:1001(1000) ack 1001 <sack 2001:5001>");
	rx(b, "P. 1001:2001(1000) ack 1001 <sack 2001:5001>");
	tx(b, ". 5001:5001(0) ack 2001");
	quiet(b);
	advance(b, milliseconds(11));
	tx(b, ". 1001:2001(1000)");
	why_was(b, RACK);
	bench_forget(b);
	done(b);
}

/* A segment in bulk is no larger than the quantum; at a high rate that is a millisecond's worth. */
static void s_5_6_3_the_quantum(void **state)
{
	struct bench *b = paced("<mss 1000>");
	bool any;

	(void)state;
	assert_int_equal(cc_quantum(100000, 1000), 2000);
	assert_int_equal(cc_quantum(12500000, 1000), 12500);
	assert_int_equal(cc_quantum(UINT64_C(1250000000), 1000), 65535);
	b->bulk = 40;
	b->conf.max_pacing_rate = 5000000;
	sends(b, 20000);
	BENCH_OK(bench_pull(b, &any));
	assert_true(any);
	assert_int_equal(snd_outstanding(&b->t), 5000);
	bench_forget(b);
	done(b);
}

/* A driver that comes late carries more, but never more than PACE_CREDIT makes up for. */
static void late_wake_ups_cost_no_rate(void **state)
{
	struct bench *b = established_with("<mss 1000>", 60000);
	uint32_t first;

	(void)state;
	b->conf.max_pacing_rate = 10000000; /* a segment in 100 us, a quantum in 1 ms */
	sends(b, 50000);
	pump(b);
	b->t.x->cc.cwnd = 60000;
	first = seq_dist(seq_at(b->iss), b->t.snd.nxt);
	/* 3 ms, and what the window withheld of the first quantum and its credit. */
	for (int i = 0; i < 2; i++) { /* 1.5 ms each: the deadline was after 1 ms */
		b->now = after(b->now, microseconds(1500));
		pump(b);
	}
	assert_in_range(seq_dist(seq_at(b->iss), b->t.snd.nxt) - first, 30000, 39000);
	bench_forget(b);
	done(b);
}

/* A rate that is taken away holds nothing back any more. */
static void a_new_rate_holds_at_once(void **state)
{
	struct bench *b = paced("<mss 1000>");

	(void)state;
	sends(b, 8000);
	pump(b);
	bench_forget(b);
	quiet(b);
	b->conf.max_pacing_rate = 0;
	tcp_conf_changed(&b->t, b->now);
	pump(b);
	tx(b, ". 3001:4001(1000)");
	tx(b, ". 4001:5001(1000)");
	tx(b, ". 5001:6001(1000)");
	bench_forget(b);
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(s_5_6_2_a_quantum_at_a_time),
	cmocka_unit_test(nothing_waits_nothing_is_due),
	cmocka_unit_test(s_5_6_2_again_but_not_an_ack),
	cmocka_unit_test(s_5_6_3_the_quantum),
	cmocka_unit_test(late_wake_ups_cost_no_rate),
	cmocka_unit_test(a_new_rate_holds_at_once),
};

RUN_EVERYWHERE(tests)
