/* SPDX-License-Identifier: MIT */
/*
 * tcp/loss.h - what a loss detection must answer: which runs are lost, and when recovery begins and
 * ends.
 *
 * It marks runs of t->x->sent; output.c sends what is marked. How far to slow down is the
 * congestion control's (tcp/cc.h).
 */
#ifndef AKSU_TCP_LOSS_H
#define AKSU_TCP_LOSS_H

#include "tcp/cc.h"

struct tcb;

struct loss_ops {
	const char *name;
	/* Every ACK of ESTABLISHED and later that step 5 found acceptable. */
	void (*on_ack)(struct tcb *t, const struct ack_event *ev);
	/* The retransmission timer expired. */
	void (*on_rto)(struct tcb *t, instant now);
};

extern const struct loss_ops loss_newreno; /* RFC 5681 3.2, RFC 6582 */

#endif
