/* SPDX-License-Identifier: MIT */
/*
 * sim/net.c - a network: nodes in a heap by when something happens to them next.
 *
 * One step is one node at one moment: it takes in what has arrived, lets timers run, acts and hands
 * out. What it sent may make its neighbours due earlier, and only those are looked at again. Among
 * nodes that are due at the same moment the one with the lower number comes first: the order is
 * part of what a seed means.
 */
#include "sim/net.h"

/* ---- the heap */

static bool before(const struct sim_net *n, uint16_t a, uint16_t b)
{
	if (n->node[a].due != n->node[b].due)
		return n->node[a].due < n->node[b].due;
	return a < b;
}

static void put(struct sim_net *n, unsigned place, uint16_t node)
{
	n->heap[place] = node;
	n->node[node].place = place;
}

static void sift_up(struct sim_net *n, unsigned at, uint16_t node)
{
	while (at > 0 && before(n, node, n->heap[(at - 1) / 2])) {
		put(n, at, n->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	put(n, at, node);
}

static void sift_down(struct sim_net *n, unsigned at, uint16_t node)
{
	for (unsigned child; (child = 2 * at + 1) < n->nodes; at = child) {
		if (child + 1 < n->nodes && before(n, n->heap[child + 1], n->heap[child]))
			child++;
		if (!before(n, n->heap[child], node))
			break;
		put(n, at, n->heap[child]);
	}
	put(n, at, node);
}

static void set_due(struct sim_net *n, unsigned node, aksu_time due)
{
	struct net_node *d = &n->node[node];
	aksu_time was = d->due;

	d->due = due;
	if (due < was)
		sift_up(n, d->place, (uint16_t)node);
	else if (due > was)
		sift_down(n, d->place, (uint16_t)node);
}

/* ---- when a node is next */

static aksu_time router_next_at(struct sim_net *n, const struct net_node *d)
{
	aksu_time next = AKSU_NEVER;

	for (net_end e = d->first; e != NO_END; e = n->link[e / 2].next[e & 1])
		next = min_u64(next, sim_wire_next_at(net_wire(n, e ^ 1)));
	return next;
}

static aksu_time node_next_at(struct sim_net *n, const struct net_node *d)
{
	if (d->router)
		return router_next_at(n, d);
	return d->present ? station_next_at(&d->station) : AKSU_NEVER;
}

/* The far end of the wire may have something to do earlier than it thought. */
void net_sent(struct sim_net *n, net_end out)
{
	unsigned far = n->link[out / 2].node[!(out & 1)];
	aksu_time due = sim_wire_next_at(net_wire(n, out));

	if (n->node[far].due > due && (n->node[far].router || n->node[far].present))
		set_due(n, far, due);
}

void sim_net_wake(struct sim_net *n, unsigned node)
{
	n->node[node].station.woken = true;
	n->node[node].station.act_at = n->now;
	set_due(n, node, n->now);
}

/* ---- from moment to moment */

static void run_host(struct sim_net *n, unsigned node)
{
	struct station *h = &n->node[node].station;
	unsigned rounds = 0;
	bool any = true;

	while (any) {
		any = station_take_in(h, n->now);
		any |= station_run_timers(h, n->now);
		any |= station_act(h, n->now);
		any |= station_put_out(h, n->now);
		if (++rounds == STILL_MAX) {
			n->end = SIM_STUCK;
			return;
		}
	}
	for (net_end e = n->node[node].first; e != NO_END; e = n->link[e / 2].next[e & 1])
		net_sent(n, e);
}

static void begin(struct sim_net *n)
{
	ways_find(n);
	for (unsigned i = 0; i < n->nodes; i++)
		n->node[i].due = n->node[i].present ? 0 : AKSU_NEVER;
	for (unsigned i = 0; i < n->nodes; i++)
		sift_up(n, i, (uint16_t)i);
	n->begun = true;
}

static aksu_time next_moment(const struct sim_net *n)
{
	aksu_time next = n->nodes == 0 ? AKSU_NEVER : n->node[n->heap[0]].due;

	return min_u64(next, n->direct_at);
}

/* The director's turn; what it changed may concern anybody. */
static void direct(struct sim_net *n)
{
	n->direct_at = n->config.direct(n->config.ctx, n, n->now);
	for (unsigned i = 0; i < n->nodes; i++)
		set_due(n, i, node_next_at(n, &n->node[i]));
}

static void one_node(struct sim_net *n)
{
	unsigned node = n->heap[0];

	if (n->node[node].router)
		router_run(n, node);
	else
		run_host(n, node);
	set_due(n, node, node_next_at(n, &n->node[node]));
	if (n->config.check != NULL && !n->config.check(n->config.ctx, node, n->now))
		n->end = SIM_FAILED;
}

bool sim_net_step(struct sim_net *n)
{
	aksu_time next;

	if (!n->begun)
		begin(n);
	next = next_moment(n);
	if (next == AKSU_NEVER || n->end != SIM_QUIET)
		return false;
	n->still = next > n->now ? 0 : n->still + 1;
	n->now = max_u64(n->now, next);
	if (n->direct_at <= n->now)
		direct(n);
	else
		one_node(n);
	if (n->still == STILL_MAX * n->nodes)
		n->end = SIM_STUCK;
	return n->end == SIM_QUIET;
}

enum sim_end sim_net_run(struct sim_net *n, aksu_time limit)
{
	if (!n->begun)
		begin(n);
	while (next_moment(n) <= limit && sim_net_step(n))
		;
	if (n->end != SIM_QUIET)
		return n->end;
	if (next_moment(n) == AKSU_NEVER)
		return SIM_QUIET;
	n->now = max_u64(n->now, limit);
	return SIM_LIMIT;
}

aksu_time sim_net_now(const struct sim_net *n) { return n->now; }

const struct sim_net_counters *sim_net_counters(const struct sim_net *n) { return &n->counters; }

/* ---- building */

int sim_net_node(struct sim_net *n)
{
	if (n->nodes == n->config.nodes)
		return -AKSU_ENOBUFS;
	n->node[n->nodes] = (struct net_node){.first = NO_END};
	return (int)n->nodes++;
}

int sim_net_router(struct sim_net *n, const struct aksu_addr *v4, const struct aksu_addr *v6)
{
	int node = sim_net_node(n);

	if (node < 0)
		return node;
	n->node[node].router = true;
	n->node[node].v4 = *v4;
	n->node[node].v6 = *v6;
	return node;
}

/* Behind the node's others: a host's links are numbered in the order of its ends. */
static void plug(struct sim_net *n, unsigned node, net_end e)
{
	net_end *at = &n->node[node].first;

	while (*at != NO_END)
		at = &n->link[*at / 2].next[*at & 1];
	*at = e;
	n->link[e / 2].next[e & 1] = NO_END;
	n->link[e / 2].node[e & 1] = (uint16_t)node;
}

int sim_net_link(struct sim_net *n, unsigned left, unsigned right,
		 const struct sim_link_config *config)
{
	struct sim_link_config c = *config;
	unsigned link = n->links;

	if (link == n->config.links)
		return -AKSU_ENOBUFS;
	if (left >= n->nodes || right >= n->nodes ||
	    (config->kind != AKSU_LINK_IP && (n->node[left].router || n->node[right].router)))
		return -AKSU_EINVAL;
	c.number = link;
	c.observer = n->config.observer;
	n->link[link].cable = sim_link_new_in(&c, &n->mem);
	if (n->link[link].cable == NULL)
		return -AKSU_ENOMEM;
	n->links++;
	plug(n, left, (net_end)(2 * link + SIM_LEFT));
	plug(n, right, (net_end)(2 * link + SIM_RIGHT));
	return (int)link;
}

struct sim_link *sim_net_cable(struct sim_net *n, unsigned link) { return n->link[link].cable; }

struct aksu_device *sim_net_device(struct sim_net *n, unsigned link, unsigned side)
{
	return sim_link_end(n->link[link].cable, side);
}

int sim_net_host(struct sim_net *n, unsigned node, const struct sim_host *host)
{
	struct net_node *d = &n->node[node];
	struct station_port *ports;
	unsigned count = 0;

	for (net_end e = d->first; e != NO_END; e = n->link[e / 2].next[e & 1])
		count++;
	ports = mem_alloc(&n->mem, count * sizeof(*ports), _Alignof(struct station_port));
	if (ports == NULL)
		return -AKSU_ENOMEM;
	count = 0;
	for (net_end e = d->first; e != NO_END; e = n->link[e / 2].next[e & 1]) {
		ports[count] = (struct station_port){
			.device = sim_net_device(n, e / 2, e & 1),
			.link = (int)count,
			.cable = e / 2,
			.sender = !(e & 1),
		};
		count++;
	}
	d->present = true;
	d->station = (struct station){
		.stack = host->stack,
		.ports = ports,
		.port_count = count,
		.app = host->app,
		.clock = host->clock,
		.events = host->events,
		.observer = n->config.observer,
		.number = node,
		.act_at = AKSU_NEVER,
	};
	return 0;
}

/* ---- making and unmaking */

static size_t addr_slots(const struct sim_net_config *c)
{
	return (size_t)2 << log2_u32(c->nodes * NET_ADDRS);
}

struct sizes {
	size_t node, link, heap, addr, way;
};

static struct sizes sizes_of(const struct sim_net_config *c)
{
	return (struct sizes){
		.node = c->nodes * sizeof(struct net_node),
		.link = c->links * sizeof(struct net_link),
		.heap = c->nodes * sizeof(uint16_t),
		.addr = addr_slots(c) * sizeof(struct net_addr),
		.way = (size_t)c->nodes * c->nodes * sizeof(net_end),
	};
}

struct sim_net *sim_net_new(const struct sim_net_config *config)
{
	struct mem mem = {.from = config->allocator, .budget = SIZE_MAX};
	struct sizes size;
	struct sim_net *n;

	if (config->size != sizeof(*config) || config->nodes == 0 ||
	    config->nodes > SIM_NODES_MAX || config->links > SIM_LINKS_MAX)
		return NULL;
	n = mem_alloc(&mem, sizeof(*n), _Alignof(struct sim_net));
	if (n == NULL)
		return NULL;
	size = sizes_of(config);
	*n = (struct sim_net){.config = *config, .mem = mem, .end = SIM_QUIET};
	n->node = mem_alloc(&n->mem, size.node, _Alignof(struct net_node));
	n->link = mem_alloc(&n->mem, size.link, _Alignof(struct net_link));
	n->heap = mem_alloc(&n->mem, size.heap, _Alignof(uint16_t));
	n->addr = mem_alloc(&n->mem, size.addr, _Alignof(struct net_addr));
	n->way = mem_alloc(&n->mem, size.way, _Alignof(net_end));
	if (n->node == NULL || n->link == NULL || n->heap == NULL || n->addr == NULL ||
	    n->way == NULL) {
		sim_net_free(n);
		return NULL;
	}
	n->addr_mask = (uint32_t)addr_slots(config) - 1;
	for (size_t i = 0; i <= n->addr_mask; i++)
		n->addr[i].used = false;
	n->direct_at = config->direct != NULL ? 0 : AKSU_NEVER;
	return n;
}

void sim_net_free(struct sim_net *n)
{
	struct sizes size;
	struct mem mem;

	if (n == NULL)
		return;
	for (unsigned i = 0; i < n->nodes; i++) {
		struct station *h = &n->node[i].station;

		if (!n->node[i].present)
			continue;
		station_fini(h);
		mem_free(&n->mem, h->ports, h->port_count * sizeof(*h->ports));
	}
	for (unsigned i = 0; i < n->links; i++)
		sim_link_free(n->link[i].cable);
	size = sizes_of(&n->config);
	mem_free(&n->mem, n->node, size.node);
	mem_free(&n->mem, n->link, size.link);
	mem_free(&n->mem, n->heap, size.heap);
	mem_free(&n->mem, n->addr, size.addr);
	mem_free(&n->mem, n->way, size.way);
	mem = n->mem;
	mem_free(&mem, n, sizeof(*n));
}
