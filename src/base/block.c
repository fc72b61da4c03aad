/* SPDX-License-Identifier: MIT */
/*
 * base/block.c - blocks and queues of octets; see block.h for the picture.
 */
#include "base/block.h"

#include "base/bytes.h"

#define RING_FIRST 4u /* nodes of the first ring */
#define BLOCK_HEAD ((uint32_t)sizeof(struct aksu_block))
#define BLOCK_MIN  512u /* a smaller block would be mostly header */

struct aksu_block *block_new(struct mem *mem, uint32_t cap)
{
	uint32_t charge = BLOCK_HEAD + cap;
	struct aksu_block *b = mem_alloc(mem, charge, 16);

	if (b == NULL)
		return NULL;
	*b = (struct aksu_block){
		.refs = 1,
		.cap = cap,
		.charge = charge,
		.data = (uint8_t *)b + BLOCK_HEAD,
		.mem = mem,
	};
	return b;
}

struct aksu_block *block_lend(struct mem *mem, void *data, uint32_t len,
			      void (*release)(void *, void *, size_t), void *ctx)
{
	struct aksu_block *b = mem_alloc(mem, BLOCK_HEAD, 16);

	if (b == NULL)
		return NULL;
	*b = (struct aksu_block){
		.refs = 1,
		.cap = len,
		.filled = len,
		.charge = BLOCK_HEAD,
		.data = data,
		.mem = mem,
		.release = release,
		.release_ctx = ctx,
	};
	return b;
}

void block_unref(struct aksu_block *b)
{
	if (b == NULL || --b->refs > 0)
		return;
	if (b->release != NULL)
		b->release(b->release_ctx, b->data, b->cap);
	mem_free(b->mem, b, b->charge);
}

static struct bytes_node *node(const struct bytes *q, uint32_t i)
{
	return &q->ring[(q->head + i) & (q->cap - 1)];
}

static bool grow_ring(struct bytes *q, struct mem *mem)
{
	uint32_t cap = q->cap == 0 ? RING_FIRST : q->cap * 2;
	struct bytes_node *ring = mem_alloc(mem, cap * sizeof(*ring), _Alignof(struct bytes_node));

	if (ring == NULL)
		return false;
	for (uint32_t i = 0; i < q->count; i++)
		ring[i] = *node(q, i);
	mem_free(mem, q->ring, q->cap * sizeof(*q->ring));
	q->ring = ring;
	q->cap = cap;
	q->head = 0;
	return true;
}

bool bytes_reserve(struct bytes *q, struct mem *mem)
{
	return q->count < q->cap || grow_ring(q, mem);
}

bool bytes_append_slice(struct bytes *q, struct mem *mem, struct slice s)
{
	struct bytes_node *last = q->count > 0 ? node(q, q->count - 1) : NULL;

	if (last != NULL && last->block == s.block && last->at + last->len == s.at) {
		last->len += s.len; /* the same run goes on: one reference is enough */
		block_unref(s.block);
	} else {
		if (!bytes_reserve(q, mem))
			return false;
		*node(q, q->count++) = (struct bytes_node){s.block, s.at, s.len, q->end};
	}
	q->length += s.len;
	q->end += s.len;
	return true;
}

/* Writes behind what the last node holds, if this queue is where its block ends. */
static uint32_t fill_last(struct bytes *q, const uint8_t *data, uint32_t n)
{
	struct bytes_node *last = q->count > 0 ? node(q, q->count - 1) : NULL;
	struct aksu_block *b = last != NULL ? last->block : NULL;
	uint32_t k;

	if (b == NULL || b->release != NULL || last->at + last->len != b->filled)
		return 0;
	k = min_u32(n, b->cap - b->filled);
	memcpy(b->data + b->filled, data, k);
	b->filled += k;
	last->len += k;
	q->length += k;
	q->end += k;
	return k;
}

uint32_t bytes_append(struct bytes *q, struct mem *mem, const uint8_t *data, uint32_t n,
		      uint32_t grain)
{
	uint32_t done = fill_last(q, data, n);

	while (done < n) {
		uint32_t k = min_u32(n - done, grain);
		uint32_t cap = min_u32(max_u32(k, q->length), grain);
		struct aksu_block *b = block_new(mem, max_u32(cap, min_u32(BLOCK_MIN, grain)));

		if (b == NULL)
			break;
		memcpy(b->data, data + done, k);
		b->filled = k;
		if (!bytes_append_slice(q, mem, (struct slice){b, 0, k})) {
			block_unref(b);
			break;
		}
		done += k;
	}
	return done;
}

/* The node that holds `offset`; offset < q->length. */
static uint32_t find(const struct bytes *q, uint32_t offset)
{
	uint32_t base = q->ring[q->head & (q->cap - 1)].start, low = 0, high = q->count;

	while (high - low > 1) {
		uint32_t mid = (low + high) / 2;

		if (node(q, mid)->start - base <= offset)
			low = mid;
		else
			high = mid;
	}
	return low;
}

struct slice bytes_run(const struct bytes *q, uint32_t offset, uint32_t n)
{
	const struct bytes_node *x;
	uint32_t skip;

	if (offset >= q->length)
		return (struct slice){0};
	x = node(q, find(q, offset));
	skip = offset - (x->start - q->ring[q->head & (q->cap - 1)].start);
	return (struct slice){x->block, x->at + skip, min_u32(x->len - skip, n)};
}

uint32_t bytes_peek(const struct bytes *q, uint32_t offset, uint8_t *out, uint32_t n)
{
	uint32_t done = 0;

	while (done < n) {
		struct slice s = bytes_run(q, offset + done, n - done);

		if (s.len == 0)
			break;
		memcpy(out + done, s.block->data + s.at, s.len);
		done += s.len;
	}
	return done;
}

void bytes_drop(struct bytes *q, struct mem *mem, uint32_t n)
{
	n = min_u32(n, q->length);
	q->length -= n;
	while (n > 0) {
		struct bytes_node *x = node(q, 0);

		if (x->len > n) {
			x->at += n;
			x->start += n;
			x->len -= n;
			return;
		}
		n -= x->len;
		block_unref(x->block);
		q->head++;
		q->count--;
	}
	if (q->count == 0)
		bytes_fini(q, mem);
}

void bytes_fini(struct bytes *q, struct mem *mem)
{
	for (uint32_t i = 0; i < q->count; i++)
		block_unref(node(q, i)->block);
	mem_free(mem, q->ring, q->cap * sizeof(*q->ring));
	*q = (struct bytes){.end = q->end};
}
