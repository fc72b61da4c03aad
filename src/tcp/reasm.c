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

		if (seq_gt(piece_end(&r->pieces[mid]), seq))
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static bool make_room(struct reasm *r, struct mem *mem)
{
	uint32_t cap = r->cap == 0 ? PIECES_FIRST : r->cap * 2;
	struct piece *pieces;

	if (r->count < r->cap)
		return true;
	if (cap > REASM_MAX)
		return false;
	pieces = mem_alloc(mem, cap * sizeof(*pieces), _Alignof(struct piece));
	if (pieces == NULL)
		return false;
	if (r->count > 0)
		memcpy(pieces, r->pieces, r->count * sizeof(*pieces));
	mem_free(mem, r->pieces, r->cap * sizeof(*pieces));
	r->pieces = pieces;
	r->cap = cap;
	return true;
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

/* Puts [seq, seq + n), which overlaps nothing, before piece i. */
static bool insert(struct reasm *r, struct mem *mem, uint32_t i, tcp_seq seq, const uint8_t *text,
		   uint32_t n, struct aksu_block *block)
{
	struct piece *before = i > 0 ? &r->pieces[i - 1] : NULL;
	struct slice s = {block, 0, n};

	if (!make_room(r, mem))
		return false;
	before = i > 0 ? &r->pieces[i - 1] : NULL;
	if (block != NULL) {
		block_ref(block);
		s.at = (uint32_t)(text - block->data);
	} else {
		s = copy_to_tail(r, mem, text, n);
	}
	if (s.block == NULL)
		return false;
	r->octets += n;
	if (before != NULL && seq_eq(piece_end(before), seq) && before->block == s.block &&
	    before->at + before->len == s.at) {
		before->len += n; /* the run goes on in the same block */
		block_unref(s.block);
		return true;
	}
	memmove(&r->pieces[i + 1], &r->pieces[i], (r->count - i) * sizeof(*r->pieces));
	r->pieces[i] = (struct piece){seq, n, s.block, s.at};
	r->count++;
	return true;
}

/* The whole run of touching pieces around `seq`, and it becomes the most recent one. */
static void remember(struct reasm *r, tcp_seq seq)
{
	uint32_t i = first_after(r, seq), from = i, to = i;
	struct tcp_sack_block run;
	uint8_t kept = 1;
	struct tcp_sack_block list[TCP_SACK_MAX];

	while (from > 0 && seq_eq(piece_end(&r->pieces[from - 1]), r->pieces[from].seq))
		from--;
	while (to + 1 < r->count && seq_eq(piece_end(&r->pieces[to]), r->pieces[to + 1].seq))
		to++;
	run = (struct tcp_sack_block){r->pieces[from].seq, piece_end(&r->pieces[to])};
	list[0] = run;
	for (uint8_t k = 0; k < r->recent_count && kept < TCP_SACK_MAX; k++) {
		struct tcp_sack_block old = r->recent[k];

		if (seq_lt(old.start, run.start) || seq_gt(old.end, run.end))
			list[kept++] = old; /* not part of the new run */
	}
	memcpy(r->recent, list, kept * sizeof(list[0]));
	r->recent_count = kept;
}

enum reasm_result reasm_add(struct reasm *r, struct mem *mem, tcp_seq seq, const uint8_t *text,
			    uint32_t n, struct aksu_block *block)
{
	tcp_seq end = seq_add(seq, n), at = seq;
	bool added = false;

	/* Fill the gaps between the pieces that are held; what is held already stays (A9). */
	while (seq_lt(at, end)) {
		uint32_t i = first_after(r, at);
		tcp_seq gap_end = end;
		uint32_t k;

		if (i < r->count && seq_leq(r->pieces[i].seq, at)) {
			at = piece_end(&r->pieces[i]);
			continue;
		}
		if (i < r->count)
			gap_end = seq_min(end, r->pieces[i].seq);
		k = seq_dist(at, gap_end);
		if (!insert(r, mem, i, at, text + seq_dist(seq, at), k, block)) {
			if (added)
				remember(r, seq_sub(at, 1));
			return REASM_FULL;
		}
		added = true;
		remember(r, at);
		at = gap_end;
	}
	/* A duplicate is reported first as well: the sender learns that it is here (RFC 2018
	 * section 4). */
	if (!added && r->count > 0)
		remember(r, seq);
	return added ? REASM_HELD : REASM_DUPLICATE;
}

bool reasm_take(struct reasm *r, struct mem *mem, tcp_seq nxt, struct slice *out)
{
	while (r->count > 0 && seq_leq(r->pieces[0].seq, nxt)) {
		struct piece p = r->pieces[0];
		uint32_t skip = seq_dist(p.seq, nxt);

		r->octets -= p.len;
		r->count--;
		memmove(&r->pieces[0], &r->pieces[1], r->count * sizeof(p));
		if (r->count == 0) {
			struct reasm left = *r;

			*r = (struct reasm){0};
			block_unref(left.tail);
			mem_free(mem, left.pieces, left.cap * sizeof(p));
		}
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
		block_unref(r->pieces[i].block);
	block_unref(r->tail);
	mem_free(mem, r->pieces, r->cap * sizeof(*r->pieces));
	*r = (struct reasm){0};
}
