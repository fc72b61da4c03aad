/* SPDX-License-Identifier: MIT */
/*
 * stack/merged_test.c - frames that a device merged or whose checksum it did: what they count for,
 * and how far such a device is believed.
 */
#include "support/stack_bench.h"

#include "wire/checksum.h"
#include "wire/udp.h"

static struct stack_bench b;
static struct bench_packet got;
static uint8_t text[65000];

/* Gives node 0 text of the peer's, at once and unmerged if `segments` is 0. */
static size_t give(struct bench_peer *p, uint32_t n, uint16_t segments, uint16_t mss)
{
	struct tcp_seg seg = {
		.src_port = p->port,
		.dst_port = p->to_port,
		.seq = seq_at(p->seq),
		.ack = seq_at(p->ack),
		.flags = AKSU_ACK,
		.rawwnd = p->window,
		.text = text,
		.text_len = n,
	};

	b.as.segments = segments;
	b.as.mss = mss;
	p->seq += n;
	return bench_give(&b, &p->addr, &p->to, &seg);
}

static aksu_socket listening(struct bench_peer *p, uint32_t receive_buffer, uint8_t options)
{
	struct bench_options o = {.events = AKSU_EVENT_BIT(AKSU_EVENT_SEGMENT_IN),
				  .config = {.receive_buffer = receive_buffer}};
	aksu_socket l, c = {0};

	bench_start(&b, 1, &o);
	l = bench_listen(&b, 0, 80, 1);
	*p = bench_peer("10.0.0.9", 4000, &b.n[0].v4, 80);
	p->options |= options;
	bench_shake(&b, p);
	assert_int_equal(aksu_accept(b.n[0].s, l, &c), 0);
	return c;
}

/* SHLD-19: what was several segments is answered at once, however small they were. */
static void shld_19_merged_text_is_answered_at_once(void **state)
{
	struct bench_peer p;

	(void)state;
	listening(&p, 0, 0);
	give(&p, 200, 2, 100);
	assert_int_equal(bench_take_tcp(&b, &got)->ack.n, p.seq);
	give(&p, 200, 1, 200);
	bench_silent(&b);
	bench_end(&b);
}

/* E13: full-sized is what each of them held, not what they came to together. */
static void E13_full_sized_is_the_size_on_the_wire(void **state)
{
	struct bench_peer p;

	(void)state;
	listening(&p, 0, 0);
	for (int i = 0; i < 3; i++) { /* past the beginning, where each is acknowledged */
		give(&p, 7000, 7, 1000);
		(void)bench_take_tcp(&b, &got);
	}
	give(&p, 1000, 0, 0);
	bench_silent(&b);
	give(&p, 1000, 0, 0);
	assert_int_equal(bench_take_tcp(&b, &got)->ack.n, p.seq);
	bench_end(&b);
}

static void counters_and_events_count_wire_segments(void **state)
{
	struct bench_peer p;
	struct aksu_event e;
	uint64_t before;

	(void)state;
	listening(&p, 0, 0);
	before = aksu_counters(b.n[0].s)->segments_in;
	while (aksu_event_take(&b.n[0].events, &e)) {}
	give(&p, 4000, 3, 1460);
	assert_int_equal(aksu_counters(b.n[0].s)->segments_in - before, 3);
	assert_true(aksu_event_take(&b.n[0].events, &e));
	assert_int_equal(e.segments, 3);
	assert_int_equal(e.mss, 1460);
	assert_int_equal(e.length, 4000);
	bench_end(&b);
}

/* What cannot be is not believed: no crash, no absurd count, and the text is taken all the same. */
static void a_device_that_lies(void **state)
{
	static const struct {
		uint32_t len;
		uint16_t segments, mss;
		uint64_t most; /* what it may count for */
	} lies[] = {
		{0, 65535, 0, 1},       {0, 65535, 65535, 1},
		{10, 65535, 0, 10},     {10, 65535, 65535, 10},
		{5000, 65535, 1000, 5}, {5000, 2, 1, 2},
		{1, 2, 0, 1},           {65000, 65535, 0, 65000},
		{65000, 0, 7, 1},       {3000, 65535, 65535, 3000},
		{1460, 1, 3, 1},
	};
	struct bench_peer p;
	aksu_socket c;

	(void)state;
	c = listening(&p, 1 << 20, 0);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		uint64_t before = aksu_counters(b.n[0].s)->segments_in, n;

		give(&p, lies[i].len, lies[i].segments, lies[i].mss);
		n = aksu_counters(b.n[0].s)->segments_in - before;
		assert_in_range(n, 1, lies[i].most);
		while (aksu_recv(b.n[0].s, c, text, sizeof(text), b.now) > 0) {}
		while (bench_take(&b, &got)) {}
		assert_int_equal(bench_option(&b, 0, c, AKSU_TCP_UNACKED), 0);
	}
	/* The device said 65535: still a path's worth makes an ACK due. */
	give(&p, 1460, 0, 0);
	give(&p, 1460, 0, 0);
	assert_int_equal(bench_take_tcp(&b, &got)->ack.n, p.seq);
	bench_end(&b);
}

/* Parts outside the window are trimmed, on either side; what lies inside is taken. */
static void the_window_trims_merged_text(void **state)
{
	struct bench_peer p;
	aksu_socket c;
	uint32_t edge;

	(void)state;
	c = listening(&p, 8000, 0);
	give(&p, 2920, 2, 1460);
	edge = bench_take_tcp(&b, &got)->ack.n + got.seg.rawwnd;
	p.seq -= 1000; /* again, and on beyond the edge */
	give(&p, 8760, 6, 1460);
	assert_int_equal(bench_take_tcp(&b, &got)->ack.n, edge);
	assert_int_equal(aksu_recv(b.n[0].s, c, text, sizeof(text), b.now), 8000);
	bench_end(&b);
}

/* D7: many that sent much, and an application that answers what it reads: it always can. */
static void D7_merged_text_leaves_memory_to_answer_with(void **state)
{
	enum { MANY = 30 };
	struct bench_options o = {.config = {.budget = 1 << 20}};
	static struct bench_peer p[MANY];
	aksu_socket l, c[MANY];

	(void)state;
	bench_start(&b, 1, &o);
	l = bench_listen(&b, 0, 80, MANY);
	for (uint16_t k = 0; k < MANY; k++) {
		p[k] = bench_peer("10.0.0.9", 4000 + k, &b.n[0].v4, 80);
		bench_shake(&b, &p[k]);
		assert_int_equal(aksu_accept(b.n[0].s, l, &c[k]), 0);
	}
	for (int k = 0; k < MANY; k++)
		give(&p[k], 58400, 40, 1460);
	for (int k = 0; k < MANY; k++) {
		int64_t n = aksu_recv(b.n[0].s, c[k], text, 100, b.now);

		assert_int_equal(n, 100); /* everybody was given something */
		assert_true(aksu_send(b.n[0].s, c[k], text, 100, 0, b.now) > 0);
	}
	bench_end(&b);
}

/* RFC 5681 4.2: a peer that counts duplicate ACKs gets one for each; with SACK one says all. */
static void duplicates_for_each_wire_segment(void **state)
{
	struct bench_peer p;

	(void)state;
	for (int sack = 0; sack < 2; sack++) {
		listening(&p, 0, sack ? AKSU_OPT_SACK_OK : 0);
		p.seq += 1460;
		give(&p, 4380, 3, 1460);
		for (int k = 0; k < (sack ? 1 : 3); k++)
			assert_int_equal(bench_take_tcp(&b, &got)->ack.n, p.seq - 4380 - 1460);
		bench_silent(&b);
		bench_end(&b);
	}
}

/* A sum that never was made is no reason to drop; one that nobody vouches for is. */
static void partial_checksums_are_believed(void **state)
{
	struct bench_peer p;
	struct tcp_seg seg = {.rawwnd = 1000, .flags = AKSU_ACK, .text = text, .text_len = 100};
	static uint8_t frame[1000];
	size_t n;

	(void)state;
	listening(&p, 0, 0);
	seg.src_port = p.port;
	seg.dst_port = p.to_port;
	seg.seq = seq_at(p.seq);
	seg.ack = seq_at(p.ack);
	n = tcp_emit(&seg, frame); /* checksum field: zero */
	b.as.checksum = AKSU_CHECKSUM_PARTIAL;
	bench_give_ip(&b, &p.addr, &p.to, 6, frame, n + 100);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_TCP_CHECKSUM), 0);
	b.as.checksum = AKSU_CHECKSUM_UNKNOWN;
	bench_give_ip(&b, &p.addr, &p.to, 6, frame, n + 100);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_TCP_CHECKSUM), 1);
	bench_end(&b);
}

/* One fragment of two, as a device may hand it on: 8 octets of UDP header and 8 of text. */
static void give_fragment(const struct aksu_addr *from, const uint8_t *udp, bool first)
{
	uint8_t packet[28];
	struct ipv4 h = {
		.ttl = 64,
		.protocol = 17,
		.id = 7,
		.more_fragments = first,
		.offset = first ? 0 : 8,
		.payload_len = 8,
		.src = *from,
		.dst = b.n[0].v4,
	};
	struct aksu_rx rx = {.data = packet,
			     .len = sizeof(packet),
			     .checksum = AKSU_CHECKSUM_PARTIAL};

	(void)ipv4_emit(&h, packet);
	memcpy(packet + 20, udp + (first ? 0 : 8), 8);
	(void)aksu_input(b.n[0].s, &rx, 1, b.now);
}

/* UDP too; but what was put together of fragments is summed whatever the device said of one. */
static void partial_checksums_of_udp(void **state)
{
	struct aksu_addr from = bench_addr("10.0.0.9");
	struct aksu_endpoint here = {.port = 53};
	struct udp u = {.src_port = 9, .dst_port = 53, .text = text, .text_len = 8};
	uint8_t datagram[16];
	aksu_socket h;

	(void)state;
	bench_start(&b, 1, NULL);
	h = aksu_socket_udp(b.n[0].s);
	assert_int_equal(aksu_bind(b.n[0].s, h, &here), 0);
	memcpy(datagram + 8, text, 8);
	(void)udp_emit(&u, &from, &b.n[0].v4, datagram);
	datagram[6] ^= 0x55;
	b.as.checksum = AKSU_CHECKSUM_PARTIAL;
	bench_give_ip(&b, &from, &b.n[0].v4, 17, datagram, 16);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_UDP_CHECKSUM), 0);
	give_fragment(&from, datagram, true);
	give_fragment(&from, datagram, false);
	assert_int_equal(bench_drops(&b, 0, AKSU_DROP_UDP_CHECKSUM), 1);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shld_19_merged_text_is_answered_at_once),
		cmocka_unit_test(E13_full_sized_is_the_size_on_the_wire),
		cmocka_unit_test(counters_and_events_count_wire_segments),
		cmocka_unit_test(a_device_that_lies),
		cmocka_unit_test(the_window_trims_merged_text),
		cmocka_unit_test(D7_merged_text_leaves_memory_to_answer_with),
		cmocka_unit_test(duplicates_for_each_wire_segment),
		cmocka_unit_test(partial_checksums_are_believed),
		cmocka_unit_test(partial_checksums_of_udp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
