/* SPDX-License-Identifier: MIT */
/*
 * isn_test.c - initial sequence numbers of whole instances: RFC 9293 section 3.4.1, RFC 6528.
 *
 * What a script cannot show, for it plays with one instance: that the numbers hang on the key,
 * which comes from the entropy that the caller gives, and on nothing that can be seen from outside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <aksu/socket.h>

#include "base/bytes.h"

static void *take(void *ctx, size_t size, size_t align)
{
	(void)ctx;
	return aligned_alloc(align < 16 ? 16 : align, (size + 63) / 64 * 64);
}

static void give(void *ctx, void *mem, size_t size)
{
	(void)ctx;
	(void)size;
	free(mem);
}

/* The number of the SYN of a new instance: octet `at` of the entropy differs by `by`. */
static uint32_t first_number(size_t at, uint8_t by, uint16_t port)
{
	struct aksu_config config = {.size = sizeof(config), .allocator = {take, give, NULL}};
	struct aksu_link_config link = {.size = sizeof(link), .kind = AKSU_LINK_IP, .mtu = 1500};
	struct aksu_addr ours = aksu_addr_v4(192, 0, 2, 1);
	struct aksu_endpoint local = {.port = port}, remote = {aksu_addr_v4(192, 0, 2, 7), 80};
	uint8_t frame[128];
	struct aksu_tx tx;
	struct aksu *s;
	aksu_socket h;
	be32 seq;

	for (size_t i = 0; i < sizeof(config.entropy); i++)
		config.entropy[i] = (uint8_t)i;
	config.entropy[at] ^= by;
	s = aksu_new(&config, AKSU_SECOND);
	assert_non_null(s);
	assert_int_equal(aksu_link_add(s, &link, AKSU_SECOND), 0);
	assert_int_equal(aksu_addr_add(s, 0, &ours, 24), 0);
	h = aksu_socket_tcp(s);
	assert_int_equal(aksu_bind(s, h, &local), 0);
	assert_int_equal(aksu_connect(s, h, &remote, AKSU_SECOND), 0);
	assert_int_equal(aksu_output(s, 0, &tx, 1, AKSU_SECOND), 1);
	assert_true(aksu_tx_copy(&tx, frame, sizeof(frame)) >= 40);
	aksu_tx_done(s, &tx, 1);
	memcpy(&seq, frame + 24, sizeof(seq));
	aksu_free(s);
	return get32(seq);
}

/* One bit of any octet of the entropy changes the number, and by no small step. */
static void must_9_the_key_is_the_callers_entropy(void **state)
{
	uint32_t base = first_number(0, 0, 1000);

	(void)state;
	assert_int_equal(base, first_number(0, 0, 1000));
	for (size_t at = 0; at < 16; at++) {
		uint32_t d = first_number(at, 1, 1000) - base;

		assert_true(d > 1u << 16 && d < 0u - (1u << 16));
	}
}

/* Neighbouring ports tell nothing of each other: the distances are all different. */
static void must_9_neighbours_are_unrelated(void **state)
{
	enum { PORTS = 64 };
	uint32_t number[PORTS];

	(void)state;
	for (uint16_t i = 0; i < PORTS; i++)
		number[i] = first_number(0, 0, (uint16_t)(2000 + i));
	for (int i = 2; i < PORTS; i++)
		for (int k = 1; k < i; k++)
			assert_int_not_equal(number[i] - number[i - 1], number[k] - number[k - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(must_9_the_key_is_the_callers_entropy),
		cmocka_unit_test(must_9_neighbours_are_unrelated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
