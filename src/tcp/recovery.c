/* SPDX-License-Identifier: MIT */
/*
 * tcp/recovery.c - episodes of loss: how they begin and end, what may be sent meanwhile, and how
 * one that was for nothing is taken back.
 *
 * RFC 5681 3.1 and 3.2 (windows), RFC 6937 section 3 (proportional rate reduction) with RFC 9937's
 * choice of the bound, RFC 3042 (limited transmit), RFC 3522 and RFC 2883 (was it spurious?), RFC
 * 4015 (then what?). It does not know how losses are found: dupack.c, rack.c.
 */
#include "tcp/tcp.h"

void loss_report(struct tcb *t, const struct run *r)
{
	struct aksu_event *e = tcb_event(t, AKSU_EVENT_LOSS);

	if (e != NULL) {
		e->seq = seq_raw(r->seq);
		e->length = r->len;
	}
}

static void report_cwnd(struct tcb *t) { (void)tcb_event(t, AKSU_EVENT_CWND); }

const struct loss_ops *loss_ops_of(const struct tcb *t)
{
	return has(t, TF_SACK) ? &loss_rack : &loss_newreno;
}

bool recovery_lasts(const struct tcb *t)
{
	const struct tcp_recovery *r = &tcb_x(t)->recovery;

	return r->active || r->after_rto;
}

/* What it would take to take an episode back. */
static void remember(struct tcb *t)
{
	struct tcp_recovery *r = &t->x->recovery;

	r->undo = true;
	r->undo_asked = false;
	r->undo_cwnd = t->x->cc.cwnd;
	r->undo_ssthresh = t->x->cc.ssthresh;
	r->undo_resent = r->undo_dup = 0;
	r->undo_from = t->snd.una;
}

/* ---------------------------------------------------------------- beginning and end */

void recovery_enter(struct tcb *t, const struct ack_event *ev)
{
	struct tcp_recovery *r = &t->x->recovery;
	struct cc *cc = &t->x->cc;

	if (!recovery_lasts(t))
		remember(t);
	r->active = true;
	r->after_rto = false;
	r->recover = t->snd.nxt;
	r->recover_set = true;
	r->began = ev->now;
	cc->ops->on_loss(cc, ev);
	if (has(t, TF_SACK)) {
		r->prr_delivered = 0;
		r->prr_from = t->x->sent.octets;
		r->recover_fs = snd_outstanding(t) - t->x->sent.sacked + ev->delivered;
		tlp_reset(t);
	} else {
		cc->cwnd = cc->ssthresh + DUPACK_THRESHOLD * cc->smss;
	}
	report_cwnd(t);
}

void recovery_leave(struct tcb *t, uint32_t cwnd)
{
	struct tcp_recovery *r = &t->x->recovery;

	r->active = false;
	r->undo_until = t->snd.nxt;
	t->x->cc.cwnd = cwnd;
	report_cwnd(t);
}

void recovery_cut(struct tcb *t, const struct ack_event *ev)
{
	struct cc *cc = &t->x->cc;

	cc->ops->on_loss(cc, ev);
	cc->cwnd = min_u32(cc->cwnd, cc->ssthresh);
	report_cwnd(t);
}

/* RFC 5681 3.1: cwnd is one segment; ssthresh falls only the first time (D6). */
void recovery_rto(struct tcb *t, instant now)
{
	struct tcp_recovery *r = &t->x->recovery;
	bool first = t->backoff == 0;

	if (!recovery_lasts(t))
		remember(t);
	t->x->cc.ops->on_rto(&t->x->cc, snd_outstanding(t), first, now);
	r->active = false;
	r->dupacks = 0;
	r->after_rto = true;
	r->recover = r->undo_until = t->snd.nxt;
	r->recover_set = true;
	report_cwnd(t);
}

/* ---------------------------------------------------------------- meanwhile */

/* RFC 6937 3: in proportion while more is in flight than ssthresh. */
static uint64_t proportional(const struct tcb *t, uint64_t out)
{
	const struct tcp_recovery *r = &t->x->recovery;
	uint64_t fs = max_u32(r->recover_fs, 1);
	uint64_t target = ((uint64_t)r->prr_delivered * t->x->cc.ssthresh + fs - 1) / fs;

	return target > out ? target - out : 0;
}

/* Below it: as much as arrives (the conservative bound), a segment more if all is well. */
static uint64_t catch_up(const struct tcb *t, uint64_t out, uint32_t delivered, bool safe)
{
	const struct tcp_recovery *r = &t->x->recovery;
	uint64_t banked = r->prr_delivered > out ? r->prr_delivered - out : 0;
	uint64_t limit = max_u64(banked, delivered) + (safe ? t->x->cc.smss : 0);

	return min_u64(limit, t->x->cc.ssthresh - snd_in_flight(t));
}

void prr_on_ack(struct tcb *t, uint32_t delivered, bool safe)
{
	struct tcp_recovery *r = &t->x->recovery;
	struct cc *cc = &t->x->cc;
	uint32_t in_flight = snd_in_flight(t);
	uint64_t out = t->x->sent.octets - r->prr_from, count;

	if (delivered == 0 && out > 0)
		return;
	r->prr_delivered += delivered;
	count = in_flight > cc->ssthresh ? proportional(t, out) : catch_up(t, out, delivered, safe);
	if (out == 0)
		count = max_u64(count, cc->smss); /* the first goes again at once */
	cc->cwnd = (uint32_t)min_u64(in_flight + count, UINT32_MAX / 2);
}

uint32_t loss_window(const struct tcb *t)
{
	const struct tcb_ext *x = t->x;
	const struct tcp_recovery *r = &x->recovery;
	uint32_t cwnd = x->cc.cwnd;

	if (x->tlp.due) /* RFC 8985 7.3: one segment, however full the window is */
		return max_u32(cwnd, snd_in_flight(t) + x->cc.smss);
	if (has(t, TF_SACK) || recovery_lasts(t) || r->dupacks > LIMITED_TRANSMIT)
		return cwnd; /* with SACK, what has arrived is no longer in flight */
	return cwnd + r->dupacks * x->cc.smss;
}

void loss_resent(struct tcb *t, struct run *r, instant now)
{
	struct tcp_recovery *rec = &t->x->recovery;

	sent_mark_resent(&t->x->sent, r, now);
	if (rec->undo) {
		if (rec->undo_resent == 0) {
			rec->undo_end = run_end(r);
			rec->undo_ts = tcp_ts_now(t, now);
		}
		rec->undo_resent += r->len;
	}
	if (has(t, TF_SACK) && tcp_synchronized(t) &&
	    !sent_note_resent(&t->x->sent, &t->env->mem, r))
		return; /* no memory: if it is lost again, the time-out finds it */
}

/* ---------------------------------------------------------------- for nothing */

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
	return !ts_eq(seg->opts.tsecr, ts_at(0)) && ts_lt(seg->opts.tsecr, r->undo_ts);
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
	if (!has(t, TF_RTX_PMTU)) /* what was too big is lost all the same */
		sent_unmark_lost(&t->x->sent);
	if (cc->ops->on_undo != NULL)
		cc->ops->on_undo(cc, now);
	burst = snd_in_flight(t) + initial_window(cc->smss);
	cc->ssthresh = max_u32(r->undo_ssthresh, r->undo_cwnd);
	cc->cwnd = max_u32(cc->cwnd, min_u32(r->undo_cwnd, burst));
	report_cwnd(t);
}

void undo_on_ack(struct tcb *t, const struct ack_event *ev, const struct tcp_seg *seg,
		 const struct delivery *d)
{
	struct tcp_recovery *r = &t->x->recovery;

	if (!recovery_lasts(t) && seq_gt(t->snd.una, r->undo_until))
		r->undo = false; /* a round trip later nothing more will be heard */
	if (!r->undo || r->undo_resent == 0)
		return;
	if (eifel(t, ev, seg) || all_came_twice(t, d))
		take_back(t, ev->now);
}
