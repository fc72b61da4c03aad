/* SPDX-License-Identifier: MIT */
/*
 * tests/black_hole_test.c - paths that take less than their first hop and say nothing: what is too
 * long vanishes (RFC 2923, RFC 4821 section 7.7, RFC 8899).
 *
 * A world of two hosts whose wire has an MTU of its own; time is the world's. What a host puts on
 * the wire is measured by an observer, and by the largest that arrives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <aksu/sim.h>

#include "stack/stack.h"
#include "support/memory.h"

#define MS AKSU_MILLISECOND
#define S  AKSU_SECOND

static struct test_memory memory;

struct hole {
	struct sim_link *link;
	struct sim_world *world;
	struct aksu *stack[2];
	struct sim_actor actor[2];
	uint32_t longest, too_big, sent; /* frames of the left host */
};

static const struct sim_line talker[] = {
	{.deed = SIM_CONNECT},
	{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 20000000},
};

static const struct sim_line reader[] = {
	{.deed = SIM_LISTEN},
	{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
};

static void measure(void *ctx, const struct sim_note *note)
{
	struct hole *h = ctx;

	if (note->side != SIM_LEFT)
		return;
	if (note->kind == SIM_NOTE_SENT) {
		h->sent++;
		h->longest = note->len > h->longest ? note->len : h->longest;
	}
	h->too_big += note->kind == SIM_NOTE_TOO_BIG;
}

static bool sound(void *ctx, aksu_time now)
{
	struct hole *h = ctx;

	(void)now;
	return aksu_check(h->stack[0]) && aksu_check(h->stack[1]);
}

static void add_host(struct hole *h, unsigned side, bool v6)
{
	struct aksu_allocator allocator = test_memory_allocator(&memory);
	struct aksu_endpoint end[2] = {{aksu_addr_v4(10, 0, 0, 1), 49152},
				       {aksu_addr_v4(10, 0, 0, 2), 80}};
	struct sim_host host = {.device = sim_link_end(h->link, side)};

	if (v6)
		for (int k = 0; k < 2; k++)
			(void)aksu_addr_parse(k == 0 ? "fd00::1" : "fd00::2", &end[k].addr);
	h->stack[side] = sim_stack_new(NULL, &allocator, side + 1, host.device, &end[side].addr,
				       v6 ? 64 : 24, 0);
	assert_non_null(h->stack[side]);
	h->actor[side].local = end[side];
	h->actor[side].remote = end[1 - side];
	host.stack = h->stack[side];
	host.app = sim_actor_app(&h->actor[side]);
	sim_world_host(h->world, side, &host);
}

static struct sim_wire_config wire_of(uint32_t mtu)
{
	return (struct sim_wire_config){.delay = 10 * MS,
					.rate = 100000000,
					.queue = 250000,
					.mtu = mtu};
}

static struct hole *begin(uint32_t link_mtu, uint32_t mtu, bool v6)
{
	struct hole *h = calloc(1, sizeof(*h));
	struct sim_link_config link = {
		.size = sizeof(link),
		.allocator = test_memory_allocator(&memory),
		.seed = 1,
		.kind = AKSU_LINK_IP,
		.mtu = link_mtu,
		.wire = {wire_of(mtu), wire_of(mtu)},
		.observer = {.note = measure, .ctx = h},
	};
	struct sim_world_config world = {.size = sizeof(world),
					 .allocator = test_memory_allocator(&memory),
					 .observer = {.note = measure, .ctx = h},
					 .check = sound,
					 .check_ctx = h};

	h->link = sim_link_new(&link);
	h->world = sim_world_new(&world);
	h->actor[0] = (struct sim_actor){.lines = talker, .line_count = 2};
	h->actor[1] = (struct sim_actor){.lines = reader, .line_count = 2};
	add_host(h, SIM_LEFT, v6);
	add_host(h, SIM_RIGHT, v6);
	return h;
}

static void end(struct hole *h)
{
	sim_world_free(h->world);
	for (unsigned side = 0; side < 2; side++)
		aksu_free(h->stack[side]);
	sim_link_free(h->link);
	free(h);
	assert_int_equal(memory.live, 0);
}

static struct aksu_info info_of(const struct hole *h)
{
	struct aksu_info info;

	assert_int_equal(aksu_info(h->stack[0], h->actor[0].socket, &info), 0);
	return info;
}

/* Until everything is read; answers how long it took, in milliseconds. */
static unsigned transfer(struct hole *h)
{
	while (h->actor[1].received < 20000000)
		assert_true(sim_world_step(h->world) && sim_world_now(h->world) < 120 * S);
	assert_int_equal(h->actor[0].error, 0);
	assert_true(h->actor[0].hash_sent == h->actor[1].hash_received);
	return (unsigned)(sim_world_now(h->world) / MS);
}

static const struct {
	uint32_t link, path;
	bool v6;
} paths[] = {
	/* below 1200 the least is left: 552, and rises from there */
	{1500, 1499, false}, {1500, 1492, false}, {1500, 1400, false}, {1500, 1201, false},
	{1500, 1006, false}, {1500, 576, false},  {9000, 1500, false}, {9000, 1400, false},
	{9000, 8000, false}, {1500, 1492, true},  {1500, 1280, true},  {9000, 1500, true},
};

/*
 * Two or three time-outs, a size that passes, and up again to within eight octets. 20 MB take 1.7 s
 * where nothing is in the way; the time-outs 7 s, and 15 s where the second size does not pass.
 */
static void rfc4821_7_7_a_black_hole_is_found_and_left(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT_OF(paths); k++) {
		struct hole *h = begin(paths[k].link, paths[k].path, paths[k].v6);
		unsigned ms = transfer(h);
		struct aksu_info info = info_of(h);

		print_message("MTU %u over %u%s: %u ms, found %u, %u of %u too long\n",
			      paths[k].path, paths[k].link, paths[k].v6 ? " v6" : "", ms, info.pmtu,
			      h->too_big, h->sent);
		assert_in_range(info.pmtu, paths[k].path - (paths[k].path > 1000 ? 8 : 24),
				paths[k].path);
		assert_true(ms < (paths[k].path < 1200 ? 25000 : 12000));
		assert_true(h->too_big < 25);
		end(h);
	}
}

/* What one connection has found out, the next one knows. */
static void rfc4821_5_2_the_next_connection_begins_with_what_was_found(void **state)
{
	struct hole *h = begin(1500, 1400, false);
	uint32_t lost, found;
	aksu_socket c;
	struct aksu_info info;

	(void)state;
	(void)transfer(h);
	lost = h->too_big;
	found = info_of(h).pmtu;
	c = aksu_socket_tcp(h->stack[0]);
	assert_int_equal(aksu_connect(h->stack[0], c, &h->actor[0].remote, sim_world_now(h->world)),
			 0);
	assert_int_equal(aksu_info(h->stack[0], c, &info), 0);
	assert_int_equal(info.pmtu, found);
	assert_int_equal(h->too_big, lost);
	end(h);
}

/* R1 of a connection that went well until then: the route changed under it. */
static void rfc4821_7_7_a_path_that_narrows_is_found_out(void **state)
{
	struct hole *h = begin(1500, 1500, false);
	struct sim_wire_config narrow = wire_of(1380);

	(void)state;
	assert_int_equal(sim_world_run(h->world, 500 * MS), SIM_LIMIT);
	assert_int_equal(h->too_big, 0);
	sim_link_set(h->link, SIM_LEFT, &narrow);
	(void)transfer(h);
	assert_in_range(info_of(h).pmtu, 1200, 1380); /* it pauses after a loss: 7.6.2 */
	end(h);
}

/* RFC 8899 5.1.1, PMTU_RAISE_TIMER: after ten minutes what is larger is tried again, by probes. */
static void rfc8899_5_1_1_a_path_that_widens_is_used_again(void **state)
{
	static const struct sim_line again[] = {
		{.deed = SIM_CONNECT},
		{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 20000000},
		{.when = SIM_AFTER, .arg = 620 * S, .deed = SIM_SEND, .octets = 2000000},
	};
	struct hole *h = begin(1500, 1400, false);
	struct sim_wire_config wide = wire_of(1500);
	uint32_t lost;

	(void)state;
	h->actor[0].lines = again;
	h->actor[0].line_count = 3;
	(void)transfer(h);
	lost = h->too_big;
	sim_link_set(h->link, SIM_LEFT, &wide);
	assert_int_equal(sim_world_run(h->world, 619 * S), SIM_LIMIT);
	assert_in_range(info_of(h).pmtu, 1392, 1400);
	assert_int_equal(sim_world_run(h->world, 650 * S), SIM_LIMIT);
	assert_int_equal(info_of(h).pmtu, 1500);
	assert_int_equal(h->too_big, lost);
	end(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4821_7_7_a_black_hole_is_found_and_left),
		cmocka_unit_test(rfc4821_5_2_the_next_connection_begins_with_what_was_found),
		cmocka_unit_test(rfc4821_7_7_a_path_that_narrows_is_found_out),
		cmocka_unit_test(rfc8899_5_1_1_a_path_that_widens_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
