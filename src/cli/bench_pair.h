/* SPDX-License-Identifier: MIT */
/*
 * cli/bench_pair.h - two instances and a wire without delay, for measuring the engine alone.
 *
 * Frames cross in batches of BENCH_BATCH and are copied once on the way, as a device would. Time is
 * virtual: the engine never sees the clock that measures it.
 */
#ifndef AKSU_CLI_BENCH_PAIR_H
#define AKSU_CLI_BENCH_PAIR_H

#include <aksu/socket.h>

enum { BENCH_BATCH = 32, BENCH_MTU = 1500, BENCH_PORT = 7 };

struct bench_batch {
	uint8_t frames[BENCH_BATCH][BENCH_MTU];
	struct aksu_rx rx[BENCH_BATCH];
	size_t n;
};

struct bench_pair {
	struct aksu *s[2]; /* client, server */
	struct aksu_endpoint server;
	aksu_socket listener;
	aksu_time now;
	struct aksu_tx tx[BENCH_BATCH];
	struct bench_batch batch;
};

/* False: no memory. `msl` 0: the default. */
bool bench_pair_init(struct bench_pair *p, aksu_time msl, size_t budget);
void bench_pair_fini(struct bench_pair *p);

/* What an end sends now, as the other end would receive it. */
size_t bench_take(struct bench_pair *p, int end, struct bench_batch *out);
void bench_give(struct bench_pair *p, int end, const struct bench_batch *batch);

/* Carries until both are quiet; returns the frames. */
size_t bench_shuttle(struct bench_pair *p);

/* Time goes by for both. */
void bench_pass(struct bench_pair *p, aksu_time d);

/* One connection, open at both ends; false: it failed. */
bool bench_open(struct bench_pair *p, aksu_socket *client, aksu_socket *server);

/* Forgets what the instances have to tell. */
void bench_drain_news(struct bench_pair *p);

#endif
