/* SPDX-License-Identifier: MIT */
/*
 * stack/drops_test.c - drops that belong to no one room: frames and replies that have nowhere to
 * go, and packets that wait for a neighbour in vain.
 */
#include "support/stack_bench.h"

static struct stack_bench b;
static struct bench_packet got;

/* A driver that mixed up its links does no harm. */
static void a_frame_of_no_link(void **state)
{
	static const uint8_t frame[40] = {0x45};
	static const uint16_t links[] = {1, 255, 256, 65535};
	struct aksu_rx rx = {.data = frame, .len = sizeof(frame)};

	(void)state;
	bench_start(&b, 1, NULL);
	for (unsigned k = 0; k < COUNT_OF(links); k++) {
		rx.link = links[k];
		assert_int_equal(aksu_input(b.n[0].s, &rx, 1, b.now), 0);
		assert_int_equal(bench_drops(&b, 0, AKSU_DROP_FRAME_LINK), k + 1);
	}
	bench_end(&b);
}

/* RFC 1122 3.3.1: a reset, and the answer to a ping, for somebody whom no route leads to. */
static void an_answer_without_a_route(void **state)
{
	static const uint8_t ping[8] = {8, 0, 0xf7, 0xff};
	struct bench_peer p;

	(void)state;
	bench_start(&b, 1, NULL);
	p = bench_peer("192.0.2.1", 999, &b.n[0].v4, 7);
	bench_say(&b, &p, AKSU_SYN, NULL);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_NO_ROUTE), 1);
	bench_give_ip(&b, &p.addr, &b.n[0].v4, 1, ping, sizeof(ping));
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_NO_ROUTE), 2);
	bench_silent(&b);
	bench_end(&b);
}

/* RFC 1122 2.3.2.2: a few packets wait for a neighbour, the newest of them; not all there are. */
static void too_many_wait_for_a_neighbour(void **state)
{
	struct bench_options o = {.kind = AKSU_LINK_ETHERNET};
	struct aksu_endpoint to = {bench_addr("10.0.0.9"), 53};
	aksu_socket u;
	unsigned asked = 0;

	(void)state;
	bench_start(&b, 1, &o);
	u = aksu_socket_udp(b.n[0].s);
	for (int k = 0; k < 100; k++)
		assert_int_equal(aksu_sendto(b.n[0].s, u, "x", 1, &to, b.now), 1);
	while (bench_take(&b, &got)) {
		assert_true(got.protocol == 255 || got.protocol == 58); /* ARP, ND */
		asked++;
	}
	assert_true(asked >= 1);
	assert_in_range(bench_drops(&b, 0, AKSU_DROP_NEIGHBOUR_QUEUE), 80, 99);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_of_no_link),
		cmocka_unit_test(an_answer_without_a_route),
		cmocka_unit_test(too_many_wait_for_a_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
