/* SPDX-License-Identifier: MIT */
/*
 * tcp/ack.c - one acceptable ACK, from SND.UNA to the congestion window.
 *
 * RFC 9293 section 3.10.7.4, fifth step, ESTABLISHED; RFC 5681 section 2 (what a duplicate is);
 * RFC 6298 section 3 and RFC 7323 section 4 (what may be measured). The findings travel as one
 * value, struct ack_event.
 */
#include "tcp/tcp.h"

/* RFC 5681 section 2: all five (F1). */
static bool is_duplicate(const struct tcb *t, const struct tcp_seg *seg)
{
	return snd_outstanding(t) > 0 &&       /* (a) */
	       seg->len == 0 &&                /* (b) and (c): no text, no SYN, no FIN */
	       seq_eq(seg->ack, t->snd.una) && /* (d) */
	       seg->wnd == t->snd.wnd;         /* (e) */
}

/* What the ACK covers and was not SACKed before, run by run. */
static void note_acked(const struct tcb *t, const struct tcp_seg *seg, instant now,
		       struct delivery *d)
{
	const struct sent *sent = &t->x->sent;
	uint32_t i = 0;

	while (i < sent->count && seq_lt(sent_run(sent, i)->seq, seg->ack)) {
		const struct run *r = sent_run(sent, i);
		tcp_seq end = seq_min(run_end(r), seg->ack);

		if (r->flags & RUN_SACKED) {
			i = sent_skip_sacked(sent, i);
			continue;
		}
		d->octets += seq_dist(r->seq, end);
		if (r->flags & RUN_RETRANSMITTED)
			note_resent(d, r->sent_at);
		else
			d->oldest = earlier(d->oldest, r->sent_at);
		rack_delivered(t, r, end, seg, now, d);
		rate_delivered(t, r, end, d);
		i++;
	}
}

/*
 * RFC 7323 4.1: by the echo, on an ACK of new data. If some of it was sent twice, an echo from
 * before the second time may come with an ACK that the second copy brought: then it holds all of
 * the wait in between, and says nothing. Too soon for the second copy, it is for the first.
 */
static duration by_echo(const struct tcb *t, const struct tcp_seg *seg, instant now,
			const struct delivery *d)
{
	uint32_t ticks;
	duration rtt;
	bool first_copy;

	if (!has(t, TF_TS) || !(seg->opts.present & AKSU_OPT_TS) ||
	    ts_eq(seg->opts.tsecr, ts_at(0)))
		return nanoseconds(0);
	first_copy =
		d->resent && ts_lt(seg->opts.tsecr, tcp_ts_now(t, rack_stamp(t, d->resent_at)));
	if (first_copy && to_us(since(d->resent_at, now)) >= t->x->min_rtt_us)
		return nanoseconds(0);
	ticks = ts_dist(seg->opts.tsecr, tcp_ts_now(t, now));
	if (ticks >= RTO_MAX.ns / TS_TICK.ns)
		return nanoseconds(0);
	rtt = nanoseconds(max_u64(ticks, 1) * TS_TICK.ns);
	if (d->resent && !first_copy && longer(rtt, since(d->resent_at, now)))
		return since(d->resent_at, now); /* its stamp is from before it was sent */
	return rtt;
}

/*
 * Karn (MUST-18): what was sent twice gives no sample by its own time. The oldest of what this ACK
 * covers is measured, or what it SACKs; but if any of it was sent again, or came twice, that may
 * have brought the ACK, and the rest have waited for it since an ACK that was lost. Then the echo
 * says which copy it was.
 */
static duration measure(const struct tcb *t, const struct tcp_seg *seg, const struct ack_event *ev,
			const struct delivery *d)
{
	if (!d->resent && !is_never(d->oldest))
		return since(d->oldest, ev->now);
	if (!d->resent && !d->dsack && !is_never(d->sacked_at))
		return since(d->sacked_at, ev->now);
	return ev->advanced ? by_echo(t, seg, ev->now, d) : nanoseconds(0);
}

/* SND.UNA <- SEG.ACK: frees what is acknowledged; returns the octets of text among it. */
static uint32_t advance_una(struct tcb *t, tcp_seq ack)
{
	struct tcb_ext *x = t->x;
	uint32_t k = seq_dist(t->snd.una, ack), text = k;
	bool syn = seq_eq(t->snd.una, t->iss);

	if (syn)
		text--;
	text = min_u32(text, x->sndq.length); /* the FIN, if it is among it, is not in the queue */
	if (seq_dist(t->iss, t->snd.una) > UINT32_MAX - k)
		t->una_wraps++;
	t->snd.una = ack;
	bytes_drop(&x->sndq, &t->env->mem, text);
	sent_ack(&x->sent, &t->env->mem, ack);
	if (x->sent.lost == 0)
		t->flags &= ~(uint32_t)TF_RTX_PMTU;
	if (has(t, TF_SND_URGENT) && seq_geq(ack, t->x->snd_up))
		t->flags &= ~(uint32_t)TF_SND_URGENT;
	return text;
}

/*
 * The handshake is over: cwnd begins (RFC 6928; one segment when the SYN was lost, RFC 5681 3.1).
 */
static void begin_window(struct tcb *t, instant now)
{
	struct cc *cc = &t->x->cc;
	uint32_t mss = eff_snd_mss(t);

	cc->smss = mss;
	cc->srtt_us = t->rtt.srtt_us;
	cc->ssthresh = SSTHRESH_INFINITE;
	cc->cwnd = initial_window(mss);
	if (has(t, TF_SYN_RESENT)) {
		cc->cwnd = mss;
		if (t->rtt.srtt_us == 0) /* RFC 6298 5.7 */
			t->rtt.rto_us = (uint32_t)max_u64(t->rtt.rto_us, to_us(RTO_AFTER_SYN_LOSS));
		t->backoff = 0;
	}
	cc_begin(cc, cc_ops_of(t->conf->cc), now);
}

/* SND.UNA moves, blocks are marked; what has arrived is known afterwards, and how long it took. */
static void take_stock(struct tcb *t, const struct tcp_seg *seg, instant now, struct ack_event *ev,
		       struct delivery *d)
{
	struct tcb_ext *x = t->x;

	if (ev->advanced) {
		note_acked(t, seg, now, d);
		ev->acked = advance_una(t, seg->ack);
		t->notices |= NOTICE_PROGRESS;
	}
	d->highest = t->snd.una;
	if (has(t, TF_SACK))
		sack_read(t, seg, now, d);
	ev->delivered = d->octets;
	ev->delivered_total = x->delivered += d->octets;
	if (d->octets == 0)
		return;
	x->delivered_at = now;
	ev->rtt = measure(t, seg, ev, d);
}

/* A round trip of the connection: from SND.NXT to its acknowledgement. */
static bool round_started(struct tcb *t)
{
	struct tcb_ext *x = t->x;

	if (seq_lt(t->snd.una, x->round_end))
		return false;
	x->round_end = t->snd.nxt;
	cwnd_round(t);
	return true;
}

/* The congestion control hears of it last, when all that the ACK says is known. */
static void tell_cc(struct tcb *t, struct ack_event *ev, const struct delivery *d)
{
	struct tcb_ext *x = t->x;

	ev->flight_now = snd_in_flight(t);
	ev->in_recovery |= x->recovery.active;
	ev->recovering = recovery_lasts(t);
	ev->has_sack = has(t, TF_SACK);
	ev->round_start = round_started(t);
	ev->srtt = microseconds(t->rtt.srtt_us);
	ev->min_rtt = microseconds(x->min_rtt_us);
	ev->lost = (uint32_t)min_u64(x->sent.found_lost - x->lost_told, UINT32_MAX);
	x->lost_told = x->sent.found_lost;
	/* A hole is no loss where the path reorders: the window grows by what came behind it, as it
	 * comes, and not in one jump when the hole is filled. */
	if (has(t, TF_REORDERS))
		ev->acked = ev->delivered;
	x->cc.srtt_us = t->rtt.srtt_us;
	if (x->cc.ops->model)
		rate_sample(t, d, ev);
	x->cc.ops->on_ack(&x->cc, ev);
	if (x->cc.holds_back)
		rate_mark_limited(t);
}

void tcp_ack(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	struct tcb_ext *x = t->x;
	struct ack_event ev = {
		.now = now,
		.in_flight = snd_in_flight(t),
		.batch = x != NULL ? x->batch : 0,
		.flight = cwnd_flight(t),
		.cwnd_limited = cwnd_limited(t),
	};
	struct delivery d = {.oldest = INSTANT_NEVER, .sacked_at = INSTANT_NEVER};
	bool handshake = seq_eq(t->snd.una, t->iss);

	if (x == NULL) { /* nothing is outstanding: only the window can be news */
		on_ack_heard(t, now);
		snd_window_update(t, seg, now);
		return;
	}
	rate_check_limited(t, now);
	ev.in_recovery = x->recovery.active;
	ev.duplicate = is_duplicate(t, seg);
	ev.advanced = seq_lt(t->snd.una, seg->ack);
	take_stock(t, seg, now, &ev, &d);
	if (!handshake)
		ecn_on_ack(t, seg, &ev);
	if (ev.rtt.ns > 0 && !(handshake && has(t, TF_SYN_RESENT)))
		rtt_sample(t, ev.rtt);
	on_ack_heard(t, now);
	snd_window_update(t, seg, now);
	if (handshake && ev.advanced) {
		begin_window(t, now);
	} else {
		mtu_on_ack(t, &ev);
		loss_ops_of(t)->on_ack(t, &ev, &d);
		undo_on_ack(t, &ev, seg, &d);
		ecn_react(t, &ev);
	}
	if (ev.delivered > 0 && !handshake) /* F5: the ACK of a SYN never grows the window */
		tell_cc(t, &ev, &d);
	if (ev.advanced)
		on_new_ack(t, now);
	on_losses_judged(t);
}
