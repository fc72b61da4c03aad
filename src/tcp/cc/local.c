/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/local.c - for a peer on the same machine: the near side of a proxy that terminates
 * connections, a virtual machine, a sandbox, a TUN device.
 *
 * There round trips are microseconds, nobody shares the path, and what is lost fell out of the
 * queue of a device. So a window begins large, no pause makes it smaller, a loss takes little and
 * is soon made up for, and the retransmission timer does not wait a second. It keeps what makes a
 * sender safe wherever it is used by mistake: slow start, a cut for each episode of loss, one
 * segment after a time-out (RFC 5681). Over a network it would be unfair: it grows as fast as
 * Scalable TCP.
 */
#include "tcp/cc.h"

/*
 * What it begins and wakes up with, in octets: four packets of the largest size that a device can
 * cut, half of the 500 packets of 1 KiB that a TUN device queues.
 */
#define WINDOW_FIRST (256u << 10)
/* A loss leaves this much: one such packet. */
#define WINDOW_LEAST (64u << 10)
/* Peers delay a lonely ACK by up to 200 ms, and a time-out before that would be for nothing. */
#define LOCAL_RTO_MIN 200

/* After a loss 0.7 of the flight; in a round trip an eighth more, so three make up for it. */
enum { BETA_NUM = 7, BETA_DEN = 10, GROWTH_DIVISOR = 8 };

static void start(struct cc *cc, instant now)
{
	(void)now;
	if (cc->cwnd > cc->smss) /* one: the SYN was lost (RFC 5681 3.1), or a time-out lasts */
		cc->cwnd = max_u32(cc->cwnd, WINDOW_FIRST);
}

static void on_ack(struct cc *cc, const struct ack_event *ev)
{
	if (ev->in_recovery || !ev->cwnd_limited)
		return;
	cc_grow(cc, cc->cwnd < cc->ssthresh ? ev->acked : ev->acked / GROWTH_DIVISOR);
}

static uint32_t reduced(const struct cc *cc, uint32_t flight)
{
	uint32_t cut = (uint32_t)((uint64_t)flight * BETA_NUM / BETA_DEN);

	return max_u32(max_u32(cut, WINDOW_LEAST), 2 * cc->smss);
}

static void on_loss(struct cc *cc, const struct ack_event *ev)
{
	cc->ssthresh = reduced(cc, ev->flight);
}

static void on_rto(struct cc *cc, uint32_t flight, bool first, instant now)
{
	(void)now;
	if (first)
		cc->ssthresh = reduced(cc, flight);
	cc->cwnd = cc->smss;
}

const struct cc_ops cc_local = {
	.name = "local",
	.keeps_window = true,
	.rto_min_ms = LOCAL_RTO_MIN,
	.start = start,
	.on_ack = on_ack,
	.on_loss = on_loss,
	.on_rto = on_rto,
};
