/* SPDX-License-Identifier: MIT */
/*
 * tcp/dupack.c - loss by duplicate ACKs, for peers without SACK: fast retransmit (RFC 5681 3.2) and
 * NewReno (RFC 6582).
 *
 * RFC 6582 section 3.2, step by step; `recover` guards against a second recovery for the same
 * window (step 1, and section 4.1 after a time-out). Runs are marked lost here and sent by
 * output.c; the first two duplicates send new segments (RFC 3042: loss_window()).
 */
#include "tcp/tcp.h"

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
	loss_report(t, head);
}

static void on_duplicate(struct tcb *t, const struct ack_event *ev)
{
	struct tcp_recovery *r = &t->x->recovery;

	if (r->dupacks < UINT16_MAX)
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
	recovery_enter(t, ev); /* steps 2 and 3 */
	lose_head(t);
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

/* A full acknowledgement: deflate once (F9). */
static void on_full(struct tcb *t)
{
	const struct cc *cc = &t->x->cc;
	uint32_t flight = snd_in_flight(t);

	recovery_leave(t, min_u32(cc->ssthresh, max_u32(flight, cc->smss) + cc->smss));
}

static void on_ack(struct tcb *t, const struct ack_event *ev, const struct delivery *d)
{
	struct tcp_recovery *r = &t->x->recovery;

	(void)d;
	if (ev->duplicate) {
		on_duplicate(t, ev);
		return;
	}
	if (!ev->advanced)
		return;
	r->dupacks = 0;
	if (r->active && seq_geq(t->snd.una, r->recover))
		on_full(t);
	else if (r->active)
		on_partial(t, ev);
	else if (r->after_rto && seq_geq(t->snd.una, r->recover))
		r->after_rto = false;
	/* Beyond it, `recover` has no more to say; kept, it would mislead after 2^31 octets. */
	if (!r->active && r->recover_set && seq_gt(t->snd.una, r->recover))
		r->recover_set = false;
}

/* RFC 6298 5.4-5.6: everything outstanding is in doubt. */
static void on_rto(struct tcb *t, instant now)
{
	struct sent *sent = &t->x->sent;

	recovery_rto(t, now);
	for (uint32_t i = 0; i < sent->count; i++)
		sent_mark_lost(sent, sent_run(sent, i));
	if (sent->count > 0)
		loss_report(t, sent_run(sent, 0));
}

const struct loss_ops loss_newreno = {
	.name = "newreno",
	.on_ack = on_ack,
	.on_rto = on_rto,
};
