/* SPDX-License-Identifier: MIT */
/*
 * cli/service_test.c - the small servers on a simulated host: no device, no clock, no kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <aksu/loop.h>
#include <aksu/sim.h>

#include "cli/host.h"
#include "cli/service.h"

static aksu_time act(void *ctx, struct aksu *s, aksu_time now)
{
	struct service *v = ctx;
	struct aksu_ready ready;

	while (aksu_next_ready(s, &ready))
		service_ready(v, &ready, now);
	return AKSU_NEVER;
}

struct stage {
	struct aksu_allocator allocator;
	struct sim_link *link;
	struct sim_world *world;
	struct aksu *stack[2];
	struct sim_actor actor;
	const struct service_policy *policy;
	struct service server;
	size_t budget; /* of the server's stack; 0: the default */
};

static void put_host(struct stage *g, unsigned side, struct sim_app app)
{
	struct aksu_config base = {.size = sizeof(base),
				   .budget = side == SIM_RIGHT ? g->budget : 0};
	struct aksu_device *dev = sim_link_end(g->link, side);
	struct aksu_addr addr = aksu_addr_v4(10, 0, 0, side == SIM_LEFT ? 1 : 2);
	struct sim_host host = {.device = dev, .app = app};

	g->stack[side] = sim_stack_new(&base, &g->allocator, 7 + side, dev, &addr, 24, 0);
	assert_non_null(g->stack[side]);
	host.stack = g->stack[side];
	sim_world_host(g->world, side, &host);
}

static void set_up_within(struct stage *g, const struct service_policy *policy, size_t budget,
			  const struct sim_line *lines, size_t n, uint32_t loss)
{
	struct sim_wire_config wire = {.delay = 5 * AKSU_MILLISECOND, .loss = loss};
	struct sim_link_config link = {.size = sizeof(link), .seed = 7, .wire = {wire, wire}};
	struct sim_world_config world = {.size = sizeof(world)};

	memset(g, 0, sizeof(*g));
	g->budget = budget;
	g->policy = policy;
	g->allocator = link.allocator = world.allocator = aksu_malloc_allocator();
	g->link = sim_link_new(&link);
	g->world = sim_world_new(&world);
	g->actor.lines = lines;
	g->actor.line_count = n;
	g->actor.remote = (struct aksu_endpoint){aksu_addr_v4(10, 0, 0, 2), 7};
	put_host(g, SIM_LEFT, sim_actor_app(&g->actor));
	put_host(g, SIM_RIGHT, (struct sim_app){.act = act, .ctx = &g->server});
	assert_int_equal(service_start(&g->server, g->policy, g->stack[SIM_RIGHT], &g->allocator,
				       7),
			 0);
}

static void set_up(struct stage *g, const struct sim_line *lines, size_t n, uint32_t loss)
{
	set_up_within(g, &service_echo, 0, lines, n, loss);
}

static void tear_down(struct stage *g)
{
	service_fini(&g->server);
	sim_world_free(g->world);
	aksu_free(g->stack[SIM_LEFT]);
	aksu_free(g->stack[SIM_RIGHT]);
	sim_link_free(g->link);
}

static void expect_all_back(struct stage *g, uint64_t octets)
{
	assert_int_equal(g->actor.error, 0);
	assert_int_equal(g->actor.sent, octets);
	assert_int_equal(g->actor.received, octets);
	assert_true(g->actor.hash_sent == g->actor.hash_received);
	assert_int_equal(g->server.octets, octets);
	assert_int_equal(g->server.taken, 1);
	assert_int_equal(g->server.ended, 1);
	assert_int_equal(g->server.open, 0);
}

static void after_the_peers_fin_the_rest_is_echoed_then_ours_follows(void **state)
{
	static const struct sim_line part[] = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 1000000},
		{.deed = SIM_SHUTDOWN},
		{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
	};
	struct stage g;

	(void)state;
	for (uint32_t loss = 0; loss <= 50000; loss += 25000) {
		set_up(&g, part, sizeof(part) / sizeof(part[0]), loss);
		assert_int_not_equal(sim_world_run(g.world, 600 * AKSU_SECOND), SIM_STUCK);
		expect_all_back(&g, 1000000);
		assert_false(host_lingers(g.stack[SIM_RIGHT]));
		tear_down(&g);
	}
}

static void a_peer_that_does_not_read_stops_the_server_and_nothing_is_lost(void **state)
{
	static const struct sim_line part[] = {
		{.deed = SIM_CONNECT},
		{.deed = SIM_DONT_READ},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 800000},
		{.when = SIM_AFTER, .arg = 5 * AKSU_SECOND, .deed = SIM_READ},
		{.deed = SIM_SHUTDOWN},
		{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
	};
	struct stage g;

	(void)state;
	set_up(&g, part, sizeof(part) / sizeof(part[0]), 0);
	sim_world_run(g.world, 4 * AKSU_SECOND);
	/* Of four buffers on the way the last two are what the server may fill. */
	assert_in_range(g.server.octets, 1, 2 * 256 * 1024);
	assert_true(aksu_memory_used(g.stack[SIM_RIGHT]) < 1 << 20);
	sim_world_run(g.world, 600 * AKSU_SECOND);
	expect_all_back(&g, 800000);
	tear_down(&g);
}

static void D7_a_small_budget_slows_and_never_stands_still(void **state)
{
	static const struct sim_line part[] = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 800000},
		{.deed = SIM_SHUTDOWN},
		{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
	};
	struct stage g;

	(void)state;
	/* What is received must not take the memory that sending it back needs. */
	for (size_t kib = 128; kib <= 512; kib += 64) {
		set_up_within(&g, &service_echo, kib << 10, part, sizeof(part) / sizeof(part[0]),
			      0);
		sim_world_run(g.world, 3600 * AKSU_SECOND);
		expect_all_back(&g, 800000);
		assert_true(aksu_memory_peak(g.stack[SIM_RIGHT]) <= kib << 10);
		tear_down(&g);
	}
}

static void a_stop_sends_a_fin_and_lets_the_rest_go_by(void **state)
{
	static const struct sim_line part[] = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 20000000},
		{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
	};
	struct stage g;

	(void)state;
	set_up(&g, part, sizeof(part) / sizeof(part[0]), 0);
	sim_world_run(g.world, 200 * AKSU_MILLISECOND);
	assert_int_equal(g.server.open, 1);
	service_stop(&g.server, sim_world_now(g.world));
	sim_world_run(g.world, 30 * AKSU_SECOND);
	assert_int_equal(g.actor.error, 0);
	assert_int_equal(g.server.failed, 0);
	assert_int_equal(g.server.open, 0);
	assert_false(host_lingers(g.stack[SIM_RIGHT]));
	tear_down(&g);
}

static void RFC863_what_comes_is_forgotten_and_the_fin_answered(void **state)
{
	static const struct sim_line part[] = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 1000000},
		{.deed = SIM_SHUTDOWN},
		{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
	};
	struct stage g;

	(void)state;
	set_up_within(&g, &service_discard, 0, part, sizeof(part) / sizeof(part[0]), 10000);
	assert_int_not_equal(sim_world_run(g.world, 600 * AKSU_SECOND), SIM_STUCK);
	assert_int_equal(g.actor.error, 0);
	assert_int_equal(g.actor.received, 0);
	assert_int_equal(g.server.octets, 1000000);
	assert_int_equal(g.server.ended, 1);
	tear_down(&g);
}

/* The stream of RFC 864 as its section "Data syntax" draws it, octet by octet. */
static char classic(uint64_t at)
{
	uint64_t line = at / 74, column = at % 74;

	return column == 72 ? '\r' : column == 73 ? '\n' : (char)(' ' + (line + column) % 95);
}

static void RFC864_the_pattern_goes_on_without_a_seam(void **state)
{
	static const struct sim_line part[] = {
		{.deed = SIM_CONNECT},
		{.deed = SIM_DONT_READ},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 5000},
	};
	struct stage g;
	char got[10007]; /* of no size that divides the pattern's */
	uint64_t at = 0;
	aksu_time t = 0;

	(void)state;
	set_up_within(&g, &service_chargen, 0, part, sizeof(part) / sizeof(part[0]), 10000);
	while (at < 700000) {
		int64_t n;

		assert_true((t += 100 * AKSU_MILLISECOND) < 600 * AKSU_SECOND);
		sim_world_run(g.world, t);
		while ((n = aksu_recv(g.stack[SIM_LEFT], g.actor.socket, got, sizeof(got), t)) > 0)
			for (int64_t i = 0; i < n; i++)
				assert_int_equal(got[i], classic(at++));
	}
	assert_int_equal(g.server.failed, 0);
	assert_true(g.server.octets >= at);
	tear_down(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_the_peers_fin_the_rest_is_echoed_then_ours_follows),
		cmocka_unit_test(a_peer_that_does_not_read_stops_the_server_and_nothing_is_lost),
		cmocka_unit_test(D7_a_small_budget_slows_and_never_stands_still),
		cmocka_unit_test(a_stop_sends_a_fin_and_lets_the_rest_go_by),
		cmocka_unit_test(RFC863_what_comes_is_forgotten_and_the_fin_answered),
		cmocka_unit_test(RFC864_the_pattern_goes_on_without_a_seam),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
