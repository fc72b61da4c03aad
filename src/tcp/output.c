/* SPDX-License-Identifier: MIT */
/*
 * tcp/output.c - the only place that builds segments, and the one question: would we send now, and
 * why?
 *
 * RFC 9293 section 3.8 (what may be sent), 3.8.6.2.1 (silly windows), 3.7.4 (Nagle, as Minshall has
 * it: A.3), 3.8.6.1 (probes), 3.5.2 (resets); RFC 5681 and 6298 (what is sent again). Output is
 * pulled: the driver asks when it has room, so ACKs of a batch are one (MUST-58, MUST-59).
 */
#include "tcp/tcp.h"

/* ---------------------------------------------------------------- questions */

/* The number of the first octet in the send queue. */
tcp_seq snd_queue_start(const struct tcb *t)
{
	return seq_eq(t->snd.una, t->iss) ? seq_add(t->iss, 1) : t->snd.una;
}

uint32_t snd_unsent(const struct tcb *t)
{
	uint32_t sent;

	if (t->x == NULL || t->x->sndq.length == 0)
		return 0;
	if (has(t, TF_FIN_SENT) || seq_eq(t->snd.nxt, t->iss))
		return has(t, TF_FIN_SENT) ? 0 : t->x->sndq.length;
	sent = seq_dist(snd_queue_start(t), t->snd.nxt);
	return t->x->sndq.length - min_u32(sent, t->x->sndq.length);
}

uint32_t snd_in_flight(const struct tcb *t)
{
	const struct sent *s = &tcb_x(t)->sent;
	uint32_t left;

	left = snd_outstanding(t) - s->lost - s->sacked;
	return left - min_u32(left, tcb_x(t)->recovery.guessed);
}

bool snd_fin_pending(const struct tcb *t)
{
	return has(t, TF_CLOSED) && !has(t, TF_FIN_SENT) && tcp_may_send_text(t);
}

/* The congestion window has room for a segment of n octets; a first one always may go. */
static bool cwnd_allows(const struct tcb *t, uint32_t n)
{
	uint32_t flight = snd_in_flight(t);

	return flight == 0 || flight + n <= loss_window(t);
}

/* What the congestion window still lets go. */
static uint32_t cwnd_room(const struct tcb *t)
{
	uint32_t flight = snd_in_flight(t), cwnd = loss_window(t);

	return cwnd > flight ? cwnd - flight : 0;
}

/*
 * SHLD-7, U-19: Nagle, Minshall's variant: a small segment waits while another small one is
 * outstanding (E11); not for what will never come, after CLOSE (E10, G7).
 */
static bool nagle_allows(const struct tcb *t)
{
	return t->conf->nodelay || has(t, TF_CLOSED) || !t->x->small_sent ||
	       seq_leq(t->x->small_end, t->snd.una);
}

/* The application said that more follows (MAY-15, MAY-16); not for ever (MUST-60). */
static bool corked(const struct tcb *t)
{
	return (t->conf->cork || has(t, TF_MORE)) && !has(t, TF_CLOSED) && !has(t, TF_OVERRIDE);
}

/* RFC 9293 3.8.6.2.1 (2): n octets are all there is, and nothing holds them back. */
static bool is_all(const struct tcb *t, uint32_t n)
{
	return n == snd_unsent(t) && !corked(t) && nagle_allows(t);
}

/* Whether n octets, less than a full segment, are worth sending (MUST-38). */
static bool small_allowed(const struct tcb *t, uint32_t n)
{
	if (is_all(t, n))
		return true;
	if (n >= t->snd.max_wnd / 2 && t->snd.max_wnd > 0 && !corked(t) && nagle_allows(t))
		return true;        /* (3): half of the largest window */
	return has(t, TF_OVERRIDE); /* (4) */
}

/* What window and queue would let go, before SWS and cwnd. */
static uint32_t text_possible(const struct tcb *t)
{
	return tcp_may_send_text(t) ? min_u32(snd_unsent(t), snd_usable(t)) : 0;
}

/* Octets of new text to send now, at most `bulk` full segments of `mss` octets; 0: none. */
static uint32_t text_allowed(const struct tcb *t, uint32_t mss, uint32_t bulk)
{
	uint32_t n = text_possible(t), room;

	if (n == 0 || !cwnd_allows(t, min_u32(n, mss)))
		return 0;
	if (n < mss)
		return small_allowed(t, n) ? n : 0;
	/* Whole segments (SHLD-27, SHLD-28); the rest of the queue may ride along if it is all
	 * there is. */
	room = max_u32(cwnd_room(t), mss);
	if (n > bulk * mss || n > room || !is_all(t, n))
		n = min_u32(min_u32(n, bulk * mss), room) / mss * mss;
	return n;
}

bool snd_held_back(const struct tcb *t)
{
	uint32_t n;

	if (t->x == NULL || has(t, TF_OVERRIDE))
		return false;
	n = text_possible(t);
	if (n == 0 || n >= eff_snd_mss(t) || small_allowed(t, n))
		return false;
	return snd_outstanding(t) == 0 || corked(t); /* else an ACK will come */
}

/* What is to be sent again, if it may go now; a window that was shrunk is no obstacle (SHLD-16,
 * MAY-7). */
static const struct run *retransmission(const struct tcb *t)
{
	const struct run *r;

	if (t->x == NULL || t->x->sent.lost == 0 || frto_holds_back(t))
		return NULL;
	if (tcp_synchronized(t) && t->snd.wnd == 0 && !seq_eq(t->snd.una, t->iss))
		return NULL; /* the window is probed instead */
	r = sent_first_lost(&t->x->sent);
	if (seq_eq(r->seq, t->snd.una) || cwnd_allows(t, min_u32(r->len, eff_snd_mss(t))))
		return r;
	return NULL;
}

static enum aksu_why why_again(const struct tcb *t, const struct run *r)
{
	if (has(t, TF_RTX_PMTU))
		return AKSU_WHY_PMTU;
	if (r->flags & RUN_PROBE)
		return AKSU_WHY_DATA; /* the window opened: the probe's octet goes with new data */
	if (t->x->recovery.active && has(t, TF_SACK))
		return AKSU_WHY_RACK;
	if (t->x->recovery.active)
		return seq_eq(r->seq, t->snd.una) && t->x->recovery.dupacks > 0
			       ? AKSU_WHY_FAST_RETRANSMIT
			       : AKSU_WHY_PARTIAL_ACK;
	return AKSU_WHY_RTO;
}

/* ACKs that say something by themselves must not ride on data: a duplicate with data is none. */
static bool ack_goes_alone(const struct tcb *t)
{
	if (t->acks_due > 0 && ecn_ack_goes_alone(t))
		return true;
	return t->acks_due > 0 && t->ack_why != AKSU_WHY_ACK &&
	       t->ack_why != AKSU_WHY_DELAYED_ACK && t->ack_why != AKSU_WHY_HANDSHAKE;
}

static bool fin_allowed(const struct tcb *t)
{
	return snd_fin_pending(t) && snd_unsent(t) == 0 && snd_usable(t) > 0;
}

static enum aksu_why why_in_handshake(const struct tcb *t)
{
	if (seq_eq(t->snd.nxt, t->iss) || tcb_x(t)->sent.lost > 0)
		return t->backoff > 0 ? AKSU_WHY_RTO : AKSU_WHY_HANDSHAKE;
	return t->acks_due > 0 && t->state == TCP_SYN_RECEIVED ? t->ack_why : AKSU_WHY_NOTHING;
}

/* What is lost goes first, and a probe for what may be. */
static enum aksu_why why_repair(const struct tcb *t)
{
	const struct run *again = retransmission(t);

	if (again != NULL)
		return why_again(t, again);
	return tcb_x(t)->tlp.due ? AKSU_WHY_TLP : AKSU_WHY_NOTHING;
}

static bool may_send_text(const struct tcb *t)
{
	return t->x != NULL && text_allowed(t, eff_snd_mss(t), 1) > 0;
}

bool snd_waits_for_pace(const struct tcb *t)
{
	return tcp_synchronized(t) && (why_repair(t) != AKSU_WHY_NOTHING || may_send_text(t));
}

enum aksu_why tcp_why_send(const struct tcb *t, instant now)
{
	enum aksu_why why;
	bool held;

	if (t->state == TCP_CLOSED)
		return AKSU_WHY_NOTHING;
	if (!tcp_synchronized(t))
		return why_in_handshake(t);
	held = pace_holds(t, now);
	why = held ? AKSU_WHY_NOTHING : why_repair(t);
	if (why != AKSU_WHY_NOTHING)
		return why;
	if (ack_goes_alone(t))
		return t->ack_why;
	if (!held && may_send_text(t))
		return has(t, TF_OVERRIDE) ? AKSU_WHY_SWS_OVERRIDE : AKSU_WHY_DATA;
	if (fin_allowed(t))
		return AKSU_WHY_FIN;
	if (has(t, TF_PROBE_DUE))
		return AKSU_WHY_PROBE;
	if (t->acks_due > 0)
		return t->ack_why;
	if (has(t, TF_WINDOW_DUE))
		return AKSU_WHY_WINDOW;
	return has(t, TF_KEEPALIVE_DUE) ? AKSU_WHY_KEEPALIVE : AKSU_WHY_NOTHING;
}

/* ---------------------------------------------------------------- ACKs owed */

void ack_now(struct tcb *t, enum aksu_why why)
{
	t->acks_due = 1; /* one covers all that came before (MUST-59) */
	t->ack_why = (uint8_t)why;
}

void ack_each(struct tcb *t, enum aksu_why why)
{
	if (t->acks_due < ACKS_DUE_MAX)
		t->acks_due++;
	t->ack_why = (uint8_t)why;
}

/* ---------------------------------------------------------------- building */

/* What every segment of a connection carries (U-11: an ACK, by the flags of its caller). */
static void begin(struct tcb *t, tcp_seq seq, uint8_t flags, struct tcp_out *out)
{
	out->seg = (struct tcp_seg){
		.seq = seq,
		.flags = flags,
		.segments = 1,
	};
	out->pieces = 0;
	out->transmissions = 0;
	if (flags & AKSU_ACK)
		out->seg.ack = t->rcv.nxt;
}

/* Window and options; afterwards the room for text, if there is to be some, is known (U-9). */
static void dress(struct tcb *t, struct tcp_out *out, bool text, instant now)
{
	struct tcp_seg *seg = &out->seg;

	seg->rawwnd = rcv_advertise(t, seg_has(seg, AKSU_SYN));
	option_offer(t, seg, text, now);
	out->mss = (uint16_t)(eff_snd_mss(t) + (has(t, TF_TS) ? TS_OPTION_LEN : 0));
	if (!seg_has(seg, AKSU_SYN))
		out->mss = (uint16_t)(out->mss - tcp_opts_len(&seg->opts, seg->flags));
}

/* The pieces ran out in the middle of the text: no small segment is to be cut off its end. */
static uint32_t whole_segments(struct tcp_out *out, uint32_t n)
{
	uint32_t excess = n > out->mss ? n % out->mss : 0;

	n -= excess;
	while (excess > 0) {
		struct slice *last = &out->piece[out->pieces - 1];
		uint32_t k = min_u32(excess, last->len);

		last->len -= k;
		excess -= k;
		if (last->len == 0)
			out->pieces--;
	}
	return n;
}

/* References up to n octets of the send queue; returns how many the pieces hold. */
static uint32_t gather(const struct tcb *t, tcp_seq seq, uint32_t n, struct tcp_out *out)
{
	uint32_t offset = seq_dist(snd_queue_start(t), seq), done = 0;

	while (done < n && out->pieces < AKSU_TX_PIECES) {
		struct slice s = bytes_run(&t->x->sndq, offset + done, n - done);

		if (s.len == 0)
			break;
		out->piece[out->pieces++] = s;
		done += s.len;
	}
	return done < n ? whole_segments(out, done) : done;
}

/* 3.8.5: the pointer names the octet after the urgent data (MUST-62), however far (MUST-31). */
static void add_urgent(const struct tcb *t, struct tcp_seg *seg)
{
	if (!has(t, TF_SND_URGENT) || !seq_lt(seg->seq, t->x->snd_up) || seg_has(seg, AKSU_SYN))
		return;
	seg->flags |= AKSU_URG;
	seg->up = (uint16_t)min_u32(seq_dist(seg->seq, t->x->snd_up), UINT16_MAX);
}

/* The last touches, and what having sent it means. */
static void finish(struct tcb *t, struct tcp_out *out)
{
	struct tcp_seg *seg = &out->seg;
	uint32_t end = t->x != NULL ? t->x->sndq.length : 0;

	seg_measure(seg);
	if (out->pieces > 0 &&
	    seq_dist(snd_queue_start(t), seq_add(seg->seq, seg->text_len)) == end)
		seg->flags |= AKSU_PSH; /* MUST-61 */
	add_urgent(t, seg);
	if (seg->text_len > out->mss) {
		seg->segments = (uint16_t)((seg->text_len + out->mss - 1u) / out->mss);
		seg->mss = out->mss;
		seg->flags |= AKSU_PSH; /* a burst ends: who merges it need not wait */
	}
	if (!seg_has(seg, AKSU_ACK))
		return;
	if (!seg_has(seg, AKSU_SYN))
		ecn_tell(t, seg);
	if (!ack_goes_alone(t))
		t->acks_due = 0;
	else if (seg->len == 0)
		t->acks_due--;
	on_ack_sent(t);
}

static struct run new_run(tcp_seq seq, uint32_t len, uint16_t flags, instant now)
{
	return (struct run){
		.seq = seq,
		.len = len,
		.sent_at = now,
		.flags = flags,
		.transmissions = 1,
	};
}

/*
 * What leaves at one moment, with no ACK in between, arrives together, and one ACK may answer it
 * all: cut by the link, or merged by the peer's (DESIGN D14).
 */
static void count_batch(struct tcb *t, uint32_t len, instant now)
{
	struct tcb_ext *x = t->x;

	if (x->batch_at.ns != now.ns || !seq_eq(x->batch_una, t->snd.una))
		x->batch_len = 0;
	x->batch_at = now;
	x->batch_una = t->snd.una;
	x->batch_len = min_u32(x->batch_len + len, BATCH_MAX);
	x->batch = max_u32(x->batch, x->batch_len);
}

/* Remembers [seq, seq + len) as sent and moves SND.NXT over it. */
static void commit(struct tcb *t, uint32_t len, uint16_t flags, instant now)
{
	struct run *r = sent_push(&t->x->sent, new_run(t->snd.nxt, len, flags, now));

	t->snd.nxt = seq_add(t->snd.nxt, len);
	rate_sent(t, r, now);
	count_batch(t, len, now);
	on_text_paced(t, len, now);
	on_segment_sent(t, now);
}

static bool send_syn(struct tcb *t, instant now, struct tcp_out *out)
{
	uint8_t flags = t->state == TCP_SYN_SENT ? AKSU_SYN : AKSU_SYN | AKSU_ACK;
	struct sent *sent = &t->x->sent;

	begin(t, t->iss, flags, out);
	if (sent->count > 0) {
		struct run *r = sent_run(sent, 0);

		out->transmissions = r->transmissions;
		loss_resent(t, r, now);
		t->retransmissions++;
	} else {
		if (!sent_reserve(sent, &t->env->mem)) {
			on_starved(t, now);
			return false;
		}
		commit(t, 1, 0, now);
	}
	dress(t, out, true, now);
	ecn_dress_syn(t, out->transmissions, &out->seg);
	finish(t, out);
	return true;
}

/*
 * A run that stopped at a small end goes on with new text, if the window lets it; what goes is what
 * the pieces hold. Returns the octets of text in it.
 */
static uint32_t grow_tail(struct tcb *t, struct run *r, uint32_t limit, struct tcp_out *out)
{
	uint32_t k = 0, n;

	if (seq_eq(seq_add(r->seq, r->len), t->snd.nxt) && r->len < limit)
		k = min_u32(min_u32(limit - r->len, snd_unsent(t)), snd_usable(t));
	out->pieces = 0;
	n = gather(t, r->seq, r->len + k, out);
	k = n > r->len ? n - r->len : 0;
	r->len += k;
	t->snd.nxt = seq_add(t->snd.nxt, k);
	return n;
}

static bool holds_fin(const struct tcb *t, const struct run *r)
{
	return has(t, TF_FIN_SENT) && seq_eq(seq_add(r->seq, r->len), t->snd.nxt);
}

/* RFC 6298 5.4, RFC 5681 3.2, RFC 8985 6.2, 7.3: what begins at `first`. */
static bool send_again(struct tcb *t, tcp_seq first, uint32_t bulk, instant now,
		       struct tcp_out *out)
{
	struct sent *sent = &t->x->sent;
	struct run *r;
	uint32_t n, limit, index;
	bool fin;

	if (seq_eq(first, t->iss) && seq_eq(t->snd.una, t->iss))
		return send_syn(t, now,
				out); /* CLOSE came in SYN-RECEIVED: the SYN is still owed */
	if (!sent_reserve(sent, &t->env->mem)) { /* a split may need it */
		on_starved(t, now);
		return false;
	}
	index = sent_find(sent, first);
	r = sent_run(sent, index);
	begin(t, first, AKSU_ACK, out);
	dress(t, out, true, now);
	out->seg.opts.tsval = tcp_ts_now(t, rack_stamp(t, now));
	limit = min_u32(bulk * out->mss, max_u32(cwnd_room(t), out->mss));
	limit -= limit % out->mss;
	fin = holds_fin(t, r);
	n = gather(t, r->seq, min_u32(r->len - (fin ? 1 : 0), limit), out);
	if (n + (fin ? 1 : 0) < r->len) {
		if (!sent_split(sent, &t->env->mem, index, n))
			return false;
		fin = false;
		r = sent_run(sent, index);
	}
	out->transmissions = r->transmissions;
	if (t->x->mtu.out && seq_eq(first, t->x->mtu.seq))
		mtu_probe_over(t);
	loss_resent(t, r, now);
	if (r->flags & RUN_PROBE && !fin)
		n = grow_tail(t, r, limit, out);
	r->flags &= (uint16_t)~RUN_PROBE;
	rate_sent(t, r, now);
	if (sent->lost == 0)
		t->flags &= ~(uint32_t)TF_RTX_PMTU;
	out->seg.text_len = n;
	if (fin)
		out->seg.flags |= AKSU_FIN;
	cwnd_used(t);
	finish(t, out);
	t->retransmissions += out->seg.segments;
	count_batch(t, n, now);
	on_text_paced(t, n, now);
	on_segment_sent(t, now);
	return true;
}

/* RFC 4821: a segment larger than the path is known to take, if one is to be tried; 0: none. */
static uint32_t gather_probe(struct tcb *t, struct tcp_out *out)
{
	uint32_t options, size;

	if (LIKELY(t->env->mtu_probe == 0))
		return 0;
	options = (uint32_t)tcp_opts_len(&out->seg.opts, out->seg.flags);
	size = mtu_probe_size(t, out->mss, options);
	if (size == 0)
		return 0;
	if (gather(t, t->snd.nxt, size, out) != size) {
		out->pieces = 0; /* it lies in too many of them */
		return 0;
	}
	out->mss = (uint16_t)size;
	mtu_probe_sent(t, t->snd.nxt, size + options);
	return size;
}

/* New text, and the FIN behind it if it is the last. */
static bool send_text(struct tcb *t, uint32_t bulk, instant now, struct tcp_out *out)
{
	uint32_t n, len;
	struct tcb_ext *x = tcb_extend(t);

	if (x == NULL || !sent_reserve(&x->sent, &t->env->mem)) {
		on_starved(t, now);
		return false;
	}
	cwnd_resume(t, now);
	begin(t, t->snd.nxt, AKSU_ACK, out);
	dress(t, out, true, now);
	n = gather_probe(t, out);
	if (n == 0)
		n = gather(t, t->snd.nxt, text_allowed(t, out->mss, bulk), out);
	out->seg.text_len = len = n;
	if (n > 0)
		ecn_mark_text(t, &out->seg);
	if (snd_fin_pending(t) && n == snd_unsent(t) && snd_usable(t) > n) {
		out->seg.flags |= AKSU_FIN;
		len++;
	}
	if (n > 0 && n % out->mss != 0) {
		x->small_sent = true;
		x->small_end = seq_add(t->snd.nxt, n);
	}
	t->flags &= ~(uint32_t)TF_OVERRIDE;
	if (out->seg.flags & AKSU_FIN) /* from here on snd.nxt lies beyond it */
		t->flags |= TF_FIN_SENT;
	commit(t, len, 0, now);
	cwnd_used(t);
	finish(t, out);
	return true;
}

/*
 * 3.8.6.1: at least one octet, new if nothing is outstanding. The peer answers with its window,
 * whether it takes the octet or not (E3).
 */
static bool send_probe(struct tcb *t, instant now, struct tcp_out *out)
{
	struct sent *sent = &t->x->sent;
	struct run *head;
	bool fin;

	t->flags &= ~(uint32_t)TF_PROBE_DUE;
	if (sent->count == 0) {
		if (!sent_reserve(sent, &t->env->mem)) {
			on_starved(t, now);
			return false;
		}
		if (snd_unsent(t) == 0)
			t->flags |= TF_FIN_SENT;
		commit(t, 1, RUN_PROBE, now);
	} else {
		head = sent_run(sent, 0);
		out->transmissions = head->transmissions;
		head->flags |= RUN_RETRANSMITTED; /* Karn: no sample from it */
		run_sent_again(head);
		t->retransmissions++;
	}
	fin = has(t, TF_FIN_SENT) && t->x->sndq.length == 0;
	head = sent_run(sent, 0);
	begin(t, head->seq, fin ? AKSU_ACK | AKSU_FIN : AKSU_ACK, out);
	out->transmissions = (uint16_t)(head->transmissions - 1);
	dress(t, out, true, now);
	out->seg.text_len = fin ? 0 : gather(t, head->seq, 1, out);
	finish(t, out);
	return true;
}

/* 3.8.4: SEQ = SND.NXT - 1, without data unless the application wants an octet (SHLD-12, MAY-6). */
static bool send_keepalive(struct tcb *t, instant now, struct tcp_out *out)
{
	static const uint8_t garbage[1] = {0};

	t->flags &= ~(uint32_t)TF_KEEPALIVE_DUE;
	begin(t, seq_sub(t->snd.nxt, 1), AKSU_ACK, out);
	dress(t, out, true, now);
	if (t->conf->keep_data) {
		out->seg.text = garbage;
		out->seg.text_len = 1;
	}
	finish(t, out);
	return true;
}

/*
 * <SEQ=SND.NXT>; but while a probe lies beyond a window of zero, the peer may itself have closed
 * and takes a pure ACK only where it stands: at SND.UNA (RFC 9293 A.2, both sides probing).
 * DEPARTS: SND.NXT would be beyond the window that the peer offers.
 */
static tcp_seq ack_seq(const struct tcb *t)
{
	const struct sent *sent = &tcb_x(t)->sent;

	if (sent->count == 1 && sent_run(sent, 0)->flags & RUN_PROBE)
		return t->snd.una;
	return t->snd.nxt;
}

static bool send_ack(struct tcb *t, instant now, struct tcp_out *out)
{
	begin(t, ack_seq(t), AKSU_ACK, out);
	dress(t, out, false, now);
	finish(t, out);
	return true;
}

static bool send_lost(struct tcb *t, uint32_t bulk, instant now, struct tcp_out *out)
{
	return send_again(t, sent_first_lost(&t->x->sent)->seq, bulk, now, out);
}

/* RFC 8985 7.3: new text if there is some, else the last segment again. */
static bool send_loss_probe(struct tcb *t, instant now, struct tcp_out *out)
{
	bool again = text_allowed(t, eff_snd_mss(t), 1) == 0;
	const struct run *last = again ? tlp_run(t) : NULL;
	bool sent = again ? last != NULL && send_again(t, last->seq, 1, now, out)
			  : send_text(t, 1, now, out);

	if (sent)
		tlp_sent(t, again, now);
	else
		tlp_reset(t); /* memory was refused: the time-out is left */
	return sent;
}

bool tcp_output(struct tcb *t, uint32_t bulk, instant now, struct tcp_out *out)
{
	enum aksu_why why = tcp_why_send(t, now);

	if (ecn_uncut(t))
		bulk = 1;
	if (has(t, TF_SND_URGENT))
		bulk = 1; /* the pointer counts from the number of its segment: none may be cut */
	bulk = pace_bulk(t, bulk);
	out->why = (uint8_t)why;
	switch (why) {
	case AKSU_WHY_NOTHING:
	case AKSU_WHY_COUNT: return false;
	case AKSU_WHY_RTO:
	case AKSU_WHY_FAST_RETRANSMIT:
	case AKSU_WHY_PARTIAL_ACK:
	case AKSU_WHY_RACK:
	case AKSU_WHY_PMTU:
		return tcp_synchronized(t) ? send_lost(t, bulk, now, out) : send_syn(t, now, out);
	case AKSU_WHY_TLP: return send_loss_probe(t, now, out);
	case AKSU_WHY_HANDSHAKE:
		return tcp_synchronized(t) ? send_ack(t, now, out) : send_syn(t, now, out);
	case AKSU_WHY_DATA:
		return retransmission(t) != NULL ? send_lost(t, bulk, now, out)
						 : send_text(t, bulk, now, out);
	case AKSU_WHY_SWS_OVERRIDE:
	case AKSU_WHY_FIN: return send_text(t, bulk, now, out);
	case AKSU_WHY_PROBE: return send_probe(t, now, out);
	case AKSU_WHY_KEEPALIVE: return send_keepalive(t, now, out);
	case AKSU_WHY_RESET:
	case AKSU_WHY_SYN_COOKIE:
	case AKSU_WHY_CHALLENGE:
	case AKSU_WHY_DUP_ACK:
	case AKSU_WHY_OUT_OF_WINDOW:
	case AKSU_WHY_TIME_WAIT_ACK:
	case AKSU_WHY_ACK:
	case AKSU_WHY_DELAYED_ACK:
	case AKSU_WHY_WINDOW: return send_ack(t, now, out);
	}
	return false;
}

/* ---------------------------------------------------------------- resets */

/* U-6, RFC 9293 3.5.2, group 1; RFC 7323 5.2: the echo of the offender's timestamp, our own as
 * zero. */
void tcp_make_reset(const struct tcp_seg *offender, struct tcp_seg *out)
{
	*out = (struct tcp_seg){.flags = AKSU_RST, .segments = 1};
	if (seg_has(offender, AKSU_ACK)) {
		out->seq = offender->ack;
	} else {
		out->flags |= AKSU_ACK;
		out->ack = seg_end(offender);
	}
	if (offender->opts.present & AKSU_OPT_TS) {
		out->opts.present = AKSU_OPT_TS;
		out->opts.tsecr = offender->opts.tsval;
	}
}

void tcp_make_abort(struct tcb *t, struct tcp_seg *out)
{
	*out = (struct tcp_seg){
		.seq = t->snd.nxt,
		.ack = t->rcv.nxt,
		.flags = AKSU_RST | AKSU_ACK,
		.segments = 1,
	};
	if (has(t, TF_TS)) {
		out->opts.present = AKSU_OPT_TS;
		out->opts.tsval = tcp_ts_now(t, t->env->events.now);
		out->opts.tsecr = t->ts_recent;
	}
}
