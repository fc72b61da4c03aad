/* SPDX-License-Identifier: MIT */
#include "support/ip_bench.h"

#include <stdio.h>

#include "base/prng.h"

static struct ip_bench b;
static struct packet p;
static uint8_t text[65536 + 8];

static int up(void **state)
{
	(void)state;
	bench_start(&b);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 31 + i / 251);
	return 0;
}

static int down(void **state)
{
	(void)state;
	bench_stop(&b);
	return 0;
}

/* The piece [at, at + n) of a UDP datagram of `text`. */
static enum aksu_drop piece(bool v4, uint32_t id, uint32_t at, uint32_t n, bool more)
{
	struct piece_of o = {.id = id, .offset = (uint16_t)at, .more = more};

	if (v4)
		packet_v4(&p, "10.0.0.9", "10.0.0.2", IP_PROTO_UDP, text + at, n, o);
	else
		fragment_v6_of(&p, "fd00::9", "fd00::2", IP_PROTO_UDP, text + at, n, o);
	return bench_feed(&b, 0, &p);
}

static void whole(uint32_t n)
{
	assert_int_equal(b.in.kind, IP_DELIVER);
	assert_int_equal(b.in.protocol, IP_PROTO_UDP);
	assert_int_equal(b.in.len, n);
	assert_memory_equal(b.in.payload, text, n);
	assert_non_null(b.in.block);
	assert_int_equal(b.ip.reasm.count, 0);
	assert_int_equal(b.ip.reasm.octets, 0);
}

static void any_order_gives_the_datagram(void **state)
{
	(void)state;
	for (int v4 = 0; v4 < 2; v4++) {
		assert_int_equal(piece(v4, 1, 1600, 100, false), AKSU_DROP_NONE);
		assert_int_equal(b.in.kind, IP_CONSUMED);
		assert_int_equal(piece(v4, 1, 0, 800, true), AKSU_DROP_NONE);
		assert_int_equal(b.in.kind, IP_CONSUMED);
		assert_int_equal(piece(v4, 1, 800, 800, true), AKSU_DROP_NONE);
		whole(1700);
	}
}

/* What is delivered is the packet that it would have been uncut, so that it can be quoted. */
static void the_header_is_as_if_never_cut(void **state)
{
	struct ipv4 h4;
	struct ipv6 h6;

	(void)state;
	piece(true, 1, 0, 800, true);
	piece(true, 1, 800, 5, false);
	assert_int_equal(ipv4_parse(b.in.packet, b.in.packet_len, &h4), AKSU_DROP_NONE);
	assert_int_equal(h4.payload_len, 805);
	assert_false(h4.more_fragments);
	piece(false, 1, 800, 5, false);
	piece(false, 1, 0, 800, true);
	assert_int_equal(ipv6_parse(b.in.packet, b.in.packet_len, &h6), AKSU_DROP_NONE);
	assert_int_equal(h6.payload_len, 805);
	assert_int_equal(h6.next, IP_PROTO_UDP);
}

/* Headers before the fragment header stay, and the last of them says what follows. */
static void unfragmentable_headers_stay(void **state)
{
	uint8_t body[8 + 8 + 800] = {IP_PROTO_FRAGMENT, 0, 1, 4};
	struct ipv6_fragment f = {.next = IP_PROTO_UDP, .more = true, .id = 7};

	(void)state;
	ipv6_fragment_emit(&f, body + 8);
	memcpy(body + 16, text, 800);
	packet_v6(&p, "fd00::9", "fd00::2", IP_PROTO_DESTINATION, body, sizeof(body));
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	piece(false, 7, 800, 5, false);
	whole(805);
	assert_int_equal(b.in.packet[6], IP_PROTO_DESTINATION);
	assert_int_equal(b.in.packet[40], IP_PROTO_UDP);
}

static void names_are_kept_apart(void **state)
{
	(void)state;
	piece(true, 1, 0, 800, true);
	piece(true, 2, 800, 8, false);
	assert_int_equal(b.in.kind, IP_CONSUMED);
	piece(false, 1, 800, 8, false);
	assert_int_equal(b.in.kind, IP_CONSUMED);
	packet_v4(&p, "10.0.0.8", "10.0.0.2", IP_PROTO_UDP, text, 8, (struct piece_of){1, 800, 0});
	bench_feed(&b, 0, &p);
	assert_int_equal(b.in.kind, IP_CONSUMED);
	assert_int_equal(b.ip.reasm.count, 4);
}

static void H8_overlapping_fragments_drop_all(void **state)
{
	(void)state;
	for (int v4 = 0; v4 < 2; v4++) {
		assert_int_equal(piece(v4, 1, 0, 800, true), AKSU_DROP_NONE);
		assert_int_equal(piece(v4, 1, 792, 8, true), AKSU_DROP_FRAGMENT_OVERLAP);
		/* the rest of it too, though it would fit */
		assert_int_equal(piece(v4, 1, 800, 100, false), AKSU_DROP_FRAGMENT_OVERLAP);
		assert_int_equal(piece(v4, 1, 0, 800, true), AKSU_DROP_FRAGMENT_OVERLAP);
		assert_int_equal(b.in.kind, IP_CONSUMED);
	}
}

static void H8_overlap_from_the_left_and_around(void **state)
{
	(void)state;
	piece(true, 1, 800, 80, true);
	assert_int_equal(piece(true, 1, 720, 88, true), AKSU_DROP_FRAGMENT_OVERLAP);
	piece(true, 2, 800, 80, true);
	assert_int_equal(piece(true, 2, 0, 1600, true), AKSU_DROP_FRAGMENT_OVERLAP);
	piece(true, 3, 800, 80, true);
	text[805] ^= 1; /* the same place with other octets is no copy */
	assert_int_equal(piece(true, 3, 800, 80, true), AKSU_DROP_FRAGMENT_OVERLAP);
}

/* RFC 8200 section 4.5: the network may duplicate. */
static void an_exact_copy_is_ignored(void **state)
{
	(void)state;
	piece(false, 1, 0, 800, true);
	assert_int_equal(piece(false, 1, 0, 800, true), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_CONSUMED);
	assert_int_equal(piece(false, 1, 800, 100, false), AKSU_DROP_NONE);
	whole(900);
}

static void H8_atomic_fragments_are_alone(void **state)
{
	(void)state;
	piece(false, 1, 0, 800, true);
	assert_int_equal(piece(false, 1, 0, 100, false), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_DELIVER);
	assert_int_equal(b.in.len, 100);
	assert_null(b.in.block);
	assert_int_equal(piece(false, 1, 800, 100, false), AKSU_DROP_NONE);
	whole(900);
}

/* Cut twice: what comes together is again a fragment. */
static void fragments_of_fragments_are_dropped(void **state)
{
	uint8_t inner[816] = {IP_PROTO_UDP, 0, 0, 1, 0, 0, 0, 9};

	(void)state;
	fragment_v6_of(&p, "fd00::9", "fd00::2", IP_PROTO_FRAGMENT, inner, 808,
		       (struct piece_of){1, 0, true});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	fragment_v6_of(&p, "fd00::9", "fd00::2", IP_PROTO_FRAGMENT, inner, 8,
		       (struct piece_of){1, 808, false});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_FRAGMENT_BAD);
	assert_null(b.in.block);
	assert_int_equal(b.ip.reasm.count, 0);
}

/* RFC 7112: a first fragment without the transport's header. */
static void H8_the_first_fragment_holds_the_chain(void **state)
{
	struct icmp m;

	(void)state;
	packet_v4(&p, "10.0.0.9", "10.0.0.2", IP_PROTO_TCP, text, 8, (struct piece_of){1, 0, true});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE); /* IPv4 knows no such rule */
	fragment_v6_of(&p, "fd00::9", "fd00::2", IP_PROTO_TCP, text, 16,
		       (struct piece_of){1, 0, true});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_FRAGMENT_BAD);
	assert_int_equal(b.in.kind, IP_REPLY);
	m = reply_icmp(&b.in.reply);
	assert_int_equal(m.kind, ICMP_PARAMETER_PROBLEM);
	assert_int_equal(m.code, 3);
	fragment_v6_of(&p, "fd00::9", "fd00::2", IP_PROTO_DESTINATION, text, 0x20,
		       (struct piece_of){1, 0, true});
	p.data[48] = IP_PROTO_TCP; /* destination options that go on past the fragment */
	p.data[49] = 9;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_FRAGMENT_BAD);
}

static void fragments_that_lie_are_dropped(void **state)
{
	(void)state;
	assert_int_equal(piece(true, 1, 0, 801, true), AKSU_DROP_FRAGMENT_BAD);
	assert_int_equal(b.in.kind, IP_CONSUMED);
	assert_int_equal(piece(false, 1, 0, 801, true), AKSU_DROP_FRAGMENT_BAD);
	assert_int_equal(b.in.kind, IP_REPLY);
	assert_int_equal(reply_icmp(&b.in.reply).pointer, 4);
	assert_int_equal(piece(true, 1, 800, 0, false), AKSU_DROP_FRAGMENT_BAD);
	assert_int_equal(piece(false, 1, 800, 0, false), AKSU_DROP_FRAGMENT_BAD);
	assert_int_equal(b.ip.reasm.count, 0);
}

/* The end that one fragment says binds the others. */
static void ends_that_disagree_drop_all(void **state)
{
	(void)state;
	piece(true, 1, 800, 100, false);
	assert_int_equal(piece(true, 1, 1600, 8, true), AKSU_DROP_FRAGMENT_BAD);
	piece(true, 2, 800, 100, false);
	assert_int_equal(piece(true, 2, 904, 8, false), AKSU_DROP_FRAGMENT_BAD);
	piece(true, 3, 1600, 80, true);
	assert_int_equal(piece(true, 3, 800, 100, false), AKSU_DROP_FRAGMENT_BAD);
	assert_int_equal(b.ip.reasm.octets, 0);
}

static void H9_total_is_at_most_65535(void **state)
{
	(void)state;
	assert_int_equal(piece(true, 1, 65512, 3, false), AKSU_DROP_NONE);
	assert_int_equal(piece(true, 2, 65512, 4, false), AKSU_DROP_FRAGMENT_BAD);
	assert_int_equal(piece(false, 1, 65528, 7, false), AKSU_DROP_NONE);
	assert_int_equal(piece(false, 2, 65528, 8, false), AKSU_DROP_FRAGMENT_BAD);
	assert_int_equal(reply_icmp(&b.in.reply).pointer, 42);
}

static void H9_the_largest_datagram(void **state)
{
	uint32_t at;

	(void)state;
	for (at = 0; at + 1480 < 65515; at += 1480)
		assert_int_equal(piece(true, 9, at, 1480, true), AKSU_DROP_NONE);
	assert_int_equal(piece(true, 9, at, 65515 - at, false), AKSU_DROP_NONE);
	whole(65515);
	assert_int_equal(b.in.packet_len, 65535);
}

/* The first header is the longest: only when it has come is the packet known to be too long. */
static void H9_options_of_the_first_count(void **state)
{
	uint32_t at;

	(void)state;
	for (at = 1480; at + 1480 < 65515; at += 1480)
		assert_int_equal(piece(true, 9, at, 1480, true), AKSU_DROP_NONE);
	assert_int_equal(piece(true, 9, at, 65515 - at, false), AKSU_DROP_NONE);
	packet_v4(&p, "10.0.0.9", "10.0.0.2", IP_PROTO_UDP, text, 1480,
		  (struct piece_of){9, 0, true});
	memmove(p.data + 24, p.data + 20, 1480);
	memset(p.data + 20, 1, 4);
	p.len += 4;
	p.data[0] = 0x46;
	p.data[2] = (uint8_t)(p.len >> 8);
	p.data[3] = (uint8_t)p.len;
	reseal_v4(&p);
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_FRAGMENT_BAD);
	assert_null(b.in.block);
}

static void H9_time_out_after_60_seconds(void **state)
{
	struct ip_reply r;
	struct icmp m;

	(void)state;
	piece(true, 1, 0, 800, true);
	assert_true(ip_deadline(&b.ip).ns == after(b.now, seconds(60)).ns);
	b.now = after(b.now, seconds(59));
	assert_int_equal(ip_advance(&b.ip, b.now, &r), AKSU_DROP_NONE);
	piece(true, 1, 1600, 8, false); /* does not prolong it */
	b.now = after(b.now, seconds(1));
	assert_int_equal(ip_advance(&b.ip, b.now, &r), AKSU_DROP_FRAGMENT_TIMEOUT);
	m = reply_icmp(&r);
	assert_int_equal(m.kind, ICMP_TIME_EXCEEDED);
	assert_int_equal(m.code, ICMP_REASSEMBLY_EXCEEDED);
	assert_int_equal(m.len, 548);
	assert_memory_equal(m.data + 20, text, 528);
	block_unref(r.payload.block);
	assert_int_equal(ip_advance(&b.ip, b.now, &r), AKSU_DROP_NONE);
	assert_true(is_never(ip_deadline(&b.ip)));
}

static void a_time_out_quotes_the_fragment_as_it_came(void **state)
{
	struct ip_reply r;
	struct icmp m;

	(void)state;
	piece(false, 1, 0, 80, true);
	b.now = after(b.now, seconds(60));
	assert_int_equal(ip_advance(&b.ip, b.now, &r), AKSU_DROP_FRAGMENT_TIMEOUT);
	m = reply_icmp(&r);
	assert_int_equal(m.kind, ICMP_TIME_EXCEEDED);
	assert_int_equal(m.len, p.len);
	assert_memory_equal(m.data, p.data, p.len);
	block_unref(r.payload.block);
}

/* Nobody is told without the first fragment, nor about what was condemned and counted before. */
static void silent_time_outs(void **state)
{
	struct ip_reply r;

	(void)state;
	piece(true, 1, 0, 800, true);
	piece(true, 1, 8, 800, true);
	piece(true, 2, 800, 800, true);
	b.now = after(b.now, seconds(61));
	assert_int_equal(ip_advance(&b.ip, b.now, &r), AKSU_DROP_FRAGMENT_TIMEOUT);
	assert_null(r.payload.block);
	assert_int_equal(ip_advance(&b.ip, b.now, &r), AKSU_DROP_NONE);
	assert_int_equal(b.ip.reasm.count, 0);
}

static void H9_the_oldest_makes_room(void **state)
{
	(void)state;
	for (uint32_t id = 0; id < 64; id++) {
		assert_int_equal(piece(true, id, 0, 8, true), AKSU_DROP_NONE);
		assert_int_equal(b.in.evicted, 0);
	}
	assert_int_equal(piece(true, 64, 0, 8, true), AKSU_DROP_NONE);
	assert_int_equal(b.in.evicted, 1);
	assert_int_equal(b.ip.reasm.count, 64);
	assert_int_equal(piece(true, 1, 8, 8, false), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_DELIVER);
	assert_int_equal(piece(true, 0, 8, 8, false), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_CONSUMED);
}

/* FragmentSmack: many small pieces, and few that claim much. */
static void H9_memory_is_bounded(void **state)
{
	uint32_t evicted = 0;

	(void)state;
	for (uint32_t id = 0; id < 60; id++) {
		assert_int_equal(piece(true, id, 65504, 8, true), AKSU_DROP_NONE);
		evicted += b.in.evicted;
	}
	assert_true(evicted > 0);
	assert_in_range(b.ip.reasm.octets, 1, BENCH_BUDGET / 8);
	for (uint32_t i = 0; i < 128; i++)
		assert_int_equal(piece(true, 99, i * 16, 8, true), AKSU_DROP_NONE);
	assert_int_equal(piece(true, 99, 128 * 16, 8, true), AKSU_DROP_FRAGMENT_LIMIT);
}

static void near_the_budget_nothing_new_begins(void **state)
{
	void *hog;

	(void)state;
	hog = mem_alloc(&b.mem, BENCH_BUDGET - BENCH_BUDGET / 8, 8);
	assert_non_null(hog);
	assert_int_equal(piece(true, 1, 0, 8, true), AKSU_DROP_FRAGMENT_LIMIT);
	mem_free(&b.mem, hog, BENCH_BUDGET - BENCH_BUDGET / 8);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	for (long i = 0; i < 3; i++) {
		b.fail_after = i;
		assert_int_equal(piece(true, (uint32_t)i, 0, 800, true),
				 i < 2 ? AKSU_DROP_NO_MEMORY : AKSU_DROP_NONE);
		if (i == 2)
			assert_int_equal(piece(true, 2, 8000, 800, true), AKSU_DROP_NO_MEMORY);
		b.fail_after = -1;
		assert_int_equal(b.in.kind, IP_CONSUMED);
	}
	assert_int_equal(b.ip.reasm.octets, 0);
}

/* RFC 3168 section 5.3. */
static void congestion_marks_survive(void **state)
{
	static const struct {
		uint8_t first, last, want;
		enum aksu_drop drop;
	} t[] = {
		{2, 3, 3, AKSU_DROP_NONE},
		{3, 1, 3, AKSU_DROP_NONE},
		{2, 2, 2, AKSU_DROP_NONE},
		{0, 3, 0, AKSU_DROP_FRAGMENT_BAD},
	};

	(void)state;
	for (uint32_t i = 0; i < COUNT_OF(t); i++) {
		packet_v4(&p, "10.0.0.9", "10.0.0.2", IP_PROTO_UDP, text, 800,
			  (struct piece_of){i, 0, true});
		p.data[1] = t[i].first;
		reseal_v4(&p);
		bench_feed(&b, 0, &p);
		packet_v4(&p, "10.0.0.9", "10.0.0.2", IP_PROTO_UDP, text + 800, 8,
			  (struct piece_of){i, 800, false});
		p.data[1] = t[i].last;
		reseal_v4(&p);
		assert_int_equal(bench_feed(&b, 0, &p), t[i].drop);
		if (t[i].drop == AKSU_DROP_NONE)
			assert_int_equal(b.in.tos, t[i].want);
	}
}

struct cut {
	uint32_t from, to;
};

/* Cuts `total` octets into at most 64 pieces at multiples of 8, and shuffles them. */
static uint32_t cut_up(struct prng *r, uint32_t total, struct cut cut[64])
{
	uint32_t n = 0, at = 0;

	while (at < total) {
		uint32_t len = n == 63 ? total : 8 * (1 + prng_below(r, total / 64 + 1));

		cut[n++] = (struct cut){at, min_u32(at + len, total)};
		at += len;
	}
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = prng_below(r, i);
		struct cut swap = cut[i - 1];

		cut[i - 1] = cut[j];
		cut[j] = swap;
	}
	return n;
}

/* Datagrams cut anywhere, in any order, some pieces twice: each comes out once and whole. */
static void random_cuts_come_together(void **state)
{
	uint64_t seed = 20240229;
	struct prng r = prng_from(seed);

	(void)state;
	printf("seed %llu\n", (unsigned long long)seed);
	for (uint32_t id = 0; id < 300; id++) {
		bool v4 = prng_chance(&r, 500000);
		uint32_t total = 65 + prng_below(&r, 40000), done = 0;
		struct cut cut[64];
		uint32_t n = cut_up(&r, total, cut);

		for (uint32_t i = 0; i < n; i++) {
			uint32_t len = cut[i].to - cut[i].from;
			bool more = cut[i].to != total;

			assert_int_equal(piece(v4, id, cut[i].from, len, more), AKSU_DROP_NONE);
			done += b.in.kind == IP_DELIVER;
			if (done == 0 && prng_chance(&r, 200000))
				assert_int_equal(piece(v4, id, cut[i].from, len, more), 0);
		}
		assert_int_equal(done, 1);
		whole(total);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(any_order_gives_the_datagram),
		T(the_header_is_as_if_never_cut),
		T(unfragmentable_headers_stay),
		T(names_are_kept_apart),
		T(H8_overlapping_fragments_drop_all),
		T(H8_overlap_from_the_left_and_around),
		T(an_exact_copy_is_ignored),
		T(H8_atomic_fragments_are_alone),
		T(fragments_of_fragments_are_dropped),
		T(H8_the_first_fragment_holds_the_chain),
		T(fragments_that_lie_are_dropped),
		T(ends_that_disagree_drop_all),
		T(H9_total_is_at_most_65535),
		T(H9_the_largest_datagram),
		T(H9_options_of_the_first_count),
		T(H9_time_out_after_60_seconds),
		T(a_time_out_quotes_the_fragment_as_it_came),
		T(silent_time_outs),
		T(H9_the_oldest_makes_room),
		T(H9_memory_is_bounded),
		T(near_the_budget_nothing_new_begins),
		T(every_allocation_may_fail),
		T(congestion_marks_survive),
		T(random_cuts_come_together),
	};

	return cmocka_run_group_tests_name("ip/reasm", tests, NULL, NULL);
}
