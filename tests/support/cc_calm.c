/* SPDX-License-Identifier: MIT */
/*
 * cc_calm.c - a congestion control that keeps queues short, as TCP Vegas does: each round trip it
 * works out how much of its window waits in queues, and wants two to four segments there.
 *
 * It owns the shortest RTT of the round. It knows nothing of how losses are found.
 */
#include "tcp/cc.h" /* in the tree: with a line for cc_calm */

/* cwnd and ssthresh hold what they are to begin with, and priv is zero. */
static void start(struct cc *cc, instant now) { (void)cc, (void)now; }

static void each_round(struct cc *cc, uint64_t rtt, uint64_t min_rtt)
{
	uint64_t waits = cc->cwnd * (rtt - min_u64(min_rtt, rtt)) / rtt;

	if (waits > 4 * cc->smss && cc->cwnd > 4 * cc->smss) /* too many to be polite */
		cc->cwnd -= cc->smss;
	if (waits > 2 * cc->smss) /* enough to be served: no slow start any more */
		cc->ssthresh = min_u32(cc->ssthresh, cc->cwnd);
	else if (cc->cwnd >= cc->ssthresh)
		cc_grow(cc, cc->smss);
}

static void on_ack(struct cc *cc, const struct ack_event *ev)
{
	uint64_t *rtt = &cc->priv[0], last = *rtt, now = to_us(ev->rtt); /* 0: none yet */

	if (ev->round_start)
		*rtt = 0;
	if (now > 0 && (*rtt == 0 || now < *rtt))
		*rtt = now;
	if (ev->in_recovery || !ev->cwnd_limited)
		return; /* cwnd is the recovery's; or what was not used proves nothing */
	if (ev->round_start && last > 0)
		each_round(cc, last, to_us(ev->min_rtt));
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

const struct cc_ops cc_calm = {
	.name = "calm",
	.start = start,
	.on_ack = on_ack,
	.on_loss = on_loss,
	.on_rto = on_rto,
};
