/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/dctcp.c - DCTCP (RFC 8257): cuts the window by the share of octets that came marked.
 *
 * For data centres only, where every switch marks early and every sender reacts like this one
 * (section 1): on the Internet it takes more than its share from those that halve.
 *
 * Between marks, and when something is lost or a time-out comes, it is NewReno (3.4, 3.5): that
 * algorithm's words lie in front of its own. How marks are echoed and counted is tcp/ecn.c's.
 */
#include "base/bytes.h"
#include "tcp/cc.h"

struct dctcp {
	uint64_t alpha;             /* DCTCP.Alpha, in units of 1 / ALPHA_ONE */
	uint64_t delivered, marked; /* octets of this observation window */
};

enum {
	ALPHA_ONE = 1 << 20, /* fine enough that the estimate falls to nothing (4.2) */
	GAIN_SHIFT = 4,      /* g = 1/16 (4.2) */
	MINE_AT = CC_PRIV_WORDS - 3,
};
static_assert(sizeof(struct dctcp) == 3 * sizeof(uint64_t), "fits behind NewReno's");

static struct dctcp *mine(struct cc *cc) { return (struct dctcp *)(cc->priv + MINE_AT); }

/* 3.3: one to begin with, so that the first mark halves the window. */
static void start(struct cc *cc, instant now)
{
	cc_newreno.start(cc, now);
	mine(cc)->alpha = ALPHA_ONE;
}

/* 3.3, steps 5 to 7, at the end of each round trip: alpha moves by g towards the share. */
static void observe(struct dctcp *d)
{
	uint64_t share = d->delivered > 0 ? d->marked * ALPHA_ONE / d->delivered : 0;

	d->alpha = d->alpha - (d->alpha >> GAIN_SHIFT) + (share >> GAIN_SHIFT);
	d->delivered = d->marked = 0;
}

static void on_ack(struct cc *cc, const struct ack_event *ev)
{
	struct dctcp *d = mine(cc);

	d->delivered += ev->delivered;
	d->marked += min_u32(ev->ce, ev->delivered);
	if (ev->round_start)
		observe(d);
	cc_newreno.on_ack(cc, ev);
}

/* 3.3, step 8: cwnd = cwnd * (1 - DCTCP.Alpha / 2). */
static void on_ce(struct cc *cc, const struct ack_event *ev)
{
	uint64_t cut = cc->cwnd * mine(cc)->alpha / ALPHA_ONE / 2;

	(void)ev;
	cc->cwnd = max_u32((uint32_t)(cc->cwnd - cut), 2 * cc->smss);
	cc->ssthresh = cc->cwnd;
}

static void on_loss(struct cc *cc, const struct ack_event *ev) { cc_newreno.on_loss(cc, ev); }

/* NewReno begins anew, and takes its own words only. */
static void on_rto(struct cc *cc, uint32_t in_flight, bool first, instant now)
{
	cc_newreno.on_rto(cc, in_flight, first, now);
}

const struct cc_ops cc_dctcp = {
	.name = "dctcp",
	.start = start,
	.on_ack = on_ack,
	.on_loss = on_loss,
	.on_rto = on_rto,
	.on_ce = on_ce,
	.counts_ce = true,
};
