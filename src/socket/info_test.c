/* SPDX-License-Identifier: MIT */
/*
 * socket/info_test.c - what STATUS says of listeners, records and connections, as `ss` shows it.
 *
 * RFC 9293 section 3.10.6. What it says of a connection that moves data stands in socket_test.c.
 */
#include "support/stack_bench.h"

static struct stack_bench b;
static struct bench_packet got;

/* The one in this state; `remote` 0: any. */
static struct aksu_info one(uint8_t state, uint16_t remote)
{
	struct aksu_info info, found = {.state = AKSU_STATE_COUNT};
	uint64_t cursor = 0;

	while (aksu_next_info(b.n[0].s, &cursor, &info))
		if (info.state == state && (remote == 0 || info.remote.port == remote))
			found = info;
	assert_int_equal(found.state, state);
	return found;
}

static struct bench_peer client(uint16_t port)
{
	return bench_peer("10.0.0.9", port, &b.n[0].v4, 7);
}

static void advance(aksu_time d)
{
	b.now += d;
	aksu_advance(b.n[0].s, b.now);
}

/* As Linux: what waits for accept(), and how much may. */
static void a_listener_tells_its_queue(void **state)
{
	struct bench_peer p;
	struct aksu_info info;
	aksu_socket l, c;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	info = one(AKSU_STATE_LISTEN, 0);
	assert_int_equal(info.local.port, 7);
	assert_int_equal(info.remote.port, 0);
	assert_int_equal(info.receive_queue, 0);
	assert_int_equal(info.send_queue, 5);
	assert_true(info.next_timer == AKSU_NEVER);
	for (uint16_t k = 0; k < 2; k++) {
		p = client((uint16_t)(4000 + k));
		bench_shake(&b, &p);
	}
	assert_int_equal(one(AKSU_STATE_LISTEN, 0).receive_queue, 2);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_int_equal(one(AKSU_STATE_LISTEN, 0).receive_queue, 1);
	bench_end(&b);
}

static void a_half_open_record_tells_its_numbers_and_when_it_sends_again(void **state)
{
	struct bench_peer p;
	struct aksu_info info;
	aksu_time began;

	(void)state;
	bench_start(&b, 1, NULL);
	bench_listen(&b, 0, 7, 5);
	b.now += 90 * AKSU_SECOND;
	began = b.now;
	p = client(4000);
	p.options = AKSU_OPT_MSS | AKSU_OPT_WSCALE | AKSU_OPT_TS;
	bench_say(&b, &p, AKSU_SYN, NULL);
	assert_true(bench_take(&b, &got));
	info = one(AKSU_STATE_SYN_RECEIVED, 4000);
	assert_int_equal(info.iss, seq_raw(got.seg.seq));
	assert_int_equal(info.snd_nxt - info.iss, 1);
	assert_int_equal(info.rcv_nxt, seq_raw(got.seg.ack));
	assert_int_equal(info.irs + 1, info.rcv_nxt);
	assert_int_equal(info.in_flight, 1);
	assert_int_equal(info.options, AKSU_OPT_WSCALE | AKSU_OPT_TS);
	assert_int_equal(info.timer, AKSU_TIMER_RTX);
	assert_int_equal(info.rto_us, 1000000);
	assert_int_equal(info.retransmissions, 0);
	assert_in_range(info.next_timer, began + AKSU_SECOND, began + 1002 * AKSU_MILLISECOND);
	assert_in_range(info.state_since, began - AKSU_SECOND, began);
	for (unsigned k = 1; k < 3; k++)
		advance(aksu_deadline(b.n[0].s) - b.now);
	info = one(AKSU_STATE_SYN_RECEIVED, 4000);
	assert_int_equal(info.retransmissions, 2);
	assert_int_equal(info.rto_us, 4000000);
	/* it still began when it began */
	assert_in_range(info.state_since, began - AKSU_SECOND, began + 10 * AKSU_MILLISECOND);
	bench_end(&b);
}

static void a_time_wait_record_tells_what_is_left_of_2msl(void **state)
{
	struct bench_peer p;
	struct aksu_info info;
	aksu_socket l, c;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	b.now += 90 * AKSU_SECOND;
	p = client(4000);
	bench_shake(&b, &p);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_int_equal(aksu_close(b.n[0].s, c, b.now), 0);
	assert_non_null(bench_hear(&b, &p, &got));
	bench_say(&b, &p, AKSU_FIN | AKSU_ACK, NULL);
	assert_non_null(bench_hear(&b, &p, &got));
	assert_int_equal(b.n[0].s->timewaits.live, 1);
	info = one(AKSU_STATE_TIME_WAIT, 4000);
	assert_int_equal(info.timer, AKSU_TIMER_LIFE);
	assert_in_range(info.next_timer, b.now + 60 * AKSU_SECOND, b.now + 61 * AKSU_SECOND);
	assert_in_range(info.state_since, b.now - 2 * AKSU_SECOND, b.now);
	assert_int_equal(info.snd_nxt, seq_raw(got.seg.seq));
	assert_int_equal(info.rcv_nxt, seq_raw(got.seg.ack));
	assert_int_equal(info.in_flight, 0);
	bench_end(&b);
}

static void a_connection_tells_since_when_and_what_ended_it(void **state)
{
	struct bench_peer p;
	struct aksu_info info;
	aksu_socket l, c;
	aksu_time opened;

	(void)state;
	bench_start(&b, 1, NULL);
	l = bench_listen(&b, 0, 7, 5);
	b.now += 90 * AKSU_SECOND;
	p = client(4000);
	bench_shake(&b, &p);
	opened = b.now / AKSU_SECOND * AKSU_SECOND;
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	assert_true(one(AKSU_STATE_ESTABLISHED, 4000).state_since == opened);
	advance(31 * AKSU_SECOND);
	assert_true(one(AKSU_STATE_ESTABLISHED, 4000).state_since == opened);
	bench_say(&b, &p, AKSU_FIN | AKSU_ACK, NULL);
	assert_true(one(AKSU_STATE_CLOSE_WAIT, 4000).state_since == opened + 31 * AKSU_SECOND);
	advance(9 * AKSU_SECOND);
	bench_say(&b, &p, AKSU_RST | AKSU_ACK, NULL);
	info = one(AKSU_STATE_CLOSED, 4000);
	assert_int_equal(info.error, AKSU_ECONNRESET);
	assert_true(info.state_since == opened + 40 * AKSU_SECOND);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_tells_its_queue),
		cmocka_unit_test(a_half_open_record_tells_its_numbers_and_when_it_sends_again),
		cmocka_unit_test(a_time_wait_record_tells_what_is_left_of_2msl),
		cmocka_unit_test(a_connection_tells_since_when_and_what_ended_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
