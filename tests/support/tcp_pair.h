/* SPDX-License-Identifier: MIT */
/*
 * support/tcp_pair.h - two connections back to back over two bad wires, driven by events.
 *
 *      struct pair p;
 *
 *      pair_init(&p, seed);            everything drawn from the seed ...
 *      p.loss = 0;                     ... and what the test wants otherwise
 *      PAIR_OK(pair_run(&p));          opens, carries p.side[i].total octets, closes, to the end
 *      PAIR_OK(pair_done(&p));
 *
 * The second side may listen: then it begins as a SYN record. A wire delays, loses (at random, or
 * the n-th segment of a side), duplicates and reorders. What links do is played too: segments in
 * bulk are cut, and what arrives together may be merged.
 */
#ifndef AKSU_TESTS_SUPPORT_TCP_PAIR_H
#define AKSU_TESTS_SUPPORT_TCP_PAIR_H

#include "support/tcp_bench.h"

enum { PAIR_WIRE = 8192 };

struct pair_flight {
	struct tcp_seg seg;
	instant at;
	uint64_t order;
	unsigned to;
};

struct pair_side {
	struct bench *b;
	uint32_t total;     /* octets that its application will send */
	uint32_t chunk;     /* at most so many at once */
	instant app_at;     /* when the application is awake next */
	duration app_pause; /* and how long it sleeps at most */
	bool listens, has_record, closed, wants_close;
	struct tcp_seg syn;
	struct syn_record record;
	instant answer_at; /* the SYN-ACK goes again */
	uint64_t sent;     /* segments that left */
	uint64_t lose;     /* mask: bit n loses the n-th segment that leaves */
};

struct pair {
	uint64_t seed;
	struct prng r;
	instant now;
	struct pair_side side[2];
	uint32_t loss, duplicate, reorder; /* millionths */
	duration delay, jitter;
	uint8_t strip; /* options that a middlebox takes off both SYNs */
	bool starving; /* allocations fail here and there */
	bool show;     /* prints what is sent: TCP_SHOW in the environment */
	bool merge;    /* the link merges what arrives together */
	bool abort_ok; /* an error may end it */
	struct pair_flight *wire;
	uint32_t in_flight;
	uint64_t order, events;
	char why[700];
};

void pair_init(struct pair *p, uint64_t seed);
const char *pair_run(struct pair *p);  /* until both sides are CLOSED */
const char *pair_done(struct pair *p); /* gives everything back; memory is counted */

#define PAIR_OK(call) BENCH_OK(call)

#endif
