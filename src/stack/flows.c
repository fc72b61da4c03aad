/* SPDX-License-Identifier: MIT */
/*
 * stack/flows.c - from a pair of endpoints to what is known of it, in O(1) up to a billion.
 *
 * Linear hashing (Litwin, 1980) over chains that run through the records: with each insertion at
 * most one bucket is split, with each removal at most two are merged. The hash is keyed, so that
 * nobody can aim at one bucket.
 */
#include "base/bytes.h"
#include "stack/stack.h"

#define BUCKETS_MIN 64u

static uint32_t chunk_of(uint32_t bucket) { return bucket < 64 ? 0 : log2_u32(bucket) - 5; }

static uint32_t chunk_len(uint32_t k) { return k == 0 ? 64u : 32u << k; }

static flow_ref *bucket_at(const struct flows *t, uint32_t b)
{
	uint32_t k = chunk_of(b);

	return &t->chunk[k][b < 64 ? b : b - (32u << k)];
}

/* The bucket of a hash while `buckets` are in use. */
static uint32_t bucket_of(const struct flows *t, uint64_t hash)
{
	uint32_t mask = (2u << log2_u32(t->buckets)) - 1, b = (uint32_t)hash & mask;

	return b < t->buckets ? b : b & mask >> 1;
}

static const struct flow *flow_of(const struct aksu *s, flow_ref ref)
{
	switch (FLOW_KIND(ref)) {
	case FLOW_SYN: return &syn_at(s, FLOW_INDEX(ref))->flow;
	case FLOW_CONN: return &conn_at(s, FLOW_INDEX(ref))->flow;
	case FLOW_TIMEWAIT: return &timewait_at(s, FLOW_INDEX(ref))->flow;
	case FLOW_NONE: break;
	}
	return NULL;
}

static flow_ref *next_of(const struct aksu *s, flow_ref ref)
{
	switch (FLOW_KIND(ref)) {
	case FLOW_SYN: return &syn_at(s, FLOW_INDEX(ref))->next;
	case FLOW_CONN: return &conn_at(s, FLOW_INDEX(ref))->next;
	case FLOW_TIMEWAIT: return &timewait_at(s, FLOW_INDEX(ref))->next;
	case FLOW_NONE: break;
	}
	return NULL;
}

uint64_t flow_hash(const struct aksu *s, const struct flow *f)
{
	return siphash(&s->key_flow, f, sizeof(*f));
}

uint32_t flow_id(const struct aksu *s, const struct flow *f)
{
	uint32_t id = (uint32_t)(flow_hash(s, f) >> 32);

	return id != 0 ? id : 1;
}

static bool add_chunk(struct aksu *s, uint32_t k)
{
	size_t size = chunk_len(k) * sizeof(flow_ref);

	if (s->flows.chunk[k] != NULL)
		return true;
	s->flows.chunk[k] = mem_alloc(&s->env.mem, size, _Alignof(flow_ref));
	if (s->flows.chunk[k] == NULL)
		return false;
	memset(s->flows.chunk[k], 0, size);
	return true;
}

bool flows_init(struct aksu *s)
{
	s->flows = (struct flows){.buckets = BUCKETS_MIN};
	return add_chunk(s, 0);
}

void flows_fini(struct aksu *s)
{
	for (uint32_t k = 0; k < COUNT_OF(s->flows.chunk); k++)
		mem_free(&s->env.mem, s->flows.chunk[k], chunk_len(k) * sizeof(flow_ref));
	s->flows = (struct flows){0};
}

static bool same(const struct flow *a, const struct flow *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

flow_ref flows_find(const struct aksu *s, const struct flow *f)
{
	flow_ref found = FLOW_END;

	for (flow_ref r = *bucket_at(&s->flows, bucket_of(&s->flows, flow_hash(s, f)));
	     r != FLOW_END; r = *next_of(s, r)) {
		if (!same(flow_of(s, r), f))
			continue;
		if (FLOW_KIND(r) != FLOW_TIMEWAIT)
			return r;
		found = r; /* a SYN record may stand before it */
	}
	return found;
}

static void push(struct aksu *s, uint32_t bucket, flow_ref ref)
{
	flow_ref *head = bucket_at(&s->flows, bucket);

	*next_of(s, ref) = *head;
	*head = ref;
}

/* Takes a bucket's chain and puts each entry where it belongs now. */
static void redistribute(struct aksu *s, uint32_t bucket)
{
	flow_ref *head = bucket_at(&s->flows, bucket), ref = *head;

	*head = FLOW_END;
	while (ref != FLOW_END) {
		flow_ref next = *next_of(s, ref);

		push(s, bucket_of(&s->flows, flow_hash(s, flow_of(s, ref))), ref);
		ref = next;
	}
}

static void grow(struct aksu *s)
{
	struct flows *t = &s->flows;
	uint32_t n = t->buckets, k = chunk_of(n);

	if (k >= COUNT_OF(t->chunk) || !add_chunk(s, k))
		return; /* longer chains until there is memory */
	t->buckets++;
	redistribute(s, n - (1u << log2_u32(n)));
}

static void shrink(struct aksu *s)
{
	struct flows *t = &s->flows;
	uint32_t last = t->buckets - 1, k = chunk_of(last);

	t->buckets--;
	redistribute(s, last);
	if (last == (k == 0 ? 0 : 32u << k)) {
		mem_free(&s->env.mem, t->chunk[k], chunk_len(k) * sizeof(flow_ref));
		t->chunk[k] = NULL;
	}
}

void flows_insert(struct aksu *s, flow_ref ref)
{
	struct flows *t = &s->flows;

	push(s, bucket_of(t, flow_hash(s, flow_of(s, ref))), ref);
	if (++t->count > t->buckets)
		grow(s);
}

void flows_remove(struct aksu *s, flow_ref ref)
{
	struct flows *t = &s->flows;
	flow_ref *at = bucket_at(t, bucket_of(t, flow_hash(s, flow_of(s, ref))));

	while (*at != ref && *at != FLOW_END)
		at = next_of(s, *at);
	if (*at == FLOW_END)
		return;
	*at = *next_of(s, ref);
	t->count--;
	/* Two at a time, so that an empty table has no more buckets than a new one. */
	for (int k = 0; k < 2 && t->buckets > BUCKETS_MIN && t->count < t->buckets / 2; k++)
		shrink(s);
}
