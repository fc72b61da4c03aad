/* SPDX-License-Identifier: MIT */
/*
 * stack/open_test.c - active OPEN: numbers, ports, addresses; connections of an instance to itself.
 *
 * RFC 9293 sections 3.4.1, 3.9.2.3; RFC 6528, RFC 6056; rows B1 to B3, B17.
 */
#include "support/stack_bench.h"

static struct stack_bench b;
static struct bench_packet got;

static uint32_t isn(const struct flow *f, aksu_time ns)
{
	return seq_raw(isn_of(b.n[0].s, f, (instant){ns}));
}

static struct flow some_flow(void)
{
	return (struct flow){bench_addr("10.0.0.1"), bench_addr("10.0.0.2"), 40000, 80};
}

/* MUST-8, B1: for one pair it grows by one in four microseconds, and no faster. */
static void must_8_the_isn_follows_a_clock(void **state)
{
	struct flow f = some_flow();
	uint32_t first;

	(void)state;
	bench_start(&b, 1, NULL);
	first = isn(&f, 1000000000);
	assert_int_equal(isn(&f, 1000000000), first);
	assert_int_equal(isn(&f, 1000004000) - first, 1);
	assert_int_equal(isn(&f, 2000000000) - first, 250000);
	bench_end(&b);
}

/* MUST-9: another endpoint, secret or start, another number, in each bit about half of the time. */
static void must_9_the_isn_cannot_be_foretold(void **state)
{
	struct flow f = some_flow();
	unsigned ones[32] = {0};
	uint32_t last = 0, equal = 0;

	(void)state;
	bench_start(&b, 2, NULL);
	for (uint16_t port = 1024; port < 1024 + 2000; port++) {
		uint32_t x;

		f.local_port = port;
		x = isn(&f, 0);
		for (unsigned i = 0; i < 32; i++)
			ones[i] += (x ^ last) >> i & 1;
		equal += x == seq_raw(isn_of(b.n[1].s, &f, (instant){0}));
		last = x;
	}
	for (unsigned i = 0; i < 32; i++)
		assert_in_range(ones[i], 850, 1150);
	assert_true(equal < 3);
	bench_end(&b);
}

/* B2: a pair that is opened again a moment later begins higher, also without TIME-WAIT. */
static void b2_a_reopened_pair_begins_higher(void **state)
{
	struct aksu_endpoint mine = {.port = 5555}, to;
	uint32_t last = 0;

	(void)state;
	bench_start(&b, 1, NULL);
	to = (struct aksu_endpoint){bench_addr("10.0.0.9"), 80};
	for (int k = 0; k < 50; k++) {
		aksu_socket c = aksu_socket_tcp(b.n[0].s);

		assert_int_equal(aksu_bind(b.n[0].s, c, &mine), 0);
		assert_int_equal(aksu_connect(b.n[0].s, c, &to, b.now), 0);
		bench_take_tcp(&b, &got);
		if (k > 0)
			assert_true((int32_t)(seq_raw(got.seg.seq) - last) > 0);
		last = seq_raw(got.seg.seq);
		aksu_close(b.n[0].s, c, b.now);
		b.now += 10 * AKSU_MICROSECOND;
	}
	bench_end(&b);
}

/* B3: all over the range, no run of neighbours, no port twice, none that is bound. */
static void b3_ports_are_spread(void **state)
{
	enum { MANY = 3000 };
	static uint8_t seen[65536];
	struct aksu_addr to;
	unsigned low = 0, neighbours = 0;
	uint16_t last = 0;

	(void)state;
	memset(seen, 0, sizeof(seen));
	bench_start(&b, 1, NULL);
	for (uint16_t port = 1024; port < 1524; port++)
		bench_listen(&b, 0, (uint16_t)(port * 40), 1);
	for (unsigned k = 0; k < MANY; k++) {
		to = bench_addr("10.0.0.9");
		to.b[15] = (uint8_t)(3 + k % 250);
		bench_connect(&b, 0, &to, (uint16_t)(1 + k % 7));
		bench_take_tcp(&b, &got);
		assert_true(got.seg.src_port >= 1024);
		assert_true(got.seg.src_port % 40 != 0 || got.seg.src_port / 40 < 1024 ||
			    got.seg.src_port / 40 >= 1524);
		seen[got.seg.src_port] = 1;
		low += got.seg.src_port < 1024 + 32256;
		neighbours += (uint16_t)(got.seg.src_port - last) < 8;
		last = got.seg.src_port;
	}
	assert_in_range(low, MANY / 2 - 300, MANY / 2 + 300);
	assert_true(neighbours < 30);
	bench_end(&b);
}

/* B3: to one destination each port once; when only one is left it is found; then an error. */
static void b3_the_last_free_port_is_found(void **state)
{
	struct bench_options o = {.config = {.budget = (size_t)1 << 30}};
	static uint8_t seen[65536];
	struct aksu_addr to;
	unsigned opened = 0;
	aksu_socket c, some = AKSU_NO_SOCKET;
	int error;

	(void)state;
	memset(seen, 0, sizeof(seen));
	bench_start(&b, 1, &o);
	to = bench_addr("10.0.0.9");
	for (;; opened++) {
		c = aksu_socket_tcp(b.n[0].s);
		error = aksu_connect(b.n[0].s, c, &(struct aksu_endpoint){to, 80}, b.now);
		if (error != 0)
			break;
		bench_take_tcp(&b, &got);
		assert_int_equal(seen[got.seg.src_port]++, 0);
		if (got.seg.src_port == 7777)
			some = c;
	}
	assert_int_equal(error, -AKSU_EADDRINUSE);
	assert_int_equal(opened, 65536 - 1024);
	/* The socket is as it was: another destination has all ports free. */
	assert_int_equal(aksu_connect(b.n[0].s, c, &(struct aksu_endpoint){to, 81}, b.now), 0);
	bench_take_tcp(&b, &got);
	aksu_close(b.n[0].s, some, b.now);
	bench_connect(&b, 0, &to, 80);
	bench_take_tcp(&b, &got);
	assert_int_equal(got.seg.src_port, 7777);
	aksu_free(b.n[0].s);
	assert_int_equal(b.held, 0);
}

/* MUST-46: no connection to an address that is not one host; MUST-44: the source is chosen. */
static void must_46_remote_addresses_are_checked(void **state)
{
	static const struct {
		const char *to;
		uint16_t port;
		int error;
	} rows[] = {
		{"0.0.0.0", 80, -AKSU_EINVAL},
		{"::", 80, -AKSU_EINVAL},
		{"255.255.255.255", 80, -AKSU_EINVAL},
		{"10.0.0.255", 80, -AKSU_EINVAL},
		{"224.0.0.1", 80, -AKSU_EINVAL},
		{"ff02::1", 80, -AKSU_EINVAL},
		{"10.0.0.9", 0, -AKSU_EINVAL},
		{"192.0.2.1", 80, -AKSU_ENETUNREACH},
		{"2001:db8::1", 80, -AKSU_ENETUNREACH},
		{"10.0.0.9", 80, 0},
		{"fd00::9", 80, 0},
	};

	(void)state;
	bench_start(&b, 1, NULL);
	for (unsigned k = 0; k < COUNT_OF(rows); k++) {
		aksu_socket c = aksu_socket_tcp(b.n[0].s);
		struct aksu_endpoint to = {bench_addr(rows[k].to), rows[k].port};
		struct aksu_info info;

		assert_int_equal(aksu_connect(b.n[0].s, c, &to, b.now), rows[k].error);
		if (rows[k].error == 0) {
			assert_int_equal(aksu_info(b.n[0].s, c, &info), 0);
			assert_true(aksu_addr_equal(&info.local.addr, aksu_addr_is_v4(&to.addr)
									      ? &b.n[0].v4
									      : &b.n[0].v6));
			assert_int_equal(aksu_connect(b.n[0].s, c, &to, b.now), -AKSU_EALREADY);
		}
		aksu_close(b.n[0].s, c, b.now);
		while (bench_take(&b, &got))
			;
	}
	bench_end(&b);
}

/* MUST-43, MUST-45: what was bound is used, and only what is ours can be bound. */
static void must_43_a_bound_address_is_used(void **state)
{
	struct aksu_addr second = {0}, foreign;
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	second = bench_addr("10.0.0.77");
	foreign = bench_addr("10.0.0.78");
	assert_int_equal(aksu_addr_add(b.n[0].s, b.n[0].link, &second, 24), 0);
	c = aksu_socket_tcp(b.n[0].s);
	assert_int_equal(aksu_bind(b.n[0].s, c, &(struct aksu_endpoint){foreign, 0}),
			 -AKSU_EADDRNOTAVAIL);
	assert_int_equal(aksu_bind(b.n[0].s, c, &(struct aksu_endpoint){second, 0}), 0);
	assert_int_equal(aksu_bind(b.n[0].s, c, &(struct aksu_endpoint){second, 0}), -AKSU_EINVAL);
	assert_int_equal(aksu_connect(b.n[0].s, c,
				      &(struct aksu_endpoint){bench_addr("10.0.0.9"), 80}, b.now),
			 0);
	bench_take_tcp(&b, &got);
	assert_true(aksu_addr_equal(&got.src, &second));
	bench_end(&b);
}

/* MUST-57, MUST-63, B17: to or from more than one host nothing is answered. */
static void must_57_no_answer_to_or_from_many(void **state)
{
	static const char *const to[] = {"10.0.0.255", "255.255.255.255", "224.0.0.1", "ff02::1",
					 "10.0.0.200"};
	static const char *const from[] = {"10.0.0.255", "255.255.255.255", "224.0.0.1", "0.0.0.0",
					   "10.0.0.1",   "127.0.0.1",       "ff02::1",   "::",
					   "fd00::1"};
	struct bench_peer p;

	(void)state;
	bench_start(&b, 1, NULL);
	bench_listen(&b, 0, 7, 5);
	for (unsigned k = 0; k < COUNT_OF(to); k++) {
		struct aksu_addr dst = bench_addr(to[k]);

		p = bench_peer(aksu_addr_is_v4(&dst) ? "10.0.0.9" : "fd00::9", 99, &dst, 7);
		assert_int_equal(bench_say(&b, &p, AKSU_SYN, NULL), 0);
		p.to_port = 8;
		assert_int_equal(bench_say(&b, &p, AKSU_SYN, NULL), 0);
		bench_silent(&b);
	}
	for (unsigned k = 0; k < COUNT_OF(from); k++) {
		struct aksu_addr src = bench_addr(from[k]);

		p = bench_peer(from[k], 99, aksu_addr_is_v4(&src) ? &b.n[0].v4 : &b.n[0].v6, 7);
		assert_int_equal(bench_say(&b, &p, AKSU_SYN, NULL), 0);
		p.to_port = 8;
		assert_int_equal(bench_say(&b, &p, AKSU_SYN, NULL), 0);
		bench_silent(&b);
	}
	assert_int_equal(b.n[0].s->flows.count, 0);
	bench_end(&b);
}

/* ---------------------------------------------------------------- to itself */

static void settle(void) { bench_pass(&b, AKSU_MILLISECOND); }

/*
 * C-2: a socket that connects to itself opens simultaneously with itself, and hears what it says.
 */
static void c2_a_socket_may_connect_to_itself(void **state)
{
	static const char *const own[] = {"10.0.0.1", "fd00::1", "127.0.0.1", "::1"};

	(void)state;
	for (unsigned k = 0; k < COUNT_OF(own); k++) {
		struct aksu_endpoint me = {.port = 3333};
		uint8_t text[8] = {0};
		aksu_socket c;

		bench_start(&b, 1, NULL);
		me.addr = bench_addr(own[k]);
		c = aksu_socket_tcp(b.n[0].s);
		assert_int_equal(aksu_bind(b.n[0].s, c, &(struct aksu_endpoint){.port = 3333}), 0);
		assert_int_equal(aksu_connect(b.n[0].s, c, &me, b.now), 0);
		settle();
		assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED);
		assert_int_equal(aksu_send(b.n[0].s, c, "hello", 5, 0, b.now), 5);
		settle();
		assert_int_equal(aksu_recv(b.n[0].s, c, text, 8, b.now), 5);
		assert_memory_equal(text, "hello", 5);
		assert_int_equal(aksu_shutdown(b.n[0].s, c, b.now), 0);
		settle();
		assert_int_equal(aksu_recv(b.n[0].s, c, text, 8, b.now), 0);
		aksu_close(b.n[0].s, c, b.now);
		bench_pass(&b, 121 * AKSU_SECOND);
		assert_int_equal(b.n[0].s->conns.live, 0);
		assert_int_equal(b.n[0].s->flows.count, 0);
		assert_true(aksu_deadline(b.n[0].s) == AKSU_NEVER);
		bench_end(&b);
	}
}

/* A connection to an own address: no device, no checksum, megabytes, and a clean end. */
static void an_own_address_is_reached_without_a_device(void **state)
{
	enum { BYTES = 5 << 20, PART = 100000 };
	static const char *const own[] = {"10.0.0.1", "fd00::1", "127.0.0.1", "127.9.9.9", "::1"};
	static uint8_t out[PART], in[PART];

	(void)state;
	for (unsigned k = 0; k < COUNT_OF(own); k++) {
		struct aksu_addr to = bench_addr(own[k]);
		size_t sent = 0, received = 0, before;
		aksu_socket l, c, a;

		bench_start(&b, 1, NULL);
		before = aksu_memory_used(b.n[0].s);
		l = bench_listen(&b, 0, 7, 2);
		c = bench_connect(&b, 0, &to, 7);
		settle();
		assert_int_equal(aksu_accept(b.n[0].s, l, &a), 0);
		while (received < BYTES) {
			int64_t n;

			for (size_t i = 0; i < PART; i++)
				out[i] = (uint8_t)((sent + i) * 7 >> 4);
			if (sent < BYTES) {
				n = aksu_send(b.n[0].s, c, out, min_size(PART, BYTES - sent), 0,
					      b.now);
				sent += n > 0 ? (size_t)n : 0;
			}
			settle();
			n = aksu_recv(b.n[0].s, a, in, PART, b.now);
			for (int64_t i = 0; i < n; i++)
				assert_int_equal(in[i], (uint8_t)((received + (size_t)i) * 7 >> 4));
			received += n > 0 ? (size_t)n : 0;
			assert_true(b.now < 2000 * AKSU_SECOND);
		}
		aksu_close(b.n[0].s, c, b.now);
		settle();
		assert_int_equal(aksu_recv(b.n[0].s, a, in, 1, b.now), 0);
		aksu_close(b.n[0].s, a, b.now);
		settle();
		assert_int_equal(b.frames, 0);
		aksu_close(b.n[0].s, l, b.now);
		bench_pass(&b, 61 * AKSU_SECOND);
		assert_int_equal(aksu_memory_used(b.n[0].s), before);
		bench_end(&b);
	}
}

/* Nobody listens: refused, by ourselves, at once. */
static void an_own_address_refuses_at_once(void **state)
{
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	c = bench_connect(&b, 0, &b.n[0].v4, 9);
	assert_true(aksu_deadline(b.n[0].s) <= b.now);
	aksu_advance(b.n[0].s, b.now);
	assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR), AKSU_ECONNREFUSED);
	assert_true(bench_news(&b, 0, c) & AKSU_ERROR);
	assert_true(aksu_deadline(b.n[0].s) == AKSU_NEVER);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(must_8_the_isn_follows_a_clock),
		cmocka_unit_test(must_9_the_isn_cannot_be_foretold),
		cmocka_unit_test(b2_a_reopened_pair_begins_higher),
		cmocka_unit_test(b3_ports_are_spread),
		cmocka_unit_test(b3_the_last_free_port_is_found),
		cmocka_unit_test(must_46_remote_addresses_are_checked),
		cmocka_unit_test(must_43_a_bound_address_is_used),
		cmocka_unit_test(must_57_no_answer_to_or_from_many),
		cmocka_unit_test(c2_a_socket_may_connect_to_itself),
		cmocka_unit_test(an_own_address_is_reached_without_a_device),
		cmocka_unit_test(an_own_address_refuses_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
