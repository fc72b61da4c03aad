/* SPDX-License-Identifier: MIT */
/*
 * tcp/reasm.h - text that came out of order, until the hole before it is filled (SHLD-31).
 *
 *            hole                hole
 *   rcv.nxt ······┤ piece ├┤ piece ├·····┤ piece ├
 *
 * Pieces never overlap: what came first is kept (gotcha A9). They lie in a ring, sorted, searched
 * by bisection, and bounded (A10). Pieces that touch are a run; both ends of a run know where the
 * other is, so that none is walked. The runs that SACK reports are remembered, most recent first
 * (RFC 2018 section 4).
 */
#ifndef AKSU_TCP_REASM_H
#define AKSU_TCP_REASM_H

#include "base/block.h"
#include "base/serial.h"
#include "wire/tcp.h"

struct piece {
	tcp_seq seq;
	uint32_t len;
	struct aksu_block *block;
	uint32_t at;
	tcp_seq other_end; /* holds for the first and the last piece of a run of several */
};

struct reasm {
	struct piece *pieces;
	uint32_t cap, head, count; /* cap: 0 or a power of two */
	uint32_t octets;
	struct aksu_block *tail; /* the block that borrowed text is copied into */
	struct tcp_sack_block recent[TCP_SACK_MAX];
	uint8_t recent_count;
};

/* The pieces in order, from 0. */
static inline struct piece *reasm_piece(const struct reasm *r, uint32_t i)
{
	return &r->pieces[(r->head + i) & (r->cap - 1)];
}

enum reasm_result { REASM_HELD, REASM_DUPLICATE, REASM_FULL };

/*
 * Holds the text [seq, seq + n). `block` is where it lies if it may be kept, else NULL and it is
 * copied. REASM_DUPLICATE: nothing of it was new. REASM_FULL: no memory, or too many pieces.
 */
enum reasm_result reasm_add(struct reasm *r, struct mem *mem, tcp_seq seq, const uint8_t *text,
			    uint32_t n, struct aksu_block *block);

/* Takes the piece that begins at or before `nxt` (trimmed to begin there); false when none does. */
bool reasm_take(struct reasm *r, struct mem *mem, tcp_seq nxt, struct slice *out);

/* SACK blocks to report, most recent first; forgets what lies below `nxt`. Returns how many. */
uint32_t reasm_sack(struct reasm *r, tcp_seq nxt, struct tcp_sack_block *out, uint32_t cap);

void reasm_fini(struct reasm *r, struct mem *mem);

#endif
