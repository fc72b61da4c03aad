/* SPDX-License-Identifier: MIT */
/*
 * cli/args_test.c - what is taken, what is refused, and that each refusal says what would be right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/args.h"

static void links(void **state)
{
	struct cli_link link;
	struct aksu_reason why;

	(void)state;
	assert_true(cli_link_parse("tun:ak0", &link, &why));
	assert_string_equal(link.name, "ak0");
	assert_int_equal(link.kind, AKSU_DEVICE_TUN);
	assert_true(cli_link_parse("tap:ak1", &link, &why));
	assert_int_equal(link.kind, AKSU_DEVICE_TAP);
	assert_true(cli_link_parse("packet:veth:0", &link, &why));
	assert_int_equal(link.kind, AKSU_DEVICE_PACKET);
	assert_string_equal(link.name, "veth:0");
	assert_string_equal(cli_kind_name(link.kind), "packet");
	assert_false(cli_link_parse("tun:", &link, &why));
	assert_string_equal(why.text, "'tun:' has no name after the colon: tun:ak0");
	assert_false(cli_link_parse("ak0", &link, &why));
	assert_string_equal(why.text, "'ak0' is not a link: tun:NAME, tap:NAME and packet:NAME "
				      "are, as in tun:ak0");
	assert_false(cli_link_parse("tunnel:ak0", &link, &why));
	assert_false(cli_link_parse("tu:ak0", &link, &why));
	assert_false(cli_link_parse(":ak0", &link, &why));
	assert_false(cli_link_parse("", &link, &why));
}

static void nets(void **state)
{
	struct cli_net net;
	struct aksu_reason why;

	(void)state;
	assert_true(cli_net_parse("10.7.0.2/24", &net, &why));
	assert_int_equal(net.prefix, 24);
	assert_true(aksu_addr_is_v4(&net.addr));
	assert_true(cli_net_parse("fd07::2/128", &net, &why));
	assert_int_equal(net.prefix, 128);
	assert_true(cli_net_parse("0.0.0.0/0", &net, &why));

	assert_false(cli_net_parse("10.7.0.2", &net, &why));
	assert_string_equal(why.text, "'10.7.0.2' has no prefix length: 10.7.0.2/24");
	assert_false(cli_net_parse("fd07::2", &net, &why));
	assert_string_equal(why.text, "'fd07::2' has no prefix length: fd07::2/64");
	assert_false(cli_net_parse("10.7.0/24", &net, &why));
	assert_string_equal(why.text, "'10.7.0' is not an address: 10.7.0.2 and fd07::2 are");
}

static void nets_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"/24",
		"10.7.0.2/",
		"10.7.0.2/33",
		"fd07::/129",
		"10.7.0.2/-1",
		"10.7.0.2/ 24",
		"10.7.0.2/24x",
		"10.7.0.256/24",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/24",
	};
	struct cli_net net;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct aksu_reason why = {""};

		assert_false(cli_net_parse(bad[i], &net, &why));
		assert_true(strlen(why.text) > 0);
	}
}

static void numbers(void **state)
{
	static const char *const bad[] = {"",   "0",  "65536", "-1",
					  "+1", " 1", "1 ",    "99999999999999999999999999",
					  "7x", "0x7"};
	struct aksu_reason why;
	uint64_t n = 0;

	(void)state;
	assert_true(cli_number_parse("7", 1, 65535, &n, &why));
	assert_int_equal(n, 7);
	assert_true(cli_number_parse("65535", 1, 65535, &n, &why));
	assert_true(cli_number_parse("18446744073709551615", 0, UINT64_MAX, &n, &why));
	assert_true(n == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(cli_number_parse(bad[i], 1, 65535, &n, &why));
	assert_string_equal(why.text, "'0x7' is not a number from 1 to 65535");
}

static void faults(void **state)
{
	static const char *const bad[] = {"",         "loss",     "loss=",    "loss=101%",
					  "loss=1%%", "loss=x",   "loss=-1%", "delay=x",
					  "noise=1%", "loss=1%,", "=1%",      "loss=.%"};
	struct sim_wire_config wire;
	struct aksu_reason why;

	(void)state;
	assert_true(cli_faults_parse("loss=1%,reorder=0.25%,delay=20", &wire, &why));
	assert_int_equal(wire.loss, 10000);
	assert_int_equal(wire.reorder, 2500);
	assert_int_equal(wire.duplicate, 0);
	assert_true(wire.delay == 20 * AKSU_MILLISECOND);
	assert_true(cli_faults_parse("corrupt=100,duplicate=0.0001%", &wire, &why));
	assert_int_equal(wire.corrupt, 1000000);
	assert_int_equal(wire.duplicate, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(cli_faults_parse(bad[i], &wire, &why));
	assert_false(cli_faults_parse("noise=1%", &wire, &why));
	assert_non_null(
		strstr(why.text, "'noise' is not a fault, as these are: rate queue delay "));
	assert_non_null(strstr(why.text, " interval"));
}

static bool reaches(const char *net, const char *addr)
{
	struct cli_net a;
	struct aksu_addr b;

	assert_true(cli_net_parse(net, &a, NULL));
	assert_true(cli_addr_parse(addr, &b, NULL));
	return cli_net_reaches(&a, &b);
}

static void networks_reach_their_own(void **state)
{
	(void)state;
	assert_true(reaches("10.7.0.2/24", "10.7.0.1"));
	assert_true(reaches("10.7.0.2/31", "10.7.0.3"));
	assert_true(reaches("10.7.0.2/0", "192.0.2.1"));
	assert_true(reaches("fd07::2/64", "fd07::ffff"));
	assert_false(reaches("10.7.0.2/24", "10.7.1.1"));
	assert_false(reaches("10.7.0.2/31", "10.7.0.1"));
	assert_false(reaches("10.7.0.2/24", "10.7.0.2"));
	assert_false(reaches("10.7.0.2/0", "fd07::1"));
	assert_false(reaches("fd07::2/0", "10.7.0.2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links),
		cmocka_unit_test(nets),
		cmocka_unit_test(nets_that_are_refused),
		cmocka_unit_test(numbers),
		cmocka_unit_test(faults),
		cmocka_unit_test(networks_reach_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
