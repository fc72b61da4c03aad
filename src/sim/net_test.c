/* SPDX-License-Identifier: MIT */
/*
 * sim/net_test.c - networks: streams cross routers whole, routers complain as they must, a director
 * changes links, and the same seed gives the same steps.
 *
 *   0 ─┐                    ┌─ 4
 *      2 ── bottleneck ── 3
 *   1 ─┘                    └─ 5        hosts 0, 1, 4, 5; routers 2, 3
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <aksu/net.h>

#include "base/compile.h"
#include "support/memory.h"

#define MS AKSU_MILLISECOND

enum { NODES = 6, OCTETS = 200000, MIDDLE = 4 };

static struct test_memory memory;

static const struct aksu_allocator allocator = {test_memory_take, test_memory_give, &memory};

struct play {
	struct sim_net *net;
	struct aksu *stack[NODES];
	struct sim_actor actor[NODES];
	unsigned notes[SIM_NOTE_COUNT];
	uint64_t hash;
	bool v6;
	unsigned directed;
	uint32_t middle_mtu;
};

static struct aksu_addr addr_of(bool v6, unsigned node)
{
	struct aksu_addr a = aksu_addr_v4(10, 0, 0, (uint8_t)(node + 1));

	if (v6)
		aksu_addr_parse("fd00::1", &a), a.b[15] = (uint8_t)(node + 1);
	return a;
}

static void hear(void *ctx, const struct sim_note *n)
{
	struct play *p = ctx;

	p->notes[n->kind]++;
	p->hash = (p->hash ^ n->time ^ n->packet << 32 ^ n->link << 8 ^ n->kind) * 0x100000001b3u;
}

/* After a second the middle carries smaller packets, and is down for a while before that. */
static aksu_time direct(void *ctx, struct sim_net *net, aksu_time now)
{
	struct play *p = ctx;
	struct sim_wire_config wire = {.delay = 10 * MS, .rate = 10000000, .queue = 60000};

	if (p->middle_mtu == 0)
		return AKSU_NEVER;
	wire.down = p->directed == 1;
	for (unsigned side = 0; side < 2; side++)
		sim_link_set(sim_net_cable(net, MIDDLE), side, &wire);
	if (p->directed == 2)
		sim_link_set_mtu(sim_net_cable(net, MIDDLE), p->middle_mtu);
	return p->directed++ < 2 ? now + 50 * MS : AKSU_NEVER;
}

static const struct sim_line sender[] = {
	{.deed = SIM_CONNECT},
	{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = OCTETS},
	{.deed = SIM_SHUTDOWN},
	{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
};

static const struct sim_line answerer[] = {
	{.deed = SIM_LISTEN},
	{.when = SIM_END_OF_FILE, .deed = SIM_SEND, .octets = OCTETS / 2},
	{.deed = SIM_CLOSE},
};

static void add_host(struct play *p, unsigned node, unsigned link, uint64_t seed)
{
	struct aksu_addr addr = addr_of(p->v6, node), any = addr_of(p->v6, 0);
	bool opens = node < 2;
	struct sim_host host = {.app = sim_actor_app(&p->actor[node])};

	p->stack[node] =
		sim_stack_new(NULL, &allocator, seed + node, sim_net_device(p->net, link, SIM_LEFT),
			      &addr, p->v6 ? 128 : 32, 0);
	assert_non_null(p->stack[node]);
	assert_int_equal(aksu_route_add(p->stack[node], 0, &any, 0, NULL), 0);
	assert_int_equal(sim_net_address(p->net, node, &addr), 0);
	p->actor[node] = (struct sim_actor){
		.lines = opens ? sender : answerer,
		.line_count = opens ? COUNT_OF(sender) : COUNT_OF(answerer),
		.local = {addr, opens ? 4000 : 80},
		.remote = {addr_of(p->v6, opens ? node + 4 : node - 4), opens ? 80 : 4000},
	};
	host.stack = p->stack[node];
	assert_int_equal(sim_net_host(p->net, node, &host), 0);
}

static struct play *begin(bool v6, uint64_t seed, uint32_t middle_mtu)
{
	struct play *p = calloc(1, sizeof(*p));
	struct sim_net_config config = {.size = sizeof(config),
					.allocator = allocator,
					.nodes = NODES,
					.links = 5,
					.observer = {hear, p},
					.direct = direct,
					.ctx = p};
	struct sim_link_config cable = {.size = sizeof(cable), .seed = seed};
	static const unsigned at[] = {0, 1, 4, 5};

	p->v6 = v6;
	p->middle_mtu = middle_mtu;
	p->net = sim_net_new(&config);
	assert_non_null(p->net);
	for (unsigned i = 0; i < NODES; i++) {
		struct aksu_addr own4 = addr_of(false, 100 + i), own6 = addr_of(true, 100 + i);

		assert_int_equal(i == 2 || i == 3 ? sim_net_router(p->net, &own4, &own6)
						  : sim_net_node(p->net),
				 i);
	}
	for (unsigned i = 0; i < 4; i++) {
		cable.wire[0].delay = cable.wire[1].delay = (i + 1) * MS;
		assert_int_equal(sim_net_link(p->net, at[i], at[i] < 2 ? 2 : 3, &cable), i);
	}
	cable.wire[0] = cable.wire[1] =
		(struct sim_wire_config){.delay = 10 * MS, .rate = 10000000, .queue = 60000};
	assert_int_equal(sim_net_link(p->net, 2, 3, &cable), MIDDLE);
	for (unsigned i = 0; i < 4; i++)
		add_host(p, at[i], i, seed);
	return p;
}

static void end(struct play *p)
{
	sim_net_free(p->net);
	for (unsigned i = 0; i < NODES; i++)
		aksu_free(p->stack[i]);
	free(p);
	assert_int_equal(memory.blocks, 0);
}

static void check_streams(const struct play *p)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct sim_actor *a = &p->actor[i], *b = &p->actor[i + 4];

		assert_int_equal(a->error, 0);
		assert_int_equal(b->error, 0);
		assert_int_equal(b->received, OCTETS);
		assert_int_equal(a->received, OCTETS / 2);
		assert_true(a->hash_sent == b->hash_received && b->hash_sent == a->hash_received);
		assert_true(a->closed && b->closed);
	}
}

static void streams_cross_a_network_whole(void **state)
{
	uint64_t hash[2][2];

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		for (unsigned again = 0; again < 2; again++) {
			struct play *p = begin(v6, 7, 0);

			assert_int_equal(sim_net_run(p->net, 3600 * AKSU_SECOND), SIM_QUIET);
			check_streams(p);
			assert_true(sim_net_counters(p->net)->forwarded > 2 * OCTETS / 1460);
			assert_int_equal(sim_net_counters(p->net)->malformed, 0);
			hash[v6][again] = p->hash;
			end(p);
		}
		assert_true(hash[v6][0] == hash[v6][1]);
	}
	assert_true(hash[0][0] != hash[1][0]);
}

/* RFC 1191 and 8201: the middle narrows under the streams, which go on in smaller segments. */
static void a_middle_that_narrows_is_found_out(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct play *p = begin(v6, 11, 1300);

		assert_int_equal(sim_net_run(p->net, 3600 * AKSU_SECOND), SIM_QUIET);
		check_streams(p);
		assert_true(sim_net_counters(p->net)->too_big > 0);
		assert_true(p->notes[SIM_NOTE_LOST] > 0); /* while it was down */
		assert_int_equal(p->directed, 3);
		end(p);
	}
}

/* ---- routers, one packet at a time: a UDP datagram from host 0 to host 4 */

static struct aksu_endpoint far_end(const struct play *p)
{
	return (struct aksu_endpoint){addr_of(p->v6, 4), 9};
}

static void send_one(struct play *p, const struct aksu_endpoint *to, size_t len, int64_t ttl)
{
	static uint8_t text[3000];
	aksu_socket h = aksu_socket_udp(p->stack[0]);

	for (unsigned i = 0; i < NODES; i++)
		p->actor[i].line_count = 0; /* the actors have nothing to say here */
	assert_int_equal(aksu_set_option(p->stack[0], h, AKSU_IP_TTL, ttl, 0), 0);
	assert_int_equal(aksu_sendto(p->stack[0], h, text, len, to, 0), len);
	assert_int_equal(sim_net_run(p->net, 100 * AKSU_SECOND), SIM_QUIET);
}

static void routers_count_down_and_complain(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		for (int64_t ttl = 1; ttl <= 3; ttl++) {
			struct play *p = begin(v6, 3, 0);
			struct aksu_endpoint to = far_end(p);

			send_one(p, &to, 100, ttl);
			assert_int_equal(sim_net_counters(p->net)->time_exceeded, ttl < 3);
			/* the complaint arrives, and is for a socket that is not connected */
			assert_int_equal(aksu_counters(p->stack[4])->frames_in, ttl == 3);
			assert_int_equal(aksu_counters(p->stack[0])->frames_in, 1);
			end(p);
		}
	}
}

static void routers_say_what_they_cannot_reach(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct play *p = begin(v6, 3, 0);
		struct aksu_endpoint to = {addr_of(v6, 77), 9};

		send_one(p, &to, 100, 64);
		assert_int_equal(sim_net_counters(p->net)->unreachable, 1);
		assert_int_equal(aksu_counters(p->stack[0])->frames_in, 1);
		end(p);
	}
}

/* What does not fit is cut on the way where its sender allows it, and arrives whole. */
static void routers_cut_what_may_be_cut(void **state)
{
	struct play *p = begin(false, 3, 0);
	struct aksu_endpoint to = far_end(p);
	struct sim_net_counters before;
	aksu_socket h = aksu_socket_udp(p->stack[4]);

	(void)state;
	assert_int_equal(aksu_bind(p->stack[4], h, &(struct aksu_endpoint){.port = 9}), 0);
	sim_link_set_mtu(sim_net_cable(p->net, MIDDLE), 400);
	before = *sim_net_counters(p->net);
	send_one(p, &to, 1400, 64);
	assert_int_equal(sim_net_counters(p->net)->fragmented - before.fragmented, 1);
	assert_true(aksu_ready(p->stack[4], h) & AKSU_READABLE);
	end(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_cross_a_network_whole),
		cmocka_unit_test(a_middle_that_narrows_is_found_out),
		cmocka_unit_test(routers_count_down_and_complain),
		cmocka_unit_test(routers_say_what_they_cannot_reach),
		cmocka_unit_test(routers_cut_what_may_be_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
