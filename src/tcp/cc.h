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

enum { CC_PRIV_WORDS = 10 };

/* Built once for each ACK by ack.c; read by rtt.c, the loss detection, the congestion control and
 * the trace. */
struct ack_event {
	instant now;        /* arrival of the segment */
	uint32_t acked;     /* octets of text newly acknowledged, SYN and FIN not counted */
	uint32_t delivered; /* octets that are new to have arrived, acknowledged or SACKed */
	uint32_t in_flight; /* octets, before this ACK */
	uint32_t batch;     /* the most that we sent at one moment: one ACK may be for all of it */
	duration rtt;       /* of this ACK; 0 where Karn forbids a sample */
	bool advanced;      /* SND.UNA moved */
	bool duplicate;     /* RFC 5681 section 2, all five conditions */
	bool in_recovery;   /* when the ACK arrived */
	bool ece;
	bool cwnd_limited; /* the window, not the application, held the sender back */
};

/* The congestion window lives here while data moves; its summary stays with the connection. */
struct cc {
	uint32_t cwnd, ssthresh; /* octets */
	uint32_t smss;
	uint64_t priv[CC_PRIV_WORDS];
};

#define SSTHRESH_INFINITE UINT32_MAX

struct cc_ops {
	const char *name;
	/* A connection begins, or wakes up: cwnd and ssthresh hold what it had. */
	void (*start)(struct cc *cc, instant now);
	/* New data was acknowledged outside of recovery. */
	void (*on_ack)(struct cc *cc, const struct ack_event *ev);
	/* A loss episode begins: sets ssthresh; the loss detection then sets cwnd. Once per
	 * episode. */
	void (*on_loss)(struct cc *cc, const struct ack_event *ev);
	/* The retransmission timer expired; `first`: not a repeated one of the same segment. */
	void (*on_rto)(struct cc *cc, uint32_t in_flight, bool first, instant now);
};

/* The algorithm of a number, for every number. */
const struct cc_ops *cc_ops_of(uint8_t id);

extern const struct cc_ops cc_newreno;

#endif
