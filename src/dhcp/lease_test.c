/* SPDX-License-Identifier: MIT */
/*
 * dhcp/lease_test.c - what a server may give, row by row: what is refused and why, what is left
 * out, what a link has afterwards (RFC 2132, RFC 3442).
 */
#include "support/dhcp_lab.h"

#include "dhcp/lease.h"
#include "wire/addr.h"

static const instant NOW = {1000000000};

struct letter {
	uint8_t bytes[1500];
	struct dhcp_writer w;
};

static void put_addr(struct letter *l, uint8_t code, const char *text)
{
	struct aksu_addr a = lab_addr(text);

	dhcp_put_addr(&l->w, code, &a);
}

static void begin(struct letter *l, const char *addr)
{
	struct dhcp m = {.reply = true, .kind = DHCP_ACK, .yiaddr = lab_addr(addr)};

	l->w = dhcp_emit(&m, l->bytes, sizeof(l->bytes));
}

/* A letter that is good but for what the test puts into it. */
static void begin_good(struct letter *l)
{
	begin(l, "10.0.0.50");
	put_addr(l, DHCP_SERVER, "10.0.0.1");
	put_addr(l, DHCP_MASK, "255.255.255.0");
	dhcp_put_u32(&l->w, DHCP_LEASE_TIME, 3600);
}

static const char *judge(struct letter *l, struct aksu_dhcp_lease *out)
{
	struct dhcp m;

	assert_true(dhcp_parse(l->bytes, dhcp_end(&l->w), &m));
	return lease_read(&m, NOW, 12345, out);
}

static bool same(const struct aksu_addr *a, const char *text)
{
	struct aksu_addr want = lab_addr(text);

	return addr_eq(a, &want);
}

static void what_is_refused(void **state)
{
	static const struct {
		const char *addr, *server, *mask;
		uint32_t lease;
		const char *word; /* of the reason; NULL: it is good */
	} rows[] = {
		/* 1 */ {"10.0.0.50", "10.0.0.1", "255.255.255.0", 3600, NULL},
		/* 2 */ {"0.0.0.0", "10.0.0.1", "255.255.255.0", 3600, "no host's"},
		/* 3 */ {"127.0.0.1", "10.0.0.1", "255.0.0.0", 3600, "no host's"},
		/* 4 */ {"224.0.0.5", "10.0.0.1", "255.255.255.0", 3600, "no host's"},
		/* 5 */ {"255.255.255.255", "10.0.0.1", "255.255.255.0", 3600, "no host's"},
		/* 6: the subnet */ {"10.0.0.0", "10.0.0.1", "255.255.255.0", 3600, "subnet"},
		/* 7: its broadcast */ {"10.0.0.255", "10.0.0.1", "255.255.255.0", 3600, "subnet"},
		/* 8: of two */ {"10.0.0.255", "10.0.0.1", "255.255.255.254", 3600, NULL},
		/* 9: alone */ {"10.0.0.255", "10.0.0.1", "255.255.255.255", 3600, NULL},
		/* 10: holes */ {"10.0.0.50", "10.0.0.1", "255.0.255.0", 3600, "mask"},
		/* 11 */ {"10.0.0.50", "10.0.0.1", "0.0.0.255", 3600, "mask"},
		/* 12: the world */ {"10.0.0.50", "10.0.0.1", "0.0.0.0", 3600, "mask"},
		/* 13: half of it */ {"10.0.0.50", "10.0.0.1", "128.0.0.0", 3600, "mask"},
		/* 14 */ {"10.0.0.50", NULL, "255.255.255.0", 3600, "server"},
		/* 15 */ {"10.0.0.50", "255.255.255.255", "255.255.255.0", 3600, "server"},
		/* 16 */ {"10.0.0.50", "10.0.0.1", "255.255.255.0", 0, "lease time"},
		/* 17 */ {"10.0.0.50", "10.0.0.1", "255.255.255.0", 4, "lease time"},
		/* 18 */ {"10.0.0.50", "10.0.0.1", "255.255.255.0", 5, NULL},
		/* 19: by class */ {"10.0.0.50", "10.0.0.1", NULL, 3600, NULL},
	};
	struct aksu_dhcp_lease lease;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct letter l;

		begin(&l, rows[i].addr);
		if (rows[i].server != NULL)
			put_addr(&l, DHCP_SERVER, rows[i].server);
		if (rows[i].mask != NULL)
			put_addr(&l, DHCP_MASK, rows[i].mask);
		dhcp_put_u32(&l.w, DHCP_LEASE_TIME, rows[i].lease);
		why = judge(&l, &lease);
		if (rows[i].word == NULL ? why != NULL : why == NULL || !strstr(why, rows[i].word))
			fail_msg("row %zu: %s", i + 1, why != NULL ? why : "taken");
	}
}

/* An option of the wrong length is not there. */
static void lengths_are_looked_at(void **state)
{
	struct aksu_dhcp_lease lease;
	struct letter l;

	(void)state;
	begin(&l, "10.0.0.50");
	put_addr(&l, DHCP_SERVER, "10.0.0.1");
	dhcp_put(&l.w, DHCP_LEASE_TIME, "\0\0\1", 3);
	assert_non_null(strstr(judge(&l, &lease), "lease time"));

	begin_good(&l);
	put_addr(&l, DHCP_SERVER, "10.0.0.2"); /* twice is one of eight octets (RFC 3396) */
	assert_non_null(strstr(judge(&l, &lease), "server"));

	begin(&l, "10.0.0.50");
	put_addr(&l, DHCP_SERVER, "10.0.0.1");
	dhcp_put_u32(&l.w, DHCP_LEASE_TIME, 60);
	dhcp_put(&l.w, DHCP_MASK, "\xff\xff\xff", 3);
	assert_non_null(strstr(judge(&l, &lease), "mask"));

	begin_good(&l);
	dhcp_put(&l.w, DHCP_ROUTER, "\x0a\0\0\1\x0a", 5);
	dhcp_put(&l.w, DHCP_DNS, "\x0a\0\0", 3);
	dhcp_put(&l.w, DHCP_MTU, "\5", 1);
	dhcp_put(&l.w, DHCP_T1, "\5", 1);
	assert_null(judge(&l, &lease));
	assert_int_equal(lease.route_count + lease.dns_count + lease.mtu, 0);
}

static void masks_by_class_where_there_is_none(void **state)
{
	static const struct {
		const char *addr;
		uint8_t prefix;
	} rows[] = {{"10.1.2.3", 8}, {"172.16.2.3", 16}, {"192.168.2.3", 24}};
	struct aksu_dhcp_lease lease;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct letter l;

		begin(&l, rows[i].addr);
		put_addr(&l, DHCP_SERVER, "10.0.0.1");
		dhcp_put_u32(&l.w, DHCP_LEASE_TIME, 60);
		assert_null(judge(&l, &lease));
		assert_int_equal(lease.prefix, rows[i].prefix);
	}
}

/* The first router of the subnet; one outside cannot be asked for by ARP. */
static void rfc2132_3_5_a_router_is_in_the_subnet(void **state)
{
	struct aksu_dhcp_lease lease;
	struct letter l;

	(void)state;
	begin_good(&l);
	dhcp_put(&l.w, DHCP_ROUTER,
		 "\xc0\0\2\1"
		 "\x0a\0\0\x32"
		 "\x0a\0\0\xff"
		 "\0\0\0\0"
		 "\x0a\0\0\2"
		 "\x0a\0\0\3",
		 24);
	assert_null(judge(&l, &lease));
	assert_int_equal(lease.route_count, 1);
	assert_int_equal(lease.routes[0].prefix, 0);
	assert_true(same(&lease.routes[0].gateway, "10.0.0.2"));

	begin(&l, "203.0.113.7"); /* alone in its subnet, as some clouds have it */
	put_addr(&l, DHCP_SERVER, "10.0.0.1");
	put_addr(&l, DHCP_MASK, "255.255.255.255");
	put_addr(&l, DHCP_ROUTER, "10.0.0.1");
	dhcp_put_u32(&l.w, DHCP_LEASE_TIME, 60);
	assert_null(judge(&l, &lease));
	assert_int_equal(lease.route_count, 1);
}

static void rfc3442_classless_routes_go_before_the_router(void **state)
{
	static const uint8_t routes[] = {
		8,  172, 203, 0,   113, 1, /* by a router that a later one makes reachable */
		0,  10,  0,   0,   2,      /* the rest of the world */
		32, 203, 0,   113, 1,   0, 0, 0, 0, /* on the link */
		24, 10,  0,   0,   10,  0, 0, 9,    /* our own subnet: it has a route */
		16, 172, 16,  192, 0,   2, 1,       /* by nobody that we reach */
	};
	struct aksu_dhcp_lease lease;
	struct letter l;

	(void)state;
	begin_good(&l);
	put_addr(&l, DHCP_ROUTER, "10.0.0.1");
	dhcp_put(&l.w, DHCP_ROUTES, routes, sizeof(routes));
	assert_null(judge(&l, &lease));
	assert_int_equal(lease.route_count, 3);
	assert_true(same(&lease.routes[0].dst, "203.0.113.1"));
	assert_int_equal(lease.routes[0].prefix, 32);
	assert_true(addr_is_unspecified(&lease.routes[0].gateway));
	assert_true(same(&lease.routes[1].dst, "172.0.0.0"));
	assert_true(same(&lease.routes[1].gateway, "203.0.113.1"));
	assert_int_equal(lease.routes[2].prefix, 0);
	assert_true(same(&lease.routes[2].gateway, "10.0.0.2"));
}

static void of_routes_to_the_same_place_the_first_is_taken(void **state)
{
	uint8_t routes[5 * AKSU_DHCP_ROUTES];
	struct aksu_dhcp_lease lease;
	struct letter l;

	(void)state;
	for (uint8_t i = 0; i < AKSU_DHCP_ROUTES; i++)
		memcpy(routes + 5 * i, (const uint8_t[]){0, 10, 0, 0, (uint8_t)(2 + i)}, 5);
	begin_good(&l);
	dhcp_put(&l.w, DHCP_ROUTES, routes, sizeof(routes));
	assert_null(judge(&l, &lease));
	assert_int_equal(lease.route_count, 1);
	assert_true(same(&lease.routes[0].gateway, "10.0.0.2"));
}

static void rfc3442_malformed_routes_leave_the_router(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} rows[] = {
		/* 1: width */ {"\x21\x0a\0\0\1\0\x0a\0\0\1", 10},
		/* 2: cut in the prefix */ {"\x18\x0a\0", 3},
		/* 3: cut in the gateway */ {"\0\x0a\0\0", 4},
		/* 4: half a second one */ {"\0\x0a\0\0\2\x08\x0a", 7},
	};
	struct aksu_dhcp_lease lease;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct letter l;

		begin_good(&l);
		put_addr(&l, DHCP_ROUTER, "10.0.0.1");
		dhcp_put(&l.w, DHCP_ROUTES, rows[i].bytes, rows[i].n);
		assert_null(judge(&l, &lease));
		assert_int_equal(lease.route_count, 1);
		assert_true(same(&lease.routes[0].gateway, "10.0.0.1"));
	}
}

/* RFC 3396: more than 255 octets come in several options; more routes than we keep are left out. */
static void rfc3396_a_long_option_comes_in_parts(void **state)
{
	uint8_t routes[30 * 8];
	struct aksu_dhcp_lease lease;
	struct letter l;

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		memcpy(routes + 8 * i, (uint8_t[]){24, 172, 16, (uint8_t)i, 10, 0, 0, 9}, 8);
	begin_good(&l);
	dhcp_put(&l.w, DHCP_ROUTES, routes, 100); /* in the middle of a route */
	dhcp_put(&l.w, DHCP_ROUTES, routes + 100, sizeof(routes) - 100);
	assert_null(judge(&l, &lease));
	assert_int_equal(lease.route_count, AKSU_DHCP_ROUTES);
	assert_true(same(&lease.routes[13].dst, "172.16.13.0"));
}

static void rfc2132_5_1_an_mtu_has_a_floor(void **state)
{
	struct aksu_dhcp_lease lease;
	struct letter l;

	(void)state;
	begin_good(&l);
	dhcp_put_u16(&l.w, DHCP_MTU, 68);
	assert_null(judge(&l, &lease));
	assert_int_equal(lease.mtu, 0);
	begin_good(&l);
	dhcp_put_u16(&l.w, DHCP_MTU, 1280);
	assert_null(judge(&l, &lease));
	assert_int_equal(lease.mtu, 1280);
}

static void resolvers_are_told(void **state)
{
	struct aksu_dhcp_lease lease;
	struct letter l;

	(void)state;
	begin_good(&l);
	dhcp_put(&l.w, DHCP_DNS,
		 "\x0a\0\0\1"
		 "\0\0\0\0"
		 "\x7f\0\0\1"
		 "\xff\xff\xff\xff"
		 "\1\1\1\1"
		 "\x08\x08\x08\x08"
		 "\x09\x09\x09\x09",
		 28);
	assert_null(judge(&l, &lease));
	assert_int_equal(lease.dns_count, AKSU_DHCP_DNS);
	assert_true(same(&lease.dns[1], "127.0.0.1"));
	assert_true(same(&lease.dns[3], "8.8.8.8"));
}

/* Renewal times move by chance, a thirty-second part of the lease at most. */
static void rfc2131_4_4_5_default_times_differ_a_little(void **state)
{
	struct aksu_dhcp_lease lease;
	struct letter l;
	struct dhcp m;
	aksu_time least = UINT64_MAX, most = 0;

	(void)state;
	begin_good(&l);
	assert_true(dhcp_parse(l.bytes, dhcp_end(&l.w), &m));
	for (uint64_t fuzz = 0; fuzz < 200000; fuzz += 997) {
		assert_null(lease_read(&m, NOW, fuzz, &lease));
		assert_true(lease.t1 < lease.t2 && lease.t2 < lease.expiry);
		least = lease.t1 < least ? lease.t1 : least;
		most = lease.t1 > most ? lease.t1 : most;
	}
	assert_true(most <= NOW.ns + 1800 * AKSU_SECOND);
	assert_true(least >= NOW.ns + 1687 * AKSU_SECOND);
	assert_true(most - least > 60 * AKSU_SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(lengths_are_looked_at),
		cmocka_unit_test(masks_by_class_where_there_is_none),
		cmocka_unit_test(rfc2132_3_5_a_router_is_in_the_subnet),
		cmocka_unit_test(rfc3442_classless_routes_go_before_the_router),
		cmocka_unit_test(of_routes_to_the_same_place_the_first_is_taken),
		cmocka_unit_test(rfc3442_malformed_routes_leave_the_router),
		cmocka_unit_test(rfc3396_a_long_option_comes_in_parts),
		cmocka_unit_test(rfc2132_5_1_an_mtu_has_a_floor),
		cmocka_unit_test(resolvers_are_told),
		cmocka_unit_test(rfc2131_4_4_5_default_times_differ_a_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
