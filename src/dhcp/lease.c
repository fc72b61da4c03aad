/* SPDX-License-Identifier: MIT */
/*
 * dhcp/lease.c - is this worth having? (RFC 2131 section 4.4.1, RFC 2132, RFC 3442.)
 *
 * What a lease cannot be without, an address, a mask, a server and a time, must be right, or the
 * answer is refused with a reason. What it can be without, routes, resolvers, an MTU, is left out
 * where it makes no sense: a host that reaches its neighbours is better than none.
 */
#include "dhcp/lease.h"

#include "wire/addr.h"

static const struct aksu_addr NO_ADDR = {{[10] = 0xff, [11] = 0xff}}; /* 0.0.0.0 */

/* An address that one host may have: no class D or E, no loopback, nothing of 0/8. */
static bool is_host(const struct aksu_addr *a)
{
	uint8_t first = addr_v4_bytes(a)[0];

	return first != 0 && first != 127 && first < 224;
}

/* ------------------------------------------------------------------ the subnet */

static uint32_t number_of(const struct aksu_addr *a)
{
	const uint8_t *b = addr_v4_bytes(a);

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* A server that gives no mask is from the time of classes (RFC 791 section 3.2). */
static uint8_t class_prefix(const struct aksu_addr *a)
{
	uint8_t first = addr_v4_bytes(a)[0];

	return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/* Ones, then zeros; false: ones among the zeros. */
static bool prefix_of(uint32_t mask, uint8_t *out)
{
	uint8_t prefix = 0;

	while (prefix < 32 && mask & 0x80000000u >> prefix)
		prefix++;
	*out = prefix;
	return prefix == 32 || mask << prefix == 0;
}

/* The first and the last address of a subnet are no host's, unless it has only two (RFC 3021). */
static bool is_subnet_itself(const struct aksu_addr *a, uint8_t prefix)
{
	uint32_t hosts = prefix < 31 ? UINT32_MAX >> prefix : 0, in = number_of(a) & hosts;

	return hosts != 0 && (in == 0 || in == hosts);
}

static const char *read_subnet(const struct dhcp *m, struct aksu_dhcp_lease *l)
{
	struct dhcp_value v;
	uint32_t mask;

	if (!is_host(&l->addr))
		return "the address is no host's";
	if (!dhcp_option(m, DHCP_MASK, &v))
		l->prefix = class_prefix(&l->addr);
	else if (!dhcp_u32(m, DHCP_MASK, &mask) || !prefix_of(mask, &l->prefix))
		return "the subnet mask has holes, or is no mask";
	if (l->prefix < LEASE_PREFIX_MIN)
		return "the subnet mask covers more than a network can hold";
	if (is_subnet_itself(&l->addr, l->prefix))
		return "the address is that of the subnet itself, or its broadcast address";
	return NULL;
}

/* ------------------------------------------------------------------ times */

/* RFC 2131 section 4.4.5: half and seven eighths, a little earlier by chance. */
static void default_times(uint32_t lease, uint64_t fuzz, duration *t1, duration *t2)
{
	uint64_t ms = (uint64_t)lease * 1000, little = fuzz % (ms / 32 + 1);

	*t1 = milliseconds(ms / 2 - little);
	*t2 = milliseconds(ms - ms / 8 - little);
}

static const char *read_times(const struct dhcp *m, instant since, uint64_t fuzz,
			      struct aksu_dhcp_lease *l)
{
	uint32_t lease, first, second;
	duration t1, t2;

	if (!dhcp_u32(m, DHCP_LEASE_TIME, &lease))
		return "it says no lease time";
	if (lease < LEASE_SECONDS_MIN)
		return "the lease time is below five seconds";
	l->since = since.ns;
	l->t1 = l->t2 = l->expiry = AKSU_NEVER;
	if (lease == UINT32_MAX) /* RFC 2131 section 3.3: infinity */
		return NULL;
	default_times(lease, fuzz, &t1, &t2);
	if (dhcp_u32(m, DHCP_T1, &first) && dhcp_u32(m, DHCP_T2, &second) && first > 0 &&
	    first < second && second < lease) {
		t1 = seconds(first);
		t2 = seconds(second);
	}
	l->t1 = after(since, t1).ns;
	l->t2 = after(since, t2).ns;
	l->expiry = after(since, seconds(lease)).ns;
	return NULL;
}

/* ------------------------------------------------------------------ routes */

/* By a route on the link that was named before it, as RFC 3442 has routers of another subnet. */
static bool is_on_link(const struct aksu_dhcp_lease *l, const struct aksu_addr *gateway)
{
	if (l->prefix == 32) /* alone in its subnet: everything is somewhere on the link */
		return true;
	if (addr_in_prefix(gateway, &l->addr, l->prefix))
		return !is_subnet_itself(gateway, l->prefix);
	for (uint32_t i = 0; i < l->route_count; i++) {
		const struct aksu_dhcp_route *r = &l->routes[i];

		if (addr_is_unspecified(&r->gateway) && addr_in_prefix(gateway, &r->dst, r->prefix))
			return true;
	}
	return false;
}

/* The subnet's own route comes with the address, and goes with it. */
static bool is_own_subnet(const struct aksu_dhcp_lease *l, const struct aksu_addr *dst,
			  uint8_t prefix)
{
	return prefix == l->prefix && addr_in_prefix(dst, &l->addr, prefix);
}

/* The first way to somewhere is the one: a second would only take its place. */
static bool has_route(const struct aksu_dhcp_lease *l, const struct aksu_addr *dst, uint8_t prefix)
{
	for (uint32_t i = 0; i < l->route_count; i++)
		if (l->routes[i].prefix == prefix && addr_in_prefix(dst, &l->routes[i].dst, prefix))
			return true;
	return false;
}

static void add_route(struct aksu_dhcp_lease *l, const struct aksu_addr *dst, uint8_t prefix,
		      const struct aksu_addr *gateway)
{
	bool direct = addr_is_unspecified(gateway);

	if (l->route_count == AKSU_DHCP_ROUTES || is_own_subnet(l, dst, prefix) ||
	    has_route(l, dst, prefix))
		return;
	if (!direct && (!is_host(gateway) || addr_eq(gateway, &l->addr) || !is_on_link(l, gateway)))
		return;
	l->routes[l->route_count++] = (struct aksu_dhcp_route){*dst, *gateway, prefix};
}

/* RFC 3442: the width of a prefix, as many octets of it as are not zero, a gateway. */
static bool next_classless(struct cur *c, struct aksu_dhcp_route *out)
{
	const uint8_t *width = cur_take(c, 1), *dst, *gateway;
	uint8_t net[4] = {0};

	if (width == NULL || *width > 32)
		return false;
	dst = cur_take(c, (*width + 7u) / 8);
	gateway = dst != NULL ? cur_take(c, 4) : NULL;
	if (gateway == NULL)
		return false;
	memcpy(net, dst, (*width + 7u) / 8);
	*out = (struct aksu_dhcp_route){addr_from_v4(net), addr_from_v4(gateway), *width};
	return true;
}

/* False: it is malformed, or not there. Routes on the link itself first: others may need them. */
static bool read_classless(const struct dhcp *m, struct aksu_dhcp_lease *l)
{
	struct aksu_dhcp_route r;
	struct dhcp_value v;
	struct cur c;

	if (!dhcp_option(m, DHCP_ROUTES, &v))
		return false;
	for (c = (struct cur){v.b, v.b + v.len}; cur_left(&c) > 0;)
		if (!next_classless(&c, &r))
			return false;
	for (unsigned direct = 2; direct-- > 0;) {
		c = (struct cur){v.b, v.b + v.len};
		while (cur_left(&c) > 0 && next_classless(&c, &r))
			if (addr_is_unspecified(&r.gateway) == (direct == 1))
				add_route(l, &r.dst, r.prefix, &r.gateway);
	}
	return true;
}

static void read_routes(const struct dhcp *m, struct aksu_dhcp_lease *l)
{
	struct dhcp_value v;

	if (read_classless(m, l)) /* RFC 3442: then the router option is ignored */
		return;
	if (!dhcp_option(m, DHCP_ROUTER, &v) || v.len % 4 != 0)
		return;
	for (size_t i = 0; i < v.len && l->route_count == 0; i += 4) {
		struct aksu_addr router = addr_from_v4(v.b + i);

		if (!addr_is_unspecified(&router))
			add_route(l, &NO_ADDR, 0, &router);
	}
}

/* ------------------------------------------------------------------ the rest */

static void read_dns(const struct dhcp *m, struct aksu_dhcp_lease *l)
{
	struct dhcp_value v;

	if (!dhcp_option(m, DHCP_DNS, &v) || v.len % 4 != 0)
		return;
	for (size_t i = 0; i < v.len && l->dns_count < AKSU_DHCP_DNS; i += 4) {
		struct aksu_addr a = addr_from_v4(v.b + i);

		if (is_host(&a) || addr_is_loopback(&a))
			l->dns[l->dns_count++] = a;
	}
}

const char *lease_read(const struct dhcp *m, instant since, uint64_t fuzz,
		       struct aksu_dhcp_lease *out)
{
	const char *wrong;
	uint16_t mtu;

	*out = (struct aksu_dhcp_lease){.addr = m->yiaddr};
	if (!dhcp_addr(m, DHCP_SERVER, &out->server) || !is_host(&out->server))
		return "it does not say which server it is from";
	wrong = read_subnet(m, out);
	if (wrong == NULL)
		wrong = read_times(m, since, fuzz, out);
	if (wrong != NULL)
		return wrong;
	read_routes(m, out);
	read_dns(m, out);
	if (dhcp_u16(m, DHCP_MTU, &mtu) && mtu >= LEASE_MTU_MIN)
		out->mtu = mtu;
	return NULL;
}

/* ------------------------------------------------------------------ on the link */

static const struct aksu_addr *gateway_of(const struct aksu_dhcp_route *r)
{
	return addr_is_unspecified(&r->gateway) ? NULL : &r->gateway;
}

static void remove_routes(const struct lease_link *l, const struct aksu_dhcp_lease *lease)
{
	for (uint32_t i = 0; i < lease->route_count; i++)
		(void)aksu_route_remove(l->stack, l->number, &lease->routes[i].dst,
					lease->routes[i].prefix);
}

/* A route that finds no room is done without, as one that the server did not give. */
static void add_routes(const struct lease_link *l, const struct aksu_dhcp_lease *lease)
{
	for (uint32_t i = 0; i < lease->route_count; i++)
		(void)aksu_route_add(l->stack, l->number, &lease->routes[i].dst,
				     lease->routes[i].prefix, gateway_of(&lease->routes[i]));
}

/* Never more than the link has: frames that the device does not take help nobody. */
static void set_mtu(const struct lease_link *l, uint32_t mtu)
{
	uint32_t want = mtu != 0 && mtu < l->mtu ? mtu : l->mtu;

	if (aksu_link_mtu(l->stack, l->number) != (int)want)
		(void)aksu_link_set_mtu(l->stack, l->number, want);
}

static bool same_addr(const struct aksu_dhcp_lease *a, const struct aksu_dhcp_lease *b)
{
	return addr_eq(&a->addr, &b->addr) && a->prefix == b->prefix;
}

int lease_install(const struct lease_link *l, const struct aksu_dhcp_lease *old,
		  const struct aksu_dhcp_lease *new)
{
	int error = AKSU_OK;

	if (old != NULL)
		remove_routes(l, old);
	if (old == NULL || !same_addr(old, new)) {
		if (old != NULL)
			(void)aksu_addr_remove(l->stack, l->number, &old->addr);
		error = aksu_addr_add(l->stack, l->number, &new->addr, new->prefix);
	}
	if (error != AKSU_OK) {
		set_mtu(l, 0);
		return error;
	}
	set_mtu(l, new->mtu);
	add_routes(l, new);
	return AKSU_OK;
}

void lease_remove(const struct lease_link *l, const struct aksu_dhcp_lease *lease)
{
	remove_routes(l, lease);
	(void)aksu_addr_remove(l->stack, l->number, &lease->addr);
	set_mtu(l, 0);
}
