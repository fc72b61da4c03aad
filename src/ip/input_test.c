/* SPDX-License-Identifier: MIT */
#include "support/ip_bench.h"

static struct ip_bench b;
static struct packet p;
static const uint8_t tcp[20] = {0, 80, 1, 187, [12] = 0x50};

static int up(void **state)
{
	(void)state;
	bench_start(&b);
	return 0;
}

static int down(void **state)
{
	(void)state;
	bench_stop(&b);
	return 0;
}

static void v4(const char *src, const char *dst)
{
	packet_v4(&p, src, dst, IP_PROTO_TCP, tcp, sizeof(tcp), (struct piece_of){0});
}

static void v6(const char *src, const char *dst)
{
	packet_v6(&p, src, dst, IP_PROTO_TCP, tcp, sizeof(tcp));
}

static void ipv4_is_delivered_without_the_padding_of_the_link(void **state)
{
	(void)state;
	v4("10.0.0.9", "10.0.0.2");
	p.data[1] = 0xb9;
	reseal_v4(&p);
	p.len += 6;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_DELIVER);
	assert_int_equal(b.in.len, sizeof(tcp));
	assert_memory_equal(b.in.payload, tcp, sizeof(tcp));
	assert_int_equal(b.in.packet_len, 40);
	assert_int_equal(b.in.protocol, IP_PROTO_TCP);
	assert_int_equal(b.in.tos, 0xb9);
	assert_int_equal(b.in.ttl, 64);
	assert_int_equal(b.in.cast, IP_UNICAST);
	assert_true(is_addr(&b.in.src, "10.0.0.9"));
	assert_true(is_addr(&b.in.dst, "10.0.0.2"));
	assert_null(b.in.block);
}

static void ipv6_is_delivered(void **state)
{
	(void)state;
	v6("fd00::9", "fd00::2");
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_DELIVER);
	assert_int_equal(b.in.len, sizeof(tcp));
	assert_int_equal(b.in.protocol, IP_PROTO_TCP);
}

static void headers_that_lie_are_dropped(void **state)
{
	(void)state;
	v4("10.0.0.9", "10.0.0.2");
	p.data[10] ^= 1;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_CHECKSUM);
	v4("10.0.0.9", "10.0.0.2");
	p.len--;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_SHORT);
	p.data[0] = 0x55;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_VERSION);
	v4("10.0.0.9", "10.0.0.2");
	p.data[0] = 0x44;
	reseal_v4(&p);
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_HEADER);
	p.len = 0;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_SHORT);
	assert_int_equal(b.in.kind, IP_CONSUMED);
}

/* MUST-63, B17: no one host, or ourselves, from a wire. */
static void must_63_sources_that_cannot_send_are_dropped(void **state)
{
	static const char *const bad[] = {"0.0.0.0",   "0.1.2.3",    "255.255.255.255", "224.0.0.5",
					  "127.0.0.1", "10.0.0.255", "10.1.255.255",    "10.0.0.2"};
	static const char *const bad6[] = {"::", "ff02::1", "::1", "fd00::2"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		v4(bad[i], "10.0.0.2");
		assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_SOURCE);
	}
	for (size_t i = 0; i < COUNT_OF(bad6); i++) {
		v6(bad6[i], "fd00::2");
		assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_SOURCE);
	}
}

static void mapped_addresses_are_no_ipv4_in_disguise(void **state)
{
	static const uint8_t mapped[12] = {[10] = 0xff, 0xff};

	(void)state;
	v6("fd00::9", "fd00::2");
	memcpy(p.data + 8, mapped, 12);
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_SOURCE);
	v6("fd00::9", "fd00::2");
	memcpy(p.data + 24, mapped, 12);
	memcpy(p.data + 36, (uint8_t[]){10, 0, 0, 2}, 4);
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_NOT_OURS);
}

/* MUST-57: they are delivered with a mark, so that TCP can be silent and UDP listen. */
static void must_57_broadcast_and_multicast_are_marked(void **state)
{
	static const struct {
		const char *dst;
		enum ip_cast cast;
	} t[] = {
		{"255.255.255.255", IP_BROADCAST},
		{"10.0.0.255", IP_BROADCAST},
		{"224.0.0.1", IP_MULTICAST},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(t); i++) {
		v4("10.0.0.9", t[i].dst);
		assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
		assert_int_equal(b.in.cast, t[i].cast);
	}
	v6("fd00::9", "ff02::1");
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	assert_int_equal(b.in.cast, IP_MULTICAST);
	v6("fd00::9", "ff02::1:ff00:2");
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	assert_int_equal(b.in.cast, IP_MULTICAST);
}

static void what_is_not_for_us_is_dropped(void **state)
{
	static const char *const other[] = {"10.0.0.3",  "10.1.255.255", "224.0.0.5",
					    "127.0.0.1", "10.0.0.0",     "240.0.0.1"};
	static const char *const other6[] = {"fd00::3", "ff02::2", "ff02::1:ff00:3", "::1", "::"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(other); i++) {
		v4("10.0.0.9", other[i]);
		assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_NOT_OURS);
	}
	for (size_t i = 0; i < COUNT_OF(other6); i++) {
		v6("fd00::9", other6[i]);
		assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_NOT_OURS);
	}
	v6("fe80::9", "fe80::2"); /* a link-local address is ours on its own link only */
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	assert_int_equal(bench_feed(&b, 1, &p), AKSU_DROP_IP_NOT_OURS);
}

static void a_broadcast_frame_with_a_packet_for_one_is_dropped(void **state)
{
	(void)state;
	v4("10.0.0.9", "10.0.0.2");
	assert_int_equal(ip_input(&b.ip, 0, p.data, p.len, true, b.now, &b.in),
			 AKSU_DROP_IP_NOT_OURS);
}

static void the_instance_talks_to_itself(void **state)
{
	(void)state;
	v4("127.0.0.1", "127.0.0.1");
	assert_int_equal(bench_feed(&b, IP_LOCAL, &p), AKSU_DROP_NONE);
	v4("10.0.0.2", "10.0.0.2");
	assert_int_equal(bench_feed(&b, IP_LOCAL, &p), AKSU_DROP_NONE);
	v6("::1", "fe80::2");
	assert_int_equal(bench_feed(&b, IP_LOCAL, &p), AKSU_DROP_NONE);
	v4("255.255.255.255", "10.0.0.2");
	assert_int_equal(bench_feed(&b, IP_LOCAL, &p), AKSU_DROP_IP_SOURCE);
}

/* ------------------------------------------------------------------ options and extensions */

static void with_option(const uint8_t option[4])
{
	v4("10.0.0.9", "10.0.0.2");
	memmove(p.data + 24, p.data + 20, p.len - 20);
	memcpy(p.data + 20, option, 4);
	p.len += 4;
	p.data[0] = 0x46;
	p.data[3] = (uint8_t)p.len;
	reseal_v4(&p);
}

static void must_50_unknown_ip_options_are_ignored(void **state)
{
	(void)state;
	with_option((uint8_t[]){1, 0x94, 3, 7});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	assert_int_equal(b.in.len, sizeof(tcp));
	with_option((uint8_t[]){0x94, 1, 0, 0}); /* a length that does not count itself */
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_HEADER);
	with_option((uint8_t[]){0x94, 5, 0, 0});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_HEADER);
}

static void source_routes_are_declined(void **state)
{
	(void)state;
	with_option((uint8_t[]){131, 3, 4, 0});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_OPTIONS);
	with_option((uint8_t[]){137, 3, 4, 0});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_OPTIONS);
	assert_int_equal(b.in.kind, IP_CONSUMED);
}

/* A packet whose chain is 8 octets of `next` kind, then TCP. */
static void with_extension(uint8_t kind, const uint8_t header[8])
{
	uint8_t body[8 + sizeof(tcp)];

	memcpy(body, header, 8);
	memcpy(body + 8, tcp, sizeof(tcp));
	packet_v6(&p, "fd00::9", "fd00::2", kind, body, sizeof(body));
}

static void extension_headers_are_walked(void **state)
{
	(void)state;
	with_extension(IP_PROTO_HOP_BY_HOP, (uint8_t[]){6, 0, 5, 2, 0, 0, 1, 0});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_DELIVER);
	assert_int_equal(b.in.len, sizeof(tcp));
	with_extension(IP_PROTO_DESTINATION, (uint8_t[]){6, 0, 0x1e, 4, 1, 2, 3, 4});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	with_extension(IP_PROTO_ROUTING, (uint8_t[]){6, 0, 0, 0, 0, 0, 0, 0});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
}

static void parameter_problem_is(uint8_t code, uint32_t pointer)
{
	struct icmp m;

	assert_int_equal(b.in.kind, IP_REPLY);
	m = reply_icmp(&b.in.reply);
	assert_int_equal(m.kind, ICMP_PARAMETER_PROBLEM);
	assert_int_equal(m.code, code);
	assert_int_equal(m.pointer, pointer);
	assert_memory_equal(m.data, p.data, p.len);
	assert_true(is_addr(&b.in.reply.out.dst, "fd00::9"));
}

static void unknown_options_say_what_to_do(void **state)
{
	(void)state;
	with_extension(IP_PROTO_DESTINATION, (uint8_t[]){6, 0, 0x5e, 4, 1, 2, 3, 4});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP6_EXTENSION);
	assert_int_equal(b.in.kind, IP_CONSUMED);
	with_extension(IP_PROTO_DESTINATION, (uint8_t[]){6, 0, 0x9e, 4, 1, 2, 3, 4});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP6_EXTENSION);
	parameter_problem_is(2, 42);
	with_extension(IP_PROTO_DESTINATION, (uint8_t[]){6, 0, 0xde, 4, 1, 2, 3, 4});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP6_EXTENSION);
	parameter_problem_is(2, 42);
}

/* To a group only the option that asks for it is answered (RFC 8200 4.2), and not as the group. */
static void unknown_options_to_a_group(void **state)
{
	(void)state;
	with_extension(IP_PROTO_DESTINATION, (uint8_t[]){6, 0, 0xde, 4, 1, 2, 3, 4});
	p.data[24] = 0xff, p.data[25] = 2, memset(p.data + 26, 0, 13), p.data[39] = 1;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP6_EXTENSION);
	assert_int_equal(b.in.kind, IP_CONSUMED);
	p.data[42] = 0x9e;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP6_EXTENSION);
	parameter_problem_is(2, 42);
	assert_true(is_addr(&b.in.reply.out.src, "fd00::2"));
}

static void routing_header_0_is_refused(void **state)
{
	(void)state;
	with_extension(IP_PROTO_ROUTING, (uint8_t[]){6, 0, 0, 1, 0, 0, 0, 0});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP6_EXTENSION);
	parameter_problem_is(0, 42);
}

static void unknown_protocols_are_answered(void **state)
{
	struct icmp m;

	(void)state;
	packet_v4(&p, "10.0.0.9", "10.0.0.2", 132, tcp, 20, (struct piece_of){0});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_PROTOCOL);
	assert_int_equal(b.in.kind, IP_REPLY);
	m = reply_icmp(&b.in.reply);
	assert_int_equal(m.kind, ICMP_UNREACHABLE);
	assert_int_equal(m.code, ICMP4_PROTOCOL_UNREACHABLE);
	packet_v6(&p, "fd00::9", "fd00::2", 132, tcp, 20);
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_PROTOCOL);
	parameter_problem_is(1, 6);
	with_extension(IP_PROTO_DESTINATION, (uint8_t[]){132, 0, 1, 4, 0, 0, 0, 0});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_PROTOCOL);
	parameter_problem_is(1, 40);
	packet_v6(&p, "fd00::9", "fd00::2", IP_PROTO_NONE, tcp, 0);
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_PROTOCOL);
	assert_int_equal(b.in.kind, IP_CONSUMED);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(ipv4_is_delivered_without_the_padding_of_the_link),
		T(ipv6_is_delivered),
		T(headers_that_lie_are_dropped),
		T(must_63_sources_that_cannot_send_are_dropped),
		T(mapped_addresses_are_no_ipv4_in_disguise),
		T(must_57_broadcast_and_multicast_are_marked),
		T(what_is_not_for_us_is_dropped),
		T(a_broadcast_frame_with_a_packet_for_one_is_dropped),
		T(the_instance_talks_to_itself),
		T(must_50_unknown_ip_options_are_ignored),
		T(source_routes_are_declined),
		T(extension_headers_are_walked),
		T(unknown_options_say_what_to_do),
		T(unknown_options_to_a_group),
		T(routing_header_0_is_refused),
		T(unknown_protocols_are_answered),
	};

	return cmocka_run_group_tests_name("ip/input", tests, NULL, NULL);
}
