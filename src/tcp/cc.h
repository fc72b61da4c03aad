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

enum { CC_PRIV_WORDS = 24 }; /* BBR, the largest, needs that many */

/*
 * What the newest of the text that an ACK delivered says of the path: RS of draft-ietf-ccwg-bbr
 * 4.1.2, filled by rate.c where the algorithm has a model (cc_ops.model), else zero.
 */
struct rate_sample {
	uint64_t delivery_rate;   /* octets per second; 0: no sample to rely on */
	uint64_t prior_delivered; /* octets delivered when it was sent */
	uint32_t delivered;       /* octets delivered since */
	uint32_t lost;            /* octets found lost since */
	uint32_t tx_in_flight;    /* octets in flight when it had been sent, its own included */
	duration rtt;             /* its own, the shortest of this ACK; 0: none that is certain */
	bool is_app_limited;
};

/* One run that was found lost: P of the same draft, 5.5.10.2. */
struct loss_sample {
	uint32_t seq, len;
	uint32_t tx_in_flight;    /* octets in flight when it had been sent, its own included */
	uint32_t lost;            /* octets found lost since it was sent, its own included */
	uint64_t delivered_total; /* as in struct ack_event */
	instant now;
	bool is_app_limited;
	bool has_sack;
};

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
	uint32_t flight_now;      /* octets in flight, after this ACK */
	bool in_recovery;         /* when the ACK arrived, or because of it */
	bool recovering;          /* still in recovery, or in what follows a time-out */
	bool round_start;         /* what was SND.NXT when the last round began is acknowledged */
	bool ece;    /* it tells of packets that met congestion and were not dropped (ecn.h) */
	uint32_t ce; /* of `delivered`, octets that did, as far as the feedback says */
	bool cwnd_limited; /* the window, not the application, held the sender back */
	bool has_sack;     /* more than one loss in a round trip can be seen */
	struct rate_sample rs;
};

/* The congestion window lives here while data moves; its summary stays with the connection. */
struct cc_ops;
struct cc {
	const struct cc_ops *ops;
	uint32_t cwnd, ssthresh; /* octets */
	uint32_t smss;
	uint32_t srtt_us; /* as it is now; 0: no sample yet */
	bool holds_back;  /* sends less than the path takes, on purpose: samples tell nothing */
	uint64_t pacing;  /* octets per second that may leave; 0: as fast as cwnd lets them */
	uint64_t priv[CC_PRIV_WORDS];
};

#define SSTHRESH_INFINITE UINT32_MAX

struct cc_ops {
	const char *name;
	bool keeps_window;   /* a pause takes nothing from cwnd: the path is known to be ours */
	uint16_t rto_min_ms; /* the least RTO, where the instance's is more; 0: the instance's */
	/*
	 * It has a model of the path: gets rate samples, and cwnd is what the model says, always:
	 * neither recovery (RFC 5681, 9937) nor a pause (RFC 7661) changes it.
	 */
	bool model;
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

	/* The rest is for a model; each may be NULL. */

	/* A run was found lost; before on_loss(), if it begins an episode. */
	void (*on_lost)(struct cc *cc, const struct loss_sample *lost);
	/* The application sends again after nothing was in flight for want of text. */
	void (*on_restart)(struct cc *cc, instant now);
	/* The connection goes to sleep: what wake() must know goes into cwnd and ssthresh. */
	void (*rest)(struct cc *cc);
	/* It wakes up; in place of start(). */
	void (*wake)(struct cc *cc, instant now);
};

/* The algorithm of a number, for every number: enum aksu_congestion. */
const struct cc_ops *cc_ops_of(uint8_t id);

static inline void cc_take(struct cc *cc, const struct cc_ops *ops)
{
	cc->ops = ops;
	cc->pacing = 0;
	cc->holds_back = false;
	for (unsigned i = 0; i < CC_PRIV_WORDS; i++)
		cc->priv[i] = 0;
}

/* An algorithm takes over. */
static inline void cc_begin(struct cc *cc, const struct cc_ops *ops, instant now)
{
	cc_take(cc, ops);
	ops->start(cc, now);
}

/* It goes on after a rest. */
static inline void cc_resume(struct cc *cc, const struct cc_ops *ops, instant now)
{
	cc_take(cc, ops);
	if (ops->wake != NULL)
		ops->wake(cc, now);
	else
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

/*
 * C.send_quantum (draft-ietf-ccwg-bbr 5.6.3): what may leave at one moment at that rate: a
 * millisecond's worth, so that few wake-ups carry much, but no more than one packet can be cut of,
 * and two segments, which is what a receiver acknowledges.
 */
static inline uint32_t cc_quantum(uint64_t rate, uint32_t smss)
{
	return max_u32((uint32_t)min_u64(rate / 1000, 65535), 2 * smss);
}

/* ---------------------------------------------------------------- the algorithms */

extern const struct cc_ops cc_cubic;
extern const struct cc_ops cc_dctcp;
extern const struct cc_ops cc_newreno;
extern const struct cc_ops cc_local;
extern const struct cc_ops cc_bbr;

#endif
