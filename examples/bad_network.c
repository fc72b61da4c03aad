/* SPDX-License-Identifier: MIT */
/*
 * examples/bad_network.c - your program on a network that loses, doubles, reorders and corrupts.
 *
 * The cable is perfect; a decorator around one device makes it bad (it fits any device). The two
 * applications are tables. Each seed is a run of bad luck, the same every time and everywhere.
 */
#include <aksu/loop.h>
#include <aksu/sim.h>
#include <stdio.h>

enum { OCTETS = 200000 };

static const struct sim_line client[] = {
	{SIM_AT_ONCE, 0, SIM_CONNECT, 0, NULL},
	{SIM_CONNECTED, 0, SIM_SEND, OCTETS, NULL},
	{SIM_AT_ONCE, 0, SIM_CLOSE, 0, NULL},
};
static const struct sim_line server[] = {
	{SIM_AT_ONCE, 0, SIM_LISTEN, 0, NULL},
	{SIM_END_OF_FILE, 0, SIM_CLOSE, 0, NULL},
};

static void run(uint64_t seed)
{
	struct aksu_allocator heap = aksu_malloc_allocator();
	struct aksu_endpoint there = {aksu_addr_v4(10, 0, 0, 2), 80};
	struct sim_actor actor[2] = {
		{.lines = client, .line_count = 3, .remote = there},
		{.lines = server, .line_count = 2, .local = there},
	};
	struct sim_app app[2] = {sim_actor_app(&actor[0]), sim_actor_app(&actor[1])};
	struct sim_wire_config bad = {
		.delay = 20 * AKSU_MILLISECOND,
		.rate = 10000000, /* bits per second */
		.queue = 64000,
		.loss = 30000, /* millionths: 3% */
		.duplicate = 10000,
		.corrupt = 10000,
		.reorder = 10000,
		.reorder_extra = 30 * AKSU_MILLISECOND,
	};
	struct sim_link_config cable = {.size = sizeof(cable), .allocator = heap};
	struct sim_link_config faults = {.size = sizeof(faults),
					 .allocator = heap,
					 .seed = seed,
					 .wire = {bad, bad}};
	struct sim_link *link = sim_link_new(&cable);
	struct aksu_device *dev[2] = {
		sim_faulty_device(sim_faulty_new(&faults, sim_link_end(link, SIM_LEFT))),
		sim_link_end(link, SIM_RIGHT),
	};
	struct sim_world_config config = {.size = sizeof(config), .allocator = heap};
	struct sim_world *world = sim_world_new(&config);
	struct aksu *stack[2];

	for (uint8_t k = 0; k < 2; k++) {
		struct aksu_addr addr = aksu_addr_v4(10, 0, 0, (uint8_t)(k + 1));

		stack[k] = sim_stack_new(NULL, &heap, seed + k, dev[k], &addr, 24, 0);
		sim_world_host(world, k, &(struct sim_host){stack[k], 0, dev[k], app[k], 0, NULL});
	}
	(void)sim_world_run(world, 3600 * AKSU_SECOND);
	printf("seed %u: %u octets, %s, %u segments sent again, all over after %u s\n",
	       (unsigned)seed, (unsigned)actor[1].received,
	       actor[0].hash_sent == actor[1].hash_received ? "identical" : "DIFFERENT",
	       (unsigned)aksu_counters(stack[0])->retransmissions,
	       (unsigned)(sim_world_now(world) / AKSU_SECOND)); /* TIME-WAIT included */
	sim_world_free(world), aksu_free(stack[0]), aksu_free(stack[1]);
	dev[0]->ops->close(dev[0]);
	sim_link_free(link);
}

int main(void)
{
	for (uint64_t seed = 1; seed <= 3; seed++)
		run(seed);
	return 0;
}
