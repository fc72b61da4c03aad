/* SPDX-License-Identifier: MIT */
/*
 * tcp/input.c - SEGMENT ARRIVES: RFC 9293 section 3.10.7, with RFC 5961, RFC 7323 and RFC 1337.
 *
 *   3.10.7.1  CLOSED     tcp_closed()
 *   3.10.7.2  LISTEN     listen.c: a listener has no block
 *   3.10.7.3  SYN-SENT   syn_sent()
 *   3.10.7.4  otherwise  other_states(): eight steps, one function each, in the order of the RFC
 *
 * The step is the outer loop, the state the inner one, as in the text. Each step answers GO_ON or
 * DONE; DONE has said why. Nothing is sent from here: flags are set, and output.c is asked once the
 * batch is done. Only a reply whose numbers are not the connection's is returned.
 */
#include "tcp/tcp.h"
#include "tcp/timewait.h"

enum step { GO_ON, DONE };

static enum step drop(struct tcb *t, enum aksu_drop reason, const struct tcp_seg *seg)
{
	tcp_drop(t->env, t, reason, seg);
	return DONE;
}

/* <SEQ=SEG.ACK><CTL=RST>, for a segment that is not of this connection. */
static enum step reset_sender(struct tcb *t, enum aksu_drop reason, const struct tcp_seg *seg,
			      struct reply *re)
{
	re->set = true;
	re->why = AKSU_WHY_RESET;
	tcp_make_reset(seg, &re->seg);
	return drop(t, reason, seg);
}

/* Ends the connection because of a reset (MUST-12: the application learns how it ended). */
static enum step reset_by_peer(struct tcb *t, enum aksu_error error)
{
	t->env->counters.connections_reset++;
	tcb_terminate(t, error);
	return DONE;
}

/*
 * RFC 5961 7: an ACK that any stranger can provoke is limited, for each connection by itself and by
 * a limit that cannot be foretold: a shared count is a side channel (C3).
 */
static bool challenge_allowed(struct tcb *t, instant now)
{
	uint16_t second = (uint16_t)(now.ns / seconds(1).ns);

	if (t->challenge_s != second) {
		t->challenge_s = second;
		t->challenges = (uint8_t)(CHALLENGE_PER_SECOND - prng_below(&t->env->prng, 2));
	}
	if (t->challenges == 0)
		return false;
	t->challenges--;
	return true;
}

static enum step limited_ack(struct tcb *t, enum aksu_why why, enum aksu_drop reason,
			     const struct tcp_seg *seg, instant now)
{
	(void)drop(t, reason, seg);
	if (!challenge_allowed(t, now))
		return drop(t, AKSU_DROP_CHALLENGE_LIMIT, seg);
	ack_now(t, why);
	return DONE;
}

/* RFC 5961 3.2, 4.2, 5.2 (U-16). */
static enum step challenge_ack(struct tcb *t, enum aksu_drop reason, const struct tcp_seg *seg,
			       instant now)
{
	return limited_ack(t, AKSU_WHY_CHALLENGE, reason, seg, now);
}

/* RFC 2883 4: text that was here already, up to `end`, is reported once, if memory allows. */
static void note_duplicate(struct tcb *t, const struct tcp_seg *seg, tcp_seq end)
{
	end = seq_min(end, seq_add(seg->seq, seg->text_len));
	if (!has(t, TF_SACK) || !tcp_synchronized(t) || t->state == TCP_TIME_WAIT ||
	    !seq_lt(seg->seq, end) || tcb_extend(t) == NULL)
		return;
	t->x->dsack = (struct tcp_sack_block){seg->seq, end};
	t->x->dsack_set = true;
}

/* ---------------------------------------------------------------- 3.10.7.1 CLOSED */

void tcp_closed(struct tcp_env *env, const struct tcp_seg *seg, struct reply *re)
{
	if (seg_has(seg, AKSU_RST)) {
		tcp_drop(env, NULL, AKSU_DROP_RST_NO_CONNECTION, seg);
		return;
	}
	re->set = true;
	re->why = AKSU_WHY_RESET;
	tcp_make_reset(seg, &re->seg);
	tcp_drop(env, NULL, AKSU_DROP_NO_CONNECTION, seg);
}

/* ---------------------------------------------------------------- first: sequence number */

/* RFC 7323 5.5: a TS.Recent that is too old says nothing (D12). */
static bool ts_recent_expired(const struct tcb *t, instant now)
{
	uint32_t age_s = (uint32_t)(now.ns / seconds(1).ns) - t->ts_recent_s;

	return age_s >= TS_RECENT_LIFETIME.ns / seconds(1).ns;
}

/*
 * RFC 7323 5.3 R1. DEPARTS: not TS.Recent itself is the bound, which what was sent again sets far
 * ahead of what was sent shortly before it and is late, but what it was up to 2^30 octets ago: no
 * number has come round since (D11).
 */
static bool is_old_duplicate(const struct tcb *t, const struct tcp_seg *seg, instant now)
{
	tcp_ts floor = t->x != NULL ? t->x->ts_floor : t->ts_recent;

	return ts_lt(seg->opts.tsval, floor) && !ts_recent_expired(t, now);
}

/* RFC 7323: before the window is looked at. A reset is exempt (C7). */
static enum step step0_timestamps(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	if (!has(t, TF_TS) || seg_has(seg, AKSU_RST))
		return GO_ON;
	if (!(seg->opts.present & AKSU_OPT_TS)) /* 3.2: silently, never an abort (D10) */
		return drop(t, AKSU_DROP_TS_MISSING, seg);
	if (is_old_duplicate(t, seg, now)) {
		if (seg->len == 0) /* throttled: two hosts with clocks gone wrong must not storm */
			return limited_ack(t, AKSU_WHY_OUT_OF_WINDOW, AKSU_DROP_PAWS, seg, now);
		note_duplicate(t, seg, t->rcv.nxt);
		ack_now(t, AKSU_WHY_OUT_OF_WINDOW);
		return drop(t, AKSU_DROP_PAWS, seg);
	}
	return GO_ON;
}

/*
 * RFC 9293 3.4, Table 6, row by row (U-3). RCV.WND reaches to the furthest edge ever promised (A8).
 * DEPARTS: a segment that begins before the window and ends behind it is in none of the rows,
 * though all that we want lies in it; it is trimmed like any other.
 */
static bool acceptable(const struct tcb *t, const struct tcp_seg *seg)
{
	uint32_t wnd = rcv_wnd(t);
	tcp_seq last = seq_add(seg->seq, seg->len - 1);

	/* SEG.LEN  RCV.WND */
	if (seg->len == 0 && wnd == 0)
		return seq_eq(seg->seq, t->rcv.nxt);
	if (seg->len == 0)
		return seq_within(seg->seq, t->rcv.nxt, wnd);
	if (wnd == 0)
		return false;
	return seq_within(seg->seq, t->rcv.nxt, wnd) || seq_within(last, t->rcv.nxt, wnd) ||
	       (seq_lt(seg->seq, t->rcv.nxt) && seq_geq(last, t->rcv.adv));
}

/*
 * Simultaneous open: our SYN crossed the peer's, and now its SYN-ACK comes, one left of the window.
 */
static bool is_syn_ack_for_us(const struct tcb *t, const struct tcp_seg *seg)
{
	return seg_has(seg, AKSU_ACK) && seq_gt(seg->ack, t->snd.una) &&
	       seq_leq(seg->ack, t->snd.nxt);
}

/* The SYN again, in SYN-RECEIVED: one left of the window (C-1, C-30, U-18). */
static enum step repeated_syn(struct tcb *t, struct tcp_seg *seg)
{
	if (is_syn_ack_for_us(t, seg)) {
		seg->flags &= (uint8_t)~AKSU_SYN;
		seg->seq = seq_add(seg->seq, 1);
		seg_measure(seg);
		return GO_ON;
	}
	/* Our SYN-ACK again, with the same number and options (B11): it is the ACK that is due. */
	if (t->x->sent.count > 0)
		sent_mark_lost(&t->x->sent, sent_run(&t->x->sent, 0));
	return drop(t, AKSU_DROP_SYN_DUPLICATE, seg);
}

/* The FIN that we acknowledged comes again: our ACK was lost (C-19, G1). */
static bool is_repeated_fin(const struct tcb *t, const struct tcp_seg *seg)
{
	return seg_has(seg, AKSU_FIN) && seq_eq(seg_end(seg), t->rcv.nxt);
}

static enum step unacceptable(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	if (seg_has(seg, AKSU_RST))
		return drop(t, AKSU_DROP_RST_OUT_OF_WINDOW, seg);
	if (t->state == TCP_TIME_WAIT && is_repeated_fin(t, seg)) {
		ack_now(t, AKSU_WHY_TIME_WAIT_ACK);
		on_time_wait(t, now); /* "Restart the 2 MSL time-wait timeout" */
		return drop(t, AKSU_DROP_SEQ_NOT_ACCEPTABLE, seg);
	}
	/*
	 * RFC 5961 4.2: "irrespective of the sequence number", and limited: anybody can forge it.
	 */
	if (seg_has(seg, AKSU_SYN) && tcp_synchronized(t)) {
		ecn_syn_ack_again(t, seg);
		return challenge_ack(t, AKSU_DROP_SYN_IN_SYNC, seg, now);
	}
	/* Data, probes and FINs are always answered; what carries nothing is limited (C4). */
	if (seg->len == 0 && !seq_eq(seg->seq, seq_sub(t->rcv.nxt, 1)))
		return limited_ack(t, AKSU_WHY_OUT_OF_WINDOW, AKSU_DROP_SEQ_NOT_ACCEPTABLE, seg,
				   now);
	note_duplicate(t, seg, t->rcv.nxt);
	ack_now(t, AKSU_WHY_OUT_OF_WINDOW);
	return drop(t, AKSU_DROP_SEQ_NOT_ACCEPTABLE, seg);
}

/* From a passive OPEN no SYN crossed ours: a SYN-ACK is no copy of the SYN then. */
static bool is_repeated_syn(const struct tcb *t, const struct tcp_seg *seg)
{
	return t->state == TCP_SYN_RECEIVED && seg_has(seg, AKSU_SYN) && !seg_has(seg, AKSU_RST) &&
	       seq_eq(seg->seq, t->irs) && !(has(t, TF_PASSIVE) && seg_has(seg, AKSU_ACK));
}

/*
 * A.2: a pure ACK one left of the window comes from a peer that probed us, and does not know that
 * we took the octet. It is answered, and what is new in it counts: with both sides probing, neither
 * would ever hear the other. DEPARTS: as the draft that A.2 names would have it.
 */
static bool only_its_ack_counts(const struct tcb *t, const struct tcp_seg *seg)
{
	return tcp_synchronized(t) && t->state != TCP_TIME_WAIT && seg->flags == AKSU_ACK &&
	       seg->len == 0 && seq_eq(seg->seq, seq_sub(t->rcv.nxt, 1)) &&
	       (seq_gt(seg->ack, t->snd.una) || seg->wnd != t->snd.wnd);
}

static enum step step1_sequence(struct tcb *t, struct tcp_seg *seg, instant now)
{
	if (is_repeated_syn(t, seg))
		return repeated_syn(t, seg);
	if (acceptable(t, seg))
		return GO_ON;
	/*
	 * "Special allowance should be made to accept valid ACKs, URGs, and RSTs" with a zero
	 * window (MUST-66, U-13, A7): the text goes, the rest is looked at.
	 */
	if (rcv_wnd(t) == 0 && seq_eq(seg->seq, t->rcv.nxt) && !seg_has(seg, AKSU_SYN) &&
	    t->state != TCP_TIME_WAIT) {
		if (!seg_has(seg, AKSU_RST)) {
			ack_now(t, AKSU_WHY_OUT_OF_WINDOW);
			tcp_drop(t->env, t, AKSU_DROP_SEQ_NOT_ACCEPTABLE, seg);
		}
		seg->text_len = 0;
		seg->flags &= (uint8_t)~AKSU_FIN;
		seg_measure(seg);
		return GO_ON;
	}
	(void)unacceptable(t, seg, now);
	return only_its_ack_counts(t, seg) ? GO_ON : DONE;
}

/* ---------------------------------------------------------------- second: RST */

/*
 * Second, check the RST bit (with RFC 5961 section 3):
 *   1) outside the window           silently drop (step 1 did)
 *   2) SEG.SEQ = RCV.NXT            reset, in the manner of the state
 *   3) elsewhere in the window      challenge ACK, drop
 * Text on it is not looked at (SHLD-2).
 */
static enum step step2_rst(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	if (!seg_has(seg, AKSU_RST))
		return GO_ON;
	if (t->state == TCP_TIME_WAIT) /* RFC 1337 F1: an old duplicate must not end it */
		return drop(t, AKSU_DROP_RST_IN_TIME_WAIT, seg);
	if (!seq_eq(seg->seq, t->rcv.nxt))
		return challenge_ack(t, AKSU_DROP_RST_NOT_EXACT, seg, now); /* 3 */

	switch ((enum tcp_state)t->state) { /* 2 */
	case TCP_SYN_RECEIVED: /* a passive one was never shown to anybody: back to LISTEN (MUST-11)
				*/
		return reset_by_peer(t, AKSU_ECONNREFUSED);
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT_1:
	case TCP_FIN_WAIT_2:
	case TCP_CLOSE_WAIT: return reset_by_peer(t, AKSU_ECONNRESET);
	case TCP_CLOSING:
	case TCP_LAST_ACK: return reset_by_peer(t, AKSU_OK);
	case TCP_CLOSED:
	case TCP_LISTEN:
	case TCP_SYN_SENT:
	case TCP_TIME_WAIT: /* handled before */ break;
	}
	return DONE;
}

/* Third, security and compartment: not offered (A.1, U-17), see docs/departures.md. */

/* ---------------------------------------------------------------- fourth: SYN */

/* RFC 5961 4.2: whatever its number; SYN-RECEIVED from a passive OPEN goes back to LISTEN. */
static enum step step4_syn(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	if (!seg_has(seg, AKSU_SYN))
		return GO_ON;
	if (t->state == TCP_SYN_RECEIVED && has(t, TF_PASSIVE))
		return reset_by_peer(t, AKSU_ECONNREFUSED);
	return challenge_ack(t, AKSU_DROP_SYN_IN_SYNC, seg, now);
}

/* ---------------------------------------------------------------- fifth: ACK */

/* The connection is open: what CLOSE asked for in SYN-SENT or SYN-RECEIVED happens now. */
static void establish(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	t->snd.wnd = seg->wnd;
	t->snd.max_wnd = max_u32(t->snd.max_wnd, seg->wnd);
	t->snd.wl1 = seg->seq;
	t->snd.wl2 = seg->ack;
	if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED)
		tcb_set_state(t, TCP_ESTABLISHED);
	on_established(t, now);
	if (has(t, TF_CLOSED))
		tcb_set_state(t, TCP_FIN_WAIT_1);
}

static bool our_fin_is_acked(const struct tcb *t)
{
	return has(t, TF_FIN_SENT) && seq_eq(t->snd.una, t->snd.nxt);
}

/* Fifth, in SYN-RECEIVED. */
static enum step ack_in_syn_received(struct tcb *t, const struct tcp_seg *seg, instant now,
				     struct reply *re)
{
	if (!seq_gt(seg->ack, t->snd.una) || !seq_leq(seg->ack, t->snd.nxt))
		return reset_sender(t, AKSU_DROP_SYN_RECEIVED_ACK_BAD, seg, re);
	ecn_first_ack(t, seg);
	establish(t, seg, now);
	return GO_ON;
}

/* RFC 5961 5.2: [SND.UNA - MAX.SND.WND, SND.NXT] (MAY-12). */
static enum step ack_range(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	if (seq_gt(seg->ack,
		   t->snd.nxt)) /* throttled: two confused peers must not storm (A4, C-23) */
		return limited_ack(t, AKSU_WHY_CHALLENGE, AKSU_DROP_ACK_BEYOND_SND_NXT, seg, now);
	if (t->state == TCP_TIME_WAIT) /* nothing of it is used: an old ACK does no harm */
		return GO_ON;
	if (seq_lt(seg->ack, seq_sub(t->snd.una, t->snd.max_wnd)))
		return limited_ack(t, AKSU_WHY_CHALLENGE, AKSU_DROP_ACK_TOO_OLD, seg, now);
	return GO_ON;
}

/* What the acknowledgement of our FIN means. */
static enum step fin_acked(struct tcb *t, instant now)
{
	switch ((enum tcp_state)t->state) {
	case TCP_FIN_WAIT_1:
		tcb_set_state(t, TCP_FIN_WAIT_2);
		if (has(t, TF_NO_READER))
			on_orphan(t, now);
		return GO_ON;
	case TCP_CLOSING:
		tcb_set_state(t, TCP_TIME_WAIT);
		on_time_wait(t, now);
		return DONE;
	case TCP_LAST_ACK: tcb_terminate(t, AKSU_OK); return DONE;
	case TCP_CLOSED:
	case TCP_LISTEN:
	case TCP_SYN_SENT:
	case TCP_SYN_RECEIVED:
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT_2:
	case TCP_CLOSE_WAIT:
	case TCP_TIME_WAIT: break;
	}
	return GO_ON;
}

static enum step step5_ack(struct tcb *t, const struct tcp_seg *seg, instant now, struct reply *re)
{
	if (!seg_has(seg, AKSU_ACK))
		return drop(t, AKSU_DROP_NO_ACK, seg);
	if (t->state == TCP_SYN_RECEIVED) {
		if (ack_in_syn_received(t, seg, now, re) == DONE)
			return DONE;
	} else if (ack_range(t, seg, now) == DONE) {
		return DONE;
	}
	/* An old ACK in range is ignored as an ACK; its text is not (A3). */
	if (seq_geq(seg->ack, t->snd.una))
		tcp_ack(t, seg, now);
	return our_fin_is_acked(t) ? fin_acked(t, now) : GO_ON;
}

/* By octets, or by the peer's clock if few come: what is 2^31 ticks behind would look new. */
static void move_ts_floor(struct tcb *t)
{
	struct tcb_ext *x = t->x;

	if (seq_dist(x->ts_since, t->rcv.nxt) < PAWS_SPAN &&
	    ts_dist(x->ts_next, t->ts_recent) < PAWS_SPAN)
		return;
	x->ts_floor = x->ts_next;
	if (ts_dist(x->ts_floor, t->ts_recent) > 2 * PAWS_SPAN)
		x->ts_floor = t->ts_recent;
	x->ts_next = t->ts_recent;
	x->ts_since = t->rcv.nxt;
}

/* RFC 7323 4.3: (2), with what was last acknowledged (D8). */
static void step5b_ts_recent(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	if (!has(t, TF_TS) || seg_has(seg, AKSU_RST))
		return;
	if (ts_lt(seg->opts.tsval, t->ts_recent)) {
		if (!ts_recent_expired(t, now))
			return;
		tcb_ts_begin(t, seg->opts.tsval);
	} else if (seq_gt(seg->seq, t->last_ack_sent)) {
		return;
	}
	t->ts_recent = seg->opts.tsval;
	t->ts_recent_s = (uint32_t)(now.ns / seconds(1).ns);
	if (t->x != NULL)
		move_ts_floor(t);
}

/* ---------------------------------------------------------------- sixth: URG */

static bool takes_text(const struct tcb *t)
{
	return t->state == TCP_ESTABLISHED || t->state == TCP_FIN_WAIT_1 ||
	       t->state == TCP_FIN_WAIT_2;
}

/* RCV.UP <- max(RCV.UP, SEG.UP); the application is told of each advance (MUST-30, MUST-32). */
static void step6_urgent(struct tcb *t, const struct tcp_seg *seg)
{
	tcp_seq up = seq_add(seg->seq, seg->up);

	if (!seg_has(seg, AKSU_URG) || !takes_text(t))
		return;
	if (has(t, TF_RCV_URGENT) ? !seq_gt(up, t->x->rcv_up) : !seq_gt(up, t->rcv.nxt))
		return;
	if (tcb_extend(t) == NULL)
		return; /* told when it comes again */
	t->x->rcv_up = up;
	t->flags |= TF_RCV_URGENT;
	t->notices |= NOTICE_URGENT;
}

/* ---------------------------------------------------------------- seventh: text */

/* "Trim off any portions that lie outside the window", the FIN with them (A2). */
static void trim(struct tcb *t, struct tcp_seg *seg)
{
	tcp_seq text_end = seq_add(seg->seq, seg->text_len);

	if (seq_lt(seg->seq, t->rcv.nxt)) {
		uint32_t k = min_u32(seq_dist(seg->seq, t->rcv.nxt), seg->text_len);

		note_duplicate(t, seg, t->rcv.nxt);
		seg->seq = seq_add(seg->seq, k);
		seg->text = k > 0 ? seg->text + k : seg->text;
		seg->text_len -= k;
	}
	if (seq_gt(text_end, t->rcv.adv) && seq_leq(seg->seq, t->rcv.adv)) {
		seg->text_len = seq_dist(seg->seq, t->rcv.adv);
		seg->flags &= (uint8_t)~AKSU_FIN;
	} else if (seg_has(seg, AKSU_FIN) && seq_geq(text_end, t->rcv.adv)) {
		seg->flags &= (uint8_t)~AKSU_FIN; /* the FIN itself lies outside */
	}
	seg_measure(seg);
}

static void advance_nxt(struct tcb *t, uint32_t k)
{
	if (seq_dist(t->irs, t->rcv.nxt) > UINT32_MAX - k)
		t->nxt_wraps++;
	t->rcv.nxt = seq_add(t->rcv.nxt, k);
}

/* Moves what lies behind a hole that was just filled. */
static bool drain_reassembly(struct tcb *t)
{
	struct tcb_ext *x = t->x;
	struct slice s;
	bool any = false;

	while (x->reasm.count > 0 && seq_leq(reasm_piece(&x->reasm, 0)->seq, t->rcv.nxt)) {
		uint32_t n;

		if (!bytes_reserve(&x->rcvq, &t->env->mem)) {
			/* It stays where it is; the peer, not told, sends it again. */
			tcp_drop(t->env, t, AKSU_DROP_NO_MEMORY, NULL);
			break;
		}
		if (!reasm_take(&x->reasm, &t->env->mem, t->rcv.nxt, &s))
			break;
		n = s.len;
		if (!bytes_append_slice(&x->rcvq, &t->env->mem, s)) {
			block_unref(s.block); /* cannot be: room was reserved */
			break;
		}
		advance_nxt(t, n);
		any = true;
	}
	return any;
}

/* In order: n octets of text to the receive queue, or as many as memory takes. */
static uint32_t deliver(struct tcb *t, const struct tcp_seg *seg, uint32_t n)
{
	struct bytes *q = &t->x->rcvq;

	if (seg->block != NULL) {
		struct slice s = {seg->block, (uint32_t)(seg->text - seg->block->data), n};

		if (!bytes_reserve(q, &t->env->mem))
			return 0;
		block_ref(s.block);
		if (!bytes_append_slice(q, &t->env->mem, s)) {
			block_unref(s.block);
			return 0;
		}
		return n;
	}
	/* No room beyond this segment when memory is short. */
	return bytes_append(q, &t->env->mem, seg->text, n,
			    mem_tight(&t->env->mem) ? n : BLOCK_GRAIN);
}

/* What is held is kept (A9): text goes up to the first piece, then the piece, then what is left. */
static uint32_t until_held(const struct tcb *t, const struct tcp_seg *seg)
{
	const struct reasm *r = &t->x->reasm;

	if (r->count == 0 || seq_leq(reasm_piece(r, 0)->seq, seg->seq))
		return seg->text_len; /* the second: held back by want of memory, see drain */
	return min_u32(seg->text_len, seq_dist(seg->seq, reasm_piece(r, 0)->seq));
}

/* Takes what lies before RCV.NXT off the front of a segment. */
static void skip_received(const struct tcb *t, struct tcp_seg *seg)
{
	uint32_t k = min_u32(seq_dist(seg->seq, t->rcv.nxt), seg->text_len);

	seg->seq = seq_add(seg->seq, k);
	seg->text += k;
	seg->text_len -= k;
}

/*
 * D7: what is received must not eat what the application needs to send on what it reads. So memory
 * that is kept back is for one segment of the wire, for an application that has read everything: it
 * may be the one that the others wait for.
 */
static uint32_t deliver_fairly(struct tcb *t, const struct tcp_seg *seg, uint32_t want)
{
	size_t budget = mem_keep_back(&t->env->mem);
	uint32_t n = deliver(t, seg, want);

	t->env->mem.budget = budget;
	if (n == 0 && t->x->rcvq.length == 0)
		n = deliver(t, seg, seg->segments > 1 ? min_u32(want, seg->mss) : want);
	return n;
}

static enum step in_order(struct tcb *t, struct tcp_seg *seg, instant now)
{
	bool filled = t->x->reasm.count > 0;
	tcp_seq before = t->rcv.nxt;

	rcv_tune(t, seg, now);
	while (seg->text_len > 0) {
		uint32_t want = until_held(t, seg), n = deliver_fairly(t, seg, want);

		advance_nxt(t, n);
		filled |= drain_reassembly(t);
		skip_received(t, seg);
		if (n == want)
			continue;
		/* The rest was not acknowledged: it will come again. */
		tcp_drop(t->env, t, AKSU_DROP_NO_MEMORY, seg);
		seg->flags &= (uint8_t)~AKSU_FIN;
		break;
	}
	t->x->unacked_rcvd += seq_dist(before, t->rcv.nxt);
	if (seq_eq(before, t->rcv.nxt))
		return DONE;
	/* RFC 5681 4.2: a hole is filled, if only in part; or several came as one (SHLD-19). */
	if (filled || seg->segments > 1)
		ack_now(t, AKSU_WHY_ACK);
	else
		on_text_received(t, now);
	return GO_ON;
}

/*
 * One for each segment on the wire: a peer without SACK counts them. With it, the blocks of the
 * first say all.
 */
static void repeat_ack(struct tcb *t, const struct tcp_seg *seg)
{
	unsigned n = has(t, TF_SACK) ? 1 : min_u32(seg->segments, ACKS_DUE_MAX);

	while (n-- > 0)
		ack_each(t, AKSU_WHY_DUP_ACK);
}

/* SHLD-31, MAY-13, RFC 5681 4.2: hold it, and say so at once. */
static enum step out_of_order(struct tcb *t, const struct tcp_seg *seg)
{
	/* It is held only while there is plenty: what fills the hole needs memory too. */
	size_t budget = mem_keep_back(&t->env->mem);
	enum reasm_result r = reasm_add(&t->x->reasm, &t->env->mem, seg->seq, seg->text,
					seg->text_len, seg->block);

	t->env->mem.budget = budget;
	repeat_ack(t, seg); /* also when it cannot be held: the hole is news */
	if (r == REASM_FULL)
		return drop(t, AKSU_DROP_REASM_LIMIT, seg);
	if (r == REASM_DUPLICATE) {
		note_duplicate(t, seg, seg_end(seg));
		tcp_drop(t->env, t, AKSU_DROP_TEXT_DUPLICATE, seg);
	}
	return GO_ON;
}

/* SHLD-3, G6: data for an application that is gone. */
static enum step nobody_reads(struct tcb *t, const struct tcp_seg *seg, struct reply *re)
{
	tcp_drop(t->env, t, AKSU_DROP_TEXT_AFTER_CLOSE, seg);
	tcp_abort(t, re);
	return DONE;
}

static enum step step7_text(struct tcb *t, struct tcp_seg *seg, instant now, struct reply *re)
{
	if (seg->text_len == 0)
		return GO_ON;
	if (!takes_text(t)) {
		tcp_drop(t->env, t,
			 t->state == TCP_TIME_WAIT ? AKSU_DROP_TIME_WAIT_TEXT
						   : AKSU_DROP_TEXT_AFTER_FIN,
			 seg);
		return DONE;
	}
	trim(t, seg);
	if (seg->text_len == 0)
		return GO_ON;
	if (has(t, TF_NO_READER))
		return nobody_reads(t, seg, re);
	if (tcb_extend(t) == NULL)
		return drop(t, AKSU_DROP_NO_MEMORY, seg);
	/* Merged segments that nobody counted must not pass for one. */
	t->rcv_mss =
		(uint16_t)min_u32(max_u32(t->rcv_mss, seg->segments > 1 ? seg->mss : seg->text_len),
				  t->path_mss);
	return seq_eq(seg->seq, t->rcv.nxt) ? in_order(t, seg, now) : out_of_order(t, seg);
}

/* ---------------------------------------------------------------- eighth: FIN */

/* The peer's FIN is next: "advance RCV.NXT over the FIN" (U-8). */
static void take_fin(struct tcb *t, instant now)
{
	t->flags |= TF_FIN_RECEIVED;
	t->flags &= ~(uint32_t)TF_FIN_HELD;
	if (t->x != NULL) /* what was held beyond it is not of the stream */
		reasm_fini(&t->x->reasm, &t->env->mem);
	advance_nxt(t, 1);
	t->rcv.adv = seq_max(t->rcv.adv, t->rcv.nxt);
	ack_now(t, AKSU_WHY_ACK);
	switch ((enum tcp_state)t->state) {
	case TCP_SYN_RECEIVED: /* left in step 5 */
	case TCP_ESTABLISHED: tcb_set_state(t, TCP_CLOSE_WAIT); break;
	case TCP_FIN_WAIT_1: /* our FIN is not acknowledged, else step 5 had left this state */
		tcb_set_state(t, TCP_CLOSING);
		break;
	case TCP_FIN_WAIT_2:
		tcb_set_state(t, TCP_TIME_WAIT);
		on_time_wait(t, now);
		break;
	case TCP_CLOSED:
	case TCP_LISTEN:
	case TCP_SYN_SENT:
	case TCP_CLOSE_WAIT:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
	case TCP_TIME_WAIT: /* a second FIN lies outside the window: step 1 answered it */ break;
	}
}

static void step8_fin(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	tcp_seq fin = seq_add(seg->seq, seg->text_len);

	if (has(t, TF_FIN_RECEIVED) || t->state == TCP_CLOSED)
		return;
	if (seg_has(seg, AKSU_FIN) && seq_within(fin, t->rcv.nxt, rcv_wnd(t))) {
		if (seq_eq(fin, t->rcv.nxt)) {
			take_fin(t, now);
			return;
		}
		if (tcb_extend(t) == NULL)
			return; /* not acknowledged: it will come again */
		if (seg->text_len == 0)
			ack_each(t, AKSU_WHY_DUP_ACK);
		t->x->fin_at = fin; /* C-13: takes effect when the hole is filled */
		t->flags |= TF_FIN_HELD;
	}
	if (has(t, TF_FIN_HELD) && seq_eq(t->x->fin_at, t->rcv.nxt))
		take_fin(t, now);
}

/* ---------------------------------------------------------------- 3.10.7.4 other states */

static void other_states(struct tcb *t, const struct tcp_seg *in, instant now, struct reply *re)
{
	struct tcp_seg seg = *in; /* what is trimmed is trimmed in this copy */
	bool marked;

	if (t->state == TCP_TIME_WAIT && timewait_is_syn(&seg)) { /* stack/ asked RFC 6191 before */
		(void)drop(t, AKSU_DROP_SYN_IN_TIME_WAIT, &seg);
		return;
	}
	if (step0_timestamps(t, &seg, now) == DONE)
		return;
	if (step1_sequence(t, &seg, now) == DONE)
		return;
	if (step2_rst(t, &seg, now) == DONE)
		return;
	/* step 3, security and compartment: see above */
	if (step4_syn(t, &seg, now) == DONE)
		return;
	if (step5_ack(t, &seg, now, re) == DONE)
		return;
	step5b_ts_recent(t, &seg, now);
	marked = ecn_received(t, &seg);
	step6_urgent(t, &seg);
	if (step7_text(t, &seg, now, re) == GO_ON)
		step8_fin(t, &seg, now);
	if (marked && t->acks_due == 0 && t->state != TCP_CLOSED)
		ack_now(t, AKSU_WHY_ACK);
}

/* ---------------------------------------------------------------- 3.10.7.3 SYN-SENT */

/* What the peer's SYN tells, whether it answers ours or crossed it. */
static void learn_from_syn(struct tcb *t, const struct tcp_seg *seg)
{
	uint32_t offered = seq_dist(t->rcv.nxt, t->rcv.adv); /* the window that our SYN named */

	t->irs = seg->seq;
	t->rcv.nxt = t->rcv.mark = t->last_ack_sent = seq_add(seg->seq, 1);
	t->rcv.adv = seq_add(t->rcv.nxt, offered);
	option_agree(t, seg);
	ecn_agree(t, seg);
}

/* Fourth, "our SYN has been ACKed": ESTABLISHED, and on at the sixth step (U-15). */
static void syn_is_answered(struct tcb *t, const struct tcp_seg *in, instant now, struct reply *re)
{
	struct tcp_seg seg = *in;

	establish(t, &seg, now);
	tcp_ack(t, &seg, now);
	ack_now(t, AKSU_WHY_HANDSHAKE);
	seg.flags &= (uint8_t)~AKSU_SYN;
	seg.seq = seq_add(seg.seq, 1);
	seg_measure(&seg);
	step6_urgent(t, &seg);
	if (step7_text(t, &seg, now, re) == DONE)
		return;
	step8_fin(t, &seg, now);
}

/* "Otherwise, enter SYN-RECEIVED": simultaneous open (MUST-10), with the same ISS (B11). */
static void syns_crossed(struct tcb *t, const struct tcp_seg *seg)
{
	t->snd.wnd = seg->wnd;
	t->snd.max_wnd = seg->wnd;
	t->snd.wl1 = seg->seq;
	t->snd.wl2 = t->iss;
	tcb_set_state(t, TCP_SYN_RECEIVED);
	if (t->x->sent.count > 0) /* the SYN goes again, now with an ACK; it was not lost */
		sent_mark_lost(&t->x->sent, sent_run(&t->x->sent, 0));
}

static void syn_sent(struct tcb *t, const struct tcp_seg *seg, instant now, struct reply *re)
{
	bool ack = seg_has(seg, AKSU_ACK), rst = seg_has(seg, AKSU_RST);

	/* First, check the ACK bit: SND.UNA < SEG.ACK =< SND.NXT is acceptable. */
	if (ack && (!seq_gt(seg->ack, t->snd.una) || seq_gt(seg->ack, t->snd.nxt))) {
		if (rst)
			(void)drop(t, AKSU_DROP_SYN_SENT_RST_BAD, seg);
		else
			(void)reset_sender(t, AKSU_DROP_SYN_SENT_ACK_BAD, seg, re);
		return;
	}
	/* Second, check the RST bit; its number is not looked at (erratum 8167). */
	if (rst) {
		if (ack)
			(void)reset_by_peer(t, AKSU_ECONNREFUSED);
		else
			(void)drop(t, AKSU_DROP_SYN_SENT_RST_BAD, seg);
		return;
	}
	/* Third, security: not offered. Fourth, check the SYN bit. */
	if (!seg_has(seg, AKSU_SYN)) { /* Fifth: neither */
		(void)drop(t, AKSU_DROP_SYN_SENT_NO_SYN, seg);
		return;
	}
	learn_from_syn(t, seg);
	if (ack)
		syn_is_answered(t, seg, now, re);
	else
		syns_crossed(t, seg);
}

/* ---------------------------------------------------------------- the door */

void tcp_input(struct tcb *t, const struct tcp_seg *in, instant now, struct reply *re)
{
	struct tcp_seg seg = *in;

	/* The window of a SYN is never scaled (B9); any other is, by what the peer's SYN said.
	 * The field is unsigned (MUST-1). */
	seg.wnd = (uint32_t)seg.rawwnd << (seg_has(&seg, AKSU_SYN) ? 0 : t->snd_shift);
	on_segment_received(t, now);
	if (t->state == TCP_CLOSED)
		tcp_closed(t->env, &seg, re);
	else if (t->state == TCP_SYN_SENT)
		syn_sent(t, &seg, now, re);
	else
		other_states(t, &seg, now, re);
	tcb_rest(t);
}

/* ---------------------------------------------------------------- what ICMP says (3.9.2.2) */

/* RFC 5927 4: what is in flight; of a pure ACK the number is SND.NXT, which can only be reported.
 */
static bool is_quoted(const struct tcb *t, tcp_seq seq)
{
	return seq_geq(seq, t->snd.una) &&
	       (seq_lt(seq, t->snd.nxt) || (tcp_synchronized(t) && seq_eq(seq, t->snd.nxt)));
}

void tcp_icmp(struct tcb *t, enum aksu_error error, bool hard, tcp_seq quoted)
{
	if (t->state == TCP_CLOSED || !is_quoted(t, quoted)) {
		tcp_drop(t->env, t, AKSU_DROP_ICMP_QUOTE, NULL);
		return;
	}
	/* SHLD-26, RFC 5461: a hard error ends only what is not yet open. */
	if (hard && !tcp_synchronized(t)) {
		tcb_terminate(t, error);
		return;
	}
	tcp_soft_error(t, error); /* MUST-56: never the end */
}

/* MUST-47, SHLD-25: told. */
void tcp_soft_error(struct tcb *t, enum aksu_error error)
{
	t->soft_error = (uint8_t)error;
	if (!t->conf->no_soft_errors)
		t->notices |= NOTICE_SOFT_ERROR;
}

/* U-10, RFC 1191 6.4, H3: what was larger goes again at once, without a cut of the congestion
 * window. */
void tcp_path_mss(struct tcb *t, uint16_t path_mss, bool lost)
{
	struct sent *sent;
	uint32_t mss;

	t->path_mss = path_mss;
	mss = eff_snd_mss(t);
	if (t->x == NULL)
		return;
	t->x->cc.smss = mss;
	sent = &t->x->sent;
	for (uint32_t i = 0; lost && i < sent->count; i++) {
		struct run *r = sent_run(sent, i);

		if (r->len <= mss)
			continue;
		sent_mark_lost(sent, r);
		t->flags |= TF_RTX_PMTU;
	}
}
