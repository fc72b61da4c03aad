/* SPDX-License-Identifier: MIT */
/*
 * stack/starved_test.c - whoever found no memory to send with is told when there is some (D7).
 */
#include "support/stack_bench.h"

static struct stack_bench b;
static struct bench_packet got;

enum { COUNT = 8 };

static struct bench_peer p[COUNT];
static aksu_socket c[COUNT];

/* Connections to a peer with a wide window, in a budget that their send buffers exceed. */
static void open_all(void)
{
	struct bench_options o = {
		.config = {.budget = 512 << 10, .send_buffer = 1 << 20},
	};
	struct aksu_addr to = bench_addr("10.0.0.9");

	bench_start(&b, 1, &o);
	for (unsigned k = 0; k < COUNT; k++) {
		c[k] = bench_connect(&b, 0, &to, (uint16_t)(80 + k));
		bench_take_tcp(&b, &got);
		p[k] = bench_peer("10.0.0.9", (uint16_t)(80 + k), &b.n[0].v4, got.seg.src_port);
		p[k].ack = seq_raw(got.seg.seq) + 1;
		bench_say(&b, &p[k], AKSU_SYN | AKSU_ACK, NULL);
		bench_hear(&b, &p[k], &got);
	}
}

/* The events that a socket was told of; 0: none. */
static uint32_t told[COUNT];

static void listen_to_news(void)
{
	struct aksu_ready ready;

	memset(told, 0, sizeof(told));
	while (aksu_next_ready(b.n[0].s, &ready))
		for (unsigned k = 0; k < COUNT; k++)
			if (aksu_socket_equal(ready.socket, c[k]))
				told[k] |= ready.events;
}

static void fill_memory(aksu_socket h)
{
	static const uint8_t text[4096];

	while (aksu_send(b.n[0].s, h, text, sizeof(text), 0, b.now) > 0)
		;
}

/* All have met the end of memory, and have been told nothing since. */
static void starve_all(void)
{
	open_all();
	fill_memory(c[0]);
	listen_to_news();
	for (unsigned k = 0; k < COUNT; k++) {
		assert_int_equal(aksu_send(b.n[0].s, c[k], "x", 1, 0, b.now), -AKSU_ENOMEM);
		assert_false(aksu_ready(b.n[0].s, c[k]) & AKSU_WRITABLE);
	}
	listen_to_news();
	for (unsigned k = 0; k < COUNT; k++)
		assert_int_equal(told[k], 0);
}

static void d7_whoever_found_no_memory_is_told_of_some(void **state)
{
	(void)state;
	starve_all();
	while (bench_take(&b, &got))
		p[0].ack = seq_raw(seg_end(&got.seg));
	bench_say(&b, &p[0], AKSU_ACK, NULL);
	assert_int_equal(aksu_deadline(b.n[0].s), b.now); /* at once */
	aksu_advance(b.n[0].s, b.now);
	listen_to_news();
	for (unsigned k = 0; k < COUNT; k++) {
		assert_true(told[k] & AKSU_WRITABLE);
		assert_int_equal(aksu_send(b.n[0].s, c[k], "x", 1, 0, b.now), 1);
	}
	assert_true(aksu_deadline(b.n[0].s) > b.now);
	bench_end(&b);
}

/* What one needs may be more than what there is: it is told to try again, and not at once. */
static void d7_it_is_tried_again_where_nothing_is_given_back(void **state)
{
	aksu_time end;
	unsigned wakes = 0;

	(void)state;
	starve_all();
	end = b.now + 600 * AKSU_MILLISECOND;
	while (b.now < end) {
		b.now = max_u64(b.now, aksu_deadline(b.n[0].s));
		aksu_advance(b.n[0].s, b.now);
		listen_to_news();
		for (unsigned k = 0; k < COUNT; k++)
			if (told[k] & AKSU_WRITABLE) {
				wakes++;
				fill_memory(c[k]);
			}
		while (bench_take(&b, &got))
			;
	}
	assert_in_range(wakes, COUNT, 12 * COUNT);
	bench_end(&b);
}

/* Nobody waits any more: nothing ticks. */
static void a_starved_one_that_ends_is_forgotten(void **state)
{
	(void)state;
	starve_all();
	for (unsigned k = 0; k < COUNT; k++) {
		if (k % 3 == 0)
			aksu_abort(b.n[0].s, c[k], b.now);
		else if (k % 3 == 1)
			bench_say(&b, &p[k], AKSU_RST, NULL);
		else
			aksu_close(b.n[0].s, c[k], b.now);
	}
	assert_int_equal(b.n[0].s->env.starved.count, 0);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(d7_whoever_found_no_memory_is_told_of_some),
		cmocka_unit_test(d7_it_is_tried_again_where_nothing_is_given_back),
		cmocka_unit_test(a_starved_one_that_ends_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
