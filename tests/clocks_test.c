/* SPDX-License-Identifier: MIT */
/*
 * tests/clocks_test.c - D17: a process that was suspended, a clock that stands still or goes back,
 * connections that rest for weeks.
 *
 * What must hold: a jump makes no burst (each timer fires once at most), nothing waits for a moment
 * that has passed, nothing is lost but what the peer gave up, and counters of 16 and 32 bits that
 * came round in between mislead nobody.
 */
#include <aksu/socket.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stack/stack.h"
#include "support/memory.h"

#include <cmocka.h>

#define HOUR (3600 * AKSU_SECOND)
#define DAY  (24 * HOUR)

/* 2^32 ms: the clock of timestamps comes round (RFC 7323 5.4). */
#define ROUND_OF_MS ((aksu_time)4294967296u * AKSU_MILLISECOND)

struct pair {
	struct aksu *s[2];
	struct test_memory memory[2];
	struct aksu_addr addr[2];
	aksu_time now[2]; /* each host has its own clock */
	aksu_socket listener, c[2];
	bool cut; /* the wire takes everything and brings nothing */
	uint64_t frames[2];
};

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	(void)ctx;
	fail_msg("%s:%d: %s", file, line, what);
}

static void setup(struct pair *p, aksu_time start)
{
	*p = (struct pair){.now = {start, start}};
	for (unsigned k = 0; k < 2; k++) {
		struct aksu_link_config link = {sizeof(link), AKSU_LINK_IP, 1500, 0, 0, {0}, 0};
		struct aksu_config config = {
			.size = sizeof(config),
			.allocator = test_memory_allocator(&p->memory[k]),
			.entropy = {(uint8_t)k, 9},
			.panic = on_panic,
		};

		p->addr[k] = aksu_addr_v4(10, 0, 0, (uint8_t)(k + 1));
		p->s[k] = aksu_new(&config, start);
		assert_non_null(p->s[k]);
		assert_int_equal(aksu_link_add(p->s[k], &link, start), 0);
		assert_int_equal(aksu_addr_add(p->s[k], 0, &p->addr[k], 24), 0);
	}
}

static void done(struct pair *p)
{
	for (unsigned k = 0; k < 2; k++) {
		aksu_free(p->s[k]);
		assert_int_equal(p->memory[k].live, 0);
	}
}

static uint64_t carry(struct pair *p, unsigned k)
{
	static uint8_t data[2048];
	struct aksu_tx tx;
	uint64_t n = 0;

	for (; aksu_output(p->s[k], 0, &tx, 1, p->now[k]) == 1; n++) {
		struct aksu_rx rx = {.data = data};

		rx.len = (uint32_t)aksu_tx_copy(&tx, data, sizeof(data));
		aksu_tx_done(p->s[k], &tx, 1);
		if (!p->cut)
			aksu_input(p->s[!k], &rx, 1, p->now[!k]);
		assert_true(n < 1000); /* a burst without end */
	}
	p->frames[k] += n;
	return n;
}

static void shuttle(struct pair *p)
{
	uint64_t before = p->frames[0];

	while (carry(p, 0) + carry(p, 1) > 0) {
		assert_true(p->frames[0] - before < 100000); /* two hosts that talk for ever */
		assert_true(aksu_check(p->s[0]) && aksu_check(p->s[1]));
	}
}

/* One clock goes on by `d` at once, as a suspended process sees it. */
static void jump(struct pair *p, unsigned k, aksu_time d)
{
	p->now[k] += d;
	aksu_advance(p->s[k], p->now[k]);
	assert_true(aksu_check(p->s[k]));
	/* Nothing is left to do at a moment that has passed. */
	assert_true(aksu_deadline(p->s[k]) > p->now[k]);
}

/* Both clocks go on, from deadline to deadline. */
static void pass(struct pair *p, aksu_time d)
{
	aksu_time left = d;

	while (left > 0) {
		aksu_time step = left;

		for (unsigned k = 0; k < 2; k++)
			if (aksu_deadline(p->s[k]) < p->now[k] + step)
				step = aksu_deadline(p->s[k]) > p->now[k]
					       ? aksu_deadline(p->s[k]) - p->now[k]
					       : 1;
		left -= step;
		for (unsigned k = 0; k < 2; k++) {
			p->now[k] += step;
			aksu_advance(p->s[k], p->now[k]);
		}
		shuttle(p);
	}
}

static void open_pair(struct pair *p)
{
	p->listener = aksu_socket_tcp(p->s[1]);
	p->c[0] = aksu_socket_tcp(p->s[0]);
	assert_int_equal(aksu_bind(p->s[1], p->listener, &(struct aksu_endpoint){.port = 7}), 0);
	assert_int_equal(aksu_listen(p->s[1], p->listener, 4), 0);
	assert_int_equal(aksu_connect(p->s[0], p->c[0], &(struct aksu_endpoint){p->addr[1], 7},
				      p->now[0]),
			 0);
	shuttle(p);
	assert_int_equal(aksu_accept(p->s[1], p->listener, &p->c[1]), 0);
}

/* n octets from k to the other, without help of any timer but the delayed ACK. */
static void say(struct pair *p, unsigned k, uint32_t n)
{
	static uint8_t data[65536], got[65536];
	uint32_t received = 0;

	assert_int_equal(aksu_send(p->s[k], p->c[k], data, n, 0, p->now[k]), n);
	for (unsigned tries = 0; received < n; tries++) {
		int64_t r;

		shuttle(p);
		r = aksu_recv(p->s[!k], p->c[!k], got, sizeof(got), p->now[!k]);
		received += r > 0 ? (uint32_t)r : 0;
		if (r < 0)
			pass(p, AKSU_SECOND);
		assert_true(tries < 300);
	}
	pass(p, AKSU_SECOND);
}

static int64_t unread_of(struct pair *p, unsigned k)
{
	int64_t n = -1;

	assert_int_equal(aksu_get_option(p->s[k], p->c[k], AKSU_TCP_UNREAD, &n), 0);
	return n;
}

static enum aksu_state state_of(struct pair *p, unsigned k)
{
	struct aksu_info info;

	assert_int_equal(aksu_info(p->s[k], p->c[k], &info), 0);
	return (enum aksu_state)info.state;
}

/* ------------------------------------------------------------------ jumps */

static void D17_idle_for_weeks_and_then_data(void **state)
{
	static const aksu_time rests[] = {HOUR,     DAY,      24 * DAY,        25 * DAY,
					  49 * DAY, 50 * DAY, ROUND_OF_MS / 2, ROUND_OF_MS,
					  400 * DAY};
	struct pair p;

	(void)state;
	for (unsigned i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
		setup(&p, AKSU_SECOND);
		open_pair(&p);
		say(&p, 0, 5000);
		assert_int_equal(aksu_deadline(p.s[0]), AKSU_NEVER); /* nothing ticks */
		jump(&p, 0, rests[i]);
		jump(&p, 1, rests[i]);
		shuttle(&p);
		say(&p, 0, 5000); /* PAWS must not take it for an old duplicate (RFC 7323 5.5) */
		say(&p, 1, 5000);
		done(&p);
	}
}

static void D17_one_host_sleeps_with_data_in_flight(void **state)
{
	static const aksu_time sleeps[] = {AKSU_SECOND, 10 * AKSU_SECOND, 200 * AKSU_SECOND};
	static uint8_t data[30000];
	struct pair p;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned k = 0; k < 2; k++) {
			uint64_t before;

			setup(&p, AKSU_SECOND);
			open_pair(&p);
			p.cut = true;
			aksu_send(p.s[0], p.c[0], data, sizeof(data), 0, p.now[0]);
			shuttle(&p); /* all of it is lost */
			p.cut = false;
			before = p.frames[0];
			jump(&p, k, sleeps[i]);
			carry(&p, 0);
			assert_true(p.frames[0] - before <= 1); /* one time-out, one segment */
			say(&p, 0, 1000);
			done(&p);
		}
}

/* Longer than the user timeout: only what has been tried and tried may be given up. */
static void D17_a_long_sleep_gives_data_in_flight_another_try(void **state)
{
	static uint8_t data[3000];
	struct pair p;

	(void)state;
	setup(&p, AKSU_SECOND);
	open_pair(&p);
	p.cut = true;
	aksu_send(p.s[0], p.c[0], data, sizeof(data), 0, p.now[0]);
	shuttle(&p);
	jump(&p, 0, 10 * DAY);
	p.cut = false;
	shuttle(&p);
	pass(&p, 10 * AKSU_SECOND);
	say(&p, 0, 1000);
	done(&p);
}

/* Keep-alive probes that nobody sent are not unanswered (RFC 9293 3.8.4, MUST-29). */
static void D17_a_sleep_is_no_silence_of_the_peers(void **state)
{
	struct pair p;
	int options[] = {AKSU_TCP_KEEPIDLE, AKSU_TCP_KEEPINTVL, AKSU_TCP_KEEPCNT,
			 AKSU_SO_KEEPALIVE};
	int64_t values[] = {AKSU_SECOND, AKSU_SECOND, 3, 1};

	(void)state;
	setup(&p, AKSU_SECOND);
	open_pair(&p);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(aksu_set_option(p.s[0], p.c[0], options[i], values[i], p.now[0]),
				 0);
	for (unsigned i = 0; i < 10; i++) {
		jump(&p, 0, HOUR);
		shuttle(&p); /* one probe, answered */
		assert_int_equal(state_of(&p, 0), AKSU_STATE_ESTABLISHED);
	}
	pass(&p, 10 * AKSU_SECOND);
	assert_int_equal(state_of(&p, 0), AKSU_STATE_ESTABLISHED);
	say(&p, 0, 1000);
	/* And one that is gone is found out in the time of three probes. */
	p.cut = true;
	pass(&p, 5 * AKSU_SECOND);
	assert_int_equal(state_of(&p, 0), AKSU_STATE_CLOSED);
	done(&p);
}

/* The peer's clock of timestamps went on while ours was stopped, half way round and further. */
static void D17_timestamps_of_a_peer_that_did_not_sleep(void **state)
{
	static const aksu_time sleeps[] = {DAY, 26 * DAY, 49 * DAY, 60 * DAY};

	(void)state;
	for (unsigned i = 0; i < sizeof(sleeps) / sizeof(sleeps[0]); i++) {
		struct pair p;

		setup(&p, AKSU_SECOND);
		open_pair(&p);
		say(&p, 1, 1000);
		assert_int_equal(aksu_set_option(p.s[0], p.c[0], AKSU_SO_KEEPALIVE, 1, p.now[0]),
				 0);
		jump(&p, 1, sleeps[i]); /* idle: nothing is due there */
		jump(&p, 0, sleeps[i]); /* its keep-alive was due long ago */
		say(&p, 1, 1000);
		say(&p, 0, 1000);
		done(&p);
	}
}

static void D17_records_of_16_bits_survive_any_sleep(void **state)
{
	static const aksu_time sleeps[] = {
		1,   AKSU_SECOND, 65536 * 2 * AKSU_MILLISECOND, 65536 * 16 * AKSU_MILLISECOND, HOUR,
		DAY, 49 * DAY};
	struct pair p;

	(void)state;
	for (unsigned i = 0; i < sizeof(sleeps) / sizeof(sleeps[0]); i++) {
		aksu_socket half;

		setup(&p, AKSU_SECOND);
		open_pair(&p);
		/* A SYN record whose SYN-ACK is lost, and a TIME-WAIT record. */
		assert_int_equal(aksu_close(p.s[1], p.c[1], p.now[1]), 0);
		shuttle(&p);
		assert_int_equal(aksu_close(p.s[0], p.c[0], p.now[0]), 0);
		shuttle(&p);
		assert_int_equal(p.s[1]->timewaits.live, 1);
		half = aksu_socket_tcp(p.s[0]);
		aksu_connect(p.s[0], half, &(struct aksu_endpoint){p.addr[1], 7}, p.now[0]);
		carry(&p, 0);
		p.cut = true;
		carry(&p, 1);
		assert_int_equal(p.s[1]->syns.live, 1);
		aksu_abort(p.s[0], half, p.now[0]);
		carry(&p, 0);
		jump(&p, 1, sleeps[i]);
		carry(&p, 1);
		assert_int_equal(p.s[1]->timewaits.live,
				 1); /* the sleep does not count (MUST-13) */
		/* Both are gone in the time that they have left. */
		pass(&p, 130 * AKSU_SECOND);
		assert_int_equal(p.s[1]->syns.live, 0);
		assert_int_equal(p.s[1]->timewaits.live, 0);
		assert_int_equal(aksu_deadline(p.s[1]), AKSU_NEVER);
		done(&p);
	}
}

/* Idle for a month before the first record: its 16 bits count from now. */
static void D17_records_begin_right_after_a_long_rest(void **state)
{
	struct pair p;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		setup(&p, AKSU_SECOND);
		for (unsigned k = 0; k < 2; k++)
			p.now[k] += i * 7 * HOUR + i * 37 * AKSU_SECOND; /* no verb was called */
		open_pair(&p);
		say(&p, 0, 100);
		assert_int_equal(aksu_close(p.s[0], p.c[0], p.now[0]), 0);
		shuttle(&p);
		assert_int_equal(aksu_close(p.s[1], p.c[1], p.now[1]), 0);
		shuttle(&p);
		assert_int_equal(p.s[0]->timewaits.live, 1);
		pass(&p, 59 * AKSU_SECOND);
		assert_int_equal(p.s[0]->timewaits.live, 1); /* MUST-13: 2 MSL, not less */
		pass(&p, 2 * AKSU_SECOND);
		assert_int_equal(p.s[0]->timewaits.live, 0);
		done(&p);
	}
}

/* ------------------------------------------------------------------ clocks that stand still */

/* A driver with a coarse clock: many verbs at one moment, and then a step. */
static void D17_a_coarse_clock_is_enough(void **state)
{
	static uint8_t data[65536], got[65536];
	size_t sent = 0, received = 0, total = 500000;
	unsigned steps = 0;
	struct pair p;

	(void)state;
	setup(&p, AKSU_SECOND);
	open_pair(&p);
	while (received < total) {
		int64_t n = 0;

		if (sent < total)
			n = aksu_send(p.s[0], p.c[0], data,
				      total - sent < sizeof(data) ? total - sent : sizeof(data), 0,
				      p.now[0]);
		sent += n > 0 ? (size_t)n : 0;
		shuttle(&p);
		n = aksu_recv(p.s[1], p.c[1], got, sizeof(got), p.now[1]);
		received += n > 0 ? (size_t)n : 0;
		if (n > 0)
			continue;
		for (unsigned k = 0; k < 2; k++)
			jump(&p, k, 55 * AKSU_MILLISECOND);
		assert_true(++steps < 100);
	}
	done(&p);
}

/* A clock that goes back stands still until it is where it was; far back, it goes on from there. */
static void D17_a_clock_that_goes_back(void **state)
{
	static const aksu_time backs[] = {AKSU_MILLISECOND, 900 * AKSU_MILLISECOND, 5 * AKSU_SECOND,
					  10 * DAY};

	(void)state;
	for (unsigned i = 0; i < sizeof(backs) / sizeof(backs[0]); i++) {
		struct pair p;

		setup(&p, 10 * DAY);
		open_pair(&p);
		say(&p, 0, 5000);
		p.now[0] -= backs[i];
		say(&p, 0, 5000);
		say(&p, 1, 5000);
		assert_true(aksu_check(p.s[0]));
		p.cut = true;
		aksu_send(p.s[0], p.c[0], "x", 1, 0, p.now[0]);
		shuttle(&p);
		p.cut = false;
		pass(&p, 2 * AKSU_SECOND); /* not ten days */
		assert_int_equal(unread_of(&p, 1), 1);
		done(&p);
	}
}

/* ------------------------------------------------------------------ suspend and resume */

static void suspended_nothing_is_due_and_nothing_moves(void **state)
{
	static uint8_t data[3000];
	struct aksu_rx rx = {.data = data, .len = 40};
	struct pair p;

	(void)state;
	setup(&p, AKSU_SECOND);
	open_pair(&p);
	p.cut = true;
	aksu_send(p.s[0], p.c[0], data, sizeof(data), 0, p.now[0]);
	shuttle(&p);
	aksu_suspend(p.s[0], p.now[0]);
	assert_int_equal(aksu_deadline(p.s[0]), AKSU_NEVER);
	p.now[0] += DAY;
	aksu_advance(p.s[0], p.now[0]);
	assert_int_equal(aksu_input(p.s[0], &rx, 1, p.now[0]), 0);
	assert_int_equal(aksu_counters(p.s[0])->drops[AKSU_DROP_LINK_DOWN], 1);
	assert_int_equal(aksu_send(p.s[0], p.c[0], data, 100, 0, p.now[0]), 100);
	assert_false(aksu_wants_output(p.s[0], 0));
	assert_int_equal(carry(&p, 0), 0);
	p.now[0] += DAY;
	aksu_resume(p.s[0], p.now[0]);
	/* The timer has what it had left: nothing was lost in the time that was none. */
	assert_true(aksu_deadline(p.s[0]) > p.now[0]);
	assert_true(aksu_deadline(p.s[0]) <= p.now[0] + AKSU_SECOND);
	p.cut = false;
	shuttle(&p);
	pass(&p, 10 * AKSU_SECOND);
	assert_int_equal(unread_of(&p, 1), 3100);
	done(&p);
}

static void resumed_a_timer_that_backed_off_fires_at_once(void **state)
{
	struct pair p;

	(void)state;
	setup(&p, AKSU_SECOND);
	open_pair(&p);
	p.cut = true;
	aksu_send(p.s[0], p.c[0], "x", 1, 0, p.now[0]);
	pass(&p, 40 * AKSU_SECOND);
	assert_true(aksu_deadline(p.s[0]) > p.now[0] + 10 * AKSU_SECOND);
	aksu_suspend(p.s[0], p.now[0]);
	p.now[0] += HOUR;
	p.cut = false;
	aksu_resume(p.s[0], p.now[0]);
	assert_true(aksu_deadline(p.s[0]) <= p.now[0]);
	aksu_advance(p.s[0], p.now[0]);
	shuttle(&p);
	assert_int_equal(unread_of(&p, 1), 1);
	done(&p);
}

/* ------------------------------------------------------------------ any jumps at all */

/* Not of weeks: to the other host, whose clock did not jump, our timestamps would be old (PAWS). */
static aksu_time any_jump(struct prng *r)
{
	static const aksu_time scale[] = {AKSU_MILLISECOND, AKSU_SECOND, 60 * AKSU_SECOND, HOUR};

	return scale[prng_below(r, 4)] * (1 + prng_below(r, 10));
}

/* Sends, receives, loses, jumps forth and back; the stream arrives, whatever the clocks do. */
static void one_world_of_jumps(uint64_t seed)
{
	struct prng r = prng_from(seed);
	uint32_t sent = 0, received = 0;
	struct pair p;

	setup(&p, 400 * DAY);
	open_pair(&p);
	for (unsigned i = 0; i < 200 || received < sent; i++) {
		unsigned k = prng_below(&r, 2);
		uint8_t data[1000];
		int64_t n;

		assert_true(i < 2000);
		p.cut = i < 200 && prng_below(&r, 4) == 0;
		for (uint32_t at = 0; at < sizeof(data); at++)
			data[at] = (uint8_t)((sent + at) % 251);
		n = i < 200 ? aksu_send(p.s[0], p.c[0], data, sizeof(data), 0, p.now[0]) : 0;
		sent += n > 0 ? (uint32_t)n : 0;
		shuttle(&p);
		p.cut = false;
		if (prng_below(&r, 4) == 0 && i < 200)
			p.now[k] -= any_jump(&r);
		else if (i < 200)
			jump(&p, k, any_jump(&r));
		pass(&p, AKSU_SECOND * prng_below(&r, 3));
		n = aksu_recv(p.s[1], p.c[1], data, sizeof(data), p.now[1]);
		for (int64_t at = 0; at < n; at++)
			assert_int_equal(data[at], (received + (uint32_t)at) % 251);
		received += n > 0 ? (uint32_t)n : 0;
		assert_int_equal(state_of(&p, 0), AKSU_STATE_ESTABLISHED);
	}
	assert_int_equal(received, sent);
	done(&p);
}

static void D17_no_jump_breaks_a_stream(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		print_message("seed %llu\n", (unsigned long long)seed);
		one_world_of_jumps(seed);
	}
}

/* ------------------------------------------------------------------ keep-alive over days */

static void D17_keepalive_over_fifty_days(void **state)
{
	struct pair p;
	uint64_t before;

	(void)state;
	setup(&p, AKSU_SECOND);
	open_pair(&p);
	say(&p, 0, 100);
	assert_int_equal(aksu_set_option(p.s[0], p.c[0], AKSU_SO_KEEPALIVE, 1, p.now[0]), 0);
	before = p.frames[0];
	pass(&p, 50 * DAY);
	/* MUST-28: one each two hours, answered each time. */
	assert_in_range(p.frames[0] - before, 50 * 12 - 2, 50 * 12 + 2);
	assert_int_equal(state_of(&p, 0), AKSU_STATE_ESTABLISHED);
	say(&p, 1, 5000);
	pass(&p, 2 * 60 * AKSU_SECOND); /* the wheel is to forget when a second probe was due */
	/* A suspended process finds one probe due, not six hundred. */
	before = p.frames[0];
	jump(&p, 0, 50 * DAY);
	jump(&p, 1, 50 * DAY);
	carry(&p, 0);
	assert_int_equal(p.frames[0] - before, 1);
	shuttle(&p);
	say(&p, 0, 5000);
	/* The peer is gone for good: nine probes, 75 s apart, and the application learns of it. */
	p.cut = true;
	before = p.frames[0];
	pass(&p, 2 * HOUR + 12 * 60 * AKSU_SECOND);
	assert_int_equal(p.frames[0] - before, 9);
	assert_int_equal(state_of(&p, 0), AKSU_STATE_CLOSED);
	done(&p);
}

/* A zero window for a month: probes at most two minutes apart, and then the rest arrives. */
static void D17_a_window_shut_for_a_month(void **state)
{
	static uint8_t data[600000], got[65536];
	uint64_t before, sent, received = 0;
	struct pair p;
	int64_t n;

	(void)state;
	setup(&p, AKSU_SECOND);
	open_pair(&p);
	n = aksu_send(p.s[0], p.c[0], data, 262144, 0, p.now[0]);
	sent = (uint64_t)n;
	pass(&p, 10 * AKSU_SECOND);
	n = aksu_send(p.s[0], p.c[0], data, 200000, 0, p.now[0]);
	assert_true(n > 0);
	sent += (uint64_t)n;
	pass(&p, HOUR);
	before = p.frames[0];
	pass(&p, 30 * DAY);
	assert_in_range(p.frames[0] - before, 30 * 24 * 30 - 5, 30 * 24 * 30 + 5);
	assert_int_equal(state_of(&p, 0), AKSU_STATE_ESTABLISHED);
	while (received < sent) {
		n = aksu_recv(p.s[1], p.c[1], got, sizeof(got), p.now[1]);
		received += n > 0 ? (uint64_t)n : 0;
		shuttle(&p);
		if (n < 0)
			pass(&p, AKSU_SECOND);
	}
	done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D17_idle_for_weeks_and_then_data),
		cmocka_unit_test(D17_one_host_sleeps_with_data_in_flight),
		cmocka_unit_test(D17_a_long_sleep_gives_data_in_flight_another_try),
		cmocka_unit_test(D17_records_of_16_bits_survive_any_sleep),
		cmocka_unit_test(D17_records_begin_right_after_a_long_rest),
		cmocka_unit_test(D17_a_coarse_clock_is_enough),
		cmocka_unit_test(D17_a_clock_that_goes_back),
		cmocka_unit_test(D17_a_sleep_is_no_silence_of_the_peers),
		cmocka_unit_test(D17_timestamps_of_a_peer_that_did_not_sleep),
		cmocka_unit_test(suspended_nothing_is_due_and_nothing_moves),
		cmocka_unit_test(resumed_a_timer_that_backed_off_fires_at_once),
		cmocka_unit_test(D17_no_jump_breaks_a_stream),
		cmocka_unit_test(D17_keepalive_over_fifty_days),
		cmocka_unit_test(D17_a_window_shut_for_a_month),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
