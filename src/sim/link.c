/* SPDX-License-Identifier: MIT */
/*
 * sim/link.c - a cable with two ends, each a device: what one sends the other receives.
 *
 * Two wires, one for each direction, with rules in common. An end lends the packet that it handed
 * out last until it is asked for the next.
 */
#include "sim/node.h"

struct end {
	struct aksu_device device;
	struct sim_wire *out, *in;
	struct sim_packet *lent; /* of `in` */
	bool merge;              /* what has arrived together is lent as one */
};

struct sim_link {
	struct mem own, *mem; /* its own, or that of the net that it is a part of */
	struct sim_rules rules;
	struct sim_wire wire[2];
	struct end end[2];
};

static struct end *end_of(struct aksu_device *dev) { return CONTAINER_OF(dev, struct end, device); }

static size_t end_send(struct aksu_device *dev, const struct aksu_tx *tx, size_t n, aksu_time now)
{
	for (size_t i = 0; i < n; i++)
		sim_wire_send(end_of(dev)->out, &tx[i], now);
	return n;
}

static size_t end_receive(struct aksu_device *dev, struct aksu_rx *rx, size_t cap, aksu_time now)
{
	struct end *end = end_of(dev);

	sim_packet_free(end->in, end->lent);
	end->lent = cap > 0 ? sim_wire_take(end->in, now) : NULL;
	if (end->lent == NULL)
		return 0;
	if (dev->config.features & AKSU_LINK_RX_CSUM &&
	    sim_frame_sound(dev->config.kind, end->lent->data, end->lent->len))
		end->lent->checksum = AKSU_CHECKSUM_VERIFIED;
	if (end->merge)
		end->lent = sim_merge(end->in, end->lent, now);
	*rx = sim_packet_rx(end->lent);
	return 1;
}

static aksu_time end_next_at(const struct aksu_device *dev)
{
	const struct end *end = (const struct end *)(const void *)dev;

	return sim_wire_next_at(end->in);
}

static void end_close(struct aksu_device *dev) { (void)dev; }

static const struct aksu_device_ops end_ops = {
	.send = end_send,
	.receive = end_receive,
	.next_at = end_next_at,
	.close = end_close,
};

static void end_init(struct sim_link *l, unsigned side, const struct sim_link_config *config)
{
	struct end *end = &l->end[side];

	end->out = &l->wire[side];
	end->in = &l->wire[1 - side];
	end->merge = config->merge;
	end->device.ops = &end_ops;
	end->device.config = (struct aksu_link_config){
		.size = sizeof(struct aksu_link_config),
		.kind = config->kind,
		.mtu = config->mtu != 0 ? config->mtu : 1500,
		.features = config->features,
		.mac = {2, 0, 0, 0, 0, (uint8_t)(side + 1)}, /* locally administered */
	};
}

struct sim_link *sim_link_new(const struct sim_link_config *config)
{
	struct mem own = {.from = config->allocator, .budget = SIZE_MAX};
	struct sim_link *l = sim_link_new_in(config, &own);

	if (l != NULL) {
		l->own = own;
		l->mem = l->wire[0].mem = l->wire[1].mem = &l->own;
	}
	return l;
}

struct sim_link *sim_link_new_in(const struct sim_link_config *config, struct mem *mem)
{
	struct sim_link *l;

	if (config->size != sizeof(*config) || config->rule_count > SIM_RULES_MAX)
		return NULL;
	l = mem_alloc(mem, sizeof(*l), _Alignof(struct sim_link));
	if (l == NULL)
		return NULL;
	*l = (struct sim_link){.mem = mem};
	l->rules.kind = config->kind;
	l->rules.count = config->rule_count;
	for (size_t i = 0; i < config->rule_count; i++)
		l->rules.rule[i] = config->rules[i];
	for (unsigned side = 0; side < 2; side++) {
		sim_wire_init(&l->wire[side], &config->wire[side], side, config->seed, l->mem,
			      &l->rules, config->observer);
		l->wire[side].link = config->number;
		end_init(l, side, config);
	}
	return l;
}

void sim_link_free(struct sim_link *l)
{
	struct mem own, *mem;

	if (l == NULL)
		return;
	for (unsigned side = 0; side < 2; side++) {
		sim_packet_free(l->end[side].in, l->end[side].lent);
		sim_wire_fini(&l->wire[side]);
	}
	own = l->own;
	mem = l->mem == &l->own ? &own : l->mem;
	mem_free(mem, l, sizeof(*l));
}

void sim_link_enter(struct sim_link *l, unsigned side, const struct aksu_rx *rx, size_t n,
		    aksu_time now)
{
	for (size_t i = 0; i < n; i++)
		sim_wire_send_whole(&l->wire[side], &rx[i], now);
}

struct aksu_device *sim_link_end(struct sim_link *l, unsigned side) { return &l->end[side].device; }

void sim_link_set(struct sim_link *l, unsigned side, const struct sim_wire_config *wire)
{
	l->wire[side].config = *wire;
}

void sim_link_set_mtu(struct sim_link *l, uint32_t mtu)
{
	for (unsigned side = 0; side < 2; side++)
		l->end[side].device.config.mtu = mtu;
}

struct sim_wire *sim_link_wire(struct sim_link *l, unsigned side) { return &l->wire[side]; }
