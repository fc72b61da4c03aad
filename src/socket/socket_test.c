/* SPDX-License-Identifier: MIT */
/*
 * socket/socket_test.c - what socket.h promises of TCP sockets: names, readiness, options, errors.
 *
 * RFC 9293 section 3.9.1; rows G6, G9 to G11, I3, I7, I8, I9.
 */
#include "support/stack_bench.h"

static struct stack_bench b;
static struct bench_packet got;

/* A pair over a wire: the client's end in *c, the server's in *a. */
static void pair(aksu_socket *c, aksu_socket *a)
{
	aksu_socket l;

	bench_start(&b, 2, NULL);
	l = bench_listen(&b, 1, 7, 5);
	*c = bench_connect(&b, 0, &b.n[1].v4, 7);
	bench_shuttle(&b);
	assert_int_equal(aksu_accept(b.n[1].s, l, a), 0);
	assert_int_equal(aksu_close(b.n[1].s, l, b.now), 0);
}

/* ---------------------------------------------------------------- names */

static void a_stale_name_is_an_error(void **state)
{
	aksu_socket names[4], again;
	char text[4];
	int64_t v;

	(void)state;
	bench_start(&b, 1, NULL);
	names[0] = aksu_socket_tcp(b.n[0].s);
	again = aksu_socket_tcp(b.n[0].s);
	assert_int_equal(aksu_close(b.n[0].s, names[0], b.now), 0);
	assert_int_equal(aksu_socket_tcp(b.n[0].s).slot, names[0].slot); /* the slot is in use */
	names[1] = AKSU_NO_SOCKET;
	names[2] = (aksu_socket){77777777, 1};
	names[3] = (aksu_socket){again.slot, again.gen + 1};
	for (unsigned k = 0; k < 4; k++) {
		struct aksu *s = b.n[0].s;
		aksu_socket h = names[k], x;
		struct aksu_endpoint e = {b.n[0].v4, 9};
		struct aksu_info info;

		assert_int_equal(aksu_bind(s, h, &e), -AKSU_EBADF);
		assert_int_equal(aksu_listen(s, h, 1), -AKSU_EBADF);
		assert_int_equal(aksu_accept(s, h, &x), -AKSU_EBADF);
		assert_int_equal(aksu_connect(s, h, &e, b.now), -AKSU_EBADF);
		assert_int_equal(aksu_shutdown(s, h, b.now), -AKSU_EBADF);
		assert_int_equal(aksu_close(s, h, b.now), -AKSU_EBADF);
		assert_int_equal(aksu_abort(s, h, b.now), -AKSU_EBADF);
		assert_int_equal(aksu_send(s, h, "x", 1, 0, b.now), -AKSU_EBADF);
		assert_int_equal(aksu_recv(s, h, text, 4, b.now), -AKSU_EBADF);
		assert_int_equal(aksu_peek(s, h, text, 4), -AKSU_EBADF);
		assert_int_equal(aksu_set_option(s, h, AKSU_TCP_NODELAY, 1, b.now), -AKSU_EBADF);
		assert_int_equal(aksu_get_option(s, h, AKSU_TCP_NODELAY, &v), -AKSU_EBADF);
		assert_int_equal(aksu_info(s, h, &info), -AKSU_EBADF);
		assert_int_equal(aksu_set_user(s, h, text), -AKSU_EBADF);
		assert_null(aksu_get_user(s, h));
		assert_int_equal(aksu_ready(s, h), 0);
	}
	bench_end(&b);
}

/* MUST-41, MUST-42: one listener for a port; connections and listeners go beside one another. */
static void must_41_a_port_has_one_listener(void **state)
{
	aksu_socket m;

	(void)state;
	bench_start(&b, 1, NULL);
	bench_listen(&b, 0, 7, 5);
	m = aksu_socket_tcp(b.n[0].s);
	assert_int_equal(aksu_bind(b.n[0].s, m, &(struct aksu_endpoint){.port = 7}),
			 -AKSU_EADDRINUSE);
	assert_int_equal(aksu_bind(b.n[0].s, m, &(struct aksu_endpoint){b.n[0].v4, 7}),
			 -AKSU_EADDRINUSE);
	assert_int_equal(aksu_bind(b.n[0].s, m, &(struct aksu_endpoint){b.n[0].v4, 8}), 0);
	m = aksu_socket_tcp(b.n[0].s);
	assert_int_equal(aksu_bind(b.n[0].s, m, &(struct aksu_endpoint){b.n[0].v6, 8}), 0);
	bench_end(&b);
}

/* What is not possible in a state has one answer. */
static void calls_out_of_place(void **state)
{
	struct aksu_endpoint to = {.port = 7};
	aksu_socket f, l, x;
	char text[4];

	(void)state;
	bench_start(&b, 1, NULL);
	to.addr = bench_addr("10.0.0.9");
	f = aksu_socket_tcp(b.n[0].s);
	assert_int_equal(aksu_send(b.n[0].s, f, "x", 1, 0, b.now), -AKSU_ENOTCONN);
	assert_int_equal(aksu_recv(b.n[0].s, f, text, 4, b.now), -AKSU_ENOTCONN);
	assert_int_equal(aksu_shutdown(b.n[0].s, f, b.now), -AKSU_ENOTCONN);
	assert_int_equal(aksu_accept(b.n[0].s, f, &x), -AKSU_EINVAL);
	l = bench_listen(&b, 0, 7, 1);
	assert_int_equal(aksu_listen(b.n[0].s, l, 9), 0); /* another backlog */
	assert_int_equal(aksu_connect(b.n[0].s, l, &to, b.now), -AKSU_EOPNOTSUPP);
	assert_int_equal(aksu_shutdown(b.n[0].s, l, b.now), -AKSU_ENOTCONN);
	assert_int_equal(aksu_recv(b.n[0].s, l, text, 4, b.now), -AKSU_ENOTCONN);
	assert_int_equal(aksu_connect(b.n[0].s, f, &to, b.now), 0);
	assert_int_equal(aksu_listen(b.n[0].s, f, 1), -AKSU_EISCONN);
	assert_int_equal(aksu_bind(b.n[0].s, f, &(struct aksu_endpoint){.port = 9}), -AKSU_EINVAL);
	bench_end(&b);
}

/* G11: CLOSE and ABORT in SYN-SENT send nothing more. */
static void g11_close_in_syn_sent_is_silent(void **state)
{
	(void)state;
	for (int abort = 0; abort < 2; abort++) {
		struct aksu_addr to = bench_addr("10.0.0.9");
		aksu_socket c;

		bench_start(&b, 1, NULL);
		c = bench_connect(&b, 0, &to, 7);
		bench_take_tcp(&b, &got);
		assert_int_equal(abort ? aksu_abort(b.n[0].s, c, b.now)
				       : aksu_close(b.n[0].s, c, b.now),
				 0);
		bench_silent(&b);
		assert_int_equal(b.n[0].s->conns.live, 0);
		assert_true(aksu_deadline(b.n[0].s) == AKSU_NEVER);
		bench_end(&b);
	}
}

/* ---------------------------------------------------------------- readiness */

/* Options on a socket that was never opened are no news. */
static void a_fresh_socket_has_no_news(void **state)
{
	struct aksu_ready r;
	aksu_socket c;

	(void)state;
	bench_start(&b, 1, NULL);
	c = aksu_socket_tcp(b.n[0].s);
	aksu_set_option(b.n[0].s, c, AKSU_TCP_NODELAY, 1, b.now);
	aksu_bind(b.n[0].s, c, &(struct aksu_endpoint){.port = 9});
	assert_int_equal(aksu_ready(b.n[0].s, c), 0);
	assert_false(aksu_next_ready(b.n[0].s, &r));
	bench_end(&b);
}

/* Edges: told once, told again when it was used up and came back. */
static void readiness_is_told_when_it_grows(void **state)
{
	static uint8_t much[300000];
	struct aksu_ready r;
	aksu_socket c, a;
	char text[8];
	int64_t n;

	(void)state;
	pair(&c, &a);
	assert_int_equal(aksu_set_user(b.n[0].s, c, text), 0);
	assert_true(aksu_next_ready(b.n[0].s, &r));
	assert_true(aksu_socket_equal(r.socket, c) && r.user == text);
	assert_int_equal(r.events, AKSU_WRITABLE | AKSU_CONNECTED);
	assert_false(aksu_next_ready(b.n[0].s, &r));
	assert_int_equal(bench_news(&b, 1, a), AKSU_WRITABLE); /* accept said CONNECTED */

	aksu_send(b.n[0].s, c, "one", 3, 0, b.now);
	bench_shuttle(&b);
	assert_int_equal(bench_news(&b, 1, a), AKSU_READABLE | AKSU_WRITABLE);
	aksu_send(b.n[0].s, c, "two", 3, 0, b.now);
	bench_pass(&b, AKSU_SECOND);               /* Nagle waits for an ACK that is delayed */
	assert_int_equal(bench_news(&b, 1, a), 0); /* nobody has read yet */
	assert_int_equal(aksu_peek(b.n[1].s, a, text, 8), 6);
	assert_int_equal(aksu_recv(b.n[1].s, a, text, 8, b.now), 6);
	assert_int_equal(aksu_recv(b.n[1].s, a, text, 8, b.now), -AKSU_EAGAIN);
	aksu_send(b.n[0].s, c, "three", 5, 0, b.now);
	bench_shuttle(&b);
	assert_true(bench_news(&b, 1, a) & AKSU_READABLE);

	while ((n = aksu_send(b.n[0].s, c, much, sizeof(much), 0, b.now)) > 0)
		;
	assert_int_equal(n, -AKSU_EAGAIN);
	assert_false(aksu_ready(b.n[0].s, c) & AKSU_WRITABLE);
	bench_pass(&b, AKSU_SECOND);
	while ((n = aksu_recv(b.n[1].s, a, much, sizeof(much), b.now)) > 0)
		bench_pass(&b, AKSU_SECOND);
	assert_true(bench_news(&b, 0, c) & AKSU_WRITABLE);
	bench_end(&b);
}

/* RDHUP when the peer has ended, HUP when both have; G9: the end comes after all data, once. */
static void the_end_of_a_stream_is_told(void **state)
{
	aksu_socket c, a;
	char text[8];

	(void)state;
	pair(&c, &a);
	(void)bench_news(&b, 1, a);
	aksu_send(b.n[0].s, c, "last", 4, 0, b.now);
	aksu_shutdown(b.n[0].s, c, b.now);
	assert_int_equal(aksu_send(b.n[0].s, c, "x", 1, 0, b.now), -AKSU_EPIPE);
	assert_int_equal(aksu_shutdown(b.n[0].s, c, b.now), 0); /* twice does nothing */
	bench_shuttle(&b);
	assert_int_equal(bench_news(&b, 1, a), AKSU_READABLE | AKSU_WRITABLE | AKSU_RDHUP);
	assert_int_equal(aksu_recv(b.n[1].s, a, text, 8, b.now), 4);
	assert_int_equal(aksu_recv(b.n[1].s, a, text, 8, b.now), 0);
	assert_int_equal(aksu_recv(b.n[1].s, a, text, 8, b.now), 0);
	aksu_shutdown(b.n[1].s, a, b.now);
	assert_true(aksu_ready(b.n[1].s, a) & AKSU_HUP);
	bench_shuttle(&b);
	assert_true(bench_news(&b, 0, c) & AKSU_HUP);
	assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR), 0);
	bench_end(&b);
}

/* I7: how it ended is said by every call, and stays. */
static void i7_the_error_is_sticky(void **state)
{
	aksu_socket c, a;
	char text[8];

	(void)state;
	pair(&c, &a);
	(void)bench_news(&b, 0, c);
	aksu_abort(b.n[1].s, a, b.now);
	bench_shuttle(&b);
	assert_true(bench_news(&b, 0, c) & AKSU_ERROR);
	assert_int_equal(bench_news(&b, 0, c), 0); /* told once */
	for (int k = 0; k < 2; k++) {
		assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR), AKSU_ECONNRESET);
		assert_int_equal(aksu_recv(b.n[0].s, c, text, 8, b.now), -AKSU_ECONNRESET);
		assert_int_equal(aksu_send(b.n[0].s, c, "x", 1, 0, b.now), -AKSU_ECONNRESET);
	}
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_CLOSED);
	assert_int_equal(aksu_counters(b.n[0].s)->connections_reset, 1);
	assert_int_equal(aksu_close(b.n[0].s, c, b.now), 0);
	bench_shuttle(&b);
	bench_end(&b);
}

/* MUST-32: each advance of the urgent pointer is told, and where the mark is. */
static void must_32_urgent_data_is_told(void **state)
{
	aksu_socket c, a;
	char text[8];

	(void)state;
	pair(&c, &a);
	(void)bench_news(&b, 1, a);
	assert_int_equal(aksu_send(b.n[0].s, c, "abc", 3, AKSU_MSG_OOB, b.now), 3);
	bench_shuttle(&b);
	assert_true(bench_news(&b, 1, a) & AKSU_URGENT);
	assert_int_equal(bench_option(&b, 1, a, AKSU_TCP_URGENT_LEFT), 3);
	assert_int_equal(aksu_recv(b.n[1].s, a, text, 2, b.now), 2);
	assert_int_equal(bench_option(&b, 1, a, AKSU_TCP_URGENT_LEFT), 1);
	aksu_send(b.n[0].s, c, "de", 2, AKSU_MSG_OOB, b.now);
	bench_shuttle(&b);
	assert_true(bench_news(&b, 1, a) & AKSU_URGENT);
	assert_int_equal(aksu_recv(b.n[1].s, a, text, 8, b.now), 3);
	assert_int_equal(bench_option(&b, 1, a, AKSU_TCP_URGENT_LEFT), 0);
	bench_end(&b);
}

static void low_water_marks_hold_news_back(void **state)
{
	aksu_socket c, a;
	char text[200];

	(void)state;
	pair(&c, &a);
	(void)bench_news(&b, 1, a);
	aksu_set_option(b.n[1].s, a, AKSU_SO_RCVLOWAT, 100, b.now);
	memset(text, 'x', sizeof(text));
	aksu_send(b.n[0].s, c, text, 99, 0, b.now);
	bench_shuttle(&b);
	assert_false(aksu_ready(b.n[1].s, a) & AKSU_READABLE);
	aksu_send(b.n[0].s, c, text, 1, 0, b.now);
	bench_pass(&b, AKSU_SECOND);
	assert_true(bench_news(&b, 1, a) & AKSU_READABLE);
	assert_int_equal(bench_option(&b, 1, a, AKSU_TCP_UNREAD), 100);
	aksu_set_option(b.n[0].s, c, AKSU_SO_SNDLOWAT, 262144, b.now);
	(void)bench_news(&b, 0, c);
	b.nodes = 1; /* nobody acknowledges */
	aksu_send(b.n[0].s, c, text, 1, 0, b.now);
	assert_false(aksu_ready(b.n[0].s, c) & AKSU_WRITABLE);
	b.nodes = 2;
	bench_pass(&b, AKSU_SECOND);
	assert_true(bench_news(&b, 0, c) & AKSU_WRITABLE);
	bench_end(&b);
}

/* ---------------------------------------------------------------- options */

static const struct {
	enum aksu_option option;
	int64_t standard, low, high, other; /* what is between low and high is taken */
} rows[] = {
	{AKSU_SO_SNDBUF, 131072, 256, 1 << 30, 70000},
	{AKSU_SO_RCVBUF, 131072, 256, 1 << 30, 70000},
	{AKSU_TCP_NOTSENT_LOWAT, 0, 0, 1 << 30, 16384},
	{AKSU_SO_SNDLOWAT, 131072 / 3, 0, 1 << 30, 10},
	{AKSU_SO_RCVLOWAT, 1, 1, 1 << 30, 10},
	{AKSU_SO_LINGER, -1, -1, INT64_MAX, 0},
	{AKSU_SO_KEEPALIVE, 0, 0, 1, 1},
	{AKSU_SO_REUSEADDR, 1, 0, 1, 1},
	{AKSU_IP_TOS, 0, 0, 255, 0xb8},
	{AKSU_IP_TTL, 64, 1, 255, 3},
	{AKSU_IP_NO_SOFT_ERRORS, 0, 0, 1, 1},
	{AKSU_TCP_NODELAY, 0, 0, 1, 1},
	{AKSU_TCP_CORK, 0, 0, 1, 1},
	{AKSU_TCP_QUICKACK, 0, 0, 1, 1},
	{AKSU_TCP_MAXSEG, 0, 0, 65535, 1000},
	{AKSU_TCP_MAX_PACING_RATE, 0, 0, INT64_MAX, 125000},
	{AKSU_TCP_KEEPIDLE, INT64_C(7200000000000), 0, INT64_MAX, 5000000000},
	{AKSU_TCP_KEEPINTVL, INT64_C(75000000000), 0, INT64_MAX, 5000000000},
	{AKSU_TCP_KEEPCNT, 9, 1, 255, 3},
	{AKSU_TCP_KEEPDATA, 0, 0, 1, 1},
	{AKSU_TCP_USER_TIMEOUT, INT64_C(300000000000), -1, INT64_MAX, 5000000000},
	{AKSU_TCP_SYN_TIMEOUT, INT64_C(180000000000), -1, INT64_MAX, 5000000000},
};

static void options_have_defaults_and_ranges(void **state)
{
	aksu_socket c, other;

	(void)state;
	bench_start(&b, 1, NULL);
	c = aksu_socket_tcp(b.n[0].s);
	other = aksu_socket_tcp(b.n[0].s);
	for (unsigned k = 0; k < COUNT_OF(rows); k++) {
		struct aksu *s = b.n[0].s;

		assert_int_equal(bench_option(&b, 0, c, rows[k].option), rows[k].standard);
		if (rows[k].low > INT64_MIN)
			assert_int_equal(aksu_set_option(s, c, rows[k].option, rows[k].low - 1,
							 b.now),
					 -AKSU_EINVAL);
		if (rows[k].high < INT64_MAX)
			assert_int_equal(aksu_set_option(s, c, rows[k].option, rows[k].high + 1,
							 b.now),
					 -AKSU_EINVAL);
		assert_int_equal(bench_option(&b, 0, c, rows[k].option), rows[k].standard);
		assert_int_equal(aksu_set_option(s, c, rows[k].option, rows[k].low, b.now), 0);
		assert_int_equal(aksu_set_option(s, c, rows[k].option, rows[k].other, b.now), 0);
		assert_int_equal(bench_option(&b, 0, c, rows[k].option), rows[k].other);
		/* Shared until changed: nobody else's changed. */
		assert_int_equal(bench_option(&b, 0, other, rows[k].option), rows[k].standard);
		if (rows[k].option == AKSU_SO_SNDBUF)
			aksu_set_option(s, c, AKSU_SO_SNDBUF, 131072, b.now);
	}
	assert_int_equal(aksu_set_option(b.n[0].s, c, AKSU_OPTION_COUNT, 0, b.now),
			 -AKSU_ENOPROTOOPT);
	assert_int_equal(aksu_set_option(b.n[0].s, c, AKSU_SO_ERROR, 0, b.now), -AKSU_EINVAL);
	assert_int_equal(aksu_set_option(b.n[0].s, c, AKSU_TCP_MAXSEG, 47, b.now), -AKSU_EINVAL);
	/* I9, SHLD-22: the ECN bits are TCP's. */
	aksu_set_option(b.n[0].s, c, AKSU_IP_TOS, 0xbb, b.now);
	assert_int_equal(bench_option(&b, 0, c, AKSU_IP_TOS), 0xb8);
	bench_end(&b);
}

/* What a listener had when the connection came is the connection's; later changes are not. */
static void accepted_connections_inherit(void **state)
{
	aksu_socket l, a, d;

	(void)state;
	bench_start(&b, 2, NULL);
	l = bench_listen(&b, 1, 7, 5);
	for (unsigned k = 0; k < COUNT_OF(rows); k++)
		if (rows[k].option != AKSU_SO_REUSEADDR)
			assert_int_equal(aksu_set_option(b.n[1].s, l, rows[k].option, rows[k].other,
							 b.now),
					 0);
	bench_connect(&b, 0, &b.n[1].v4, 7);
	bench_shuttle(&b);
	assert_int_equal(aksu_accept(b.n[1].s, l, &a), 0);
	for (unsigned k = 0; k < COUNT_OF(rows); k++)
		assert_int_equal(bench_option(&b, 1, a, rows[k].option), rows[k].other);
	aksu_set_option(b.n[1].s, l, AKSU_IP_TTL, 99, b.now);
	aksu_set_option(b.n[1].s, a, AKSU_IP_TTL, 77, b.now);
	bench_connect(&b, 0, &b.n[1].v4, 7);
	bench_shuttle(&b);
	assert_int_equal(aksu_accept(b.n[1].s, l, &d), 0);
	assert_int_equal(bench_option(&b, 1, a, AKSU_IP_TTL), 77);
	assert_int_equal(bench_option(&b, 1, d, AKSU_IP_TTL), 99);
	assert_int_equal(aksu_set_option(b.n[1].s, d, AKSU_TCP_MAXSEG, 500, b.now), -AKSU_EISCONN);
	bench_end(&b);
}

/* G10: linger 0 makes CLOSE an ABORT. */
static void g10_linger_zero_resets(void **state)
{
	aksu_socket c, a;

	(void)state;
	pair(&c, &a);
	aksu_set_option(b.n[0].s, c, AKSU_SO_LINGER, 0, b.now);
	assert_int_equal(aksu_close(b.n[0].s, c, b.now), 0);
	bench_shuttle(&b);
	assert_int_equal(bench_option(&b, 1, a, AKSU_SO_ERROR), AKSU_ECONNRESET);
	assert_int_equal(b.n[0].s->flows.count, 0);
	bench_end(&b);
}

/* G6, SHLD-3: data that was never read, and data that comes too late, reset. */
static void g6_unread_data_resets(void **state)
{
	aksu_socket c, a;

	(void)state;
	for (int late = 0; late < 2; late++) {
		pair(&c, &a);
		if (!late) {
			aksu_send(b.n[0].s, c, "x", 1, 0, b.now);
			bench_shuttle(&b);
		}
		aksu_close(b.n[1].s, a, b.now);
		bench_shuttle(&b);
		if (late) {
			assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR), 0);
			aksu_send(b.n[0].s, c, "x", 1, 0, b.now);
			bench_shuttle(&b);
		}
		assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR), AKSU_ECONNRESET);
		bench_end(&b);
	}
}

static bool cut(struct stack_bench *bench, int from, const uint8_t *frame, size_t len)
{
	(void)bench;
	(void)from;
	(void)frame;
	(void)len;
	return true;
}

/* I3: a dead peer is found by probes, if the application asked. */
static void i3_keepalive_finds_a_dead_peer(void **state)
{
	aksu_socket c, a;

	(void)state;
	pair(&c, &a);
	aksu_set_option(b.n[0].s, c, AKSU_TCP_KEEPIDLE, 10000000000, b.now);
	aksu_set_option(b.n[0].s, c, AKSU_TCP_KEEPINTVL, 1000000000, b.now);
	aksu_set_option(b.n[0].s, c, AKSU_TCP_KEEPCNT, 3, b.now);
	bench_pass(&b, 100 * AKSU_SECOND);
	assert_int_equal(aksu_deadline(b.n[0].s), AKSU_NEVER); /* MUST-25: off by default */
	aksu_set_option(b.n[0].s, c, AKSU_SO_KEEPALIVE, 1, b.now);
	bench_pass(&b, 100 * AKSU_SECOND);
	assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED);
	b.lose = cut;
	bench_pass(&b, 15 * AKSU_SECOND);
	assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR), AKSU_ETIMEDOUT);
	bench_end(&b);
}

/* MUST-21, MUST-23: R2 is the application's; -1 is for ever. */
static void must_21_user_timeout_is_the_applications(void **state)
{
	aksu_socket c, a;

	(void)state;
	for (int forever = 0; forever < 2; forever++) {
		pair(&c, &a);
		aksu_set_option(b.n[0].s, c, AKSU_TCP_USER_TIMEOUT, forever ? -1 : 20000000000,
				b.now);
		assert_int_equal(bench_option(&b, 0, c, AKSU_TCP_USER_TIMEOUT),
				 forever ? -1 : 20000000000);
		b.lose = cut;
		aksu_send(b.n[0].s, c, "x", 1, 0, b.now);
		bench_pass(&b, 19 * AKSU_SECOND);
		assert_int_equal(bench_state(&b, 0, c), AKSU_STATE_ESTABLISHED);
		bench_pass(&b, (forever ? 100000 : 2) * AKSU_SECOND);
		assert_int_equal(bench_option(&b, 0, c, AKSU_SO_ERROR),
				 forever ? 0 : AKSU_ETIMEDOUT);
		b.lose = NULL;
		bench_end(&b);
	}
}

/* ---------------------------------------------------------------- status */

static void status_tells_what_is(void **state)
{
	struct aksu_info i, k;
	uint64_t cursor = 0;
	aksu_socket c, a;
	unsigned n = 0;

	(void)state;
	pair(&c, &a);
	aksu_send(b.n[0].s, c, "0123456789", 10, 0, b.now);
	bench_shuttle(&b);
	assert_int_equal(aksu_info(b.n[0].s, c, &i), 0);
	assert_int_equal(aksu_info(b.n[1].s, a, &k), 0);
	assert_true(aksu_addr_equal(&i.local.addr, &k.remote.addr));
	assert_int_equal(i.local.port, k.remote.port);
	assert_int_equal(i.remote.port, 7);
	assert_int_equal(i.iss, k.irs);
	assert_int_equal(i.snd_nxt, k.rcv_nxt);
	assert_int_equal(k.receive_queue, 10);
	assert_int_equal(i.options, AKSU_OPT_TS | AKSU_OPT_SACK_OK | AKSU_OPT_WSCALE);
	assert_int_equal(i.pmtu, 1500);
	assert_string_equal(i.congestion, "cubic"); /* the default */
	while (aksu_next_info(b.n[0].s, &cursor, &k))
		n += k.conn == i.conn && k.state == AKSU_STATE_ESTABLISHED;
	assert_int_equal(n, 1);
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stale_name_is_an_error),
		cmocka_unit_test(must_41_a_port_has_one_listener),
		cmocka_unit_test(calls_out_of_place),
		cmocka_unit_test(g11_close_in_syn_sent_is_silent),
		cmocka_unit_test(a_fresh_socket_has_no_news),
		cmocka_unit_test(readiness_is_told_when_it_grows),
		cmocka_unit_test(the_end_of_a_stream_is_told),
		cmocka_unit_test(i7_the_error_is_sticky),
		cmocka_unit_test(must_32_urgent_data_is_told),
		cmocka_unit_test(low_water_marks_hold_news_back),
		cmocka_unit_test(options_have_defaults_and_ranges),
		cmocka_unit_test(accepted_connections_inherit),
		cmocka_unit_test(g10_linger_zero_resets),
		cmocka_unit_test(g6_unread_data_resets),
		cmocka_unit_test(i3_keepalive_finds_a_dead_peer),
		cmocka_unit_test(must_21_user_timeout_is_the_applications),
		cmocka_unit_test(status_tells_what_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
