/* SPDX-License-Identifier: MIT */
/*
 * tcp/sent.c - the runs that are on their way; see sent.h for the picture.
 */
#include "tcp/sent.h"

#include "tcp/limits.h"

#define RING_FIRST 16u /* runs of the first ring: an initial window and some more */

bool sent_reserve(struct sent *s, struct mem *mem)
{
	uint32_t cap = s->cap == 0 ? RING_FIRST : s->cap * 2;
	struct run *ring;

	if (s->count < s->cap)
		return true;
	if (cap > SENT_MAX)
		return false;
	ring = mem_alloc(mem, cap * sizeof(*ring), _Alignof(struct run));
	if (ring == NULL)
		return false;
	for (uint32_t i = 0; i < s->count; i++)
		ring[i] = *sent_run(s, i);
	mem_free(mem, s->ring, s->cap * sizeof(*s->ring));
	s->ring = ring;
	s->cap = cap;
	s->head = 0;
	return true;
}

struct run *sent_push(struct sent *s, struct run r)
{
	struct run *at = sent_run(s, s->count++);

	*at = r;
	return at;
}

uint32_t sent_find(const struct sent *s, tcp_seq seq)
{
	uint32_t low = 0, high = s->count;
	tcp_seq base;

	if (s->count == 0)
		return 0;
	base = sent_run(s, 0)->seq;
	while (high - low > 1) {
		uint32_t mid = (low + high) / 2;

		if (seq_dist(base, sent_run(s, mid)->seq) <= seq_dist(base, seq))
			low = mid;
		else
			high = mid;
	}
	return seq_within(seq, sent_run(s, low)->seq, sent_run(s, low)->len) ? low : s->count;
}

bool sent_split(struct sent *s, struct mem *mem, uint32_t i, uint32_t len)
{
	struct run *first;

	if (!sent_reserve(s, mem))
		return false;
	for (uint32_t k = s->count++; k > i + 1; k--)
		*sent_run(s, k) = *sent_run(s, k - 1);
	first = sent_run(s, i);
	*sent_run(s, i + 1) = *first;
	sent_run(s, i + 1)->seq = seq_add(first->seq, len);
	sent_run(s, i + 1)->len = first->len - len;
	first->len = len;
	return true;
}

static void uncount(struct sent *s, const struct run *r, uint32_t octets)
{
	if (r->flags & RUN_LOST)
		s->lost -= octets;
	if (r->flags & RUN_SACKED)
		s->sacked -= octets;
}

void sent_ack(struct sent *s, struct mem *mem, tcp_seq una)
{
	while (s->count > 0) {
		struct run *r = sent_run(s, 0);
		uint32_t k = seq_dist(r->seq, una);

		if (!seq_lt(r->seq, una))
			break;
		if (k < r->len) {
			uncount(s, r, k);
			r->seq = una;
			r->len -= k;
			break;
		}
		uncount(s, r, r->len);
		s->head++;
		s->count--;
	}
	if (s->count == 0)
		sent_fini(s, mem);
}

void sent_mark_lost(struct sent *s, struct run *r)
{
	if (r->flags & (RUN_LOST | RUN_SACKED))
		return;
	r->flags |= RUN_LOST;
	s->lost += r->len;
}

void sent_mark_resent(struct sent *s, struct run *r, instant now)
{
	if (r->flags & RUN_LOST)
		s->lost -= r->len;
	r->flags = (uint16_t)((r->flags & ~RUN_LOST) | RUN_RETRANSMITTED);
	r->sent_at = now;
	r->transmissions++;
}

struct run *sent_first_lost(const struct sent *s)
{
	if (s->lost == 0)
		return NULL;
	for (uint32_t i = 0; i < s->count; i++)
		if (sent_run(s, i)->flags & RUN_LOST)
			return sent_run(s, i);
	return NULL;
}

void sent_fini(struct sent *s, struct mem *mem)
{
	mem_free(mem, s->ring, s->cap * sizeof(*s->ring));
	*s = (struct sent){0};
}
