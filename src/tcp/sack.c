/* SPDX-License-Identifier: MIT */
/*
 * tcp/sack.c - what a SACK option says: which blocks are believed, and what they mark.
 *
 * RFC 2018 section 5, RFC 6675 section 5 (Update()), RFC 2883 section 4 (D-SACK). Blocks are
 * advice: what they name stays in the queue until SND.UNA passes it (RFC 2018 section 8). A block
 * that is not [start < end) within what is outstanding marks nothing (F13). The marks are in
 * sent.c; what they mean is the detector's.
 */
#include "tcp/tcp.h"

/* Larger than nothing, and all of it outstanding. */
static bool is_block(const struct tcb *t, const struct tcp_sack_block *b)
{
	return seq_lt(b->start, b->end) && seq_geq(b->start, t->snd.una) &&
	       seq_leq(b->end, t->snd.nxt);
}

/* RFC 2883 4.1, 4.2: below the acknowledgement, or inside the second block. */
static bool is_duplicate_block(const struct tcb *t, const struct tcp_seg *seg)
{
	const struct tcp_sack_block *b = seg->opts.sack;

	if (!seq_lt(b[0].start, b[0].end) || seq_gt(b[0].end, t->snd.nxt) ||
	    seq_lt(b[0].start, seq_sub(seg->ack, t->snd.max_wnd)))
		return false; /* of what was never sent, or too long ago to tell anything */
	if (seq_leq(b[0].end, seg->ack))
		return true;
	return seg->opts.sack_count > 1 && seq_leq(b[1].start, b[0].start) &&
	       seq_geq(b[1].end, b[0].end);
}

/*
 * How many runs blocks may cut at a time: twice the segments that are outstanding. An honest peer
 * reports whole segments; one that reports single octets would have us keep a run for each.
 */
static uint32_t cuts_allowed(const struct tcb *t)
{
	return 2 * (snd_outstanding(t) / max_u32(eff_snd_mss(t), 1) + 1);
}

static void read_block(struct tcb *t, const struct tcp_seg *seg, const struct tcp_sack_block *b,
		       instant now, struct delivery *d)
{
	struct sent *sent = &t->x->sent;
	tcp_seq at = b->start;
	struct run *r;

	while ((r = sent_sack(sent, &t->env->mem, &at, b->end, cuts_allowed(t))) != NULL) {
		d->octets += r->len;
		rack_delivered(t, r, run_end(r), seg, now, d);
		rate_delivered(t, r, run_end(r), d);
		if (r->flags & RUN_RETRANSMITTED)
			note_resent(d, r->sent_at);
		else if (is_never(d->sacked_at) || before(d->sacked_at, r->sent_at))
			d->sacked_at = r->sent_at;
	}
}

void sack_read(struct tcb *t, const struct tcp_seg *seg, instant now, struct delivery *d)
{
	const struct tcp_opts *o = &seg->opts;

	if (!(o->present & AKSU_OPT_SACK) || o->sack_count == 0)
		return;
	d->blocks = true;
	if (is_duplicate_block(t, seg)) {
		d->dsack = true;
		d->dup = o->sack[0].start;
		d->dup_end = o->sack[0].end;
	}
	for (unsigned i = 0; i < o->sack_count; i++)
		if (is_block(t, &o->sack[i]))
			read_block(t, seg, &o->sack[i], now, d);
}
