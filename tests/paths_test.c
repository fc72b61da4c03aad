/* SPDX-License-Identifier: MIT */
/*
 * tests/paths_test.c - bulk over bad paths: how much of the link is used, and how much was sent
 * again for nothing.
 *
 * Each row is a simulated path, one sender and a seed; the first seconds are not counted. "For
 * nothing": a copy that the wire took although another copy of it was not lost. Reordering, jitter
 * that reorders, losses alone and in bursts (F10, F15, F16, F19, F20; RFC 8985, RFC 9937).
 *
 *      AKSU_PATHS=all build/tests/test_tests_paths     # every row, with its figures
 */
#include <aksu/sim.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compile.h"
#include "support/memory.h"

#include <cmocka.h>

enum { MSS_OCTETS = 1448, PACKET = 1500, BLOCKS = 1 << 20, TEXT = 1 << 30 };

/* One path, and what is asked of it. */
struct path {
	const char *name;
	struct sim_wire_config there; /* towards the receiver; back only delay */
	aksu_time rtt, warm, run;
	uint64_t seed;
	uint32_t share;    /* of the link's rate that text must have, in thousandths */
	uint32_t needless; /* sent again for nothing, in millionths of segments, at most */
	bool slow;
	aksu_time rto_min; /* 0: the default */
};

#define MS      AKSU_MILLISECOND
#define SECONDS AKSU_SECOND
#define MBIT(n) ((uint64_t)(n)*1000000)

struct run {
	const struct path *p;
	struct test_memory memory;
	struct sim_link *link;
	struct sim_world *world;
	struct aksu *stack[2];
	struct sim_actor actor[2];
	uint8_t *copies; /* of each block of MSS_OCTETS that the wire took */
	uint32_t iss;
	bool known;
	uint32_t last, last_end; /* blocks of the packet that entered last */
	uint64_t segments, lost, again, needless;
};

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	(void)ctx;
	fail_msg("%s:%d: %s", file, line, what);
}

static void took(struct run *r, const struct aksu_event *e)
{
	uint32_t from = e->seq - r->iss - 1;

	r->last = from / MSS_OCTETS;
	r->last_end = (from + e->length + MSS_OCTETS - 1) / MSS_OCTETS;
	r->segments++;
	if (r->last < BLOCKS && r->copies[r->last] > 0)
		r->needless++;
	for (uint32_t i = r->last; i < r->last_end && i < BLOCKS; i++)
		r->copies[i]++;
}

static void lost(struct run *r)
{
	r->lost++;
	for (uint32_t i = r->last; i < r->last_end && i < BLOCKS; i++)
		r->copies[i]--;
	r->last = r->last_end = 0;
}

static void note(void *ctx, const struct sim_note *n)
{
	struct run *r = ctx;
	struct aksu_event e;

	if (n->side != SIM_LEFT)
		return;
	if (n->kind == SIM_NOTE_LOST || n->kind == SIM_NOTE_QUEUE)
		lost(r);
	if (n->kind != SIM_NOTE_SENT || !sim_frame_event(AKSU_LINK_IP, n->data, n->len, true, &e))
		return;
	if (!r->known)
		r->iss = e.seq;
	r->known = true;
	r->last = r->last_end = 0;
	if (e.length > 0 && !(e.flags & AKSU_SYN))
		took(r, &e);
}

static const struct sim_line sender[] = {
	{SIM_AT_ONCE, 0, SIM_CONNECT, 0, NULL},
	{SIM_CONNECTED, 0, SIM_SEND, TEXT, NULL},
};
static const struct sim_line receiver[] = {
	{SIM_AT_ONCE, 0, SIM_LISTEN, 0, NULL},
};

static void build(struct run *r, const struct path *p)
{
	struct aksu_allocator from = {test_memory_take, test_memory_give, &r->memory};
	struct sim_link_config link = {
		.size = sizeof(link),
		.allocator = from,
		.seed = p->seed,
		.kind = AKSU_LINK_IP,
		.wire = {p->there, {.delay = p->rtt / 2}},
		.observer = {note, r},
	};
	struct sim_world_config world = {.size = sizeof(world), .allocator = from};
	struct aksu_config base = {.size = sizeof(base),
				   .panic = on_panic,
				   .budget = 256 << 20,
				   .rto_min = p->rto_min};

	*r = (struct run){.p = p, .memory = {.plain = true}};
	link.wire[0].delay += p->rtt / 2;
	r->copies = calloc(BLOCKS, 1);
	r->link = sim_link_new(&link);
	r->world = sim_world_new(&world);
	for (unsigned side = 0; side < 2; side++) {
		struct sim_host host = {.device = sim_link_end(r->link, side)};
		struct aksu_addr addr;

		aksu_addr_parse(side ? "10.0.0.2" : "10.0.0.1", &addr);
		r->stack[side] =
			sim_stack_new(&base, &from, p->seed + side, host.device, &addr, 24, 0);
		r->actor[side] = (struct sim_actor){
			.lines = side ? receiver : sender,
			.line_count = side ? COUNT_OF(receiver) : COUNT_OF(sender),
			.send_buffer = 8 << 20,
			.receive_buffer = 8 << 20,
			.user_timeout = -1,
		};
		r->actor[side].local = (struct aksu_endpoint){addr, side ? 7 : 40000};
		aksu_addr_parse("10.0.0.2", &r->actor[side].remote.addr);
		r->actor[side].remote.port = 7;
		host.stack = r->stack[side];
		host.app = sim_actor_app(&r->actor[side]);
		sim_world_host(r->world, side, &host);
	}
}

static void clear(struct run *r)
{
	sim_world_free(r->world);
	for (unsigned side = 0; side < 2; side++)
		aksu_free(r->stack[side]);
	sim_link_free(r->link);
	free(r->copies);
	assert_int_equal(r->memory.live, 0);
}

static void go(const struct path *p)
{
	static struct run r;
	uint64_t before, text, share, needless;
	struct aksu_info info;

	build(&r, p);
	assert_int_equal(sim_world_run(r.world, p->warm), SIM_LIMIT);
	before = r.actor[1].received;
	assert_int_equal(sim_world_run(r.world, p->warm + p->run), SIM_LIMIT);
	text = r.actor[1].received - before;
	share = text * PACKET / MSS_OCTETS * 8 * 1000 / (p->there.rate * (p->run / SECONDS));
	needless = r.needless * 1000000 / (r.segments > 0 ? r.segments : 1);
	assert_int_equal(aksu_info(r.stack[0], r.actor[0].socket, &info), 0);
	print_message("%-45s %5.1f%% of the rate  %7u sent  %6u lost  %6u again  %6u needless "
		      "(%u ppm)\n",
		      p->name, (double)share / 10, (unsigned)r.segments, (unsigned)r.lost,
		      (unsigned)info.retransmissions, (unsigned)r.needless, (unsigned)needless);
	clear(&r);
	assert_true(share >= p->share);
	assert_true(needless <= p->needless);
}

#define FAST(...)                                                \
	{                                                        \
		.rate = MBIT(100), .queue = 1250000, __VA_ARGS__ \
	}
#define THIN(...)                                             \
	{                                                     \
		.rate = MBIT(10), .queue = 82500, __VA_ARGS__ \
	}
#define LATE(part, upto) .reorder = (part), .reorder_extra = (upto)*MS
#define ALL              1000000

/* Named after the round trip and what happens there. `slow`: as a comparison, on demand. */
static const struct path paths[] = {
	{"66 ms, 2% late by 1-2 ms", FAST(LATE(20000, 2)), 66 * MS, 5 * SECONDS, 10 * SECONDS, 1,
	 950, 1000, false, 0},
	{"66 ms, 2% late by 4-8 ms", FAST(LATE(20000, 8)), 66 * MS, 5 * SECONDS, 10 * SECONDS, 2,
	 950, 1000, false, 0},
	{"92 ms, each late by 5-10 ms", FAST(LATE(ALL, 10)), 92 * MS, 5 * SECONDS, 10 * SECONDS, 1,
	 950, 1000, false, 0},
	{"85 ms, each late by 10-20 ms", FAST(LATE(ALL, 20)), 85 * MS, 5 * SECONDS, 10 * SECONDS, 1,
	 950, 1000, false, 0},
	{"40 ms, each late by 30-60 ms, 10 Mbit/s", THIN(LATE(ALL, 60)), 40 * MS, 5 * SECONDS,
	 20 * SECONDS, 1, 900, 1000, false, 0},
	{"20 ms, 1% lost, 10 Mbit/s", THIN(.loss = 10000), 20 * MS, 5 * SECONDS, 30 * SECONDS, 1,
	 450, 100, false, 0},
	{"20 ms, 10% lost, 10 Mbit/s", THIN(.loss = 100000), 20 * MS, 5 * SECONDS, 30 * SECONDS, 1,
	 50, 1000, false, 0},
	{"2 ms, 10% lost, 10 Mbit/s", THIN(.loss = 100000), 2 * MS, 5 * SECONDS, 30 * SECONDS, 1,
	 100, 1000, true, 0},
	{"2 ms, 10% lost, 10 Mbit/s, RTO from 200 ms", THIN(.loss = 100000), 2 * MS, 5 * SECONDS,
	 30 * SECONDS, 1, 350, 1000, false, 200 * MS},
	{"20 ms, bursts of 10 lost, 10 Mbit/s", THIN(.burst_begin = 1000, .burst_end = 100000),
	 20 * MS, 5 * SECONDS, 30 * SECONDS, 1, 400, 100, false, 0},
	{"20 ms, 1% lost, 1% late by 4-8 ms, 10 Mbit/s", THIN(.loss = 10000, LATE(10000, 8)),
	 20 * MS, 5 * SECONDS, 30 * SECONDS, 1, 400, 1000, false, 0},
	{"66 ms, clean", FAST(.mtu = 0), 66 * MS, 5 * SECONDS, 20 * SECONDS, 1, 950, 0, true, 0},
	{"66 ms, 2% late by 15-30 ms", FAST(LATE(20000, 30)), 66 * MS, 5 * SECONDS, 20 * SECONDS, 1,
	 900, 1000, true, 0},
	{"66 ms, 0.1% late by 30-60 ms", FAST(LATE(1000, 60)), 66 * MS, 5 * SECONDS, 20 * SECONDS,
	 1, 900, 1000, true, 0},
	{"12 ms, each late by 5-10 ms, 10 Mbit/s", THIN(LATE(ALL, 10)), 12 * MS, 5 * SECONDS,
	 20 * SECONDS, 1, 900, 1000, true, 0},
	{"66 ms, 0.1% lost, 10 Mbit/s", THIN(.loss = 1000), 66 * MS, 5 * SECONDS, 60 * SECONDS, 1,
	 0, 1000, true, 0},
	{"66 ms, 1% lost", FAST(.loss = 10000), 66 * MS, 5 * SECONDS, 20 * SECONDS, 1, 0, 1000,
	 true, 0},
};

static void paths_are_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (!paths[i].slow || getenv("AKSU_PATHS") != NULL)
			go(&paths[i]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(paths_are_used),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
