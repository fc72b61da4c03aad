/* SPDX-License-Identifier: MIT */
/*
 * link/neighbour.c - the neighbour cache and its machine; see ether.h for the picture.
 *
 * RFC 4861 section 7.3 for both families, RFC 1122 section 2.3.2 for what ARP adds. Bounded in
 * every direction: entries, packets that wait for one, packets that wait in all, questions and
 * their pace.
 */
#include "link/ether.h"

/* ------------------------------------------------------------------ packets that wait */

static void packets_push(struct packets *q, struct waiting *w)
{
	w->next = NULL;
	if (q->first == NULL)
		q->first = w;
	else
		q->last->next = w;
	q->last = w;
	q->count++;
}

static struct waiting *packets_pop(struct packets *q)
{
	struct waiting *w = q->first;

	if (w != NULL) {
		q->first = w->next;
		q->count--;
	}
	return w;
}

/* Gives a packet back with what it holds; how many are given up is counted by the caller. */
static void discard(struct link *l, struct waiting *w)
{
	link_release(&w->tx);
	mem_free(l->mem, w, sizeof(*w));
	l->ether->waiting--;
}

static uint32_t discard_all(struct link *l, struct packets *q)
{
	uint32_t count = q->count;

	for (struct waiting *w; (w = packets_pop(q)) != NULL;)
		discard(l, w);
	return count;
}

/* The newest packets are kept: what was sent again is worth more than what was sent (RFC
 * 4861 7.2.2). */
static enum link_verdict hold(struct link *l, struct neighbour *n, struct aksu_tx *tx)
{
	struct waiting *w;

	if (n->waiting.count == NEIGHBOUR_WAITING_MAX) {
		discard(l, packets_pop(&n->waiting));
		l->drops.queue++;
	}
	if (l->ether->waiting == LINK_WAITING_MAX) {
		l->drops.queue++;
		return LINK_DROP;
	}
	w = mem_alloc(l->mem, sizeof(*w), _Alignof(struct waiting));
	if (w == NULL) {
		l->drops.memory++;
		return LINK_DROP;
	}
	w->tx = *tx;
	tx->pieces = 0; /* the references moved */
	packets_push(&n->waiting, w);
	l->ether->waiting++;
	return LINK_WAIT;
}

/* ------------------------------------------------------------------ the table */

static struct neighbour *at(const struct ether *e, uint32_t index)
{
	return pool_at(&e->neighbours, index);
}

static uint32_t *bucket_of(struct ether *e, const struct aksu_addr *addr)
{
	return &e->bucket[siphash(&e->key, addr->b, sizeof(addr->b)) % NEIGHBOUR_BUCKETS];
}

static uint32_t find(struct ether *e, const struct aksu_addr *addr)
{
	uint32_t i = e->last;

	if (i != POOL_NONE && addr_eq(&at(e, i)->addr, addr))
		return i;
	for (i = *bucket_of(e, addr); i != POOL_NONE; i = at(e, i)->hash_next)
		if (addr_eq(&at(e, i)->addr, addr))
			break;
	e->last = i;
	return i;
}

struct neighbour *neighbour_find(struct link *l, const struct aksu_addr *addr)
{
	uint32_t i = find(l->ether, addr);

	return i == POOL_NONE ? NULL : at(l->ether, i);
}

static void order_remove(struct ether *e, const struct neighbour *n)
{
	*(n->newer == POOL_NONE ? &e->newest : &at(e, n->newer)->older) = n->older;
	*(n->older == POOL_NONE ? &e->oldest : &at(e, n->older)->newer) = n->newer;
}

static void order_newest(struct ether *e, struct neighbour *n, uint32_t index)
{
	n->newer = POOL_NONE;
	n->older = e->newest;
	*(e->newest == POOL_NONE ? &e->oldest : &at(e, e->newest)->newer) = index;
	e->newest = index;
}

static void order_oldest(struct ether *e, struct neighbour *n, uint32_t index)
{
	n->older = POOL_NONE;
	n->newer = e->oldest;
	*(e->oldest == POOL_NONE ? &e->newest : &at(e, e->oldest)->older) = index;
	e->oldest = index;
}

static void find_due(struct ether *e)
{
	e->due = INSTANT_NEVER;
	for (uint32_t i = pool_next(&e->neighbours, 0); i != POOL_NONE;
	     i = pool_next(&e->neighbours, i + 1))
		e->due = earlier(e->due, at(e, i)->deadline);
}

static void set_deadline(struct ether *e, struct neighbour *n, instant deadline)
{
	bool was_first = n->deadline.ns == e->due.ns;

	n->deadline = deadline;
	if (before(deadline, e->due))
		e->due = deadline;
	else if (was_first && !is_never(e->due))
		find_due(e);
}

static void forget(struct link *l, uint32_t index)
{
	struct ether *e = l->ether;
	struct neighbour *n = at(e, index);
	uint32_t *link = bucket_of(e, &n->addr);

	l->drops.queue += discard_all(l, &n->waiting);
	set_deadline(e, n, INSTANT_NEVER);
	while (*link != index)
		link = &at(e, *link)->hash_next;
	*link = n->hash_next;
	order_remove(e, n);
	if (e->last == index)
		e->last = POOL_NONE;
	pool_put(&e->neighbours, index);
}

/*
 * A new entry. What we want to talk to is the newest in the order of use; what strangers told us of
 * themselves is the oldest, so that a flood of them recycles its own entries and not ours.
 */
static struct neighbour *create(struct link *l, const struct aksu_addr *addr, bool wanted)
{
	struct ether *e = l->ether;
	struct neighbour *n;
	uint32_t index, *bucket;

	if (e->neighbours.live == NEIGHBOURS_MAX)
		forget(l, e->oldest);
	n = pool_get(&e->neighbours, &index);
	if (n == NULL)
		return NULL;
	bucket = bucket_of(e, addr);
	n->addr = *addr;
	n->state = NEIGHBOUR_FAILED; /* nothing is known of it yet */
	n->deadline = INSTANT_NEVER;
	n->hash_next = *bucket;
	*bucket = index;
	if (wanted)
		order_newest(e, n, index);
	else
		order_oldest(e, n, index);
	return n;
}

void neighbours_init(struct link *l)
{
	struct ether *e = l->ether;

	pool_init(&e->neighbours, l->mem, sizeof(struct neighbour));
	for (size_t i = 0; i < NEIGHBOUR_BUCKETS; i++)
		e->bucket[i] = POOL_NONE;
	e->newest = e->oldest = e->last = POOL_NONE;
	e->due = INSTANT_NEVER;
}

void neighbours_fini(struct link *l)
{
	struct ether *e = l->ether;

	for (uint32_t i = pool_next(&e->neighbours, 0); i != POOL_NONE;
	     i = pool_next(&e->neighbours, i + 1))
		discard_all(l, &at(e, i)->waiting);
	discard_all(l, &e->ready);
	pool_fini(&e->neighbours);
}

/* ------------------------------------------------------------------ the machine */

/* The next question (RFC 4861 7.2.2, 7.3.3; RFC 1122 2.3.2.1 asks ARP entries the same way). */
static void ask(struct link *l, struct neighbour *n, instant now)
{
	const struct aksu_addr *from = link_source(l, &n->addr, &n->from);
	bool unicast = n->state == NEIGHBOUR_PROBE;

	if (from != NULL && addr_is_v4(&n->addr))
		arp_ask(l, &n->addr, from, unicast ? n->mac : MAC_BROADCAST);
	else if (from != NULL)
		nd_ask(l, &n->addr, from, n->mac, unicast);
	n->tries++;
	set_deadline(l->ether, n, after(now, milliseconds(NEIGHBOUR_QUESTION_MS)));
}

static void begin(struct link *l, struct neighbour *n, enum neighbour_state state, instant now)
{
	n->state = state;
	n->tries = 0;
	ask(l, n, now);
}

static void record_failure(struct ether *e, const struct neighbour *n, const struct aksu_tx *tx)
{
	struct link_failure *f;

	if (e->failure_count == LINK_FAILURES_MAX) {
		e->failure_head++;
		e->failure_count--;
	}
	f = &e->failure[(e->failure_head + e->failure_count++) % LINK_FAILURES_MAX];
	*f = (struct link_failure){.next_hop = n->addr};
	if (tx == NULL || tx->head_len < ETH_HDR_LEN)
		return;
	f->len = (uint16_t)(tx->head_len - ETH_HDR_LEN);
	memcpy(f->packet, tx->head + ETH_HDR_LEN, f->len);
}

/* No answer. What waited is handed up as undeliverable (RFC 4861 7.2.2); the next packet asks
 * again. */
static void give_up(struct link *l, struct neighbour *n)
{
	if (n->waiting.count == 0)
		record_failure(l->ether, n, NULL);
	for (struct waiting *w; (w = packets_pop(&n->waiting)) != NULL;) {
		record_failure(l->ether, n, &w->tx);
		discard(l, w);
		l->drops.failed++;
	}
	n->state = NEIGHBOUR_FAILED;
	set_deadline(l->ether, n, INSTANT_NEVER);
}

static void on_deadline(struct link *l, struct neighbour *n, instant now)
{
	if (n->state == NEIGHBOUR_DELAY)
		begin(l, n, NEIGHBOUR_PROBE, now);
	else if (n->tries < NEIGHBOUR_QUESTIONS)
		ask(l, n, now);
	else
		give_up(l, n);
}

/* Uniform between half and one and a half of the base, so that neighbours do not ask in step. */
static void reached(struct ether *e, struct neighbour *n, instant now)
{
	uint32_t ms = NEIGHBOUR_REACHABLE_MS / 2 + prng_below(&e->prng, NEIGHBOUR_REACHABLE_MS);

	n->state = NEIGHBOUR_REACHABLE;
	n->until = after(now, milliseconds(ms));
	set_deadline(e, n, INSTANT_NEVER);
}

static void start_delay(struct ether *e, struct neighbour *n, instant now)
{
	n->state = NEIGHBOUR_DELAY;
	set_deadline(e, n, after(now, milliseconds(NEIGHBOUR_DELAY_MS)));
}

/* What waited for the address goes out now. */
static void send_waiting(struct link *l, struct neighbour *n)
{
	for (struct waiting *w; (w = packets_pop(&n->waiting)) != NULL;) {
		link_frame(l, &w->tx, n->mac, &n->addr);
		packets_push(&l->ether->ready, w);
	}
}

void neighbour_answered(struct link *l, struct neighbour *n, struct mac mac, instant now)
{
	n->mac = mac;
	reached(l->ether, n, now);
	send_waiting(l, n);
}

void neighbour_heard(struct link *l, struct neighbour *n, struct mac mac, instant now)
{
	bool sends = n->waiting.count > 0;

	if (neighbour_is_known(n) && mac_eq(n->mac, mac))
		return;
	n->mac = mac;
	n->state = NEIGHBOUR_STALE;
	set_deadline(l->ether, n, INSTANT_NEVER);
	send_waiting(l, n);
	if (sends)
		start_delay(l->ether, n, now);
}

struct neighbour *neighbour_meet(struct link *l, const struct aksu_addr *addr, struct mac mac)
{
	struct neighbour *n = neighbour_find(l, addr);

	if (n != NULL)
		return n;
	n = create(l, addr, false);
	if (n != NULL) {
		n->mac = mac;
		n->state = NEIGHBOUR_STALE;
	}
	return n;
}

/* The source of an IP packet that is about to leave, if its header is there. */
static void note_source(struct neighbour *n, const struct aksu_tx *tx)
{
	const uint8_t *packet = tx->head + ETH_HDR_LEN;

	if (addr_is_v4(&n->addr) && tx->head_len >= ETH_HDR_LEN + 20)
		n->from = addr_from_v4(packet + 12);
	else if (!addr_is_v4(&n->addr) && tx->head_len >= ETH_HDR_LEN + 40)
		memcpy(n->from.b, packet + 8, sizeof(n->from.b));
}

static struct neighbour *wanted(struct link *l, const struct aksu_addr *hop)
{
	struct ether *e = l->ether;
	uint32_t index = find(e, hop);

	if (index == POOL_NONE)
		return create(l, hop, true);
	if (index != e->newest) {
		order_remove(e, at(e, index));
		order_newest(e, at(e, index), index);
	}
	return at(e, index);
}

enum link_verdict neighbour_output(struct link *l, struct aksu_tx *tx, const struct aksu_addr *hop,
				   instant now)
{
	struct neighbour *n = wanted(l, hop);

	if (n == NULL) {
		l->drops.memory++;
		return LINK_DROP;
	}
	note_source(n, tx);
	if (n->state == NEIGHBOUR_FAILED)
		begin(l, n, NEIGHBOUR_INCOMPLETE, now);
	if (n->state == NEIGHBOUR_INCOMPLETE)
		return hold(l, n, tx);
	if (n->state == NEIGHBOUR_STALE || (n->state == NEIGHBOUR_REACHABLE && due(n->until, now)))
		start_delay(l->ether, n, now);
	link_frame(l, tx, n->mac, hop);
	return LINK_SEND;
}

/* ------------------------------------------------------------------ what others know, and time */

void link_confirm(struct link *l, const struct aksu_addr *next_hop, instant now)
{
	struct neighbour *n = l->ether != NULL ? neighbour_find(l, next_hop) : NULL;

	if (n != NULL && neighbour_is_known(n))
		reached(l->ether, n, now);
}

void link_suspect(struct link *l, const struct aksu_addr *next_hop, instant now)
{
	struct neighbour *n = l->ether != NULL ? neighbour_find(l, next_hop) : NULL;

	if (n != NULL && neighbour_is_known(n) && n->state != NEIGHBOUR_PROBE)
		begin(l, n, NEIGHBOUR_PROBE, now);
}

instant link_deadline(const struct link *l)
{
	return l->ether != NULL ? l->ether->due : INSTANT_NEVER;
}

void link_advance(struct link *l, instant now)
{
	struct ether *e = l->ether;

	if (e == NULL || !due(e->due, now))
		return;
	for (uint32_t i = pool_next(&e->neighbours, 0); i != POOL_NONE;
	     i = pool_next(&e->neighbours, i + 1))
		if (due(at(e, i)->deadline, now))
			on_deadline(l, at(e, i), now);
}

bool link_take_failure(struct link *l, struct link_failure *out)
{
	struct ether *e = l->ether;

	if (e == NULL || e->failure_count == 0)
		return false;
	*out = e->failure[e->failure_head++ % LINK_FAILURES_MAX];
	e->failure_count--;
	return true;
}

bool neighbour_take(struct link *l, struct aksu_tx *out)
{
	struct waiting *w = packets_pop(&l->ether->ready);

	if (w == NULL)
		return false;
	*out = w->tx;
	mem_free(l->mem, w, sizeof(*w));
	l->ether->waiting--;
	return true;
}
