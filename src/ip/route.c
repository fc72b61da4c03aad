/* SPDX-License-Identifier: MIT */
/*
 * ip/route.c - which way, and from which address (RFC 1122 section 3.3.1, RFC 6724 section 5).
 *
 * The longest prefix wins; among equals, the link that has the source address. The source, where it
 * is not given, comes from the link that the packet leaves by: for IPv4 the address that shares the
 * next hop's prefix, for IPv6 the rules of RFC 6724 for which we have the facts: no address is
 * deprecated, temporary or a home address here, so rules 3, 4, 5.5 and 7 have nothing to decide.
 */
#include "ip/inside.h"

/* `only`: the link that it must leave by, or IP_LOCAL for any. */
static const struct ip_route_entry *find_route(const struct ip *ip, int only,
					       const struct aksu_addr *dst,
					       const struct aksu_addr *src)
{
	const struct ip_route_entry *best = NULL;
	bool v4 = addr_is_v4(dst);

	for (uint32_t i = 0; i < ip->route_count; i++) {
		const struct ip_route_entry *r = &ip->routes[i];

		if (r->v4 != v4 || (best && r->prefix < best->prefix))
			continue;
		if (only != IP_LOCAL && r->link != only)
			continue;
		if (!addr_in_prefix(dst, &r->dst, r->prefix))
			continue;
		if (!src || ip_on_link(ip, src, r->link))
			return r;
		if (!best)
			best = r;
	}
	return best;
}

/* ------------------------------------------------------------------ IPv6: RFC 6724 */

/* Section 3.1: scopes as numbers, wider is larger. */
static unsigned scope(const struct aksu_addr *a)
{
	if (addr_is_multicast(a))
		return a->b[1] & 0x0f;
	if (addr_is_link_local(a) || addr_is_loopback(a))
		return 2;
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0xc0 ? 5 : 14;
}

/* clang-format off */
/* Section 2.1: the default policy table, longest prefix first; precedences sort destinations. */
static const struct {
	struct aksu_addr net;
	uint8_t prefix, label;
} policies[] = {
	{{{0x20, 0x01}}, 32, 5},
	{{{0x20, 0x02}}, 16, 2},
	{{{0x3f, 0xfe}}, 16, 12},
	{{{0xfe, 0xc0}}, 10, 11},
	{{{0xfc}},        7, 13},
	{{{0}},           0, 1},
};
/* clang-format on */

static unsigned label(const struct aksu_addr *a)
{
	for (unsigned i = 0; i < COUNT_OF(policies); i++)
		if (addr_in_prefix(a, &policies[i].net, policies[i].prefix))
			return policies[i].label;
	return 1;
}

/* Rule 8 counts no further than the prefix of the source (section 2.2). */
static unsigned common(const struct ip_addr *s, const struct aksu_addr *dst)
{
	return min_u32(addr_common_prefix(&s->addr, dst), s->prefix);
}

/* Section 5: whether a is the better source than b. */
static bool better(const struct ip_addr *a, const struct ip_addr *b, const struct aksu_addr *dst,
		   int link)
{
	unsigned sa = scope(&a->addr), sb = scope(&b->addr), want = label(dst);
	bool la = label(&a->addr) == want, lb = label(&b->addr) == want;

	if (sa < sb) /* rule 2: appropriate scope */
		return sa >= scope(dst);
	if (sb < sa)
		return sb < scope(dst);
	if ((a->link == link) != (b->link == link)) /* rule 5: outgoing interface */
		return a->link == link;
	if (la != lb) /* rule 6: matching label */
		return la;
	return common(a, dst) > common(b, dst); /* rule 8: longest matching prefix */
}

/* Section 4: for link-local and multicast destinations only the link's; link-locals only there. */
static bool candidate(const struct ip_addr *a, const struct aksu_addr *dst, int link)
{
	if (addr_is_v4(&a->addr))
		return false;
	if (a->link == link)
		return true;
	return !addr_is_link_local(&a->addr) && !addr_is_link_local(dst) && !addr_is_multicast(dst);
}

static const struct ip_addr *source_v6(const struct ip *ip, const struct aksu_addr *dst, int link)
{
	const struct ip_addr *best = NULL;

	for (uint32_t i = 0; i < ip->addr_count; i++) {
		const struct ip_addr *a = &ip->addrs[i];

		if (candidate(a, dst, link) && (!best || better(a, best, dst, link)))
			best = a;
	}
	return best;
}

/* ------------------------------------------------------------------ IPv4 */

/* 2: shares a prefix with the next hop; 1: is on the link; 0: an address of ours (RFC
 * 1122 3.3.4.3). */
static unsigned fitness(const struct ip_addr *a, const struct aksu_addr *next_hop, int link)
{
	if (a->link != link)
		return 0;
	return addr_in_prefix(next_hop, &a->addr, a->prefix) ? 2 : 1;
}

static const struct ip_addr *source_v4(const struct ip *ip, const struct aksu_addr *next_hop,
				       int link)
{
	const struct ip_addr *best = NULL;
	unsigned best_fit = 0;

	for (uint32_t i = 0; i < ip->addr_count; i++) {
		const struct ip_addr *a = &ip->addrs[i];
		unsigned fit = fitness(a, next_hop, link);

		if (addr_is_v4(&a->addr) && (!best || fit > best_fit)) {
			best = a;
			best_fit = fit;
		}
	}
	return best;
}

/* ------------------------------------------------------------------ a path */

static int choose_source(const struct ip *ip, int only, const struct aksu_addr *dst,
			 const struct aksu_addr *src, struct ip_path *out)
{
	const struct ip_addr *a;

	if (src) {
		out->src = *src;
		return addr_is_loopback(src) ? -AKSU_EADDRNOTAVAIL : 0;
	}
	a = addr_is_v4(dst) ? source_v4(ip, &out->next_hop, out->link)
			    : source_v6(ip, dst, out->link);
	if (only != IP_LOCAL && addr_is_limited_broadcast(dst) && (!a || a->link != only)) {
		out->src = aksu_addr_v4(0, 0, 0, 0);
		return 0;
	}
	if (!a)
		return -AKSU_EADDRNOTAVAIL;
	out->src = a->addr;
	return 0;
}

/* To ourselves: nothing is cut, nothing leaves (RFC 1122 section 3.2.1.3 (g)). */
static int local_path(const struct aksu_addr *dst, const struct aksu_addr *src, struct ip_path *out)
{
	*out = (struct ip_path){
		.src = src ? *src : *dst,
		.next_hop = *dst,
		.link = IP_LOCAL,
		.mtu = IP_LOCAL_MTU,
		.pmtu = IP_LOCAL_MTU,
		.local = true,
	};
	return 0;
}

/* The link that has this address, or IP_LOCAL. */
static int link_of(const struct ip *ip, const struct aksu_addr *addr)
{
	for (uint32_t i = 0; i < ip->addr_count; i++)
		if (addr_eq(&ip->addrs[i].addr, addr))
			return ip->addrs[i].link;
	return IP_LOCAL;
}

/*
 * Link, next hop and MTU. To many, the source's link comes before any route (RFC 1122 section
 * 3.3.1.1 has no gateway for them).
 */
static int choose_link(const struct ip *ip, int only, const struct aksu_addr *dst,
		       const struct aksu_addr *src, struct ip_path *out)
{
	static const struct aksu_addr none;
	const struct ip_route_entry *r = find_route(ip, only, dst, src);
	bool many = addr_is_multicast(dst) || addr_is_limited_broadcast(dst);

	out->link = many && only != IP_LOCAL ? only
		    : many && src            ? link_of(ip, src)
		    : r                      ? r->link
					     : IP_LOCAL;
	if (out->link == IP_LOCAL || !ip_has_link(ip, out->link))
		return -AKSU_ENETUNREACH;
	out->mtu = ip->links[out->link].mtu;
	if (r && r->link == out->link && r->mtu != 0)
		out->mtu = min_u32(r->mtu, out->mtu);
	out->next_hop = !many && !addr_eq(&r->gateway, &none) ? r->gateway : *dst;
	out->broadcast = many || ip_is_broadcast_to(ip, out->link, dst);
	if (!addr_is_v4(dst) && out->mtu < IP_PMTU_MIN_V6) /* RFC 8200 section 5 */
		return -AKSU_ENETUNREACH;
	return 0;
}

int ip_route_on(const struct ip *ip, int link, const struct aksu_addr *dst,
		const struct aksu_addr *src, struct ip_path *out)
{
	const struct ip_pmtu_entry *known;
	int rc;

	if (src && addr_is_unspecified(src))
		src = NULL;
	if (src && (addr_is_v4(src) != addr_is_v4(dst) || !ip_is_ours(ip, src)))
		return -AKSU_EADDRNOTAVAIL;
	if (ip_is_ours(ip, dst))
		return local_path(dst, src, out);

	*out = (struct ip_path){0};
	rc = choose_link(ip, link, dst, src, out);
	if (rc == 0)
		rc = choose_source(ip, link, dst, src, out);
	if (rc != 0)
		return rc;
	known = pmtu_find(ip, dst);
	out->pmtu = known ? min_u32(known->mtu, out->mtu) : out->mtu;
	out->fragment = known && known->fragment;
	return 0;
}

int ip_route(const struct ip *ip, const struct aksu_addr *dst, const struct aksu_addr *src,
	     struct ip_path *out)
{
	return ip_route_on(ip, IP_LOCAL, dst, src, out);
}
