/* SPDX-License-Identifier: MIT */
/*
 * tcp/rate.c - at which rate the path delivers: one sample for each ACK.
 *
 * draft-ietf-ccwg-bbr section 4.1 (draft-cheng-iccrg-delivery-rate), by its names: C is the
 * connection, P a run of tcp/sent.h, RS the sample. What is delivered between the sending of a run
 * and its acknowledgement is held against the longer of the two times in which it was sent and
 * acknowledged. It owns no time and no window: it measures, for algorithms with a model.
 */
#include "tcp/tcp.h"

static bool is_wanted(const struct tcb *t) { return t->x->cc.ops->model; }

/* 4.1.2.2, OnPacketSent(), when the run is counted already. */
void rate_sent(const struct tcb *t, struct run *r, instant now)
{
	struct tcb_ext *x = t->x;
	uint32_t in_flight = snd_in_flight(t);

	if (in_flight <= r->len) /* C.inflight == 0, before it */
		x->first_sent_at = x->delivered_at = now;
	r->delivered_at = x->delivered_at;
	r->delivered = (uint32_t)x->delivered;
	r->lost = (uint32_t)x->sent.found_lost;
	r->send_elapsed_us = (uint32_t)min_u64(to_us(since(x->first_sent_at, now)), UINT32_MAX);
	r->tx_in_flight = in_flight;
	r->flags &= (uint16_t)~RUN_APP_LIMITED;
	if (x->app_limited != 0)
		r->flags |= RUN_APP_LIMITED;
}

/* IsNewestPacket() */
static bool is_newest(const struct tcb *t, const struct run *r, tcp_seq end,
		      const struct delivery *d)
{
	instant newest = t->x->first_sent_at;

	return before(newest, r->sent_at) ||
	       (newest.ns == r->sent_at.ns && seq_gt(end, d->rate_end));
}

/* 4.1.2.3, UpdateRateSample(): of a run that arrived, or of its front up to `end`. */
void rate_delivered(const struct tcb *t, const struct run *r, tcp_seq end, struct delivery *d)
{
	if (!is_wanted(t) || (d->rate_known && !is_newest(t, r, end, d)))
		return;
	d->rate_known = true;
	d->rate_end = end;
	d->rate_run = *r;
	t->x->first_sent_at = r->sent_at;
}

/* GenerateRateSample() */
void rate_sample(struct tcb *t, const struct delivery *d, struct ack_event *ev)
{
	struct tcb_ext *x = t->x;
	const struct run *p = &d->rate_run;
	struct rate_sample *rs = &ev->rs;
	uint64_t interval;

	if (x->app_limited != 0 && x->delivered > x->app_limited)
		x->app_limited = 0; /* the bubble is acknowledged, and gone */
	if (!d->rate_known)
		return;
	rs->delivered = (uint32_t)x->delivered - p->delivered;
	rs->prior_delivered = x->delivered - rs->delivered;
	rs->lost = (uint32_t)x->sent.found_lost - p->lost;
	rs->tx_in_flight = p->tx_in_flight;
	rs->is_app_limited = p->flags & RUN_APP_LIMITED;
	if (d->known)
		rs->rtt = since(d->newest, ev->now);
	interval = max_u64(microseconds(p->send_elapsed_us).ns, since(p->delivered_at, ev->now).ns);
	if (interval >= microseconds(max_u32(x->min_rtt_us, 1)).ns)
		rs->delivery_rate = rs->delivered * seconds(1).ns / interval;
}

/* 5.5.10.2, HandleLostPacket(): what is known of a run that was just found lost. */
void rate_lost(const struct tcb *t, const struct run *r)
{
	struct cc *cc = &t->x->cc;
	const struct loss_sample lost = {
		.seq = seq_raw(r->seq),
		.len = r->len,
		.tx_in_flight = r->tx_in_flight,
		.lost = (uint32_t)t->x->sent.found_lost - r->lost,
		.delivered_total = t->x->delivered,
		.now = t->env->events.now,
		.is_app_limited = r->flags & RUN_APP_LIMITED,
		.has_sack = has(t, TF_SACK),
	};

	if (cc->ops->on_lost != NULL)
		cc->ops->on_lost(cc, &lost);
}

/* 4.1.2.4, MarkConnectionAppLimited(): what is in flight, and what follows it, tells nothing. */
void rate_mark_limited(struct tcb *t)
{
	t->x->app_limited = max_u64(t->x->delivered + snd_in_flight(t), 1);
}

/*
 * 4.1.2.4, CheckIfApplicationLimited(): the window, the pace and the peer would let a segment go,
 * and there is none. Asked before text is queued, before an ACK is looked at, before timers run.
 */
void rate_check_limited(struct tcb *t, instant now)
{
	const struct tcb_ext *x = t->x;

	if (x == NULL || !is_wanted(t) || snd_unsent(t) >= x->cc.smss || pace_holds(t, now))
		return;
	if (snd_in_flight(t) < x->cc.cwnd && x->sent.lost == 0)
		rate_mark_limited(t);
}
