/* SPDX-License-Identifier: MIT */
/*
 * tcp/undo.c - an episode of loss that was for nothing: how it is told, and how it is taken back.
 *
 *   Eifel    the ACK of what was sent again echoes a timestamp from before     RFC 3522
 *   D-SACK   everything that was sent again came twice                         RFC 2883, 3708
 *   F-RTO    after a time-out, what was not sent again arrives as well         RFC 5682
 *
 * The answer is that of RFC 4015, whichever says so first. It does not know how losses are found.
 */
#include "tcp/tcp.h"

/* What it would take to take an episode back. */
void undo_remember(struct tcb *t)
{
	struct tcp_recovery *r = &t->x->recovery;

	r->undo = true;
	r->undo_asked = false;
	r->undo_cwnd = t->x->cc.cwnd;
	r->undo_ssthresh = t->x->cc.ssthresh;
	r->undo_resent = r->undo_dup = 0;
	r->undo_from = t->snd.una;
}

void undo_resent(struct tcb *t, const struct run *run, instant now)
{
	struct tcp_recovery *r = &t->x->recovery;

	if (!r->undo)
		return;
	if (r->undo_resent == 0) {
		r->undo_end = run_end(run);
		r->undo_ts = tcp_ts_now(t, rack_stamp(t, now));
	}
	r->undo_resent += run->len;
}

/* ---------------------------------------------------------------- how it is told */

/*
 * RFC 3522: the first ACK of what was sent again echoes a timestamp from before: it is for the
 * first copy.
 */
static bool eifel(struct tcb *t, const struct ack_event *ev, const struct tcp_seg *seg)
{
	struct tcp_recovery *r = &t->x->recovery;

	if (r->undo_asked || !ev->advanced || !seq_geq(t->snd.una, r->undo_end) || !has(t, TF_TS) ||
	    !(seg->opts.present & AKSU_OPT_TS))
		return false;
	r->undo_asked = true;
	if (ts_eq(seg->opts.tsecr, ts_at(0)))
		return false;
	if (ts_lt(seg->opts.tsecr, r->undo_ts))
		return true;
	r->frto = FRTO_OFF; /* the first copy had not come: the time-out was right */
	return false;
}

/*
 * RFC 2883 5: everything that was sent again came twice. Each that did was late and not lost, which
 * is reordering; RFC 8985 6.2 cannot see it by itself, for what was sent again tells it nothing.
 */
static bool all_came_twice(struct tcb *t, const struct delivery *d)
{
	struct tcp_recovery *r = &t->x->recovery;

	if (!d->dsack || !seq_geq(d->dup, r->undo_from))
		return false;
	if (!r->after_rto)
		t->flags |= TF_REORDERS;
	r->undo_dup += seq_dist(d->dup, d->dup_end);
	return r->undo_dup >= r->undo_resent;
}

/* ---------------------------------------------------------------- F-RTO */

void frto_begin(struct tcb *t)
{
	struct tcp_recovery *r = &t->x->recovery;

	if (recovery_lasts(t) && r->frto != FRTO_ACK)
		r->frto = FRTO_OFF;
	else
		r->frto = FRTO_ACK;
}

bool frto_holds_back(const struct tcb *t) { return tcb_x(t)->recovery.frto == FRTO_NEW; }

/*
 * Step 2: what was sent again is acknowledged, and not everything. Two new segments, if there are
 * any, ask which copy it was.
 */
static void frto_first_ack(struct tcb *t, const struct ack_event *ev)
{
	struct tcp_recovery *r = &t->x->recovery;
	uint32_t smss = t->x->cc.smss;

	if (!ev->advanced && (has(t, TF_SACK) || !ev->duplicate))
		return;
	r->frto = FRTO_OFF;
	if (!ev->advanced || !seq_geq(t->snd.una, r->undo_end) || snd_outstanding(t) == 0 ||
	    min_u32(snd_unsent(t), snd_usable(t)) < eff_snd_mss(t))
		return;
	r->frto = FRTO_NEW;
	r->frto_window = snd_in_flight(t) + 2 * smss;
	r->recover = t->snd.nxt;
}

/* Step 3: something arrived that was sent before the time-out, and only then: it was late. */
static bool frto_second_ack(struct tcb *t, const struct ack_event *ev, const struct delivery *d)
{
	struct tcp_recovery *r = &t->x->recovery;

	if (!ev->advanced && d->octets == 0 && !ev->duplicate)
		return false;
	r->frto = FRTO_OFF;
	return d->octets > 0 && !seq_gt(d->highest, r->recover);
}

static bool frto(struct tcb *t, const struct ack_event *ev, const struct delivery *d)
{
	struct tcp_recovery *r = &t->x->recovery;

	if (r->frto == FRTO_NEW)
		return frto_second_ack(t, ev, d);
	if (r->frto == FRTO_ACK)
		frto_first_ack(t, ev);
	return false;
}

/* ---------------------------------------------------------------- then what */

/*
 * RFC 4015 3.2: ssthresh is where the window was, so that it grows back; no more goes at once than
 * a connection begins with. What was marked and not sent again is in flight as before (D16). The
 * RTO stays backed off until a sample says better (U-12).
 */
static void take_back(struct tcb *t, instant now)
{
	struct tcp_recovery *r = &t->x->recovery;
	struct cc *cc = &t->x->cc;
	uint32_t burst;

	if (r->active)
		t->flags |= TF_REORDERS;
	r->undo = r->active = r->after_rto = false;
	r->frto = FRTO_OFF;
	r->guessed = 0;
	if (!has(t, TF_RTX_PMTU)) /* what was too big is lost all the same */
		sent_unmark_lost(&t->x->sent);
	if (cc->ops->on_undo != NULL)
		cc->ops->on_undo(cc, now);
	burst = snd_in_flight(t) + initial_window(cc->smss);
	cc->ssthresh = max_u32(r->undo_ssthresh, r->undo_cwnd);
	cc->cwnd = max_u32(cc->cwnd, min_u32(r->undo_cwnd, burst));
	(void)tcb_event(t, AKSU_EVENT_CWND);
}

void undo_on_ack(struct tcb *t, const struct ack_event *ev, const struct tcp_seg *seg,
		 const struct delivery *d)
{
	struct tcp_recovery *r = &t->x->recovery;

	if (!recovery_lasts(t) && seq_gt(t->snd.una, r->undo_until))
		r->undo = false; /* a round trip later nothing more will be heard */
	if (!r->undo || r->undo_resent == 0)
		return;
	if (ev->ece) { /* RFC 4015 3.4: there is congestion all the same */
		r->undo = false;
		r->frto = FRTO_OFF;
	} else if (eifel(t, ev, seg) || all_came_twice(t, d) || frto(t, ev, d)) {
		take_back(t, ev->now);
	}
}
