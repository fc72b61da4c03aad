/* SPDX-License-Identifier: MIT */
/*
 * stack/fifo.c - small records by age. All in one queue wait equally long, so the oldest is due
 * first.
 *
 * Both kinds of record have the same shape where it matters here; links have 24 bits.
 */
#include "base/bytes.h"
#include "stack/stack.h"

#define LINK_NONE 0xffffffu

static_assert(offsetof(struct syn_entry, older) == offsetof(struct timewait_entry, older) &&
		      offsetof(struct syn_entry, newer) == offsetof(struct timewait_entry, newer),
	      "one shape");

struct record {
	uint8_t head[offsetof(struct syn_entry, older)];
	link24 older, newer;
};

static uint32_t get(link24 x) { return (uint32_t)x.b[0] << 16 | (uint32_t)x.b[1] << 8 | x.b[2]; }

static link24 put(uint32_t v)
{
	return (link24){{(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v}};
}

void fifo_push(const struct pool *p, struct fifo *f, uint32_t index)
{
	struct record *r = pool_at(p, index), *last;

	r->older = put(f->newest == POOL_NONE ? LINK_NONE : f->newest);
	r->newer = put(LINK_NONE);
	if (f->newest == POOL_NONE) {
		f->oldest = index;
	} else {
		last = pool_at(p, f->newest);
		last->newer = put(index);
	}
	f->newest = index;
}

void fifo_remove(const struct pool *p, struct fifo *f, uint32_t index)
{
	struct record *r = pool_at(p, index), *other;
	uint32_t older = get(r->older), newer = get(r->newer);

	if (older == LINK_NONE) {
		f->oldest = newer == LINK_NONE ? POOL_NONE : newer;
	} else {
		other = pool_at(p, older);
		other->newer = r->newer;
	}
	if (newer == LINK_NONE) {
		f->newest = older == LINK_NONE ? POOL_NONE : older;
	} else {
		other = pool_at(p, newer);
		other->older = r->older;
	}
}

instant due_instant(uint16_t due16, instant since, uint64_t unit)
{
	uint64_t steps = since.ns / unit;

	return (instant){(steps + (uint16_t)(due16 - (uint16_t)steps)) * unit};
}
