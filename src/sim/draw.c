/* SPDX-License-Identifier: MIT */
/*
 * sim/draw.c - the default swarm: the scenario that a seed stands for.
 *
 * Each feature is there by its own chance, so that some worlds have none of them, some one alone,
 * some many together: bugs hide where two things meet. Everything is drawn from the seed in one
 * order; a change here changes what every seed means.
 */
#include "base/prng.h"
#include "sim/fields.h"

struct pen {
	struct sim_scenario *sc;
	struct prng prng;
	bool v6, small;
};

static uint32_t below(struct pen *d, uint32_t n) { return prng_below(&d->prng, n); }

static bool one_in(struct pen *d, uint32_t n) { return below(d, n) == 0; }

static uint32_t between(struct pen *d, uint32_t low, uint32_t high)
{
	return low + below(d, high - low + 1);
}

static uint32_t one_of(struct pen *d, const uint32_t *list, uint32_t n)
{
	return list[below(d, n)];
}

/* ---- wires */

/* A fault of up to a twentieth, absent in most worlds. */
static uint32_t fault(struct pen *d) { return one_in(d, 3) ? between(d, 1, 50000) : 0; }

static void draw_faults(struct pen *d, struct sim_wire_config *w)
{
	w->loss = fault(d);
	w->duplicate = fault(d);
	w->reorder = fault(d);
	w->corrupt = one_in(d, 2) ? fault(d) : 0;
	w->reorder_extra = w->reorder != 0 ? (1 + below(d, 4)) * w->delay + below(d, 5000000) : 0;
	if (one_in(d, 2))
		w->jitter = prng_next(&d->prng) % (w->delay + 1);
	w->overtake = w->jitter != 0 && one_in(d, 2);
	if (one_in(d, 8)) {
		w->burst_begin = between(d, 100, 5000);
		w->burst_end = between(d, 50000, 400000);
		w->burst_loss = one_in(d, 2) ? 0 : between(d, 300000, 1000000);
	}
}

/* The narrow place of a way: a rate, and what is done with the queue before it. */
static void draw_bottleneck(struct pen *d, struct sim_wire_config *w, uint32_t mtu)
{
	static const uint32_t rates_k[] = {64, 1000, 5000, 20000, 100000, 1000000};
	static const uint32_t queues[] = {0, 8000, 30000, 100000, 400000};

	w->rate = (uint64_t)one_of(d, rates_k, 6) * 1000;
	w->queue = one_of(d, queues, 5);
	if (w->queue != 0 && w->queue < 4 * mtu)
		w->queue = 4 * mtu; /* else nothing ever passes */
	w->ecn = one_in(d, 2);
	w->discipline = (enum sim_discipline)below(d, SIM_DISCIPLINE_COUNT);
	w->mark_min = between(d, 2 * mtu, 40000 + 2 * mtu);
	w->mark_max = w->mark_min + between(d, mtu, 100000);
	w->mark_chance = between(d, 10000, 300000);
	if (one_in(d, 8)) {
		w->police_rate = w->rate * between(d, 3, 9) / 10 + 100000;
		w->police_burst = between(d, 4 * mtu, 100000 + 4 * mtu);
	}
}

static void draw_wire(struct pen *d, struct sim_wire_config *w, uint32_t mtu, bool narrow)
{
	static const uint32_t delays_us[] = {1, 50, 1000, 10000, 50000, 150000};

	w->delay = one_of(d, delays_us, 6) * AKSU_MICROSECOND;
	if (narrow)
		draw_bottleneck(d, w, mtu);
	if (one_in(d, 2))
		draw_faults(d, w);
}

static void add_link(struct pen *d, unsigned left, unsigned right, bool narrow)
{
	struct sim_link_plan *l = &d->sc->link[d->sc->links++];
	bool routers = d->sc->node[left].router || d->sc->node[right].router;
	static const uint32_t mtus[] = {0, 0, 0, 0, 9000, 1400, 1280, 1280, 576, 296};

	*l = (struct sim_link_plan){.left = (uint16_t)left, .right = (uint16_t)right};
	l->mtu = one_of(d, mtus, d->v6 ? 8 : 10);
	l->ethernet = !routers && one_in(d, 4);
	l->merge = one_in(d, 2);
	l->tso = one_in(d, 3);
	l->tx_checksum = one_in(d, 3);
	l->rx_checksum = one_in(d, 3);
	for (unsigned side = 0; side < 2; side++) {
		struct sim_wire_config *w = &l->wire[side];

		draw_wire(d, w, l->mtu != 0 ? l->mtu : 1500, narrow);
		if (l->ethernet) { /* three lost questions are a host that is not there */
			w->loss /= 4;
			w->corrupt /= 4;
			w->burst_begin = w->burst_end = w->burst_loss = 0;
			w->police_rate = 0;
			w->rate = w->rate != 0 ? max_u64(w->rate, 1000000) : 0;
			w->queue = w->queue != 0 ? min_u32(w->queue, 100000) : 100000;
		}
	}
}

/* ---- nodes and topologies */

static unsigned add_node(struct pen *d, bool router)
{
	static const uint32_t buffers[] = {0, 0, 0, 1 << 20, 65535, 8192, 1000, 256};
	struct sim_node_plan *n = &d->sc->node[d->sc->nodes];

	*n = (struct sim_node_plan){.router = router};
	if (router)
		return d->sc->nodes++;
	n->send_buffer = one_of(d, buffers, 8);
	n->receive_buffer = one_of(d, buffers, 8);
	d->small |= (n->send_buffer != 0 && n->send_buffer <= 1000) ||
		    (n->receive_buffer != 0 && n->receive_buffer <= 1000);
	n->rto_min = one_in(d, 2) ? 200 * AKSU_MILLISECOND : 0;
	n->clock = one_in(d, 2) ? prng_next(&d->prng) % (1000 * 3600 * AKSU_SECOND) : 0;
	n->syn_queue = one_in(d, 4) ? 1 : 0;
	return d->sc->nodes++;
}

static void draw_pair(struct pen *d)
{
	unsigned a = add_node(d, false), b = add_node(d, false);

	add_link(d, a, b, !one_in(d, 3));
}

static void draw_chain(struct pen *d)
{
	unsigned routers = between(d, 1, 3), at = add_node(d, false);
	unsigned narrow = below(d, routers + 1);

	for (unsigned i = 0; i < routers; i++) {
		unsigned r = add_node(d, true);

		add_link(d, at, r, i == narrow);
		at = r;
	}
	add_link(d, at, add_node(d, false), narrow == routers);
}

static void draw_dumbbell(struct pen *d)
{
	unsigned left = add_node(d, true), right = add_node(d, true);
	unsigned pairs = between(d, 2, 5);

	add_link(d, left, right, true);
	for (unsigned i = 0; i < pairs; i++) {
		add_link(d, add_node(d, false), left, false);
		add_link(d, add_node(d, false), right, false);
	}
}

static void draw_star(struct pen *d)
{
	unsigned middle = add_node(d, true), hosts = between(d, 3, 6);

	for (unsigned i = 0; i < hosts; i++)
		add_link(d, add_node(d, false), middle, one_in(d, 3));
}

static void draw_topology(struct pen *d)
{
	switch (below(d, 6)) {
	case 0:
	case 1: draw_pair(d); break;
	case 2: draw_chain(d); break;
	case 3: draw_star(d); break;
	default: draw_dumbbell(d); break;
	}
}

/* ---- flows */

static unsigned some_host(struct pen *d)
{
	unsigned n;

	do
		n = below(d, d->sc->nodes);
	while (d->sc->node[n].router);
	return n;
}

static void draw_pace(struct pen *d, struct sim_flow_plan *f)
{
	static const uint32_t portions[] = {0, 0, 0, 1, 7, 512, 2048, 65536};
	static const uint32_t pauses[] = {0, 0, 0, 1000, 100000};

	f->portion = one_of(d, portions, 8);
	f->pause = one_of(d, pauses, 5);
	f->pause_max = f->pause != 0 ? (1 + below(d, 2000)) * AKSU_MILLISECOND : 0;
	if (one_in(d, 6)) {
		f->gap = (1 + below(d, 2000)) * AKSU_MILLISECOND;
		f->portion = one_in(d, 2) ? 0 : 30000;
	}
	f->deaf = one_in(d, 8) ? (1 + below(d, 100)) * AKSU_SECOND : 0;
	if (f->portion != 0 && f->portion < 512) {
		f->octets %= 5000; /* octet by octet, but not for ever */
		f->back %= 5000;
	}
	if (f->gap != 0)
		f->octets %= 300000;
}

static void draw_options(struct pen *d, struct sim_flow_plan *f)
{
	f->cc = below(d, AKSU_CONGESTION_COUNT + 1);
	f->cc_to = below(d, AKSU_CONGESTION_COUNT + 1);
	f->nodelay = one_in(d, 4);
	f->quickack = one_in(d, 6);
	f->cork = one_in(d, 10);
	f->linger = one_in(d, 20);
	f->keepalive = one_in(d, 10) ? between(d, 1, 60) * AKSU_SECOND : 0;
	f->user_timeout = one_in(d, 20) ? between(d, 5, 300) * AKSU_SECOND : 0;
	f->backlog = one_in(d, 4) ? 1 : 0;
}

static void draw_tcp(struct pen *d, struct sim_flow_plan *f)
{
	static const uint32_t sizes[] = {0,      1,       1460,    30000,  200000,
					 400000, 1000000, 3000000, 3000000};

	f->octets = between(d, 0, one_of(d, sizes, d->small ? 4 : 9));
	f->back = one_in(d, 2) ? between(d, 0, one_of(d, sizes, d->small ? 4 : 7)) : 0;
	if (one_in(d, 12))
		f->open = SIM_OPENING_BOTH;
	else if (one_in(d, 20))
		f->open = SIM_OPENING_REFUSED;
	f->close = (enum sim_ending)(one_in(d, 3) ? below(d, SIM_ENDING_COUNT)
						  : below(d, SIM_ENDING_FROM_ABORTS));
	f->turn = f->close == SIM_ENDING_FROM_FIRST && one_in(d, 4);
	draw_pace(d, f);
	draw_options(d, f);
}

static void draw_udp(struct pen *d, struct sim_flow_plan *f)
{
	f->udp = true;
	f->portion = one_in(d, 4) ? between(d, 1500, 5000) : between(d, 1, 1200);
	f->octets = (uint64_t)f->portion * between(d, 1, 300);
	f->gap = between(d, 1, 100) * AKSU_MILLISECOND;
	f->deaf = one_in(d, 4) ? 10 * AKSU_SECOND : 0;
}

static bool v6_possible(const struct sim_scenario *sc)
{
	for (unsigned i = 0; i < sc->links; i++)
		if (sc->link[i].mtu != 0 && sc->link[i].mtu < 1280)
			return false;
	return true;
}

static void draw_flows(struct pen *d)
{
	unsigned flows = one_in(d, 2) ? 1 : between(d, 2, 8);
	bool v6 = d->v6 && v6_possible(d->sc);

	for (unsigned i = 0; i < flows; i++) {
		struct sim_flow_plan *f = &d->sc->flow[d->sc->flows++];

		*f = (struct sim_flow_plan){.from = (uint16_t)some_host(d)};
		do
			f->to = (uint16_t)some_host(d);
		while (f->to == f->from);
		f->start = i == 0 ? 0 : prng_next(&d->prng) % (5 * AKSU_SECOND);
		f->v6 = v6 && one_in(d, 2);
		if (i > 0 && one_in(d, 5))
			draw_udp(d, f);
		else
			draw_tcp(d, f);
	}
}

/* ---- changes, and segments lost by name */

static void add_change(struct pen *d, aksu_time at, unsigned side, const char *name, size_t n,
		       uint64_t value)
{
	const struct field *f = field_find(&wire_fields, name, n);
	struct sim_change_plan *c = &d->sc->change[d->sc->changes++];

	*c = (struct sim_change_plan){.at = at, .side = (uint8_t)side, .value = value};
	c->link = (uint16_t)below(d, d->sc->links);
	c->field = side == SIM_EITHER ? 0 : (uint8_t)(f - wire_fields.field);
}

/* Where stations ask for each other, three seconds of silence are a host that is not there. */
static void draw_outage(struct pen *d, aksu_time *at, unsigned side)
{
	unsigned link;

	add_change(d, *at, side, "down", 4, 1);
	link = d->sc->change[d->sc->changes - 1].link;
	if (d->sc->link[link].ethernet) {
		d->sc->changes--;
		return;
	}
	*at += prng_next(&d->prng) % (20 * AKSU_SECOND);
	add_change(d, *at, side, "down", 4, 0);
	d->sc->change[d->sc->changes - 1].link = (uint16_t)link;
}

/* A link that goes down comes back; an MTU that falls stays so, or a hole swallows what is long. */
static void draw_changes(struct pen *d)
{
	aksu_time at = 0;

	for (unsigned i = below(d, 4); i > 0; i--) {
		unsigned side = below(d, 2);

		at += prng_next(&d->prng) % (3 * AKSU_SECOND);
		switch (below(d, 4)) {
		case 0: add_change(d, at, SIM_EITHER, "mtu", 3, d->v6 ? 1280 : 576); break;
		case 1:
			add_change(d, at, side, "delay", 5, below(d, 200) * AKSU_MILLISECOND + 1);
			break;
		case 2: add_change(d, at, side, "rate", 4, between(d, 1, 50) * 1000000); break;
		default: draw_outage(d, &at, side); break;
		}
	}
}

static void draw_rules(struct pen *d)
{
	for (unsigned i = below(d, 3); i > 0; i--)
		d->sc->rule[d->sc->rules++] = (struct sim_rule_plan){
			.link = (uint16_t)below(d, d->sc->links),
			.rule = {.kind = (enum sim_kind)below(d, SIM_KIND_COUNT),
				 .from = below(d, 3),
				 .nth = between(d, 1, 5)},
		};
}

void sim_scenario_draw(struct sim_scenario *out, uint64_t seed)
{
	struct pen d = {.sc = out, .prng = prng_from(seed)};

	*out = (struct sim_scenario){.seed = seed};
	d.v6 = !one_in(&d, 3);
	draw_topology(&d);
	draw_flows(&d);
	if (one_in(&d, 3))
		draw_changes(&d);
	if (one_in(&d, 4))
		draw_rules(&d);
}
