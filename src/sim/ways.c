/* SPDX-License-Identifier: MIT */
/*
 * sim/ways.c - where addresses are, and the first step of the shortest way to each node.
 *
 * The ways are found once, breadth first from each destination; hosts forward nothing, so no way
 * leads through one.
 */
#include "base/bytes.h"
#include "sim/net.h"

/* ---- addresses: open addressing; nobody has to be protected from collisions here */

static uint32_t bucket_of(const struct sim_net *n, const struct aksu_addr *a)
{
	uint64_t high, low;

	memcpy(&high, a->b, 8);
	memcpy(&low, a->b + 8, 8);
	high = network64(high) * 0x9e3779b97f4a7c15u ^ network64(low);
	high *= 0xbf58476d1ce4e5b9u;
	return (uint32_t)(high >> 40) & n->addr_mask;
}

static struct net_addr *find(const struct sim_net *n, const struct aksu_addr *a)
{
	uint32_t i = bucket_of(n, a);

	while (n->addr[i].used && memcmp(n->addr[i].addr.b, a->b, sizeof(a->b)) != 0)
		i = (i + 1) & n->addr_mask;
	return &n->addr[i];
}

int sim_net_address(struct sim_net *n, unsigned node, const struct aksu_addr *addr)
{
	struct net_addr *a;

	if (node >= n->nodes)
		return -AKSU_EINVAL;
	if (n->addrs == n->config.nodes * NET_ADDRS)
		return -AKSU_ENOBUFS;
	a = find(n, addr);
	n->addrs += !a->used;
	*a = (struct net_addr){.addr = *addr, .node = (uint16_t)node, .used = true};
	return 0;
}

/* ---- ways */

static net_end *way(const struct sim_net *n, unsigned from, unsigned to)
{
	return &n->way[(size_t)from * n->config.nodes + to];
}

/* All neighbours of `at` that have no way to `to` yet leave by their end of the link. */
static unsigned spread(struct sim_net *n, unsigned at, unsigned to, uint16_t *queue, unsigned tail)
{
	for (net_end e = n->node[at].first; e != NO_END; e = n->link[e / 2].next[e & 1]) {
		uint16_t other = n->link[e / 2].node[!(e & 1)];

		if (other == to || *way(n, other, to) != NO_END)
			continue;
		*way(n, other, to) = e ^ 1;
		queue[tail++] = other;
	}
	return tail;
}

/* The heap is put in order after this: until then its memory is the queue. */
void ways_find(struct sim_net *n)
{
	for (size_t i = 0; i < (size_t)n->config.nodes * n->config.nodes; i++)
		n->way[i] = NO_END;
	for (unsigned to = 0; to < n->nodes; to++) {
		unsigned head = 0, tail = 0;

		n->heap[tail++] = (uint16_t)to;
		for (; head < tail; head++)
			if (n->heap[head] == to || n->node[n->heap[head]].router)
				tail = spread(n, n->heap[head], to, n->heap, tail);
	}
}

net_end ways_out(const struct sim_net *n, unsigned from, const struct aksu_addr *to)
{
	const struct net_addr *a = find(n, to);

	return a->used ? *way(n, from, a->node) : NO_END;
}
