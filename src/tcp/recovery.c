/* SPDX-License-Identifier: MIT */
/*
 * tcp/recovery.c - loss detection by duplicate ACKs: fast retransmit (RFC 5681 3.2), NewReno (RFC
 * 6582).
 *
 * RFC 6582 section 3.2, step by step; `recover` guards against a second recovery for the same
 * window (step 1, and section 4.1 after a time-out). Runs are marked lost here and sent by
 * output.c.
 */
#include "tcp/tcp.h"

static void report_loss(struct tcb *t, const struct run *r)
{
	struct aksu_event *e = tcb_event(t, AKSU_EVENT_LOSS);

	if (e != NULL) {
		e->seq = seq_raw(r->seq);
		e->length = r->len;
	}
}

static void report_cwnd(struct tcb *t) { (void)tcb_event(t, AKSU_EVENT_CWND); }

/*
 * The first segment of what is outstanding is taken for lost: one segment, whatever the run holds.
 */
static void lose_head(struct tcb *t)
{
	struct sent *sent = &t->x->sent;
	uint32_t one = eff_snd_mss(t);
	struct run *head;

	if (sent->count == 0)
		return;
	head = sent_run(sent, 0);
	if (head->flags & RUN_LOST)
		return;
	if (head->len > one && !sent_split(sent, &t->env->mem, 0, one))
		return; /* no memory: the time-out will do it */
	head = sent_run(sent, 0);
	sent_mark_lost(sent, head);
	report_loss(t, head);
}

/* Steps 2 and 3: enter fast recovery. */
static void enter(struct tcb *t, const struct ack_event *ev)
{
	struct tcp_recovery *r = &t->x->recovery;
	struct cc *cc = &t->x->cc;

	r->active = true;
	r->after_rto = false;
	r->recover = t->snd.nxt;
	r->recover_set = true;
	cc_ops_of(t->conf->cc)->on_loss(cc, ev);
	cc->cwnd = cc->ssthresh + DUPACK_THRESHOLD * cc->smss;
	lose_head(t);
	report_cwnd(t);
}

static void on_duplicate(struct tcb *t, const struct ack_event *ev)
{
	struct tcp_recovery *r = &t->x->recovery;

	r->dupacks++;
	if (r->active) {
		/* RFC 5681 3.2 step 4: each duplicate says that one segment has left. */
		t->x->cc.cwnd += t->x->cc.smss;
		return;
	}
	if (r->dupacks != DUPACK_THRESHOLD)
		return;
	/* Step 1: only if the ACK covers more than `recover` (RFC 6582 3.2, 4.1). */
	if (r->recover_set && !seq_gt(t->snd.una, r->recover))
		return;
	enter(t, ev);
}

/* A full acknowledgement: deflate once (F9). */
static void leave(struct tcb *t, const struct ack_event *ev)
{
	struct cc *cc = &t->x->cc;
	uint32_t flight = snd_in_flight(t);

	(void)ev;
	t->x->recovery.active = false;
	cc->cwnd = min_u32(cc->ssthresh, max_u32(flight, cc->smss) + cc->smss);
	report_cwnd(t);
}

/* A partial one: the next hole, and deflate by what was acknowledged. */
static void on_partial(struct tcb *t, const struct ack_event *ev)
{
	struct cc *cc = &t->x->cc;

	cc->cwnd = cc->cwnd > ev->acked ? cc->cwnd - ev->acked : 0;
	if (ev->acked >= cc->smss)
		cc->cwnd += cc->smss;
	cc->cwnd = max_u32(cc->cwnd, cc->smss);
	lose_head(t);
}

static void on_ack(struct tcb *t, const struct ack_event *ev)
{
	struct tcp_recovery *r = &t->x->recovery;

	if (ev->duplicate) {
		on_duplicate(t, ev);
		return;
	}
	if (!ev->advanced)
		return;
	r->dupacks = 0;
	if (r->active && seq_geq(t->snd.una, r->recover))
		leave(t, ev);
	else if (r->active)
		on_partial(t, ev);
	else if (r->after_rto && seq_geq(t->snd.una, r->recover))
		r->after_rto = false;
	/* Beyond it, `recover` has no more to say; kept, it would mislead after 2^31 octets. */
	if (!r->active && r->recover_set && seq_gt(t->snd.una, r->recover))
		r->recover_set = false;
}

/* RFC 6298 5.4-5.6, RFC 5681 3.1: everything outstanding is in doubt; cwnd is one segment. */
static void on_rto(struct tcb *t, instant now)
{
	struct sent *sent = &t->x->sent;
	struct tcp_recovery *r = &t->x->recovery;
	bool first = t->backoff == 0;

	cc_ops_of(t->conf->cc)->on_rto(&t->x->cc, snd_outstanding(t), first, now);
	r->active = false;
	r->dupacks = 0;
	r->after_rto = true;
	r->recover = t->snd.nxt;
	r->recover_set = true;
	for (uint32_t i = 0; i < sent->count; i++)
		sent_mark_lost(sent, sent_run(sent, i));
	if (sent->count > 0)
		report_loss(t, sent_run(sent, 0));
	report_cwnd(t);
}

const struct loss_ops loss_newreno = {
	.name = "newreno",
	.on_ack = on_ack,
	.on_rto = on_rto,
};
