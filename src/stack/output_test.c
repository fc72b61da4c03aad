/* SPDX-License-Identifier: MIT */
/*
 * stack/output_test.c - what aksu_output() hands out: in which order, whole or to be cut, summed or
 * not, and how long its payload lives; and what a poisoned instance says.
 */
#include "support/stack_bench.h"

#include "wire/checksum.h"

static struct stack_bench b;
static struct bench_packet got;

/* A client of ours, established with a peer that the test plays. */
static aksu_socket established(struct bench_peer *p, uint16_t port)
{
	struct aksu_addr to = bench_addr("10.0.0.9");
	aksu_socket c = bench_connect(&b, 0, &to, port);

	bench_take_tcp(&b, &got);
	*p = bench_peer("10.0.0.9", port, &b.n[0].v4, got.seg.src_port);
	p->ack = seq_raw(got.seg.seq) + 1;
	bench_say(&b, p, AKSU_SYN | AKSU_ACK, NULL);
	bench_hear(&b, p, &got);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED);
	return c;
}

static uint8_t text_of(uint32_t i) { return (uint8_t)(i * 7 + (i >> 8)); }

static void say_much(aksu_socket c, uint32_t n)
{
	static uint8_t text[1 << 20];

	for (uint32_t i = 0; i < n; i++)
		text[i] = text_of(i);
	assert_int_equal(aksu_send(b.n[0].s, c, text, n, 0, b.now), n);
}

/* Deficit round robin: nobody waits while another sends on and on. */
static void turns_are_fair(void **state)
{
	enum { MANY = 5 };
	struct bench_peer p[MANY];
	aksu_socket c[MANY];
	unsigned count[MANY] = {0};

	(void)state;
	bench_start(&b, 1, NULL);
	for (unsigned k = 0; k < MANY; k++)
		c[k] = established(&p[k], (uint16_t)(100 + k));
	for (unsigned k = 0; k < MANY; k++)
		say_much(c[k], 60000);
	/* Windows of ten segments each: the first round gives everyone the same. */
	for (unsigned k = 0; k < 10 * MANY; k++) {
		bench_take_tcp(&b, &got);
		count[got.seg.dst_port - 100]++;
	}
	for (unsigned k = 0; k < MANY; k++)
		assert_int_equal(count[k], 10);
	bench_end(&b);
}

/* A connection that is acknowledged all the time keeps its place in the line. */
static void being_acknowledged_costs_no_turn(void **state)
{
	enum { MANY = 6 };
	struct bench_peer p[MANY];
	aksu_socket c[MANY];
	bool seen = false;

	(void)state;
	bench_start(&b, 1, NULL);
	for (unsigned k = 0; k < MANY; k++)
		c[k] = established(&p[k], (uint16_t)(100 + k));
	for (unsigned k = 0; k < MANY; k++)
		say_much(c[k], 14600);
	for (unsigned k = 0; k < 40 && !seen; k++) {
		bench_say(&b, &p[1], AKSU_ACK, NULL); /* a duplicate: nothing but a touch */
		bench_take_tcp(&b, &got);
		seen = got.seg.dst_port == 101;
	}
	assert_true(seen);
	bench_end(&b);
}

/* Resets and SYN-ACKs go before bulk. */
static void short_words_go_first(void **state)
{
	struct bench_peer p, q;
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	c = established(&p, 100);
	say_much(c, 100000);
	bench_take_tcp(&b, &got);
	q = bench_peer("10.0.0.8", 5, &b.n[0].v4, 6);
	bench_say(&b, &q, AKSU_SYN, NULL);
	assert_true(seg_has(bench_hear(&b, &q, &got), AKSU_RST));
	bench_end(&b);
}

/* Payload is referenced until aksu_tx_done(), whatever becomes of the connection meanwhile. */
static void a_frame_outlives_its_connection(void **state)
{
	static uint8_t frame[2000];
	struct bench_peer p;
	struct aksu_tx tx[4];
	aksu_socket c;
	size_t n, len;

	(void)state;
	for (int how = 0; how < 3; how++) {
		bench_start(&b, 1, NULL);
		c = established(&p, 100);
		say_much(c, 5000);
		n = aksu_output(b.n[0].s, b.n[0].link, tx, 4, b.now);
		assert_int_equal(n, 4);
		if (how == 0) {
			aksu_abort(b.n[0].s, c, b.now);
		} else {
			p.ack += 4900;
			bench_say(&b, &p, how == 1 ? AKSU_RST : AKSU_ACK, NULL);
		}
		for (uint32_t k = 0, at = 0; k < n; k++) {
			len = aksu_tx_copy(&tx[k], frame, sizeof(frame));
			assert_int_equal(len, tx[k].len);
			for (size_t i = tx[k].head_len; i < len; i++)
				assert_int_equal(frame[i], text_of(at++));
		}
		aksu_tx_done(b.n[0].s, tx, n);
		aksu_tx_done(b.n[0].s, tx, n); /* twice does nothing */
		while (bench_take(&b, &got))
			;
		bench_end(&b);
	}
}

static void copying_needs_room(void **state)
{
	struct bench_peer p;
	struct aksu_tx tx;
	uint8_t frame[2000];
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	c = established(&p, 100);
	say_much(c, 100);
	assert_int_equal(aksu_output(b.n[0].s, b.n[0].link, &tx, 1, b.now), 1);
	assert_int_equal(tx.len, 140);
	assert_int_equal(aksu_tx_copy(&tx, frame, 139), 0);
	assert_int_equal(aksu_tx_copy(&tx, frame, 140), 140);
	aksu_tx_done(b.n[0].s, &tx, 1);
	bench_end(&b);
}

/* TX_CSUM: the field holds the pseudo-header's sum, and the device finishes it. */
static void a_partial_checksum_can_be_finished(void **state)
{
	static const enum aksu_link_kind kinds[] = {AKSU_LINK_IP, AKSU_LINK_ETHERNET};

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct bench_options o = {.kind = kinds[k], .features = AKSU_LINK_TX_CSUM};
		static uint8_t frame[2000];
		struct aksu_tx tx;
		unsigned seen = 0;
		aksu_socket c;

		bench_start(&b, 2, &o);
		bench_listen(&b, 1, 7, 2);
		c = bench_connect(&b, 0, &b.n[1].v4, 7);
		bench_shuttle(&b);
		assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED);
		say_much(c, 999);
		while (aksu_output(b.n[0].s, b.n[0].link, &tx, 1, b.now) == 1) {
			size_t len = aksu_tx_copy(&tx, frame, sizeof(frame)),
			       at = tx.csum_start + tx.csum_offset;
			uint16_t sum;

			if (tx.checksum == 0) {
				aksu_tx_done(b.n[0].s, &tx, 1);
				continue;
			}
			assert_int_equal(tx.csum_start, (k ? 14 : 0) + 20);
			assert_int_equal(tx.csum_offset, 16);
			sum = csum_finish(csum_of(frame + tx.csum_start, len - tx.csum_start));
			frame[at] = (uint8_t)(sum >> 8);
			frame[at + 1] = (uint8_t)sum;
			assert_true(csum_good(
				csum_add(csum_pseudo(&b.n[0].v4, &b.n[1].v4, 6,
						     (uint32_t)(len - tx.csum_start)),
					 csum_of(frame + tx.csum_start, len - tx.csum_start))));
			aksu_tx_done(b.n[0].s, &tx, 1);
			seen++;
		}
		assert_int_equal(seen, 1);
		bench_end(&b);
	}
}

/* TX_TSO: one frame stands for many segments; the ACK of a part of it leaves the rest. */
static void a_large_segment_is_the_links_to_cut(void **state)
{
	struct bench_options o = {.features = AKSU_LINK_TX_TSO, .tso_max = 30000};
	struct bench_peer p;
	struct aksu_info info;
	uint64_t segments;
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, &o);
	c = established(&p, 100);
	segments = aksu_counters(b.n[0].s)->segments_out;
	say_much(c, 14600);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.mss, 1460);
	assert_int_equal(got.seg.text_len, 14600);
	assert_int_equal(got.partial, 1);
	assert_int_equal(aksu_counters(b.n[0].s)->segments_out - segments, 10);
	bench_silent(&b);
	for (uint32_t i = 0; i < 14600; i++)
		assert_int_equal(got.payload[20 + i], text_of(i));
	p.ack += 1460 * 4;
	bench_say(&b, &p, AKSU_ACK, NULL);
	assert_int_equal(bench_option(&b, 0, c, AKSU_TCP_UNACKED), 1460 * 6);
	assert_int_equal(aksu_info(b.n[0].s, c, &info), 0);
	assert_int_equal(info.in_flight, 1460 * 6);
	/* Three duplicates: one segment is sent again, not the whole frame. */
	for (int k = 0; k < 3; k++)
		bench_say(&b, &p, AKSU_ACK, NULL);
	bench_take_tcp(&b, &got);
	assert_int_equal(seq_raw(got.seg.seq), p.ack);
	assert_int_equal(got.seg.text_len, 1460);
	p.ack += 1460 * 6;
	bench_say(&b, &p, AKSU_ACK, NULL);
	assert_int_equal(bench_option(&b, 0, c, AKSU_TCP_UNACKED), 0);
	bench_end(&b);
}

/* A wider link loses nothing: what is in flight, uncut, is not sent again. */
static void a_wider_link_sends_nothing_again(void **state)
{
	struct bench_options o = {.features = AKSU_LINK_TX_TSO};
	struct bench_peer p;
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, &o);
	c = established(&p, 100);
	say_much(c, 14600);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.seg.text_len, 14600);
	assert_int_equal(aksu_link_set_mtu(b.n[0].s, b.n[0].link, 2000), 0);
	bench_silent(&b);
	/* A narrower one does. */
	assert_int_equal(aksu_link_set_mtu(b.n[0].s, b.n[0].link, 1000), 0);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.mss, 960);
	bench_end(&b);
}

/* Both ends with large frames, over a wire that loses whole ones: every octet, in order. */
static bool one_in_nine(struct stack_bench *bench, int from, const uint8_t *frame, size_t len)
{
	(void)from;
	(void)frame;
	(void)len;
	return prng_below(&bench->prng, 9) == 0;
}

static void large_segments_survive_loss(void **state)
{
	struct bench_options o = {.features = AKSU_LINK_TX_TSO};
	enum { BYTES = 1 << 18 };
	static uint8_t in[10000];
	uint32_t received = 0, sent = 0;
	aksu_socket l, c, a;

	(void)state;
	bench_start(&b, 2, &o);
	l = bench_listen(&b, 1, 7, 2);
	c = bench_connect(&b, 0, &b.n[1].v6, 7);
	bench_shuttle(&b);
	assert_int_equal(aksu_accept(b.n[1].s, l, &a), 0);
	b.lose = one_in_nine;
	while (received < BYTES) {
		int64_t n;

		for (uint32_t i = 0; i < sizeof(in); i++)
			in[i] = text_of(sent + i);
		n = sent < BYTES ? aksu_send(b.n[0].s, c, in, min_size(sizeof(in), BYTES - sent), 0,
					     b.now)
				 : 0;
		sent += n > 0 ? (uint32_t)n : 0;
		bench_pass(&b, 20 * AKSU_MILLISECOND);
		while ((n = aksu_recv(b.n[1].s, a, in, sizeof(in), b.now)) > 0)
			for (int64_t i = 0; i < n; i++)
				assert_int_equal(in[i], text_of(received++));
		assert_true(b.now < 5000 * AKSU_SECOND);
	}
	bench_end(&b);
}

/* What a block brought may be kept without a copy; what was lent is not looked at again. */
static void owned_frames_are_kept_borrowed_ones_copied(void **state)
{
	struct bench_peer p;
	char text[8];
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	c = established(&p, 100);
	for (int owned = 0; owned < 2; owned++) {
		struct tcp_seg seg = {.src_port = 100, .dst_port = p.to_port, .flags = AKSU_ACK};
		struct aksu_block *block = block_new(&b.n[0].s->env.mem, 100);
		struct aksu_rx rx = {.data = block->data, .checksum = AKSU_CHECKSUM_VERIFIED};
		struct ip_out ip = {.payload_len = 26, .protocol = 6, .ttl = 9};

		seg.seq = seq_at(p.seq);
		seg.ack = seq_at(p.ack);
		seg.rawwnd = 1000;
		ip.src = bench_addr("10.0.0.9");
		ip.dst = b.n[0].v4;
		ip_emit(&ip, block->data);
		tcp_emit(&seg, block->data + 20);
		memcpy(block->data + 40, "sextet", 6);
		block->filled = rx.len = 46;
		rx.link = (uint16_t)b.n[0].link;
		rx.block = owned ? block : NULL;
		assert_int_equal(aksu_input(b.n[0].s, &rx, 1, b.now), 1);
		assert_int_equal(block->refs, owned ? 2 : 1);
		if (!owned)
			memset(block->data, 'x', 46);
		block_unref(block);
		assert_int_equal(aksu_recv(b.n[0].s, c, text, 8, b.now), 6);
		assert_memory_equal(text, "sextet", 6);
		p.seq += 6;
	}
	while (bench_take(&b, &got))
		;
	bench_end(&b);
}

/* ---------------------------------------------------------------- links that come and go */

/* A route moves to another link: connections leave there, at the next time-out at the latest. */
static void connections_follow_their_route(void **state)
{
	struct aksu_link_config config = {.size = sizeof(config), .mtu = 1400};
	struct aksu_addr net, own;
	struct bench_peer p;
	struct aksu_tx tx;
	aksu_socket c;
	int second;

	(void)state;
	bench_start(&b, 1, NULL);
	net = bench_addr("192.0.2.0");
	own = bench_addr("10.1.0.1");
	second = aksu_link_add(b.n[0].s, &config, b.now);
	assert_true(second >= 0);
	assert_int_equal(aksu_addr_add(b.n[0].s, second, &own, 24), 0);
	assert_int_equal(aksu_route_add(b.n[0].s, b.n[0].link, &net, 24, NULL), 0);
	{
		struct aksu_addr to = bench_addr("192.0.2.9");

		c = bench_connect(&b, 0, &to, 80);
		bench_take_tcp(&b, &got);
		p = bench_peer("192.0.2.9", 80, &b.n[0].v4, got.seg.src_port);
		p.ack = seq_raw(got.seg.seq) + 1;
		bench_say(&b, &p, AKSU_SYN | AKSU_ACK, NULL);
		bench_hear(&b, &p, &got);
	}
	say_much(c, 3000);
	while (bench_take(&b, &got))
		;
	assert_int_equal(aksu_route_remove(b.n[0].s, b.n[0].link, &net, 24), 0);
	assert_int_equal(aksu_route_add(b.n[0].s, second, &net, 24, NULL), 0);
	b.now += 2 * AKSU_SECOND;
	aksu_advance(b.n[0].s, b.now);
	bench_silent(&b);
	assert_true(aksu_wants_output(b.n[0].s, second));
	assert_int_equal(aksu_output(b.n[0].s, second, &tx, 1, b.now), 1);
	assert_int_equal(tx.len, 1400);
	aksu_tx_done(b.n[0].s, &tx, 1);
	assert_true(aksu_check(b.n[0].s));
	bench_end(&b);
}

/* A link is removed under traffic: nothing is sent any more, and time ends the connection. */
static void a_removed_link_is_noticed_by_time_out(void **state)
{
	struct bench_peer p;
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	c = established(&p, 100);
	say_much(c, 30000);
	assert_int_equal(aksu_link_remove(b.n[0].s, b.n[0].link), 0);
	assert_int_equal(aksu_link_remove(b.n[0].s, b.n[0].link), -AKSU_ENOENT);
	assert_int_equal(aksu_link_mtu(b.n[0].s, b.n[0].link), -AKSU_ENOENT);
	assert_true(aksu_check(b.n[0].s));
	while (aksu_deadline(b.n[0].s) != AKSU_NEVER) {
		b.now = max_u64(b.now + 1, aksu_deadline(b.n[0].s));
		aksu_advance(b.n[0].s, b.now);
		assert_true(b.now < 2000 * AKSU_SECOND);
	}
	assert_true(aksu_check(b.n[0].s));
	aksu_abort(b.n[0].s, c, b.now);
	bench_end(&b);
}

/* ---------------------------------------------------------------- poison */

/* D13: an invariant broke: the host lives on, and every call says so. */
static void a_poisoned_instance_answers_with_an_error(void **state)
{
	struct aksu_endpoint e = {.port = 5};
	struct aksu_link_config link = {.size = sizeof(link), .mtu = 1500};
	struct aksu_info info;
	struct aksu_ready ready;
	struct aksu_rx rx = {.data = (const uint8_t *)"", .len = 1};
	struct aksu_tx tx;
	struct aksu *s;
	aksu_socket t, u, x;
	uint64_t cursor = 0;
	int64_t v;
	uint8_t text[4];

	(void)state;
	bench_start(&b, 1, NULL);
	s = b.n[0].s;
	t = aksu_socket_tcp(s);
	u = aksu_socket_udp(s);
	tcp_panic(&s->env, "here", 1, "for the test");
	assert_true(b.panicked);
	assert_int_equal(aksu_socket_tcp(s).gen, 0);
	assert_int_equal(aksu_socket_udp(s).gen, 0);
#define POISONED(call) assert_int_equal((call), -AKSU_EPOISONED)
	POISONED(aksu_bind(s, t, &e));
	POISONED(aksu_listen(s, t, 1));
	POISONED(aksu_accept(s, t, &x));
	POISONED(aksu_connect(s, t, &e, b.now));
	POISONED(aksu_shutdown(s, t, b.now));
	POISONED(aksu_send(s, t, text, 1, 0, b.now));
	POISONED(aksu_recv(s, t, text, 1, b.now));
	POISONED(aksu_peek(s, t, text, 1));
	POISONED(aksu_sendto(s, u, text, 1, &e, b.now));
	POISONED(aksu_recvfrom(s, u, text, 1, NULL));
	POISONED(aksu_set_option(s, t, AKSU_TCP_NODELAY, 1, b.now));
	POISONED(aksu_get_option(s, t, AKSU_TCP_NODELAY, &v));
	POISONED(aksu_set_user(s, t, NULL));
	POISONED(aksu_info(s, t, &info));
	POISONED(aksu_close(s, t, b.now));
	POISONED(aksu_close(s, u, b.now));
	POISONED(aksu_abort(s, u, b.now));
	POISONED(aksu_link_add(s, &link, b.now));
	POISONED(aksu_link_set_mtu(s, b.n[0].link, 1400));
	POISONED(aksu_addr_add(s, b.n[0].link, &b.n[0].v4, 24));
	POISONED(aksu_addr_remove(s, b.n[0].link, &b.n[0].v4));
	POISONED(aksu_route_add(s, b.n[0].link, &b.n[0].v4, 24, NULL));
	POISONED(aksu_route_remove(s, b.n[0].link, &b.n[0].v4, 24));
	POISONED(aksu_link_remove(s, b.n[0].link));
#undef POISONED
	assert_int_equal(aksu_input(s, &rx, 1, b.now), 0);
	assert_int_equal(aksu_output(s, b.n[0].link, &tx, 1, b.now), 0);
	assert_false(aksu_wants_output(s, b.n[0].link));
	assert_true(aksu_deadline(s) == AKSU_NEVER);
	aksu_advance(s, b.now);
	assert_false(aksu_next_ready(s, &ready));
	assert_int_equal(aksu_ready(s, t), 0);
	assert_false(aksu_next_info(s, &cursor, &info));
	aksu_free(s);
	assert_int_equal(b.held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_are_fair),
		cmocka_unit_test(being_acknowledged_costs_no_turn),
		cmocka_unit_test(short_words_go_first),
		cmocka_unit_test(a_frame_outlives_its_connection),
		cmocka_unit_test(copying_needs_room),
		cmocka_unit_test(a_partial_checksum_can_be_finished),
		cmocka_unit_test(a_large_segment_is_the_links_to_cut),
		cmocka_unit_test(a_wider_link_sends_nothing_again),
		cmocka_unit_test(large_segments_survive_loss),
		cmocka_unit_test(owned_frames_are_kept_borrowed_ones_copied),
		cmocka_unit_test(connections_follow_their_route),
		cmocka_unit_test(a_removed_link_is_noticed_by_time_out),
		cmocka_unit_test(a_poisoned_instance_answers_with_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
