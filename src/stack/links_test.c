/* SPDX-License-Identifier: MIT */
/*
 * stack/links_test.c - links, addresses and routes that change, go and come while connections live.
 *
 * Two hosts and a wire; what a connection must survive, what it must learn, and that nothing which
 * was there before a change (a neighbour, a number, a frame on its way) is believed after it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "base/bytes.h"
#include "stack/stack.h"
#include "support/stack_bench.h"

#include <cmocka.h>

static struct stack_bench b;

struct pair {
	aksu_socket listener, c[2];
};

static void open_pair(struct pair *p, const struct aksu_addr *to)
{
	p->listener = bench_listen(&b, 1, 7, 4);
	p->c[0] = bench_connect(&b, 0, to, 7);
	bench_shuttle(&b);
	assert_int_equal(aksu_accept(b.n[1].s, p->listener, &p->c[1]), 0);
}

/* n octets from `from`, who may need a timer for it; true: all of them arrived. */
static bool says(struct pair *p, int from, uint32_t n, aksu_time within)
{
	static uint8_t data[20000], got[20000];
	aksu_time end = b.now + within;
	uint32_t received = 0;

	assert_int_equal(aksu_send(b.n[from].s, p->c[from], data, n, 0, b.now), n);
	for (;;) {
		int64_t k;

		bench_shuttle(&b);
		k = aksu_recv(b.n[!from].s, p->c[!from], got, sizeof(got), b.now);
		received += k > 0 ? (uint32_t)k : 0;
		if (received == n || b.now >= end)
			return received == n;
		bench_pass(&b, 100 * AKSU_MILLISECOND);
	}
}

static struct aksu_link_config config_of(enum aksu_link_kind kind, uint32_t mtu, uint8_t mac)
{
	return (struct aksu_link_config){.size = sizeof(struct aksu_link_config),
					 .kind = kind,
					 .mtu = mtu,
					 .mac = {2, 0, 0, 0, 0, mac}};
}

/* Counts the announcements among the frames that leave: gratuitous ARP, advertisements to all. */
static bool count_announcements(struct stack_bench *bench, int from, const uint8_t *frame,
				size_t len)
{
	unsigned *count = bench->ctx;

	(void)from;
	if (len >= 42 && frame[12] == 8 && frame[13] == 6 && memcmp(frame + 28, frame + 38, 4) == 0)
		++*count;
	if (len >= 78 && frame[12] == 0x86 && frame[0] == 0x33 && frame[54] == 136)
		++*count;
	return false;
}

/* ------------------------------------------------------------------ a link that changes */

static void a_link_with_another_mac_is_announced_and_goes_on(void **state)
{
	struct bench_options o = {.kind = AKSU_LINK_ETHERNET};
	struct aksu_link_config changed = config_of(AKSU_LINK_ETHERNET, 1500, 77);
	unsigned announced = 0;
	struct pair p;

	(void)state;
	bench_start(&b, 2, &o);
	open_pair(&p, &b.n[1].v4);
	assert_true(says(&p, 0, 5000, 0));
	b.lose = count_announcements;
	b.ctx = &announced;
	assert_int_equal(aksu_link_change(b.n[0].s, b.n[0].link, &changed, b.now), 0);
	bench_shuttle(&b);
	assert_int_equal(announced, 2);    /* IPv4 and IPv6 */
	assert_true(says(&p, 1, 5000, 0)); /* to the new MAC: the peer believed it */
	assert_true(says(&p, 0, 5000, 0)); /* the neighbour was asked again */
	bench_end(&b);
}

static void a_link_with_another_mtu_resends_smaller(void **state)
{
	struct aksu_link_config changed = config_of(AKSU_LINK_IP, 600, 0);
	struct aksu_info info;
	struct pair p;

	(void)state;
	bench_start(&b, 2, NULL);
	open_pair(&p, &b.n[1].v4);
	assert_int_equal(aksu_link_change(b.n[0].s, b.n[0].link, &changed, b.now), 0);
	assert_int_equal(aksu_link_mtu(b.n[0].s, b.n[0].link), 600);
	assert_true(says(&p, 0, 5000, 0));
	assert_int_equal(aksu_info(b.n[0].s, p.c[0], &info), 0);
	assert_true(info.snd_mss <= 560);
	changed.mtu = 9000;
	assert_int_equal(aksu_link_change(b.n[0].s, b.n[0].link, &changed, b.now), 0);
	assert_true(says(&p, 0, 5000, 0));
	bench_end(&b);
}

static void a_change_that_makes_no_sense_changes_nothing(void **state)
{
	struct aksu_link_config other = config_of(AKSU_LINK_ETHERNET, 1400, 1);
	struct aksu_link_config narrow = config_of(AKSU_LINK_IP, 60, 0);
	struct bench_options o = {.kind = AKSU_LINK_ETHERNET};
	struct aksu *s;

	(void)state;
	bench_start(&b, 2, NULL);
	s = b.n[0].s;
	assert_int_equal(aksu_link_change(s, b.n[0].link, &other, b.now), -AKSU_EINVAL);
	assert_int_equal(aksu_link_change(s, b.n[0].link, &narrow, b.now), -AKSU_EINVAL);
	assert_int_equal(aksu_link_change(s, 99, &other, b.now), -AKSU_ENOENT);
	assert_int_equal(aksu_link_mtu(s, b.n[0].link), 1500);
	bench_end(&b);
	bench_start(&b, 2, &o);
	other.mac[0] = 1; /* a group is no station */
	assert_int_equal(aksu_link_change(b.n[0].s, b.n[0].link, &other, b.now), -AKSU_EINVAL);
	assert_int_equal(aksu_link_mtu(b.n[0].s, b.n[0].link), 1500);
	bench_end(&b);
}

static bool lose_all(struct stack_bench *bench, int from, const uint8_t *frame, size_t len)
{
	(void)bench, (void)from, (void)frame, (void)len;
	return true;
}

/* A minute of backing off, and then the same link again: not another half minute of waiting. */
static void a_link_that_is_back_is_tried_at_once(void **state)
{
	struct aksu_link_config same = config_of(AKSU_LINK_IP, 1500, 0);
	struct pair p;

	(void)state;
	bench_start(&b, 2, NULL);
	open_pair(&p, &b.n[1].v4);
	b.lose = lose_all;
	assert_false(says(&p, 0, 500, 60 * AKSU_SECOND));
	b.lose = NULL;
	assert_true(aksu_deadline(b.n[0].s) > b.now);
	assert_int_equal(aksu_link_change(b.n[0].s, b.n[0].link, &same, b.now), 0);
	aksu_advance(b.n[0].s, b.now);
	bench_shuttle(&b);
	assert_int_equal(bench_option(&b, 1, p.c[1], AKSU_TCP_UNREAD), 500);
	bench_end(&b);
}

/* ------------------------------------------------------------------ a link that goes */

/* Moves the address of node 0 to a new link; its number. */
static int move_home(struct stack_bench *bench)
{
	struct aksu_link_config config = config_of(AKSU_LINK_IP, 1500, 0);
	struct bench_node *n = &bench->n[0];
	int link = aksu_link_add(n->s, &config, bench->now);

	assert_true(link >= 0);
	assert_int_equal(aksu_addr_add(n->s, link, &n->v4, 24), 0);
	n->link = link;
	return link;
}

static void must_56_connections_outlive_their_link(void **state)
{
	struct pair p;
	int old;

	(void)state;
	bench_start(&b, 2, NULL);
	open_pair(&p, &b.n[1].v4);
	old = b.n[0].link;
	assert_int_equal(aksu_link_remove(b.n[0].s, old), 0);
	assert_true(bench_news(&b, 0, p.c[0]) & AKSU_NOTICE);
	assert_int_equal(bench_option(&b, 0, p.c[0], AKSU_SO_SOFT_ERROR), AKSU_EADDRNOTAVAIL);
	assert_false(says(&p, 0, 3000, 5 * AKSU_SECOND));
	assert_int_equal(bench_state(&b, 0, p.c[0]), AKSU_STATE_ESTABLISHED);
	assert_true(bench_drops(&b, 0, AKSU_DROP_NO_ROUTE) > 0);
	assert_int_not_equal(move_home(&b), old);
	aksu_advance(b.n[0].s, b.now);
	bench_shuttle(&b);
	bench_pass(&b, 10 * AKSU_SECOND);
	assert_int_equal(bench_option(&b, 1, p.c[1], AKSU_TCP_UNREAD), 3000);
	bench_end(&b);
}

/* R2 counts also what could not leave (RFC 9293 3.8.3): nothing hangs for ever. */
static void must_20_without_a_link_r2_still_ends_it(void **state)
{
	struct pair p;

	(void)state;
	bench_start(&b, 2, NULL);
	open_pair(&p, &b.n[1].v4);
	assert_int_equal(aksu_link_remove(b.n[0].s, b.n[0].link), 0);
	assert_int_equal(aksu_send(b.n[0].s, p.c[0], "x", 1, 0, b.now), 1);
	bench_pass(&b, 299 * AKSU_SECOND);
	assert_int_equal(bench_state(&b, 0, p.c[0]), AKSU_STATE_ESTABLISHED);
	bench_pass(&b, 2 * AKSU_SECOND);
	assert_int_equal(bench_state(&b, 0, p.c[0]), AKSU_STATE_CLOSED);
	assert_int_equal(bench_option(&b, 0, p.c[0], AKSU_SO_ERROR), AKSU_ETIMEDOUT);
	bench_end(&b);
}

static void a_removed_links_frames_and_number_rest(void **state)
{
	struct aksu_link_config config = config_of(AKSU_LINK_IP, 1500, 0);
	uint8_t octets[40] = {0x45};
	struct aksu_rx rx = {.data = octets, .len = sizeof(octets)};
	int old, link = -1;

	(void)state;
	bench_start(&b, 1, NULL);
	old = b.n[0].link;
	for (int i = 0; i < LINKS_MAX - 1; i++) {
		if (link >= 0)
			assert_int_equal(aksu_link_remove(b.n[0].s, link), 0);
		link = aksu_link_add(b.n[0].s, &config, b.now);
		assert_int_equal(link, old + 1 + i); /* each only once */
	}
	assert_int_equal(aksu_link_remove(b.n[0].s, link), 0);
	rx.link = (uint16_t)link;
	assert_int_equal(aksu_input(b.n[0].s, &rx, 1, b.now), 0);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_FRAME_LINK), 1);
	assert_int_equal(aksu_link_add(b.n[0].s, &config, b.now), old + 1);
	bench_end(&b);
}

/* ------------------------------------------------------------------ an address that goes */

static void must_45_an_address_that_goes_and_comes_back(void **state)
{
	struct aksu_addr other = bench_addr("10.0.0.9");
	struct pair p;
	size_t frames;

	(void)state;
	bench_start(&b, 2, NULL);
	open_pair(&p, &b.n[1].v4);
	assert_int_equal(aksu_addr_remove(b.n[0].s, b.n[0].link, &b.n[0].v4), 0);
	assert_int_equal(aksu_addr_add(b.n[0].s, b.n[0].link, &other, 24), 0);
	frames = b.frames;
	assert_false(says(&p, 0, 3000, 20 * AKSU_SECOND));
	assert_int_equal(b.frames, frames); /* nothing leaves from an address that is not ours */
	assert_int_equal(bench_option(&b, 0, p.c[0], AKSU_SO_SOFT_ERROR), AKSU_EADDRNOTAVAIL);
	assert_int_equal(aksu_addr_add(b.n[0].s, b.n[0].link, &b.n[0].v4, 24), 0);
	aksu_advance(b.n[0].s, b.now);
	bench_shuttle(&b);
	assert_true(b.frames > frames);
	bench_pass(&b, 5 * AKSU_SECOND);
	assert_int_equal(bench_option(&b, 1, p.c[1], AKSU_TCP_UNREAD), 3000);
	bench_end(&b);
}

static void a_route_that_goes_and_comes_back(void **state)
{
	struct aksu_addr far = bench_addr("192.0.2.1"), any = aksu_addr_v4(0, 0, 0, 0);
	struct pair p;

	(void)state;
	bench_start(&b, 2, NULL);
	assert_int_equal(aksu_addr_add(b.n[1].s, b.n[1].link, &far, 32), 0);
	assert_int_equal(aksu_route_add(b.n[0].s, b.n[0].link, &any, 0, &b.n[1].v4), 0);
	open_pair(&p, &far);
	assert_int_equal(aksu_route_remove(b.n[0].s, b.n[0].link, &any, 0), 0);
	assert_int_equal(bench_option(&b, 0, p.c[0], AKSU_SO_SOFT_ERROR), AKSU_ENETUNREACH);
	assert_false(says(&p, 0, 3000, 20 * AKSU_SECOND));
	assert_int_equal(aksu_route_add(b.n[0].s, b.n[0].link, &any, 0, &b.n[1].v4), 0);
	aksu_advance(b.n[0].s, b.now);
	bench_shuttle(&b);
	bench_pass(&b, 5 * AKSU_SECOND);
	assert_int_equal(bench_option(&b, 1, p.c[1], AKSU_TCP_UNREAD), 3000);
	bench_end(&b);
}

static void a_listener_for_any_serves_a_new_address_at_once(void **state)
{
	struct aksu_addr four = bench_addr("10.0.0.77"), six = bench_addr("fd00::77");
	struct bench_options o = {.kind = AKSU_LINK_ETHERNET};
	aksu_socket listener, c;

	(void)state;
	bench_start(&b, 2, &o);
	listener = bench_listen(&b, 1, 7, 4);
	assert_int_equal(aksu_addr_add(b.n[1].s, b.n[1].link, &four, 24), 0);
	assert_int_equal(aksu_addr_add(b.n[1].s, b.n[1].link, &six, 64), 0);
	(void)bench_connect(&b, 0, &four, 7);
	bench_shuttle(&b);
	assert_int_equal(aksu_accept(b.n[1].s, listener, &c), 0);
	(void)bench_connect(&b, 0, &six, 7);
	bench_shuttle(&b);
	assert_int_equal(aksu_accept(b.n[1].s, listener, &c), 0);
	bench_end(&b);
}

/* ------------------------------------------------------------------ anything, in any order */

static void change_something(struct prng *r)
{
	struct bench_node *n = &b.n[0];
	struct aksu_link_config config = config_of(b.kind, 576 + prng_below(r, 9000), 1);

	switch (prng_below(r, 6)) {
	case 0: aksu_link_change(n->s, n->link, &config, b.now); break;
	case 1: aksu_link_set_mtu(n->s, n->link, 576 + prng_below(r, 2000)); break;
	case 2: aksu_addr_remove(n->s, n->link, &n->v4); break;
	case 3: aksu_addr_add(n->s, n->link, &n->v4, 24); break;
	case 4:
		aksu_link_remove(n->s, n->link);
		n->link = aksu_link_add(n->s, &config, b.now);
		assert_true(n->link >= 0);
		break;
	case 5: aksu_resume(n->s, b.now); break;
	default: break;
	}
}

/* Whatever changes meanwhile, the stream arrives in the end, and no memory is lost. */
static void one_world_of_changes(uint64_t seed, enum aksu_link_kind kind)
{
	struct bench_options o = {.kind = kind};
	struct prng r = prng_from(seed);
	uint32_t sent = 0, received = 0;
	struct pair p;

	bench_start(&b, 2, &o);
	open_pair(&p, &b.n[1].v4);
	for (unsigned i = 0; i < 100 || (received < sent && i < 1000); i++) {
		static uint8_t data[3000];
		int64_t n = 0;

		if (i < 100) {
			n = aksu_send(b.n[0].s, p.c[0], data, prng_below(&r, sizeof(data)), 0,
				      b.now);
			change_something(&r);
		} else if (i == 100) {
			aksu_addr_add(b.n[0].s, b.n[0].link, &b.n[0].v4, 24);
		}
		sent += n > 0 ? (uint32_t)n : 0;
		bench_pass(&b, prng_below(&r, 1000) * AKSU_MILLISECOND);
		while ((n = aksu_recv(b.n[1].s, p.c[1], data, sizeof(data), b.now)) > 0)
			received += (uint32_t)n;
	}
	assert_int_equal(received, sent);
	assert_int_equal(bench_state(&b, 0, p.c[0]), AKSU_STATE_ESTABLISHED);
	bench_end(&b);
}

static void no_change_breaks_a_stream(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		print_message("seed %llu\n", (unsigned long long)seed);
		one_world_of_changes(seed, seed % 2 ? AKSU_LINK_IP : AKSU_LINK_ETHERNET);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_with_another_mac_is_announced_and_goes_on),
		cmocka_unit_test(a_link_with_another_mtu_resends_smaller),
		cmocka_unit_test(a_change_that_makes_no_sense_changes_nothing),
		cmocka_unit_test(a_link_that_is_back_is_tried_at_once),
		cmocka_unit_test(must_56_connections_outlive_their_link),
		cmocka_unit_test(must_20_without_a_link_r2_still_ends_it),
		cmocka_unit_test(a_removed_links_frames_and_number_rest),
		cmocka_unit_test(must_45_an_address_that_goes_and_comes_back),
		cmocka_unit_test(a_route_that_goes_and_comes_back),
		cmocka_unit_test(a_listener_for_any_serves_a_new_address_at_once),
		cmocka_unit_test(no_change_breaks_a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
