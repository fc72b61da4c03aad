/* SPDX-License-Identifier: MIT */
/*
 * tcp/dupack.c - loss by duplicate ACKs, for peers without SACK: fast retransmit (RFC 5681 3.2) and
 * NewReno (RFC 6582).
 *
 * RFC 6582 section 3.2, step by step; `recover` guards against a second recovery for the same
 * window (step 1, and section 4.1 after a time-out). Runs are marked lost here and sent by
 * output.c. Each duplicate says that one segment has left the network: that is counted, not
 * blown into cwnd, so that limited transmit (RFC 3042) and RFC 9937 work as with SACK.
 */
#include "tcp/tcp.h"

static void mark_lost(struct tcb *t, struct run *r)
{
	sent_mark_lost(&t->x->sent, r);
	rate_lost(t, r);
}

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
	mark_lost(t, head);
	loss_report(t, head);
}

/* One more segment has arrived, whichever it was; the first two let new ones go (RFC 3042). */
static void guess(struct tcb *t)
{
	struct tcp_recovery *r = &t->x->recovery;
	uint32_t most = snd_outstanding(t) - t->x->sent.lost;

	if (!r->after_rto)
		r->guessed = min_u32(r->guessed + t->x->cc.smss, most);
}

static void on_duplicate(struct tcb *t, const struct ack_event *ev)
{
	struct tcp_recovery *r = &t->x->recovery;
	struct ack_event arrived = *ev;

	arrived.delivered = t->x->cc.smss;
	/* F4: FlightSize, without what limited transmit added. */
	arrived.in_flight = min_u32(snd_outstanding(t), max_u32(t->x->cc.cwnd, ev->in_flight));
	if (r->dupacks < UINT16_MAX)
		r->dupacks++;
	/* Step 1: only if the ACK covers more than `recover` (RFC 6582 3.2, 4.1). */
	if (!r->active &&
	    (r->dupacks > DUPACK_THRESHOLD ||
	     (r->dupacks == DUPACK_THRESHOLD && r->recover_set && !seq_gt(t->snd.una, r->recover))))
		return;
	guess(t);
	if (r->dupacks == DUPACK_THRESHOLD && !r->active) {
		recovery_enter(t, &arrived); /* steps 2 and 3 */
		lose_head(t);
	}
	if (r->active)
		prr_on_ack(t, arrived.delivered, false);
}

/* What was sent again has arrived; the rest, as far as it goes, duplicates had told of. */
static uint32_t told_before(struct tcb *t, uint32_t acked)
{
	struct tcp_recovery *r = &t->x->recovery;
	uint32_t one = min_u32(acked, t->x->cc.smss), known = min_u32(r->guessed, acked - one);

	r->guessed -= known;
	return acked - known;
}

/* A partial one: the next hole. */
static void on_partial(struct tcb *t, const struct ack_event *ev)
{
	uint32_t delivered = told_before(t, ev->acked);

	lose_head(t);
	prr_on_ack(t, delivered, false);
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
		recovery_leave(t);
	if (r->active)
		on_partial(t, ev);
	else
		r->guessed = 0;
	if (r->after_rto && seq_geq(t->snd.una, r->recover))
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
		mark_lost(t, sent_run(sent, i));
	if (sent->count > 0)
		loss_report(t, sent_run(sent, 0));
}

const struct loss_ops loss_newreno = {
	.name = "newreno",
	.on_ack = on_ack,
	.on_rto = on_rto,
};
