/* SPDX-License-Identifier: MIT */
/*
 * tcp/recovery.c - episodes of loss: how they begin and end, and what may be sent meanwhile.
 *
 * RFC 5681 3.1 and 3.2 (windows), RFC 9937 (proportional rate reduction; it replaces RFC 6937),
 * with SACK and without. It does not know how losses are found (dupack.c, rack.c), nor whether they
 * were any (undo.c).
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

/* ---------------------------------------------------------------- beginning and end */

void recovery_enter(struct tcb *t, const struct ack_event *ev)
{
	struct tcp_recovery *r = &t->x->recovery;
	struct cc *cc = &t->x->cc;

	if (!recovery_lasts(t))
		undo_remember(t);
	r->active = true;
	r->after_rto = false;
	r->frto = FRTO_OFF;
	r->recover = t->snd.nxt;
	r->recover_set = true;
	r->began = ev->now;
	cc->ops->on_loss(cc, ev);
	ecn_reduced(t);
	r->prr_delivered = 0;
	r->prr_from = t->x->sent.octets;
	r->recover_fs = snd_outstanding(t) - t->x->sent.sacked - r->guessed + ev->delivered;
	tlp_reset(t);
	report_cwnd(t);
}

/*
 * RFC 9937: cwnd is ssthresh. Where less is in flight, for much of it was lost, the rest does not
 * go at once (F19): it begins as a connection does, and slow start goes on to ssthresh.
 */
void recovery_leave(struct tcb *t)
{
	struct tcp_recovery *r = &t->x->recovery;
	struct cc *cc = &t->x->cc;

	r->active = false;
	r->guessed = 0;
	r->undo_until = t->snd.nxt;
	if (!cc->ops->model) {
		cc->cwnd = cc->ssthresh;
		if (snd_unsent(t) > 0)
			cc->cwnd =
				min_u32(cc->cwnd, snd_in_flight(t) + initial_window(cc->smss));
	}
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

	frto_begin(t);
	if (!recovery_lasts(t))
		undo_remember(t);
	t->x->cc.ops->on_rto(&t->x->cc, snd_outstanding(t), first, now);
	ecn_reduced(t);
	r->active = false;
	r->dupacks = 0;
	r->guessed = 0;
	r->after_rto = true;
	r->recover = r->undo_until = t->snd.nxt;
	r->recover_set = true;
	report_cwnd(t);
}

/* ---------------------------------------------------------------- meanwhile */

/* In proportion, while more is in flight than ssthresh. */
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

	if (cc->ops->model || (delivered == 0 && out > 0))
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
	return r->frto == FRTO_NEW ? max_u32(cwnd, r->frto_window) : cwnd;
}

void loss_resent(struct tcb *t, struct run *r, instant now)
{
	sent_mark_resent(&t->x->sent, r, now);
	undo_resent(t, r, now);
	if (has(t, TF_SACK) && tcp_synchronized(t) &&
	    !sent_note_resent(&t->x->sent, &t->env->mem, r))
		return; /* no memory: if it is lost again, the time-out finds it */
}
