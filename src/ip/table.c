/* SPDX-License-Identifier: MIT */
/*
 * ip/table.c - what the instance was told: its links, its addresses, its routes.
 *
 * Three small arrays that grow by doubling and change only when the owner says so. Routes stand
 * longest prefix first, so that the first match is the best one; within a prefix, oldest first. An
 * address makes the on-link route of its prefix (RFC 1122 section 3.3.1.1), which goes with the
 * last address that needs it.
 */
#include "ip/inside.h"

enum { TABLE_FIRST = 4, MTU_MIN = 68, MTU_MAX = 65535 };

static unsigned width(const struct aksu_addr *a) { return addr_is_v4(a) ? 32 : 128; }

/* The array with room for one more than `count`, or NULL; the old one is then untouched. */
static void *grown(struct mem *mem, void *old, uint32_t *cap, uint32_t count, size_t size)
{
	uint32_t more = *cap ? *cap * 2 : TABLE_FIRST;
	void *new;

	if (count < *cap)
		return old;
	while (more <= count)
		more *= 2;
	new = mem_alloc(mem, more * size, _Alignof(uint64_t));
	if (!new)
		return NULL;
	memset(new, 0, more * size);
	if (*cap)
		memcpy(new, old, *cap * size);
	mem_free(mem, old, *cap * size);
	*cap = more;
	return new;
}

void ip_init(struct ip *ip, struct mem *mem, const struct hash_key *key, instant now)
{
	struct ip_bucket errors = {.rate = 1000, .burst = 50, .tokens = 50, .last = now};
	struct ip_bucket echoes = {.rate = 100000, .burst = 1000, .tokens = 1000, .last = now};

	*ip = (struct ip){
		.mem = mem,
		.key = *key,
		.prng = prng_from(siphash(key, "ip", 2)),
		.pmtu.next = INSTANT_NEVER,
		.errors = errors,
		.echoes = echoes,
	};
	for (unsigned i = 0; i < IP_ID_COUNTERS; i++)
		ip->ids[i] = (uint32_t)prng_next(&ip->prng);
}

void ip_fini(struct ip *ip)
{
	ip_reasm_fini(ip);
	pmtu_fini(ip);
	mem_free(ip->mem, ip->links, ip->links_cap * sizeof(*ip->links));
	mem_free(ip->mem, ip->addrs, ip->addrs_cap * sizeof(*ip->addrs));
	mem_free(ip->mem, ip->routes, ip->routes_cap * sizeof(*ip->routes));
	*ip = (struct ip){0};
}

/* ------------------------------------------------------------------ links */

bool ip_has_link(const struct ip *ip, int link)
{
	return link >= 0 && (uint32_t)link < ip->links_cap && ip->links[link].mtu != 0;
}

int ip_link_set(struct ip *ip, int link, uint32_t mtu)
{
	struct ip_link *links;

	if (link < 0 || link >= IP_LINKS_MAX || mtu < MTU_MIN || mtu > MTU_MAX)
		return -AKSU_EINVAL;
	links = grown(ip->mem, ip->links, &ip->links_cap, (uint32_t)link, sizeof(*links));
	if (!links)
		return -AKSU_ENOMEM;
	ip->links = links;
	links[link].mtu = mtu;
	ip->pmtu.epoch++;
	return 0;
}

int ip_link_remove(struct ip *ip, int link)
{
	uint32_t kept = 0;

	if (!ip_has_link(ip, link))
		return -AKSU_ENOENT;
	ip->links[link].mtu = 0;
	for (uint32_t i = 0; i < ip->addr_count; i++)
		if (ip->addrs[i].link != link)
			ip->addrs[kept++] = ip->addrs[i];
	ip->addr_count = kept;
	kept = 0;
	for (uint32_t i = 0; i < ip->route_count; i++)
		if (ip->routes[i].link != link)
			ip->routes[kept++] = ip->routes[i];
	ip->route_count = kept;
	return 0;
}

/* ------------------------------------------------------------------ routes */

/* The address with the bits behind the prefix cleared. */
static struct aksu_addr masked(const struct aksu_addr *a, unsigned prefix)
{
	struct aksu_addr net = *a;
	unsigned bits = prefix + (128 - width(a));

	for (unsigned i = 0; i < 16; i++) {
		if (bits >= 8 * (i + 1))
			continue;
		net.b[i] &= (uint8_t)(bits <= 8 * i ? 0 : 0xff00 >> (bits - 8 * i));
	}
	return net;
}

static struct ip_route_entry *exact_route(const struct ip *ip, int link,
					  const struct aksu_addr *dst, unsigned prefix)
{
	struct aksu_addr net = masked(dst, prefix);

	for (uint32_t i = 0; i < ip->route_count; i++) {
		struct ip_route_entry *r = &ip->routes[i];

		if (r->link == link && r->prefix == prefix && addr_eq(&r->dst, &net))
			return r;
	}
	return NULL;
}

/* Puts a route behind all that are as long or longer. */
static int insert_route(struct ip *ip, const struct ip_route_entry *new)
{
	struct ip_route_entry *routes;
	uint32_t i;

	if (ip->route_count >= IP_ROUTES_MAX)
		return -AKSU_ENOBUFS;
	routes = grown(ip->mem, ip->routes, &ip->routes_cap, ip->route_count, sizeof(*routes));
	if (!routes)
		return -AKSU_ENOMEM;
	ip->routes = routes;
	for (i = ip->route_count++; i > 0 && routes[i - 1].prefix < new->prefix; i--)
		routes[i] = routes[i - 1];
	routes[i] = *new;
	return 0;
}

static void delete_route(struct ip *ip, struct ip_route_entry *r)
{
	uint32_t at = (uint32_t)(r - ip->routes);

	ip->route_count--;
	for (; at < ip->route_count; at++)
		ip->routes[at] = ip->routes[at + 1];
}

static bool gateway_valid(const struct ip *ip, const struct aksu_addr *dst,
			  const struct aksu_addr *gateway)
{
	return addr_is_v4(gateway) == addr_is_v4(dst) && ip_valid_remote(ip, gateway) &&
	       !ip_is_ours(ip, gateway);
}

int ip_route_add(struct ip *ip, int link, const struct aksu_addr *dst, unsigned prefix,
		 const struct aksu_addr *gateway, uint32_t mtu)
{
	struct ip_route_entry *old, new = {.link = link, .mtu = mtu};

	if (!ip_has_link(ip, link) || prefix > width(dst))
		return -AKSU_EINVAL;
	if (mtu != 0 && (mtu < MTU_MIN || mtu > MTU_MAX))
		return -AKSU_EINVAL;
	if (gateway && !gateway_valid(ip, dst, gateway))
		return -AKSU_EINVAL;
	new.dst = masked(dst, prefix);
	new.prefix = (uint8_t)prefix;
	new.v4 = addr_is_v4(dst);
	if (gateway)
		new.gateway = *gateway;
	ip->pmtu.epoch++;
	old = exact_route(ip, link, dst, prefix);
	if (!old)
		return insert_route(ip, &new);
	*old = new;
	return 0;
}

int ip_route_remove(struct ip *ip, int link, const struct aksu_addr *dst, unsigned prefix)
{
	struct ip_route_entry *r;

	r = prefix <= width(dst) ? exact_route(ip, link, dst, prefix) : NULL;
	if (!r)
		return -AKSU_ENOENT;
	delete_route(ip, r);
	ip->pmtu.epoch++;
	return 0;
}

/* ------------------------------------------------------------------ addresses */

/* Whether all bits behind the prefix are one; a /31 or /32 has no broadcast address (RFC 3021). */
static bool is_subnet_broadcast(const struct aksu_addr *a, unsigned prefix)
{
	uint32_t host;
	be32 v4;

	if (!addr_is_v4(a) || prefix >= 31)
		return false;
	memcpy(&v4, addr_v4_bytes(a), sizeof(v4));
	host = UINT32_MAX >> prefix;
	return (get32(v4) & host) == host;
}

static bool may_be_ours(const struct aksu_addr *a, unsigned prefix)
{
	return prefix <= width(a) && !addr_is_unspecified(a) && !addr_is_multicast(a) &&
	       !addr_is_limited_broadcast(a) && !addr_is_loopback(a) &&
	       !is_subnet_broadcast(a, prefix);
}

/* An address stands once, except that each link may have the same link-local one (RFC 4007). */
static bool taken(const struct ip *ip, int link, const struct aksu_addr *a)
{
	bool scoped = !addr_is_v4(a) && addr_is_link_local(a);

	return scoped ? ip_on_link(ip, a, link) : ip_is_ours(ip, a);
}

/* The on-link route of a new address, unless it has one, or is alone in its prefix. */
static int connect_prefix(struct ip *ip, const struct ip_addr *a)
{
	struct ip_route_entry new = {.link = a->link, .prefix = a->prefix, .of_addr = true};

	if (a->prefix == width(&a->addr) || exact_route(ip, a->link, &a->addr, a->prefix))
		return 0;
	new.dst = masked(&a->addr, a->prefix);
	new.v4 = addr_is_v4(&a->addr);
	return insert_route(ip, &new);
}

int ip_addr_add(struct ip *ip, int link, const struct aksu_addr *addr, unsigned prefix)
{
	struct ip_addr new = {.addr = *addr, .link = link, .prefix = (uint8_t)prefix};
	struct ip_addr *addrs;
	int rc;

	if (!ip_has_link(ip, link) || !may_be_ours(addr, prefix))
		return -AKSU_EINVAL;
	if (!addr_is_v4(addr) && ip->links[link].mtu < IP_PMTU_MIN_V6)
		return -AKSU_EINVAL;
	if (taken(ip, link, addr))
		return -AKSU_EADDRINUSE;
	if (ip->addr_count >= IP_ADDRS_MAX)
		return -AKSU_ENOBUFS;
	addrs = grown(ip->mem, ip->addrs, &ip->addrs_cap, ip->addr_count, sizeof(*addrs));
	if (!addrs)
		return -AKSU_ENOMEM;
	ip->addrs = addrs;
	rc = connect_prefix(ip, &new);
	if (rc == 0)
		addrs[ip->addr_count++] = new;
	return rc;
}

/* Whether another address of the link still needs the route. */
static bool still_connected(const struct ip *ip, const struct ip_route_entry *r)
{
	for (uint32_t i = 0; i < ip->addr_count; i++) {
		const struct ip_addr *a = &ip->addrs[i];

		if (a->link == r->link && a->prefix == r->prefix &&
		    addr_in_prefix(&a->addr, &r->dst, r->prefix))
			return true;
	}
	return false;
}

int ip_addr_remove(struct ip *ip, int link, const struct aksu_addr *addr)
{
	struct ip_route_entry *r;
	uint32_t i = 0;
	unsigned prefix;

	while (i < ip->addr_count &&
	       (ip->addrs[i].link != link || !addr_eq(&ip->addrs[i].addr, addr)))
		i++;
	if (i == ip->addr_count)
		return -AKSU_ENOENT;
	prefix = ip->addrs[i].prefix;
	ip->addr_count--;
	for (; i < ip->addr_count; i++)
		ip->addrs[i] = ip->addrs[i + 1];
	r = exact_route(ip, link, addr, prefix);
	if (r && r->of_addr && !still_connected(ip, r))
		delete_route(ip, r);
	return 0;
}

/* ------------------------------------------------------------------ questions */

bool ip_on_link(const struct ip *ip, const struct aksu_addr *addr, int link)
{
	for (uint32_t i = 0; i < ip->addr_count; i++)
		if (ip->addrs[i].link == link && addr_eq(&ip->addrs[i].addr, addr))
			return true;
	return false;
}

bool ip_is_ours(const struct ip *ip, const struct aksu_addr *addr)
{
	for (uint32_t i = 0; i < ip->addr_count; i++)
		if (addr_eq(&ip->addrs[i].addr, addr))
			return true;
	return addr_is_loopback(addr);
}

static bool broadcast_of(const struct ip_addr *a, const struct aksu_addr *addr)
{
	return is_subnet_broadcast(addr, a->prefix) && addr_in_prefix(addr, &a->addr, a->prefix);
}

bool ip_is_broadcast_to(const struct ip *ip, int link, const struct aksu_addr *addr)
{
	if (!addr_is_v4(addr))
		return false;
	for (uint32_t i = 0; i < ip->addr_count; i++)
		if (ip->addrs[i].link == link && broadcast_of(&ip->addrs[i], addr))
			return true;
	return addr_is_limited_broadcast(addr);
}

bool ip_valid_remote(const struct ip *ip, const struct aksu_addr *addr)
{
	if (addr_is_unspecified(addr) || addr_is_multicast(addr) || addr_is_limited_broadcast(addr))
		return false;
	if (!addr_is_v4(addr))
		return true;
	if (addr_v4_bytes(addr)[0] == 0) /* this network: RFC 1122 section 3.2.1.3 (b) */
		return false;
	for (uint32_t i = 0; i < ip->addr_count; i++)
		if (broadcast_of(&ip->addrs[i], addr))
			return false;
	return true;
}

bool ip_may_send(const struct ip *ip, const struct aksu_addr *src, int link)
{
	return ip_valid_remote(ip, src) && (link == IP_LOCAL || !ip_is_ours(ip, src));
}
