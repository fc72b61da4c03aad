/* SPDX-License-Identifier: MIT */
/*
 * sim/net.h - the inside of a network: nodes, cables, ways, and a heap of who is next.
 *
 *   net.c      building it, and going from moment to moment
 *   ways.c     addresses, and the first step of the way to each node
 *   router.c   what a router does with a packet
 */
#ifndef AKSU_SIM_NET_H
#define AKSU_SIM_NET_H

#include <aksu/net.h>

#include "sim/node.h"
#include "sim/station.h"

enum {
	NET_ADDRS = 4,   /* of a node, as its share of the table */
	NO_END = 0xffff, /* of no link */
};

/* An end of a link: 2 * link + side. */
typedef uint16_t net_end;
static_assert(2 * SIM_LINKS_MAX < NO_END, "ends are numbered in 16 bits");

struct net_node {
	bool router, present;
	net_end first;  /* its ends, linked by struct net_link.next */
	unsigned place; /* in the heap */
	aksu_time due;
	struct station station;
	struct aksu_addr v4, v6; /* of a router */
	uint32_t icmp_number;
};

struct net_link {
	struct sim_link *cable;
	uint16_t node[2];
	net_end next[2];
};

struct net_addr {
	struct aksu_addr addr;
	uint16_t node;
	bool used;
};

struct sim_net {
	struct sim_net_config config;
	struct mem mem;
	struct net_node *node;
	struct net_link *link;
	uint16_t *heap; /* node numbers, the earliest first */
	struct net_addr *addr;
	net_end *way; /* [from * nodes + to]: the end to leave by */
	unsigned nodes, links, addrs;
	uint32_t addr_mask;
	aksu_time now, direct_at;
	unsigned still; /* steps since time went on */
	bool begun;
	enum sim_end end;
	struct sim_net_counters counters;
};

static inline struct sim_wire *net_wire(struct sim_net *n, net_end e)
{
	return sim_link_wire(n->link[e / 2].cable, e & 1);
}

/* ---- net.c: a packet entered the wire behind this end */
void net_sent(struct sim_net *n, net_end out);

/* ---- ways.c */
void ways_find(struct sim_net *n);
/* The end by which to leave `from` for an address; NO_END: nobody has it. */
net_end ways_out(const struct sim_net *n, unsigned from, const struct aksu_addr *to);

/* ---- router.c: forwards all that has arrived */
void router_run(struct sim_net *n, unsigned node);

#endif
