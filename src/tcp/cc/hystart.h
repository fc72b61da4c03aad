/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/hystart.h - leaving slow start before it overflows a queue (RFC 9406), for any algorithm
 * that begins with slow start.
 *
 * It measures the shortest RTT of each round trip. When that grows, slow start is conservative for
 * a few round trips (CSS), and either ends there or, if the RTT shrinks again, goes on. It sees
 * nothing but the RTTs of ACKs, and changes cwnd and ssthresh only.
 */
#ifndef AKSU_TCP_CC_HYSTART_H
#define AKSU_TCP_CC_HYSTART_H

#include "tcp/cc.h"

/* By the names of RFC 9406 section 4.2; times in microseconds, 0: none yet. All zero: the start. */
struct hystart {
	uint32_t last_round_min_rtt, current_round_min_rtt, css_baseline_min_rtt;
	uint8_t rtt_sample_count;
	uint8_t css_rounds;
	bool css;
};

/* An ACK in the first slow start, outside of recovery: rounds and RTTs, whatever limits us. */
void hystart_measure(struct hystart *h, struct cc *cc, const struct ack_event *ev);

/* The same ACK, when cwnd was the limit: cwnd grows. */
void hystart_grow(const struct hystart *h, struct cc *cc, const struct ack_event *ev);

#endif
