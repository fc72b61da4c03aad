/* SPDX-License-Identifier: MIT */
/*
 * tcp/option.c - which options to offer, and what was agreed on.
 *
 * RFC 9293 section 3.2 and 3.7.1 (MSS), RFC 7323 (window scale, timestamps), RFC 2018 (SACK).
 * Scale, SACK-permitted and MSS are looked at on a SYN only (C10, MUST-65).
 */
#include "tcp/tcp.h"

/*
 * The scale that lets the window grow to what the buffer may become; but a small buffer needs a
 * small grain, or no window would fit into it.
 */
uint8_t option_rcv_shift(const struct tcp_conf *conf)
{
	uint8_t shift = WSCALE_OFFERED;

	while (shift > 0 && 1u << shift > conf->rcvbuf / 16)
		shift--;
	while (shift < WSCALE_MAX && max_u32(conf->rcvbuf, conf->rcvmax) >> shift > UINT16_MAX)
		shift++;
	return shift;
}

/* MUST-67, SHLD-6: what a link's MTU lets us take, not reduced for options. */
uint16_t mss_announced(const struct tcb *t)
{
	if (t->conf->maxseg != 0 && t->conf->maxseg < t->path_mss)
		return t->conf->maxseg;
	return t->path_mss;
}

/* MSS in every SYN (MUST-14, SHLD-5, MAY-3). */
static void offer_on_syn(const struct tcb *t, struct tcp_seg *seg)
{
	struct tcp_opts *o = &seg->opts;
	bool first = t->state == TCP_SYN_SENT; /* a SYN-ACK offers what the SYN did (B9) */

	o->present |= AKSU_OPT_MSS;
	o->mss = mss_announced(t);
	if (first || has(t, TF_WS)) {
		o->present |= AKSU_OPT_WSCALE;
		o->wscale = t->rcv_shift;
	}
	if (first || has(t, TF_SACK))
		o->present |= AKSU_OPT_SACK_OK;
}

/* Blocks that fit; beside text at least TEXT_MIN octets of it, on links however small. */
static uint32_t sack_room(const struct tcb *t, uint32_t used, bool text)
{
	enum { HEAD = 4, BLOCK = 8 };
	uint32_t mss = eff_snd_mss(t), rest = HEAD + used + (text ? TEXT_MIN : 0);
	uint32_t room = mss > rest ? (mss - rest) / BLOCK : 0;

	return min_u32(room, has(t, TF_TS) ? TCP_SACK_MAX - 1 : TCP_SACK_MAX);
}

/*
 * RFC 2018: blocks go with every ACK while something lies out of order; RFC 2883 4: before them
 * what came twice, once.
 */
static void offer_sack(const struct tcb *t, struct tcp_opts *o, bool text)
{
	uint32_t used = (uint32_t)tcp_opts_len(o, AKSU_ACK) - (has(t, TF_TS) ? 12 : 0);
	uint32_t room = sack_room(t, used, text), n = 0;

	if (t->x == NULL)
		return;
	if (t->x->dsack_set && room > 0)
		o->sack[n++] = t->x->dsack;
	if (t->x->reasm.count > 0)
		n += reasm_sack(&t->x->reasm, t->rcv.nxt, o->sack + n, room - n);
	o->sack_count = (uint8_t)n;
	if (n > 0)
		o->present |= AKSU_OPT_SACK;
}

void option_offer(const struct tcb *t, struct tcp_seg *seg, bool text, instant now)
{
	struct tcp_opts *o = &seg->opts;
	bool syn = seg_has(seg, AKSU_SYN);

	if (syn)
		offer_on_syn(t, seg);
	/* RFC 7323 3.2: on every segment once agreed on; on a SYN to ask. */
	if (has(t, TF_TS) || (syn && t->state == TCP_SYN_SENT)) {
		o->present |= AKSU_OPT_TS;
		o->tsval = tcp_ts_now(t, now);
		o->tsecr = seg_has(seg, AKSU_ACK) ? t->ts_recent : ts_at(0);
	}
	if (!syn)
		ecn_offer(t, o, text);
	if (!syn && has(t, TF_SACK) && seg_has(seg, AKSU_ACK))
		offer_sack(t, o, text);
}

/* The peer's SYN says what it can; we can all of it. */
void option_agree(struct tcb *t, const struct tcp_seg *syn)
{
	const struct tcp_opts *o = &syn->opts;

	if (o->present & AKSU_OPT_MSS)
		t->peer_mss = (uint16_t)max_u32(o->mss, MSS_MIN); /* H2 */
	if (o->present & AKSU_OPT_WSCALE) {
		t->flags |= TF_WS;
		t->snd_shift = o->wscale > WSCALE_MAX ? WSCALE_MAX : o->wscale;
	} else {
		t->rcv_shift = 0;
	}
	if (o->present & AKSU_OPT_SACK_OK)
		t->flags |= TF_SACK;
	if (o->present & AKSU_OPT_TS) {
		t->flags |= TF_TS;
		t->ts_recent = o->tsval;
		tcb_ts_begin(t, o->tsval);
		t->ts_recent_s = (uint32_t)(t->env->events.now.ns / seconds(1).ns);
	}
}
