/* SPDX-License-Identifier: MIT */
/*
 * tcp/reasm.c - holding what came too early; see reasm.h for the picture.
 */
#include "tcp/reasm.h"

#include "base/bytes.h"
#include "tcp/limits.h"

#define PIECES_FIRST 8u
#define TAIL_BLOCK   4096u /* borrowed text is gathered in blocks of this, or of its own length */

static tcp_seq piece_end(const struct piece *p) { return seq_add(p->seq, p->len); }

/* The first piece that ends after `seq`. */
static uint32_t first_after(const struct reasm *r, tcp_seq seq)
{
	uint32_t low = 0, high = r->count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (seq_gt(piece_end(reasm_piece(r, mid)), seq))
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* ---------------------------------------------------------------- room */

static bool grow(struct reasm *r, struct mem *mem)
{
	uint32_t cap = r->cap == 0 ? PIECES_FIRST : r->cap * 2;
	struct piece *pieces = mem_alloc(mem, cap * sizeof(*pieces), _Alignof(struct piece));

	if (pieces == NULL)
		return false;
	for (uint32_t i = 0; i < r->count; i++)
		pieces[i] = *reasm_piece(r, i);
	mem_free(mem, r->pieces, r->cap * sizeof(*pieces));
	r->pieces = pieces;
	r->cap = cap;
	r->head = 0;
	return true;
}

/* A10: many pieces only if they are worth holding. */
static bool make_room(struct reasm *r, struct mem *mem)
{
	if (r->count >= REASM_MAX ||
	    (r->count >= REASM_TINY_MAX && r->octets / r->count < REASM_GRAIN))
		return false;
	return r->count < r->cap || grow(r, mem);
}

/* Makes a gap of one piece at index i: the shorter side moves. */
static void open_gap(struct reasm *r, uint32_t i)
{
	r->count++;
	if (i < r->count / 2) {
		r->head--;
		for (uint32_t k = 0; k < i; k++)
			*reasm_piece(r, k) = *reasm_piece(r, k + 1);
		return;
	}
	for (uint32_t k = r->count - 1; k > i; k--)
		*reasm_piece(r, k) = *reasm_piece(r, k - 1);
}

/*
 * Copies borrowed text to the end of the tail block; a reference to it, or a slice without a block.
 */
static struct slice copy_to_tail(struct reasm *r, struct mem *mem, const uint8_t *text, uint32_t n)
{
	struct aksu_block *b = r->tail;
	uint32_t at;

	if (b == NULL || b->cap - b->filled < n) {
		b = block_new(mem, mem_tight(mem) ? n : max_u32(n, TAIL_BLOCK));
		if (b == NULL)
			return (struct slice){0};
		block_unref(r->tail);
		r->tail = b;
	}
	at = b->filled;
	memcpy(b->data + at, text, n);
	b->filled += n;
	return (struct slice){block_ref(b), at, n};
}

/* ---------------------------------------------------------------- runs */

static bool touches_next(const struct reasm *r, uint32_t i)
{
	return i + 1 < r->count && seq_eq(piece_end(reasm_piece(r, i)), reasm_piece(r, i + 1)->seq);
}

/* Where the run begins whose last piece is i. */
static tcp_seq run_start(const struct reasm *r, uint32_t i)
{
	const struct piece *p = reasm_piece(r, i);

	return i > 0 && touches_next(r, i - 1) ? p->other_end : p->seq;
}

/* Where the run ends whose first piece is i. */
static tcp_seq run_stop(const struct reasm *r, uint32_t i)
{
	const struct piece *p = reasm_piece(r, i);

	return touches_next(r, i) ? p->other_end : piece_end(p);
}

/* The run that [seq, end) makes with what it touches, before it is put in at index i. */
static struct tcp_sack_block run_around(const struct reasm *r, uint32_t i, tcp_seq seq, tcp_seq end)
{
	struct tcp_sack_block run = {seq, end};

	if (i > 0 && seq_eq(piece_end(reasm_piece(r, i - 1)), seq))
		run.start = run_start(r, i - 1);
	if (i < r->count && seq_eq(reasm_piece(r, i)->seq, end))
		run.end = run_stop(r, i);
	return run;
}

/* The run that holds `seq`: one that was reported lately, or it is walked. */
static struct tcp_sack_block run_with(const struct reasm *r, tcp_seq seq)
{
	uint32_t from, to;

	for (uint8_t k = 0; k < r->recent_count; k++)
		if (seq_geq(seq, r->recent[k].start) && seq_lt(seq, r->recent[k].end))
			return r->recent[k];
	from = to = first_after(r, seq);
	while (from > 0 && touches_next(r, from - 1))
		from--;
	while (touches_next(r, to))
		to++;
	return (struct tcp_sack_block){reasm_piece(r, from)->seq, piece_end(reasm_piece(r, to))};
}

/* It becomes the most recent one; those that went into it are forgotten. */
static void remember(struct reasm *r, struct tcp_sack_block run)
{
	struct tcp_sack_block list[TCP_SACK_MAX];
	uint8_t kept = 1;

	list[0] = run;
	for (uint8_t k = 0; k < r->recent_count && kept < TCP_SACK_MAX; k++) {
		struct tcp_sack_block old = r->recent[k];

		if (seq_lt(old.start, run.start) || seq_gt(old.end, run.end))
			list[kept++] = old;
	}
	memcpy(r->recent, list, kept * sizeof(list[0]));
	r->recent_count = kept;
}

/* A run has grown: its ends know of each other. */
static void note_run(struct reasm *r, struct tcp_sack_block run)
{
	reasm_piece(r, first_after(r, run.start))->other_end = run.end;
	reasm_piece(r, first_after(r, seq_sub(run.end, 1)))->other_end = run.start;
	remember(r, run);
}

/* ---------------------------------------------------------------- what comes and goes */

/* Goes on where the piece before it ends, also in memory. */
static bool prolongs(const struct reasm *r, uint32_t i, tcp_seq seq, const struct slice *s)
{
	const struct piece *before = i > 0 ? reasm_piece(r, i - 1) : NULL;

	return before != NULL && seq_eq(piece_end(before), seq) && before->block == s->block &&
	       before->at + before->len == s->at;
}

/* Puts [seq, seq + n), which overlaps nothing, before piece i. */
static bool insert(struct reasm *r, struct mem *mem, uint32_t i, tcp_seq seq, const uint8_t *text,
		   uint32_t n, struct aksu_block *block)
{
	struct tcp_sack_block run = run_around(r, i, seq, seq_add(seq, n));
	struct slice s = {block, 0, n};

	if (!make_room(r, mem))
		return false;
	if (block != NULL) {
		block_ref(block);
		s.at = (uint32_t)(text - block->data);
	} else {
		s = copy_to_tail(r, mem, text, n);
	}
	if (s.block == NULL)
		return false;
	r->octets += n;
	if (prolongs(r, i, seq, &s)) {
		reasm_piece(r, i - 1)->len += n;
		block_unref(s.block);
	} else {
		open_gap(r, i);
		*reasm_piece(r, i) = (struct piece){seq, n, s.block, s.at, seq};
	}
	note_run(r, run);
	return true;
}

enum reasm_result reasm_add(struct reasm *r, struct mem *mem, tcp_seq seq, const uint8_t *text,
			    uint32_t n, struct aksu_block *block)
{
	tcp_seq end = seq_add(seq, n), at = seq;
	bool added = false;

	/* Fill the gaps between the pieces that are held; what is held already stays (A9). */
	while (seq_lt(at, end)) {
		uint32_t i = first_after(r, at);
		const struct piece *next = i < r->count ? reasm_piece(r, i) : NULL;
		tcp_seq gap_end = next != NULL ? seq_min(end, next->seq) : end;

		if (next != NULL && seq_leq(next->seq, at)) {
			at = piece_end(next);
			continue;
		}
		if (!insert(r, mem, i, at, text + seq_dist(seq, at), seq_dist(at, gap_end), block))
			return REASM_FULL;
		added = true;
		at = gap_end;
	}
	/* A duplicate is reported first as well: the sender learns that it is here (RFC 2018
	 * section 4). */
	if (!added && r->count > 0)
		remember(r, run_with(r, seq));
	return added ? REASM_HELD : REASM_DUPLICATE;
}

static void forget_all(struct reasm *r, struct mem *mem)
{
	struct reasm left = *r;

	*r = (struct reasm){0};
	block_unref(left.tail);
	mem_free(mem, left.pieces, left.cap * sizeof(*left.pieces));
}

bool reasm_take(struct reasm *r, struct mem *mem, tcp_seq nxt, struct slice *out)
{
	while (r->count > 0 && seq_leq(reasm_piece(r, 0)->seq, nxt)) {
		struct piece p = *reasm_piece(r, 0);
		uint32_t skip = seq_dist(p.seq, nxt);

		if (touches_next(r, 0)) /* the next is the first of the run now */
			reasm_piece(r, 1)->other_end = p.other_end;
		r->octets -= p.len;
		r->head++;
		if (--r->count == 0)
			forget_all(r, mem);
		if (skip < p.len) {
			*out = (struct slice){p.block, p.at + skip, p.len - skip};
			return true;
		}
		block_unref(p.block);
	}
	return false;
}

uint32_t reasm_sack(struct reasm *r, tcp_seq nxt, struct tcp_sack_block *out, uint32_t cap)
{
	uint8_t kept = 0;
	uint32_t n = 0;

	for (uint8_t k = 0; k < r->recent_count; k++)
		if (seq_gt(r->recent[k].start, nxt))
			r->recent[kept++] = r->recent[k];
	r->recent_count = kept;
	for (; n < kept && n < cap; n++)
		out[n] = r->recent[n];
	return n;
}

void reasm_fini(struct reasm *r, struct mem *mem)
{
	for (uint32_t i = 0; i < r->count; i++)
		block_unref(reasm_piece(r, i)->block);
	forget_all(r, mem);
}
