/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/newreno.c - slow start and congestion avoidance (RFC 5681, MUST-19) with byte
 * counting (RFC 3465).
 */
#include "tcp/cc.h"

struct newreno {
	uint64_t acked; /* octets acknowledged towards the next increase, in congestion avoidance */
	uint64_t after_rto; /* slow start follows a time-out: L = 1 (RFC 3465 2.3) */
};
static_assert(sizeof(struct newreno) <= sizeof(uint64_t[CC_PRIV_WORDS]), "fits into struct cc");

static struct newreno *mine(struct cc *cc) { return (struct newreno *)cc->priv; }

static void start(struct cc *cc, instant now)
{
	(void)cc;
	(void)now;
}

/* L is two segments, one after a time-out (F7). */
static void slow_start(struct cc *cc, const struct ack_event *ev)
{
	cc_grow(cc, cc_counted(cc, ev, mine(cc)->after_rto ? 1 : 2));
}

static void congestion_avoidance(struct cc *cc, const struct ack_event *ev)
{
	struct newreno *nr = mine(cc);

	nr->acked += ev->acked;
	if (nr->acked < cc->cwnd)
		return;
	nr->acked -= cc->cwnd; /* one SMSS in a round trip */
	cc_grow(cc, cc->smss);
}

static void on_ack(struct cc *cc, const struct ack_event *ev)
{
	if (ev->acked == 0 || ev->in_recovery)
		return;
	if (!ev->cwnd_limited)
		return; /* what was not used proves nothing about the path (RFC 7661) */
	if (cc->cwnd < cc->ssthresh)
		slow_start(cc, ev);
	else
		congestion_avoidance(cc, ev);
}

/* RFC 5681 equation 4, with FlightSize and not cwnd (F4). */
static uint32_t half(const struct cc *cc, uint32_t in_flight)
{
	return max_u32(in_flight / 2, 2 * cc->smss);
}

static void on_loss(struct cc *cc, const struct ack_event *ev)
{
	cc->ssthresh = half(cc, ev->flight);
	mine(cc)->acked = 0;
}

static void on_rto(struct cc *cc, uint32_t in_flight, bool first, instant now)
{
	(void)now;
	if (first)
		cc->ssthresh = half(cc, in_flight);
	cc->cwnd = cc->smss; /* the loss window */
	*mine(cc) = (struct newreno){.after_rto = 1};
}

const struct cc_ops cc_newreno = {
	.name = "newreno",
	.start = start,
	.on_ack = on_ack,
	.on_loss = on_loss,
	.on_rto = on_rto,
};
