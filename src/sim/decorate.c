/* SPDX-License-Identifier: MIT */
/*
 * sim/decorate.c - devices that wrap a device: one shows what passes, one spoils it.
 *
 *      driver ⇄ capture ⇄ faulty ⇄ TUN
 *
 * They keep to the promises of aksu/link.h and know nothing of what they wrap.
 */
#include "base/bytes.h"
#include "sim/node.h"

enum { FRAME_MAX = 65535 + 14 }; /* the largest IP packet behind an Ethernet header */

/* ---- capture */

static struct sim_capture *capture_of(struct aksu_device *dev)
{
	return CONTAINER_OF(dev, struct sim_capture, device);
}

/* One at a time: a frame that is refused must not be shown. */
static size_t capture_send(struct aksu_device *dev, const struct aksu_tx *tx, size_t n,
			   aksu_time now)
{
	struct sim_capture *c = capture_of(dev);
	size_t taken = 0;

	while (taken < n) {
		size_t len = aksu_tx_copy(&tx[taken], c->buffer, FRAME_MAX);

		if (c->inner->ops->send(c->inner, &tx[taken], 1, now) == 0)
			break;
		c->frame(c->ctx, true, now, c->buffer, len, tx[taken].packet);
		taken++;
	}
	c->device.error = c->inner->error;
	return taken;
}

static size_t capture_receive(struct aksu_device *dev, struct aksu_rx *rx, size_t cap,
			      aksu_time now)
{
	struct sim_capture *c = capture_of(dev);
	size_t n = c->inner->ops->receive(c->inner, rx, cap, now);

	for (size_t i = 0; i < n; i++)
		c->frame(c->ctx, false, now, rx[i].data, rx[i].len, rx[i].packet);
	c->device.error = c->inner->error;
	return n;
}

static aksu_time capture_next_at(const struct aksu_device *dev)
{
	const struct sim_capture *c = (const struct sim_capture *)(const void *)dev;

	return c->inner->ops->next_at(c->inner);
}

static void capture_close(struct aksu_device *dev)
{
	struct sim_capture *c = capture_of(dev);

	c->allocator.free(c->allocator.ctx, c->buffer, FRAME_MAX);
	c->buffer = NULL;
	c->inner->ops->close(c->inner);
}

static const struct aksu_device_ops capture_ops = {
	.send = capture_send,
	.receive = capture_receive,
	.next_at = capture_next_at,
	.close = capture_close,
};

bool sim_capture_init(struct sim_capture *c, struct aksu_device *inner,
		      const struct aksu_allocator *allocator)
{
	c->inner = inner;
	c->allocator = *allocator;
	c->buffer = allocator->alloc(allocator->ctx, FRAME_MAX, 1);
	c->device = *inner;
	c->device.ops = &capture_ops;
	return c->buffer != NULL;
}

/* ---- faulty */

struct sim_faulty {
	struct aksu_device device;
	struct aksu_device *inner;
	struct mem mem;
	struct sim_rules rules;
	struct sim_wire wire[2]; /* [SIM_LEFT]: what we send, [SIM_RIGHT]: what we receive */
	struct sim_packet *lent; /* of wire[SIM_RIGHT] */
	struct sim_packet *held; /* of wire[SIM_LEFT]: the inner device was full */
};

static struct sim_faulty *faulty_of(struct aksu_device *dev)
{
	return CONTAINER_OF(dev, struct sim_faulty, device);
}

/* A packet as a frame to send: the front of it as header, the rest as one borrowed piece. */
static struct aksu_tx as_frame(const struct sim_packet *p)
{
	struct aksu_tx tx = {.packet = p->number, .len = p->len};

	tx.head_len = (uint16_t)min_u32(p->len, AKSU_TX_HEAD);
	memcpy(tx.head, p->data, tx.head_len);
	if (p->len > tx.head_len) {
		tx.pieces = 1;
		tx.piece[0].data = p->data + tx.head_len;
		tx.piece[0].len = p->len - tx.head_len;
	}
	return tx;
}

/* Hands to the inner device what has come out of our wire, until that is full. */
static void faulty_drain(struct sim_faulty *f, aksu_time now)
{
	struct sim_wire *w = &f->wire[SIM_LEFT];

	for (;;) {
		struct aksu_tx tx;

		if (f->held == NULL)
			f->held = sim_wire_take(w, now);
		if (f->held == NULL)
			return;
		tx = as_frame(f->held);
		if (f->inner->ops->send(f->inner, &tx, 1, now) == 0)
			return;
		sim_packet_free(w, f->held);
		f->held = NULL;
	}
}

static size_t faulty_send(struct aksu_device *dev, const struct aksu_tx *tx, size_t n,
			  aksu_time now)
{
	struct sim_faulty *f = faulty_of(dev);

	for (size_t i = 0; i < n; i++)
		sim_wire_send(&f->wire[SIM_LEFT], &tx[i], now);
	faulty_drain(f, now);
	f->device.error = f->inner->error;
	return n;
}

static void faulty_fill(struct sim_faulty *f, aksu_time now)
{
	struct aksu_rx rx[16];
	size_t n;

	do {
		n = f->inner->ops->receive(f->inner, rx, COUNT_OF(rx), now);
		for (size_t i = 0; i < n; i++)
			sim_wire_send_rx(&f->wire[SIM_RIGHT], &rx[i], now);
	} while (n > 0);
}

static size_t faulty_receive(struct aksu_device *dev, struct aksu_rx *rx, size_t cap, aksu_time now)
{
	struct sim_faulty *f = faulty_of(dev);
	struct sim_wire *in = &f->wire[SIM_RIGHT];

	faulty_drain(f, now);
	sim_packet_free(in, f->lent);
	f->lent = NULL;
	faulty_fill(f, now);
	f->device.error = f->inner->error;
	if (cap == 0 || (f->lent = sim_wire_take(in, now)) == NULL)
		return 0;
	*rx = sim_packet_rx(f->lent);
	return 1;
}

static aksu_time faulty_next_at(const struct aksu_device *dev)
{
	const struct sim_faulty *f = (const struct sim_faulty *)(const void *)dev;
	aksu_time mine = sim_wire_next_at(&f->wire[SIM_RIGHT]);

	if (f->held == NULL)
		mine = min_u64(mine, sim_wire_next_at(&f->wire[SIM_LEFT]));
	return min_u64(mine, f->inner->ops->next_at(f->inner));
}

static void faulty_close(struct aksu_device *dev)
{
	struct sim_faulty *f = faulty_of(dev);
	struct mem mem;

	sim_packet_free(&f->wire[SIM_RIGHT], f->lent);
	sim_packet_free(&f->wire[SIM_LEFT], f->held);
	sim_wire_fini(&f->wire[SIM_LEFT]);
	sim_wire_fini(&f->wire[SIM_RIGHT]);
	f->inner->ops->close(f->inner);
	mem = f->mem;
	mem_free(&mem, f, sizeof(*f));
}

static const struct aksu_device_ops faulty_ops = {
	.send = faulty_send,
	.receive = faulty_receive,
	.next_at = faulty_next_at,
	.close = faulty_close,
};

struct sim_faulty *sim_faulty_new(const struct sim_link_config *config, struct aksu_device *inner)
{
	struct mem mem = {.from = config->allocator, .budget = SIZE_MAX};
	struct sim_faulty *f;

	if (config->size != sizeof(*config) || config->rule_count > SIM_RULES_MAX)
		return NULL;
	f = mem_alloc(&mem, sizeof(*f), _Alignof(struct sim_faulty));
	if (f == NULL)
		return NULL;
	*f = (struct sim_faulty){.mem = mem, .inner = inner, .device = *inner};
	f->device.ops = &faulty_ops;
	f->device.config.features = 0; /* wires carry finished packets */
	f->rules.kind = inner->config.kind;
	f->rules.count = config->rule_count;
	for (size_t i = 0; i < config->rule_count; i++)
		f->rules.rule[i] = config->rules[i];
	for (unsigned side = 0; side < 2; side++)
		sim_wire_init(&f->wire[side], &config->wire[side], side, config->seed, &f->mem,
			      &f->rules, config->observer);
	return f;
}

struct aksu_device *sim_faulty_device(struct sim_faulty *f) { return &f->device; }
