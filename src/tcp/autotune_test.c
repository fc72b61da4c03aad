/* SPDX-License-Identifier: MIT */
/*
 * tcp/autotune_test.c - buffers: what makes them grow, what does not, and where they end.
 *
 * The RFC leaves sizes to us; that a promise stays promised is SHLD-14.
 */
#include <aksu/socket.h>

#include "support/tcp_bench.h"

enum { FIRST = 32000, MOST = 1000000, ROUND_MS = 100 };

/* A receiver of small buffers that may grow, a round trip of 100 ms from its peer. */
static struct bench *receiver(void)
{
	struct bench *b = established_with("<mss 1000,nop,wscale 4>", 30000);

	b->conf.rcvbuf = FIRST;
	b->conf.rcvmax = MOST;
	b->t.rtt.srtt_us = ROUND_MS * 1000;
	return b;
}

/* The peer sends n octets at one moment, the application reads them; then time passes. */
static void flight(struct bench *b, uint32_t n, bool read, uint32_t ms)
{
	char line[100];

	for (uint32_t k = 0; k < n; k += 1000) {
		uint32_t at = b->t.rcv.nxt.n - b->irs;

		snprintf(line, sizeof(line), ". %u:%u(1000) ack 1", at, at + 1000);
		rx(b, line);
	}
	if (read)
		reads(b, n, n);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	advance(b, milliseconds(ms));
	bench_forget(b);
}

static void half_a_buffer_in_a_round_trip_doubles_it(void **state)
{
	struct bench *b = receiver();

	(void)state;
	for (int k = 0; k < 30; k++) {
		uint32_t before = rcv_buffer(&b->t);

		flight(b, before / 2000 * 1000, true, ROUND_MS - 1);
		assert_true(rcv_buffer(&b->t) <= 2 * before);
	}
	assert_int_equal(rcv_buffer(&b->t), MOST); /* and no more */
	aborts(b);
	bench_forget(b);
	done(b);
}

static void less_in_a_round_trip_does_not(void **state)
{
	struct bench *b = receiver();

	(void)state;
	for (int k = 0; k < 40; k++)
		flight(b, FIRST / 4000 * 1000, true, ROUND_MS);
	assert_int_equal(rcv_buffer(&b->t), FIRST);
	aborts(b);
	bench_forget(b);
	done(b);
}

/* The window is not what limits a peer whose octets nobody reads. */
static void a_reader_that_is_slow_is_given_no_more(void **state)
{
	struct bench *b = receiver();

	(void)state;
	for (int k = 0; k < 30; k++) {
		flight(b, 1000, false, 1);
		if (k % 2 == 0)
			reads(b, 1000, 1000);
	}
	assert_int_equal(rcv_buffer(&b->t), FIRST);
	aborts(b);
	bench_forget(b);
	done(b);
}

/* A size of the application's own is as large as it ever gets. */
static void what_was_chosen_stays(void **state)
{
	struct bench *b = receiver();

	(void)state;
	b->conf.rcvmax = FIRST;
	for (int k = 0; k < 10; k++)
		flight(b, FIRST / 2000 * 1000, true, 10);
	assert_int_equal(rcv_buffer(&b->t), FIRST);
	b->conf.sndmax = b->conf.sndbuf = 5000;
	b->t.cwnd = 1000000;
	assert_int_equal(snd_buffer(&b->t), 5000);
	aborts(b);
	bench_forget(b);
	done(b);
}

/* D7: half of what is free and no more, but what a connection begins with always; SHLD-14. */
static void memory_that_is_short_takes_size_and_no_promise(void **state)
{
	struct bench *b = receiver();
	struct mem *mem = &b->env.mem;
	size_t budget = mem->budget;
	tcp_seq edge;

	(void)state;
	for (int k = 0; k < 30; k++)
		flight(b, rcv_buffer(&b->t) / 2000 * 1000, true, ROUND_MS - 1);
	edge = b->t.rcv.adv;
	mem->budget = (mem->used + 400000) / 7 * 8;
	assert_in_range(rcv_buffer(&b->t), 199000, 201000);
	mem->budget = (mem->used + 40000) / 7 * 8;
	assert_int_equal(rcv_buffer(&b->t), FIRST);
	flight(b, 2000, true, ROUND_MS);
	assert_true(seq_geq(b->t.rcv.adv, edge));
	mem->budget = budget;
	assert_int_equal(rcv_buffer(&b->t), MOST);
	aborts(b);
	bench_forget(b);
	done(b);
}

static void the_send_buffer_holds_twice_what_is_in_flight(void **state)
{
	struct bench *b = established_with("<mss 1000,nop,wscale 4>", 30000);

	(void)state;
	b->conf.sndbuf = 20000;
	b->conf.sndmax = 300000;
	assert_int_equal(snd_buffer(&b->t), 20000); /* an initial window is less than half */
	b->t.cwnd = 100000;
	assert_int_equal(snd_buffer(&b->t), 200000);
	sends(b, 200000);
	assert_int_equal(bench_send(b, 1, false, false), -AKSU_EAGAIN);
	BENCH_OK(bench_pump(b));
	b->t.x->cc.cwnd = 1000; /* cut: what is outstanding counts, or recovery would stand still */
	assert_int_equal(snd_buffer(&b->t), 2 * min_u32(100000, snd_outstanding(&b->t)));
	b->t.x->cc.cwnd = 1u << 30;
	assert_int_equal(snd_buffer(&b->t), 300000);
	bench_forget(b);
	aborts(b);
	bench_forget(b);
	done(b);
}

/* AKSU_TCP_NOTSENT_LOWAT: what is sent does not count, what waits does. */
static void no_more_than_the_mark_waits_unsent(void **state)
{
	struct bench *b = established_with("<mss 1000>", 10000);

	(void)state;
	b->conf.notsent_lowat = 3000;
	assert_true(tcp_ready(&b->t) & AKSU_WRITABLE);
	assert_int_equal(bench_send(b, 20000, false, false), 3000);
	assert_false(tcp_ready(&b->t) & AKSU_WRITABLE);
	assert_int_equal(bench_send(b, 20000, false, false), -AKSU_EAGAIN);
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	assert_true(tcp_ready(&b->t) & AKSU_WRITABLE);
	for (int k = 0; k < 20 && bench_send(b, 3000, false, false) > 0; k++)
		BENCH_OK(bench_pump(b));
	bench_forget(b);
	assert_int_equal(snd_outstanding(&b->t), 10000); /* the window is full */
	assert_in_range(snd_unsent(&b->t), 3000, 3999);  /* a whole segment is taken below it */
	rx(b, ". 1:1(0) ack 10001 win 10000");
	BENCH_OK(bench_pump(b));
	bench_forget(b);
	assert_true(tcp_ready(&b->t) & AKSU_WRITABLE);
	aborts(b);
	bench_forget(b);
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(half_a_buffer_in_a_round_trip_doubles_it),
	cmocka_unit_test(less_in_a_round_trip_does_not),
	cmocka_unit_test(a_reader_that_is_slow_is_given_no_more),
	cmocka_unit_test(what_was_chosen_stays),
	cmocka_unit_test(memory_that_is_short_takes_size_and_no_promise),
	cmocka_unit_test(the_send_buffer_holds_twice_what_is_in_flight),
	cmocka_unit_test(no_more_than_the_mark_waits_unsent),
};

RUN_EVERYWHERE(tests)
