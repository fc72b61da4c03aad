/* SPDX-License-Identifier: MIT */
/*
 * tcp/rtt.c - the retransmission time-out (RFC 6298).
 *
 * Which ACK yields a sample is decided by ack.c (Karn); here a sample becomes SRTT, RTTVAR and RTO.
 */
#include "tcp/tcp.h"

#define GRANULARITY_US 1000u /* G: the clock of the timestamps ticks once in a millisecond */

/* RFC 8985 6.2, step 1: of the last windows only, for a path may become longer. */
static void shortest(struct tcb_ext *x, uint32_t us, instant now)
{
	bool over = longer(since(x->min_rtt_since, now), MIN_RTT_WINDOW);

	if (over) {
		x->min_rtt_us = x->new_min_us;
		x->min_rtt_since = now;
	}
	x->new_min_us = over || x->new_min_us == 0 ? us : min_u32(x->new_min_us, us);
	x->min_rtt_us = x->min_rtt_us == 0 ? us : min_u32(x->min_rtt_us, us);
}

/*
 * RFC 6298 2.4: one second. DEPARTS: a floor below it, where one is set, counts from SRTT on, up to
 * that second (RFC 8961 4): so much later than usual an ACK may come that was delayed. Less where
 * the congestion control knows the path.
 */
static uint64_t floor_us(const struct tcb *t)
{
	uint64_t least = to_us(t->env->rto_min);
	uint64_t known = to_us(milliseconds(cc_ops_of(t->conf->cc)->rto_min_ms));

	least = min_u64(t->rtt.srtt_us + least, max_u64(least, to_us(RTO_INITIAL)));
	return known == 0 ? least : min_u64(known, least);
}

/* RFC 6298 section 2. RTTVAR before SRTT (gotcha D1). */
void rtt_sample(struct tcb *t, duration r)
{
	struct tcp_rtt *rtt = &t->rtt;
	uint64_t us = max_u64(to_us(r), 1), rto;

	us = min_u64(us, to_us(RTO_MAX));
	if (rtt->srtt_us == 0) { /* 2.2: the first */
		rtt->srtt_us = (uint32_t)us;
		rtt->rttvar_us = (uint32_t)(us / 2);
	} else { /* 2.3: alpha = 1/8, beta = 1/4 */
		uint64_t d = us > rtt->srtt_us ? us - rtt->srtt_us : rtt->srtt_us - us;

		rtt->rttvar_us = (uint32_t)((3 * (uint64_t)rtt->rttvar_us + d) / 4);
		rtt->srtt_us = (uint32_t)max_u64((7 * (uint64_t)rtt->srtt_us + us) / 8, 1);
	}
	rto = rtt->srtt_us + max_u64(GRANULARITY_US, 4 * (uint64_t)rtt->rttvar_us);
	rto = max_u64(rto, floor_us(t));                      /* 2.4 */
	rtt->rto_us = (uint32_t)min_u64(rto, to_us(RTO_MAX)); /* 2.5 */
	/* 5.7 and RFC 9293 3.8.2 (U-12): the backed-off RTO was kept until now. */
	t->backoff = 0;
	if (t->x != NULL) {
		t->x->tlp.no_rtt = false;
		shortest(t->x, (uint32_t)us, t->env->events.now);
	}
}

duration rtt_rto(const struct tcb *t)
{
	uint64_t us = (uint64_t)t->rtt.rto_us << (t->backoff < 16 ? t->backoff : 16);

	return microseconds(min_u64(us, to_us(RTO_MAX)));
}
