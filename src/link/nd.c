/* SPDX-License-Identifier: MIT */
/*
 * link/nd.c - neighbour discovery for IPv6, as a host does it (RFC 4861 sections 6.3, 7.1 and 7.2).
 *
 * Solicitations for our addresses are answered, advertisements enter the cache, a router
 * advertisement is decoded for those above. Not here: autoconfiguration (RFC 4862), router
 * solicitations of our own, and redirects.
 */
#include "link/ether.h"

#include "wire/ipv6.h"

static const struct aksu_addr ALL_NODES = {{0xff, 0x02, [15] = 1}};

/*
 * Writes a message as an IPv6 packet; returns its length, at most LINK_CONTROL_LEN - ETH_HDR_LEN.
 */
static size_t emit_packet(const struct icmp *m, const struct aksu_addr *src,
			  const struct aksu_addr *dst, uint8_t *out)
{
	uint8_t message[ICMP_HEAD_MAX];
	size_t n = icmp6_emit(m, src, dst, message);
	struct ipv6 ip = {
		.next = IP_PROTO_ICMPV6,
		.hop_limit = ND_HOP_LIMIT,
		.payload_len = (uint16_t)n,
		.src = *src,
		.dst = *dst,
	};

	ipv6_emit(&ip, out);
	memcpy(out + IPV6_HDR_LEN, message, n);
	return IPV6_HDR_LEN + n;
}

void nd_ask(struct link *l, const struct aksu_addr *target, const struct aksu_addr *from,
	    struct mac dst, bool unicast)
{
	struct aksu_addr to = unicast ? *target : nd_solicited_node(target);
	struct icmp m = {
		.kind = ICMP_NEIGHBOUR_SOLICITATION,
		.target = *target,
		/* Who has no address yet gives no MAC either (RFC 4861 section 4.3). */
		.nd = {.has_source = !addr_is_unspecified(from), .source = l->mac},
	};
	uint8_t packet[LINK_CONTROL_LEN];
	size_t n = emit_packet(&m, from, &to, packet);

	link_control(l, unicast ? dst : mac_of_multicast(&to), ETH_TYPE_IPV6, packet, n);
}

/* An advertisement is a packet like others: it may have to wait until the asker's MAC is known. */
static void send_advertisement(struct link *l, const struct icmp *m, const struct aksu_addr *to,
			       instant now)
{
	struct aksu_tx tx = {.pieces = 0};
	size_t n = emit_packet(m, &m->target, to, tx.head + ETH_HDR_LEN);

	tx.head_len = (uint16_t)(ETH_HDR_LEN + n);
	tx.len = tx.head_len;
	if (link_output(l, &tx, to, now) == LINK_SEND) {
		struct mac dst;

		memcpy(dst.b, tx.head, sizeof(dst.b));
		link_control(l, dst, ETH_TYPE_IPV6, tx.head + ETH_HDR_LEN, n);
	}
}

/* RFC 4861 section 7.2.4; to somebody who has no address yet: to all, and not "solicited". */
static void advertise(struct link *l, const struct aksu_addr *target, const struct aksu_addr *asker,
		      instant now)
{
	bool nameless = asker == NULL || addr_is_unspecified(asker);
	struct icmp m = {
		.kind = ICMP_NEIGHBOUR_ADVERTISEMENT,
		.target = *target,
		.nd = {.flags = nameless ? ND_OVERRIDE : ND_OVERRIDE | ND_SOLICITED,
		       .has_target = true,
		       .target = l->mac},
	};

	send_advertisement(l, &m, nameless ? &ALL_NODES : asker, now);
}

void nd_announce(struct link *l, const struct aksu_addr *addr, instant now)
{
	advertise(l, addr, NULL, now);
}

static bool mac_is_valid(const struct link *l, struct mac mac)
{
	return !mac_is_group(mac) && !mac_is_zero(mac) && !mac_eq(mac, l->mac);
}

/* Somebody named the MAC of its own address. */
static void hear_source(struct link *l, const struct aksu_addr *src, struct mac mac, instant now)
{
	struct neighbour *n = neighbour_meet(l, src, mac);

	if (n != NULL)
		neighbour_heard(l, n, mac, now);
}

/* RFC 4861 sections 7.1.1 and 7.2.3. */
static enum aksu_drop on_solicitation(struct link *l, const struct link_nd *in,
				      const struct icmp *m, instant now)
{
	bool nameless = addr_is_unspecified(&in->src);
	struct aksu_addr group = nd_solicited_node(&m->target);

	if (nameless && (m->nd.has_source || !addr_eq(&in->dst, &group)))
		return AKSU_DROP_ND_BAD;
	if (m->nd.has_source && !mac_is_valid(l, m->nd.source))
		return AKSU_DROP_ND_BAD;
	if (m->nd.has_source && claim_hear(l, &in->src, m->nd.source))
		return AKSU_DROP_ADDR_IN_USE;
	if (addr_is_multicast(&in->src) || link_owns(l, &in->src))
		return AKSU_DROP_ND_BAD;
	if (!link_owns(l, &m->target))
		return AKSU_DROP_ICMP_IGNORED;
	if (m->nd.has_source)
		hear_source(l, &in->src, m->nd.source, now);
	advertise(l, &m->target, &in->src, now);
	return AKSU_DROP_NONE;
}

/* Section 7.2.5 for a neighbour whose MAC is known already. */
static void update(struct link *l, struct neighbour *n, const struct icmp *m, instant now)
{
	bool differs = m->nd.has_target && !mac_eq(m->nd.target, n->mac);
	bool solicited = m->nd.flags & ND_SOLICITED;

	if (differs && !(m->nd.flags & ND_OVERRIDE)) {
		/* It is doubted, but kept: the next packet to it will lead to a question. */
		if (n->state == NEIGHBOUR_REACHABLE)
			n->state = NEIGHBOUR_STALE;
		return;
	}
	if (solicited)
		neighbour_answered(l, n, differs ? m->nd.target : n->mac, now);
	else if (differs)
		neighbour_heard(l, n, m->nd.target, now);
}

/*
 * Sections 7.1.2 and 7.2.5: an advertisement of somebody that we never asked for creates nothing.
 */
static enum aksu_drop on_advertisement(struct link *l, const struct link_nd *in,
				       const struct icmp *m, instant now)
{
	bool solicited = m->nd.flags & ND_SOLICITED;
	struct neighbour *n;

	if (solicited && addr_is_multicast(&in->dst))
		return AKSU_DROP_ND_BAD;
	if (m->nd.has_target && !mac_is_valid(l, m->nd.target))
		return AKSU_DROP_ND_BAD;
	if (m->nd.has_target && claim_hear(l, &m->target, m->nd.target))
		return AKSU_DROP_ADDR_IN_USE;
	if (link_owns(l, &m->target))
		return AKSU_DROP_ND_BAD;
	n = neighbour_find(l, &m->target);
	if (n == NULL)
		return AKSU_DROP_ND_BAD;
	if (neighbour_is_known(n))
		update(l, n, m, now);
	else if (!m->nd.has_target)
		return AKSU_DROP_ND_BAD;
	else if (solicited)
		neighbour_answered(l, n, m->nd.target, now);
	else
		neighbour_heard(l, n, m->nd.target, now);
	return AKSU_DROP_NONE;
}

/* Sections 6.1.2 and 6.3.4. */
static enum aksu_drop on_router(struct link *l, const struct link_nd *in, const struct icmp *m,
				instant now, struct link_router *router)
{
	if (!addr_is_link_local(&in->src) || addr_is_v4(&in->src) || link_owns(l, &in->src))
		return AKSU_DROP_ND_BAD;
	if (m->nd.has_source && !mac_is_valid(l, m->nd.source))
		return AKSU_DROP_ND_BAD;
	if (m->nd.has_source)
		hear_source(l, &in->src, m->nd.source, now);
	if (router != NULL)
		*router = (struct link_router){true, in->src, m->nd};
	return AKSU_DROP_NONE;
}

enum aksu_drop link_nd_input(struct link *l, const struct link_nd *in, instant now,
			     struct link_router *router)
{
	enum aksu_drop drop;
	struct icmp m;

	if (router != NULL)
		*router = (struct link_router){.present = false};
	if (l->ether == NULL)
		return AKSU_DROP_ICMP_IGNORED;
	if (in->hop_limit != ND_HOP_LIMIT) /* it crossed a router: forged (section 3.1) */
		return AKSU_DROP_ND_BAD;
	drop = icmp6_parse(in->data, in->len, &in->src, &in->dst, &m);
	if (drop != AKSU_DROP_NONE)
		return drop;
	if (m.kind == ICMP_NEIGHBOUR_SOLICITATION)
		return on_solicitation(l, in, &m, now);
	if (m.kind == ICMP_NEIGHBOUR_ADVERTISEMENT)
		return on_advertisement(l, in, &m, now);
	if (m.kind == ICMP_ROUTER_ADVERTISEMENT)
		return on_router(l, in, &m, now, router);
	return AKSU_DROP_ICMP_IGNORED;
}
