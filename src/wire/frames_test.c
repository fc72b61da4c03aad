/* SPDX-License-Identifier: MIT */
/*
 * Ethernet, ARP, IPv4, IPv6, UDP: what is written is read again, and packets that Linux sent are
 * read and built to the octet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "wire/addr.h"
#include "wire/arp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/udp.h"

enum { ROUNDS = 20000 };

static size_t hex(const char *text, uint8_t *out)
{
	size_t n = 0;
	unsigned v;

	for (; sscanf(text, "%2x", &v) == 1; text += 2)
		out[n++] = (uint8_t)v;
	return n;
}

static struct prng seeded(uint64_t seed)
{
	print_message("seed %llu\n", (unsigned long long)seed);
	return prng_from(seed);
}

static void fill(void *out, size_t n, struct prng *r)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)prng_next(r);
}

static bool same(const struct aksu_addr *a, const char *text)
{
	struct aksu_addr b;

	assert_true(aksu_addr_parse(text, &b));
	return addr_eq(a, &b);
}

/* ------------------------------------------------------------------ Ethernet and ARP */

static void rfc826_a_request_of_linux(void **state)
{
	uint8_t frame[64], built[64];
	size_t n = hex("ffffffffffff0200000000010806"
		       "00010800060400010200000000010a0700010000000000000a070003",
		       frame);
	struct eth eth;
	struct arp arp;

	(void)state;
	assert_int_equal(eth_parse(frame, n, &eth), AKSU_DROP_NONE);
	assert_true(mac_eq(eth.dst, MAC_BROADCAST) && mac_is_group(eth.dst));
	assert_false(mac_is_group(eth.src) || mac_is_zero(eth.src));
	assert_int_equal(eth.type, ETH_TYPE_ARP);
	assert_int_equal(arp_parse(frame + ETH_HDR_LEN, n - ETH_HDR_LEN, &arp), AKSU_DROP_NONE);
	assert_int_equal(arp.op, ARP_REQUEST);
	assert_true(mac_eq(arp.sha, eth.src) && mac_is_zero(arp.tha));
	assert_true(same(&arp.spa, "10.7.0.1") && same(&arp.tpa, "10.7.0.3"));
	assert_int_equal(eth_emit(&eth, built), ETH_HDR_LEN);
	assert_int_equal(arp_emit(&arp, built + ETH_HDR_LEN), ARP_LEN);
	assert_memory_equal(built, frame, n);
}

static void rfc826_every_field_is_checked(void **state)
{
	static const size_t fixed[] = {0, 1, 2, 3, 4, 5, 6, 7}; /* types, lengths, operation */
	uint8_t good[ARP_LEN], bad[ARP_LEN];
	struct arp arp = {.op = ARP_REPLY,
			  .spa = aksu_addr_v4(1, 2, 3, 4),
			  .tpa = aksu_addr_v4(1, 2, 3, 5)};

	(void)state;
	arp_emit(&arp, good);
	for (size_t n = 0; n < ARP_LEN; n++)
		assert_int_equal(arp_parse(good, n, &arp), AKSU_DROP_ARP_BAD);
	assert_int_equal(arp_parse(good, ARP_LEN, &arp), AKSU_DROP_NONE);
	for (size_t i = 0; i < COUNT_OF(fixed); i++) {
		memcpy(bad, good, sizeof(bad));
		bad[fixed[i]] ^= 0x10;
		assert_int_equal(arp_parse(bad, ARP_LEN, &arp), AKSU_DROP_ARP_BAD);
	}
}

static void short_frames_are_short(void **state)
{
	uint8_t frame[ETH_HDR_LEN] = {0};
	struct eth eth;

	(void)state;
	for (size_t n = 0; n < ETH_HDR_LEN; n++)
		assert_int_equal(eth_parse(frame, n, &eth), AKSU_DROP_FRAME_SHORT);
	assert_int_equal(eth_parse(frame, ETH_HDR_LEN, &eth), AKSU_DROP_NONE);
}

/* ------------------------------------------------------------------ IPv4 */

static const char IPV4_OF_LINUX[] = "4500003cebaa400040063b010a0700010a070002"
				    "c6ca00074778fb5900000000a002faf096d70000"
				    "020405b40402080ab4c5e3ba000000000103030a";

static void rfc791_a_packet_of_linux(void **state)
{
	uint8_t packet[64], built[IPV4_HDR_MAX];
	size_t n = hex(IPV4_OF_LINUX, packet);
	struct ipv4 ip;

	(void)state;
	assert_int_equal(ipv4_parse(packet, n + 4, &ip), AKSU_DROP_NONE); /* padding is cut off */
	assert_int_equal(ip.payload_len, 40);
	assert_ptr_equal(ip.payload, packet + 20);
	assert_int_equal(ip.ttl, 64);
	assert_int_equal(ip.protocol, IP_PROTO_TCP);
	assert_int_equal(ip.id, 0xebaa);
	assert_true(ip.dont_fragment && !ip.more_fragments && !ip.source_route);
	assert_int_equal(ip.offset, 0);
	assert_true(same(&ip.src, "10.7.0.1") && same(&ip.dst, "10.7.0.2"));
	assert_int_equal(ipv4_emit(&ip, built), 20);
	assert_memory_equal(built, packet, 20);
}

static void rfc791_what_is_written_is_read_again(void **state)
{
	struct prng r = seeded(31);

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t options[40], v4[4], packet[IPV4_HDR_MAX + 16];
		struct ipv4 in, out = {.options = options};
		size_t n;

		memset(options, 1, sizeof(options)); /* NOP */
		fill(v4, 4, &r);
		out.tos = (uint8_t)prng_next(&r);
		out.ttl = (uint8_t)prng_next(&r);
		out.protocol = (uint8_t)prng_next(&r);
		out.dont_fragment = prng_below(&r, 2);
		out.more_fragments = prng_below(&r, 2);
		out.options_len = (uint8_t)(prng_below(&r, 11) * 4);
		out.id = (uint16_t)prng_next(&r);
		out.offset = (uint16_t)(prng_below(&r, 8192) * 8);
		out.payload_len = (uint16_t)prng_below(&r, 17);
		out.src = addr_from_v4(v4);
		out.dst = aksu_addr_v4(v4[3], v4[0], v4[1], v4[2]);
		n = ipv4_emit(&out, packet);
		assert_int_equal(n, 20 + out.options_len);
		assert_int_equal(ipv4_parse(packet, n + 16, &in), AKSU_DROP_NONE);
		assert_int_equal(in.tos, out.tos);
		assert_int_equal(in.ttl, out.ttl);
		assert_int_equal(in.protocol, out.protocol);
		assert_int_equal(in.dont_fragment, out.dont_fragment);
		assert_int_equal(in.more_fragments, out.more_fragments);
		assert_int_equal(in.options_len, out.options_len);
		assert_int_equal(in.id, out.id);
		assert_int_equal(in.offset, out.offset);
		assert_int_equal(in.payload_len, out.payload_len);
		assert_true(addr_eq(&in.src, &out.src) && addr_eq(&in.dst, &out.dst));
		assert_ptr_equal(in.payload, packet + n);
		packet[prng_below(&r, (uint32_t)n)] ^= (uint8_t)(1u << prng_below(&r, 8));
		assert_int_not_equal(ipv4_parse(packet, n + 16, &in), AKSU_DROP_NONE);
	}
}

static void rfc791_every_cut_is_noticed(void **state)
{
	uint8_t packet[64];
	size_t n = hex(IPV4_OF_LINUX, packet);
	struct ipv4 ip;

	(void)state;
	for (size_t cut = 0; cut < n; cut++) {
		assert_int_equal(ipv4_parse(packet, cut, &ip), AKSU_DROP_IP_SHORT);
		if (cut >= 20) { /* a quotation may be cut, and says how much is there */
			assert_int_equal(ipv4_parse_quote(packet, cut, &ip), AKSU_DROP_NONE);
			assert_int_equal(ip.payload_len, cut - 20);
		}
	}
}

static void rfc791_malformed_headers(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum aksu_drop drop;
	} rows[] = {
		/* 1: version */ {0, 0x55, AKSU_DROP_IP_VERSION},
		/* 2: IHL 4 */ {0, 0x44, AKSU_DROP_IP_HEADER},
		/* 3: IHL 0 */ {0, 0x40, AKSU_DROP_IP_HEADER},
		/* 4: header longer than the packet */ {3, 19, AKSU_DROP_IP_HEADER},
		/* 5: checksum */ {11, 0, AKSU_DROP_IP_CHECKSUM},
		/* 6: TTL changed */ {8, 63, AKSU_DROP_IP_CHECKSUM},
		/* 7: longer than what came */ {2, 1, AKSU_DROP_IP_SHORT},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t packet[64];
		size_t n = hex(IPV4_OF_LINUX, packet);
		struct ipv4 ip;

		packet[rows[i].at] = rows[i].value;
		assert_int_equal(ipv4_parse(packet, n, &ip), rows[i].drop);
	}
}

static void rfc791_options_are_walked(void **state)
{
	static const struct {
		uint8_t options[8];
		enum aksu_drop drop;
		bool source_route;
	} rows[] = {
		/* 1: LSRR */ {{131, 7, 4, 1, 2, 3, 4, 0}, AKSU_DROP_NONE, true},
		/* 2: SSRR behind NOP */ {{1, 137, 7, 4, 1, 2, 3, 4}, AKSU_DROP_NONE, true},
		/* 3: record route */ {{7, 7, 4, 0, 0, 0, 0, 0}, AKSU_DROP_NONE, false},
		/* 4: router alert, EOL, rubbish */
		{{148, 4, 0, 0, 0, 131, 0, 9}, AKSU_DROP_NONE, false},
		/* 5: length 1 */ {{7, 1, 0, 0, 0, 0, 0, 0}, AKSU_DROP_IP_HEADER, false},
		/* 6: length 0 */ {{131, 0, 0, 0, 0, 0, 0, 0}, AKSU_DROP_IP_HEADER, false},
		/* 7: over the end */ {{1, 1, 7, 7, 4, 0, 0, 0}, AKSU_DROP_IP_HEADER, false},
		/* 8: no length */ {{1, 1, 1, 1, 1, 1, 1, 7}, AKSU_DROP_IP_HEADER, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ipv4 in, out = {.options = rows[i].options, .options_len = 8};
		uint8_t packet[IPV4_HDR_MAX];
		size_t n = ipv4_emit(&out, packet);

		assert_int_equal(ipv4_parse(packet, n, &in), rows[i].drop);
		if (rows[i].drop == AKSU_DROP_NONE)
			assert_int_equal(in.source_route, rows[i].source_route);
	}
}

/* ------------------------------------------------------------------ IPv6 */

static const char IPV6_OF_LINUX[] =
	"600d21fe00280640"
	"fd000007000000000000000000000001fd000007000000000000000000000002";
/* Router alert in a hop-by-hop header, then a multicast listener report. */
static const char MLD_OF_LINUX[] =
	"6000000000240001fe80000000000000000000fffe000001ff020000000000000000000000000016"
	"3a000502000001008f0072070000000104000000ff0200000000000000000001ff000001";

static void rfc8200_a_packet_of_linux(void **state)
{
	uint8_t packet[100] = {0}, built[IPV6_HDR_LEN];
	size_t n = hex(IPV6_OF_LINUX, packet);
	struct ipv6 ip;

	(void)state;
	assert_int_equal(n, IPV6_HDR_LEN);
	assert_int_equal(ipv6_parse(packet, n + 50, &ip), AKSU_DROP_NONE);
	assert_int_equal(ip.payload_len, 40);
	assert_ptr_equal(ip.payload, packet + 40);
	assert_int_equal(ip.flow, 0xd21fe);
	assert_int_equal(ip.tclass, 0);
	assert_int_equal(ip.next, IP_PROTO_TCP);
	assert_int_equal(ip.hop_limit, 64);
	assert_true(same(&ip.src, "fd00:7::1") && same(&ip.dst, "fd00:7::2"));
	assert_int_equal(ipv6_emit(&ip, built), IPV6_HDR_LEN);
	assert_memory_equal(built, packet, IPV6_HDR_LEN);
	for (size_t cut = 0; cut < IPV6_HDR_LEN + 40; cut++) {
		assert_int_equal(ipv6_parse(packet, cut, &ip), AKSU_DROP_IP_SHORT);
		if (cut >= IPV6_HDR_LEN) {
			assert_int_equal(ipv6_parse_quote(packet, cut, &ip), AKSU_DROP_NONE);
			assert_int_equal(ip.payload_len, cut - IPV6_HDR_LEN);
		}
	}
	packet[0] = 0x45;
	assert_int_equal(ipv6_parse(packet, 80, &ip), AKSU_DROP_IP_VERSION);
}

static void rfc8200_what_is_written_is_read_again(void **state)
{
	struct prng r = seeded(32);

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t packet[IPV6_HDR_LEN + 16];
		struct ipv6 in, out = {
					.tclass = (uint8_t)prng_next(&r),
					.next = (uint8_t)prng_next(&r),
					.hop_limit = (uint8_t)prng_next(&r),
					.payload_len = (uint16_t)prng_below(&r, 17),
					.flow = (uint32_t)prng_next(&r) & 0xfffff,
				};

		fill(out.src.b, 16, &r);
		fill(out.dst.b, 16, &r);
		ipv6_emit(&out, packet);
		assert_int_equal(ipv6_parse(packet, sizeof(packet), &in), AKSU_DROP_NONE);
		assert_int_equal(in.tclass, out.tclass);
		assert_int_equal(in.next, out.next);
		assert_int_equal(in.hop_limit, out.hop_limit);
		assert_int_equal(in.payload_len, out.payload_len);
		assert_int_equal(in.flow, out.flow);
		assert_true(addr_eq(&in.src, &out.src) && addr_eq(&in.dst, &out.dst));
	}
}

static void rfc4942_mapped_addresses_are_no_disguise(void **state)
{
	struct ipv6 ip = {.next = 59}, in;
	uint8_t packet[IPV6_HDR_LEN];

	(void)state;
	ip.src = aksu_addr_v4(10, 0, 0, 1);
	ipv6_emit(&ip, packet);
	assert_int_equal(ipv6_parse(packet, sizeof(packet), &in), AKSU_DROP_IP_SOURCE);
	ip.src.b[0] = 0xfd;
	ip.dst = aksu_addr_v4(10, 0, 0, 1);
	ipv6_emit(&ip, packet);
	assert_int_equal(ipv6_parse(packet, sizeof(packet), &in), AKSU_DROP_IP_NOT_OURS);
}

/* ------------------------------------------------------------------ extension headers */

static enum aksu_drop walk(uint8_t first, const char *octets, struct ipv6_chain *out)
{
	static uint8_t data[512];

	return ipv6_walk(first, data, hex(octets, data), true, out);
}

static void rfc8200_router_alert_of_linux_is_walked_over(void **state)
{
	struct ipv6_chain c;
	uint8_t packet[128];
	size_t n = hex(MLD_OF_LINUX, packet);
	struct ipv6 ip;

	(void)state;
	assert_int_equal(ipv6_parse(packet, n, &ip), AKSU_DROP_NONE);
	assert_int_equal(ip.next, IP_PROTO_HOP_BY_HOP);
	assert_int_equal(ipv6_walk(ip.next, ip.payload, ip.payload_len, true, &c), AKSU_DROP_NONE);
	assert_int_equal(c.next, IP_PROTO_ICMPV6);
	assert_int_equal(c.payload[0], 143);
	assert_int_equal(c.payload_len, ip.payload_len - 8);
	assert_int_equal(c.next_at, 0);
}

#define T    IP_PROTO_TCP
#define NONE AKSU_DROP_NONE
#define BAD  AKSU_DROP_IP6_EXTENSION

static void rfc8200_4_extension_headers(void **state)
{
	static const struct {
		uint8_t first;
		const char *octets;
		enum aksu_drop drop;
		uint8_t next;
		uint16_t left;
		enum ipv6_answer answer;
		uint8_t code;
		uint32_t pointer;
	} rows[] = {
		/* 1: none */ {T, "aabb", NONE, T, 2, 0, 0, 0},
		/* 2: destination options, PadN */
		{60, "0600010400000000aabb", NONE, T, 2, 0, 0, 0},
		/* 3: Pad1 */ {60, "0600000000000000aa", NONE, T, 1, 0, 0, 0},
		/* 4: hop-by-hop, destination, routing with nothing left */
		{0, "3c000104000000002b00010400000000060000000000000077", NONE, T, 1, 0, 0, 0},
		/* 5: hop-by-hop not first */
		{60, "00000104000000000600010400000000", BAD, 0, 0, IPV6_ANSWER_UNLESS_GROUP, 1, 0},
		/* 6: routing with segments left */
		{43, "0600000100000000", BAD, 43, 0, IPV6_ANSWER_UNLESS_GROUP, 0, 2},
		/* 7: unknown option, skip (00) */ {60, "06003e0400000000aa", NONE, T, 1, 0, 0, 0},
		/* 8: unknown option, discard (01) */ {60, "06007e0400000000", BAD, T, 0, 0, 2, 2},
		/* 9: (10) */ {60, "0600be0400000000", BAD, T, 0, IPV6_ANSWER_ALWAYS, 2, 2},
		/* 10: (11), behind Pad1 */
		{60, "060000fe03000000", BAD, T, 0, IPV6_ANSWER_UNLESS_GROUP, 2, 3},
		/* 11: longer than what is there */ {60, "0601010400000000", BAD, 60, 0, 0, 0, 0},
		/* 12: cut off */ {60, "06", BAD, 60, 0, 0, 0, 0},
		/* 13: option over the end */ {60, "06003e0500000000", BAD, 60, 0, 0, 0, 0},
		/* 14: option without a length */ {60, "060001030000003e", BAD, 60, 0, 0, 0, 0},
		/* 15: no next header */ {60, "3b00010400000000aa", NONE, 59, 1, 0, 0, 0},
		/* 16: unknown protocol */ {60, "fd00010400000000", NONE, 0xfd, 0, 0, 0, 0},
		/* 17: atomic fragment (RFC 6946) */
		{44, "0600000012345678aa", NONE, T, 1, 0, 0, 0},
		/* 18: fragment header cut off */
		{44, "06000000", AKSU_DROP_FRAGMENT_BAD, 44, 0, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct ipv6_chain c;

		if (walk(rows[i].first, rows[i].octets, &c) != rows[i].drop)
			fail_msg("row %zu", i + 1);
		assert_int_equal(c.next, rows[i].next);
		assert_int_equal(c.payload_len, rows[i].left);
		assert_int_equal(c.answer, rows[i].answer);
		assert_int_equal(c.problem_code, rows[i].code);
		assert_int_equal(c.pointer, rows[i].pointer);
		assert_false(c.fragmented);
	}
}

static void rfc8200_4_5_a_fragment_ends_the_walk(void **state)
{
	struct ipv6_fragment f = {.next = 6, .more = true, .offset = 1448, .id = 0xdeadbeef};
	uint8_t data[IPV6_FRAGMENT_HDR_LEN + 3] = {0};
	struct ipv6_chain c;

	(void)state;
	assert_int_equal(ipv6_fragment_emit(&f, data), IPV6_FRAGMENT_HDR_LEN);
	assert_int_equal(ipv6_walk(44, data, sizeof(data), true, &c), AKSU_DROP_NONE);
	assert_true(c.fragmented);
	assert_int_equal(c.fragment.next, 6);
	assert_int_equal(c.fragment.more, true);
	assert_int_equal(c.fragment.offset, 1448);
	assert_int_equal(c.fragment.id, 0xdeadbeef);
	assert_ptr_equal(c.payload, data + IPV6_FRAGMENT_HDR_LEN);
	assert_int_equal(c.payload_len, 3);
	f = (struct ipv6_fragment){.next = 6, .more = true}; /* the first: not an atomic one */
	ipv6_fragment_emit(&f, data);
	assert_int_equal(ipv6_walk(44, data, sizeof(data), true, &c), AKSU_DROP_NONE);
	assert_true(c.fragmented && c.fragment.more && c.fragment.offset == 0);
	f = (struct ipv6_fragment){.next = 60, .offset = 8};
	ipv6_fragment_emit(&f, data);
	assert_int_equal(ipv6_walk(44, data, sizeof(data), true, &c), AKSU_DROP_NONE);
	assert_true(c.fragmented && !c.fragment.more);
	/* inside a fragment no hop-by-hop header may stand */
	assert_int_equal(ipv6_walk(0, data, 8, false, &c), AKSU_DROP_IP6_EXTENSION);
	assert_int_equal(c.next_at, UINT32_MAX);
}

static void extension_headers_and_options_are_limited(void **state)
{
	uint8_t data[8 * 20];
	struct ipv6_chain c;

	(void)state;
	for (size_t i = 0; i < 20; i++)
		memcpy(data + 8 * i, (const uint8_t[]){60, 0, 1, 4, 0, 0, 0, 0}, 8);
	data[8 * 19] = 6; /* the chain is whole, and too long */
	assert_int_equal(ipv6_walk(60, data, sizeof(data), true, &c), AKSU_DROP_IP6_EXTENSION);
	data[8 * IPV6_EXTENSIONS_MAX] = 6;
	assert_int_equal(ipv6_walk(60, data, sizeof(data), true, &c), AKSU_DROP_IP6_EXTENSION);
	data[8 * (IPV6_EXTENSIONS_MAX - 1)] = 6;
	assert_int_equal(ipv6_walk(60, data, sizeof(data), true, &c), AKSU_DROP_NONE);
	memset(data, 0, sizeof(data));
	data[0] = 6;
	data[1] = 4; /* 40 octets: 19 options of two octets */
	for (size_t i = 2; i < 40; i += 2)
		data[i] = 0x1e;
	assert_int_equal(ipv6_walk(60, data, 40, true, &c), AKSU_DROP_IP6_EXTENSION);
}

/* ------------------------------------------------------------------ UDP */

static void rfc768_datagrams_of_linux(void **state)
{
	static const struct {
		const char *datagram, *src, *dst;
		uint16_t src_port;
	} rows[] = {
		/* 1 */ {"b05e0009000df78968656c6c6f", "10.7.0.1", "10.7.0.2", 0xb05e},
		/* 2 */ {"b9ce0009000d081868656c6c6f", "fd00:7::1", "fd00:7::2", 0xb9ce},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t data[32], built[32];
		size_t n = hex(rows[i].datagram, data);
		struct aksu_addr src, dst;
		struct udp udp;

		assert_true(aksu_addr_parse(rows[i].src, &src) &&
			    aksu_addr_parse(rows[i].dst, &dst));
		assert_int_equal(udp_parse(data, n + 5, &udp), AKSU_DROP_NONE);
		assert_int_equal(udp.src_port, rows[i].src_port);
		assert_int_equal(udp.dst_port, 9);
		assert_int_equal(udp.text_len, 5);
		assert_memory_equal(udp.text, "hello", 5);
		assert_true(udp_checksum_good(&src, &dst, data));
		assert_int_equal(udp_emit(&udp, &src, &dst, built), UDP_HDR_LEN);
		assert_memory_equal(built, data, UDP_HDR_LEN);
		data[9] ^= 4;
		assert_false(udp_checksum_good(&src, &dst, data));
	}
}

static void rfc768_no_checksum_is_fine_for_ipv4_only(void **state)
{
	struct aksu_addr v4 = aksu_addr_v4(1, 2, 3, 4), v6 = {{0xfd}};
	uint8_t data[UDP_HDR_LEN] = {0, 1, 0, 2, 0, 8, 0, 0};
	struct udp udp;

	(void)state;
	assert_int_equal(udp_parse(data, sizeof(data), &udp), AKSU_DROP_NONE);
	assert_true(udp.unsummed);
	assert_true(udp_checksum_good(&v4, &v4, data));
	assert_false(udp_checksum_good(&v6, &v6, data)); /* RFC 8200 section 8.1 */
}

/* A sum that comes out as zero is sent in its other form, for zero says "none". */
static void rfc768_zero_is_sent_as_all_ones(void **state)
{
	struct aksu_addr a = aksu_addr_v4(10, 0, 0, 1), b = aksu_addr_v4(10, 0, 0, 2);
	unsigned ones = 0;

	(void)state;
	for (unsigned v = 0; v < 65536; v++) {
		uint8_t text[2] = {(uint8_t)(v >> 8), (uint8_t)v}, data[UDP_HDR_LEN + 2];
		struct udp udp = {.src_port = 1, .dst_port = 2, .text_len = 2, .text = text};

		udp_emit(&udp, &a, &b, data);
		memcpy(data + UDP_HDR_LEN, text, 2);
		assert_true(data[6] != 0 || data[7] != 0);
		ones += data[6] == 0xff && data[7] == 0xff;
		assert_true(udp_checksum_good(&a, &b, data));
	}
	assert_in_range(ones, 1, 2);
}

static void rfc768_lengths(void **state)
{
	uint8_t data[24] = {0};
	struct udp udp;

	(void)state;
	for (unsigned length = 0; length < 32; length++)
		for (size_t n = 0; n <= sizeof(data); n++) {
			data[5] = (uint8_t)length;
			assert_int_equal(udp_parse(data, n, &udp), length >= 8 && length <= n
									   ? AKSU_DROP_NONE
									   : AKSU_DROP_UDP_BAD);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc826_a_request_of_linux),
		cmocka_unit_test(rfc826_every_field_is_checked),
		cmocka_unit_test(short_frames_are_short),
		cmocka_unit_test(rfc791_a_packet_of_linux),
		cmocka_unit_test(rfc791_what_is_written_is_read_again),
		cmocka_unit_test(rfc791_every_cut_is_noticed),
		cmocka_unit_test(rfc791_malformed_headers),
		cmocka_unit_test(rfc791_options_are_walked),
		cmocka_unit_test(rfc8200_a_packet_of_linux),
		cmocka_unit_test(rfc8200_what_is_written_is_read_again),
		cmocka_unit_test(rfc4942_mapped_addresses_are_no_disguise),
		cmocka_unit_test(rfc8200_router_alert_of_linux_is_walked_over),
		cmocka_unit_test(rfc8200_4_extension_headers),
		cmocka_unit_test(rfc8200_4_5_a_fragment_ends_the_walk),
		cmocka_unit_test(extension_headers_and_options_are_limited),
		cmocka_unit_test(rfc768_datagrams_of_linux),
		cmocka_unit_test(rfc768_no_checksum_is_fine_for_ipv4_only),
		cmocka_unit_test(rfc768_zero_is_sent_as_all_ones),
		cmocka_unit_test(rfc768_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
