/* SPDX-License-Identifier: MIT */
/*
 * cc_calm.c - a congestion control that keeps queues short: each round trip it works out how much
 * of its window waits in queues, and wants two to four segments there, as TCP Vegas does.
 *
 * It owns the shortest RTT of the round. It knows nothing of how losses are found.
 */
#include "tcp/cc.h"

enum { FEW = 2, MANY = 4 }; /* segments in queues: enough to be served, too many to be polite */

struct calm {
	duration rtt; /* the shortest of this round trip; 0: none yet */
};
static_assert(sizeof(struct calm) <= sizeof(uint64_t[CC_PRIV_WORDS]), "fits into struct cc");

static struct calm *mine(struct cc *cc) { return (struct calm *)cc->priv; }

static void start(struct cc *cc, instant now)
{
	(void)cc; /* cwnd and ssthresh hold what they are to begin with, and priv is zero */
	(void)now;
}

/* Of the window, what the path does not hold by itself: it waits somewhere. */
static uint32_t queued(const struct cc *cc, duration rtt, duration min_rtt)
{
	return (uint32_t)((uint64_t)cc->cwnd *
			  to_us(since((instant){min_rtt.ns}, (instant){rtt.ns})) /
			  max_u64(to_us(rtt), 1));
}

static void each_round(struct cc *cc, const struct ack_event *ev, duration rtt)
{
	uint32_t waits = queued(cc, rtt, ev->min_rtt);

	if (waits > MANY * cc->smss && cc->cwnd > 4 * cc->smss)
		cc->cwnd -= cc->smss;
	if (waits > FEW * cc->smss)
		cc->ssthresh = min_u32(cc->ssthresh, cc->cwnd); /* full: no slow start any more */
	else if (cc->cwnd >= cc->ssthresh)
		cc_grow(cc, cc->smss);
}

static void on_ack(struct cc *cc, const struct ack_event *ev)
{
	struct calm *c = mine(cc);
	duration rtt = c->rtt;

	if (ev->round_start)
		c->rtt = nanoseconds(0);
	if (ev->rtt.ns > 0 && (c->rtt.ns == 0 || longer(c->rtt, ev->rtt)))
		c->rtt = ev->rtt;
	if (ev->in_recovery || !ev->cwnd_limited)
		return; /* cwnd is the recovery's; or what was not used proves nothing */
	if (ev->round_start && rtt.ns > 0)
		each_round(cc, ev, rtt);
	if (cc->cwnd < cc->ssthresh)
		cc_grow(cc, cc_counted(cc, ev, 2) / 2); /* half as fast as RFC 5681 */
}

static void on_loss(struct cc *cc, const struct ack_event *ev)
{
	cc->ssthresh = max_u32(ev->flight / 2, 2 * cc->smss); /* RFC 5681 equation 4 */
}

static void on_rto(struct cc *cc, uint32_t flight, bool first, instant now)
{
	(void)now;
	if (first)
		cc->ssthresh = max_u32(flight / 2, 2 * cc->smss);
	cc->cwnd = cc->smss;
}

extern const struct cc_ops cc_calm; /* in the tree: a line in tcp/cc.h */
const struct cc_ops cc_calm = {
	.name = "calm",
	.start = start,
	.on_ack = on_ack,
	.on_loss = on_loss,
	.on_rto = on_rto,
};
