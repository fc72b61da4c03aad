/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum against a sum of byte pairs, done as RFC 1071 writes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/prng.h"
#include "wire/addr.h"
#include "wire/checksum.h"

enum { LENGTHS = 200, ALIGNMENTS = 16, GUARD = 8 };

static uint16_t naive(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static void fill(uint8_t *p, size_t n, struct prng *r)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)prng_next(r);
}

static struct prng seeded(uint64_t seed)
{
	print_message("seed %llu\n", (unsigned long long)seed);
	return prng_from(seed);
}

static void rfc1071_section_3_example(void **state)
{
	static const uint8_t octets[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	(void)state;
	assert_int_equal(csum_fold(csum_of(octets, sizeof(octets))), 0xddf2);
	assert_int_equal(csum_finish(csum_of(octets, sizeof(octets))), 0x220d);
}

static void rfc1071_odd_length_is_padded_with_zero(void **state)
{
	static const uint8_t octets[] = {0x12, 0x34, 0x56};

	(void)state;
	assert_int_equal(csum_fold(csum_of(octets, 3)), 0x1234 + 0x5600);
	assert_int_equal(csum_fold(csum_of(octets, 1)), 0x1200);
	assert_int_equal(csum_fold(csum_of(octets, 0)), 0);
}

static void every_alignment_and_length(void **state)
{
	_Alignas(16) uint8_t buf[LENGTHS + ALIGNMENTS];
	struct prng r = seeded(1);

	(void)state;
	for (size_t at = 0; at < ALIGNMENTS; at++)
		for (size_t n = 0; n <= LENGTHS; n++) {
			fill(buf, sizeof(buf), &r);
			assert_int_equal(csum_fold(csum_of(buf + at, n)), naive(buf + at, n));
		}
}

static void carries_of_all_ones_are_not_lost(void **state)
{
	static uint8_t buf[65536];

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(csum_fold(csum_of(buf, sizeof(buf))), 0xffff);
	assert_int_equal(csum_fold(csum_of(buf, sizeof(buf) - 1)), naive(buf, sizeof(buf) - 1));
	buf[1000] = 0;
	assert_int_equal(csum_fold(csum_of(buf, sizeof(buf))), naive(buf, sizeof(buf)));
}

static void copy_sums_and_copies_and_nothing_more(void **state)
{
	uint8_t src[LENGTHS + ALIGNMENTS], dst[LENGTHS + ALIGNMENTS + 2 * GUARD];
	struct prng r = seeded(2);

	(void)state;
	for (size_t at = 0; at < ALIGNMENTS; at++)
		for (size_t n = 0; n <= LENGTHS; n++) {
			uint8_t *to = dst + GUARD + (at * 7) % ALIGNMENTS;

			fill(src, sizeof(src), &r);
			memset(dst, 0xa5, sizeof(dst));
			assert_int_equal(csum_fold(csum_copy(to, src + at, n)), naive(src + at, n));
			assert_memory_equal(to, src + at, n);
			assert_int_equal(to[-1], 0xa5);
			assert_int_equal(to[n], 0xa5);
		}
}

static void parts_add_up_at_even_and_odd_offsets(void **state)
{
	uint8_t buf[LENGTHS];
	struct prng r = seeded(3);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t n = prng_below(&r, LENGTHS), cut = prng_below(&r, (uint32_t)n + 1);
		csum a, b;

		fill(buf, n, &r);
		a = csum_of(buf, cut);
		b = csum_of(buf + cut, n - cut);
		if (cut % 2 != 0)
			b = csum_shift(b);
		assert_int_equal(csum_fold(csum_add(a, b)), naive(buf, n));
	}
}

/* What is written with put16() makes the receiver's sum good, wherever the even offset is. */
static void finish_then_good(void **state)
{
	uint8_t buf[LENGTHS + 4];
	struct prng r = seeded(4);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t n = 4 + prng_below(&r, LENGTHS),
		       at = prng_below(&r, (uint32_t)n / 2 - 1) * 2;
		be16 field;

		fill(buf, n, &r);
		buf[at] = buf[at + 1] = 0;
		field = put16(csum_finish(csum_of(buf, n)));
		memcpy(buf + at, &field, 2);
		assert_true(csum_good(csum_of(buf, n)));
		buf[prng_below(&r, (uint32_t)n)] ^= (uint8_t)(1u << prng_below(&r, 8));
		assert_false(csum_good(csum_of(buf, n)));
	}
}

static void pseudo_header_v4(void **state)
{
	/* RFC 9293 section 3.1: source, destination, zero, protocol, length */
	static const uint8_t flat[] = {10, 7, 0, 1, 192, 168, 255, 254, 0, 6, 0x12, 0x35};
	struct aksu_addr src = aksu_addr_v4(10, 7, 0, 1), dst = aksu_addr_v4(192, 168, 255, 254);

	(void)state;
	assert_int_equal(csum_fold(csum_pseudo(&src, &dst, 6, 0x1235)), naive(flat, sizeof(flat)));
}

static void pseudo_header_v6(void **state)
{
	/* RFC 8200 section 8.1: addresses, length in 32 bits, zero, next header */
	uint8_t flat[40] = {[32] = 0x00, 0x01, 0x23, 0x45, 0, 0, 0, 58};
	struct prng r = seeded(5);
	struct aksu_addr src, dst;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		fill(flat, 32, &r);
		memcpy(src.b, flat, 16);
		memcpy(dst.b, flat + 16, 16);
		assert_int_equal(csum_fold(csum_pseudo(&src, &dst, 58, 0x12345)), naive(flat, 40));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc1071_section_3_example),
		cmocka_unit_test(rfc1071_odd_length_is_padded_with_zero),
		cmocka_unit_test(every_alignment_and_length),
		cmocka_unit_test(carries_of_all_ones_are_not_lost),
		cmocka_unit_test(copy_sums_and_copies_and_nothing_more),
		cmocka_unit_test(parts_add_up_at_even_and_odd_offsets),
		cmocka_unit_test(finish_then_good),
		cmocka_unit_test(pseudo_header_v4),
		cmocka_unit_test(pseudo_header_v6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
