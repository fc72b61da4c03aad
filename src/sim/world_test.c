/* SPDX-License-Identifier: MIT */
/*
 * sim/world_test.c - two stacks in a world: streams arrive whole, worlds end, seeds repeat.
 *
 * The many worlds of tests/ find bugs; these few show that the simulator itself keeps its promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <aksu/sim.h>

#include "base/compile.h"
#include "support/memory.h"

#define MS AKSU_MILLISECOND

enum { EVENTS = 1024 };

static struct test_memory memory;

static const struct aksu_allocator allocator = {test_memory_take, test_memory_give, &memory};

/* ---- a world with two actors, and a hash over all that was told */

struct play {
	struct sim_link *link;
	struct sim_world *world;
	struct aksu *stack[2];
	struct sim_actor actor[2];
	struct aksu_event_ring ring[2];
	struct aksu_event events[2][EVENTS];
	uint64_t hash;
	unsigned notes[SIM_NOTE_COUNT];
	uint32_t iss[2];
	bool seen_iss[2];
	unsigned odd; /* events that contradict themselves */
};

/* Windows are told in octets too, and each side's first number as soon as it is known. */
static bool is_odd(const struct aksu_event *e)
{
	bool out = e->kind == AKSU_EVENT_SEGMENT_OUT;

	if (!out && e->kind != AKSU_EVENT_SEGMENT_IN)
		return false;
	if (e->flags & AKSU_SYN)
		return e->window_bytes != e->window || (out && e->iss != e->seq);
	if (e->flags & AKSU_RST || e->state == AKSU_STATE_TIME_WAIT)
		return false;
	if (out && e->window_bytes >> 8 != e->window)
		return true; /* 256 KiB of buffer need a shift of 8 */
	return e->iss == 0 || e->irs == 0 || e->window_bytes < e->window;
}

static void hear(void *ctx, const struct sim_note *note)
{
	struct play *p = ctx;
	const struct aksu_event *e = note->event;

	p->notes[note->kind]++;
	p->hash = (p->hash ^ note->time ^ (uint64_t)note->kind << 56) * 0x100000001b3u;
	p->hash = (p->hash ^ note->packet ^ note->side) * 0x100000001b3u;
	if (note->kind != SIM_NOTE_EVENT)
		return;
	p->hash = (p->hash ^ e->seq ^ (uint64_t)e->ack << 32 ^ e->kind) * 0x100000001b3u;
	p->odd += is_odd(e);
	if (e->kind == AKSU_EVENT_SEGMENT_OUT && e->flags & AKSU_SYN && !p->seen_iss[note->side]) {
		p->seen_iss[note->side] = true;
		p->iss[note->side] = e->seq;
	}
}

static struct aksu_endpoint endpoint(unsigned side)
{
	return (struct aksu_endpoint){aksu_addr_v4(10, 0, 0, (uint8_t)(side + 1)),
				      side == SIM_LEFT ? 49152 : 80};
}

static void add_host(struct play *p, unsigned side, uint64_t seed, aksu_time clock)
{
	struct aksu_endpoint end = endpoint(side);
	struct sim_host host = {.device = sim_link_end(p->link, side), .clock = clock};
	struct aksu_config base = {.events = &p->ring[side], .event_mask = AKSU_EVENTS_ALL};

	p->ring[side] = (struct aksu_event_ring){.events = p->events[side], .cap = EVENTS};
	p->stack[side] =
		sim_stack_new(&base, &allocator, seed + side, host.device, &end.addr, 24, clock);
	assert_non_null(p->stack[side]);
	p->actor[side].local = end;
	p->actor[side].remote = endpoint(1 - side);
	host.stack = p->stack[side];
	host.app = sim_actor_app(&p->actor[side]);
	host.events = &p->ring[side];
	sim_world_host(p->world, side, &host);
}

static const struct sim_line sender[] = {
	{.deed = SIM_CONNECT},
	{.when = SIM_CONNECTED, .deed = SIM_SEND, .octets = 300000},
	{.deed = SIM_SHUTDOWN},
	{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
};

static const struct sim_line answerer[] = {
	{.deed = SIM_LISTEN},
	{.when = SIM_END_OF_FILE, .deed = SIM_SEND, .octets = 100000},
	{.deed = SIM_CLOSE},
};

static struct play *begin(const struct sim_wire_config *wire, uint64_t seed, aksu_time clock)
{
	struct play *p = calloc(1, sizeof(*p));
	struct sim_link_config link = {
		.size = sizeof(link),
		.allocator = allocator,
		.seed = seed,
		.kind = AKSU_LINK_IP,
		.wire = {*wire, *wire},
		.observer = {.note = hear, .ctx = p},
	};
	struct sim_world_config world = {.size = sizeof(world),
					 .allocator = allocator,
					 .observer = {.note = hear, .ctx = p}};

	p->link = sim_link_new(&link);
	p->world = sim_world_new(&world);
	p->actor[0] = (struct sim_actor){.lines = sender, .line_count = COUNT_OF(sender)};
	p->actor[1] = (struct sim_actor){.lines = answerer, .line_count = COUNT_OF(answerer)};
	add_host(p, SIM_LEFT, seed, clock);
	add_host(p, SIM_RIGHT, seed, 0);
	return p;
}

static void end(struct play *p)
{
	assert_int_equal(p->ring[0].lost + p->ring[1].lost, 0);
	sim_world_free(p->world);
	for (unsigned side = 0; side < 2; side++)
		aksu_free(p->stack[side]);
	sim_link_free(p->link);
	free(p);
	assert_int_equal(memory.blocks, 0);
}

static void check_streams(const struct play *p)
{
	const struct sim_actor *a = &p->actor[0], *b = &p->actor[1];

	assert_int_equal(a->error, 0);
	assert_int_equal(b->error, 0);
	assert_int_equal(b->received, 300000);
	assert_int_equal(a->received, 100000);
	assert_true(a->hash_sent == b->hash_received);
	assert_true(b->hash_sent == a->hash_received);
}

static const struct sim_wire_config good = {.delay = 10 * MS, .rate = 100000000};
static const struct sim_wire_config bad = {
	.delay = 10 * MS,
	.jitter = 2 * MS,
	.rate = 20000000,
	.queue = 100000,
	.loss = 30000,
	.duplicate = 30000,
	.reorder = 30000,
	.reorder_extra = 10 * MS,
	.corrupt = 30000,
};

static void a_good_wire_carries_both_streams(void **state)
{
	struct play *p = begin(&good, 1, 0);

	(void)state;
	assert_int_equal(sim_world_run(p->world, 3600 * AKSU_SECOND), SIM_QUIET);
	check_streams(p);
	assert_int_equal(p->notes[SIM_NOTE_LOST], 0);
	assert_int_equal(p->odd, 0);
	assert_int_equal(p->notes[SIM_NOTE_SENT], p->notes[SIM_NOTE_ARRIVED]);
	assert_true(sim_world_now(p->world) >= 60 * AKSU_SECOND); /* TIME-WAIT is over too */
	end(p);
}

static void a_bad_wire_carries_both_streams(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct play *p = begin(&bad, seed, 0);
		enum sim_end how;

		p->actor[0].user_timeout = p->actor[1].user_timeout = -1;
		how = sim_world_run(p->world, 24 * 3600 * AKSU_SECOND);
		if (how != SIM_QUIET)
			fail_msg("seed %u ended with %d", (unsigned)seed, (int)how);
		check_streams(p);
		end(p);
	}
}

static void the_same_seed_is_the_same_world(void **state)
{
	uint64_t hashes[3];
	const uint64_t seeds[3] = {5, 5, 6};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct play *p = begin(&bad, seeds[i], 0);

		sim_world_run(p->world, 3600 * AKSU_SECOND);
		hashes[i] = p->hash;
		end(p);
	}
	assert_true(hashes[0] == hashes[1]);
	assert_true(hashes[0] != hashes[2]);
}

/*
 * RFC 6528 section 3: ISN = M + F(...); M moves by one in 4 microseconds, so a clock fixes the ISS.
 */
static void a_clock_gives_the_iss_that_is_wanted(void **state)
{
	static const uint32_t wanted[] = {999, 0x7fffff00, 0xffffff00};

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(wanted); i++) {
		struct play *p = begin(&good, 3, 0);
		aksu_time clock;

		sim_world_run(p->world, AKSU_SECOND);
		clock = sim_clock_for_iss(0, p->iss[SIM_LEFT], wanted[i]);
		end(p);
		p = begin(&good, 3, clock);
		assert_int_equal(sim_world_run(p->world, 3600 * AKSU_SECOND), SIM_QUIET);
		assert_int_equal(p->iss[SIM_LEFT], wanted[i]);
		check_streams(p);
		end(p);
	}
}

static const struct sim_line late_closer[] = {
	{.deed = SIM_CONNECT},
	{.when = SIM_CONNECTED, .deed = SIM_READ},
	{.when = SIM_AFTER, .arg = 700 * AKSU_SECOND, .deed = SIM_CLOSE},
};

static const struct sim_line follower[] = {
	{.deed = SIM_LISTEN},
	{.when = SIM_END_OF_FILE, .deed = SIM_CLOSE},
};

/*
 * Records count time in 16 bits: a driver that sleeps for long, as it may, must not confuse them.
 */
static void time_wait_lasts_2msl_after_a_long_sleep(void **state)
{
	struct play *p = begin(&good, 1, 0);

	(void)state;
	p->actor[0].lines = late_closer;
	p->actor[0].line_count = COUNT_OF(late_closer);
	p->actor[1].lines = follower;
	p->actor[1].line_count = COUNT_OF(follower);
	assert_int_equal(sim_world_run(p->world, 3600 * AKSU_SECOND), SIM_QUIET);
	assert_true(sim_world_now(p->world) >= 760 * AKSU_SECOND);
	assert_true(sim_world_now(p->world) < 761 * AKSU_SECOND);
	end(p);
}

static const struct sim_line late_caller[] = {
	{.when = SIM_AFTER, .arg = 100 * AKSU_SECOND, .deed = SIM_CONNECT},
	{.when = SIM_CONNECTED, .deed = SIM_ABORT},
};

/* The same for SYN records: only the server's own timer can save this connection before 107 s. */
static void a_syn_ack_is_sent_again_after_a_long_sleep(void **state)
{
	struct play *p = begin(&(struct sim_wire_config){.delay = 10 * MS}, 1, 0);
	struct sim_wire_config lossy = {.delay = 10 * MS, .loss_mask = ~(uint64_t)1};

	(void)state;
	sim_link_set(p->link, SIM_LEFT, &lossy); /* the first SYN arrives, no other */
	lossy.loss_mask = 1;                     /* the first SYN-ACK does not */
	sim_link_set(p->link, SIM_RIGHT, &lossy);
	p->actor[0].lines = late_caller;
	p->actor[0].line_count = COUNT_OF(late_caller);
	sim_world_run(p->world, 102 * AKSU_SECOND);
	assert_true(p->actor[0].established);
	end(p);
}

static bool count_steps(void *ctx, aksu_time now)
{
	unsigned *left = ctx;

	(void)now;
	return --*left > 0;
}

static void a_check_that_says_no_stops_the_world(void **state)
{
	unsigned left = 3;
	struct sim_world_config config = {.size = sizeof(config),
					  .allocator = allocator,
					  .check = count_steps,
					  .check_ctx = &left};
	struct play *p = begin(&good, 1, 0);

	(void)state;
	sim_world_free(p->world);
	aksu_free(p->stack[0]);
	p->world = sim_world_new(&config);
	add_host(p, SIM_LEFT, 1, 0);
	assert_int_equal(sim_world_run(p->world, 60 * AKSU_SECOND), SIM_FAILED);
	assert_false(sim_world_step(p->world));
	end(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_wire_carries_both_streams),
		cmocka_unit_test(a_bad_wire_carries_both_streams),
		cmocka_unit_test(the_same_seed_is_the_same_world),
		cmocka_unit_test(a_clock_gives_the_iss_that_is_wanted),
		cmocka_unit_test(time_wait_lasts_2msl_after_a_long_sleep),
		cmocka_unit_test(a_syn_ack_is_sent_again_after_a_long_sleep),
		cmocka_unit_test(a_check_that_says_no_stops_the_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
