/* SPDX-License-Identifier: MIT */
/*
 * base/block.h - payload: memory with a count of references, and queues of octets made of it.
 *
 * A block is never changed where someone else may read it: only its one `writer`, a queue, appends
 * behind what is filled. A slice is a run of a block and holds one reference. A byte queue is a
 * ring of slices in stream order:
 *
 *    offset 0                                                    length
 *      ├──────── slice ───────┼── slice ──┼────────── slice ──────┤
 *      ▲ front: bytes_drop()                 back: bytes_append() ▲
 *
 * Any offset is found by bisection, so a retransmission from the middle is as cheap as new data.
 */
#ifndef AKSU_BASE_BLOCK_H
#define AKSU_BASE_BLOCK_H

#include "base/mem.h"

struct aksu_block {
	uint32_t refs;
	uint32_t cap;    /* octets of memory */
	uint32_t filled; /* how many of them are written */
	uint32_t charge; /* what the budget was charged; 0 for lent memory */
	uint8_t *data;   /* behind this header, or lent */
	struct mem *mem;
	void (*release)(void *ctx, void *mem, size_t size); /* lent memory goes back by this */
	void *release_ctx;
};

/* A new block with one reference, or NULL. */
MUST_USE struct aksu_block *block_new(struct mem *mem, uint32_t cap);

/*
 * Wraps memory of the caller's, filled already; release() is called when the last reference goes.
 */
MUST_USE struct aksu_block *block_lend(struct mem *mem, void *data, uint32_t len,
				       void (*release)(void *, void *, size_t), void *ctx);

static inline struct aksu_block *block_ref(struct aksu_block *b)
{
	b->refs++;
	return b;
}

void block_unref(struct aksu_block *b); /* NULL is fine */

struct slice {
	struct aksu_block *block;
	uint32_t at, len;
};

struct bytes_node {
	struct aksu_block *block;
	uint32_t at, len;
	uint32_t start; /* position in the stream, modulo 2^32 */
};

/*
 * A queue of octets. Cleared to zero it is empty; `mem` is given with each call that may need it.
 */
struct bytes {
	struct bytes_node *ring;
	uint32_t cap;         /* nodes in the ring: 0 or a power of two */
	uint32_t head, count; /* first node, how many */
	uint32_t length;      /* octets in the queue */
	uint32_t end;         /* position of the end in the stream, modulo 2^32 */
};

/*
 * Copies n octets to the end, into blocks of at most `grain` octets; returns how many were taken.
 */
uint32_t bytes_append(struct bytes *q, struct mem *mem, const uint8_t *data, uint32_t n,
		      uint32_t grain);

/* Makes sure that one more slice can be put at the end; false: no memory. */
MUST_USE bool bytes_reserve(struct bytes *q, struct mem *mem);

/*
 * Puts a slice at the end; the queue takes over its reference. False (and nothing changed): no
 * memory.
 */
MUST_USE bool bytes_append_slice(struct bytes *q, struct mem *mem, struct slice s);

/* Copies up to n octets from `offset` without removing them; returns how many there were. */
uint32_t bytes_peek(const struct bytes *q, uint32_t offset, uint8_t *out, uint32_t n);

/*
 * The longest run from `offset`, at most n octets; the reference stays the queue's. len 0 at the
 * end.
 */
struct slice bytes_run(const struct bytes *q, uint32_t offset, uint32_t n);

/* Removes n octets (at most all) from the front. */
void bytes_drop(struct bytes *q, struct mem *mem, uint32_t n);

/* Drops everything and gives the ring back. */
void bytes_fini(struct bytes *q, struct mem *mem);

#endif
