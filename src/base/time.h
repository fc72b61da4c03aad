/* SPDX-License-Identifier: MIT */
/*
 * base/time.h - moments and spans, in nanoseconds, as two types: adding two moments does not
 * compile.
 *
 * Nobody below the driver can ask what time it is; `now` is an argument. INSTANT_NEVER is later
 * than every moment, and adding to it, or past it, stays there.
 */
#ifndef AKSU_BASE_TIME_H
#define AKSU_BASE_TIME_H

#include "base/compile.h"

typedef struct {
	uint64_t ns;
} instant;

typedef struct {
	uint64_t ns;
} duration;

#define INSTANT_NEVER ((instant){UINT64_MAX})

static inline duration nanoseconds(uint64_t n) { return (duration){n}; }
static inline duration microseconds(uint64_t n) { return (duration){n * 1000}; }
static inline duration milliseconds(uint64_t n) { return (duration){n * 1000000}; }
static inline duration seconds(uint64_t n) { return (duration){n * 1000000000}; }

static inline uint64_t to_us(duration d) { return d.ns / 1000; }
static inline uint64_t to_ms(duration d) { return d.ns / 1000000; }

static inline bool is_never(instant t) { return t.ns == UINT64_MAX; }
static inline bool before(instant a, instant b) { return a.ns < b.ns; }
static inline bool due(instant deadline, instant now) { return deadline.ns <= now.ns; }
static inline instant earlier(instant a, instant b) { return a.ns < b.ns ? a : b; }
static inline instant later(instant a, instant b) { return a.ns > b.ns ? a : b; }

static inline instant after(instant t, duration d)
{
	return d.ns > UINT64_MAX - t.ns ? INSTANT_NEVER : (instant){t.ns + d.ns};
}

/* How long from a to b; nothing if b lies before a (a clock may stand still, never go back). */
static inline duration since(instant a, instant b)
{
	return (duration){b.ns > a.ns ? b.ns - a.ns : 0};
}

static inline bool longer(duration a, duration b) { return a.ns > b.ns; }

#endif
