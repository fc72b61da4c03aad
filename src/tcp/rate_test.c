/* SPDX-License-Identifier: MIT */
/*
 * Delivery rates: draft-ietf-ccwg-bbr section 4.1, sample by sample.
 */
#include "support/tcp_bench.h"

static struct ack_event seen;
static struct loss_sample lost;
static unsigned restarts, losses;

static void spy_start(struct cc *cc, instant now)
{
	(void)cc;
	(void)now;
}

static void spy_ack(struct cc *cc, const struct ack_event *ev)
{
	(void)cc;
	seen = *ev;
}

static void spy_loss(struct cc *cc, const struct ack_event *ev)
{
	(void)cc;
	(void)ev;
}

static void spy_rto(struct cc *cc, uint32_t in_flight, bool first, instant now)
{
	(void)cc;
	(void)in_flight;
	(void)first;
	(void)now;
}

static void spy_lost(struct cc *cc, const struct loss_sample *l)
{
	(void)cc;
	lost = *l;
	losses++;
}

static void spy_restart(struct cc *cc, instant now)
{
	(void)cc;
	(void)now;
	restarts++;
}

static const struct cc_ops spy = {
	.name = "spy",
	.model = true,
	.start = spy_start,
	.on_ack = spy_ack,
	.on_loss = spy_loss,
	.on_rto = spy_rto,
	.on_lost = spy_lost,
	.on_restart = spy_restart,
};

/* A connection with `n` segments of 1000 octets just sent, and a window of `cwnd`. */
static struct bench *sending(const char *options, uint32_t n, uint32_t cwnd)
{
	struct bench *b = established_with(options, 60000);

	seen = (struct ack_event){0};
	sends(b, 1000); /* takes the extension */
	b->t.x->cc.ops = &spy;
	b->t.x->cc.cwnd = cwnd;
	tx(b, "P. 1:1001(1000)");
	restarts = losses = 0;
	if (n > 1)
		sends(b, (n - 1) * 1000);
	return b;
}

/* 4.1.1.2: what was delivered, over the longer of the times to send it and to have it acknowledged.
 */
static void s_4_1_the_longer_of_two_times(void **state)
{
	struct bench *b = sending("<mss 1000>", 1, 100000);

	(void)state;
	advance(b, milliseconds(10));
	rx(b, ". 1:1(0) ack 1001");
	assert_int_equal(seen.rs.delivered, 1000);
	assert_int_equal(seen.rs.prior_delivered, 0);
	assert_int_equal(seen.rs.tx_in_flight, 1000);
	assert_int_equal(seen.rs.delivery_rate, 100000); /* 1000 octets in 10 ms */
	assert_true(seen.rs.rtt.ns == milliseconds(10).ns);
	bench_forget(b);
	done(b);
}

/* 4.1.1.2.3: acknowledged in a lump, it was still sent over 30 ms: that is the rate. */
static void s_4_1_compressed_acks(void **state)
{
	struct bench *b = sending("<mss 1000>", 1, 100000);

	(void)state;
	for (int i = 0; i < 3; i++) {
		advance(b, milliseconds(10));
		sends(b, 1000);
	}
	advance(b, milliseconds(10));
	rx(b, ". 1:1(0) ack 4001");
	assert_int_equal(seen.rs.delivered, 4000);
	assert_int_equal(seen.rs.delivery_rate,
			 100000); /* 4000 in 40 ms since the first was sent */
	assert_true(seen.rs.rtt.ns ==
		    milliseconds(10).ns); /* the newest's; SRTT has the oldest's */
	assert_true(seen.rtt.ns == milliseconds(40).ns);
	bench_forget(b);
	done(b);
}

/* 4.1.2.3: the newest that a SACK names counts, whatever lies before it. */
static void s_4_1_sack(void **state)
{
	struct bench *b = sending("<mss 1000,sackOK>", 1, 100000);

	(void)state;
	advance(b, milliseconds(5));
	sends(b, 2000);
	advance(b, milliseconds(5));
	rx(b, ". 1:1(0) ack 1 <sack 2001:3001>");
	assert_int_equal(seen.rs.delivered, 1000);
	assert_int_equal(seen.rs.tx_in_flight, 3000);
	assert_int_equal(seen.flight_now, 1000);         /* the first is overdue */
	assert_int_equal(seen.rs.delivery_rate, 100000); /* in 10 ms: since the first was sent */
	advance(b, milliseconds(1));
	/* What was SACKed is not delivered again; what was sent again is measured anew. */
	rx(b, ". 1:1(0) ack 3001");
	assert_int_equal(seen.rs.delivered, 2000);
	assert_int_equal(seen.rs.delivery_rate, 400000); /* in 5 ms: the newest before it */
	assert_int_equal(seen.delivered_total, 3000);
	bench_forget(b);
	done(b);
}

/* What is sent again is measured from then on: no round trip too long, none too short. */
static void s_4_1_retransmission(void **state)
{
	struct bench *b = sending("<mss 1000,sackOK>", 5, 100000);

	(void)state;
	advance(b, milliseconds(10));
	rx(b, ". 1:1(0) ack 1 <sack 1001:5001>");
	assert_int_equal(losses, 1);
	assert_int_equal(lost.len, 1000);
	assert_int_equal(lost.lost, 1000);
	assert_int_equal(lost.tx_in_flight, 1000);
	assert_int_equal(seen.lost, 1000);
	assert_int_equal(seen.rs.lost, 1000);
	bench_forget(b);
	BENCH_OK(bench_pump(b)); /* it goes again, alone in flight: the measure begins anew */
	advance(b, milliseconds(10));
	rx(b, ". 1:1(0) ack 5001");
	assert_int_equal(seen.rs.delivered, 1000);
	assert_int_equal(seen.rs.prior_delivered, 4000);
	assert_int_equal(seen.rs.lost, 0);
	assert_int_equal(seen.rs.delivery_rate, 100000);
	bench_forget(b);
	done(b);
}

/* A run of many segments: acknowledged in part, cut by SACK, what was in flight is right for each.
 */
static void s_4_1_large_runs(void **state)
{
	struct bench *b = established_with("<mss 1000,sackOK>", 60000);

	(void)state;
	seen = (struct ack_event){0};
	b->bulk = 10;
	sends(b, 10000);
	b->t.x->cc.ops = &spy;
	tx(b, "P. 1:10001(10000)");
	advance(b, milliseconds(10));
	rx(b, ". 1:1(0) ack 2001");
	assert_int_equal(seen.rs.delivered, 2000);
	assert_int_equal(seen.rs.tx_in_flight, 10000);
	rx(b, ". 1:1(0) ack 2001 <sack 5001:7001>");
	assert_int_equal(seen.rs.delivered, 4000);
	assert_int_equal(seen.rs.tx_in_flight, 7000);
	bench_forget(b);
	done(b);
}

/* 4.1.2.4: the mark is set when the application had nothing, and goes with the bubble. */
static void s_4_1_application_limited(void **state)
{
	struct bench *b = sending("<mss 1000>", 1, 3000);

	(void)state;
	b->t.x->app_limited = 0;
	sends(b, 1000); /* the window had room, and there was nothing: this one is marked */
	assert_true(b->t.x->app_limited == 1000);
	sends(b, 2000); /* one goes, the other waits for the window */
	advance(b, milliseconds(10));
	rx(b, ". 1:1(0) ack 1001"); /* sent after the wait for the application, as before it */
	assert_false(seen.rs.is_app_limited && seen.rs.tx_in_flight == 1000 &&
		     b->t.x->app_limited == 0);
	rx(b, ". 1:1(0) ack 3001");
	assert_true(seen.rs.is_app_limited);
	assert_true(b->t.x->app_limited == 0); /* what follows says something again */
	sends(b, 8000);
	advance(b, milliseconds(10));
	rx(b, ". 1:1(0) ack 4001");
	rx(b, ". 1:1(0) ack 7001");
	assert_false(seen.rs.is_app_limited);
	bench_forget(b);
	done(b);
}

/* 5.4.1: what is sent after a silence is told first. */
static void s_5_4_restart_from_idle(void **state)
{
	struct bench *b = sending("<mss 1000>", 1, 10000);

	(void)state;
	rx(b, "P. 1:2(1) ack 1001"); /* not read: the extension stays */
	assert_int_equal(restarts, 0);
	advance(b, seconds(2));
	sends(b, 1000);
	BENCH_OK(bench_pump(b));
	assert_int_equal(restarts, 1);
	assert_int_equal(b->t.x->cc.cwnd, 10000); /* a model's window is its own (RFC 7661) */
	sends(b, 1000);
	BENCH_OK(bench_pump(b));
	assert_int_equal(restarts, 1);
	bench_forget(b);
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(s_4_1_the_longer_of_two_times),
	cmocka_unit_test(s_4_1_compressed_acks),
	cmocka_unit_test(s_4_1_sack),
	cmocka_unit_test(s_4_1_retransmission),
	cmocka_unit_test(s_4_1_large_runs),
	cmocka_unit_test(s_4_1_application_limited),
	cmocka_unit_test(s_5_4_restart_from_idle),
};

RUN_EVERYWHERE(tests)
