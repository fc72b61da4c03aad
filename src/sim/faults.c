/* SPDX-License-Identifier: MIT */
/*
 * sim/faults.c - what happens to a packet where it enters a wire.
 *
 * It is lost by chance, in a burst, by the mask, by a rule, by a policer, or because the wire is
 * down; or it is too big; or it is damaged, or copied. The order of draws is part of what a seed
 * means: loss, burst, corruption, duplication, each only if it is asked for.
 */
#include "sim/node.h"

static bool is_lost(struct sim_wire *w, const struct sim_packet *p, uint64_t nth)
{
	bool lost = w->config.loss_mask >> (nth & 63) & 1;

	if (w->config.loss != 0)
		lost |= prng_chance(&w->losses, w->config.loss);
	if (w->rules != NULL)
		lost |= sim_rules_match(w->rules, w->side, p->data, p->len);
	return lost || w->config.down;
}

/* Two states, and a chance after each packet to change between them. */
static bool is_lost_in_burst(struct sim_wire *w)
{
	const struct sim_wire_config *c = &w->config;
	bool burst = w->faults.burst, lost;

	lost = burst && (c->burst_loss == 0 || prng_chance(&w->losses, c->burst_loss));
	if (prng_chance(&w->losses, burst ? c->burst_end : c->burst_begin))
		w->faults.burst = !burst;
	return lost;
}

/*
 * A token bucket, told by time instead of tokens: `conforms` is when the bucket will be full again.
 * What is lost takes nothing out of it.
 */
static bool is_policed(struct sim_wire *w, uint32_t len, aksu_time now)
{
	uint64_t rate = w->config.police_rate;
	aksu_time depth = (uint64_t)w->config.police_burst * 8 * AKSU_SECOND / rate;
	aksu_time full = max_u64(w->faults.conforms, now);

	full += (uint64_t)len * 8 * AKSU_SECOND / rate;
	if (full - now > depth)
		return true;
	w->faults.conforms = full;
	return false;
}

/* Why the wire loses it; SIM_NOTE_SENT: it does not. */
static enum sim_note_kind fate_of(struct sim_wire *w, const struct sim_packet *p, aksu_time now)
{
	if (is_lost(w, p, w->count++))
		return SIM_NOTE_LOST;
	if (w->config.burst_begin != 0 && is_lost_in_burst(w))
		return SIM_NOTE_LOST;
	/* What a device merged came in segments that fit somewhere. */
	if (w->config.mtu != 0 && p->len > w->config.mtu && p->segments == 1)
		return SIM_NOTE_TOO_BIG;
	if (w->config.police_rate != 0 && is_policed(w, p->len, now))
		return SIM_NOTE_POLICED;
	return SIM_NOTE_SENT;
}

/* A damaged packet was never verified by anyone. */
static void corrupt(struct sim_wire *w, struct sim_packet *p, aksu_time now)
{
	uint32_t bit = prng_below(&w->prng, p->len * 8);

	p->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	p->checksum = AKSU_CHECKSUM_UNKNOWN;
	sim_tell(w, SIM_NOTE_CORRUPTED, p, now, 0);
}

static void faults_forward(struct sim_node *n, struct sim_packet *p, aksu_time now)
{
	struct sim_wire *w = n->wire;
	struct sim_packet *copy = NULL;
	enum sim_note_kind fate;

	sim_tell(w, SIM_NOTE_SENT, p, now, 0);
	fate = fate_of(w, p, now);
	if (fate != SIM_NOTE_SENT) {
		sim_lose(w, fate, p, now);
		return;
	}
	if (w->config.corrupt != 0 && p->len > 0 && prng_chance(&w->prng, w->config.corrupt))
		corrupt(w, p, now);
	if (w->config.duplicate != 0 && prng_chance(&w->prng, w->config.duplicate))
		copy = sim_packet_copy(w, p);
	if (copy != NULL)
		sim_tell(w, SIM_NOTE_DUPLICATED, p, now, 0);
	sim_hand_on(n, p, now);
	if (copy != NULL)
		sim_hand_on(n, copy, now);
}

void sim_faults_init(struct sim_node *n, struct sim_node *next)
{
	*n = (struct sim_node){.forward = faults_forward, .next = next};
}
