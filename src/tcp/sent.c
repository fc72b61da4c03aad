/* SPDX-License-Identifier: MIT */
/*
 * tcp/sent.c - the runs that are on their way, and the scoreboard of SACK on them; see sent.h for
 * the picture.
 *
 * RFC 2018 section 5 (what is marked), RFC 6675 section 3 (scoreboard), RFC 8985 section 5.2 (what
 * a segment remembers). It knows marks and numbers; what is lost is decided in rack.c and dupack.c.
 */
#include "tcp/sent.h"

#include "tcp/limits.h"

#define RING_FIRST  16u /* runs of the first ring: an initial window and some more */
#define AGAIN_FIRST 16u

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

	if (s->count == 1)
		s->lost_from = s->once_from = r.seq;
	*at = r;
	s->octets += r.len;
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

/* Makes a gap of one run at index i: the shorter side moves. */
static void open_gap(struct sent *s, uint32_t i)
{
	s->count++;
	if (i < s->count / 2) {
		s->head--;
		for (uint32_t k = 0; k < i; k++)
			*sent_run(s, k) = *sent_run(s, k + 1);
		return;
	}
	for (uint32_t k = s->count - 1; k > i; k--)
		*sent_run(s, k) = *sent_run(s, k - 1);
}

bool sent_split(struct sent *s, struct mem *mem, uint32_t i, uint32_t len)
{
	struct run *left, *right;

	if (!sent_reserve(s, mem))
		return false;
	open_gap(s, i + 1);
	left = sent_run(s, i);
	right = sent_run(s, i + 1);
	*right = *left;
	right->seq = seq_add(left->seq, len);
	right->len = left->len - len;
	right->flags &= (uint16_t)~RUN_CUT;
	left->len = len;
	left->tx_in_flight -= min_u32(left->tx_in_flight, right->len); /* it left before the rest */
	if (left->flags & RUN_SACKED)
		s->sacked_runs++;
	return true;
}

/* `octets` at the front of a run are gone; all of them when the run is. */
static void uncount(struct sent *s, const struct run *r, uint32_t octets)
{
	if (r->flags & RUN_LOST)
		s->lost -= octets;
	if (r->flags & RUN_SACKED)
		s->sacked -= octets;
	if (octets < r->len)
		return;
	if (r->flags & RUN_SACKED)
		s->sacked_runs--;
	if (r->flags & RUN_CUT)
		s->cuts--;
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
	s->lost_from = seq_max(s->lost_from, una);
	s->once_from = seq_max(s->once_from, una);
	if (s->count == 0)
		sent_fini(s, mem);
}

/* ---------------------------------------------------------------- SACK */

/* The end of what is marked from r on; r remembers it for the next time. */
static tcp_seq follow(const struct sent *s, struct run *r)
{
	tcp_seq to = r->sacked_to;
	uint32_t i = sent_find(s, to);

	while (i < s->count && sent_run(s, i)->flags & RUN_SACKED) {
		to = sent_run(s, i)->sacked_to;
		i = sent_find(s, to);
	}
	r->sacked_to = to;
	return to;
}

uint32_t sent_skip_sacked(const struct sent *s, uint32_t i)
{
	struct run *r = sent_run(s, i);

	return r->flags & RUN_SACKED ? sent_find(s, follow(s, r)) : i;
}

static bool cut(struct sent *s, struct mem *mem, uint32_t i, tcp_seq at, uint32_t cuts)
{
	if (s->cuts >= cuts || !sent_split(s, mem, i, seq_dist(sent_run(s, i)->seq, at)))
		return false;
	sent_run(s, i + 1)->flags |= RUN_CUT;
	s->cuts++;
	return true;
}

static void mark_sacked(struct sent *s, struct run *r)
{
	if (r->flags & RUN_LOST)
		s->lost -= r->len;
	r->flags = (uint16_t)((r->flags & ~RUN_LOST) | RUN_SACKED);
	r->sacked_to = run_end(r);
	s->sacked += r->len;
	s->sacked_runs++;
}

struct run *sent_sack(struct sent *s, struct mem *mem, tcp_seq *at, tcp_seq end, uint32_t cuts)
{
	while (seq_lt(*at, end)) {
		uint32_t i = sent_find(s, *at);
		struct run *r = sent_run(s, i);

		if (i == s->count)
			break; /* beyond what is outstanding */
		if (r->flags & RUN_SACKED) {
			*at = follow(s, r);
			continue;
		}
		if (!seq_eq(r->seq, *at)) {
			if (!cut(s, mem, i, *at, cuts)) {
				*at = run_end(sent_run(s, i));
				continue;
			}
			i++;
		}
		if (seq_lt(end, run_end(sent_run(s, i))) && !cut(s, mem, i, end, cuts))
			break;
		r = sent_run(s, i);
		mark_sacked(s, r);
		*at = run_end(r);
		return r;
	}
	return NULL;
}

void sent_unsack(struct sent *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		sent_run(s, i)->flags &= (uint16_t)~RUN_SACKED;
	s->sacked = s->sacked_runs = 0;
	if (s->count > 0)
		s->once_from = sent_run(s, 0)->seq;
}

/* ---------------------------------------------------------------- lost, and sent again */

void sent_mark_lost(struct sent *s, struct run *r)
{
	if (r->flags & (RUN_LOST | RUN_SACKED))
		return;
	if (s->lost == 0 || seq_lt(r->seq, s->lost_from))
		s->lost_from = r->seq;
	r->flags |= RUN_LOST;
	s->lost += r->len;
	s->found_lost += r->len;
}

void sent_unmark_lost(struct sent *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		sent_run(s, i)->flags &= (uint16_t)~RUN_LOST;
	s->lost = 0;
	if (s->count > 0)
		s->once_from = sent_run(s, 0)->seq;
}

void sent_mark_resent(struct sent *s, struct run *r, instant now)
{
	if (r->flags & RUN_LOST) {
		s->lost -= r->len;
		if (seq_eq(r->seq, s->lost_from))
			s->lost_from = run_end(r);
	}
	r->flags = (uint16_t)((r->flags & ~RUN_LOST) | RUN_RETRANSMITTED);
	r->sent_at = now;
	run_sent_again(r);
	s->octets += r->len;
}

static struct resent *note(const struct sent *s, uint32_t i)
{
	return &s->again[(s->again_head + i) & (s->again_cap - 1)];
}

static bool reserve_note(struct sent *s, struct mem *mem)
{
	uint32_t cap = s->again_cap == 0 ? AGAIN_FIRST : s->again_cap * 2;
	struct resent *again;

	if (s->again_count < s->again_cap)
		return true;
	if (cap > SENT_MAX)
		return false;
	again = mem_alloc(mem, cap * sizeof(*again), _Alignof(struct resent));
	if (again == NULL)
		return false;
	for (uint32_t i = 0; i < s->again_count; i++)
		again[i] = *note(s, i);
	mem_free(mem, s->again, s->again_cap * sizeof(*again));
	s->again = again;
	s->again_cap = cap;
	s->again_head = 0;
	return true;
}

bool sent_note_resent(struct sent *s, struct mem *mem, const struct run *r)
{
	if (!reserve_note(s, mem))
		return false;
	*note(s, s->again_count++) = (struct resent){r->seq, run_end(r), r->sent_at};
	return true;
}

/* The first run of a note that is still on its way since then; what is before it is left out. */
static bool still_holds(const struct sent *s, struct resent *n)
{
	while (seq_lt(n->seq, n->end)) {
		uint32_t i = sent_find(s, n->seq);
		const struct run *r = sent_run(s, i);

		if (i == s->count)
			return false;
		if (!(r->flags & (RUN_LOST | RUN_SACKED)) && r->flags & RUN_RETRANSMITTED &&
		    r->sent_at.ns == n->at.ns)
			return true;
		n->seq = run_end(r);
	}
	return false;
}

const struct resent *sent_oldest_resent(struct sent *s)
{
	while (s->again_count > 0) {
		struct resent *n = note(s, 0);

		if (s->count > 0)
			n->seq = seq_max(n->seq, sent_run(s, 0)->seq);
		if (still_holds(s, n))
			return n;
		s->again_head++;
		s->again_count--;
	}
	return NULL;
}

uint32_t sent_resent(const struct sent *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct run *r = sent_run(s, i);

		if ((r->flags & (RUN_RETRANSMITTED | RUN_LOST | RUN_SACKED)) == RUN_RETRANSMITTED)
			n += r->len;
	}
	return n;
}

struct run *sent_first_lost(const struct sent *s)
{
	uint32_t i;

	if (s->lost == 0)
		return NULL;
	i = sent_find(s, s->lost_from);
	while (i < s->count && !(sent_run(s, i)->flags & RUN_LOST)) {
		uint32_t next = sent_skip_sacked(s, i);

		i = next > i ? next : i + 1;
	}
	return i < s->count ? sent_run(s, i) : NULL;
}

void sent_fini(struct sent *s, struct mem *mem)
{
	mem_free(mem, s->ring, s->cap * sizeof(*s->ring));
	mem_free(mem, s->again, s->again_cap * sizeof(*s->again));
	*s = (struct sent){.octets = s->octets, .found_lost = s->found_lost};
}
