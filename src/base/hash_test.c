/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 against the vectors of its authors: key 00 01 .. 0f, input 00 01 .. of length n.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

/* The results as octets, least significant first, read here as numbers. */
static const uint64_t VECTORS[] = {
	0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d,
	0xcf2794e0277187b7, 0x18765564cd99a68d, 0xcbc9466e58fee3ce, 0xab0200f58b01d137,
	0x93f5f5799a932462, 0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
	0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee, 0xa129ca6149be45e5,
};

static struct hash_key counting_key(void)
{
	uint8_t octets[16];

	for (uint8_t i = 0; i < 16; i++)
		octets[i] = i;
	return hash_key_from(octets);
}

static void siphash_vectors(void **state)
{
	struct hash_key key = counting_key();
	uint8_t input[64];

	(void)state;
	for (uint8_t i = 0; i < sizeof(input); i++)
		input[i] = i;
	for (size_t n = 0; n < COUNT_OF(VECTORS); n++)
		assert_true(siphash(&key, input, n) == VECTORS[n]);
	assert_true(siphash(&key, input, 63) == 0x958a324ceb064572);
}

static void first_octets_as_published(void **state)
{
	static const uint8_t published[8] = {0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72};
	struct hash_key key = counting_key();
	uint64_t h = siphash(&key, NULL, 0);

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal((uint8_t)(h >> (8 * i)), published[i]);
}

static void any_alignment_is_the_same(void **state)
{
	struct hash_key key = counting_key();
	uint8_t input[40];

	(void)state;
	for (size_t at = 0; at < 8; at++) {
		for (uint8_t i = 0; i < 15; i++)
			input[at + i] = i;
		assert_true(siphash(&key, input + at, 15) == VECTORS[15]);
	}
}

static void the_whole_key_counts(void **state)
{
	struct hash_key key = counting_key(), other = key;

	(void)state;
	other.k0 ^= 1;
	assert_true(siphash(&key, "x", 1) != siphash(&other, "x", 1));
	other = key;
	other.k1 ^= (uint64_t)1 << 63;
	assert_true(siphash(&key, "x", 1) != siphash(&other, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_vectors),
		cmocka_unit_test(first_octets_as_published),
		cmocka_unit_test(any_alignment_is_the_same),
		cmocka_unit_test(the_whole_key_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
