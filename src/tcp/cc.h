/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc.h - what a congestion control must answer, and what it is told (RFC 5681).
 *
 * An algorithm is one file in tcp/cc/ and one line in tcp/cc/all.c. It may include this header and
 * base/, and nothing else. Loss detection is not here: that is tcp/loss.h.
 */
#ifndef AKSU_TCP_CC_H
#define AKSU_TCP_CC_H

#include "base/time.h"

enum { CC_PRIV_WORDS = 40 }; /* BBR, the largest, has some thirty quantities */

/* Built once for each ACK by ack.c; read by rtt.c, the loss detection, the congestion control and
 * the trace. */
struct ack_event {
	instant now; /* arrival of the segment */
	/*
	 * Octets of text newly acknowledged, SYN and FIN not counted. The congestion control finds
	 * `delivered` here on a path that is known to reorder.
	 */
	uint32_t acked;
	uint32_t delivered; /* octets that are new to have arrived, acknowledged or SACKed */
	uint32_t in_flight; /* octets, before this ACK */
	/*
	 * FlightSize of RFC 5681: the most that was in flight in this round trip and the one
	 * before. ACKs that come together find less and less in flight, which says nothing.
	 */
	uint32_t flight;
	uint32_t batch; /* the most that we sent at one moment: one ACK may be for all of it */
	duration rtt;   /* of this ACK; 0 where Karn forbids a sample */
	bool advanced;  /* SND.UNA moved */
	bool duplicate; /* RFC 5681 section 2, all five conditions */
	uint64_t delivered_total; /* `delivered` of all ACKs so far, this one included */
	duration srtt, min_rtt;   /* as they are now; 0: no sample yet */
	uint32_t lost;            /* octets found lost, by this ACK and since the one before */
	bool in_recovery;         /* when the ACK arrived, or because of it */
	bool round_start;         /* what was SND.NXT when the last round began is acknowledged */
	bool ece;    /* it tells of packets that met congestion and were not dropped (ecn.h) */
	uint32_t ce; /* of `delivered`, octets that did, as far as the feedback says */
	bool cwnd_limited; /* the window, not the application, held the sender back */
};

/* The congestion window lives here while data moves; its summary stays with the connection. */
struct cc_ops;
struct cc {
	const struct cc_ops *ops;
	uint32_t cwnd, ssthresh; /* octets */
	uint32_t smss;
	uint64_t priv[CC_PRIV_WORDS];
};

#define SSTHRESH_INFINITE UINT32_MAX

struct cc_ops {
	const char *name;
	bool keeps_window;   /* a pause takes nothing from cwnd: the path is known to be ours */
	uint16_t rto_min_ms; /* the least RTO, where the instance's is more; 0: the instance's */
	/*
	 * A connection begins, wakes up, or has chosen another algorithm: cwnd and ssthresh hold
	 * what it had, priv is zero.
	 */
	void (*start)(struct cc *cc, instant now);
	/* Something was acknowledged or SACKed: in recovery, too. */
	void (*on_ack)(struct cc *cc, const struct ack_event *ev);
	/* A loss episode begins: sets ssthresh; the loss detection then sets cwnd. Once per
	 * episode. */
	void (*on_loss)(struct cc *cc, const struct ack_event *ev);
	/* The retransmission timer expired; `first`: not a repeated one of the same segment. */
	void (*on_rto)(struct cc *cc, uint32_t in_flight, bool first, instant now);
	/*
	 * The last episode was for nothing (RFC 4015): what on_loss() or on_rto() changed in priv
	 * is as it was; cwnd and ssthresh are given back by the caller. May be NULL.
	 */
	void (*on_undo)(struct cc *cc, instant now);
	/*
	 * What was sent met congestion and was marked: sets ssthresh and cwnd. Once for each window
	 * of data, and not where a loss was answered for it. NULL: as a loss.
	 */
	void (*on_ce)(struct cc *cc, const struct ack_event *ev);
	/* Each mark counts: ECN is asked for, and the echo is RFC 8257's where it is not RFC
	 * 9768's. */
	bool counts_ce;
};

/* The algorithm of a number, for every number: enum aksu_congestion. */
const struct cc_ops *cc_ops_of(uint8_t id);

/* An algorithm takes over. */
static inline void cc_begin(struct cc *cc, const struct cc_ops *ops, instant now)
{
	cc->ops = ops;
	for (unsigned i = 0; i < CC_PRIV_WORDS; i++)
		cc->priv[i] = 0;
	ops->start(cc, now);
}

/* ---------------------------------------------------------------- what algorithms share */

/* cwnd grows by so many octets, not into absurdity: twice it must fit, too. */
static inline void cc_grow(struct cc *cc, uint32_t octets)
{
	cc->cwnd = (uint32_t)min_u64((uint64_t)cc->cwnd + octets, UINT32_MAX / 2);
}

/*
 * RFC 3465 2.3: what of an ACK counts in slow start, l segments at most. DEPARTS: what we sent at
 * once, one ACK may be for (DESIGN D14); that much counts, and so an ACK never lets more than twice
 * of it go at once.
 */
static inline uint32_t cc_counted(const struct cc *cc, const struct ack_event *ev, uint32_t l)
{
	return min_u32(ev->acked, max_u32(l * cc->smss, ev->batch));
}

/* ---------------------------------------------------------------- the algorithms */

extern const struct cc_ops cc_cubic;
extern const struct cc_ops cc_dctcp;
extern const struct cc_ops cc_newreno;
extern const struct cc_ops cc_local;

#endif
