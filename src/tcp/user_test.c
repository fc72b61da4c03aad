/* SPDX-License-Identifier: MIT */
/*
 * User calls: RFC 9293 section 3.10.1 to 3.10.6. What each answers in each state is in the matrix.
 */
#include "support/tcp_bench.h"

#include <aksu/socket.h>

/* I8: partial writes and EAGAIN; room comes back with the ACK. */
static void send_is_bounded_by_the_buffer(void **state)
{
	struct bench *b = established();

	(void)state;
	b->conf.sndbuf = 1000;
	assert_int_equal(bench_send(b, 1500, false, false), 1000);
	assert_int_equal(bench_send(b, 1, false, false), -AKSU_EAGAIN);
	assert_int_equal(bench_send(b, 0, false, false), 0);
	assert_false(tcp_ready(&b->t) & AKSU_WRITABLE);
	tx(b, "P. 1:1001(1000)");
	rx(b, ". 1:1(0) ack 501");
	assert_true(tcp_ready(&b->t) & AKSU_WRITABLE);
	assert_int_equal(bench_send(b, 1500, false, false), 500);
	done(b);
}

static void released(void *ctx, void *mem, size_t size)
{
	(void)mem;
	*(size_t *)ctx += size;
}

/* Lent memory comes back after the acknowledgement (D4). */
static void lent_memory_comes_back(void **state)
{
	struct bench *b = established();
	uint8_t text[2500];
	size_t back = 0;
	struct aksu_block *block;

	(void)state;
	for (uint32_t i = 0; i < sizeof(text); i++)
		text[i] = bench_octet(1 + i);
	block = block_lend(&b->env.mem, text, sizeof(text), released, &back);
	assert_int_equal(tcp_send_slice(&b->t, (struct slice){block, 0, 2500}, false, b->now), 0);
	b->books.queued = 2500;
	tx(b, ". 1:1001(1000)");
	tx(b, ". 1001:2001(1000)");
	tx(b, "P. 2001:2501(500)");
	rx(b, ". 1:1(0) ack 2001");
	assert_int_equal(back, 0);
	rx(b, ". 1:1(0) ack 2501");
	assert_int_equal(back, 2500);
	done(b);
}

/* Data queued before the connection is open goes when it is, and CLOSE waits behind it (G11). */
static void queued_in_SYN_SENT(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	sends(b, 1500);
	shuts(b);
	assert_int_equal(bench_send(b, 1, false, false), -AKSU_EPIPE);
	rx(b, "S. 0:0(0) ack 1 win 9000 <mss 1000>");
	is(b, TCP_FIN_WAIT_1);
	tx(b, ". 1:1001(1000) ack 1");
	tx(b, "FP. 1001:1501(500) ack 1");
	rx(b, ". 1:1(0) ack 1502");
	is(b, TCP_FIN_WAIT_2);
	done(b);
}

static void queued_in_SYN_RECEIVED(void **state)
{
	struct bench *b = in_state(TCP_SYN_RECEIVED);

	(void)state;
	sends(b, 10);
	shuts(b); /* something is queued: after ESTABLISHED */
	is(b, TCP_SYN_RECEIVED);
	quiet(b);
	rx(b, ". 1:1(0) ack 1");
	is(b, TCP_FIN_WAIT_1);
	tx(b, "FP. 1:11(10) ack 1");
	done(b);
	b = in_state(TCP_SYN_RECEIVED);
	shuts(b);
	is(b, TCP_FIN_WAIT_1);
	tx(b, "F. 1:1(0) ack 1");
	rx(b, ". 1:1(0) ack 1");
	rx(b, ". 1:1(0) ack 2");
	is(b, TCP_FIN_WAIT_2);
	done(b);
}

/* G5, U-8: half a close, for as long as it takes, both ways round. */
static void G5_half_close(void **state)
{
	struct bench *b = in_state(TCP_FIN_WAIT_2);

	(void)state;
	for (int i = 0; i < 20; i++) {
		char line[60];

		advance(b, seconds(10000));
		snprintf(line, sizeof(line), ". %d:%d(10) ack 2", 1 + 10 * i, 11 + 10 * i);
		rx(b, line);
		reads(b, 100, 10);
	}
	bench_forget(b);
	is(b, TCP_FIN_WAIT_2);
	done(b);
	b = in_state(TCP_CLOSE_WAIT);
	for (int i = 0; i < 20; i++) {
		char line[60];

		advance(b, seconds(10000));
		sends(b, 10);
		BENCH_OK(bench_pump(b));
		bench_forget(b);
		snprintf(line, sizeof(line), ". 2:2(0) ack %d", 11 + 10 * i);
		rx(b, line);
	}
	is(b, TCP_CLOSE_WAIT);
	done(b);
}

/* SHLD-3, G6: closed with nothing unread, then text comes. */
static void shld_3_text_for_nobody_is_reset(void **state)
{
	struct bench *b = in_state(TCP_FIN_WAIT_2);

	(void)state;
	closes(b);
	rx(b, ". 5:15(10) ack 2"); /* out of order, and still for nobody */
	is(b, TCP_CLOSED);
	tx(b, "R. 2:2(0) ack 1");
	done(b);
}

static void ready_says_what_can_be_done(void **state)
{
	struct bench *b = in_state(TCP_SYN_SENT);

	(void)state;
	assert_int_equal(tcp_ready(&b->t) & (AKSU_READABLE | AKSU_WRITABLE), 0);
	rx(b, "S. 0:0(0) ack 1 win 9000 <mss 1000>");
	assert_int_equal(tcp_ready(&b->t), AKSU_WRITABLE);
	rx(b, ". 1:11(10) ack 1");
	assert_int_equal(tcp_ready(&b->t), AKSU_WRITABLE | AKSU_READABLE);
	b->conf.rcvlowat = 11; /* U-20 */
	assert_int_equal(tcp_ready(&b->t), AKSU_WRITABLE);
	rx(b, "F. 11:11(0) ack 1");
	assert_int_equal(tcp_ready(&b->t), AKSU_WRITABLE | AKSU_READABLE | AKSU_RDHUP);
	shuts(b);
	assert_int_equal(tcp_ready(&b->t), AKSU_READABLE | AKSU_RDHUP | AKSU_HUP);
	aborts(b);
	assert_true(tcp_ready(&b->t) & AKSU_ERROR);
	done(b);
}

static void peek_takes_nothing(void **state)
{
	struct bench *b = established();
	uint8_t out[20];

	(void)state;
	rx(b, ". 1:11(10) ack 1");
	assert_int_equal(tcp_peek(&b->t, out, 20), 10);
	assert_int_equal(tcp_peek(&b->t, out, 3), 3);
	assert_int_equal(out[2], bench_octet(3));
	reads(b, 20, 10);
	assert_int_equal(tcp_peek(&b->t, out, 20), -AKSU_EAGAIN);
	done(b);
}

static void a_second_open_is_refused(void **state)
{
	struct bench *b = established();
	const struct tcp_open open = {.iss = seq_at(1), .path_mss = 1460, .default_mss = 536};

	(void)state;
	assert_int_equal(tcp_open(&b->t, &open, b->now), -AKSU_EISCONN);
	is(b, TCP_ESTABLISHED);
	done(b);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(send_is_bounded_by_the_buffer),
	cmocka_unit_test(lent_memory_comes_back),
	cmocka_unit_test(queued_in_SYN_SENT),
	cmocka_unit_test(queued_in_SYN_RECEIVED),
	cmocka_unit_test(G5_half_close),
	cmocka_unit_test(shld_3_text_for_nobody_is_reset),
	cmocka_unit_test(ready_says_what_can_be_done),
	cmocka_unit_test(peek_takes_nothing),
	cmocka_unit_test(a_second_open_is_refused),
};

RUN_EVERYWHERE(tests)
