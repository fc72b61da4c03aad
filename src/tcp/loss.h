/* SPDX-License-Identifier: MIT */
/*
 * tcp/loss.h - finding what is lost, and what follows from it.
 *
 *   sack.c      which runs an ACK reports: the scoreboard                 RFC 2018, 2883, 6675
 *   rack.c      loss by time; the detector where SACK was agreed on       RFC 8985 section 6
 *   tlp.c       a probe when no ACK comes                                 RFC 8985 section 7
 *   dupack.c    loss by duplicate ACKs; the detector elsewhere            RFC 5681 3.2, RFC 6582
 *   recovery.c  episodes: how they begin and end, and PRR                 RFC 9937
 *   undo.c      episodes that were for nothing, F-RTO                     RFC 3522, 4015, 5682
 *
 * A detector marks runs of t->x->sent; output.c sends what is marked. How far to slow down is the
 * congestion control's (tcp/cc.h).
 */
#ifndef AKSU_TCP_LOSS_H
#define AKSU_TCP_LOSS_H

#include "base/serial.h"
#include "tcp/cc.h"
#include "tcp/sent.h"

struct tcb;
struct tcp_seg;

/* What one ACK says has arrived and was not known to have; built by ack.c and sack.c. */
struct delivery {
	uint32_t octets; /* DeliveredData of RFC 9937: acknowledged or SACKed for the first time */
	bool known;      /* newest and newest_end hold */
	bool reordered;  /* a run that was sent once came behind a later one */
	bool resent; /* among it is what was sent again, last at resent_at: the ACK may be for it */
	bool dsack;  /* RFC 2883: the block [dup, dup_end) came twice */
	bool blocks; /* the ACK had SACK blocks, of whatever kind */
	tcp_seq dup, dup_end;
	tcp_seq highest; /* the end of what arrived, or SND.UNA */
	instant newest;  /* the latest transmission among what arrived (RACK.segment) ... */
	tcp_seq newest_end;
	instant oldest;    /* the earliest among what the ACK covers; never if none is new */
	instant sacked_at; /* the latest among what was SACKed and sent once; never if none */
	instant resent_at;
	struct run rate_run; /* rate_known: the newest of what arrived, up to rate_end (rate.c) */
	tcp_seq rate_end;
	bool rate_known;
};

static inline void note_resent(struct delivery *d, instant at)
{
	d->resent = true;
	d->resent_at = later(d->resent_at, at);
}

struct loss_ops {
	const char *name;
	/* Every ACK of ESTABLISHED and later that step 5 found acceptable. */
	void (*on_ack)(struct tcb *t, const struct ack_event *ev, const struct delivery *d);
	/* The retransmission timer expired: marks what is lost. */
	void (*on_rto)(struct tcb *t, instant now);
};

extern const struct loss_ops loss_newreno; /* dupack.c */
extern const struct loss_ops loss_rack;    /* rack.c */

/* The detector of a connection. */
const struct loss_ops *loss_ops_of(const struct tcb *t);

/* ---------------------------------------------------------------- sack.c */

/* Looks at the blocks of an ACK, after SND.UNA moved; adds what is new to `d`. */
void sack_read(struct tcb *t, const struct tcp_seg *seg, instant now, struct delivery *d);

/* ---------------------------------------------------------------- rack.c */

/*
 * A run that was not known to have arrived, up to `end`, has: steps 2 and 3 of RFC 8985 6.2, as far
 * as one run goes.
 */
void rack_delivered(const struct tcb *t, const struct run *r, tcp_seq end,
		    const struct tcp_seg *seg, instant now, struct delivery *d);

/* The time that the timestamp of a segment tells which is sent again. */
instant rack_stamp(const struct tcb *t, instant sent_at);

/* The reordering timer expired (6.2, step 5). */
void rack_timeout(struct tcb *t, instant now);

/* When the oldest run that waits will be lost, or never: what the reordering timer is set to. */
instant rack_deadline(const struct tcb *t);

/* ---------------------------------------------------------------- tlp.c */

bool tlp_may_probe(const struct tcb *t); /* 7.2, 7.3: whether a probe may be scheduled */
duration tlp_pto(const struct tcb *t);   /* 7.2 */
void tlp_timeout(struct tcb *t);         /* 7.3: a probe is due */
struct run *tlp_run(struct tcb *t); /* what it sends again if nothing is new; NULL: no memory */
void tlp_sent(struct tcb *t, bool again, instant now); /* output.c sent it */
void tlp_reset(struct tcb *t);                         /* 7.1 */
void tlp_on_ack(struct tcb *t, const struct ack_event *ev, const struct delivery *d); /* 7.4 */

/* ---------------------------------------------------------------- recovery.c */

/* An episode begins; `in_flight` as it was before what is lost was found. */
void recovery_enter(struct tcb *t, const struct ack_event *ev);

/* SND.UNA reached `recover`. */
void recovery_leave(struct tcb *t);

/* The retransmission timer expired: the loss window (RFC 5681 3.1); before runs are marked. */
void recovery_rto(struct tcb *t, instant now);

/* RFC 9937; `safe`: SND.UNA moved, and nothing more is lost (SafeACK). */
void prr_on_ack(struct tcb *t, uint32_t delivered, bool safe);

/* A loss was repaired without an episode (RFC 8985 7.4.2): cwnd as after one. */
void recovery_cut(struct tcb *t, const struct ack_event *ev);

/* In fast recovery, or in slow start after a time-out. */
bool recovery_lasts(const struct tcb *t);

/* output.c sends a run again. */
void loss_resent(struct tcb *t, struct run *r, instant now);

/* The congestion window with what RFC 8985 7.3 and RFC 5682 lend beyond it. */
uint32_t loss_window(const struct tcb *t);

/* Says that a run is lost. */
void loss_report(struct tcb *t, const struct run *r);

/* ---------------------------------------------------------------- undo.c */

/* An episode begins: keeps what it would take to take it back. */
void undo_remember(struct tcb *t);

/* A run was sent again. */
void undo_resent(struct tcb *t, const struct run *run, instant now);

/* Whether the episode was for nothing, and taking it back (RFC 4015); after the detector's part. */
void undo_on_ack(struct tcb *t, const struct ack_event *ev, const struct tcp_seg *seg,
		 const struct delivery *d);

/* The retransmission timer expired: RFC 5682, step 1; before the new episode is noted. */
void frto_begin(struct tcb *t);

/* New text is to go before what is lost: RFC 5682, step 2b. */
bool frto_holds_back(const struct tcb *t);

#endif
