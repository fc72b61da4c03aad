/* SPDX-License-Identifier: MIT */
/*
 * tcp/rack.c - loss by time: what was sent before something that has arrived, and longer ago than a
 * round trip and the reordering window, is lost.
 *
 * RFC 8985 section 6, step by step; the detector where SACK was agreed on. It asks only the oldest
 * of what was sent once and the oldest of what was sent again: behind them all is younger. Episodes
 * are recovery.c's, the timer is timeout.c's.
 */
#include "tcp/tcp.h"

/* RFC 8985 6.2: RACK_sent_after(). */
static bool sent_after(instant t1, tcp_seq end1, instant t2, tcp_seq end2)
{
	return before(t2, t1) || (t1.ns == t2.ns && seq_gt(end1, end2));
}

static struct tcp_rack_sample *sample_at(struct tcp_rack *k, unsigned i)
{
	return &k->sample[(k->samples_head + i) % RACK_SAMPLES];
}

/* Step 4: as many quarters of the shortest round trip as were found needed. */
static duration widest(const struct tcb *t)
{
	uint64_t us = (uint64_t)(t->x->rack.reo_wnd_more + 1u) * t->x->min_rtt_us / 4;

	return microseconds(min_u64(us, t->rtt.srtt_us));
}

/*
 * DEPARTS: RFC 7323 3.2 has the time at which a segment is sent. Where the path reorders, what is
 * sent again overtakes what was sent shortly before it, and a peer that heeds 5.3 to the letter
 * then drops that. So it tells the time of before the reordering window, which is still long after
 * the first copy.
 */
instant rack_stamp(const struct tcb *t, instant sent_at)
{
	uint64_t held = min_u64(widest(t).ns, microseconds(t->rtt.srtt_us).ns / 2);

	if (has(t, TF_REORDERS))
		sent_at.ns -= min_u64(held, sent_at.ns);
	return sent_at;
}

/* ---------------------------------------------------------------- steps 2 and 3: what arrived */

/*
 * Step 2: of a run that was sent again, which copy arrived? Not the last one if the peer echoes an
 * older timestamp, or if no round trip was ever so short (F15).
 */
static bool is_ambiguous(const struct tcb *t, const struct run *r, const struct tcp_seg *seg,
			 instant now)
{
	if (!(r->flags & RUN_RETRANSMITTED))
		return false;
	if (has(t, TF_TS) && seg->opts.present & AKSU_OPT_TS &&
	    ts_lt(seg->opts.tsecr, tcp_ts_now(t, rack_stamp(t, r->sent_at))))
		return true;
	return to_us(since(r->sent_at, now)) < t->x->min_rtt_us;
}

void rack_delivered(const struct tcb *t, const struct run *r, tcp_seq end,
		    const struct tcp_seg *seg, instant now, struct delivery *d)
{
	const struct tcp_rack *k = &t->x->rack;

	/* Step 3: RACK.fack is as it was before this ACK, whose own blocks come in any order. */
	if (seq_lt(end, k->fack) && !(r->flags & RUN_RETRANSMITTED))
		d->reordered = true;
	d->highest = seq_max(d->highest, end);
	if (is_ambiguous(t, r, seg, now))
		return;
	if (d->known && !sent_after(r->sent_at, end, d->newest, d->newest_end))
		return;
	d->known = true;
	d->newest = r->sent_at;
	d->newest_end = end;
}

/*
 * DEPARTS: keeps a few round trips of the last reordering window. Step 5 asks by the latest how
 * long something is overdue; while a queue empties each is shorter than the one before, and then
 * nothing is left of the window for what was sent when it was long.
 */
static void sample_rtt(struct tcb *t, instant now)
{
	struct tcp_rack *k = &t->x->rack;
	duration apart = nanoseconds(widest(t).ns / RACK_SAMPLES);

	if (k->samples > 0 && before(now, after(sample_at(k, k->samples - 1)->at, apart)))
		return;
	if (k->samples == RACK_SAMPLES) {
		k->samples_head++;
		k->samples--;
	}
	*sample_at(k, k->samples++) = (struct tcp_rack_sample){now, k->rtt};
}

/* The round trip of the first that was sent later, or the latest, whichever is longer. */
static duration rtt_since(struct tcp_rack *k, instant sent_at)
{
	for (unsigned i = 0; i < k->samples; i++) {
		const struct tcp_rack_sample *m = sample_at(k, i);

		if (before(after(sent_at, m->rtt), m->at))
			return longer(m->rtt, k->rtt) ? m->rtt : k->rtt;
	}
	return k->rtt;
}

static void update(struct tcb *t, const struct delivery *d, instant now)
{
	struct tcp_rack *k = &t->x->rack;

	if (d->reordered)
		t->flags |= TF_REORDERS;
	k->fack = seq_max(k->fack, d->highest);
	if (!d->known)
		return;
	k->rtt = since(d->newest, now);
	if (k->known && !sent_after(d->newest, d->newest_end, k->xmit_ts, k->end_seq))
		return;
	k->xmit_ts = d->newest;
	k->end_seq = d->newest_end;
	k->known = true;
	sample_rtt(t, now);
}

/* ---------------------------------------------------------------- step 4: the reordering window */

/*
 * It grows by a quarter of the shortest round trip in each round that brings a D-SACK, and shrinks
 * again after sixteen recoveries without.
 */
static void adapt(struct tcb *t, const struct delivery *d, bool left)
{
	struct tcp_rack *k = &t->x->rack;

	if (k->dsack_round_set && seq_geq(t->snd.una, k->dsack_round))
		k->dsack_round_set = false;
	if (!k->dsack_round_set && d->dsack) {
		k->dsack_round_set = true;
		k->dsack_round = t->snd.nxt;
		if (k->reo_wnd_more < UINT8_MAX)
			k->reo_wnd_more++;
		k->reo_wnd_persist = REO_WND_PERSIST;
	} else if (left && k->reo_wnd_persist > 0 && --k->reo_wnd_persist == 0) {
		k->reo_wnd_more = 0;
	}
}

/* RACK.segs_sacked; a large run counts for the segments in it. */
static uint32_t segs_sacked(const struct tcb *t)
{
	const struct sent *s = &t->x->sent;

	return max_u32(s->sacked_runs, s->sacked / max_u32(t->x->cc.smss, 1));
}

static duration reo_wnd(const struct tcb *t)
{
	if (!has(t, TF_REORDERS) && (recovery_lasts(t) || segs_sacked(t) >= DUPACK_THRESHOLD))
		return nanoseconds(0);
	return widest(t);
}

/* ---------------------------------------------------------------- step 5: what is lost */

/* When a run that RACK.segment was sent after is lost, if it does not arrive; else never. */
static instant lost_at(const struct tcb *t, tcp_seq end, instant sent_at)
{
	struct tcp_rack *k = &t->x->rack;

	if (!k->known || !sent_after(k->xmit_ts, k->end_seq, sent_at, end))
		return INSTANT_NEVER;
	return after(after(sent_at, rtt_since(k, sent_at)), reo_wnd(t));
}

/* The oldest of what was sent once and is neither lost nor here; remembers how far it looked. */
static struct run *oldest_once(struct tcb *t)
{
	struct sent *s = &t->x->sent;
	uint32_t i = sent_find(s, s->once_from);

	while (i < s->count) {
		struct run *r = sent_run(s, i);

		if (r->flags & RUN_SACKED) {
			i = sent_skip_sacked(s, i);
		} else if (r->flags & (RUN_LOST | RUN_RETRANSMITTED)) {
			i++;
		} else {
			s->once_from = r->seq;
			return r;
		}
	}
	s->once_from = t->snd.nxt;
	return NULL;
}

static struct run *oldest_again(struct tcb *t)
{
	struct sent *s = &t->x->sent;
	const struct resent *n = sent_oldest_resent(s);

	return n != NULL ? sent_run(s, sent_find(s, n->seq)) : NULL;
}

struct verdict {
	instant next; /* when the oldest that waits will be lost */
	bool found;
	bool again; /* among what was found: sent again in this episode, and lost again (F20) */
};

/* Marks a run if its time has come; else the ones behind it are younger. */
static bool judge(struct tcb *t, struct run *r, instant now, struct verdict *v)
{
	instant at = lost_at(t, run_end(r), r->sent_at);

	if (!due(at, now)) {
		v->next = earlier(v->next, at);
		return false;
	}
	if (mtu_probe_lost(t, r)) {
		sent_mark_lost(&t->x->sent, r);
		loss_report(t, r);
		return true;
	}
	v->found = true;
	if (r->flags & RUN_RETRANSMITTED && !before(r->sent_at, t->x->recovery.began))
		v->again = true;
	sent_mark_lost(&t->x->sent, r);
	loss_report(t, r);
	rate_lost(t, r);
	return true;
}

/*
 * RACK_detect_loss(). The timer is set to the earliest moment at which a run will be lost, where
 * the RFC has the latest: each goes again as soon as it may.
 */
static struct verdict detect(struct tcb *t, instant now)
{
	struct verdict v = {.next = INSTANT_NEVER};
	struct run *r;

	do
		r = oldest_once(t);
	while (r != NULL && judge(t, r, now, &v));
	do
		r = oldest_again(t);
	while (r != NULL && judge(t, r, now, &v));
	t->x->rack.next = v.next;
	return v;
}

/* Found lost: an episode begins, or a second one where what was sent again is lost again. */
static void react(struct tcb *t, const struct ack_event *ev, const struct verdict *v)
{
	const struct tcp_recovery *rec = &t->x->recovery;

	if (v->found && !rec->after_rto && (!rec->active || v->again))
		recovery_enter(t, ev);
}

void rack_timeout(struct tcb *t, instant now)
{
	struct ack_event ev = {
		.now = now,
		.in_flight = snd_in_flight(t),
		.flight = cwnd_flight(t),
	};
	struct verdict v = detect(t, now);

	react(t, &ev, &v);
	if (v.found && t->x->recovery.active)
		prr_on_ack(t, 0, false);
}

instant rack_deadline(const struct tcb *t) { return tcb_x(t)->rack.next; }

/* ---------------------------------------------------------------- the detector */

static bool has_ended(struct tcb *t)
{
	struct tcp_recovery *rec = &t->x->recovery;

	if (!recovery_lasts(t) || seq_lt(t->snd.una, rec->recover))
		return false;
	if (rec->active)
		recovery_leave(t);
	rec->after_rto = false;
	return true;
}

static void on_ack(struct tcb *t, const struct ack_event *ev, const struct delivery *d)
{
	struct verdict v;

	tlp_on_ack(t, ev, d);
	update(t, d, ev->now);
	adapt(t, d, has_ended(t));
	v = detect(t, ev->now);
	react(t, ev, &v);
	if (t->x->recovery.active)
		prr_on_ack(t, ev->delivered, ev->advanced && !v.found);
}

/*
 * 6.3: the first is lost, and what was sent a round trip and the reordering window ago. What the
 * peer reported is still believed once, unless it names what SND.UNA stands before: then the peer
 * has thrown it away (RFC 2018 section 8, RFC 6675 5.1 and its erratum 1610; F11).
 */
static void on_rto(struct tcb *t, instant now)
{
	struct sent *s = &t->x->sent;
	const struct tcp_rack *k = &t->x->rack;
	duration rtt = k->known ? k->rtt : microseconds(t->rtt.srtt_us), wait;

	if (s->count == 0)
		return;
	if (t->backoff > 0 || sent_run(s, 0)->flags & RUN_SACKED)
		sent_unsack(s);
	tlp_reset(t);
	recovery_rto(t, now);
	wait = reo_wnd(t);
	for (uint32_t i = 0; i < s->count; i++) {
		struct run *r = sent_run(s, i);

		if (i == 0 || due(after(after(r->sent_at, rtt), wait), now)) {
			sent_mark_lost(s, r);
			rate_lost(t, r);
		}
	}
	loss_report(t, sent_run(s, 0));
	t->x->rack.next = INSTANT_NEVER;
}

const struct loss_ops loss_rack = {
	.name = "rack",
	.on_ack = on_ack,
	.on_rto = on_rto,
};
