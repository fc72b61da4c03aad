/* SPDX-License-Identifier: MIT */
/*
 * tests/errors_test.c - what the public headers say that calls answer, asked call by call.
 */
#include <aksu/loop.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct aksu_addr none;
static struct aksu_addr ours, theirs, broadcast;
static int wire;

static struct aksu *instance(void)
{
	struct aksu_config config = {
		.size = sizeof(config),
		.allocator = aksu_malloc_allocator(),
		.entropy = {1},
	};
	struct aksu_link_config link = {.size = sizeof(link), .kind = AKSU_LINK_IP, .mtu = 1500};
	struct aksu *s = aksu_new(&config, 1);

	assert_non_null(s);
	ours = aksu_addr_v4(10, 0, 0, 1);
	theirs = aksu_addr_v4(10, 0, 0, 2);
	broadcast = aksu_addr_v4(10, 0, 0, 255);
	wire = aksu_link_add(s, &link, 1);
	assert_true(wire >= 0);
	assert_int_equal(aksu_addr_add(s, wire, &ours, 24), 0);
	return s;
}

static struct aksu_endpoint at(struct aksu_addr addr, uint16_t port)
{
	return (struct aksu_endpoint){addr, port};
}

static void config_that_is_not_valid_makes_no_instance(void **state)
{
	struct aksu_event ring_of[3];
	struct aksu_event_ring ring = {ring_of, 3, 0, 0, 0};
	struct aksu_config good = {.size = sizeof(good), .allocator = aksu_malloc_allocator()};
	struct aksu_config bad = good;

	(void)state;
	assert_null(aksu_new(NULL, 0));
	bad.allocator.alloc = NULL;
	assert_null(aksu_new(&bad, 0));
	bad = good, bad.size = 8;
	assert_null(aksu_new(&bad, 0));
	bad = good, bad.events = &ring;
	assert_null(aksu_new(&bad, 0));
	bad = good, bad.budget = 100;
	assert_null(aksu_new(&bad, 0));
	aksu_free(NULL);
}

static void links_addresses_and_routes(void **state)
{
	struct aksu *s = instance();
	struct aksu_link_config link = {.size = sizeof(link), .kind = AKSU_LINK_IP, .mtu = 67};
	struct aksu_addr v6, gateway = theirs;
	int small;

	(void)state;
	assert_int_equal(aksu_link_add(s, &link, 1), -AKSU_EINVAL);
	link.mtu = 1500, link.kind = AKSU_LINK_ETHERNET, link.mac[0] = 1;
	assert_int_equal(aksu_link_add(s, &link, 1), -AKSU_EINVAL);
	link.mtu = 600, link.kind = AKSU_LINK_IP;
	small = aksu_link_add(s, &link, 1);
	assert_int_equal(aksu_link_mtu(s, small), 600);
	assert_int_equal(aksu_link_mtu(s, 77), -AKSU_ENOENT);
	assert_int_equal(aksu_link_set_mtu(s, 77, 1500), -AKSU_ENOENT);
	assert_int_equal(aksu_link_set_mtu(s, small, 60), -AKSU_EINVAL);
	assert_true(aksu_addr_parse("fd00::1", &v6));
	assert_int_equal(aksu_addr_add(s, small, &v6, 64), -AKSU_EINVAL);
	assert_int_equal(aksu_addr_add(s, 77, &theirs, 24), -AKSU_ENOENT);
	assert_int_equal(aksu_addr_add(s, wire, &ours, 24), -AKSU_EADDRINUSE);
	assert_int_equal(aksu_addr_add(s, wire, &theirs, 33), -AKSU_EINVAL);
	assert_int_equal(aksu_addr_add(s, wire, &broadcast, 24), -AKSU_EINVAL);
	assert_int_equal(aksu_addr_remove(s, wire, &theirs), -AKSU_ENOENT);
	assert_int_equal(aksu_route_add(s, 77, &theirs, 32, NULL), -AKSU_ENOENT);
	assert_int_equal(aksu_route_add(s, wire, &v6, 64, &gateway), -AKSU_EINVAL);
	assert_int_equal(aksu_route_add(s, wire, &theirs, 32, &ours), -AKSU_EINVAL);
	assert_int_equal(aksu_route_remove(s, wire, &theirs, 32), -AKSU_ENOENT);
	for (int k = 2; k < 256; k++)
		assert_true(aksu_link_add(s, &link, 1) >= 0);
	assert_int_equal(aksu_link_add(s, &link, 1), -AKSU_ENOBUFS);
	assert_int_equal(aksu_link_remove(s, small), 0);
	assert_int_equal(aksu_link_remove(s, small), -AKSU_ENOENT);
	assert_int_equal(aksu_output(s, small, NULL, 1, 1), 0);
	aksu_free(s);
}

static void opening(void **state)
{
	struct aksu *s = instance();
	aksu_socket t = aksu_socket_tcp(s), u = aksu_socket_udp(s), l = aksu_socket_tcp(s), out;
	struct aksu_endpoint here = at(ours, 80), there = at(theirs, 80), e;

	(void)state;
	assert_int_equal(aksu_ready(s, t), 0);
	e = at(theirs, 80);
	assert_int_equal(aksu_bind(s, l, &e), -AKSU_EADDRNOTAVAIL);
	assert_int_equal(aksu_bind(s, l, &here), 0);
	assert_int_equal(aksu_bind(s, l, &here), -AKSU_EINVAL);
	assert_int_equal(aksu_bind(s, t, &here), -AKSU_EADDRINUSE);
	assert_int_equal(aksu_accept(s, l, &out), -AKSU_EINVAL);
	assert_int_equal(aksu_listen(s, l, 0), 0);
	assert_int_equal(aksu_listen(s, l, 5), 0);
	assert_int_equal(aksu_listen(s, u, 5), -AKSU_EOPNOTSUPP);
	assert_int_equal(aksu_accept(s, l, &out), -AKSU_EAGAIN);
	assert_int_equal(aksu_accept(s, u, &out), -AKSU_EOPNOTSUPP);
	assert_int_equal(aksu_connect(s, l, &there, 1), -AKSU_EOPNOTSUPP);
	e = at(theirs, 0);
	assert_int_equal(aksu_connect(s, t, &e, 1), -AKSU_EINVAL);
	e = at(broadcast, 80);
	assert_int_equal(aksu_connect(s, t, &e, 1), -AKSU_EINVAL);
	e = at(none, 80);
	assert_int_equal(aksu_connect(s, t, &e, 1), -AKSU_EINVAL);
	e = at(aksu_addr_v4(192, 0, 2, 1), 80);
	assert_int_equal(aksu_connect(s, t, &e, 1), -AKSU_ENETUNREACH);
	assert_int_equal(aksu_send(s, t, "x", 1, 0, 1), -AKSU_ENOTCONN);
	assert_int_equal(aksu_connect(s, t, &there, 1), 0);
	assert_int_equal(aksu_connect(s, t, &there, 1), -AKSU_EALREADY);
	assert_int_equal(aksu_listen(s, t, 1), -AKSU_EISCONN);
	assert_int_equal(aksu_set_option(s, t, AKSU_TCP_MAXSEG, 500, 1), -AKSU_EISCONN);
	assert_int_equal(aksu_send(s, t, "x", 1, 0, 1), 1);
	assert_int_equal(aksu_send(s, t, "x", 0, 0, 1), 0);
	assert_int_equal(aksu_shutdown(s, t, 1), 0);
	assert_int_equal(aksu_shutdown(s, t, 1), 0);
	assert_int_equal(aksu_send(s, t, "x", 1, 0, 1), -AKSU_EPIPE);
	assert_int_equal(aksu_abort(s, t, 1), 0);
	assert_int_equal(aksu_abort(s, t, 1), -AKSU_EBADF);
	assert_int_equal(aksu_close(s, t, 1), -AKSU_EBADF);
	assert_int_equal(aksu_connect(s, t, &there, 1), -AKSU_EBADF);
	assert_int_equal(aksu_shutdown(s, l, 1), -AKSU_ENOTCONN);
	assert_int_equal(aksu_shutdown(s, u, 1), -AKSU_EOPNOTSUPP);
	aksu_free(s);
}

static void data_and_options(void **state)
{
	struct aksu *s = instance();
	aksu_socket t = aksu_socket_tcp(s), u = aksu_socket_udp(s);
	struct aksu_endpoint there = at(theirs, 9), nowhere = at(theirs, 0);
	static char text[65508];
	int64_t v;

	(void)state;
	assert_int_equal(aksu_recv(s, t, text, 1, 1), -AKSU_ENOTCONN);
	assert_int_equal(aksu_peek(s, t, text, 1), -AKSU_ENOTCONN);
	assert_int_equal(aksu_peek(s, u, text, 1), -AKSU_EOPNOTSUPP);
	assert_int_equal(aksu_sendto(s, u, text, 1, NULL, 1), -AKSU_ENOTCONN);
	assert_int_equal(aksu_sendto(s, u, text, 1, &nowhere, 1), -AKSU_EINVAL);
	assert_int_equal(aksu_sendto(s, u, text, 65508, &there, 1), -AKSU_EMSGSIZE);
	assert_int_equal(aksu_sendto(s, u, text, 65507, &there, 1), 65507);
	for (int k = 1; k < 256; k++)
		assert_int_equal(aksu_sendto(s, u, text, 1, &there, 1), 1);
	assert_int_equal(aksu_sendto(s, u, text, 1, &there, 1), -AKSU_EAGAIN);
	assert_int_equal(aksu_sendto(s, t, text, 1, &there, 1), -AKSU_EOPNOTSUPP);
	assert_int_equal(aksu_recvfrom(s, u, text, 1, NULL), -AKSU_EAGAIN);
	assert_int_equal(aksu_recvfrom(s, t, text, 1, NULL), -AKSU_EOPNOTSUPP);
	assert_int_equal(aksu_set_option(s, t, AKSU_SO_SNDBUF, 255, 1), -AKSU_EINVAL);
	assert_int_equal(aksu_set_option(s, t, AKSU_TCP_UNREAD, 1, 1), -AKSU_EINVAL);
	assert_int_equal(aksu_set_option(s, t, AKSU_TCP_MAXSEG, 47, 1), -AKSU_EINVAL);
	assert_int_equal(aksu_set_option(s, t, AKSU_OPTION_COUNT, 1, 1), -AKSU_ENOPROTOOPT);
	assert_int_equal(aksu_set_option(s, u, AKSU_TCP_NODELAY, 1, 1), -AKSU_ENOPROTOOPT);
	assert_int_equal(aksu_get_option(s, t, AKSU_OPTION_COUNT, &v), -AKSU_ENOPROTOOPT);
	assert_int_equal(aksu_get_option(s, AKSU_NO_SOCKET, AKSU_SO_ERROR, &v), -AKSU_EBADF);
	assert_int_equal(aksu_get_option(s, t, AKSU_TCP_KEEPIDLE, &v), 0);
	assert_int_equal(v, 7200 * (int64_t)AKSU_SECOND);
	assert_int_equal(aksu_set_user(s, AKSU_NO_SOCKET, text), -AKSU_EBADF);
	assert_null(aksu_get_user(s, AKSU_NO_SOCKET));
	aksu_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config_that_is_not_valid_makes_no_instance),
		cmocka_unit_test(links_addresses_and_routes),
		cmocka_unit_test(opening),
		cmocka_unit_test(data_and_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
