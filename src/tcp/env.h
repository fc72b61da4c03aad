/* SPDX-License-Identifier: MIT */
/*
 * tcp/env.h - what an instance gives to each of its connections: memory, events, counters, chance.
 */
#ifndef AKSU_TCP_ENV_H
#define AKSU_TCP_ENV_H

#include <aksu/aksu.h>

#include "base/event.h"
#include "base/pool.h"
#include "base/prng.h"

/* Connections whose SEND found no memory (TF_STARVED); when last, and how much was used then. */
struct tcp_starved {
	uint32_t count;
	size_t used;
	instant at;
};

struct tcp_env {
	struct mem mem;
	struct pool exts; /* struct tcb_ext */
	struct event_sink events;
	struct prng prng;
	struct aksu_counters counters;
	duration msl, rto_min;
	uint64_t dropped; /* the sum of counters.drops */
	struct tcp_starved starved;
	/* Octets that may be promised to the connection at hand; 0: as many as its buffer has. */
	uint32_t window_limit;
	/* The MSS that its path is to be probed for (RFC 4821); 0: none. */
	uint32_t mtu_probe;
	bool poisoned;
	void (*panic)(void *ctx, const char *file, int line, const char *what);
	void *panic_ctx;
};

/* An invariant broke: tell the caller once, answer no more calls (DESIGN D13). */
void tcp_panic(struct tcp_env *env, const char *file, int line, const char *what);

/*
 * AKSU_ASSERT(env, condition, what to return): on in release builds. A broken invariant poisons the
 * instance and leaves the function: a library does not kill its host.
 */
#define AKSU_ASSERT(env, cond, ...)                                  \
	do {                                                         \
		if (UNLIKELY(!(cond))) {                             \
			tcp_panic((env), __FILE__, __LINE__, #cond); \
			return __VA_ARGS__;                          \
		}                                                    \
	} while (0)

#endif
