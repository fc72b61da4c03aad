/* SPDX-License-Identifier: MIT */
/*
 * tests/buffers_test.c - two hosts and a long, fat path: buffers that grow by themselves fill it,
 * and those whose size was chosen do what was asked for.
 *
 * Time is the world's. Goodput is what the receiver has read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <aksu/sim.h>

#include "support/memory.h"

#define MS AKSU_MILLISECOND
#define S  AKSU_SECOND

static struct test_memory memory;

struct pipe {
	struct sim_link *link;
	struct sim_world *world;
	struct aksu *stack[2];
	struct sim_actor actor[2];
};

static const struct sim_line talker[] = {
	{.deed = SIM_CONNECT},
	{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = UINT64_MAX / 2},
};

static const struct sim_line reader[] = {{.deed = SIM_LISTEN}};

static const struct sim_line sleeper[] = {{.deed = SIM_LISTEN}, {.deed = SIM_DONT_READ}};

static struct aksu_endpoint end_of(unsigned side)
{
	return (struct aksu_endpoint){aksu_addr_v4(10, 0, 0, (uint8_t)(side + 1)),
				      side == SIM_LEFT ? 49152 : 80};
}

static void add_host(struct pipe *p, unsigned side, const struct aksu_config *config)
{
	struct aksu_endpoint end = end_of(side);
	struct aksu_allocator allocator = test_memory_allocator(&memory);
	struct sim_host host = {.device = sim_link_end(p->link, side)};

	p->stack[side] = sim_stack_new(config, &allocator, side + 1, host.device, &end.addr, 24, 0);
	assert_non_null(p->stack[side]);
	p->actor[side].local = end;
	p->actor[side].remote = end_of(1 - side);
	host.stack = p->stack[side];
	host.app = sim_actor_app(&p->actor[side]);
	sim_world_host(p->world, side, &host);
}

static struct pipe *begin(uint64_t rate, aksu_time delay, const struct aksu_config *config,
			  bool reads)
{
	struct pipe *p = calloc(1, sizeof(*p));
	/* A queue as long as the path: slow start ends there, and takes half of it back. */
	struct sim_wire_config wire = {
		.delay = delay,
		.rate = rate,
		.queue = (uint32_t)(rate / 8 * (2 * delay / MS) / 1000),
	};
	struct sim_link_config link = {
		.size = sizeof(link),
		.allocator = test_memory_allocator(&memory),
		.seed = 1,
		.kind = AKSU_LINK_IP,
		.wire = {wire, wire},
	};
	struct sim_world_config world = {.size = sizeof(world),
					 .allocator = test_memory_allocator(&memory)};

	p->link = sim_link_new(&link);
	p->world = sim_world_new(&world);
	p->actor[0] = (struct sim_actor){.lines = talker, .line_count = 2};
	p->actor[1] = reads ? (struct sim_actor){.lines = reader, .line_count = 1}
			    : (struct sim_actor){.lines = sleeper, .line_count = 2};
	add_host(p, SIM_LEFT, config);
	add_host(p, SIM_RIGHT, config);
	return p;
}

static void end(struct pipe *p)
{
	sim_world_free(p->world);
	for (unsigned side = 0; side < 2; side++)
		aksu_free(p->stack[side]);
	sim_link_free(p->link);
	free(p);
	assert_int_equal(memory.live, 0);
}

static int64_t size_of(const struct pipe *p, unsigned side, enum aksu_option option)
{
	int64_t v = -1;

	assert_int_equal(aksu_get_option(p->stack[side], p->actor[side].socket, option, &v), 0);
	return v;
}

/* Thousandths of the rate, from the fifth second on, when it has begun, to the eighth. */
static unsigned goodput(struct pipe *p, uint64_t rate)
{
	uint64_t before;

	assert_int_equal(sim_world_run(p->world, 5 * S), SIM_LIMIT);
	before = p->actor[1].received;
	assert_int_equal(sim_world_run(p->world, 8 * S), SIM_LIMIT);
	return (unsigned)((p->actor[1].received - before) * 8 / 3 / (rate / 1000));
}

/* 2.5 MB in flight, twenty times what the buffers begin with */
static void a_long_fat_path_is_filled(void **state)
{
	const uint64_t rate = 100000000;
	struct pipe *p = begin(rate, 100 * MS, NULL, true);

	(void)state;
	assert_in_range(goodput(p, rate), 900, 1000); /* the rest is headers */
	assert_in_range(size_of(p, SIM_RIGHT, AKSU_SO_RCVBUF), 2500000, 16776960);
	assert_in_range(size_of(p, SIM_LEFT, AKSU_SO_SNDBUF), 2500000, 16776960);
	end(p);
}

/* A path that is short has no use for more; a hole that is filled looks like more, once. */
static void a_short_path_stays_cheap(void **state)
{
	const uint64_t rate = 10000000;
	struct pipe *p = begin(rate, 10 * MS, NULL, true);

	(void)state;
	assert_in_range(goodput(p, rate), 900, 1000);
	assert_in_range(size_of(p, SIM_RIGHT, AKSU_SO_RCVBUF), 131072, 262144);
	assert_int_equal(size_of(p, SIM_LEFT, AKSU_SO_SNDBUF), 131072);
	end(p);
}

/* As with SO_SNDBUF and SO_RCVBUF elsewhere: a size that was chosen is the limit. */
static void a_size_that_was_chosen_is_the_limit(void **state)
{
	const uint64_t rate = 100000000;
	struct aksu_config small = {.receive_buffer = 200000};
	struct pipe *p = begin(rate, 100 * MS, &small, true);

	(void)state;
	assert_in_range(goodput(p, rate), 60, 80); /* 200000 octets in 0.2 s */
	assert_int_equal(size_of(p, SIM_RIGHT, AKSU_SO_RCVBUF), 200000);
	end(p);
}

/* Nobody reads: what one connection may make an instance hold is what it began with. */
static void whoever_does_not_read_holds_little(void **state)
{
	struct pipe *p = begin(100000000, 100 * MS, NULL, false);

	(void)state;
	assert_int_equal(sim_world_run(p->world, 10 * S), SIM_LIMIT);
	assert_int_equal(size_of(p, SIM_RIGHT, AKSU_SO_RCVBUF), 131072);
	assert_in_range(aksu_memory_peak(p->stack[SIM_RIGHT]), 131072, 400000);
	end(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_fat_path_is_filled),
		cmocka_unit_test(a_short_path_stays_cheap),
		cmocka_unit_test(a_size_that_was_chosen_is_the_limit),
		cmocka_unit_test(whoever_does_not_read_holds_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
