/* SPDX-License-Identifier: MIT */
/*
 * sim/play.c - plays a scenario: makes the network and its hosts, runs it, says what became of it.
 *
 * Hosts have 10.N.N.1 and fd00::N, N being the node's number plus one; each has one link and sends
 * everything over it.
 */
#include "sim/play.h"

#include "base/bytes.h"

#define LIMIT (100 * 24 * 3600 * AKSU_SECOND)

/* ---- memory that is counted */

static void *run_alloc(void *ctx, size_t size, size_t align) { return mem_alloc(ctx, size, align); }

static void run_free(void *ctx, void *mem, size_t size) { mem_free(ctx, mem, size); }

/* ---- what does not hold */

static void append(char *out, size_t cap, const char *text)
{
	size_t at = strlen(out), n = min_size(strlen(text), cap - 1 - at);

	memcpy(out + at, text, n);
	out[at + n] = '\0';
}

void run_wrong(struct stage *r, const char *where, int number, const char *what)
{
	char *out = r->out->wrong;
	size_t cap = sizeof(r->out->wrong);
	char digits[FIELD_TEXT + 1];

	if (out[0] != '\0')
		return;
	r->out->wrong_at = sim_net_now(r->net);
	append(out, cap, where);
	if (number >= 0) {
		digits[unit_write(FIELD_NUMBER, (uint64_t)number, digits)] = '\0';
		append(out, cap, " ");
		append(out, cap, digits);
		append(out, cap, " ");
	}
	append(out, cap, what);
}

static void on_panic(void *ctx, const char *file, int line, const char *what)
{
	struct run_host *h = ctx;

	(void)file, (void)line;
	run_wrong(h->run, "an assertion of node", (int)h->node, what);
}

/* ---- what is told while it runs */

static void on_note(void *ctx, const struct sim_note *n)
{
	struct stage *r = ctx;

	if (n->kind == SIM_NOTE_EVENT)
		judge_event(r, n->side, n->event);
	else
		judge_note(r, n);
	if (r->play->observer.note != NULL)
		r->play->observer.note(r->play->observer.ctx, n);
}

static bool on_step(void *ctx, unsigned node, aksu_time now)
{
	struct stage *r = ctx;

	(void)now;
	r->out->steps++;
	if (r->play->check == SIM_CHECK_EACH)
		judge_step(r, node);
	judge_still(r);
	return r->out->wrong[0] == '\0';
}

/* ---- the director: changes at their times */

static void change_mtu(struct stage *r, unsigned link, uint32_t mtu)
{
	const struct sim_link_plan *l = &r->sc->link[link];

	sim_link_set_mtu(sim_net_cable(r->net, link), mtu);
	for (unsigned side = 0; side < 2; side++) {
		unsigned node = side == 0 ? l->left : l->right;

		if (r->host[node].stack == NULL)
			continue;
		if (aksu_link_set_mtu(r->host[node].stack, 0, mtu) != 0)
			run_wrong(r, "node", (int)node, "did not take the new MTU");
		sim_net_wake(r->net, node);
	}
}

static void change_wire(struct stage *r, const struct sim_change_plan *c)
{
	struct sim_wire_config *w = &r->wire[2 * c->link + c->side];

	field_set(w, &wire_fields.field[c->field], c->value);
	sim_link_set(sim_net_cable(r->net, c->link), c->side, w);
}

static aksu_time direct(void *ctx, struct sim_net *net, aksu_time now)
{
	struct stage *r = ctx;

	(void)net;
	for (; r->change < r->sc->changes; r->change++) {
		const struct sim_change_plan *c = &r->sc->change[r->change];

		if (c->at > now)
			return c->at;
		if (c->side == SIM_EITHER)
			change_mtu(r, c->link, (uint32_t)c->value);
		else
			change_wire(r, c);
	}
	return AKSU_NEVER;
}

/* ---- building */

struct aksu_addr run_addr(bool v6, unsigned node)
{
	uint8_t n = (uint8_t)(node + 1);
	struct aksu_addr a = aksu_addr_v4(10, 0, 0, n);

	if (v6)
		a = (struct aksu_addr){{0xfd, [15] = n}};
	return a;
}

static uint32_t features_of(const struct sim_link_plan *l)
{
	return (l->tso ? AKSU_LINK_TX_TSO | AKSU_LINK_TX_CSUM : 0u) |
	       (l->tx_checksum ? AKSU_LINK_TX_CSUM : 0u) |
	       (l->rx_checksum ? AKSU_LINK_RX_CSUM : 0u);
}

static bool add_link(struct stage *r, unsigned i)
{
	const struct sim_link_plan *l = &r->sc->link[i];
	struct sim_link_config config = {
		.size = sizeof(config),
		.allocator = r->allocator,
		.seed = r->sc->seed * SIM_SCENARIO_LINKS + i,
		.kind = l->ethernet ? AKSU_LINK_ETHERNET : AKSU_LINK_IP,
		.mtu = l->mtu,
		.features = features_of(l),
		.merge = l->merge,
		.wire = {l->wire[0], l->wire[1]},
	};
	struct sim_rule rules[SIM_SCENARIO_RULES];

	for (unsigned k = 0; k < r->sc->rules; k++)
		if (r->sc->rule[k].link == i)
			rules[config.rule_count++] = r->sc->rule[k].rule;
	config.rules = rules;
	r->wire[2 * i] = l->wire[0];
	r->wire[2 * i + 1] = l->wire[1];
	return sim_net_link(r->net, l->left, l->right, &config) == (int)i;
}

static const struct aksu_device *device_of(struct stage *r, unsigned node)
{
	for (unsigned i = 0; i < r->sc->links; i++)
		if (r->sc->link[i].left == node || r->sc->link[i].right == node)
			return sim_net_device(r->net, i, r->sc->link[i].right == node);
	return NULL;
}

static bool give_addresses(struct stage *r, unsigned node, uint32_t mtu)
{
	struct aksu *s = r->host[node].stack;

	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct aksu_addr own = run_addr(v6, node), any = {{0}};

		if (v6 && mtu < 1280) /* RFC 8200 section 5 */
			continue;
		any = v6 ? any : aksu_addr_v4(0, 0, 0, 0);
		if (sim_net_address(r->net, node, &own) != 0 ||
		    aksu_route_add(s, 0, &any, 0, NULL) != 0)
			return false;
		if (v6 && aksu_addr_add(s, 0, &own, 64) < 0)
			return false;
	}
	return true;
}

static uint64_t host_seed(const struct stage *r, unsigned node)
{
	return r->sc->seed * SIM_SCENARIO_NODES + node;
}

static bool add_host(struct stage *r, unsigned node)
{
	const struct sim_node_plan *p = &r->sc->node[node];
	const struct aksu_device *device = device_of(r, node);
	struct run_host *h = &r->host[node];
	struct aksu_addr own = run_addr(false, node);
	struct aksu_config base = {
		.budget = (size_t)min_u64(p->budget, SIZE_MAX),
		.msl = p->msl,
		.rto_min = p->rto_min,
		.send_buffer = p->send_buffer,
		.receive_buffer = p->receive_buffer,
		.syn_queue = p->syn_queue,
		.panic = on_panic,
		.panic_ctx = h,
	};
	struct sim_host host;

	h->clock = AKSU_SECOND + p->clock;
	h->events = mem_alloc(&r->mem, RUN_RING * sizeof(*h->events), _Alignof(struct aksu_event));
	if (h->events == NULL || device == NULL)
		return false;
	h->ring = (struct aksu_event_ring){.events = h->events, .cap = RUN_RING};
	if (r->play->check == SIM_CHECK_EACH || r->play->coverage != NULL ||
	    r->play->observer.note != NULL) {
		base.events = &h->ring;
		base.event_mask = AKSU_EVENTS_ALL;
	}
	h->stack =
		sim_stack_new(&base, &r->allocator, host_seed(r, node), device, &own, 24, h->clock);
	if (h->stack == NULL || !give_addresses(r, node, device->config.mtu))
		return false;
	host = (struct sim_host){.stack = h->stack,
				 .app = flow_app(h),
				 .clock = h->clock,
				 .events = base.events};
	return sim_net_host(r->net, node, &host) == 0;
}

static bool build(struct stage *r)
{
	const struct sim_scenario *sc = r->sc;

	for (unsigned i = 0; i < sc->nodes; i++) {
		struct aksu_addr v4 = aksu_addr_v4(10, 1, 0, (uint8_t)(i + 1));
		struct aksu_addr v6 = {{0xfd, [1] = 1, [15] = (uint8_t)(i + 1)}};

		r->host[i] = (struct run_host){.run = r, .node = i, .first = NO_FLOW};
		if ((sc->node[i].router ? sim_net_router(r->net, &v4, &v6)
					: sim_net_node(r->net)) != (int)i)
			return false;
	}
	for (unsigned i = 0; i < sc->links; i++)
		if (!add_link(r, i))
			return false;
	for (unsigned i = 0; i < sc->nodes; i++)
		if (!sc->node[i].router && !add_host(r, i))
			return false;
	for (unsigned i = 0; i < sc->flows; i++)
		flow_begin(r, i);
	return true;
}

/* ---- making and unmaking */

struct sizes {
	size_t host, end, next, may_fail, wire, octets;
};

static struct sizes sizes_of(const struct sim_scenario *sc)
{
	return (struct sizes){
		.host = sc->nodes * sizeof(struct run_host),
		.end = (size_t)2 * sc->flows * sizeof(struct flow_end) + 1,
		.next = (size_t)2 * sc->flows * sizeof(uint16_t) + 1,
		.may_fail = sc->flows * sizeof(enum failing) + 1,
		.wire = (size_t)2 * sc->links * sizeof(struct sim_wire_config) + 1,
		.octets = PATTERN + 2 * HAND,
	};
}

static bool run_begin(struct stage *r)
{
	struct sizes size = sizes_of(r->sc);
	struct prng prng = prng_from(0);
	uint64_t word;
	struct sim_net_config config = {
		.size = sizeof(config),
		.allocator = r->allocator,
		.nodes = r->sc->nodes,
		.links = r->sc->links,
		.observer = {on_note, r},
		.check = on_step,
		.direct = r->sc->changes > 0 ? direct : NULL,
		.ctx = r,
	};

	r->host = mem_alloc(&r->mem, size.host, _Alignof(struct run_host));
	r->end = mem_alloc(&r->mem, size.end, _Alignof(struct flow_end));
	r->next = mem_alloc(&r->mem, size.next, _Alignof(uint16_t));
	r->may_fail = mem_alloc(&r->mem, size.may_fail, _Alignof(enum failing));
	r->wire = mem_alloc(&r->mem, size.wire, _Alignof(struct sim_wire_config));
	r->pattern = mem_alloc(&r->mem, size.octets, 1);
	if (r->host == NULL || r->end == NULL || r->next == NULL || r->may_fail == NULL ||
	    r->wire == NULL || r->pattern == NULL)
		return false;
	memset(r->host, 0, size.host);
	memset(r->may_fail, 0, size.may_fail);
	for (uint32_t i = 0; i < PATTERN;
	     i += sizeof(word)) { /* what it runs over is written next */
		word = network64(prng_next(&prng));
		memcpy(r->pattern + i, &word, sizeof(word));
	}
	memcpy(r->pattern + PATTERN, r->pattern, PATTERN);
	memcpy(r->pattern + 2 * PATTERN, r->pattern, HAND - PATTERN);
	r->hand = r->pattern + PATTERN + HAND;
	r->net = sim_net_new(&config);
	return r->net != NULL && build(r);
}

static void add_up(struct stage *r)
{
	struct sim_outcome *out = r->out;

	for (unsigned i = 0; i < r->sc->nodes; i++) {
		const struct aksu_counters *c;

		if (r->host[i].stack == NULL)
			continue;
		c = aksu_counters(r->host[i].stack);
		out->segments += c->segments_out;
		out->resent += c->retransmissions;
		for (unsigned k = 0; k < AKSU_DROP_COUNT && r->play->coverage != NULL; k++)
			r->play->coverage->drops[k] += c->drops[k];
	}
	for (unsigned i = 0; i < 2 * r->sc->flows; i++) {
		const struct flow_end *e = &r->end[i];
		struct sim_flow_outcome *f = &out->flow[e->flow];

		*(e->side == 0 ? &f->sent : &f->back_sent) = e->sent;
		*(e->side == 0 ? &f->back_received : &f->received) = e->received;
		if (f->error == 0)
			f->error = e->error;
	}
}

static void run_end(struct stage *r)
{
	struct sizes size = sizes_of(r->sc);

	sim_net_free(r->net);
	for (unsigned i = 0; r->host != NULL && i < r->sc->nodes; i++) {
		aksu_free(r->host[i].stack);
		mem_free(&r->mem, r->host[i].events,
			 r->host[i].events != NULL ? RUN_RING * sizeof(struct aksu_event) : 0);
	}
	mem_free(&r->mem, r->host, r->host != NULL ? size.host : 0);
	mem_free(&r->mem, r->end, r->end != NULL ? size.end : 0);
	mem_free(&r->mem, r->next, r->next != NULL ? size.next : 0);
	mem_free(&r->mem, r->may_fail, r->may_fail != NULL ? size.may_fail : 0);
	mem_free(&r->mem, r->wire, r->wire != NULL ? size.wire : 0);
	mem_free(&r->mem, r->pattern, r->pattern != NULL ? size.octets : 0);
}

static void judge_whole(struct stage *r)
{
	struct sim_outcome *out = r->out;

	if (out->wrong[0] != '\0')
		return;
	if (out->end == SIM_STUCK)
		run_wrong(r, "", -1, "the same moment never ended: a host talks to itself");
	if (out->end == SIM_QUIET || r->sc->limit == 0)
		flow_check_all(r);
	if (out->end == SIM_LIMIT && r->sc->limit == 0)
		run_wrong(r, "", -1, "a hundred days were not enough");
	if (out->end == SIM_QUIET && r->play->check != SIM_CHECK_NONE && !r->hangs)
		judge_end(r);
}

bool sim_scenario_play(const struct sim_scenario *sc, const struct sim_play *play,
		       struct sim_outcome *out)
{
	struct stage r = {.sc = sc,
			  .play = play,
			  .out = out,
			  .mem = {.from = play->allocator, .budget = SIZE_MAX}};
	bool good;

	*out = (struct sim_outcome){.end = SIM_FAILED};
	if (play->size != sizeof(*play))
		return false;
	r.allocator = (struct aksu_allocator){run_alloc, run_free, &r.mem};
	good = run_begin(&r);
	if (good) {
		out->end = sim_net_run(r.net, sc->limit != 0 ? sc->limit : LIMIT);
		out->time = sim_net_now(r.net);
		judge_whole(&r);
		add_up(&r);
	}
	run_end(&r);
	if (good && r.mem.used != 0 && out->wrong[0] == '\0')
		append(out->wrong, sizeof(out->wrong), "memory was never given back");
	return good;
}
