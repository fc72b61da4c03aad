/* SPDX-License-Identifier: MIT */
/*
 * cli/host_link.c - see cli/host_link.h.
 *
 *      device ── faults ── capture ── loop ── stack
 */
#include "cli/host_link.h"

#include <string.h>

enum { IPV6_MTU_MIN = 1280 }; /* RFC 8200 section 5 */

static bool open_device(const struct host *h, const struct host_link_options *o,
			struct host_link *l, struct aksu_reason *why)
{
	struct aksu_device_config config = {
		.size = sizeof(config),
		.kind = o->link.kind,
		.name = o->link.name,
		.plain = h->options.plain,
	};

	l->device = l->dev = aksu_device_open(&config, why);
	if (!l->device)
		return false;
	/* A TUN device that others set up is left to them. */
	if ((o->hosts > 0 || o->mtu > 0 || o->link.kind == AKSU_DEVICE_PACKET) &&
	    !aksu_device_up(l->device, o->mtu, why))
		return false;
	for (size_t i = 0; i < o->hosts; i++)
		if (!aksu_device_host(l->device, &o->host[i].addr, o->host[i].prefix, why))
			return false;
	return true;
}

/* A bad device around it, and a capture around both, as the options want it. */
static bool decorate(struct host *h, const struct host_link_options *o, struct host_link *l,
		     struct aksu_reason *why)
{
	struct sim_link_config config = {
		.size = sizeof(config),
		.allocator = aksu_malloc_allocator(),
		.seed = h->options.seed + (uint64_t)(l - h->links),
		.wire = {h->options.faults, h->options.faults},
	};
	struct aksu_device *captured;

	if (h->options.faulty) {
		struct sim_faulty *faulty = sim_faulty_new(&config, l->dev);

		if (!faulty)
			return because(why, "no memory for the bad link");
		l->dev = sim_faulty_device(faulty);
	}
	captured = watch_device(&h->watch, l->dev, o->link.name);
	if (!captured)
		return because(why, "no memory for the capture");
	l->dev = captured;
	return true;
}

static bool add_routers(struct host *h, const struct host_link_options *o, int link,
			struct aksu_reason *why)
{
	char text[46];

	for (size_t i = 0; i < o->gateways; i++) {
		struct aksu_addr any = aksu_addr_v4(0, 0, 0, 0);
		int error;

		if (!aksu_addr_is_v4(&o->gateway[i]))
			memset(&any, 0, sizeof(any));
		error = aksu_route_add(h->stack, link, &any, 0, &o->gateway[i]);
		if (error == 0)
			continue;
		aksu_addr_print(&o->gateway[i], text, sizeof(text));
		return because(why, "--gw: the router %s: %s", text,
			       error == -AKSU_EINVAL
				       ? "it is our own address, or one that no host can have"
				       : aksu_strerror(error));
	}
	return true;
}

static const char *cannot_have(const struct cli_net *net, uint32_t mtu, int error)
{
	if (error == -AKSU_EADDRINUSE)
		return "it is given twice";
	if (error != -AKSU_EINVAL)
		return aksu_strerror(error);
	if (!aksu_addr_is_v4(&net->addr) && mtu < IPV6_MTU_MIN)
		return "IPv6 needs an MTU of 1280 at least: --mtu 1280";
	return "no host can have it: it is a broadcast, group or loopback address, or none";
}

static bool add_addresses(struct host *h, const struct host_link_options *o,
			  const struct host_link *l, struct aksu_reason *why)
{
	char text[46];

	for (size_t i = 0; i < o->addrs; i++) {
		const struct cli_net *net = &o->addr[i];
		int error = aksu_addr_add(h->stack, l->link, &net->addr, net->prefix);

		if (error == 0)
			continue;
		aksu_addr_print(&net->addr, text, sizeof(text));
		return because(why, "--addr: the address %s/%u: %s", text, net->prefix,
			       cannot_have(net, l->dev->config.mtu, error));
	}
	return true;
}

bool host_link_open(struct host *h, size_t i, struct aksu_reason *why)
{
	const struct host_link_options *o = &h->options.link[i];
	struct host_link *l = &h->links[i];

	if (!open_device(h, o, l, why) || !decorate(h, o, l, why))
		return false;
	l->link = aksu_loop_add(h->loop, l->dev, aksu_device_fd(l->device));
	if (l->link < 0)
		return because(why, "the link %s:%s: %s", cli_kind_name(o->link.kind), o->link.name,
			       aksu_strerror(l->link));
	host_say(h, LOG_DEBUG, "%s:%s: MTU %u, %s", cli_kind_name(o->link.kind), o->link.name,
		 l->dev->config.mtu, l->dev->config.features ? "offloads" : "no offloads");
	return aksu_loop_follow(h->loop, l->link, l->device, why) && add_addresses(h, o, l, why) &&
	       add_routers(h, o, l->link, why);
}
