/* SPDX-License-Identifier: MIT */
/*
 * ICMP, ICMPv6 and neighbour discovery: what is written is read again, messages of Linux are read
 * and built to the octet, and what RFC 4861 condemns is dropped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/icmp.h"

enum { ROUNDS = 20000, DATA_MAX = 64 };

static size_t hex(const char *text, uint8_t *out)
{
	size_t n = 0;
	unsigned v;

	for (; sscanf(text, "%2x", &v) == 1; text += 2)
		out[n++] = (uint8_t)v;
	return n;
}

static struct aksu_addr addr(const char *text)
{
	struct aksu_addr a;

	assert_true(aksu_addr_parse(text, &a));
	return a;
}

static void fill(void *out, size_t n, struct prng *r)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)prng_next(r);
}

/* Writes a checksum that is right into a message that was tampered with. */
static void seal6(uint8_t *message, size_t n, const struct aksu_addr *src,
		  const struct aksu_addr *dst)
{
	be16 sum;

	message[2] = message[3] = 0;
	sum = put16(
		csum_finish(csum_add(csum_pseudo(src, dst, 58, (uint32_t)n), csum_of(message, n))));
	memcpy(message + 2, &sum, 2);
}

/* ------------------------------------------------------------------ known answers */

static void rfc4861_solicitations_of_linux(void **state)
{
	static const struct {
		const char *message, *src, *dst, *target;
		enum icmp_kind kind;
	} rows[] = {
		/* 1 */ {"87007d8700000000fd0000070000000000000000000000030101020000000001",
			 "fd00:7::1", "ff02::1:ff00:3", "fd00:7::3", ICMP_NEIGHBOUR_SOLICITATION},
		/* 2 */
		{"85007b2c000000000101020000000001", "fe80::ff:fe00:1", "ff02::2",
		 "::", ICMP_ROUTER_SOLICITATION},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct aksu_addr src = addr(rows[i].src), dst = addr(rows[i].dst);
		struct aksu_addr target = addr(rows[i].target);
		uint8_t message[64], built[ICMP_HEAD_MAX];
		size_t n = hex(rows[i].message, message);
		struct icmp m;

		assert_int_equal(icmp6_parse(message, n, &src, &dst, &m), AKSU_DROP_NONE);
		assert_int_equal(m.kind, rows[i].kind);
		assert_true(addr_eq(&m.target, &target));
		assert_true(m.nd.has_source && !m.nd.has_target);
		assert_memory_equal(m.nd.source.b, ((uint8_t[]){2, 0, 0, 0, 0, 1}), 6);
		assert_int_equal(icmp6_emit(&m, &src, &dst, built), n);
		assert_memory_equal(built, message, n);
		message[n - 1] ^= 1;
		assert_int_equal(icmp6_parse(message, n, &src, &dst, &m), AKSU_DROP_ICMP_BAD);
	}
}

static void rfc4291_solicited_node(void **state)
{
	struct aksu_addr a = addr("4037::01:800:200e:8c6c"), group = nd_solicited_node(&a);
	struct aksu_addr wanted = addr("ff02::1:ff0e:8c6c");

	(void)state;
	assert_true(addr_eq(&group, &wanted));
}

static void rfc792_numbers_of_each_kind(void **state)
{
	static const struct {
		uint8_t type4, code4, type6;
		enum icmp_kind kind;
		bool error;
	} rows[] = {
		/* 1 */ {8, 0, 128, ICMP_ECHO_REQUEST, false},
		/* 2 */ {0, 0, 129, ICMP_ECHO_REPLY, false},
		/* 3 */ {3, 1, 1, ICMP_UNREACHABLE, true},
		/* 4 */ {3, 4, 2, ICMP_TOO_BIG, true},
		/* 5 */ {11, 0, 3, ICMP_TIME_EXCEEDED, true},
		/* 6 */ {12, 0, 4, ICMP_PARAMETER_PROBLEM, true},
		/* 7 */ {13, 0, 200, ICMP_OTHER, false}, /* timestamp request: by type, an "error"
							    of v6 */
	};
	struct aksu_addr a = addr("fd00::1");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t message[8] = {rows[i].type4, rows[i].code4};
		be16 sum = put16(csum_finish(csum_of(message, 8)));
		struct icmp m;

		memcpy(message + 2, &sum, 2);
		assert_int_equal(icmp4_parse(message, 8, &m), AKSU_DROP_NONE);
		assert_int_equal(m.kind, rows[i].kind);
		assert_int_equal(m.type, rows[i].type4);
		if (m.kind != ICMP_OTHER)
			assert_int_equal(icmp_is_error(&m), rows[i].error);
		message[0] = rows[i].type6;
		message[1] = 0;
		seal6(message, 8, &a, &a);
		assert_int_equal(icmp6_parse(message, 8, &a, &a, &m), AKSU_DROP_NONE);
		assert_int_equal(m.kind, rows[i].kind);
		assert_int_equal(icmp_is_error(&m), rows[i].error);
	}
}

static void rfc1191_next_hop_mtu_is_the_second_half(void **state)
{
	uint8_t message[8] = {3, 4, 0, 0, 0xff, 0xff, 0x05, 0x14}; /* the first half is unused */
	be16 sum = put16(csum_finish(csum_of(message, 8)));
	struct icmp m;

	(void)state;
	memcpy(message + 2, &sum, 2);
	assert_int_equal(icmp4_parse(message, 8, &m), AKSU_DROP_NONE);
	assert_int_equal(m.mtu, 1300);
}

static void rfc792_redirect_and_pointer(void **state)
{
	uint8_t message[12] = {5, 1, 0, 0, 10, 0, 0, 9, 0x45};
	be16 sum = put16(csum_finish(csum_of(message, 12)));
	struct aksu_addr better = addr("10.0.0.9");
	struct icmp m;

	(void)state;
	memcpy(message + 2, &sum, 2);
	assert_int_equal(icmp4_parse(message, 12, &m), AKSU_DROP_NONE);
	assert_int_equal(m.kind, ICMP_REDIRECT);
	assert_true(addr_eq(&m.target, &better) && icmp_is_error(&m));
	assert_int_equal(m.len, 4);
	assert_int_equal(m.data[0], 0x45);
	memset(message, 0, sizeof(message));
	message[0] = 12;
	message[4] = 20;
	sum = put16(csum_finish(csum_of(message, 12)));
	memcpy(message + 2, &sum, 2);
	assert_int_equal(icmp4_parse(message, 12, &m), AKSU_DROP_NONE);
	assert_int_equal(m.pointer, 20);
}

/* ------------------------------------------------------------------ identity */

static struct icmp random_message(struct prng *r, bool v4, const uint8_t *data)
{
	struct icmp m = {.data = data, .len = prng_below(r, DATA_MAX + 1)};

	m.kind = (enum icmp_kind)(ICMP_ECHO_REQUEST + (int)prng_below(r, 6));
	if (m.kind != ICMP_ECHO_REQUEST && m.kind != ICMP_ECHO_REPLY && m.kind != ICMP_TOO_BIG)
		m.code = v4 && m.kind == ICMP_UNREACHABLE ? 1 : (uint8_t)prng_next(r);
	if (m.kind == ICMP_ECHO_REQUEST || m.kind == ICMP_ECHO_REPLY) {
		m.id = (uint16_t)prng_next(r);
		m.seq = (uint16_t)prng_next(r);
	}
	if (m.kind == ICMP_TOO_BIG)
		m.mtu = (uint32_t)prng_next(r) & (v4 ? 0xffff : UINT32_MAX);
	if (m.kind == ICMP_PARAMETER_PROBLEM)
		m.pointer = (uint32_t)prng_next(r) & (v4 ? 0xff : UINT32_MAX);
	return m;
}

static void assert_same(const struct icmp *a, const struct icmp *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->mtu, b->mtu);
	assert_int_equal(a->pointer, b->pointer);
	assert_true(addr_eq(&a->target, &b->target));
	assert_int_equal(a->len, b->len);
	if (a->len > 0)
		assert_memory_equal(a->data, b->data, a->len);
	assert_memory_equal(&a->nd, &b->nd, offsetof(struct nd, prefixes));
	assert_int_equal(a->nd.prefixes, b->nd.prefixes);
	for (unsigned i = 0; i < a->nd.prefixes; i++)
		assert_memory_equal(&a->nd.prefix[i], &b->nd.prefix[i], sizeof(struct nd_prefix));
}

static void what_is_written_is_read_again(void **state)
{
	struct prng r = prng_from(41);

	(void)state;
	print_message("seed 41\n");
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t data[DATA_MAX], message[ICMP_HEAD_MAX + DATA_MAX];
		bool v4 = prng_below(&r, 2);
		struct aksu_addr src, dst;
		struct icmp in, out;
		size_t n;

		fill(data, sizeof(data), &r);
		fill(src.b, 16, &r);
		fill(dst.b, 16, &r);
		out = random_message(&r, v4, data);
		n = v4 ? icmp4_emit(&out, message) : icmp6_emit(&out, &src, &dst, message);
		assert_int_equal(n, 8);
		memcpy(message + n, data, out.len);
		n += out.len;
		if (v4)
			assert_int_equal(icmp4_parse(message, n, &in), AKSU_DROP_NONE);
		else
			assert_int_equal(icmp6_parse(message, n, &src, &dst, &in), AKSU_DROP_NONE);
		assert_same(&in, &out);
		if (out.kind != ICMP_TOO_BIG)
			assert_int_equal(in.code, out.code);
		for (size_t cut = 0; cut < 8; cut++)
			assert_int_equal(icmp4_parse(message, cut, &in), AKSU_DROP_ICMP_BAD);
	}
}

static struct nd random_nd(struct prng *r, enum icmp_kind kind)
{
	struct nd nd;

	memset(&nd, 0, sizeof(nd)); /* padding too: it is compared */
	nd.has_source = prng_below(r, 2);
	if (nd.has_source)
		fill(nd.source.b, 6, r);
	nd.has_target = prng_below(r, 2);
	if (nd.has_target)
		fill(nd.target.b, 6, r);
	if (kind == ICMP_NEIGHBOUR_ADVERTISEMENT)
		nd.flags = (uint8_t)(prng_below(r, 8) << 5);
	if (kind != ICMP_ROUTER_ADVERTISEMENT)
		return nd;
	nd.flags = (uint8_t)(prng_below(r, 4) << 6);
	nd.hop_limit = (uint8_t)prng_next(r);
	nd.lifetime_s = (uint16_t)prng_next(r);
	nd.reachable_ms = (uint32_t)prng_next(r);
	nd.retrans_ms = (uint32_t)prng_next(r);
	nd.mtu = (uint32_t)prng_next(r);
	nd.prefixes = (uint8_t)prng_below(r, ND_PREFIX_MAX + 1);
	for (unsigned i = 0; i < nd.prefixes; i++) {
		struct nd_prefix *p = &nd.prefix[i];

		fill(p->prefix.b, 16, r);
		p->len = (uint8_t)prng_below(r, 129);
		p->flags = (uint8_t)(prng_below(r, 4) << 6);
		p->valid_s = (uint32_t)prng_next(r);
		p->preferred_s = (uint32_t)prng_next(r);
	}
	return nd;
}

static void rfc4861_what_is_written_is_read_again(void **state)
{
	struct prng r = prng_from(42);

	(void)state;
	print_message("seed 42\n");
	for (int i = 0; i < ROUNDS; i++) {
		uint8_t message[ICMP_HEAD_MAX];
		struct aksu_addr src = addr("fe80::1"), dst = addr("fe80::2");
		struct icmp in, out = {.kind = ICMP_ROUTER_SOLICITATION};
		size_t n;

		out.kind = (enum icmp_kind)(out.kind + prng_below(&r, 4));
		out.nd = random_nd(&r, out.kind);
		if (out.kind >= ICMP_NEIGHBOUR_SOLICITATION) {
			fill(out.target.b, 16, &r);
			out.target.b[0] = 0xfd; /* not multicast */
		}
		n = icmp6_emit(&out, &src, &dst, message);
		assert_true(n <= sizeof(message) && n % 8 == 0);
		assert_int_equal(icmp6_parse(message, n, &src, &dst, &in), AKSU_DROP_NONE);
		assert_same(&in, &out);
		assert_false(icmp_is_error(&in));
	}
}

/* ------------------------------------------------------------------ what is condemned */

static enum aksu_drop parse6(const char *message)
{
	struct aksu_addr a = addr("fe80::1");
	uint8_t octets[256];
	size_t n = hex(message, octets);
	struct icmp m;

	seal6(octets, n, &a, &a);
	return icmp6_parse(octets, n, &a, &a, &m);
}

#define TARGET "fd000000000000000000000000000002"
#define GROUP  "ff020000000000000000000000000002"
#define MAPPED "00000000000000000000ffff0a000001"

static void rfc4861_7_1_invalid_messages(void **state)
{
	static const struct {
		const char *message;
		enum aksu_drop drop;
	} rows[] = {
		/* 1 */ {"8700000000000000" TARGET, AKSU_DROP_NONE},
		/* 2: code */ {"8701000000000000" TARGET, AKSU_DROP_ND_BAD},
		/* 3: multicast target */ {"8700000000000000" GROUP, AKSU_DROP_ND_BAD},
		/* 4: IPv4 in disguise */ {"8800000000000000" MAPPED, AKSU_DROP_ND_BAD},
		/* 5: short */ {"8700000000000000fd0000000000000000000000000000", AKSU_DROP_ND_BAD},
		/* 6: option of length 0 */
		{"8700000000000000" TARGET "0100020000000001", AKSU_DROP_ND_BAD},
		/* 7: over the end */
		{"8700000000000000" TARGET "0102020000000001", AKSU_DROP_ND_BAD},
		/* 8: half an option */ {"8700000000000000" TARGET "01", AKSU_DROP_ND_BAD},
		/* 9: unknown option */
		{"8700000000000000" TARGET "fd01000000000000", AKSU_DROP_NONE},
		/* 10: source option of another length */
		{"8700000000000000" TARGET "01020000000000000000000000000000", AKSU_DROP_NONE},
		/* 11: short advertisement */ {"860000004000070800000000000000", AKSU_DROP_ND_BAD},
		/* 12 */ {"86000000400007080000000000000000", AKSU_DROP_NONE},
		/* 13: redirect without its addresses */
		{"8900000000000000" TARGET, AKSU_DROP_ND_BAD},
		/* 14 */ {"8900000000000000" TARGET TARGET, AKSU_DROP_NONE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (parse6(rows[i].message) != rows[i].drop)
			fail_msg("row %zu", i + 1);
}

static void rfc4861_4_6_unusable_options_are_left_out(void **state)
{
	struct aksu_addr a = addr("fe80::1");
	uint8_t octets[256];
	struct icmp m;
	/*
	 * a prefix of 129 bits, a source of the wrong length; then a redirect that quotes 8 octets
	 */
	size_t n = hex("86000000400007080000000000000000"
		       "030481c0000000010000000100000000" TARGET "01020000000000000000000000000000",
		       octets);

	(void)state;
	seal6(octets, n, &a, &a);
	assert_int_equal(icmp6_parse(octets, n, &a, &a, &m), AKSU_DROP_NONE);
	assert_int_equal(m.nd.prefixes, 0);
	assert_false(m.nd.has_source);
	n = hex("8900000000000000" TARGET GROUP "04020000000000006000000000000000", octets);
	seal6(octets, n, &a, &a);
	assert_int_equal(icmp6_parse(octets, n, &a, &a, &m), AKSU_DROP_NONE);
	assert_int_equal(m.kind, ICMP_REDIRECT);
	assert_int_equal(m.len, 8);
	assert_int_equal(m.data[0], 0x60);
}

static void a_host_does_not_send_redirects(void **state)
{
	static const enum icmp_kind kinds[] = {ICMP_OTHER, ICMP_SOURCE_QUENCH, ICMP_REDIRECT};
	struct aksu_addr a = addr("fe80::1");
	uint8_t out[ICMP_HEAD_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct icmp m = {.kind = kinds[i]};

		assert_int_equal(icmp4_emit(&m, out), 0);
		assert_int_equal(icmp6_emit(&m, &a, &a, out), 0);
	}
	assert_int_equal(icmp4_emit(&(struct icmp){.kind = ICMP_NEIGHBOUR_SOLICITATION}, out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4861_solicitations_of_linux),
		cmocka_unit_test(rfc4291_solicited_node),
		cmocka_unit_test(rfc792_numbers_of_each_kind),
		cmocka_unit_test(rfc1191_next_hop_mtu_is_the_second_half),
		cmocka_unit_test(rfc792_redirect_and_pointer),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(rfc4861_what_is_written_is_read_again),
		cmocka_unit_test(rfc4861_7_1_invalid_messages),
		cmocka_unit_test(rfc4861_4_6_unusable_options_are_left_out),
		cmocka_unit_test(a_host_does_not_send_redirects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
