/* SPDX-License-Identifier: MIT */
/*
 * base/serial.h - numbers on a circle (RFC 9293 section 3.4, RFC 1982).
 *
 * A sequence number is not an integer: it is a struct, so that `a < b` and `a + 1` do not compile.
 * Two numbers 2^31 apart are each "less" than the other; windows are at most 2^30, and tcb_check()
 * asserts the distances rather than trust the comparison.
 */
#ifndef AKSU_BASE_SERIAL_H
#define AKSU_BASE_SERIAL_H

#include "base/compile.h"

typedef struct {
	uint32_t n;
} tcp_seq;

/* RFC 7323 TSval: the same circle, another meaning. */
typedef struct {
	uint32_t n;
} tcp_ts;

static inline tcp_seq seq_at(uint32_t n) { return (tcp_seq){n}; }
static inline tcp_seq seq_add(tcp_seq a, uint32_t k) { return (tcp_seq){a.n + k}; }
static inline tcp_seq seq_sub(tcp_seq a, uint32_t k) { return (tcp_seq){a.n - k}; }
static inline bool seq_eq(tcp_seq a, tcp_seq b) { return a.n == b.n; }
static inline bool seq_lt(tcp_seq a, tcp_seq b) { return (a.n - b.n) >> 31; }
static inline bool seq_leq(tcp_seq a, tcp_seq b) { return !seq_lt(b, a); }
static inline bool seq_gt(tcp_seq a, tcp_seq b) { return seq_lt(b, a); }
static inline bool seq_geq(tcp_seq a, tcp_seq b) { return !seq_lt(a, b); }
static inline tcp_seq seq_max(tcp_seq a, tcp_seq b) { return seq_lt(a, b) ? b : a; }
static inline tcp_seq seq_min(tcp_seq a, tcp_seq b) { return seq_lt(a, b) ? a : b; }

/* How far b lies after a; the caller knows that it does. */
static inline uint32_t seq_dist(tcp_seq a, tcp_seq b) { return b.n - a.n; }

/* a <= x < a + len: one subtraction, right across the wrap (U-2). */
static inline bool seq_within(tcp_seq x, tcp_seq a, uint32_t len) { return x.n - a.n < len; }

/* The bare number: for keys, events and the wire. */
static inline uint32_t seq_raw(tcp_seq a) { return a.n; }
static inline uint32_t ts_raw(tcp_ts a) { return a.n; }

static inline tcp_ts ts_at(uint32_t n) { return (tcp_ts){n}; }
static inline tcp_ts ts_add(tcp_ts a, uint32_t k) { return (tcp_ts){a.n + k}; }
static inline bool ts_lt(tcp_ts a, tcp_ts b) { return (a.n - b.n) >> 31; }
static inline bool ts_eq(tcp_ts a, tcp_ts b) { return a.n == b.n; }
static inline uint32_t ts_dist(tcp_ts a, tcp_ts b) { return b.n - a.n; }

#endif
