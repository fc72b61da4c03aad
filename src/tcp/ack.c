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

/*
 * Karn (MUST-18): a run that was sent twice gives no sample by its own time. With timestamps the
 * echo says which of the two it was. The oldest run that this ACK covers is measured; if any was
 * sent again, its neighbours may have waited behind the hole, and only the echo counts.
 */
static duration measure(const struct tcb *t, const struct tcp_seg *seg, instant now)
{
	const struct sent *sent = &t->x->sent;
	bool resent = false;
	instant oldest = INSTANT_NEVER;

	for (uint32_t i = 0; i < sent->count; i++) {
		const struct run *r = sent_run(sent, i);

		if (!seq_leq(seq_add(r->seq, r->len), seg->ack))
			break;
		resent |= (r->flags & RUN_RETRANSMITTED) != 0;
		oldest = earlier(oldest, r->sent_at);
	}
	if (!resent && !is_never(oldest))
		return since(oldest, now);
	if (has(t, TF_TS) && seg->opts.present & AKSU_OPT_TS && !ts_eq(seg->opts.tsecr, ts_at(0))) {
		uint32_t ticks = ts_dist(seg->opts.tsecr, tcp_ts_now(t, now));

		if (ticks < RTO_MAX.ns / TS_TICK.ns)
			return nanoseconds(max_u64(ticks, 1) * TS_TICK.ns);
	}
	return nanoseconds(0);
}

/* SND.UNA <- SEG.ACK: frees what is acknowledged; returns the octets of text among it. */
static uint32_t advance_una(struct tcb *t, tcp_seq ack, instant now)
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
	x->delivered += text;
	x->delivered_at = now;
	if (has(t, TF_SND_URGENT) && seq_geq(ack, t->snd.up))
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
	cc->ssthresh = SSTHRESH_INFINITE;
	cc->cwnd = initial_window(mss);
	if (has(t, TF_SYN_RESENT)) {
		cc->cwnd = mss;
		if (t->rtt.srtt_us == 0) /* RFC 6298 5.7 */
			t->rtt.rto_us = (uint32_t)max_u64(t->rtt.rto_us, to_us(RTO_AFTER_SYN_LOSS));
		t->backoff = 0;
	}
	cc_ops_of(t->conf->cc)->start(cc, now);
}

void tcp_ack(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	struct tcb_ext *x = t->x;
	struct ack_event ev = {
		.now = now,
		.in_flight = snd_in_flight(t),
		.batch = x != NULL ? x->batch : 0,
		.ece = seg_has(seg, AKSU_ECE),
		.cwnd_limited = has(t, TF_CWND_LIMITED),
	};
	bool handshake = seq_eq(t->snd.una, t->iss);

	if (x == NULL) { /* nothing is outstanding: only the window can be news */
		on_ack_heard(t, now);
		snd_window_update(t, seg, now);
		return;
	}
	ev.in_recovery = x->recovery.active;
	ev.duplicate = is_duplicate(t, seg);
	ev.advanced = seq_lt(t->snd.una, seg->ack);
	if (ev.advanced) {
		ev.rtt = measure(t, seg, now);
		ev.acked = advance_una(t, seg->ack, now);
		if (ev.rtt.ns > 0 && !(handshake && has(t, TF_SYN_RESENT)))
			rtt_sample(t, ev.rtt);
		t->notices |= NOTICE_PROGRESS;
	}
	on_ack_heard(t, now);
	snd_window_update(t, seg, now);
	if (handshake && ev.advanced)
		begin_window(t, now);
	else
		loss_newreno.on_ack(t, &ev);
	/* F5: the ACK of a SYN never grows the window. */
	if (ev.acked > 0 && !handshake && !ev.in_recovery && !x->recovery.active)
		cc_ops_of(t->conf->cc)->on_ack(&x->cc, &ev);
	if (ev.advanced)
		on_new_ack(t, now);
}
