/* SPDX-License-Identifier: MIT */
/*
 * link/claim.c - who else uses an address of ours, or one that we would like to have.
 *
 * RFC 5227 sections 2.1.1 and 2.4 for ARP, RFC 4862 section 5.4 for neighbour discovery. It asks,
 * and keeps what is heard; when to ask again, and what to do about an answer, is for those above.
 * An address of ours is kept whatever others say (RFC 5227 section 2.4 (c)).
 */
#include "link/ether.h"

static const struct aksu_addr NOBODY_V4 = {{[10] = 0xff, [11] = 0xff}}, NOBODY_V6;

static struct claim *find(struct ether *e, const struct aksu_addr *addr)
{
	for (unsigned i = 0; i < LINK_CLAIMS_MAX; i++)
		if (addr_eq(&e->claim[i].addr, addr))
			return &e->claim[i];
	return NULL;
}

/* A new one takes the place of the oldest. */
static struct claim *open(struct ether *e, const struct aksu_addr *addr)
{
	struct claim *c = find(e, addr);

	if (c == NULL)
		c = &e->claim[e->claim_next++ % LINK_CLAIMS_MAX];
	*c = (struct claim){.addr = *addr};
	return c;
}

void link_addr_probe(struct link *l, const struct aksu_addr *addr)
{
	if (l->ether == NULL)
		return;
	open(l->ether, addr);
	if (addr_is_v4(addr))
		arp_ask(l, addr, &NOBODY_V4, MAC_BROADCAST);
	else
		nd_ask(l, addr, &NOBODY_V6, MAC_BROADCAST, false);
}

bool link_addr_claimed(const struct link *l, const struct aksu_addr *addr, struct mac *by)
{
	const struct claim *c = l->ether != NULL ? find(l->ether, addr) : NULL;

	if (c == NULL || mac_is_zero(c->by))
		return false;
	*by = c->by;
	return true;
}

void claim_forget(struct link *l, const struct aksu_addr *addr)
{
	struct claim *c = find(l->ether, addr);

	if (c != NULL)
		*c = (struct claim){.by = {{0}}};
}

bool claim_hear(struct link *l, const struct aksu_addr *addr, struct mac by)
{
	struct claim *c = find(l->ether, addr);

	if (addr_is_unspecified(addr))
		return false;
	if (c == NULL && link_owns(l, addr))
		c = open(l->ether, addr);
	if (c != NULL)
		c->by = by;
	return c != NULL;
}

void claim_contest(struct link *l, const struct aksu_addr *addr, instant now)
{
	struct ether *e = l->ether;

	if (e->defended && !longer(since(e->defended_at, now), seconds(LINK_DEFEND_SECONDS)))
		return;
	e->defended = true;
	e->defended_at = now;
	arp_ask(l, addr, addr, MAC_BROADCAST);
}
