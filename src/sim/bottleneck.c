/* SPDX-License-Identifier: MIT */
/*
 * sim/bottleneck.c - so many bits per second, and a queue before it.
 *
 * The packet that is being sent is the first of the queue and counts in its length. It leaves when
 * its last bit has; what it finds then is told to the next node with that moment, however late this
 * node is asked: nobody has to wake for a packet that is still far from where it arrives. Which
 * packets a full, growing or stale queue drops or marks, its discipline says (queue.c).
 */
#include "sim/node.h"

/* How long len octets take: whole nanoseconds, and what is left over for the next packet. */
static aksu_time serialise(struct sim_bottleneck *b, uint64_t rate, uint32_t len)
{
	uint64_t units = (uint64_t)len * 8 * AKSU_SECOND + b->rest;

	b->rest = units % rate;
	return units / rate;
}

/* False: it is to be lost. */
static bool settle(struct sim_wire *w, enum sim_verdict verdict, struct sim_packet *p, aksu_time at)
{
	if (verdict == SIM_PASS)
		return true;
	if (verdict == SIM_DROP || !sim_mark(p, w->rules->kind))
		return false;
	sim_tell(w, SIM_NOTE_MARKED, p, at, 0);
	return true;
}

/* The first packet begins to leave; those that have waited too long may be lost before. */
static void start(struct sim_bottleneck *b, aksu_time at)
{
	struct sim_wire *w = b->node.wire;
	bool again = w->config.discipline == SIM_DISCIPLINE_CODEL;

	while (again && b->queue.first != NULL) {
		enum sim_verdict verdict = sim_codel_judge(b, &w->config, at, &again);

		if (!settle(w, verdict, b->queue.first, at))
			sim_lose(w, SIM_NOTE_EARLY, sim_queue_take(&b->queue, at), at);
	}
	if (b->queue.first == NULL)
		return;
	if (b->done_at < at)
		b->rest = 0;
	b->done_at = at;
	if (w->config.rate != 0)
		b->done_at += serialise(b, w->config.rate, b->queue.first->len);
}

static void bottleneck_run(struct sim_node *n, aksu_time now)
{
	struct sim_bottleneck *b = CONTAINER_OF(n, struct sim_bottleneck, node);

	while (b->queue.first != NULL && b->done_at <= now) {
		aksu_time at = b->done_at;
		struct sim_packet *p = sim_queue_take(&b->queue, at);

		start(b, at);
		sim_hand_on(n, p, at);
	}
}

static enum sim_note_kind fate_of(struct sim_bottleneck *b, struct sim_packet *p, aksu_time now)
{
	struct sim_wire *w = b->node.wire;
	const struct sim_wire_config *c = &w->config;

	if (c->queue != 0 && b->queue.octets + p->len > c->queue)
		return SIM_NOTE_QUEUE;
	if ((c->discipline == SIM_DISCIPLINE_RED || c->discipline == SIM_DISCIPLINE_STEP) &&
	    !settle(w, sim_red_judge(b, &w->prng, c, now), p, now))
		return SIM_NOTE_EARLY;
	return SIM_NOTE_SENT;
}

static void bottleneck_forward(struct sim_node *n, struct sim_packet *p, aksu_time now)
{
	struct sim_bottleneck *b = CONTAINER_OF(n, struct sim_bottleneck, node);
	struct sim_wire *w = n->wire;
	bool idle = b->queue.first == NULL;
	enum sim_note_kind fate;

	if (w->config.rate == 0 && idle) {
		sim_hand_on(n, p, now);
		return;
	}
	fate = fate_of(b, p, now);
	if (fate != SIM_NOTE_SENT) {
		sim_lose(w, fate, p, now);
		return;
	}
	p->due = now;
	sim_queue_add(&b->queue, p);
	if (idle)
		start(b, now);
}

/* Not when the first leaves here, but before it can be anywhere else. */
static aksu_time bottleneck_next_at(const struct sim_node *n)
{
	const struct sim_bottleneck *b = (const struct sim_bottleneck *)(const void *)n;

	return b->queue.first == NULL ? AKSU_NEVER : b->done_at + n->wire->config.delay;
}

void sim_bottleneck_init(struct sim_node *n, struct sim_node *next)
{
	*n = (struct sim_node){.forward = bottleneck_forward,
			       .next_at = bottleneck_next_at,
			       .run = bottleneck_run,
			       .next = next};
}
