/* SPDX-License-Identifier: MIT */
/*
 * stack/uncut_test.c - segments that the link is to cut (AKSU_LINK_TX_TSO): what they may hold,
 * how large they grow, and that every piece of them is a segment that TCP itself could have sent.
 */
#include "support/stack_bench.h"

#include "wire/checksum.h"

static struct stack_bench b;
static struct bench_packet got;
static uint8_t text[1 << 20];

/* A client of ours whose peer takes much: its window is scaled by 2^8. */
static aksu_socket established(struct bench_peer *p, const struct bench_options *o, uint16_t mss,
			       uint8_t options)
{
	struct aksu_addr to = bench_addr("10.0.0.9");
	aksu_socket c;

	bench_start(&b, 1, o);
	c = bench_connect(&b, 0, &to, 100);
	bench_take_tcp(&b, &got);
	*p = bench_peer("10.0.0.9", 100, &b.n[0].v4, got.seg.src_port);
	p->ack = seq_raw(got.seg.seq) + 1;
	p->mss = mss;
	p->wscale = 8;
	p->options |= options | AKSU_OPT_WSCALE;
	bench_say(&b, p, AKSU_SYN | AKSU_ACK, NULL);
	bench_hear(&b, p, &got);
	return c;
}

static const struct bench_options cutting = {.features = AKSU_LINK_TX_TSO,
					     .config = {.send_buffer = sizeof(text)}};

static void say_much(aksu_socket c, uint32_t n)
{
	assert_int_equal(aksu_send(b.n[0].s, c, text, n, 0, b.now), n);
}

/* Takes all that is sent now, which must be in order, and acknowledges it at once. */
static uint32_t flight(struct bench_peer *p, uint32_t *largest)
{
	uint32_t from = p->ack;

	*largest = 0;
	while (bench_take(&b, &got)) {
		assert_int_equal(seq_raw(got.seg.seq), p->ack);
		assert_true(got.partial);
		assert_true(got.frame_len <= 65535);
		p->ack += got.seg.text_len;
		*largest = max_u32(*largest, got.seg.text_len);
	}
	bench_say(&b, p, AKSU_ACK, NULL);
	return p->ack - from;
}

/* D14: one ACK for all that was sent at once doubles it, up to the largest packet of IP. */
static void a_batch_acknowledged_at_once_doubles(void **state)
{
	struct bench_peer p;
	uint32_t largest, last = 14600 / 2;
	aksu_socket c;

	(void)state;
	c = established(&p, &cutting, 1460, 0);
	say_much(c, 1000000);
	for (int round = 0; round < 4; round++) {
		uint32_t n = flight(&p, &largest);

		assert_int_equal(n, 2 * last);
		assert_int_equal(largest, min_u32(n, 65407 / 1460 * 1460));
		last = n;
	}
	/* An ACK for more than BATCH_MAX: slower, but it goes on. */
	assert_int_equal(flight(&p, &largest), (last + 65535) / 1460 * 1460);
	bench_end(&b);
}

/* The link puts FIN and PSH on the last piece only: they may ride in what is to be cut. */
static void fin_and_push_end_what_is_cut(void **state)
{
	struct bench_peer p;
	aksu_socket c;

	(void)state;
	c = established(&p, &cutting, 1460, 0);
	say_much(c, 5000);
	assert_int_equal(aksu_shutdown(b.n[0].s, c, b.now), 0);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.seg.text_len, 5000);
	assert_int_equal(got.mss, 1460);
	assert_int_equal(got.seg.flags, AKSU_ACK | AKSU_PSH | AKSU_FIN);
	bench_silent(&b);
	bench_end(&b);
}

/* MUST-62: the pointer counts from its segment: pieces would all say something else. */
static void must_62_urgent_text_is_cut_by_the_core(void **state)
{
	struct bench_peer p;
	aksu_socket c;

	(void)state;
	c = established(&p, &cutting, 1460, 0);
	assert_int_equal(aksu_send(b.n[0].s, c, text, 4000, AKSU_MSG_OOB, b.now), 4000);
	say_much(c, 4760);
	for (uint32_t at = 0; at < 4380; at += 1460) {
		bench_take_tcp(&b, &got);
		assert_int_equal(got.mss, 0);
		assert_int_equal(got.seg.text_len, 1460);
		if (at < 4000)
			assert_int_equal(got.seg.up, 4000 - at);
		p.ack += 1460;
	}
	bench_say(&b, &p, AKSU_ACK, NULL); /* beyond the mark: whole again */
	bench_take_tcp(&b, &got);
	assert_int_equal(got.seg.text_len, 4380);
	assert_int_equal(got.mss, 1460);
	bench_end(&b);
}

/* SHLD-27: where the pieces of a frame run out, no small segment is made in the middle. */
static void pieces_that_run_out_leave_whole_segments(void **state)
{
	struct bench_peer p;
	struct mem *mem;
	struct conn *c;
	aksu_socket h;

	(void)state;
	h = established(&p, &cutting, 1000, 0);
	c = conn_at(b.n[0].s, h.slot);
	mem = &b.n[0].s->env.mem;
	for (uint32_t at = 0; at < 30; at++) {
		struct slice s = {block_lend(mem, text + at * 666, 333, NULL, NULL), 0, 333};

		assert_int_equal(tcp_send_slice(&c->t, s, at < 29, b.n[0].s->now), 0);
	}
	conn_settle(b.n[0].s, h.slot);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.seg.text_len, AKSU_TX_PIECES * 333 / 1000 * 1000);
	assert_int_equal(got.mss, 1000);
	for (uint32_t i = 0; i < got.seg.text_len; i++)
		assert_int_equal(got.seg.text[i], text[i / 333 * 666 + i % 333]);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.seg.text_len, 30 * 333 - 5000);
	bench_end(&b);
}

/* MUST-16: with SACK blocks in its header a segment has room for less; each piece has them. */
static void must_16_options_count_in_every_piece(void **state)
{
	struct bench_peer p;
	aksu_socket c;

	(void)state;
	c = established(&p, &cutting, 1460, AKSU_OPT_SACK_OK);
	p.seq += 100;
	bench_say(&b, &p, AKSU_ACK, "out of order");
	bench_take_tcp(&b, &got);
	say_much(c, 14000);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.mss, 1460 - 12);
	assert_int_equal(got.seg.text_len, 14000);
	p.ack += 14000;
	bench_say(&b, &p, AKSU_ACK, NULL);
	assert_int_equal(aksu_send(b.n[0].s, c, text, 10000, AKSU_MSG_MORE, b.now), 10000);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.seg.text_len % (1460 - 12), 0);
	bench_end(&b);
}

/* However small the peer's segments: as many of them as a packet holds. */
static void small_segments_fill_the_packet(void **state)
{
	struct bench_peer p;
	uint32_t largest = 0;
	aksu_socket c;

	(void)state;
	c = established(&p, &cutting, 536, 0);
	say_much(c, 1000000);
	for (int round = 0; round < 6; round++)
		flight(&p, &largest);
	assert_int_equal(largest, 65407 / 536 * 536);
	bench_end(&b);
}

/* RFC 5681 3.1: what is sent again obeys the window, cut or not. */
static void what_is_sent_again_fits_the_window(void **state)
{
	struct bench_peer p;
	struct aksu_info info;
	uint32_t largest;
	aksu_socket c;

	(void)state;
	c = established(&p, &cutting, 1460, 0);
	say_much(c, 3 * 14600); /* nothing new is left (RFC 5682 2b) */
	flight(&p, &largest);
	while (bench_take(&b, &got)) {}
	b.now = aksu_deadline(b.n[0].s);
	aksu_advance(b.n[0].s, b.now);
	for (uint32_t window = 1460; window <= 4 * 1460; window *= 2) {
		bench_take_tcp(&b, &got);
		assert_int_equal(seq_raw(got.seg.seq), p.ack);
		assert_int_equal(got.seg.text_len, window);
		bench_silent(&b);
		p.ack += window;
		bench_say(&b, &p, AKSU_ACK, NULL);
	}
	assert_int_equal(aksu_info(b.n[0].s, c, &info), 0);
	assert_int_equal(info.retransmissions, 1 + 2 + 4); /* of the wire */
	bench_end(&b);
}

/* Octets are shared, not frames: who sends large ones has its turn as often as it is short. */
static void turns_are_counted_in_octets(void **state)
{
	enum { MANY = 3 };
	struct aksu_addr to = bench_addr("10.0.0.9");
	struct bench_peer p[MANY];
	uint32_t sent[MANY] = {0}, largest;
	aksu_socket c[MANY];

	(void)state;
	c[0] = established(&p[0], &cutting, 1460, 0);
	for (uint16_t k = 1; k < MANY; k++) {
		c[k] = bench_connect(&b, 0, &to, 100 + k);
		bench_take_tcp(&b, &got);
		p[k] = p[0];
		p[k].port = 100 + k;
		p[k].to_port = got.seg.src_port;
		p[k].ack = seq_raw(got.seg.seq) + 1;
		p[k].seq = 1000;
		bench_say(&b, &p[k], AKSU_SYN | AKSU_ACK, NULL);
		bench_hear(&b, &p[k], &got);
	}
	for (int k = 0; k < MANY; k++) {
		say_much(c[k], 219000);
		for (int round = 0; round < 4; round++) /* all of them may send much at once */
			flight(&p[k], &largest);
	}
	for (int k = 0; k < MANY; k++)
		say_much(c[k], 900000);
	for (int k = 0; k < 3 * MANY; k++) {
		bench_take_tcp(&b, &got);
		sent[got.seg.dst_port - 100] += got.seg.text_len;
	}
	for (int k = 0; k < MANY; k++)
		assert_in_range(sent[k], sent[0] - 65535, sent[0] + 65535);
	bench_end(&b);
}

/* A link that sums is not asked to for what is not TCP: it leaves whole, with its checksum. */
static void what_is_not_tcp_leaves_with_its_checksum(void **state)
{
	struct aksu_addr from = bench_addr("10.0.0.9");
	struct aksu_endpoint to = {from, 53};
	uint8_t echo[32] = {8}, datagram[20] = {0, 9, 0, 99, 0, 20};
	uint16_t sum;
	aksu_socket h;

	(void)state;
	bench_start(&b, 1, &cutting);
	sum = csum_finish(csum_of(echo, sizeof(echo)));
	echo[2] = (uint8_t)(sum >> 8), echo[3] = (uint8_t)sum;
	bench_give_ip(&b, &from, &b.n[0].v4, 1, echo, sizeof(echo)); /* answered */
	bench_give_ip(&b, &from, &b.n[0].v4, 17, datagram, 20);      /* unreachable */
	for (int k = 0; k < 2; k++) {
		assert_true(bench_take(&b, &got));
		assert_int_equal(got.protocol, 1);
		assert_int_equal(got.partial, 0);
		assert_int_equal(got.mss, 0);
		assert_true(csum_good(csum_of(got.payload, got.len)));
	}
	h = aksu_socket_udp(b.n[0].s);
	assert_int_equal(aksu_sendto(b.n[0].s, h, text, 4000, &to, b.now), 4000);
	for (int k = 0; k < 3; k++) { /* in fragments: no device could sum those */
		assert_true(bench_take(&b, &got));
		assert_int_equal(got.protocol, 17);
		assert_int_equal(got.partial, 0);
		assert_int_equal(got.mss, 0);
	}
	bench_silent(&b);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_acknowledged_at_once_doubles),
		cmocka_unit_test(fin_and_push_end_what_is_cut),
		cmocka_unit_test(must_62_urgent_text_is_cut_by_the_core),
		cmocka_unit_test(pieces_that_run_out_leave_whole_segments),
		cmocka_unit_test(must_16_options_count_in_every_piece),
		cmocka_unit_test(small_segments_fill_the_packet),
		cmocka_unit_test(what_is_sent_again_fits_the_window),
		cmocka_unit_test(turns_are_counted_in_octets),
		cmocka_unit_test(what_is_not_tcp_leaves_with_its_checksum),
	};

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + (i >> 8));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
