/* SPDX-License-Identifier: MIT */
/*
 * tests/marks_test.c - bulk over a bottleneck that marks instead of dropping (RFC 3168, RFC 9768,
 * RFC 8257): the rate is used, nothing is lost, and the queue is as long as the algorithm wants it.
 *
 * Each row is one sender, one kind of feedback and one algorithm, over a step that marks all that
 * find more than so much waiting. The queue is looked at whenever a packet enters, after a second.
 */
#include <aksu/sim.h>
#include <aksu/socket.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/compile.h"
#include "support/memory.h"

#include <cmocka.h>

#define MS      AKSU_MILLISECOND
#define SECONDS AKSU_SECOND

enum {
	RATE = 100000000,
	OCTET_TIME = 80,
	QUEUE = 2000000,
	TEXT = 1 << 30,
	MSS_OCTETS = 1448,
	PACKET = 1500
};

struct row {
	const char *name;
	int64_t congestion, ecn;
	int agreed; /* enum aksu_ecn */
	aksu_time rtt;
	uint32_t step;     /* octets that may wait unmarked */
	uint32_t share;    /* of the rate that text has, in thousandths, at least */
	uint32_t standing; /* octets that wait, on average, at most */
};

struct run {
	struct test_memory memory;
	struct sim_link *link;
	struct sim_world *world;
	struct aksu *stack[2];
	struct sim_actor actor[2];
	aksu_time busy_until; /* the bottleneck, by the packets that entered */
	uint64_t marked, lost, entered, waited;
};

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	(void)ctx;
	fail_msg("%s:%d: %s", file, line, what);
}

/* What waits follows from what entered and from the rate. */
static void note(void *ctx, const struct sim_note *n)
{
	struct run *r = ctx;

	if (n->side != SIM_LEFT)
		return;
	r->marked += n->kind == SIM_NOTE_MARKED;
	r->lost +=
		n->kind == SIM_NOTE_LOST || n->kind == SIM_NOTE_QUEUE || n->kind == SIM_NOTE_EARLY;
	if (n->kind != SIM_NOTE_SENT)
		return;
	if (r->busy_until < n->time)
		r->busy_until = n->time;
	if (n->time > SECONDS) {
		r->entered++;
		r->waited += (r->busy_until - n->time) / OCTET_TIME;
	}
	r->busy_until += n->len * OCTET_TIME;
}

static const struct sim_line sender[] = {
	{SIM_AT_ONCE, 0, SIM_CONNECT, 0, NULL},
	{SIM_CONNECTED, 0, SIM_SEND, TEXT, NULL},
};
static const struct sim_line receiver[] = {
	{SIM_AT_ONCE, 0, SIM_LISTEN, 0, NULL},
};

static void host(struct run *r, const struct row *row, unsigned side)
{
	struct aksu_config config = {.size = sizeof(config), .panic = on_panic, .budget = 64 << 20};
	struct aksu_allocator from = {test_memory_take, test_memory_give, &r->memory};
	struct sim_host host = {.device = sim_link_end(r->link, side)};
	struct aksu_addr addr = aksu_addr_v4(10, 0, 0, (uint8_t)(1 + side));

	r->stack[side] = sim_stack_new(&config, &from, 7 + side, host.device, &addr, 24, 0);
	r->actor[side] = (struct sim_actor){
		.lines = side ? receiver : sender,
		.line_count = side ? COUNT_OF(receiver) : COUNT_OF(sender),
		.local = {addr, side ? 7 : 40000},
		.remote = {aksu_addr_v4(10, 0, 0, 2), 7},
		.send_buffer = 4 << 20,
		.receive_buffer = 4 << 20,
		.user_timeout = -1,
		.congestion = 1 + row->congestion,
		.ecn = side ? 0 : 1 + row->ecn,
	};
	host.stack = r->stack[side];
	host.app = sim_actor_app(&r->actor[side]);
	sim_world_host(r->world, side, &host);
}

static void build(struct run *r, const struct row *row)
{
	struct aksu_allocator from = {test_memory_take, test_memory_give, &r->memory};
	struct sim_wire_config there = {
		.rate = RATE,
		.queue = QUEUE,
		.delay = row->rtt / 2,
		.discipline = SIM_DISCIPLINE_STEP,
		.ecn = true,
		.mark_min = row->step,
		.mark_max = row->step,
	};
	struct sim_link_config link = {
		.size = sizeof(link),
		.allocator = from,
		.kind = AKSU_LINK_IP,
		.wire = {there, {.delay = row->rtt / 2}},
		.observer = {note, r},
	};
	struct sim_world_config world = {.size = sizeof(world), .allocator = from};

	r->link = sim_link_new(&link);
	r->world = sim_world_new(&world);
	for (unsigned side = 0; side < 2; side++)
		host(r, row, side);
}

static void clear(struct run *r)
{
	sim_world_free(r->world);
	for (unsigned side = 0; side < 2; side++)
		aksu_free(r->stack[side]);
	sim_link_free(r->link);
	assert_int_equal(r->memory.live, 0);
}

static void go(const struct row *row)
{
	enum { RUN = 6 };
	struct run r = {.memory = {.plain = true}};
	uint64_t before, share, standing;
	struct aksu_info info;

	build(&r, row);
	assert_int_equal(sim_world_run(r.world, 1 * SECONDS), SIM_LIMIT);
	before = r.actor[1].received;
	assert_int_equal(sim_world_run(r.world, (1 + RUN) * SECONDS), SIM_LIMIT);
	share = (r.actor[1].received - before) * PACKET / MSS_OCTETS * 8 * 1000 / RATE / RUN;
	standing = r.waited / (r.entered > 0 ? r.entered : 1);
	assert_int_equal(aksu_info(r.stack[0], r.actor[0].socket, &info), 0);
	print_message("%-34s %5.1f%% of the rate, %6u octets wait, %5u marked, %u lost, %u again\n",
		      row->name, (double)share / 10, (unsigned)standing, (unsigned)r.marked,
		      (unsigned)r.lost, (unsigned)info.retransmissions);
	assert_int_equal(info.ecn, row->agreed);
	clear(&r);
	assert_true(r.marked > 0);
	assert_int_equal(r.lost, 0);
	assert_int_equal(info.retransmissions, 0);
	assert_true(share >= row->share);
	assert_true(standing <= row->standing);
}

/* clang-format off */
static const struct row rows[] = {
	{"cubic, classic, 20 ms", AKSU_CONGESTION_CUBIC, AKSU_ECN_CLASSIC, AKSU_ECN_CLASSIC,
	 20 * MS, 200000, 950, 200000},
	{"cubic, accurate, 20 ms", AKSU_CONGESTION_CUBIC, AKSU_ECN_ACCURATE, AKSU_ECN_ACCURATE,
	 20 * MS, 200000, 950, 200000},
	{"newreno, accurate, 20 ms", AKSU_CONGESTION_NEWRENO, AKSU_ECN_ACCURATE, AKSU_ECN_ACCURATE,
	 20 * MS, 260000, 950, 260000},
	{"dctcp, accurate, 2 ms", AKSU_CONGESTION_DCTCP, AKSU_ECN_ACCEPT, AKSU_ECN_ACCURATE,
	 2 * MS, 20000, 950, 25000},
	{"dctcp, classic, 2 ms", AKSU_CONGESTION_DCTCP, AKSU_ECN_CLASSIC, AKSU_ECN_CLASSIC,
	 2 * MS, 20000, 950, 25000},
};
/* clang-format on */

static void rfc3168_marks_are_as_good_as_losses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		go(&rows[i]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(rfc3168_marks_are_as_good_as_losses),
};

int main(void) { return cmocka_run_group_tests(tests, NULL, NULL); }
