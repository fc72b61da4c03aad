/* SPDX-License-Identifier: MIT */
#include "support/ip_bench.h"

static struct ip_bench b;
static uint8_t text[65535];

static int up(void **state)
{
	(void)state;
	bench_start(&b);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 7 + i / 256);
	return 0;
}

static int down(void **state)
{
	(void)state;
	bench_stop(&b);
	return 0;
}

static struct ip_out out_of(const char *src, const char *dst, uint32_t len)
{
	return (struct ip_out){
		.src = addr(src),
		.dst = addr(dst),
		.payload_len = len,
		.flow = 0xabcde,
		.id = 0x1234,
		.protocol = IP_PROTO_UDP,
		.ttl = 17,
		.tos = 0xba,
	};
}

static void must_49_the_header_says_what_it_was_told(void **state)
{
	struct ip_out o = out_of("10.0.0.2", "10.0.0.9", 3);
	uint8_t packet[IP_HEADER_MAX + 3];
	struct ipv4 h;
	struct ipv6 h6;
	size_t n;

	(void)state;
	o.dont_fragment = true;
	n = ip_emit(&o, packet);
	assert_int_equal(n, 20);
	assert_int_equal(ip_header_len(&o.dst), 20);
	assert_int_equal(ipv4_parse(packet, n + 3, &h), AKSU_DROP_NONE);
	assert_int_equal(h.ttl, 17);
	assert_int_equal(h.tos, 0xba);
	assert_int_equal(h.id, 0x1234);
	assert_true(h.dont_fragment);
	assert_int_equal(h.payload_len, 3);
	o = out_of("fd00::2", "fd00::9", 3);
	n = ip_emit(&o, packet);
	assert_int_equal(n, 40);
	assert_int_equal(ipv6_parse(packet, n + 3, &h6), AKSU_DROP_NONE);
	assert_int_equal(h6.hop_limit, 17);
	assert_int_equal(h6.tclass, 0xba);
	assert_int_equal(h6.flow, 0xabcde);
	assert_int_equal(h6.next, IP_PROTO_UDP);
}

/*
 * Cuts, feeds the pieces to an instance that has the destination, and returns how many there were.
 */
static unsigned there(const char *src, const char *dst, uint32_t len, uint32_t mtu)
{
	struct ip_out o = out_of(src, dst, len);
	static struct packet p;
	struct ip_fragments f;
	uint32_t at, n;
	unsigned count = 0;
	size_t head;

	ip_fragments_start(&f, &b.ip, &o, mtu);
	while ((head = ip_fragment(&f, p.data, &at, &n)) != 0) {
		memcpy(p.data + head, text + at, n);
		p.len = head + n;
		assert_in_range(p.len, 1, mtu);
		assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
		count++;
	}
	assert_int_equal(b.in.kind, IP_DELIVER);
	assert_int_equal(b.in.len, len);
	assert_int_equal(b.in.tos, 0xba);
	assert_memory_equal(b.in.payload, text, len);
	return count;
}

static void datagrams_are_cut_and_come_together(void **state)
{
	(void)state;
	assert_int_equal(there("10.0.0.9", "10.0.0.2", 1480, 1500), 1);
	assert_int_equal(there("10.0.0.9", "10.0.0.2", 1481, 1500), 2);
	assert_int_equal(there("10.0.0.9", "10.0.0.2", 2960, 1500), 2);
	assert_int_equal(there("10.0.0.9", "10.0.0.2", 0, 1500), 1);
	assert_int_equal(there("10.0.0.9", "10.0.0.2", 65515, 1500), 45);
	assert_int_equal(there("10.0.0.9", "10.0.0.2", 200, 68), 5);
	assert_int_equal(there("fd00::9", "fd00::2", 1460, 1500), 1);
	assert_int_equal(there("fd00::9", "fd00::2", 1461, 1500), 2);
	assert_int_equal(there("fd00::9", "fd00::2", 65487, 1280), 54);
}

static void what_may_not_be_cut_never_comes_out(void **state)
{
	struct ip_out o = out_of("10.0.0.2", "10.0.0.9", 1481);
	uint8_t header[IP_HEADER_MAX];
	struct ip_fragments f;
	uint32_t at, n;

	(void)state;
	o.dont_fragment = true;
	ip_fragments_start(&f, &b.ip, &o, 1500);
	assert_int_equal(ip_fragment(&f, header, &at, &n), 0);
	o.payload_len = 1480;
	ip_fragments_start(&f, &b.ip, &o, 1500);
	assert_int_equal(ip_fragment(&f, header, &at, &n), 20);
	assert_int_equal(ip_fragment(&f, header, &at, &n), 0);
}

/* RFC 6864: no two of the same names within 65536; and the counter of one says nothing of
 * another's. */
static void H7_identifications_are_unique_and_apart(void **state)
{
	static bool seen[65536];
	struct aksu_addr a = addr("10.0.0.2"), x = addr("10.0.0.9"), y = addr("10.0.0.8");
	uint32_t gap;

	(void)state;
	for (unsigned i = 0; i < 65536; i++) {
		uint16_t id = (uint16_t)ip_id(&b.ip, &a, &x, IP_PROTO_UDP);

		assert_false(seen[id]);
		seen[id] = true;
	}
	gap = ip_id(&b.ip, &a, &x, IP_PROTO_UDP) - ip_id(&b.ip, &a, &y, IP_PROTO_UDP);
	assert_not_in_range(gap + 70000, 0, 140000);
}

static void H7_only_atomic_packets_keep_their_id(void **state)
{
	struct ip_out o = out_of("10.0.0.2", "10.0.0.9", 8);
	uint8_t header[IP_HEADER_MAX + 8];
	struct ip_fragments f;
	uint32_t at, n;
	struct ipv4 one, two;

	(void)state;
	ip_fragments_start(&f, &b.ip, &o, 1500);
	ip_fragment(&f, header, &at, &n);
	assert_int_equal(ipv4_parse(header, 28, &one), AKSU_DROP_NONE);
	ip_fragments_start(&f, &b.ip, &o, 1500);
	ip_fragment(&f, header, &at, &n);
	assert_int_equal(ipv4_parse(header, 28, &two), AKSU_DROP_NONE);
	assert_int_not_equal(one.id, two.id);
	o.dont_fragment = true;
	ip_fragments_start(&f, &b.ip, &o, 1500);
	ip_fragment(&f, header, &at, &n);
	assert_int_equal(ipv4_parse(header, 28, &one), AKSU_DROP_NONE);
	assert_int_equal(one.id, 0x1234);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(must_49_the_header_says_what_it_was_told),
		T(datagrams_are_cut_and_come_together),
		T(what_may_not_be_cut_never_comes_out),
		T(H7_identifications_are_unique_and_apart),
		T(H7_only_atomic_packets_keep_their_id),
	};

	return cmocka_run_group_tests_name("ip/output", tests, NULL, NULL);
}
