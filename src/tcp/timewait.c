/* SPDX-License-Identifier: MIT */
/*
 * tcp/timewait.c - the rules of TIME-WAIT, for the small record; see timewait.h.
 */
#include "tcp/timewait.h"

#include "tcp/tcp.h"

struct timewait timewait_from(const struct tcb *t)
{
	return (struct timewait){
		.snd_nxt = t->snd.nxt,
		.rcv_nxt = t->rcv.nxt,
		.ts_recent = t->ts_recent,
		.rawwnd = (uint16_t)min_u32(rcv_wnd(t) >> t->rcv_shift, UINT16_MAX),
		.shift = (uint8_t)(t->rcv_shift | (has(t, TF_TS) ? TIMEWAIT_TS : 0)),
		.budget = CHALLENGE_PER_SECOND,
	};
}

static uint32_t wnd_of(const struct timewait *w)
{
	return (uint32_t)w->rawwnd << (w->shift & ~TIMEWAIT_TS);
}

/* As input.c's, for a fixed window. */
static bool acceptable(const struct timewait *w, const struct tcp_seg *seg)
{
	uint32_t wnd = wnd_of(w);
	tcp_seq last = seq_add(seg->seq, seg->len - 1);

	if (seg->len == 0)
		return wnd == 0 ? seq_eq(seg->seq, w->rcv_nxt)
				: seq_within(seg->seq, w->rcv_nxt, wnd);
	return wnd > 0 &&
	       (seq_within(seg->seq, w->rcv_nxt, wnd) || seq_within(last, w->rcv_nxt, wnd) ||
		(seq_lt(seg->seq, w->rcv_nxt) && seq_geq(last, seq_add(w->rcv_nxt, wnd))));
}

/* RFC 5961 7, in one octet: so many in a second, and then silence. */
static bool challenge_allowed(struct timewait *w, instant now)
{
	uint8_t second = (uint8_t)(now.ns / seconds(1).ns & 0x1f), left = w->budget & 7;

	if (w->budget >> 3 != second)
		left = CHALLENGE_PER_SECOND;
	if (left == 0)
		return false;
	w->budget = (uint8_t)(second << 3 | (left - 1));
	return true;
}

static enum timewait_verdict limited_ack(struct timewait *w, instant now)
{
	return challenge_allowed(w, now) ? TIMEWAIT_ACK : TIMEWAIT_DROP;
}

/*
 * RFC 6191 section 2, row by row (SHLD-4). The number of the peer's FIN is RCV.NXT - 1; "larger" is
 * what a SYN at or above RCV.NXT is.
 */
bool timewait_may_reuse(const struct timewait *w, const struct tcp_seg *syn)
{
	bool old_ts = w->shift & TIMEWAIT_TS, new_ts = syn->opts.present & AKSU_OPT_TS;
	bool larger_seq = seq_gt(syn->seq, seq_sub(w->rcv_nxt, 1));

	if (old_ts && new_ts) {
		if (ts_lt(w->ts_recent, syn->opts.tsval))
			return true;
		return ts_eq(w->ts_recent, syn->opts.tsval) && larger_seq;
	}
	return new_ts || larger_seq;
}

static enum timewait_verdict unacceptable(struct timewait *w, const struct tcp_seg *seg,
					  instant now, enum aksu_drop *reason)
{
	*reason = AKSU_DROP_SEQ_NOT_ACCEPTABLE;
	if (seg_has(seg, AKSU_RST)) {
		*reason = AKSU_DROP_RST_OUT_OF_WINDOW;
		return TIMEWAIT_DROP;
	}
	if (seg_has(seg, AKSU_FIN) && seq_eq(seg_end(seg), w->rcv_nxt))
		return TIMEWAIT_RESTART; /* the last ACK was lost (C-19) */
	if (seg_has(seg, AKSU_SYN)) {
		*reason = AKSU_DROP_SYN_IN_SYNC;
		return limited_ack(w, now);
	}
	if (seg->len == 0 && !seq_eq(seg->seq, seq_sub(w->rcv_nxt, 1)))
		return limited_ack(w, now);
	return TIMEWAIT_ACK;
}

enum timewait_verdict timewait_input(struct timewait *w, const struct tcp_seg *seg, instant now,
				     enum aksu_drop *reason)
{
	bool ts = w->shift & TIMEWAIT_TS, rst = seg_has(seg, AKSU_RST);

	*reason = AKSU_DROP_NONE;
	if (timewait_is_syn(seg)) {
		if (timewait_may_reuse(w, seg))
			return TIMEWAIT_REUSE;
		*reason = AKSU_DROP_SYN_IN_TIME_WAIT;
		return TIMEWAIT_DROP;
	}
	if (ts && !rst && !(seg->opts.present & AKSU_OPT_TS)) {
		*reason = AKSU_DROP_TS_MISSING;
		return TIMEWAIT_DROP;
	}
	if (ts && !rst && ts_lt(seg->opts.tsval, w->ts_recent)) {
		*reason = AKSU_DROP_PAWS;
		return TIMEWAIT_ACK;
	}
	if (!acceptable(w, seg))
		return unacceptable(w, seg, now, reason);
	if (rst) { /* RFC 1337 F1 */
		*reason = AKSU_DROP_RST_IN_TIME_WAIT;
		return TIMEWAIT_DROP;
	}
	if (seg_has(seg, AKSU_SYN)) {
		*reason = AKSU_DROP_SYN_IN_SYNC;
		return limited_ack(w, now);
	}
	if (!seg_has(seg, AKSU_ACK)) {
		*reason = AKSU_DROP_NO_ACK;
		return TIMEWAIT_DROP;
	}
	if (seq_gt(seg->ack, w->snd_nxt)) {
		*reason = AKSU_DROP_ACK_BEYOND_SND_NXT;
		return limited_ack(w, now);
	}
	if (ts && seq_leq(seg->seq, w->rcv_nxt))
		w->ts_recent = seg->opts.tsval;
	*reason = seg->text_len > 0 ? AKSU_DROP_TIME_WAIT_TEXT : AKSU_DROP_NONE;
	return TIMEWAIT_DROP;
}

void timewait_ack(const struct timewait *w, tcp_ts ts_offset, instant now, struct tcp_seg *out)
{
	*out = (struct tcp_seg){
		.seq = w->snd_nxt,
		.ack = w->rcv_nxt,
		.flags = AKSU_ACK,
		.rawwnd = w->rawwnd,
		.segments = 1,
	};
	if (w->shift & TIMEWAIT_TS) {
		out->opts.present = AKSU_OPT_TS;
		out->opts.tsval = ts_add(ts_offset, (uint32_t)(now.ns / TS_TICK.ns));
		out->opts.tsecr = w->ts_recent;
	}
}
