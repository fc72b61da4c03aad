/* SPDX-License-Identifier: MIT */
/*
 * tcp/listen.c - LISTEN and the half-open record; see listen.h.
 */
#include "tcp/listen.h"

#include "tcp/tcp.h"

/* 3.10.7.2: the order matters. */
enum listen_verdict tcp_listen(const struct tcp_seg *seg, enum aksu_drop *reason)
{
	/* First, check for a RST. */
	if (seg_has(seg, AKSU_RST)) {
		*reason = AKSU_DROP_RST_AT_LISTEN;
		return LISTEN_IGNORE;
	}
	/* Second, check for an ACK. */
	if (seg_has(seg, AKSU_ACK)) {
		*reason = AKSU_DROP_ACK_AT_LISTEN;
		return LISTEN_RESET;
	}
	/* Third, check for a SYN. */
	if (seg_has(seg, AKSU_SYN)) {
		*reason = AKSU_DROP_NONE;
		return LISTEN_SYN;
	}
	*reason = AKSU_DROP_NO_SYN_AT_LISTEN;
	return LISTEN_IGNORE;
}

struct syn_record syn_record_from(const struct tcp_seg *syn, tcp_seq iss, uint16_t default_mss,
				  const struct tcp_conf *conf)
{
	const struct tcp_opts *o = &syn->opts;
	struct syn_record r = {
		.iss = iss,
		.irs = syn->seq,
		.peer_mss = default_mss, /* MUST-15 */
		.snd_shift = SYN_UNSCALED,
		.rcv_shift = option_rcv_shift(conf) & 0xfu,
		.sack = o->present & AKSU_OPT_SACK_OK,
		.ts = o->present & AKSU_OPT_TS,
		.ecn = ecn_answer(conf, syn) & 7u,
	};

	if (o->present & AKSU_OPT_MSS)
		r.peer_mss = (uint16_t)max_u32(o->mss, MSS_MIN);
	if (o->present & AKSU_OPT_WSCALE)
		r.snd_shift = min_u32(o->wscale, WSCALE_MAX) & 0xfu;
	if (r.ts)
		r.ts_recent = o->tsval;
	return r;
}

/* RCV.WND of a half-open connection: what the SYN-ACK names, unscaled. */
static uint32_t first_window(const struct tcp_passive *p)
{
	uint32_t wnd = min_u32(p->conf->rcvbuf, UINT16_MAX);

	return p->window != 0 ? min_u32(p->window, wnd) : wnd;
}

static void put_timestamps(const struct syn_record *r, const struct tcp_passive *p, instant now,
			   struct tcp_seg *out)
{
	if (!r->ts)
		return;
	out->opts.present |= AKSU_OPT_TS;
	out->opts.tsval = ts_add(p->ts_offset, (uint32_t)(now.ns / TS_TICK.ns));
	out->opts.tsecr = r->ts_recent;
}

void syn_record_answer(const struct syn_record *r, const struct tcp_passive *p, instant now,
		       struct tcp_seg *out)
{
	uint16_t maxseg = p->conf->maxseg;

	*out = (struct tcp_seg){
		.seq = r->iss,
		.ack = seq_add(r->irs, 1),
		.len = 1,
		.flags = AKSU_SYN | AKSU_ACK,
		.rawwnd = (uint16_t)first_window(p),
		.segments = 1,
		.opts = {.present = AKSU_OPT_MSS},
	};
	out->opts.mss = maxseg != 0 && maxseg < p->path_mss ? maxseg : p->path_mss;
	if (r->snd_shift != SYN_UNSCALED) {
		out->opts.present |= AKSU_OPT_WSCALE;
		out->opts.wscale = r->rcv_shift;
	}
	if (r->sack)
		out->opts.present |= AKSU_OPT_SACK_OK;
	put_timestamps(r, p, now, out);
	ecn_dress_syn_ack(r->ecn, r->sends, out);
}

void syn_record_ack(const struct syn_record *r, const struct tcp_passive *p, instant now,
		    struct tcp_seg *out)
{
	uint8_t shift = r->snd_shift != SYN_UNSCALED ? r->rcv_shift : 0;

	*out = (struct tcp_seg){
		.seq = seq_add(r->iss, 1),
		.ack = seq_add(r->irs, 1),
		.flags = AKSU_ACK,
		.rawwnd = (uint16_t)(first_window(p) >> shift),
		.segments = 1,
	};
	put_timestamps(r, p, now, out);
	ecn_dress_record_ack(r->ecn, out);
}

/* The same rows as in input.c: RCV.NXT is IRS + 1. */
static bool acceptable(const struct syn_record *r, const struct tcp_passive *p,
		       const struct tcp_seg *seg)
{
	tcp_seq nxt = seq_add(r->irs, 1), last = seq_add(seg->seq, seg->len - 1);
	uint32_t wnd = first_window(p);

	if (seg->len == 0)
		return seq_within(seg->seq, nxt, wnd);
	return seq_within(seg->seq, nxt, wnd) || seq_within(last, nxt, wnd) ||
	       (seq_lt(seg->seq, nxt) && seq_geq(last, seq_add(nxt, wnd)));
}

/* The SYN itself lies one left of the window (C-30). */
static enum syn_verdict syn_again(struct syn_record *r, const struct tcp_passive *p,
				  const struct tcp_seg *seg, enum aksu_drop *reason)
{
	uint8_t ecn = r->ecn;
	bool consistent = ecn_answer_again(p->conf, &ecn, seg);

	r->ecn = ecn & 7u;
	*reason = consistent ? AKSU_DROP_SYN_DUPLICATE : AKSU_DROP_SYN_ECN_MIXED;
	return consistent ? SYN_RESEND : SYN_ABORT;
}

enum syn_verdict syn_record_input(struct syn_record *r, const struct tcp_passive *p,
				  const struct tcp_seg *seg, instant now, enum aksu_drop *reason)
{
	bool rst = seg_has(seg, AKSU_RST), syn = seg_has(seg, AKSU_SYN);
	tcp_seq nxt = seq_add(r->irs, 1);

	(void)now;
	*reason = AKSU_DROP_NONE;
	/* RFC 7323 3.2 and 5.3; a record does not live long enough for 5.5. */
	if (r->ts && !rst) {
		if (!(seg->opts.present & AKSU_OPT_TS)) {
			*reason = AKSU_DROP_TS_MISSING;
			return SYN_DROP;
		}
		if (ts_lt(seg->opts.tsval, r->ts_recent)) {
			*reason = AKSU_DROP_PAWS;
			return SYN_ACK;
		}
	}
	/* First: the sequence number. */
	if (syn && !rst && seq_eq(seg->seq, r->irs) && !seg_has(seg, AKSU_ACK))
		return syn_again(r, p, seg, reason);
	if (!acceptable(r, p, seg)) {
		*reason = rst ? AKSU_DROP_RST_OUT_OF_WINDOW : AKSU_DROP_SEQ_NOT_ACCEPTABLE;
		return rst ? SYN_DROP : SYN_ACK;
	}
	/* Second: RST (RFC 5961 3.2). */
	if (rst && seq_eq(seg->seq, nxt))
		return SYN_DIE;
	if (rst) {
		*reason = AKSU_DROP_RST_NOT_EXACT;
		return SYN_ACK;
	}
	/* Fourth: SYN, in SYN-RECEIVED from a passive OPEN: back to LISTEN. */
	if (syn)
		return SYN_DIE;
	/* Fifth: ACK. */
	if (!seg_has(seg, AKSU_ACK)) {
		*reason = AKSU_DROP_NO_ACK;
		return SYN_DROP;
	}
	if (!seq_eq(seg->ack, seq_add(r->iss, 1))) {
		*reason = AKSU_DROP_SYN_RECEIVED_ACK_BAD;
		return SYN_RESET;
	}
	return SYN_COMPLETE;
}

bool tcp_open_passive(struct tcb *t, struct tcp_env *env, const struct syn_record *r,
		      const struct tcp_passive *p, uint32_t id, instant syn_ack_sent)
{
	bool scaled = r->snd_shift != SYN_UNSCALED;

	tcb_init(t, env, p->conf, id, TCP_SYN_RECEIVED); /* the record said so when it was made */
	t->flags = TF_PASSIVE | (scaled ? TF_WS : 0) | (r->sack ? TF_SACK : 0) |
		   (r->ts ? TF_TS : 0) | (r->sends > 1 ? TF_SYN_RESENT : 0) |
		   ecn_flags_of(r->ecn, r->sends);
	t->iss = t->snd.una = t->snd.wl2 = r->iss;
	t->irs = t->snd.wl1 = r->irs;
	t->snd.nxt = seq_add(r->iss, 1);
	t->rcv.nxt = t->rcv.mark = t->last_ack_sent = seq_add(r->irs, 1);
	t->rcv.adv = seq_add(t->rcv.nxt, first_window(p));
	t->ts_recent = r->ts_recent;
	t->ts_recent_s = (uint32_t)(env->events.now.ns / seconds(1).ns);
	t->ts_offset = p->ts_offset;
	t->peer_mss = r->peer_mss;
	t->path_mss = p->path_mss;
	t->rcv_mss = (uint16_t)min_u32(p->default_mss, p->path_mss);
	t->snd_shift = scaled ? r->snd_shift : 0;
	t->rcv_shift = scaled ? r->rcv_shift : 0;
	if (tcb_extend(t) == NULL || !sent_reserve(&t->x->sent, &env->mem)) {
		tcb_fini(t);
		return false;
	}
	(void)sent_push(&t->x->sent, (struct run){
					     .seq = r->iss,
					     .len = 1,
					     .sent_at = syn_ack_sent,
					     .flags = r->sends > 1 ? RUN_RETRANSMITTED : 0,
					     .transmissions = r->sends,
				     });
	on_segment_sent(t, env->events.now);
	return true;
}
