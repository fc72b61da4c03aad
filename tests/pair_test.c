/* SPDX-License-Identifier: MIT */
/*
 * tests/pair_test.c - two instances on a perfect wire, by the public API: open, carry, close.
 */
#include <aksu/socket.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/stack.h"

#include <cmocka.h>

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

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	(void)ctx;
	fail_msg("%s:%d: %s", file, line, what);
}

struct ends {
	struct aksu *s[2];
	int link[2];
	struct aksu_addr addr[2];
	aksu_time now;
};

static struct aksu *instance(uint8_t which, aksu_time now)
{
	struct aksu_config config = {
		.size = sizeof(config),
		.allocator = {take, give, NULL},
		.entropy = {which},
		.panic = on_panic,
	};

	return aksu_new(&config, now);
}

static struct ends wire(bool v6)
{
	struct ends e = {.now = 1};

	for (uint8_t k = 0; k < 2; k++) {
		struct aksu_link_config link = {sizeof(link), AKSU_LINK_IP, 1500, 0, 0, {0}, 0};

		e.s[k] = instance(k, e.now);
		assert_non_null(e.s[k]);
		e.link[k] = aksu_link_add(e.s[k], &link, e.now);
		assert_true(aksu_addr_parse(v6 ? (k ? "fd00::2" : "fd00::1")
					       : (k ? "10.0.0.2" : "10.0.0.1"),
					    &e.addr[k]));
		assert_int_equal(aksu_addr_add(e.s[k], e.link[k], &e.addr[k], v6 ? 64 : 24), 0);
	}
	return e;
}

/* Carries frames until nobody has any; returns how many. */
static size_t shuttle(struct ends *e)
{
	static struct aksu_tx tx[8];
	static uint8_t frame[65536];
	size_t total = 0, n;
	bool any = true;

	while (any) {
		any = false;
		for (int k = 0; k < 2; k++) {
			n = aksu_output(e->s[k], e->link[k], tx, 8, e->now);
			for (size_t i = 0; i < n; i++) {
				struct aksu_rx rx = {.data = frame,
						     .link = (uint16_t)e->link[!k]};

				rx.len = (uint32_t)aksu_tx_copy(&tx[i], frame, sizeof(frame));
				aksu_input(e->s[!k], &rx, 1, e->now);
			}
			aksu_tx_done(e->s[k], tx, n);
			any |= n > 0;
			total += n;
			assert_true(aksu_check(e->s[k]) && aksu_check(e->s[!k]));
		}
	}
	return total;
}

static void pass(struct ends *e, aksu_time d)
{
	aksu_time end = e->now + d;

	while (e->now < end) {
		aksu_time next = end;

		for (int k = 0; k < 2; k++)
			if (aksu_deadline(e->s[k]) < next)
				next = aksu_deadline(e->s[k]);
		e->now = next > e->now ? next : e->now + 1;
		for (int k = 0; k < 2; k++)
			aksu_advance(e->s[k], e->now);
		shuttle(e);
	}
}

static void opens_carries_and_closes(bool v6)
{
	struct ends e = wire(v6);
	size_t before[2] = {aksu_memory_used(e.s[0]), aksu_memory_used(e.s[1])};
	aksu_socket l = aksu_socket_tcp(e.s[1]), c = aksu_socket_tcp(e.s[0]), a;
	static uint8_t data[100000], got[100000];
	size_t sent = 0, received = 0;
	struct aksu_info info;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31 >> 3);
	assert_int_equal(aksu_bind(e.s[1], l, &(struct aksu_endpoint){.port = 7}), 0);
	assert_int_equal(aksu_listen(e.s[1], l, 4), 0);
	assert_int_equal(aksu_connect(e.s[0], c, &(struct aksu_endpoint){e.addr[1], 7}, e.now), 0);
	shuttle(&e);
	assert_int_equal(aksu_accept(e.s[1], l, &a), 0);
	while (received < sizeof(data)) {
		int64_t n = 0;

		if (sent < sizeof(data))
			n = aksu_send(e.s[0], c, data + sent, sizeof(data) - sent, 0, e.now);
		if (n > 0)
			sent += (size_t)n;
		shuttle(&e);
		n = aksu_recv(e.s[1], a, got + received, sizeof(got) - received, e.now);
		if (n > 0)
			received += (size_t)n;
		else
			pass(&e, AKSU_MILLISECOND);
	}
	assert_memory_equal(data, got, sizeof(data));
	assert_int_equal(aksu_shutdown(e.s[0], c, e.now), 0);
	shuttle(&e);
	assert_int_equal(aksu_recv(e.s[1], a, got, 1, e.now), 0);
	assert_int_equal(aksu_send(e.s[1], a, "rest", 4, 0, e.now), 4);
	shuttle(&e);
	assert_int_equal(aksu_recv(e.s[0], c, got, 10, e.now), 4);
	assert_int_equal(aksu_close(e.s[1], a, e.now), 0);
	shuttle(&e);
	assert_int_equal(aksu_info(e.s[0], c, &info), 0);
	assert_int_equal(info.state, AKSU_STATE_TIME_WAIT);
	assert_int_equal(aksu_close(e.s[0], c, e.now), 0);
	assert_int_equal(aksu_recv(e.s[0], c, got, 1, e.now), -AKSU_EBADF);
	pass(&e, 61 * AKSU_SECOND);
	assert_int_equal(aksu_close(e.s[1], l, e.now), 0);
	for (int k = 0; k < 2; k++) {
		assert_int_equal(aksu_deadline(e.s[k]), AKSU_NEVER);
		if (aksu_memory_used(e.s[k]) > before[k] + 100000)
			fail_msg("end %d holds %zu more than before", k,
				 aksu_memory_used(e.s[k]) - before[k]);
		aksu_free(e.s[k]);
	}
}

static void two_instances_v4(void **state)
{
	(void)state;
	opens_carries_and_closes(false);
}

static void two_instances_v6(void **state)
{
	(void)state;
	opens_carries_and_closes(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_instances_v4),
		cmocka_unit_test(two_instances_v6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
