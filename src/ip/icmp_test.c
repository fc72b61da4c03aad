/* SPDX-License-Identifier: MIT */
#include "support/ip_bench.h"

static struct ip_bench b;
static struct packet p, q;
static uint8_t text[65536];

static int up(void **state)
{
	(void)state;
	bench_start(&b);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 13 + i / 256);
	return 0;
}

static int down(void **state)
{
	(void)state;
	bench_stop(&b);
	return 0;
}

static enum aksu_drop say(const char *src, const char *dst, const struct icmp *m)
{
	packet_icmp(&p, src, dst, m);
	return bench_feed(&b, 0, &p);
}

/* ------------------------------------------------------------------ echo */

static const struct icmp ping = {
	.kind = ICMP_ECHO_REQUEST, .id = 77, .seq = 3, .data = text, .len = 56};

static void echo_is_answered(void **state)
{
	static const char *const ends[][2] = {{"10.0.0.9", "10.0.0.2"}, {"fd00::9", "fd00::2"}};
	struct icmp m;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		assert_int_equal(say(ends[i][0], ends[i][1], &ping), AKSU_DROP_NONE);
		assert_int_equal(b.in.kind, IP_REPLY);
		m = reply_icmp(&b.in.reply);
		assert_int_equal(m.kind, ICMP_ECHO_REPLY);
		assert_int_equal(m.id, 77);
		assert_int_equal(m.seq, 3);
		assert_int_equal(m.len, 56);
		assert_memory_equal(m.data, text, 56);
		assert_true(is_addr(&b.in.reply.out.src, ends[i][1]));
		assert_true(is_addr(&b.in.reply.out.dst, ends[i][0]));
		assert_int_equal(b.in.reply.out.ttl, 64);
	}
}

/* What "ping -s 60000" asks for: put together, answered whole, and cut again by the sender. */
static void a_large_echo_is_answered_whole(void **state)
{
	struct icmp big = ping, m;
	static struct packet f;

	(void)state;
	big.len = 60000;
	packet_icmp(&p, "10.0.0.9", "10.0.0.2", &big);
	for (size_t at = 0; at < p.len - 20; at += 1480) {
		size_t n = min_size(1480, p.len - 20 - at);

		packet_v4(&f, "10.0.0.9", "10.0.0.2", IP_PROTO_ICMP, p.data + 20 + at, n,
			  (struct piece_of){5, (uint16_t)at, at + n < p.len - 20});
		assert_int_equal(bench_feed(&b, 0, &f), AKSU_DROP_NONE);
	}
	assert_int_equal(b.in.kind, IP_REPLY);
	assert_null(b.in.block);
	m = reply_icmp(&b.in.reply);
	assert_int_equal(m.len, 60000);
	assert_memory_equal(m.data, text, 60000);
	assert_false(b.in.reply.out.dont_fragment);
}

static void echo_to_a_broadcast_is_ignored(void **state)
{
	(void)state;
	assert_int_equal(say("10.0.0.9", "10.0.0.255", &ping), AKSU_DROP_ICMP_IGNORED);
	assert_int_equal(say("10.0.0.9", "224.0.0.1", &ping), AKSU_DROP_ICMP_IGNORED);
	assert_int_equal(b.in.kind, IP_CONSUMED);
}

static void echo_to_all_nodes_is_answered_as_ourselves(void **state)
{
	(void)state;
	assert_int_equal(say("fe80::9", "ff02::1", &ping), AKSU_DROP_NONE);
	assert_true(is_addr(&b.in.reply.out.src, "fe80::2"));
	assert_int_equal(b.in.reply.link, 0);
}

static void the_checksum_counts(void **state)
{
	(void)state;
	packet_icmp(&p, "10.0.0.9", "10.0.0.2", &ping);
	p.data[40] ^= 1;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_ICMP_BAD);
	packet_icmp(&p, "fd00::9", "fd00::2", &ping);
	p.data[60] ^= 1;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_ICMP_BAD);
}

static void no_memory_no_answer(void **state)
{
	(void)state;
	b.fail_after = 0;
	assert_int_equal(say("10.0.0.9", "10.0.0.2", &ping), AKSU_DROP_NO_MEMORY);
	assert_int_equal(b.in.kind, IP_CONSUMED);
	packet_v4(&p, "10.0.0.9", "10.0.0.2", 132, text, 20, (struct piece_of){0});
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_IP_PROTOCOL);
	assert_int_equal(b.in.kind, IP_CONSUMED);
	b.fail_after = -1;
}

/* ------------------------------------------------------------------ errors about us */

static const uint8_t tcp[8] = {0x1f, 0x90, 0x01, 0xbb, 0xde, 0xad, 0xbe, 0xef};

/* An error about a packet of ours, from a router. */
static enum aksu_drop error_v4(uint8_t type, uint8_t code)
{
	struct icmp m = {.kind = ICMP_UNREACHABLE};

	packet_v4(&q, "10.0.0.2", "192.0.2.1", IP_PROTO_TCP, tcp, sizeof(tcp),
		  (struct piece_of){0});
	m.data = q.data;
	m.len = q.len;
	packet_icmp(&p, "10.0.0.1", "10.0.0.2", &m);
	p.data[20] = type;
	p.data[21] = code;
	p.data[22] = p.data[23] = 0;
	{
		uint16_t sum = csum_finish(csum_of(p.data + 20, p.len - 20));

		p.data[22] = (uint8_t)(sum >> 8);
		p.data[23] = (uint8_t)sum;
	}
	return bench_feed(&b, 0, &p);
}

static enum aksu_drop error_v6(enum icmp_kind kind, uint8_t code)
{
	struct icmp m = {.kind = kind, .code = code, .mtu = 1300};

	packet_v6(&q, "fd00::2", "2001:db8::1", IP_PROTO_TCP, tcp, sizeof(tcp));
	m.data = q.data;
	m.len = q.len;
	return say("fd00::1", "fd00::2", &m);
}

static void must_54_errors_name_the_packet(void **state)
{
	(void)state;
	assert_int_equal(error_v4(3, 3), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_ICMP_ERROR);
	assert_int_equal(b.in.error.protocol, IP_PROTO_TCP);
	assert_int_equal(b.in.error.src_port, 8080);
	assert_int_equal(b.in.error.dst_port, 443);
	assert_int_equal(b.in.error.seq, 0xdeadbeef);
	assert_int_equal(b.in.error.transport_len, 8);
	assert_memory_equal(b.in.error.transport, tcp, 8);
	assert_int_equal(b.in.error.quoted_len, 28);
	assert_true(is_addr(&b.in.error.src, "10.0.0.2"));
	assert_true(is_addr(&b.in.error.dst, "192.0.2.1"));
	assert_true(is_addr(&b.in.src, "10.0.0.1"));
	assert_int_equal(error_v6(ICMP_UNREACHABLE, 4), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_ICMP_ERROR);
	assert_int_equal(b.in.error.seq, 0xdeadbeef);
	assert_int_equal(b.in.error.quoted_len, 48);
	assert_true(is_addr(&b.in.error.dst, "2001:db8::1"));
}

static void must_56_what_is_soft_and_what_is_hard(void **state)
{
	static const struct {
		uint8_t type, code;
		enum ip_error kind;
		bool hard;
	} t[] = {
		{3, 0, IP_ERROR_NET_UNREACHABLE, false},
		{3, 1, IP_ERROR_HOST_UNREACHABLE, false},
		{3, 2, IP_ERROR_PROTOCOL_UNREACHABLE, true},
		{3, 3, IP_ERROR_PORT_UNREACHABLE, true},
		{3, 4, IP_ERROR_TOO_BIG, false},
		{3, 5, IP_ERROR_SOURCE_ROUTE, false},
		{3, 13, IP_ERROR_PROHIBITED, true},
		{11, 0, IP_ERROR_TIME_EXCEEDED, false},
		{11, 1, IP_ERROR_REASSEMBLY_TIME, false},
		{12, 0, IP_ERROR_PARAMETER, false},
	};
	static const struct {
		enum icmp_kind icmp;
		uint8_t code;
		enum ip_error kind;
		bool hard;
	} t6[] = {
		{ICMP_UNREACHABLE, 0, IP_ERROR_NET_UNREACHABLE, false},
		{ICMP_UNREACHABLE, 1, IP_ERROR_PROHIBITED, true},
		{ICMP_UNREACHABLE, 3, IP_ERROR_HOST_UNREACHABLE, false},
		{ICMP_UNREACHABLE, 4, IP_ERROR_PORT_UNREACHABLE, true},
		{ICMP_TOO_BIG, 0, IP_ERROR_TOO_BIG, false},
		{ICMP_TIME_EXCEEDED, 0, IP_ERROR_TIME_EXCEEDED, false},
		{ICMP_TIME_EXCEEDED, 1, IP_ERROR_REASSEMBLY_TIME, false},
		{ICMP_PARAMETER_PROBLEM, 0, IP_ERROR_PARAMETER, false},
		{ICMP_PARAMETER_PROBLEM, 1, IP_ERROR_PARAMETER, false},
		{ICMP_PARAMETER_PROBLEM, 2, IP_ERROR_PARAMETER, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(t); i++) {
		assert_int_equal(error_v4(t[i].type, t[i].code), AKSU_DROP_NONE);
		assert_int_equal(b.in.error.kind, t[i].kind);
		assert_int_equal(b.in.error.hard, t[i].hard);
		assert_int_not_equal(b.in.error.error, AKSU_OK);
	}
	for (size_t i = 0; i < COUNT_OF(t6); i++) {
		assert_int_equal(error_v6(t6[i].icmp, t6[i].code), AKSU_DROP_NONE);
		assert_int_equal(b.in.error.kind, t6[i].kind);
		assert_int_equal(b.in.error.hard, t6[i].hard);
	}
	assert_int_equal(error_v4(3, 16), AKSU_DROP_ICMP_IGNORED);
	assert_int_equal(error_v6(ICMP_UNREACHABLE, 7), AKSU_DROP_ICMP_IGNORED);
}

static void must_55_source_quench_is_ignored(void **state)
{
	(void)state;
	assert_int_equal(error_v4(4, 0), AKSU_DROP_ICMP_IGNORED);
	assert_int_equal(b.in.kind, IP_CONSUMED);
}

static void redirects_and_the_rest_are_ignored(void **state)
{
	static const uint8_t types[] = {0, 5, 9, 10, 13, 14, 17, 18};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		assert_int_equal(error_v4(types[i], 0), AKSU_DROP_ICMP_IGNORED);
		assert_int_equal(b.in.kind, IP_CONSUMED);
	}
}

static void H3_too_big_carries_its_mtu(void **state)
{
	struct icmp m = {.kind = ICMP_TOO_BIG, .code = 4, .mtu = 1000};

	(void)state;
	packet_v4(&q, "10.0.0.2", "192.0.2.1", IP_PROTO_TCP, tcp, 8, (struct piece_of){0});
	m.data = q.data;
	m.len = q.len;
	assert_int_equal(say("10.0.0.1", "10.0.0.2", &m), AKSU_DROP_NONE);
	assert_int_equal(b.in.error.kind, IP_ERROR_TOO_BIG);
	assert_int_equal(b.in.error.mtu, 1000);
	assert_int_equal(error_v6(ICMP_TOO_BIG, 0), AKSU_DROP_NONE);
	assert_int_equal(b.in.error.mtu, 1300);
}

/* RFC 5927 section 4: what quotes nothing of ours, or too little of it, is not believed. */
static void quotes_that_are_not_ours_are_dropped(void **state)
{
	struct icmp m = {.kind = ICMP_UNREACHABLE, .code = 1};

	(void)state;
	m.data = q.data;
	packet_v4(&q, "10.0.0.3", "192.0.2.1", IP_PROTO_TCP, tcp, 8, (struct piece_of){0});
	m.len = q.len;
	assert_int_equal(say("10.0.0.1", "10.0.0.2", &m), AKSU_DROP_ICMP_QUOTE);
	packet_v4(&q, "10.0.0.2", "224.0.0.1", IP_PROTO_TCP, tcp, 8, (struct piece_of){0});
	assert_int_equal(say("10.0.0.1", "10.0.0.2", &m), AKSU_DROP_ICMP_QUOTE);
	packet_v4(&q, "10.0.0.2", "192.0.2.1", IP_PROTO_TCP, tcp, 8, (struct piece_of){0, 8, 0});
	assert_int_equal(say("10.0.0.1", "10.0.0.2", &m), AKSU_DROP_ICMP_QUOTE);
	packet_v4(&q, "10.0.0.2", "192.0.2.1", IP_PROTO_TCP, tcp, 8, (struct piece_of){0});
	for (m.len = 0; m.len < 28; m.len++)
		assert_int_equal(say("10.0.0.1", "10.0.0.2", &m), AKSU_DROP_ICMP_QUOTE);
	packet_v6(&q, "fd00::2", "2001:db8::1", IP_PROTO_TCP, tcp, 8);
	for (m.len = 0; m.len < 48; m.len++)
		assert_int_equal(say("fd00::1", "fd00::2", &m), AKSU_DROP_ICMP_QUOTE);
	fragment_v6_of(&q, "fd00::2", "2001:db8::1", IP_PROTO_TCP, tcp, 8,
		       (struct piece_of){0, 8, 0});
	m.len = q.len;
	assert_int_equal(say("fd00::1", "fd00::2", &m), AKSU_DROP_ICMP_QUOTE);
	fragment_v6_of(&q, "fd00::2", "2001:db8::1", IP_PROTO_TCP, tcp, 8,
		       (struct piece_of){0, 0, 1});
	assert_int_equal(say("fd00::1", "fd00::2", &m), AKSU_DROP_NONE);
	assert_int_equal(b.in.error.dst_port, 443);
	packet_v4(&q, "10.0.0.2", "192.0.2.1", IP_PROTO_TCP, tcp, 8, (struct piece_of){0});
	m.len = q.len;
	assert_int_equal(say("10.0.0.1", "10.0.0.255", &m), AKSU_DROP_ICMP_IGNORED);
	assert_int_equal(b.in.kind, IP_CONSUMED);
}

/* ------------------------------------------------------------------ neighbour discovery */

static void discovery_goes_to_the_link(void **state)
{
	struct icmp m = {.kind = ICMP_NEIGHBOUR_SOLICITATION, .target = addr("fd00::2")};

	(void)state;
	assert_int_equal(say("fe80::9", "ff02::1:ff00:2", &m), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_ND);
	assert_int_equal(b.in.payload[0], 135);
	/* is the address in use? And: yes, by me */
	assert_int_equal(say("::", "ff02::1:ff00:2", &m), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_ND);
	m.kind = ICMP_NEIGHBOUR_ADVERTISEMENT;
	assert_int_equal(say("fd00::2", "ff02::1", &m), AKSU_DROP_NONE);
	assert_int_equal(b.in.kind, IP_ND);
	/* but nothing else from there */
	assert_int_equal(say("::", "ff02::1", &ping), AKSU_DROP_IP_SOURCE);
	assert_int_equal(say("fd00::2", "ff02::1", &ping), AKSU_DROP_IP_SOURCE);
}

static void discovery_from_afar_is_dropped(void **state)
{
	struct icmp m = {.kind = ICMP_NEIGHBOUR_SOLICITATION, .target = addr("fd00::2")};
	static struct packet f;

	(void)state;
	packet_icmp(&p, "fe80::9", "fd00::2", &m);
	p.data[7] = 254;
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_ND_BAD);
	p.data[7] = 255;
	fragment_v6_of(&f, "fe80::9", "fd00::2", IP_PROTO_ICMPV6, p.data + 40, p.len - 40,
		       (struct piece_of){1, 0, 0});
	assert_int_equal(bench_feed(&b, 0, &f), AKSU_DROP_ND_BAD); /* RFC 6980 */
	assert_int_equal(b.in.kind, IP_CONSUMED);
}

/* ------------------------------------------------------------------ errors of ours */

static bool refuse(const char *src, const char *dst, struct ip_reply *r)
{
	struct aksu_addr s = addr(src);

	if (aksu_addr_is_v4(&s))
		packet_v4(&p, src, dst, IP_PROTO_UDP, text, 1400, (struct piece_of){0});
	else
		packet_v6(&p, src, dst, IP_PROTO_UDP, text, 1400);
	assert_int_equal(bench_feed(&b, 0, &p), AKSU_DROP_NONE);
	return ip_unreachable(&b.ip, &b.in, IP_REFUSE_PORT, b.now, r);
}

static void a_port_without_a_socket_is_answered(void **state)
{
	struct ip_reply r;
	struct icmp m;

	(void)state;
	assert_true(refuse("10.0.0.9", "10.0.0.2", &r));
	m = reply_icmp(&r);
	assert_int_equal(m.kind, ICMP_UNREACHABLE);
	assert_int_equal(m.code, ICMP4_PORT_UNREACHABLE);
	assert_int_equal(20 + r.out.payload_len, 576);
	assert_memory_equal(m.data, p.data, m.len);
	assert_true(is_addr(&r.out.src, "10.0.0.2"));
	block_unref(r.payload.block);
	assert_true(refuse("fd00::9", "fd00::2", &r));
	m = reply_icmp(&r);
	assert_int_equal(m.kind, ICMP_UNREACHABLE);
	assert_int_equal(m.code, ICMP6_PORT_UNREACHABLE);
	assert_int_equal(40 + r.out.payload_len, 1280);
	assert_memory_equal(m.data, p.data, m.len);
	block_unref(r.payload.block);
	assert_true(ip_unreachable(&b.ip, &b.in, IP_REFUSE_PROHIBITED, b.now, &r));
	assert_int_equal(reply_icmp(&r).code, ICMP6_PROHIBITED);
	block_unref(r.payload.block);
}

/* RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e.3). */
static void packets_to_many_are_not_complained_about(void **state)
{
	struct ip_reply r;

	(void)state;
	assert_false(refuse("10.0.0.9", "10.0.0.255", &r));
	assert_false(refuse("10.0.0.9", "224.0.0.1", &r));
	assert_false(refuse("fd00::9", "ff02::1", &r));
	assert_null(r.payload.block);
	assert_true(refuse("10.0.0.9", "10.0.0.2", &r));
	block_unref(r.payload.block);
	packet_v4(&q, "10.0.0.9", "10.0.0.2", IP_PROTO_UDP, text, 80, (struct piece_of){1, 80, 0});
	b.in.src = addr("224.0.0.1");
	assert_false(ip_unreachable(&b.ip, &b.in, IP_REFUSE_PORT, b.now, &r));
	b.in.src = addr("10.0.0.9");
	b.in.packet = q.data; /* a fragment but the first */
	b.in.packet_len = (uint32_t)q.len;
	assert_false(ip_unreachable(&b.ip, &b.in, IP_REFUSE_PORT, b.now, &r));
}

/* A datagram of ICMP that never becomes whole: an echo is reported, an error is not. */
static void errors_are_not_complained_about(void **state)
{
	static const struct {
		uint8_t v4, v6;
		bool told;
	} t[] = {{8, 128, true}, {3, 1, false}, {5, 137, false}, {200, 100, false}};
	struct ip_reply r;

	(void)state;
	for (uint32_t i = 0; i < COUNT_OF(t); i++) {
		text[0] = t[i].v4;
		packet_v4(&p, "10.0.0.9", "10.0.0.2", IP_PROTO_ICMP, text, 80,
			  (struct piece_of){i, 0, true});
		bench_feed(&b, 0, &p);
		text[0] = t[i].v6;
		fragment_v6_of(&p, "fd00::9", "fd00::2", IP_PROTO_ICMPV6, text, 80,
			       (struct piece_of){i, 0, true});
		bench_feed(&b, 0, &p);
		b.now = after(b.now, seconds(60));
		for (int family = 0; family < 2; family++) {
			assert_int_equal(ip_advance(&b.ip, b.now, &r), AKSU_DROP_FRAGMENT_TIMEOUT);
			assert_int_equal(r.payload.block != NULL, t[i].told);
			block_unref(r.payload.block);
		}
	}
}

static unsigned refused(unsigned tries)
{
	struct ip_reply r;
	unsigned n = 0;

	while (tries-- > 0)
		if (refuse("10.0.0.9", "10.0.0.2", &r)) {
			n++;
			block_unref(r.payload.block);
		}
	return n;
}

/* RFC 4443 section 2.4 (f): a burst of 50 at most, 1000 a second, and not to be counted exactly. */
static void errors_are_limited(void **state)
{
	unsigned first = refused(200);

	(void)state;
	assert_in_range(first, 25, 49);
	assert_int_equal(refused(10), 0);
	b.now = after(b.now, milliseconds(10));
	assert_in_range(refused(100), 5, 10);
	b.now = after(b.now, seconds(3600));
	assert_in_range(refused(200), 25, 50);
}

static void echoes_are_limited(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(say("10.0.0.9", "10.0.0.2", &ping), AKSU_DROP_NONE);
	assert_int_equal(say("10.0.0.9", "10.0.0.2", &ping), AKSU_DROP_REPLY_QUEUE);
	assert_int_equal(b.in.kind, IP_CONSUMED);
	b.now = after(b.now, microseconds(10));
	assert_int_equal(say("10.0.0.9", "10.0.0.2", &ping), AKSU_DROP_NONE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(echo_is_answered),
		T(a_large_echo_is_answered_whole),
		T(echo_to_a_broadcast_is_ignored),
		T(echo_to_all_nodes_is_answered_as_ourselves),
		T(the_checksum_counts),
		T(no_memory_no_answer),
		T(must_54_errors_name_the_packet),
		T(must_56_what_is_soft_and_what_is_hard),
		T(must_55_source_quench_is_ignored),
		T(redirects_and_the_rest_are_ignored),
		T(H3_too_big_carries_its_mtu),
		T(quotes_that_are_not_ours_are_dropped),
		T(discovery_goes_to_the_link),
		T(discovery_from_afar_is_dropped),
		T(a_port_without_a_socket_is_answered),
		T(packets_to_many_are_not_complained_about),
		T(errors_are_not_complained_about),
		T(errors_are_limited),
		T(echoes_are_limited),
	};

	return cmocka_run_group_tests_name("ip/icmp", tests, NULL, NULL);
}
