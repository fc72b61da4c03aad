/* SPDX-License-Identifier: MIT */
/*
 * tcp/window.c - windows: what we promise, what we were promised, how large a segment may be.
 *
 * RFC 9293 section 3.8.6 (silly windows on both sides), 3.7.1 (MSS), RFC 7323 section 2 (scale).
 *
 *    rcv.nxt                 rcv.adv      rcv.nxt + space
 *       ├──── promised ────────┤···· grows only by a worthwhile step ····┤
 *
 * The right edge never moves left (SHLD-14). A window field has a grain of 2^shift octets: where
 * the promise does not fit the grain it is rounded up as long as the buffer bears it, and what was
 * ever promised is honoured (RFC 7323 section 2.4).
 */
#include "tcp/tcp.h"

uint32_t rcv_space(const struct tcb *t)
{
	uint32_t held = tcb_x(t)->rcvq.length, size = rcv_buffer(t);

	return size > held ? size - held : 0;
}

/* The largest window to offer: the buffer, or less where the link's own queue is shorter. */
static uint32_t window_most(const struct tcb *t)
{
	uint32_t limit = t->env->window_limit, size = rcv_buffer(t);

	return limit != 0 ? min_u32(limit, size) : size;
}

/* When memory is tight an application that has read everything is given two segments, no more. */
static tcp_seq tight_edge(const struct tcb *t)
{
	uint32_t held = tcb_x(t)->rcvq.length;

	return seq_add(t->rcv.nxt, held == 0 ? 2 * (uint32_t)t->rcv_mss : 0);
}

/* Where the edge could be, if the field can say it; never left of where it is. While nobody reads
 * it stays there, for as long as that takes (MAY-8). */
static tcp_seq edge_possible(const struct tcb *t)
{
	uint32_t most = min_u32((uint32_t)UINT16_MAX << t->rcv_shift, window_most(t));
	tcp_seq edge = seq_add(t->rcv.nxt, min_u32(rcv_space(t), most));

	if (mem_tight(&t->env->mem)) /* D7: not shut for ever, or two hosts wait for each other */
		edge = seq_min(edge, tight_edge(t));
	return seq_lt(edge, t->rcv.adv) ? t->rcv.adv : edge;
}

/* The smallest step that is worth telling (RFC 9293 3.8.6.2.2: Fr = 1/2). */
static uint32_t edge_step(const struct tcb *t) { return min_u32(window_most(t) / 2, t->rcv_mss); }

bool rcv_wants_update(const struct tcb *t)
{
	uint32_t grown = seq_dist(t->rcv.adv, edge_possible(t)), left = rcv_wnd(t);
	uint32_t most = window_most(t);

	if (grown < max_u32(edge_step(t), 1))
		return false;
	/* Not one ACK for each read: when it matters, or when it is much (E15). */
	return left <= most / 8 || grown >= most / 2;
}

uint16_t rcv_advertise(struct tcb *t, bool syn)
{
	uint8_t shift = syn ? 0 : t->rcv_shift; /* never scaled on a SYN (B9) */
	uint32_t grain = 1u << shift;
	tcp_seq edge = edge_possible(t);
	uint32_t wnd, up, field, limit = rcv_buffer(t) + rcv_buffer(t) / 16;

	if (seq_dist(t->rcv.adv, edge) < edge_step(t))
		edge = t->rcv.adv;
	wnd = seq_dist(t->rcv.nxt, edge);
	up = (wnd + grain - 1) >> shift;
	/*
	 * What is held counts even beyond the buffer: else a full one creeps open, grain by grain.
	 */
	field = tcb_x(t)->rcvq.length + (up << shift) <= limit ? up : wnd >> shift;
	field = min_u32(field, UINT16_MAX);
	t->rcv.adv = seq_max(t->rcv.adv, seq_add(t->rcv.nxt, field << shift));
	return (uint16_t)field;
}

/*
 * Fifth, "the send window should be updated" (3.10.7.4). The caller has checked that
 * SND.UNA =< SEG.ACK =< SND.NXT (E1). DEPARTS: a newer ACK is newer even on a segment sent again,
 * whose number is older; else SND.UNA moves, the old width stays, and we send beyond the promise.
 */
void snd_window_update(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	if (!seq_lt(t->snd.wl1, seg->seq) && !seq_lt(t->snd.wl2, seg->ack) &&
	    !(seq_eq(t->snd.wl1, seg->seq) && seq_leq(t->snd.wl2, seg->ack)))
		return;
	t->snd.wnd = seg->wnd;
	t->snd.wl1 = seq_max(t->snd.wl1, seg->seq);
	t->snd.wl2 = seg->ack;
	t->snd.max_wnd = max_u32(t->snd.max_wnd, seg->wnd);
	on_window_changed(t, now);
}

/*
 * MUST-16: Eff.snd.MSS = min(SendMSS, what IP takes) less the options of a data segment. What the
 * peer said is never below MSS_MIN, what our own link takes may be (H2).
 */
uint32_t eff_snd_mss(const struct tcb *t)
{
	uint32_t mss = min_u32(t->peer_mss, t->path_mss);

	if (t->conf->maxseg != 0)
		mss = min_u32(mss, t->conf->maxseg);
	return has(t, TF_TS) ? mss - TS_OPTION_LEN : mss;
}

uint32_t snd_usable(const struct tcb *t)
{
	uint32_t out = snd_outstanding(t);

	return t->snd.wnd > out ? t->snd.wnd - out : 0; /* shrunk: none (MUST-34, SHLD-15) */
}
