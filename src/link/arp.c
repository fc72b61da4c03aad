/* SPDX-License-Identifier: MIT */
/*
 * link/arp.c - the Address Resolution Protocol (RFC 826), with what RFC 1122 2.3.2 and RFC 5227
 * add.
 *
 * A packet teaches us something in two cases only: its sender is in the cache already, or it asks
 * for an address of ours (so it will talk to us next). Replies that nobody asked for create
 * nothing. A claim to one of our own addresses is not believed, but told, and answered once in ten
 * seconds (RFC 5227 section 2.4 (c)).
 */
#include "link/ether.h"

#include "wire/arp.h"

static void arp_send(struct link *l, const struct arp *arp, struct mac dst)
{
	uint8_t packet[ARP_LEN];

	link_control(l, dst, ETH_TYPE_ARP, packet, arp_emit(arp, packet));
}

void arp_ask(struct link *l, const struct aksu_addr *target, const struct aksu_addr *from,
	     struct mac dst)
{
	struct arp arp = {.op = ARP_REQUEST, .sha = l->mac, .spa = *from, .tpa = *target};

	arp_send(l, &arp, dst);
}

static void answer(struct link *l, const struct arp *request)
{
	struct arp arp = {
		.op = ARP_REPLY,
		.sha = l->mac,
		.spa = request->tpa,
		.tha = request->sha,
		.tpa = request->spa,
	};

	arp_send(l, &arp, request->sha);
}

/*
 * Addresses that no station can have are no senders; 0.0.0.0 is a probe (RFC 5227 section 2.1.1).
 */
static bool sender_is_valid(const struct link *l, const struct arp *arp)
{
	if (mac_is_group(arp->sha) || mac_is_zero(arp->sha) || mac_eq(arp->sha, l->mac))
		return false;
	if (addr_is_multicast(&arp->spa) || addr_is_limited_broadcast(&arp->spa))
		return false;
	return !addr_is_loopback(&arp->spa);
}

/* RFC 826's "Merge_flag": true when the sender was in the cache. */
static bool merge(struct link *l, const struct arp *arp, instant now)
{
	struct neighbour *n = neighbour_find(l, &arp->spa);

	if (n == NULL)
		return false;
	if (arp->op == ARP_REPLY && neighbour_is_asked(n))
		neighbour_answered(l, n, arp->sha, now);
	else
		neighbour_heard(l, n, arp->sha, now);
	return true;
}

enum aksu_drop arp_input(struct link *l, const uint8_t *data, size_t n, instant now)
{
	bool probe, known, asks_us;
	struct arp arp;
	enum aksu_drop drop = arp_parse(data, n, &arp);

	if (drop != AKSU_DROP_NONE)
		return drop;
	if (!sender_is_valid(l, &arp))
		return AKSU_DROP_ARP_BAD;
	probe = addr_is_unspecified(&arp.spa);
	if (claim_hear(l, probe && !link_owns(l, &arp.tpa) ? &arp.tpa : &arp.spa, arp.sha)) {
		if (link_owns(l, &arp.spa))
			claim_contest(l, &arp.spa, now);
		return AKSU_DROP_ADDR_IN_USE;
	}
	known = !probe && merge(l, &arp, now);
	asks_us = arp.op == ARP_REQUEST && link_owns(l, &arp.tpa);
	if (asks_us && !probe && !known) /* no memory: then we ask when we must talk to it */
		(void)neighbour_meet(l, &arp.spa, arp.sha);
	if (asks_us)
		answer(l, &arp);
	return known || asks_us ? AKSU_DROP_NONE : AKSU_DROP_ARP_BAD;
}
