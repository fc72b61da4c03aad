/* SPDX-License-Identifier: MIT */
/*
 * wire/dhcp_test.c - DHCP messages: what is written is read again, and no octet runs over an end
 * (RFC 2131 section 2, RFC 2132 sections 3 and 9.3, RFC 3396).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "wire/addr.h"
#include "wire/dhcp.h"

static uint8_t buf[600];

/* Up to the options; the kind is the first of them. */
static struct dhcp_writer begin(void)
{
	struct dhcp m = {
		.reply = true,
		.broadcast = true,
		.kind = DHCP_OFFER,
		.xid = 0x12345678,
		.secs = 7,
		.yiaddr = aksu_addr_v4(10, 0, 0, 50),
		.chaddr = {{2, 0, 0, 0, 0, 1}},
	};

	memset(buf, 0xa5, sizeof(buf));
	return dhcp_emit(&m, buf, sizeof(buf));
}

static void a_message_is_read_as_it_was_written(void **state)
{
	struct dhcp_writer w = begin();
	struct aksu_addr server = aksu_addr_v4(10, 0, 0, 1), a;
	struct dhcp_value v;
	struct dhcp m;
	uint32_t time;
	uint16_t mtu;
	size_t n;

	(void)state;
	dhcp_put_addr(&w, DHCP_SERVER, &server);
	dhcp_put_u32(&w, DHCP_LEASE_TIME, 3600);
	dhcp_put_u16(&w, DHCP_MTU, 1400);
	dhcp_put(&w, DHCP_HOSTNAME, "aksu", 4);
	n = dhcp_end(&w);
	assert_int_equal(n, DHCP_LEN_MIN);
	assert_true(dhcp_parse(buf, n, &m));
	assert_true(m.reply && m.broadcast);
	assert_int_equal(m.kind, DHCP_OFFER);
	assert_int_equal(m.xid, 0x12345678);
	assert_int_equal(m.secs, 7);
	assert_true(addr_is_unspecified(&m.ciaddr));
	assert_true(dhcp_addr(&m, DHCP_SERVER, &a) && addr_eq(&a, &server));
	assert_true(dhcp_u32(&m, DHCP_LEASE_TIME, &time) && time == 3600);
	assert_true(dhcp_u16(&m, DHCP_MTU, &mtu) && mtu == 1400);
	assert_true(dhcp_option(&m, DHCP_HOSTNAME, &v) && v.len == 4);
	assert_memory_equal(v.b, "aksu", 4);
	assert_false(dhcp_option(&m, DHCP_ROUTER, &v));
	assert_false(dhcp_u32(&m, DHCP_MTU, &time));
}

static void what_is_no_message(void **state)
{
	struct dhcp m;
	size_t n;

	(void)state;
	for (unsigned row = 0; row < 7; row++) {
		struct dhcp_writer w = begin();

		n = dhcp_end(&w);
		switch (row) {
		case 0: break;
		case 1: n = DHCP_HDR_LEN - 1; break;
		case 2: n = DHCP_HDR_LEN; break; /* no kind */
		case 3: buf[0] = 3; break;       /* op */
		case 4: buf[1] = 6; break;       /* another hardware */
		case 5: buf[2] = 16; break;      /* another length of its address */
		case 6: buf[239] ^= 1; break;    /* the cookie */
		}
		assert_int_equal(dhcp_parse(buf, n, &m), row == 0);
	}
}

/* Cut at every length: what is left is a message only where no option is cut through. */
static void truncated_options_are_no_message(void **state)
{
	struct dhcp_writer w = begin();
	struct dhcp m;

	(void)state;
	dhcp_put(&w, DHCP_HOSTNAME, "abcdefgh", 8);
	for (size_t n = DHCP_HDR_LEN; n <= w.n; n++) {
		bool whole = n == DHCP_HDR_LEN + 3 || n == w.n;

		assert_int_equal(dhcp_parse(buf, n, &m), whole);
	}
}

/* Options go on in file, then in sname, and nowhere else, whatever those say (RFC 2132 9.3). */
static void rfc2132_9_3_overload(void **state)
{
	struct dhcp_writer w = begin();
	struct dhcp_value v;
	struct dhcp m;
	size_t n;

	(void)state;
	memset(buf + 44, 0, 192);
	memcpy(buf + 108,
	       "\x34\1\3"
	       "\x0c\2AB"
	       "\xff",
	       8); /* file: overload again */
	memcpy(buf + 44,
	       "\x34\1\3"
	       "\x0c\2CD"
	       "\0\0\xff",
	       10); /* sname */
	dhcp_put(&w, DHCP_OVERLOAD, "\3", 1);
	dhcp_put(&w, DHCP_HOSTNAME, "12", 2);
	n = dhcp_end(&w);
	assert_true(dhcp_parse(buf, n, &m));
	assert_true(dhcp_option(&m, DHCP_HOSTNAME, &v));
	assert_int_equal(v.len, 6);
	assert_memory_equal(v.b, "12ABCD", 6);

	buf[DHCP_HDR_LEN + 5] = 1; /* file only */
	assert_true(dhcp_parse(buf, n, &m));
	assert_true(dhcp_option(&m, DHCP_HOSTNAME, &v) && v.len == 4);
	buf[DHCP_HDR_LEN + 5] = 2; /* sname only */
	assert_true(dhcp_parse(buf, n, &m));
	assert_true(dhcp_option(&m, DHCP_HOSTNAME, &v) && v.len == 4);
	assert_memory_equal(v.b, "12CD", 4);
	buf[DHCP_HDR_LEN + 5] = 4;
	assert_false(dhcp_parse(buf, n, &m));
	buf[DHCP_HDR_LEN + 5] = 0;
	assert_false(dhcp_parse(buf, n, &m));

	buf[DHCP_HDR_LEN + 5] = 3;
	memset(buf + 108, DHCP_HOSTNAME, 128); /* an option of 12 octets, again and again */
	assert_false(dhcp_parse(buf, n, &m));  /* the last one is cut through */
}

static void a_value_that_is_too_long_is_none(void **state)
{
	static uint8_t big[1500];
	struct dhcp m = {.reply = true, .kind = DHCP_ACK};
	struct dhcp_writer w = dhcp_emit(&m, big, sizeof(big));
	uint8_t text[255] = {0};
	struct dhcp_value v;

	(void)state;
	dhcp_put(&w, DHCP_ROUTES, text, 255);
	dhcp_put(&w, DHCP_ROUTES, text, 255);
	assert_true(dhcp_parse(big, dhcp_end(&w), &m));
	assert_true(dhcp_option(&m, DHCP_ROUTES, &v) && v.len == 510);
	w.n--;
	while (big[w.n] != DHCP_END)
		w.n--;
	dhcp_put(&w, DHCP_ROUTES, text, 3);
	assert_true(dhcp_parse(big, dhcp_end(&w), &m));
	assert_false(dhcp_option(&m, DHCP_ROUTES, &v));
}

/* The writer leaves out what does not fit, and never writes behind its end. */
static void the_writer_stays_within_its_room(void **state)
{
	struct dhcp m = {.kind = DHCP_DISCOVER};
	uint8_t room[DHCP_LEN_MIN + 1];
	struct dhcp_writer w;
	uint8_t text[100] = {1};

	(void)state;
	room[DHCP_LEN_MIN] = 0x77;
	w = dhcp_emit(&m, room, DHCP_LEN_MIN);
	dhcp_put(&w, 200, text, 100);
	dhcp_put(&w, 200, text, DHCP_LEN_MIN - DHCP_HDR_LEN - 3 - 3 + 1);
	assert_int_equal(w.n, DHCP_HDR_LEN + 3);
	dhcp_put(&w, 200, text, DHCP_LEN_MIN - DHCP_HDR_LEN - 3 - 3);
	assert_int_equal(dhcp_end(&w), DHCP_LEN_MIN);
	assert_int_equal(room[DHCP_LEN_MIN - 1], DHCP_END);
	assert_int_equal(room[DHCP_LEN_MIN], 0x77);
}

/* Any octets behind a good header: each option that is found lies within the message. */
static void random_options_are_survived(void **state)
{
	struct prng r = prng_from(77);
	struct dhcp_value v;
	struct dhcp m;
	unsigned good = 0;

	(void)state;
	print_message("seed 77\n");
	for (unsigned round = 0; round < 20000; round++) {
		struct dhcp_writer w = begin();
		size_t n = w.n + prng_below(&r, 60);

		for (size_t i = 44; i < n; i++)
			if (i < 236 || i >= w.n)
				buf[i] = (uint8_t)prng_below(&r, 8 + prng_below(&r, 60));
		if (prng_below(&r, 2) == 0 && n > w.n + 3)
			memcpy(buf + w.n, (uint8_t[]){DHCP_OVERLOAD, 1, 3}, 3);
		if (!dhcp_parse(buf, n, &m))
			continue;
		good++;
		for (unsigned code = 0; code < 256; code++)
			if (dhcp_option(&m, (uint8_t)code, &v))
				assert_true(v.len <= DHCP_VALUE_MAX);
	}
	assert_true(good > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_read_as_it_was_written),
		cmocka_unit_test(what_is_no_message),
		cmocka_unit_test(truncated_options_are_no_message),
		cmocka_unit_test(rfc2132_9_3_overload),
		cmocka_unit_test(a_value_that_is_too_long_is_none),
		cmocka_unit_test(the_writer_stays_within_its_room),
		cmocka_unit_test(random_options_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
