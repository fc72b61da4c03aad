/* SPDX-License-Identifier: MIT */
/*
 * stack/mtu_test.c - links from 68 to 65535 octets, their queues, and what TCP makes of them.
 *
 * RFC 791 (68), RFC 8200 section 5 (1280), RFC 9293 sections 3.7.1 and 3.8.6; rows H2, MUST-16,
 * MUST-67, SHLD-14. A transfer goes on over each of them, with every option, loss and reordering.
 */
#include "support/stack_bench.h"

static struct stack_bench b;
static struct bench_packet got;

static const uint32_t mtus[] = {68, 69, 80, 100, 127, 128, 296, 552, 576, 1280, 1500, 9000, 65535};

static uint8_t text_of(uint32_t at) { return (uint8_t)(at * 7 + at / 251); }

/* Every eleventh frame is lost; none is larger than the link takes. */
static bool lossy_and_measured(struct stack_bench *bench, int from, const uint8_t *frame,
			       size_t len)
{
	const uint32_t *mtu = bench->ctx;

	(void)from;
	(void)frame;
	assert_true(len <= *mtu);
	return prng_below(&bench->prng, 11) == 0;
}

static uint32_t pump(aksu_socket c, uint32_t sent, uint32_t size)
{
	uint8_t out[1000];
	uint32_t n = (uint32_t)min_size(sizeof(out), size - sent);
	int64_t done;

	if (n == 0)
		return sent;
	for (uint32_t i = 0; i < n; i++)
		out[i] = text_of(sent + i);
	done = aksu_send(b.n[0].s, c, out, n, 0, b.now);
	return done > 0 ? sent + (uint32_t)done : sent;
}

static uint32_t drain(aksu_socket c, uint32_t at)
{
	uint8_t in[3000];
	int64_t n;

	while ((n = aksu_recv(b.n[0].s, c, in, sizeof(in), b.now)) > 0)
		for (int64_t i = 0; i < n; i++)
			assert_int_equal(in[i], text_of(at++));
	return at;
}

/* There and back, so that text carries SACK blocks of the other direction. */
static void echo(aksu_socket a)
{
	uint8_t in[3000];
	int64_t n = aksu_peek(b.n[1].s, a, in, sizeof(in)), done;

	done = n > 0 ? aksu_send(b.n[1].s, a, in, (size_t)n, 0, b.now) : 0;
	if (done > 0)
		assert_int_equal(aksu_recv(b.n[1].s, a, in, (size_t)done, b.now), done);
}

static void transfer(uint32_t mtu, bool v6)
{
	struct bench_options o = {.mtu = mtu};
	uint32_t size = mtu < 200 ? 6000 : 60000 + 2 * mtu, sent = 0, back = 0;
	aksu_socket l, c, a;

	bench_start(&b, 2, &o);
	b.ctx = &mtu;
	l = bench_listen(&b, 1, 7, 2);
	c = bench_connect(&b, 0, v6 ? &b.n[1].v6 : &b.n[1].v4, 7);
	bench_shuttle(&b);
	assert_int_equal(aksu_accept(b.n[1].s, l, &a), 0);
	b.lose = lossy_and_measured;
	for (int turns = 0; back < size; turns++) {
		sent = pump(c, sent, size);
		bench_pass(&b, 20 * AKSU_MILLISECOND);
		echo(a);
		back = drain(c, back);
		assert_true(turns < 200000);
	}
	aksu_abort(b.n[0].s, c, b.now);
	bench_end(&b);
}

static void h2_a_transfer_goes_on_over_every_mtu(void **state)
{
	(void)state;
	for (unsigned k = 0; k < COUNT_OF(mtus); k++) {
		transfer(mtus[k], false);
		if (mtus[k] >= 1280)
			transfer(mtus[k], true);
	}
}

/* ---------------------------------------------------------------- sizes, to the octet */

/* A client that has much to say to a peer with these options and this MSS; `got` is its first. */
static aksu_socket first_segment(uint32_t mtu, bool v6, uint8_t options, uint16_t mss)
{
	static uint8_t text[70000];
	struct bench_options o = {.mtu = mtu};
	struct aksu_addr to = bench_addr(v6 ? "fd00::9" : "10.0.0.9");
	struct bench_peer p;
	aksu_socket c;

	bench_start(&b, 1, &o);
	c = bench_connect(&b, 0, &to, 80);
	bench_take_tcp(&b, &got);
	assert_true(got.frame_len <= mtu);
	assert_int_equal(got.seg.opts.mss, mtu - (v6 ? 60 : 40)); /* MUST-67, SHLD-6 */
	p = bench_peer(v6 ? "fd00::9" : "10.0.0.9", 80, v6 ? &b.n[0].v6 : &b.n[0].v4,
		       got.seg.src_port);
	p.ack = seq_raw(got.seg.seq) + 1;
	p.options = options;
	p.mss = mss;
	p.window = 65535;
	p.wscale = 4;
	p.tsecr = ts_raw(got.seg.opts.tsval);
	bench_say(&b, &p, AKSU_SYN | AKSU_ACK, NULL);
	bench_hear(&b, &p, &got);
	assert_int_equal(aksu_send(b.n[0].s, c, text, sizeof(text), 0, b.now), sizeof(text));
	bench_hear(&b, &p, &got);
	assert_true(got.df);
	return c;
}

/* MUST-16: our link is obeyed to the octet, also below the MSS that we take from others. */
static void must_16_segments_fill_the_link_and_no_more(void **state)
{
	(void)state;
	for (unsigned k = 0; k < COUNT_OF(mtus); k++)
		for (int v6 = 0; v6 <= (mtus[k] >= 1280); v6++)
			for (int ts = 0; ts < 2; ts++) {
				(void)first_segment(mtus[k], v6,
						    (uint8_t)(AKSU_OPT_MSS | AKSU_OPT_WSCALE |
							      (ts ? AKSU_OPT_TS : 0)),
						    65535);
				assert_int_equal(got.frame_len, mtus[k]);
				bench_end(&b);
			}
}

/* H2: a peer that says 1 is given 48, on any link that takes it. */
static void h2_a_peer_cannot_push_us_below_48(void **state)
{
	(void)state;
	for (unsigned k = 0; k < COUNT_OF(mtus); k++) {
		uint32_t most = mtus[k] - 40;

		(void)first_segment(mtus[k], false, AKSU_OPT_MSS, 1);
		assert_int_equal(got.seg.text_len, most < 48 ? most : 48);
		bench_end(&b);
	}
}

/* RFC 8200 section 5: below 1280 there is no IPv6, and that is said. */
static void ipv6_is_refused_below_1280(void **state)
{
	struct bench_options o = {.mtu = 1279};
	struct aksu_addr a = bench_addr("fd00::1"), to = bench_addr("fd00::2");
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, &o);
	assert_int_equal(aksu_addr_add(b.n[0].s, b.n[0].link, &a, 64), -AKSU_EINVAL);
	c = aksu_socket_tcp(b.n[0].s);
	assert_int_equal(aksu_connect(b.n[0].s, c, &(struct aksu_endpoint){to, 80}, b.now),
			 -AKSU_ENETUNREACH);
	bench_end(&b);
}

/* ---------------------------------------------------------------- the device's queue */

enum { FRAMES = 40, MSS = 1460 };

static struct bench_options short_queue(uint32_t frames)
{
	return (struct bench_options){.queue = frames * 1500};
}

/* A peer that sends as much as it may, and never more: full segments, one at a time. */
struct sender {
	struct bench_peer p;
	aksu_socket a;
	uint32_t edge; /* the right edge that it was offered */
	uint8_t shift;
};

static void hear_all(struct sender *x, unsigned n)
{
	while (bench_take(&b, &got)) {
		for (unsigned k = 0; k < n; k++) {
			uint32_t edge;

			if (got.seg.dst_port != x[k].p.port || seg_has(&got.seg, AKSU_SYN))
				continue;
			edge = seq_raw(got.seg.ack) + ((uint32_t)got.seg.rawwnd << x[k].shift);
			assert_true((int32_t)(edge - x[k].edge) >= 0); /* SHLD-14 */
			x[k].edge = edge;
		}
	}
}

static void open_senders(struct sender *x, unsigned n, aksu_socket l)
{
	for (unsigned k = 0; k < n; k++) {
		x[k].p = bench_peer("10.0.0.9", (uint16_t)(1000 + k), &b.n[0].v4, 7);
		x[k].p.options = AKSU_OPT_MSS | AKSU_OPT_WSCALE;
		x[k].p.mss = MSS;
		bench_say(&b, &x[k].p, AKSU_SYN, NULL);
		bench_hear(&b, &x[k].p, &got);
		x[k].shift = got.seg.opts.wscale;
		x[k].edge = seq_raw(got.seg.ack) + got.seg.rawwnd;
		bench_say(&b, &x[k].p, AKSU_ACK, NULL);
		assert_int_equal(aksu_accept(b.n[0].s, l, &x[k].a), 0);
	}
}

/* One flight: all that each may send; then all of it is read. Returns octets. */
static uint32_t flight(struct sender *x, unsigned n)
{
	static char full[MSS + 1];
	static uint8_t in[1 << 16];
	uint32_t total = 0;

	memset(full, 'x', MSS);
	for (unsigned k = 0; k < n; k++)
		while (x[k].edge - x[k].p.seq >= MSS) {
			bench_say(&b, &x[k].p, AKSU_ACK, full);
			total += MSS;
		}
	for (unsigned k = 0; k < n; k++)
		while (aksu_recv(b.n[0].s, x[k].a, in, sizeof(in), b.now) > 0)
			;
	b.now += AKSU_MILLISECOND;
	aksu_advance(b.n[0].s, b.now);
	hear_all(x, n);
	return total;
}

/* SHLD-14: together they fill half of the queue, and nothing that was offered is taken back. */
static void windows_fit_the_queue(void **state)
{
	static struct sender x[64];
	static const unsigned counts[] = {1, 2, 5, 10, 64};

	(void)state;
	for (unsigned k = 0; k < COUNT_OF(counts); k++) {
		struct bench_options o = short_queue(FRAMES);
		unsigned n = counts[k];
		uint32_t octets = 0;
		aksu_socket l;

		o.config.receive_buffer = 1 << 17;
		bench_start(&b, 1, &o);
		l = bench_listen(&b, 0, 7, 100);
		open_senders(x, n, l);
		for (int round = 0; round < 50; round++)
			octets = flight(x, n);
		assert_true(octets <= max_u32(FRAMES / 2, 2 * n) * MSS);
		assert_true(octets >= (n < FRAMES / 4 ? FRAMES / 2 - n : n) * MSS);
		bench_end(&b);
	}
}

/* Whoever is left has all of it again, as soon as the others are silent. */
static void the_share_of_the_silent_goes_to_the_others(void **state)
{
	static struct sender x[10];
	struct bench_options o = short_queue(FRAMES);
	uint32_t octets = 0;
	aksu_socket l;

	(void)state;
	o.config.receive_buffer = 1 << 17;
	bench_start(&b, 1, &o);
	l = bench_listen(&b, 0, 7, 100);
	open_senders(x, 10, l);
	for (int round = 0; round < 50; round++)
		octets = flight(x, 1);
	assert_true(octets >= (FRAMES / 2 - 1) * MSS);
	for (int round = 0; round < 50; round++)
		octets = flight(x, 10);
	assert_true(octets <= FRAMES / 2 * MSS);
	b.now += AKSU_SECOND;
	for (int round = 0; round < 50; round++)
		octets = flight(x, 1);
	assert_true(octets >= (FRAMES / 2 - 1) * MSS);
	bench_end(&b);
}

/* However short the queue, two segments may come; without a known queue the buffer decides. */
static void the_shortest_queue_and_none(void **state)
{
	static struct sender x[1];
	struct bench_options o = short_queue(1);
	uint32_t octets = 0;
	aksu_socket l;

	(void)state;
	o.config.receive_buffer = 1 << 17;
	for (int none = 0; none < 2; none++) {
		bench_start(&b, 1, &o);
		l = bench_listen(&b, 0, 7, 100);
		open_senders(x, 1, l);
		for (int round = 0; round < 50; round++)
			octets = flight(x, 1);
		if (none)
			assert_in_range(octets, (1 << 16), 1 << 17);
		else
			assert_int_equal(octets, 2 * MSS);
		bench_end(&b);
		o.queue = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(h2_a_transfer_goes_on_over_every_mtu),
		cmocka_unit_test(must_16_segments_fill_the_link_and_no_more),
		cmocka_unit_test(h2_a_peer_cannot_push_us_below_48),
		cmocka_unit_test(ipv6_is_refused_below_1280),
		cmocka_unit_test(windows_fit_the_queue),
		cmocka_unit_test(the_share_of_the_silent_goes_to_the_others),
		cmocka_unit_test(the_shortest_queue_and_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
