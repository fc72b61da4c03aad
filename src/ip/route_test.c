/* SPDX-License-Identifier: MIT */
#include "support/ip_bench.h"

#include <stdio.h>

static struct ip_bench b;

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

static int path_from(const char *src, const char *dst, struct ip_path *out)
{
	struct aksu_addr s = addr(src), d = addr(dst);

	return ip_route(&b.ip, &d, &s, out);
}

static struct ip_path path(const char *dst)
{
	struct aksu_addr d = addr(dst);
	struct ip_path out;

	assert_int_equal(ip_route(&b.ip, &d, NULL, &out), 0);
	return out;
}

static bool src_is(const char *dst, const char *want)
{
	struct ip_path p = path(dst);

	return is_addr(&p.src, want);
}

static bool hop_is(const char *dst, const char *want)
{
	struct ip_path p = path(dst);

	return is_addr(&p.next_hop, want);
}

static int add(int link, const char *a, unsigned prefix)
{
	struct aksu_addr x = addr(a);

	return ip_addr_add(&b.ip, link, &x, prefix);
}

static int take_away(int link, const char *a)
{
	struct aksu_addr x = addr(a);

	return ip_addr_remove(&b.ip, link, &x);
}

static int unroute(int link, const char *dst, unsigned prefix)
{
	struct aksu_addr x = addr(dst);

	return ip_route_remove(&b.ip, link, &x, prefix);
}

/* ------------------------------------------------------------------ routes */

static void an_address_makes_its_prefix_on_link(void **state)
{
	struct ip_path p = path("10.1.9.9");

	(void)state;
	assert_int_equal(p.link, 1);
	assert_int_equal(p.mtu, 1400);
	assert_true(is_addr(&p.next_hop, "10.1.9.9"));
	assert_true(is_addr(&p.src, "10.1.0.2"));
	assert_false(p.local);
	p = path("192.0.2.1");
	assert_int_equal(p.link, 0);
	assert_true(is_addr(&p.next_hop, "10.0.0.1"));
	p = path("fd01::9");
	assert_int_equal(p.link, 1);
	assert_true(is_addr(&p.src, "fd01::2"));
	p = path("2001:db8::1");
	assert_true(is_addr(&p.next_hop, "fd00::1"));
}

static void the_longest_prefix_wins(void **state)
{
	(void)state;
	assert_int_equal(bench_route(&b, 1, "192.0.2.77", 24, "10.1.0.1", 0), 0);
	assert_true(hop_is("192.0.2.1", "10.1.0.1"));
	assert_int_equal(bench_route(&b, 0, "192.0.2.128", 25, NULL, 600), 0);
	assert_int_equal(path("192.0.2.129").link, 0);
	assert_int_equal(path("192.0.2.129").mtu, 600);
	assert_true(hop_is("192.0.2.129", "192.0.2.129"));
	assert_int_equal(path("192.0.2.127").link, 1);
	assert_int_equal(bench_route(&b, 1, "192.0.2.0", 24, "10.1.0.9", 0), 0); /* replaces */
	assert_true(hop_is("192.0.2.1", "10.1.0.9"));
	assert_int_equal(unroute(1, "192.0.2.1", 24), 0);
	assert_int_equal(unroute(1, "192.0.2.1", 24), -AKSU_ENOENT);
	assert_true(hop_is("192.0.2.1", "10.0.0.1"));
}

static void no_route_is_an_error(void **state)
{
	struct aksu_addr a = addr("192.0.2.1"), c = addr("ff05::1");
	struct ip_path p;

	(void)state;
	assert_int_equal(unroute(0, "0.0.0.0", 0), 0);
	assert_int_equal(ip_route(&b.ip, &a, NULL, &p), -AKSU_ENETUNREACH);
	assert_int_equal(unroute(0, "::", 0), 0);
	assert_int_equal(ip_route(&b.ip, &c, NULL, &p), -AKSU_ENETUNREACH);
	assert_int_equal(path_from("fd01::2", "ff05::1", &p), 0);
	assert_int_equal(p.link, 1);
	assert_true(p.broadcast);
}

static void ourselves_are_local(void **state)
{
	static const char *const local[] = {"10.0.0.2", "127.0.0.1", "127.1.2.3", "::1", "fe80::2"};
	struct ip_path p;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(local); i++) {
		p = path(local[i]);
		assert_true(p.local);
		assert_int_equal(p.link, IP_LOCAL);
		assert_int_equal(p.mtu, 65535);
		assert_true(is_addr(&p.src, local[i]));
	}
	assert_int_equal(path_from("10.1.0.2", "10.0.0.2", &p), 0);
	assert_true(p.local && is_addr(&p.src, "10.1.0.2"));
}

/* RFC 8200 section 5. */
static void ipv6_needs_links_of_1280(void **state)
{
	struct aksu_addr a = addr("2001:db8::1");
	struct ip_path p;

	(void)state;
	assert_int_equal(ip_link_set(&b.ip, 0, 1279), 0);
	assert_int_equal(ip_route(&b.ip, &a, NULL, &p), -AKSU_ENETUNREACH);
	assert_int_equal(path("192.0.2.1").mtu, 1279);
	assert_int_equal(ip_link_set(&b.ip, 0, 1280), 0);
	assert_int_equal(path("2001:db8::1").mtu, 1280);
}

static void broadcast_is_told(void **state)
{
	struct ip_path p;

	(void)state;
	assert_true(path("10.0.0.255").broadcast);
	assert_false(path("10.0.0.254").broadcast);
	p = path("255.255.255.255");
	assert_true(p.broadcast);
	assert_true(is_addr(&p.next_hop, "255.255.255.255"));
	assert_int_equal(path_from("10.1.0.2", "255.255.255.255", &p), 0);
	assert_int_equal(p.link, 1);
}

/* ------------------------------------------------------------------ sources */

static void must_43_a_source_that_is_given_is_kept(void **state)
{
	struct ip_path p;

	(void)state;
	assert_int_equal(path_from("10.1.0.2", "192.0.2.1", &p), 0);
	assert_int_equal(p.link, 0);
	assert_true(is_addr(&p.src, "10.1.0.2"));
	assert_int_equal(path_from("10.0.0.77", "192.0.2.1", &p), -AKSU_EADDRNOTAVAIL);
	assert_int_equal(path_from("fd00::2", "192.0.2.1", &p), -AKSU_EADDRNOTAVAIL);
	assert_int_equal(path_from("127.0.0.1", "192.0.2.1", &p), -AKSU_EADDRNOTAVAIL);
	assert_int_equal(path_from("0.0.0.0", "192.0.2.1", &p), 0);
	assert_true(is_addr(&p.src, "10.0.0.2"));
}

static void among_equal_routes_the_source_decides(void **state)
{
	struct ip_path p;

	(void)state;
	assert_int_equal(bench_route(&b, 1, "0.0.0.0", 0, "10.1.0.1", 0), 0);
	assert_int_equal(path("192.0.2.1").link, 0);
	assert_int_equal(path_from("10.1.0.2", "192.0.2.1", &p), 0);
	assert_int_equal(p.link, 1);
}

static void must_44_ipv4_takes_the_address_beside_the_next_hop(void **state)
{
	(void)state;
	assert_int_equal(add(0, "172.16.0.5", 24), 0);
	assert_true(src_is("172.16.0.9", "172.16.0.5"));
	assert_true(src_is("192.0.2.1", "10.0.0.2"));
	assert_int_equal(bench_route(&b, 0, "198.51.100.0", 24, "172.16.0.1", 0), 0);
	assert_true(src_is("198.51.100.7", "172.16.0.5"));
}

static void H10_rfc6724_chooses_the_source(void **state)
{
	(void)state;
	assert_int_equal(add(0, "2001:db8:1::2", 64), 0);
	assert_int_equal(add(0, "2002:c000:201::2", 48), 0);
	/* rule 2: scope */
	assert_true(src_is("fe80::9", "fe80::2"));
	/* rule 6: label; fd00::2 is unique local, 2002:: is 6to4 */
	assert_true(src_is("2001:db8:9::1", "2001:db8:1::2"));
	assert_true(src_is("2002:c000:9::1", "2002:c000:201::2"));
	assert_true(src_is("fd00::77", "fd00::2"));
	/* rule 8: longest match */
	assert_int_equal(add(0, "2001:db8:9:1::2", 64), 0);
	assert_true(src_is("2001:db8:9::1", "2001:db8:9:1::2"));
	/* rule 5: the outgoing interface before a longer match */
	assert_int_equal(add(1, "2001:db8:77::2", 64), 0);
	assert_true(src_is("2001:db8:77:1::1", "2001:db8:1::2"));
}

static void a_link_without_an_address_borrows_one(void **state)
{
	(void)state;
	assert_int_equal(ip_link_set(&b.ip, 5, 1500), 0);
	assert_int_equal(bench_route(&b, 5, "198.51.100.0", 24, NULL, 0), 0);
	assert_true(src_is("198.51.100.7", "10.0.0.2"));
	assert_int_equal(path("198.51.100.7").link, 5);
}

/* ------------------------------------------------------------------ tables */

static void must_46_valid_remotes(void **state)
{
	static const char *const bad[] = {"0.0.0.0",    "0.0.0.1",
					  "224.0.0.1",  "255.255.255.255",
					  "10.0.0.255", "10.1.255.255",
					  "::",         "ff02::1"};
	static const char *const good[] = {"10.0.0.9", "127.0.0.1", "10.1.0.255", "fd00::9", "::1"};
	struct aksu_addr a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		a = addr(bad[i]);
		assert_false(ip_valid_remote(&b.ip, &a));
	}
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		a = addr(good[i]);
		assert_true(ip_valid_remote(&b.ip, &a));
	}
}

static void bad_addresses_are_refused(void **state)
{
	(void)state;
	assert_int_equal(add(9, "10.9.0.1", 24), -AKSU_EINVAL);
	assert_int_equal(add(-1, "10.9.0.1", 24), -AKSU_EINVAL);
	assert_int_equal(add(0, "10.9.0.1", 33), -AKSU_EINVAL);
	assert_int_equal(add(0, "fd09::1", 129), -AKSU_EINVAL);
	assert_int_equal(add(0, "224.0.0.1", 24), -AKSU_EINVAL);
	assert_int_equal(add(0, "0.0.0.0", 24), -AKSU_EINVAL);
	assert_int_equal(add(0, "10.9.0.255", 24), -AKSU_EINVAL);
	assert_int_equal(add(0, "10.9.0.255", 31), 0); /* RFC 3021 */
	assert_int_equal(add(0, "127.0.0.1", 8), -AKSU_EINVAL);
	assert_int_equal(add(1, "10.0.0.2", 24), -AKSU_EADDRINUSE);
	assert_int_equal(add(0, "fe80::2", 64), -AKSU_EADDRINUSE);
	assert_int_equal(add(1, "fe80::2", 64), 0);
	assert_int_equal(take_away(1, "10.0.0.2"), -AKSU_ENOENT);
	assert_int_equal(ip_link_set(&b.ip, 3, 1279), 0);
	assert_int_equal(add(3, "fd03::1", 64), -AKSU_EINVAL); /* RFC 8200 section 5 */
}

static void bad_routes_and_links_are_refused(void **state)
{
	(void)state;
	assert_int_equal(bench_route(&b, 7, "0.0.0.0", 0, NULL, 0), -AKSU_EINVAL);
	assert_int_equal(bench_route(&b, 0, "0.0.0.0", 33, NULL, 0), -AKSU_EINVAL);
	assert_int_equal(bench_route(&b, 0, "0.0.0.0", 0, "fd00::1", 0), -AKSU_EINVAL);
	assert_int_equal(bench_route(&b, 0, "0.0.0.0", 0, "10.0.0.2", 0), -AKSU_EINVAL);
	assert_int_equal(bench_route(&b, 0, "0.0.0.0", 0, "10.0.0.255", 0), -AKSU_EINVAL);
	assert_int_equal(bench_route(&b, 0, "0.0.0.0", 0, NULL, 67), -AKSU_EINVAL);
	assert_int_equal(ip_link_set(&b.ip, 0, 67), -AKSU_EINVAL);
	assert_int_equal(ip_link_set(&b.ip, 0, 65536), -AKSU_EINVAL);
	assert_int_equal(ip_link_set(&b.ip, IP_LINKS_MAX, 1500), -AKSU_EINVAL);
	assert_int_equal(ip_link_remove(&b.ip, 9), -AKSU_ENOENT);
}

static void the_prefix_goes_with_its_last_address(void **state)
{
	(void)state;
	assert_int_equal(add(1, "10.1.0.3", 16), 0);
	assert_int_equal(take_away(1, "10.1.0.2"), 0);
	assert_int_equal(path("10.1.9.9").link, 1);
	assert_true(src_is("10.1.9.9", "10.1.0.3"));
	assert_int_equal(take_away(1, "10.1.0.3"), 0);
	assert_int_equal(path("10.1.9.9").link, 0);
	assert_int_equal(bench_route(&b, 1, "10.2.0.0", 16, NULL, 0), 0);
	assert_int_equal(add(1, "10.2.0.2", 16), 0);
	assert_int_equal(take_away(1, "10.2.0.2"), 0);
	assert_int_equal(path("10.2.9.9").link, 1); /* it was there before the address */
}

static void a_link_goes_with_what_was_on_it(void **state)
{
	struct aksu_addr a = addr("10.0.0.2");

	(void)state;
	assert_int_equal(ip_link_remove(&b.ip, 0), 0);
	assert_false(ip_is_ours(&b.ip, &a));
	a = addr("192.0.2.1");
	assert_int_equal(ip_route(&b.ip, &a, NULL, &(struct ip_path){0}), -AKSU_ENETUNREACH);
	assert_int_equal(path("10.1.0.9").link, 1);
}

static void tables_are_bounded_and_survive_no_memory(void **state)
{
	char text[32];
	int rc = 0;

	(void)state;
	for (unsigned i = 0; rc == 0; i++) {
		snprintf(text, sizeof(text), "10.2.%u.%u", i / 200, i % 200 + 1);
		b.fail_after = 0;
		if (add(0, text, 32) != 0) {
			b.fail_after = -1;
			rc = add(0, text, 32);
		}
		b.fail_after = -1;
	}
	assert_int_equal(rc, -AKSU_ENOBUFS);
	assert_int_equal(b.ip.addr_count, IP_ADDRS_MAX);
	rc = 0;
	for (unsigned i = 0; rc == 0; i++) {
		snprintf(text, sizeof(text), "11.%u.%u.0", i / 200, i % 200);
		rc = bench_route(&b, 0, text, 24, NULL, 0);
	}
	assert_int_equal(rc, -AKSU_ENOBUFS);
	assert_int_equal(b.ip.route_count, IP_ROUTES_MAX);
	b.fail_after = 0;
	assert_int_equal(ip_link_set(&b.ip, 100, 1500), -AKSU_ENOMEM);
	b.fail_after = -1;
	assert_int_equal(ip_link_set(&b.ip, 100, 1500), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(an_address_makes_its_prefix_on_link),
		T(the_longest_prefix_wins),
		T(no_route_is_an_error),
		T(ourselves_are_local),
		T(ipv6_needs_links_of_1280),
		T(broadcast_is_told),
		T(must_43_a_source_that_is_given_is_kept),
		T(among_equal_routes_the_source_decides),
		T(must_44_ipv4_takes_the_address_beside_the_next_hop),
		T(H10_rfc6724_chooses_the_source),
		T(a_link_without_an_address_borrows_one),
		T(must_46_valid_remotes),
		T(bad_addresses_are_refused),
		T(bad_routes_and_links_are_refused),
		T(the_prefix_goes_with_its_last_address),
		T(a_link_goes_with_what_was_on_it),
		T(tables_are_bounded_and_survive_no_memory),
	};

	return cmocka_run_group_tests_name("ip/route", tests, NULL, NULL);
}
