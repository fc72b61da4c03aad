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

static bool learn(const char *dst, uint32_t mtu, uint32_t quoted_len)
{
	struct aksu_addr a = addr(dst);

	return ip_pmtu_learn(&b.ip, &a, mtu, quoted_len, b.now);
}

static struct ip_path path(const char *dst)
{
	struct aksu_addr a = addr(dst);
	struct ip_path out;

	assert_int_equal(ip_route(&b.ip, &a, NULL, &out), 0);
	assert_int_equal(ip_pmtu(&b.ip, &a, out.mtu), out.pmtu);
	return out;
}

static void H3_a_path_mtu_falls_and_never_rises_by_a_message(void **state)
{
	(void)state;
	assert_int_equal(path("192.0.2.1").pmtu, 1500);
	assert_true(learn("192.0.2.1", 1400, 1500));
	assert_int_equal(path("192.0.2.1").pmtu, 1400);
	assert_int_equal(path("192.0.2.1").mtu, 1500);
	assert_int_equal(path("192.0.2.2").pmtu, 1500);
	assert_false(learn("192.0.2.1", 1400, 1500));
	assert_false(learn("192.0.2.1", 1450, 1500));
	assert_true(learn("192.0.2.1", 1300, 1400));
	assert_int_equal(path("192.0.2.1").pmtu, 1300);
}

/* RFC 1191 section 7: an old router does not say, so the next plateau below the packet. */
static void H3_next_hop_mtu_0_means_the_plateau(void **state)
{
	(void)state;
	assert_true(learn("192.0.2.1", 0, 1500));
	assert_int_equal(path("192.0.2.1").pmtu, 1492);
	assert_true(learn("192.0.2.1", 0, 1492));
	assert_int_equal(path("192.0.2.1").pmtu, 1006);
	assert_false(learn("192.0.2.3", 0, 0));
	assert_false(learn("2001:db8::1", 0, 1500));
}

static void H3_ipv6_below_1280_is_ignored(void **state)
{
	(void)state;
	assert_false(learn("2001:db8::1", 1279, 1500));
	assert_int_equal(path("2001:db8::1").pmtu, 1500);
	assert_true(learn("2001:db8::1", 1280, 1500));
	assert_int_equal(path("2001:db8::1").pmtu, 1280);
	assert_false(path("2001:db8::1").fragment);
}

static void H3_ipv4_is_clamped_and_then_may_be_cut(void **state)
{
	(void)state;
	assert_true(learn("192.0.2.1", 100, 1500));
	assert_int_equal(path("192.0.2.1").pmtu, IP_PMTU_MIN_V4);
	assert_true(path("192.0.2.1").fragment);
	assert_false(learn("192.0.2.1", 90, 552));
	assert_true(learn("192.0.2.2", 552, 1500));
	assert_false(path("192.0.2.2").fragment);
	assert_true(learn("192.0.2.2", 296, 552)); /* no smaller, but now it must be said */
	assert_true(path("192.0.2.2").fragment);
	assert_false(learn("192.0.2.3", 67, 1500));
}

static void a_message_that_contradicts_itself_is_a_lie(void **state)
{
	(void)state;
	assert_false(learn("192.0.2.1", 1400, 1400));
	assert_false(learn("192.0.2.1", 1400, 600));
	assert_false(learn("192.0.2.1", 1500, 1501));
	assert_false(learn("10.0.0.2", 1400, 1500));
	assert_false(learn("255.255.255.255", 1400, 1500));
}

static void H5_forgotten_after_ten_minutes(void **state)
{
	struct ip_reply r;
	uint32_t epoch;

	(void)state;
	assert_true(learn("192.0.2.1", 1400, 1500));
	b.now = after(b.now, seconds(300));
	assert_true(learn("192.0.2.2", 1300, 1500));
	assert_true(ip_deadline(&b.ip).ns == after(b.now, seconds(300)).ns);
	b.now = after(b.now, seconds(299));
	assert_int_equal(ip_advance(&b.ip, b.now, &r), AKSU_DROP_NONE);
	assert_int_equal(path("192.0.2.1").pmtu, 1400);
	epoch = b.ip.pmtu.epoch;
	b.now = after(b.now, seconds(1));
	assert_int_equal(ip_advance(&b.ip, b.now, &r), AKSU_DROP_NONE);
	assert_int_equal(path("192.0.2.1").pmtu, 1500);
	assert_int_equal(path("192.0.2.2").pmtu, 1300);
	assert_int_not_equal(b.ip.pmtu.epoch, epoch);
	b.now = after(b.now, seconds(300));
	ip_advance(&b.ip, b.now, &r);
	assert_int_equal(path("192.0.2.2").pmtu, 1500);
	assert_true(is_never(ip_deadline(&b.ip)));
}

/* Forged messages about many hosts: the table does not grow, and the newest are known. */
static void the_cache_is_bounded(void **state)
{
	char text[32];
	size_t used;

	(void)state;
	learn("192.0.2.1", 1400, 1500);
	used = b.mem.used;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "198.18.%u.%u", i / 200, i % 200);
		b.now = after(b.now, milliseconds(1));
		assert_true(learn(text, 1000, 1500));
		assert_int_equal(path(text).pmtu, 1000);
	}
	assert_int_equal(b.mem.used, used);
}

static void no_memory_nothing_learned(void **state)
{
	(void)state;
	b.fail_after = 0;
	assert_false(learn("192.0.2.1", 1400, 1500));
	b.fail_after = -1;
	assert_true(learn("192.0.2.1", 1400, 1500));
}

/* ---------------------------------------------------------------- searched paths */

static bool silent(const char *dst, uint32_t size)
{
	struct aksu_addr a = addr(dst);

	return ip_pmtu_silent(&b.ip, &a, size, b.now);
}

static uint32_t next_probe(const char *dst)
{
	struct aksu_addr a = addr(dst);

	return ip_pmtu_probe(&b.ip, &a, path(dst).mtu, b.now);
}

static void probed(const char *dst, uint32_t size, bool arrived)
{
	struct aksu_addr a = addr(dst);

	ip_pmtu_probed(&b.ip, &a, size, arrived, seconds(5), b.now);
}

/* RFC 4821 7.7: first to what nearly every path takes, then to the least. */
static void rfc4821_7_7_a_silent_path_falls_twice(void **state)
{
	(void)state;
	assert_int_equal(next_probe("192.0.2.1"), 0);
	assert_true(silent("192.0.2.1", 1500));
	assert_int_equal(path("192.0.2.1").pmtu, 1200);
	assert_true(silent("192.0.2.1", 1500)); /* another connection; known already */
	assert_int_equal(path("192.0.2.1").pmtu, 1200);
	assert_true(silent("192.0.2.1", 1200));
	assert_int_equal(path("192.0.2.1").pmtu, 552);
	assert_false(silent("192.0.2.1", 552));
	assert_true(silent("2001:db8::1", 1500));
	assert_int_equal(path("2001:db8::1").pmtu, 1280);
	assert_false(silent("2001:db8::1", 1280)); /* RFC 8200 section 5: every link has it */
}

static void rfc8899_5_3_1_the_search_goes_by_halves_and_ends(void **state)
{
	unsigned probes = 0;
	uint32_t size;

	(void)state;
	assert_true(silent("192.0.2.1", 1500));
	while ((size = next_probe("192.0.2.1")) != 0) {
		assert_true(size < 1500);
		probed("192.0.2.1", size, size <= 1413);
		assert_true(size <= 1413 || next_probe("192.0.2.1") == 0); /* 7.6.2: a pause */
		b.now = after(b.now, seconds(5));
		probes++;
	}
	assert_in_range(path("192.0.2.1").pmtu, 1413 - 8, 1413);
	assert_in_range(probes, 4, 8);
}

/* RFC 8899 4.6.2: what a router says of a probe is where the search ends, and lowers nothing. */
static void rfc8899_4_6_2_a_message_about_a_probe(void **state)
{
	uint32_t size;

	(void)state;
	assert_true(silent("192.0.2.1", 1500));
	assert_false(learn("192.0.2.1", 1300, 1350));
	assert_int_equal(path("192.0.2.1").pmtu, 1200);
	while ((size = next_probe("192.0.2.1")) != 0) {
		assert_true(size <= 1300);
		probed("192.0.2.1", size, true);
	}
	assert_in_range(path("192.0.2.1").pmtu, 1300 - 8, 1300);
	assert_true(learn("192.0.2.1", 1000, 1250)); /* of the path as it is: believed */
	assert_int_equal(path("192.0.2.1").pmtu, 1000);
	assert_int_equal(next_probe("192.0.2.1"), 0);
}

static void bench_age(duration d)
{
	struct ip_reply r;

	b.now = after(b.now, d);
	assert_int_equal(ip_advance(&b.ip, b.now, &r), AKSU_DROP_NONE);
}

/* RFC 8899 5.1.1: after ten minutes the first hop's size is tried; unused, all is forgotten. */
static void rfc8899_5_1_1_a_searched_path_ages(void **state)
{
	(void)state;
	assert_true(silent("192.0.2.1", 1500));
	probed("192.0.2.1", next_probe("192.0.2.1"), false);
	bench_age(seconds(600));
	assert_int_equal(path("192.0.2.1").pmtu, 1200);
	assert_int_equal(next_probe("192.0.2.1"), 1500);
	bench_age(seconds(600));
	assert_int_equal(path("192.0.2.1").pmtu, 1200);
	bench_age(seconds(600));
	assert_int_equal(path("192.0.2.1").pmtu, 1500);
	assert_true(is_never(ip_deadline(&b.ip)));
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(H3_a_path_mtu_falls_and_never_rises_by_a_message),
		T(H3_next_hop_mtu_0_means_the_plateau),
		T(H3_ipv6_below_1280_is_ignored),
		T(H3_ipv4_is_clamped_and_then_may_be_cut),
		T(a_message_that_contradicts_itself_is_a_lie),
		T(H5_forgotten_after_ten_minutes),
		T(the_cache_is_bounded),
		T(no_memory_nothing_learned),
		T(rfc4821_7_7_a_silent_path_falls_twice),
		T(rfc8899_5_3_1_the_search_goes_by_halves_and_ends),
		T(rfc8899_4_6_2_a_message_about_a_probe),
		T(rfc8899_5_1_1_a_searched_path_ages),
	};

	return cmocka_run_group_tests_name("ip/pmtu", tests, NULL, NULL);
}
