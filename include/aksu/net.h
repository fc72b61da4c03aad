/* SPDX-License-Identifier: MIT */
/*
 * aksu/net.h - networks of many hosts and routers on one virtual clock.
 *
 * Nodes are hosts (a stack, an application) and routers (RFC 1812, RFC 8200: they forward, count
 * down, cut, and complain by ICMP); cables are links of aksu/sim.h with all their faults. Ways are
 * found when the network is set up: fewest links first.
 *
 *      net = sim_net_new(&(struct sim_net_config){...});
 *      a = sim_net_node(net);  r = sim_net_router(net, &v4, &v6);  b = sim_net_node(net);
 *      l = sim_net_link(net, a, r, &cable);  m = sim_net_link(net, r, b, &cable);
 *      sim_net_address(net, a, &addr) ...
 *      stack = sim_stack_new(..., sim_net_device(net, l, SIM_LEFT), &addr, ...);
 *      sim_net_host(net, a, &(struct sim_host){.stack = stack, .app = app});
 *      sim_net_run(net, 60 * AKSU_SECOND);
 *
 * A moment costs what the nodes do that something happens to: the others are not looked at.
 */
#ifndef AKSU_NET_H
#define AKSU_NET_H

#include <aksu/sim.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sim_net;

enum {
	SIM_NODES_MAX = 4096, /**< of a network: its tables of ways grow with the square */
	SIM_LINKS_MAX = 8192,
};

struct sim_net_config {
	size_t size; /**< sizeof(struct sim_net_config) */
	struct aksu_allocator allocator;
	unsigned nodes, links; /**< at most so many */
	struct sim_observer observer;
	/** Called after each step of a node, to check what must hold; false stops the network. */
	bool (*check)(void *ctx, unsigned node, aksu_time now);
	/**
	 * The director: called at the start and at each moment that it returned last, before
	 * anything else; it may change links. NULL: nothing changes.
	 */
	aksu_time (*direct)(void *ctx, struct sim_net *n, aksu_time now);
	void *ctx; /**< of both */
};

/** What routers did, all together. */
struct sim_net_counters {
	uint64_t forwarded, fragmented, too_big, time_exceeded, unreachable, malformed;
};

/** NULL: no memory, or a config that is not valid. */
struct sim_net *sim_net_new(const struct sim_net_config *config);
/** Frees the network and its links; stacks and applications are the caller's. NULL is fine. */
void sim_net_free(struct sim_net *n);

/** Adds a node that becomes a host with sim_net_host(). Its number, or -AKSU_ENOBUFS. */
int sim_net_node(struct sim_net *n);
/** Adds a router, which complains from these addresses. Its number, or -AKSU_ENOBUFS. */
int sim_net_router(struct sim_net *n, const struct aksu_addr *v4, const struct aksu_addr *v6);

/**
 * Adds a link; `left` has its end SIM_LEFT. Allocator, observer and number in `config` are the
 * network's. A router takes AKSU_LINK_IP only. Its number, -AKSU_EINVAL, -AKSU_ENOBUFS,
 * -AKSU_ENOMEM.
 */
int sim_net_link(struct sim_net *n, unsigned left, unsigned right,
		 const struct sim_link_config *config);

/** The device at an end, for aksu_link_add(): a host's links are added in the order of its ends. */
struct aksu_device *sim_net_device(struct sim_net *n, unsigned link, unsigned side);

/** The link, for sim_link_set() and sim_link_set_mtu(). */
struct sim_link *sim_net_cable(struct sim_net *n, unsigned link);

/** Says where an address is. -AKSU_ENOBUFS: more than four of each node. */
int sim_net_address(struct sim_net *n, unsigned node, const struct aksu_addr *addr);

/**
 * Makes the node a host: stack, application, clock, events. `host.link` and `host.device` are not
 * looked at. After its links were added. -AKSU_ENOMEM.
 */
int sim_net_host(struct sim_net *n, unsigned node, const struct sim_host *host);

/** Something was done to a host's stack from outside of its application: it is looked at again. */
void sim_net_wake(struct sim_net *n, unsigned node);

aksu_time sim_net_now(const struct sim_net *n);
const struct sim_net_counters *sim_net_counters(const struct sim_net *n);

/** Goes to the next moment at which anything happens, at one node. False: nothing ever will. */
bool sim_net_step(struct sim_net *n);

/** Runs until nothing is left to do, or until `limit`. */
enum sim_end sim_net_run(struct sim_net *n, aksu_time limit);

#ifdef __cplusplus
}
#endif
#endif
