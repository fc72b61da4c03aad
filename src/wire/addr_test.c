/* SPDX-License-Identifier: MIT */
/*
 * Addresses: text both ways (RFC 4291 section 2.2, RFC 5952), and the questions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/prng.h"
#include "wire/addr.h"

static struct aksu_addr addr(const char *text)
{
	struct aksu_addr a;

	if (!aksu_addr_parse(text, &a))
		fail_msg("%s does not parse", text);
	return a;
}

static void rfc5952_prints(void **state)
{
	static const char *const rows[][2] = {
		/* 1 */ {"10.0.0.1", "10.0.0.1"},
		/* 2 */ {"255.255.255.255", "255.255.255.255"},
		/* 3 */ {"::", "::"},
		/* 4 */ {"::1", "::1"},
		/* 5 */ {"1::", "1::"},
		/* 6: 4.1 no leading zeros */ {"2001:0db8::0001", "2001:db8::1"},
		/* 7: 4.2.1 as short as can be */ {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
		/* 8: 4.2.2 one group stays */ {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		/* 9: 4.2.3 the longest */ {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		/* 10: 4.2.3 the first of equals */ {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		/* 11: 4.3 lower case */ {"2001:DB8::AbCd", "2001:db8::abcd"},
		/* 12: mapped is IPv4 */ {"::ffff:192.0.2.1", "192.0.2.1"},
		/* 13 */ {"::ffff:c000:201", "192.0.2.1"},
		/* 14 */ {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
		/* 15 */ {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
		/* 16 */ {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
		/* 17 */ {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
		/* 18 */ {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
		/* 19 */ {"1:2:3::7:8", "1:2:3::7:8"},
		/* 20 */
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	char text[46];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct aksu_addr a = addr(rows[i][0]);

		assert_int_equal(aksu_addr_print(&a, text, sizeof(text)), strlen(rows[i][1]));
		assert_string_equal(text, rows[i][1]);
	}
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"1",
		"1.2.3",
		"1.2.3.",
		"1.2.3.4.",
		"1.2.3.4.5",
		"1.2.3.256",
		"01.2.3.4",
		"1.2.3.04",
		"1..2.3",
		".1.2.3.4",
		"-1.2.3.4",
		"1.2.3.4 ",
		" 1.2.3.4",
		"0x1.2.3.4",
		"1.2.3.0004",
		":",
		":::",
		"1:",
		":1",
		"1::2::3",
		"12345::",
		"g::",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::",
		"::1:2:3:4:5:6:7:8",
		"1::2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:1.2.3.4",
		"::1.2.3",
		"::1.2.3.4:5",
		"1.2.3.4::",
		"::1.2.3.256",
		"fe80::1%eth0",
		"::1/64",
		"1:2:3:4::5:6:1.2.3.4:",
		"::ffff:1.2.3.4.5",
		"1:::2",
		"::1:",
	};
	struct aksu_addr before = aksu_addr_v4(9, 9, 9, 9), a = before;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (aksu_addr_parse(rows[i], &a))
			fail_msg("%s parses", rows[i]);
		assert_memory_equal(&a, &before, sizeof(a));
	}
}

static void a_small_buffer_is_terminated_and_not_overrun(void **state)
{
	struct aksu_addr a = addr("2001:db8::1");
	char text[8] = "zzzzzzz";

	(void)state;
	assert_int_equal(aksu_addr_print(&a, text, 5), 11);
	assert_string_equal(text, "2001");
	assert_int_equal(text[5], 'z');
	assert_int_equal(aksu_addr_print(&a, NULL, 0), 11);
}

static void what_is_printed_is_parsed(void **state)
{
	struct prng r = prng_from(11);
	char text[46];

	(void)state;
	print_message("seed 11\n");
	for (int i = 0; i < 50000; i++) {
		struct aksu_addr a, back;
		uint64_t zeros =
			prng_next(&r); /* many groups are zero, or the runs would be rare */

		for (unsigned k = 0; k < 16; k++)
			a.b[k] = zeros >> (k / 2) & 1 ? 0 : (uint8_t)prng_next(&r);
		assert_true(aksu_addr_print(&a, text, sizeof(text)) < sizeof(text));
		assert_true(aksu_addr_parse(text, &back));
		assert_true(aksu_addr_equal(&a, &back));
	}
}

static void questions(void **state)
{
	static const struct {
		const char *text;
		bool v4, unspecified, multicast, broadcast, loopback, link_local;
	} rows[] = {
		/* 1 */ {"0.0.0.0", true, true, false, false, false, false},
		/* 2 */ {"::", false, true, false, false, false, false},
		/* 3 */ {"224.0.0.1", true, false, true, false, false, false},
		/* 4 */ {"239.255.255.255", true, false, true, false, false, false},
		/* 5 */ {"223.255.255.255", true, false, false, false, false, false},
		/* 6 */ {"240.0.0.1", true, false, false, false, false, false},
		/* 7 */ {"ff02::1", false, false, true, false, false, false},
		/* 8 */ {"fe02::1", false, false, false, false, false, false},
		/* 9 */ {"255.255.255.255", true, false, false, true, false, false},
		/* 10 */ {"255.255.255.254", true, false, false, false, false, false},
		/* 11 */ {"127.0.0.1", true, false, false, false, true, false},
		/* 12 */ {"127.255.0.9", true, false, false, false, true, false},
		/* 13 */ {"::1", false, false, false, false, true, false},
		/* 14 */ {"::2", false, false, false, false, false, false},
		/* 15 */ {"169.254.3.4", true, false, false, false, false, true},
		/* 16 */ {"fe80::1", false, false, false, false, false, true},
		/* 17 */ {"febf::1", false, false, false, false, false, true},
		/* 18 */ {"fec0::1", false, false, false, false, false, false},
		/* 19 */ {"::1.2.3.4", false, false, false, false, false, false},
		/* 20 */ {"10.1.2.3", true, false, false, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct aksu_addr a = addr(rows[i].text);

		assert_int_equal(addr_is_v4(&a), rows[i].v4);
		assert_int_equal(aksu_addr_is_v4(&a), rows[i].v4);
		assert_int_equal(addr_is_unspecified(&a), rows[i].unspecified);
		assert_int_equal(addr_is_multicast(&a), rows[i].multicast);
		assert_int_equal(addr_is_limited_broadcast(&a), rows[i].broadcast);
		assert_int_equal(addr_is_loopback(&a), rows[i].loopback);
		assert_int_equal(addr_is_link_local(&a), rows[i].link_local);
	}
}

static void prefixes_count_within_the_family(void **state)
{
	static const struct {
		const char *a, *net;
		unsigned prefix;
		bool in;
		unsigned common;
	} rows[] = {
		/* 1 */ {"10.1.2.3", "10.0.0.0", 8, true, 15},
		/* 2 */ {"11.1.2.3", "10.0.0.0", 8, false, 7},
		/* 3 */ {"11.1.2.3", "10.0.0.0", 7, true, 7},
		/* 4 */ {"1.2.3.4", "0.0.0.0", 0, true, 7},
		/* 5: not across families */ {"fd00::1", "0.0.0.0", 0, false, 0},
		/* 6 */ {"1.2.3.4", "::", 0, false, 0},
		/* 7 */ {"1.2.3.4", "1.2.3.4", 32, true, 32},
		/* 8 */ {"1.2.3.5", "1.2.3.4", 32, false, 31},
		/* 9 */ {"1.2.3.4", "1.2.3.4", 33, false, 32},
		/* 10 */ {"fd00::1", "fd00::1", 128, true, 128},
		/* 11 */ {"fd00::1", "fd00::1", 129, false, 128},
		/* 12 */ {"fd00:0:0:1::1", "fd00::", 64, false, 63},
		/* 13 */ {"fd00:0:0:1::1", "fd00::", 63, true, 63},
		/* 14 */ {"fd00::1", "::", 0, true, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct aksu_addr a = addr(rows[i].a), net = addr(rows[i].net);

		assert_int_equal(addr_in_prefix(&a, &net, rows[i].prefix), rows[i].in);
		assert_int_equal(addr_common_prefix(&a, &net), rows[i].common);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc5952_prints),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(a_small_buffer_is_terminated_and_not_overrun),
		cmocka_unit_test(what_is_printed_is_parsed),
		cmocka_unit_test(questions),
		cmocka_unit_test(prefixes_count_within_the_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
