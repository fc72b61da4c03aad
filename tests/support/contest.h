/* SPDX-License-Identifier: MIT */
/*
 * tests/support/contest.h - several flows that share one bottleneck, each with its congestion
 * control, in a world of the simulator; what each of them got, and how long the queue was.
 *
 *      struct contest f = {.rate = 100 * MBIT, .rtt = 66 * AKSU_MILLISECOND, .count = 2};
 *
 *      contest_begin(&f);
 *      contest_run(&f, 5 * AKSU_SECOND);     starts; counts from here
 *      contest_run(&f, 10 * AKSU_SECOND);    f.flow[i].goodput, f.used: of this stretch
 *      contest_end(&f);
 */
#ifndef AKSU_TESTS_SUPPORT_CONTEST_H
#define AKSU_TESTS_SUPPORT_CONTEST_H

#include <aksu/sim.h>

#include "support/memory.h"
#include "tcp/tcb.h"

#define MBIT UINT64_C(1000000)

enum { CONTEST_MAX = 32 };

struct one_flow {
	/* What the test says. */
	enum aksu_congestion congestion;
	aksu_time start;   /* of the world */
	uint64_t app_rate; /* octets per second that the application has; 0: always more */
	aksu_time silent_from, silent_to; /* the application sends nothing meanwhile */
	uint64_t max_pacing_rate;
	/* What came of it. */
	aksu_socket socket, sink;
	bool open, accepted;
	uint64_t queued, got, got_before;
	uint64_t goodput; /* bits per second */
	uint64_t resent, resent_before;
};

struct contest {
	uint64_t rate; /* bits per second */
	aksu_time rtt;
	uint32_t queue;              /* octets; 0: one bandwidth-delay product */
	struct sim_wire_config wire; /* anything else of the way there */
	struct sim_wire_config back; /* and of the way back */
	uint64_t seed;
	unsigned count;
	struct one_flow flow[CONTEST_MAX];
	void (*look)(struct contest *f); /* after each step; may be NULL */
	uint64_t used;                   /* bits per second, all flows */
	uint64_t srtt_sum, srtt_count;   /* the first flow's, of this stretch */
	uint32_t srtt_most_us;
	uint32_t lost_percent_x100; /* octets sent again in hundredths of a percent */

	struct test_memory memory;
	struct sim_link *link;
	struct sim_world *world;
	struct aksu *stack[2];
	aksu_socket listener;
	aksu_time until, next_look;
};

void contest_begin(struct contest *f);
void contest_run(struct contest *f, aksu_time d);
void contest_end(struct contest *f);
aksu_time contest_now(const struct contest *f);
uint32_t contest_mean_srtt_us(const struct contest *f);

/* The block of a flow's sender, or NULL. */
struct tcb *contest_tcb(struct contest *f, unsigned i);

#endif
