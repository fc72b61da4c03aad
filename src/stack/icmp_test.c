/* SPDX-License-Identifier: MIT */
/*
 * stack/icmp_test.c - what routers, hosts and links say of our packets, and what is believed.
 *
 * RFC 9293 section 3.9.2.2 (MUST-54 to MUST-56), RFC 5461, RFC 5927, RFC 1191, RFC 8201; rows H3,
 * H5, H6, H11.
 */
#include "support/stack_bench.h"

static struct stack_bench b;
static struct bench_packet syn, got;

static struct aksu_addr router(bool v6) { return bench_addr(v6 ? "fd00::ff" : "10.0.0.254"); }

static const char *peer_addr(bool v6) { return v6 ? "fd00::9" : "10.0.0.9"; }

/* A client of ours, established with a peer that the test plays; `syn` is its SYN. */
static aksu_socket established(struct bench_peer *p, bool v6, uint8_t options)
{
	struct aksu_addr to = bench_addr(peer_addr(v6));
	aksu_socket c = bench_connect(&b, 0, &to, 80);

	bench_take_tcp(&b, &syn);
	*p = bench_peer(peer_addr(v6), 80, v6 ? &b.n[0].v6 : &b.n[0].v4, syn.seg.src_port);
	p->ack = seq_raw(syn.seg.seq) + 1;
	p->options = options;
	p->tsecr = ts_raw(syn.seg.opts.tsval);
	bench_say(&b, p, AKSU_SYN | AKSU_ACK, NULL);
	bench_hear(&b, p, &got);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED);
	return c;
}

struct row {
	enum icmp_kind kind;
	uint8_t code;
	int hard; /* the error that ends what is not yet open; 0: soft, never the end */
	int soft; /* what a soft one says */
};

static const struct row v4_rows[] = {
	{ICMP_UNREACHABLE, 0, 0, AKSU_ENETUNREACH},
	{ICMP_UNREACHABLE, 1, 0, AKSU_EHOSTUNREACH},
	{ICMP_UNREACHABLE, 2, AKSU_ECONNREFUSED, 0},
	{ICMP_UNREACHABLE, 3, AKSU_ECONNREFUSED, 0},
	{ICMP_UNREACHABLE, 5, 0, AKSU_EHOSTUNREACH},
	{ICMP_UNREACHABLE, 13, AKSU_EHOSTUNREACH, 0},
	{ICMP_TIME_EXCEEDED, 0, 0, AKSU_EHOSTUNREACH},
	{ICMP_TIME_EXCEEDED, 1, 0, AKSU_EHOSTUNREACH},
	{ICMP_PARAMETER_PROBLEM, 0, 0, AKSU_EPROTO},
};

static const struct row v6_rows[] = {
	{ICMP_UNREACHABLE, 0, 0, AKSU_ENETUNREACH},
	{ICMP_UNREACHABLE, 1, AKSU_EHOSTUNREACH, 0},
	{ICMP_UNREACHABLE, 3, 0, AKSU_EHOSTUNREACH},
	{ICMP_UNREACHABLE, 4, AKSU_ECONNREFUSED, 0},
	{ICMP_TIME_EXCEEDED, 0, 0, AKSU_EHOSTUNREACH},
	{ICMP_TIME_EXCEEDED, 1, 0, AKSU_EHOSTUNREACH},
};

static void before_it_is_open(const struct row *r, bool v6)
{
	struct aksu_addr from = router(v6), to = bench_addr(peer_addr(v6));
	aksu_socket c;

	bench_start(&b, 1, NULL);
	c = bench_connect(&b, 0, &to, 80);
	bench_take_tcp(&b, &syn);
	bench_give_error(&b, &from, &syn, r->kind, r->code, 0);
	assert_int_equal(bench_state(&b, 0, c), r->hard ? AKSU_STATE_CLOSED : AKSU_STATE_SYN_SENT);
	assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR), r->hard);
	if (r->hard) {
		assert_true(bench_news(&b, 0, c) & AKSU_ERROR);
		assert_int_equal(aksu_counters(b.n[0].s)->connections_failed, 1);
		assert_int_equal(aksu_send(b.n[0].s, c, "x", 1, 0, b.now), -r->hard);
		assert_int_equal(aksu_recv(b.n[0].s, c, &c, 1, b.now), -r->hard);
	} else {
		assert_true(bench_news(&b, 0, c) & AKSU_NOTICE); /* MUST-47 */
		assert_int_equal(bench_option(&b, 0, c, AKSU_SO_SOFT_ERROR), r->soft);
		assert_int_equal(bench_option(&b, 0, c, AKSU_SO_SOFT_ERROR), 0);
	}
	bench_end(&b);
}

static void once_it_is_open(const struct row *r, bool v6)
{
	struct aksu_addr from = router(v6);
	struct bench_peer p;
	aksu_socket c;

	bench_start(&b, 1, NULL);
	c = established(&p, v6, AKSU_OPT_MSS);
	(void)bench_news(&b, 0, c);
	assert_int_equal(aksu_send(b.n[0].s, c, "text", 4, 0, b.now), 4);
	bench_hear(&b, &p, &got);
	bench_give_error(&b, &from, &got, r->kind, r->code, 0);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED);
	assert_true(bench_news(&b, 0, c) & AKSU_NOTICE);
	assert_int_equal(bench_option(&b, 0, c, AKSU_SO_SOFT_ERROR), r->hard ? r->hard : r->soft);
	bench_say(&b, &p, AKSU_ACK, NULL);
	assert_int_equal(bench_option(&b, 0, c, AKSU_TCP_UNACKED), 0);
	bench_end(&b);
}

/* MUST-56, SHLD-26, H6: soft ones never end a connection; hard ones only what is not yet open. */
static void must_56_each_code(void **state)
{
	(void)state;
	for (unsigned k = 0; k < COUNT_OF(v4_rows); k++) {
		before_it_is_open(&v4_rows[k], false);
		once_it_is_open(&v4_rows[k], false);
	}
	for (unsigned k = 0; k < COUNT_OF(v6_rows); k++) {
		before_it_is_open(&v6_rows[k], true);
		once_it_is_open(&v6_rows[k], true);
	}
}

/* RFC 5927 section 4: a quotation of what is not in flight, or of another connection. */
static void h6_a_forged_quotation_is_ignored(void **state)
{
	struct aksu_addr from = router(false), to = bench_addr("10.0.0.9");
	struct bench_packet forged;
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	c = bench_connect(&b, 0, &to, 80);
	bench_take_tcp(&b, &syn);
	for (unsigned k = 0; k < 4; k++) {
		forged = syn;
		if (k == 0)
			forged.payload[4] ^= 0x40; /* SEQ */
		else if (k == 1)
			forged.payload[7] += 2;
		else if (k == 2)
			forged.payload[1] ^= 1; /* port */
		else
			forged.dst = bench_addr("10.0.0.10");
		bench_give_error(&b, &from, &forged, ICMP_UNREACHABLE, 3, 0);
		bench_give_error(&b, &from, &forged, ICMP_TOO_BIG, 4, 600);
		assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_SYN_SENT);
	}
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_ICMP_QUOTE), 8);
	assert_int_equal(bench_option(&b, 0, c, AKSU_SO_SOFT_ERROR), 0);
	bench_end(&b);
}

/* ---------------------------------------------------------------- path MTU */

static uint32_t info_mss(aksu_socket c)
{
	struct aksu_info info;

	assert_int_equal(aksu_info(b.n[0].s, c, &info), 0);
	return info.snd_mss;
}

static void too_big(bool v6, uint32_t mtu)
{
	struct aksu_addr from = router(v6);
	static uint8_t text[6000];
	struct bench_peer p;
	struct aksu_info before, after;
	uint32_t first, end = 0;
	aksu_socket c;

	bench_start(&b, 1, NULL);
	c = established(&p, v6, AKSU_OPT_MSS);
	assert_int_equal(aksu_send(b.n[0].s, c, text, sizeof(text), 0, b.now), sizeof(text));
	bench_take_tcp(&b, &got);
	first = seq_raw(got.seg.seq);
	assert_int_equal(got.frame_len, 1500);
	assert_true(got.df); /* H7 */
	syn = got;
	while (bench_take(&b, &got))
		end = seq_raw(seg_end(&got.seg));
	assert_int_equal(end - first, sizeof(text));
	assert_int_equal(aksu_info(b.n[0].s, c, &before), 0);
	bench_give_error(&b, &from, &syn, ICMP_TOO_BIG, v6 ? 0 : 4, mtu);
	/* At once, from the first octet on, in smaller pieces, and without a cut (H3). */
	bench_take_tcp(&b, &got);
	assert_int_equal(seq_raw(got.seg.seq), first);
	assert_int_equal(got.frame_len, mtu);
	while (bench_take(&b, &got))
		assert_true(got.frame_len <= mtu);
	assert_int_equal(aksu_info(b.n[0].s, c, &after), 0);
	assert_int_equal(after.snd_mss, mtu - (v6 ? 60 : 40));
	assert_int_equal(after.pmtu, mtu);
	assert_true(after.cwnd >= before.cwnd - (before.snd_mss - after.snd_mss));
	bench_end(&b);
}

static void h3_too_big_is_sent_again_at_once_in_smaller_pieces(void **state)
{
	(void)state;
	too_big(false, 1000);
	too_big(true, 1280);
}

/* The second connection to the same host is told by its own message, though nothing is new. */
static void h3_what_another_connection_learnt_counts_too(void **state)
{
	struct aksu_addr from = router(false);
	static uint8_t text[3000];
	struct bench_peer p, q;
	struct bench_packet first;
	aksu_socket c, d;

	(void)state;
	bench_start(&b, 1, NULL);
	c = established(&p, false, AKSU_OPT_MSS);
	d = established(&q, false, AKSU_OPT_MSS);
	aksu_send(b.n[0].s, c, text, sizeof(text), 0, b.now);
	bench_take_tcp(&b, &first);
	while (bench_take(&b, &got))
		;
	bench_give_error(&b, &from, &first, ICMP_TOO_BIG, 4, 1000);
	while (bench_take(&b, &got))
		;
	assert_int_equal(info_mss(c), 960);
	assert_int_equal(info_mss(d), 1460); /* it has nothing in flight */
	aksu_send(b.n[0].s, d, text, sizeof(text), 0, b.now);
	bench_take_tcp(&b, &first);
	while (bench_take(&b, &got))
		;
	bench_give_error(&b, &from, &first, ICMP_TOO_BIG, 4, 1000);
	assert_int_equal(info_mss(d), 960);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.frame_len, 1000);
	bench_end(&b);
}

/* H5: after ten minutes the path may be wide again, and is tried. */
static void h5_a_path_that_was_narrow_is_tried_again(void **state)
{
	struct aksu_addr from = router(false);
	static uint8_t text[1400];
	struct bench_peer p;
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	c = established(&p, false, AKSU_OPT_MSS);
	for (unsigned k = 0; k < 3; k++) {
		aksu_send(b.n[0].s, c, text, sizeof(text), 0, b.now);
		bench_take_tcp(&b, &got);
		assert_int_equal(got.frame_len, k == 1 ? 1000 : 1440);
		if (k == 0)
			bench_give_error(&b, &from, &got, ICMP_TOO_BIG, 4, 1000);
		while (bench_take(&b, &got))
			;
		p.ack += sizeof(text);
		bench_say(&b, &p, AKSU_ACK, NULL);
		assert_int_equal(bench_option(&b, 0, c, AKSU_TCP_UNACKED), 0);
		if (k == 1)
			bench_pass(&b, 601 * AKSU_SECOND);
		aksu_advance(b.n[0].s, b.now);
	}
	assert_int_equal(info_mss(c), 1460);
	bench_end(&b);
}

/* A path of 300 octets: not below the floor, but what does not fit may be cut on the way. */
static void below_the_floor_packets_may_be_cut(void **state)
{
	struct aksu_addr from = router(false);
	static uint8_t text[3000];
	struct bench_peer p;
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	c = established(&p, false, AKSU_OPT_MSS);
	aksu_send(b.n[0].s, c, text, sizeof(text), 0, b.now);
	bench_take_tcp(&b, &got);
	syn = got;
	while (bench_take(&b, &got))
		;
	bench_give_error(&b, &from, &syn, ICMP_TOO_BIG, 4, 300);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.frame_len, IP_PMTU_MIN_V4);
	assert_false(got.df);
	bench_end(&b);
}

/* The link's own MTU changes: connections over it follow, both ways. */
static void a_link_that_shrinks_takes_its_connections_along(void **state)
{
	static uint8_t text[4000];
	struct bench_peer p;
	uint32_t first;
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	c = established(&p, false, AKSU_OPT_MSS);
	aksu_send(b.n[0].s, c, text, sizeof(text), 0, b.now);
	bench_take_tcp(&b, &got);
	first = seq_raw(got.seg.seq);
	while (bench_take(&b, &got))
		;
	assert_int_equal(aksu_link_set_mtu(b.n[0].s, b.n[0].link, 800), 0);
	assert_int_equal(aksu_link_mtu(b.n[0].s, b.n[0].link), 800);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.frame_len, 800);
	assert_int_equal(seq_raw(got.seg.seq), first);
	while (bench_take(&b, &got))
		assert_true(got.frame_len <= 800);
	/* Wider: nothing is lost by that. */
	assert_int_equal(aksu_link_set_mtu(b.n[0].s, b.n[0].link, 1500), 0);
	bench_silent(&b);
	assert_int_equal(info_mss(c), 1460);
	assert_int_equal(aksu_link_set_mtu(b.n[0].s, b.n[0].link, 60), -AKSU_EINVAL);
	bench_end(&b);
}

/* ---------------------------------------------------------------- neighbours */

/* RFC 1122 2.4: nobody answers ARP, and the one who connects is told within seconds. */
static void a_silent_neighbour_is_host_unreachable(void **state)
{
	struct bench_options o = {.kind = AKSU_LINK_ETHERNET};

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct aksu_addr to = bench_addr(peer_addr(v6));
		aksu_socket c;
		aksu_time end;

		bench_start(&b, 1, &o);
		c = bench_connect(&b, 0, &to, 80);
		end = b.now + 10 * AKSU_SECOND;
		while (bench_state(&b, 0, c) == AKSU_STATE_SYN_SENT && b.now < end) {
			while (bench_take(&b, &got))
				assert_true(got.protocol == 255 || got.protocol == 58);
			b.now = aksu_deadline(b.n[0].s);
			aksu_advance(b.n[0].s, b.now);
		}
		assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR), AKSU_EHOSTUNREACH);
		assert_true(bench_drops(&b, 0, AKSU_DROP_NEIGHBOUR_FAILED) > 0);
		aksu_close(b.n[0].s, c, b.now);
		bench_end(&b);
	}
}

/* Two instances on an Ethernet wire find each other by ARP and by neighbour discovery. */
static void two_instances_meet_on_ethernet(void **state)
{
	struct bench_options o = {.kind = AKSU_LINK_ETHERNET};

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		aksu_socket l, c, a;
		uint8_t text[8];

		bench_start(&b, 2, &o);
		l = bench_listen(&b, 1, 7, 5);
		c = bench_connect(&b, 0, v6 ? &b.n[1].v6 : &b.n[1].v4, 7);
		bench_shuttle(&b);
		assert_int_equal(aksu_accept(b.n[1].s, l, &a), 0);
		aksu_send(b.n[0].s, c, "over", 4, 0, b.now);
		bench_shuttle(&b);
		assert_int_equal(aksu_recv(b.n[1].s, a, text, 8, b.now), 4);
		bench_pass(&b, 100 * AKSU_SECOND);
		aksu_send(b.n[1].s, a, "and back", 8, 0, b.now);
		bench_pass(&b, 10 * AKSU_SECOND);
		assert_int_equal(aksu_recv(b.n[0].s, c, text, 8, b.now), 8);
		aksu_close(b.n[0].s, c, b.now);
		bench_shuttle(&b);
		aksu_close(b.n[1].s, a, b.now);
		bench_pass(&b, 200 * AKSU_SECOND);
		assert_int_equal(b.n[0].s->flows.count, 0);
		assert_int_equal(b.n[1].s->flows.count, 1 - 1);
		bench_end(&b);
	}
}

/* A gateway is a neighbour; the host behind it is not asked for. */
static void what_is_far_goes_to_the_gateway(void **state)
{
	struct bench_options o = {.kind = AKSU_LINK_ETHERNET};
	struct aksu_addr any, gateway, far;
	aksu_socket c;

	(void)state;
	bench_start(&b, 2, &o);
	any = bench_addr("0.0.0.0");
	gateway = b.n[1].v4;
	far = bench_addr("192.0.2.1");
	assert_int_equal(aksu_route_add(b.n[0].s, b.n[0].link, &any, 0, &gateway), 0);
	assert_int_equal(aksu_addr_add(b.n[1].s, b.n[1].link, &far, 32), 0);
	bench_listen(&b, 1, 7, 5);
	c = bench_connect(&b, 0, &far, 7);
	bench_shuttle(&b);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(must_56_each_code),
		cmocka_unit_test(h6_a_forged_quotation_is_ignored),
		cmocka_unit_test(h3_too_big_is_sent_again_at_once_in_smaller_pieces),
		cmocka_unit_test(h3_what_another_connection_learnt_counts_too),
		cmocka_unit_test(h5_a_path_that_was_narrow_is_tried_again),
		cmocka_unit_test(below_the_floor_packets_may_be_cut),
		cmocka_unit_test(a_link_that_shrinks_takes_its_connections_along),
		cmocka_unit_test(a_silent_neighbour_is_host_unreachable),
		cmocka_unit_test(two_instances_meet_on_ethernet),
		cmocka_unit_test(what_is_far_goes_to_the_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
