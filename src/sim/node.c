/* SPDX-License-Identifier: MIT */
/*
 * sim/node.c - the nodes of a wire (sim/node.h has the picture).
 *
 * The order of draws is part of what a seed means: loss, corruption, duplication, jitter,
 * reordering, each only if its probability is not zero.
 */
#include "sim/node.h"

#include "base/bytes.h"
#include "wire/checksum.h"

/* ---- packets and queues */

struct sim_packet *sim_packet_new(struct sim_wire *w, uint32_t len)
{
	uint32_t size = (uint32_t)sizeof(struct sim_packet) + len;
	struct sim_packet *p = mem_alloc(w->mem, size, _Alignof(struct sim_packet));

	if (p != NULL)
		*p = (struct sim_packet){.len = len, .size = size, .segments = 1};
	return p;
}

void sim_packet_free(struct sim_wire *w, struct sim_packet *p)
{
	if (p != NULL)
		mem_free(w->mem, p, p->size);
}

struct sim_packet *sim_packet_copy(struct sim_wire *w, const struct sim_packet *p)
{
	struct sim_packet *copy = sim_packet_new(w, p->len);

	if (copy == NULL)
		return NULL;
	copy->number = p->number;
	copy->checksum = p->checksum;
	copy->segments = p->segments;
	copy->mss = p->mss;
	memcpy(copy->data, p->data, p->len);
	return copy;
}

/* Behind all that are due at the same moment or before: looked for from the end, as most go there
 * and the others not far from it. */
void sim_queue_add(struct sim_queue *q, struct sim_packet *p)
{
	struct sim_packet *before = q->last;

	while (before != NULL && before->due > p->due)
		before = before->previous;
	p->previous = before;
	p->next = before != NULL ? before->next : q->first;
	*(before != NULL ? &before->next : &q->first) = p;
	*(p->next != NULL ? &p->next->previous : &q->last) = p;
	q->octets += p->len;
}

struct sim_packet *sim_queue_take(struct sim_queue *q, aksu_time now)
{
	struct sim_packet *p = q->first;

	if (p == NULL || p->due > now)
		return NULL;
	q->first = p->next;
	*(p->next != NULL ? &p->next->previous : &q->last) = NULL;
	q->octets -= p->len;
	p->next = NULL;
	return p;
}

static aksu_time queue_next_at(const struct sim_queue *q)
{
	return q->first == NULL ? AKSU_NEVER : q->first->due;
}

static void queue_clear(struct sim_wire *w, struct sim_queue *q)
{
	struct sim_packet *p;

	while ((p = sim_queue_take(q, AKSU_NEVER)) != NULL)
		sim_packet_free(w, p);
}

void sim_hand_on(struct sim_node *n, struct sim_packet *p, aksu_time now)
{
	n->next->forward(n->next, p, now);
}

void sim_tell(struct sim_wire *w, enum sim_note_kind kind, const struct sim_packet *p,
	      aksu_time now, aksu_time extra)
{
	const struct sim_note n = {
		.kind = kind,
		.link = w->link,
		.side = w->side,
		.time = now,
		.packet = p->number,
		.extra = extra,
		.data = p->data,
		.len = p->len,
	};

	if (w->observer.note != NULL)
		w->observer.note(w->observer.ctx, &n);
}

/* There is no memory for a packet of this number: it is lost, and said to be. */
void sim_wire_no_memory(struct sim_wire *w, uint64_t number, aksu_time now)
{
	const struct sim_packet none = {.number = number};

	sim_tell(w, SIM_NOTE_NO_MEMORY, &none, now, 0);
}

void sim_lose(struct sim_wire *w, enum sim_note_kind why, struct sim_packet *p, aksu_time now)
{
	sim_tell(w, why, p, now, 0);
	sim_packet_free(w, p);
}

/* ---- delay: the length of the wire, and packets that are overtaken on it */

static aksu_time draw_up_to(struct sim_wire *w, aksu_time span)
{
	return span == 0 ? 0 : prng_next(&w->prng) % (span + 1);
}

static void delay_forward(struct sim_node *n, struct sim_packet *p, aksu_time now)
{
	struct sim_delay *d = CONTAINER_OF(n, struct sim_delay, node);
	struct sim_wire *w = n->wire;
	aksu_time half = w->config.reorder_extra / 2, extra = 0;

	p->due = now + w->config.delay + draw_up_to(w, w->config.jitter);
	if (!w->config.overtake)
		p->due = max_u64(p->due, d->latest);
	if (w->config.reorder != 0 && prng_chance(&w->prng, w->config.reorder)) {
		extra = half + draw_up_to(w, w->config.reorder_extra - half);
		sim_tell(w, SIM_NOTE_DELAYED, p, now, extra);
	} else {
		d->latest = max_u64(p->due, d->latest);
	}
	p->due += extra;
	sim_queue_add(&d->queue, p);
}

static aksu_time delay_next_at(const struct sim_node *n)
{
	const struct sim_delay *d = (const struct sim_delay *)(const void *)n;

	return queue_next_at(&d->queue);
}

static void delay_run(struct sim_node *n, aksu_time now)
{
	struct sim_delay *d = CONTAINER_OF(n, struct sim_delay, node);
	struct sim_packet *p;

	while ((p = sim_queue_take(&d->queue, now)) != NULL)
		sim_hand_on(n, p, p->due);
}

/* ---- end: where the receiver takes them */

static void end_forward(struct sim_node *n, struct sim_packet *p, aksu_time now)
{
	struct sim_exit *e = CONTAINER_OF(n, struct sim_exit, node);

	p->due = now;
	sim_queue_add(&e->queue, p);
}

static aksu_time end_next_at(const struct sim_node *n)
{
	const struct sim_exit *e = (const struct sim_exit *)(const void *)n;

	return queue_next_at(&e->queue);
}

/* ---- the chain */

void sim_wire_init(struct sim_wire *w, const struct sim_wire_config *config, unsigned side,
		   uint64_t seed, struct mem *mem, struct sim_rules *rules,
		   struct sim_observer observer)
{
	*w = (struct sim_wire){
		.config = *config,
		.side = side,
		.losses = prng_from(~(seed * 2 + side)),
		.prng = prng_from(seed * 2 + side),
		.mem = mem,
		.rules = rules,
		.observer = observer,
	};
	sim_faults_init(&w->faults.node, &w->bottleneck.node);
	sim_bottleneck_init(&w->bottleneck.node, &w->delay.node);
	w->delay.node = (struct sim_node){.forward = delay_forward,
					  .next_at = delay_next_at,
					  .run = delay_run,
					  .next = &w->exit.node};
	w->exit.node = (struct sim_node){.forward = end_forward, .next_at = end_next_at};
	for (struct sim_node *n = &w->faults.node; n != NULL; n = n->next)
		n->wire = w;
}

void sim_wire_fini(struct sim_wire *w)
{
	queue_clear(w, &w->bottleneck.queue);
	queue_clear(w, &w->delay.queue);
	queue_clear(w, &w->exit.queue);
}

void sim_wire_enter(struct sim_wire *w, struct sim_packet *p, aksu_time now)
{
	sim_wire_run(w, now);
	w->faults.node.forward(&w->faults.node, p, now);
}

static struct sim_packet *packet_of(struct sim_wire *w, const struct aksu_rx *rx, aksu_time now)
{
	struct sim_packet *p = sim_packet_new(w, rx->len);

	if (p == NULL) {
		sim_wire_no_memory(w, rx->packet, now);
		return NULL;
	}
	p->number = rx->packet;
	p->checksum = rx->checksum;
	p->segments = rx->segments > 0 ? rx->segments : 1;
	p->mss = rx->mss;
	memcpy(p->data, rx->data, rx->len);
	return p;
}

void sim_wire_send_rx(struct sim_wire *w, const struct aksu_rx *rx, aksu_time now)
{
	struct sim_packet *p = packet_of(w, rx, now);

	if (p != NULL)
		sim_wire_enter(w, p, now);
}

void sim_wire_send_whole(struct sim_wire *w, const struct aksu_rx *rx, aksu_time now)
{
	struct sim_packet *p = packet_of(w, rx, now);

	if (p == NULL)
		return;
	if (p->segments > 1 && sim_cut(w, p, p->mss, now)) {
		sim_packet_free(w, p);
		return;
	}
	if (p->checksum == AKSU_CHECKSUM_PARTIAL)
		sim_sum(w->rules->kind, p);
	sim_wire_enter(w, p, now);
}

/* The checksum that the stack left to the device: over the rest of the frame, from csum_start. */
static void finish_checksum(struct sim_packet *p, const struct aksu_tx *tx)
{
	uint32_t start = tx->csum_start, field = start + tx->csum_offset;
	uint16_t sum;

	if (tx->checksum == 0 || start > p->len || field + 2 > p->len)
		return;
	sum = csum_finish(csum_of(p->data + start, p->len - start));
	p->data[field] = (uint8_t)(sum >> 8);
	p->data[field + 1] = (uint8_t)sum;
}

void sim_wire_send(struct sim_wire *w, const struct aksu_tx *tx, aksu_time now)
{
	struct sim_packet *p = sim_packet_new(w, tx->len);

	if (p == NULL || aksu_tx_copy(tx, p->data, tx->len) != tx->len) {
		sim_packet_free(w, p);
		sim_wire_no_memory(w, tx->packet, now);
		return;
	}
	p->number = tx->packet;
	if (sim_cut(w, p, tx->mss, now)) {
		sim_packet_free(w, p);
		return;
	}
	finish_checksum(p, tx);
	sim_wire_enter(w, p, now);
}

/* A packet may go through several nodes at one moment: they run from the entry to the end. */
void sim_wire_run(struct sim_wire *w, aksu_time now)
{
	for (struct sim_node *n = &w->faults.node; n != NULL; n = n->next)
		if (n->run != NULL)
			n->run(n, now);
}

aksu_time sim_wire_next_at(const struct sim_wire *w)
{
	aksu_time next = AKSU_NEVER;

	for (const struct sim_node *n = &w->faults.node; n != NULL; n = n->next)
		if (n->next_at != NULL)
			next = min_u64(next, n->next_at(n));
	return next;
}

struct sim_packet *sim_wire_take(struct sim_wire *w, aksu_time now)
{
	sim_wire_run(w, now);
	return sim_queue_take(&w->exit.queue, now);
}
