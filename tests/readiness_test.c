/* SPDX-License-Identifier: MIT */
/*
 * tests/readiness_test.c - applications that act only when aksu_next_ready() says so never hang
 * (I8), over wires that lose, with buffers of any size; and every deadline leads somewhere.
 */
#include "support/stack_bench.h"

enum { CONNS = 12, SIDES = 2, PORT = 7 };

/* One end of a connection: what it still has to say, and how far it has read. */
struct end {
	aksu_socket h;
	bool open, closed, eof, shut;
	uint32_t to_send, sent, to_receive, received;
	uint8_t salt; /* what this end says begins with it */
	uint8_t expect;
};

struct world {
	struct stack_bench b;
	struct end end[SIDES][CONNS];
	unsigned accepted, loss; /* percent */
	aksu_socket listener;
	uint64_t seed;
	int server; /* node of the listener: 1, or 0 when the instance talks to itself */
};

static struct world w;

static uint32_t chance(uint32_t n) { return prng_below(&w.b.prng, n); }

static bool lose(struct stack_bench *b, int from, const uint8_t *frame, size_t len)
{
	(void)b;
	(void)from;
	(void)frame;
	(void)len;
	return chance(100) < w.loss;
}

static uint8_t octet(uint8_t salt, uint32_t at) { return (uint8_t)(salt + at * 31 + (at >> 8)); }

/* Reads until there is nothing; what is read is what was said. */
static void read_all(struct end *e, struct aksu *s)
{
	uint8_t text[3000];
	int64_t n;

	while ((n = aksu_recv(s, e->h, text, 1 + chance(sizeof(text)), w.b.now)) > 0)
		for (int64_t i = 0; i < n; i++)
			if (text[i] != octet(e->expect, e->received++))
				fail_msg("seed %llu: wrong octet", (unsigned long long)w.seed);
	if (n == 0)
		e->eof = true;
	else if (n != -AKSU_EAGAIN && n != -AKSU_ENOTCONN)
		fail_msg("seed %llu: recv says %s", (unsigned long long)w.seed,
			 aksu_strerror((int)n));
}

/* Writes until the buffer is full or all is said; then the end is said too. */
static void write_all(struct end *e, struct aksu *s)
{
	uint8_t text[5000];

	while (e->sent < e->to_send) {
		uint32_t n = min_u32(1 + chance(sizeof(text)), e->to_send - e->sent);
		int64_t done;

		for (uint32_t i = 0; i < n; i++)
			text[i] = octet(e->salt, e->sent + i);
		done = aksu_send(s, e->h, text, n, chance(4) == 0 ? AKSU_MSG_MORE : 0, w.b.now);
		if (done == -AKSU_EAGAIN || done == -AKSU_ENOTCONN)
			return;
		if (done <= 0)
			fail_msg("seed %llu: send says %s", (unsigned long long)w.seed,
				 aksu_strerror((int)done));
		e->sent += (uint32_t)done;
	}
	if (!e->shut) {
		assert_int_equal(aksu_shutdown(s, e->h, w.b.now), 0);
		e->shut = true;
	}
}

static void act(struct end *e, struct aksu *s, uint32_t events)
{
	if (events & AKSU_READABLE)
		read_all(e, s);
	if (events & AKSU_WRITABLE || e->sent == e->to_send)
		write_all(e, s);
	if (!e->eof || !e->shut || e->closed)
		return;
	if (e->received != e->to_receive)
		fail_msg("seed %llu: an end too early", (unsigned long long)w.seed);
	assert_int_equal(aksu_close(s, e->h, w.b.now), 0);
	e->closed = true;
}

/*
 * Server ends come in any order: the first octet of the client's port tells nothing, `user` does.
 */
static void accept_all(void)
{
	aksu_socket c;

	while (aksu_accept(w.b.n[w.server].s, w.listener, &c) == 0) {
		struct aksu_info info;
		struct end *e = NULL;

		assert_int_equal(aksu_info(w.b.n[w.server].s, c, &info), 0);
		for (unsigned k = 0; k < CONNS; k++) {
			struct aksu_info mine;

			if (w.end[0][k].closed || !w.end[0][k].open || w.end[1][k].open)
				continue;
			assert_int_equal(aksu_info(w.b.n[0].s, w.end[0][k].h, &mine), 0);
			if (mine.local.port == info.remote.port)
				e = &w.end[1][k];
		}
		assert_non_null(e);
		e->h = c;
		e->open = true;
		assert_int_equal(aksu_set_user(w.b.n[w.server].s, c, e), 0);
		w.accepted++;
	}
}

/* Some of what is reported: the rest waits while the network goes on. */
static bool work(int node)
{
	struct aksu_ready r;
	bool any = false;

	while (chance(8) != 0 && aksu_next_ready(w.b.n[node].s, &r)) {
		any = true;
		if (node == w.server && aksu_socket_equal(r.socket, w.listener)) {
			accept_all();
			continue;
		}
		assert_non_null(r.user);
		if (r.events & AKSU_ERROR)
			fail_msg("seed %llu at %.3f s: %s", (unsigned long long)w.seed,
				 (double)(w.b.now - 1000 * AKSU_SECOND) / 1e9,
				 aksu_strerror(
					 (int)bench_option(&w.b, node, r.socket, AKSU_SO_ERROR)));
		act(r.user, w.b.n[node].s, r.events);
	}
	return any;
}

static void some_options(struct aksu *s, aksu_socket h)
{
	static const uint32_t sizes[] = {256, 1000, 5000, 20000, 100000, 300000};
	uint32_t sndbuf = sizes[chance(COUNT_OF(sizes))], rcvbuf = sizes[chance(COUNT_OF(sizes))];

	aksu_set_option(s, h, AKSU_SO_SNDBUF, sndbuf, w.b.now);
	aksu_set_option(s, h, AKSU_SO_RCVBUF, rcvbuf, w.b.now);
	if (chance(3) == 0)
		aksu_set_option(s, h, AKSU_SO_SNDLOWAT, 1 + chance(sndbuf * 2), w.b.now);
	if (chance(3) == 0)
		aksu_set_option(s, h, AKSU_SO_RCVLOWAT, 1 + chance(rcvbuf * 2), w.b.now);
	/* A bad wire is to be slow, not the end. */
	assert_int_equal(aksu_set_option(s, h, AKSU_TCP_USER_TIMEOUT, -1, w.b.now), 0);
	aksu_set_option(s, h, AKSU_TCP_NODELAY, chance(2), w.b.now);
	if (chance(4) == 0)
		aksu_set_option(s, h, AKSU_TCP_CORK, 1, w.b.now);
	if (chance(4) == 0)
		aksu_set_option(s, h, AKSU_TCP_MAXSEG, 48 + chance(1400), w.b.now);
}

static void begin(bool v6, bool local)
{
	struct aksu *s0 = w.b.n[0].s, *s1;
	const struct aksu_addr *to;

	w.server = local ? 0 : 1;
	s1 = w.b.n[w.server].s;
	to = v6 ? &w.b.n[w.server].v6 : &w.b.n[w.server].v4;
	w.listener = aksu_socket_tcp(s1);
	some_options(s1, w.listener);
	assert_int_equal(aksu_bind(s1, w.listener, &(struct aksu_endpoint){.port = PORT}), 0);
	/* Room for all: a record that finds none for a minute is forgotten (B7). */
	assert_int_equal(aksu_listen(s1, w.listener, CONNS), 0);
	for (unsigned k = 0; k < CONNS; k++) {
		struct end *c = &w.end[0][k], *s = &w.end[1][k];

		*c = (struct end){.open = true, .to_send = chance(4) == 0 ? 0 : chance(40000)};
		*s = (struct end){.to_send = chance(4) == 0 ? 0 : chance(40000)};
		c->to_receive = s->to_send;
		s->to_receive = c->to_send;
		c->salt = s->expect = (uint8_t)k;
		s->salt = c->expect = (uint8_t)(100 + k);
		c->h = aksu_socket_tcp(s0);
		some_options(s0, c->h);
		assert_int_equal(bench_news(&w.b, 0, c->h), 0); /* nothing happened yet */
		assert_int_equal(aksu_set_user(s0, c->h, c), 0);
		assert_int_equal(aksu_connect(s0, c->h, &(struct aksu_endpoint){*to, PORT},
					      w.b.now),
				 0);
	}
}

static bool all_closed(void)
{
	for (int side = 0; side < SIDES; side++)
		for (unsigned k = 0; k < CONNS; k++)
			if (!w.end[side][k].closed)
				return false;
	return true;
}

static void tell_who_hangs(void)
{
	for (int side = 0; side < SIDES; side++)
		for (unsigned k = 0; k < CONNS; k++) {
			const struct end *e = &w.end[side][k];
			struct aksu_info i = {0};

			if (e->closed)
				continue;
			if (e->open)
				aksu_info(w.b.n[side ? w.server : 0].s, e->h, &i);
			printf("side %d conn %u: %s sent %u/%u received %u/%u ready %x queue %u "
			       "%u\n",
			       side, k, aksu_state_name(i.state), e->sent, e->to_send, e->received,
			       e->to_receive,
			       e->open ? aksu_ready(w.b.n[side ? w.server : 0].s, e->h) : 0,
			       i.send_queue, i.receive_queue);
		}
}

static void run(uint64_t seed, bool local)
{
	struct bench_options o = {.kind = seed % 3 == 0 ? AKSU_LINK_ETHERNET : AKSU_LINK_IP};
	aksu_time end;
	size_t before[2];

	memset(&w, 0, sizeof(w));
	bench_start(&w.b, local ? 1 : 2, &o);
	w.seed = seed;
	w.b.prng = prng_from(seed);
	w.loss = local ? 0 : chance(15);
	w.b.lose = lose;
	for (int k = 0; k < w.b.nodes; k++)
		before[k] = w.b.n[k].s->conns.live;
	begin(seed & 1, local);
	end = w.b.now + 7200 * AKSU_SECOND;
	while (!all_closed() && w.b.now < end) {
		bool any = false;

		for (int k = 0; k < w.b.nodes; k++)
			any |= work(k);
		bench_pass(&w.b, any ? chance(3) * AKSU_MILLISECOND : 50 * AKSU_MILLISECOND);
	}
	if (!all_closed()) {
		tell_who_hangs();
		fail_msg("seed %llu: somebody waits for ever", (unsigned long long)seed);
	}
	bench_pass(&w.b, 400 * AKSU_SECOND);
	for (int k = 0; k < w.b.nodes; k++) {
		assert_int_equal(w.b.n[k].s->flows.count, 0);
		assert_int_equal(w.b.n[k].s->conns.live, before[k] + (k == w.server));
	}
	bench_end(&w.b);
}

static void i8_no_wakeup_is_lost_over_a_wire(void **state)
{
	const char *only = getenv("SEED");

	(void)state;
	if (only != NULL) {
		run(strtoull(only, NULL, 0), false);
		return;
	}
	for (uint64_t seed = 1; seed <= 60; seed++)
		run(seed, false);
}

static void i8_no_wakeup_is_lost_inside_an_instance(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		run(seed, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(i8_no_wakeup_is_lost_over_a_wire),
		cmocka_unit_test(i8_no_wakeup_is_lost_inside_an_instance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
