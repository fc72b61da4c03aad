/* SPDX-License-Identifier: MIT */
/*
 * ip/pmtu.c - what paths are known to take (RFC 1191, RFC 8201).
 *
 * A cache of one size, four ways to a set, taken when a first message is believed; the entry that
 * would be forgotten next makes room. An entry only ever falls, and is forgotten after ten minutes:
 * then the path counts as wide as its first hop again and is tried anew. Whether a message is
 * to be believed is decided before, by those who know what is in flight.
 */
#include "ip/inside.h"

enum {
	PMTU_SETS = 128,
	PMTU_WAYS = 4,
	PMTU_ENTRIES = PMTU_SETS *
		       PMTU_WAYS, /* 20 KiB: paths that are narrower than their first hop are few */
	PMTU_SECONDS =
		600, /* RFC 1191 section 6.3, RFC 8201 section 5.3: at least 5, better 10 minutes */
	MTU_MIN_V4 = 68, /* RFC 791: a router that says less is mistaken */
};

/* RFC 1191 section 7.1: MTUs that links really have. */
static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68};

static struct ip_pmtu_entry *set_of(const struct ip *ip, const struct aksu_addr *dst)
{
	uint64_t h = siphash(&ip->key, dst->b, sizeof(dst->b));

	return &ip->pmtu.entries[h % PMTU_SETS * PMTU_WAYS];
}

static struct ip_pmtu_entry *lookup(const struct ip *ip, const struct aksu_addr *dst)
{
	struct ip_pmtu_entry *e;

	if (!ip->pmtu.entries)
		return NULL;
	e = set_of(ip, dst);
	for (unsigned i = 0; i < PMTU_WAYS; i++)
		if (e[i].expires.ns != 0 && addr_eq(&e[i].dst, dst))
			return &e[i];
	return NULL;
}

const struct ip_pmtu_entry *pmtu_find(const struct ip *ip, const struct aksu_addr *dst)
{
	return lookup(ip, dst);
}

uint32_t ip_pmtu(const struct ip *ip, const struct aksu_addr *dst, uint32_t mtu)
{
	const struct ip_pmtu_entry *e = lookup(ip, dst);

	return e ? min_u32(e->mtu, mtu) : mtu;
}

/* The entry of dst, or a free one, or the one that is forgotten next; NULL: no memory. */
static struct ip_pmtu_entry *entry_for(struct ip *ip, const struct aksu_addr *dst)
{
	struct ip_pmtu_entry *e = lookup(ip, dst), *best;

	if (e)
		return e;
	if (!ip->pmtu.entries) {
		size_t size = PMTU_ENTRIES * sizeof(*e);

		ip->pmtu.entries = mem_alloc(ip->mem, size, _Alignof(struct ip_pmtu_entry));
		if (!ip->pmtu.entries)
			return NULL;
		memset(ip->pmtu.entries, 0, size);
	}
	best = e = set_of(ip, dst);
	for (unsigned i = 1; i < PMTU_WAYS; i++)
		if (before(e[i].expires, best->expires))
			best = &e[i];
	return best;
}

/* The next MTU below the packet that did not pass, for routers that are older than RFC 1191. */
static uint32_t plateau_below(uint32_t len)
{
	for (unsigned i = 0; i < COUNT_OF(plateaus); i++)
		if (plateaus[i] < len)
			return plateaus[i];
	return 0;
}

/* What the message says, in our terms; 0: nothing to learn. */
static uint32_t said_mtu(const struct aksu_addr *dst, uint32_t mtu, uint32_t quoted_len)
{
	bool v4 = addr_is_v4(dst);

	if (mtu == 0 && v4)
		mtu = plateau_below(quoted_len);
	if (mtu < (v4 ? (uint32_t)MTU_MIN_V4 : (uint32_t)IP_PMTU_MIN_V6))
		return 0; /* RFC 8201 section 4: MUST NOT reduce below 1280 */
	if (quoted_len != 0 && mtu >= quoted_len)
		return 0; /* the packet would have passed: a lie */
	return mtu;
}

bool ip_pmtu_learn(struct ip *ip, const struct aksu_addr *dst, uint32_t mtu, uint32_t quoted_len,
		   instant now)
{
	uint32_t said = said_mtu(dst, mtu, quoted_len);
	bool narrow = addr_is_v4(dst) && said < IP_PMTU_MIN_V4;
	struct ip_pmtu_entry *e;
	struct ip_path path;

	if (said == 0 || ip_route(ip, dst, NULL, &path) != 0 || path.local || path.broadcast)
		return false;
	said = narrow ? IP_PMTU_MIN_V4 : said;
	if (said >= path.pmtu && !(narrow && !path.fragment))
		return false;
	e = entry_for(ip, dst);
	if (!e)
		return false;
	*e = (struct ip_pmtu_entry){
		.dst = *dst,
		.mtu = said,
		.fragment = narrow,
		.expires = after(now, seconds(PMTU_SECONDS)),
	};
	ip->pmtu.next = earlier(ip->pmtu.next, e->expires);
	ip->pmtu.epoch++;
	return true;
}

void pmtu_expire(struct ip *ip, instant now)
{
	if (!due(ip->pmtu.next, now) || !ip->pmtu.entries)
		return;
	ip->pmtu.next = INSTANT_NEVER;
	for (unsigned i = 0; i < PMTU_ENTRIES; i++) {
		struct ip_pmtu_entry *e = &ip->pmtu.entries[i];

		if (e->expires.ns == 0)
			continue;
		if (due(e->expires, now))
			*e = (struct ip_pmtu_entry){0};
		else
			ip->pmtu.next = earlier(ip->pmtu.next, e->expires);
	}
	ip->pmtu.epoch++;
}

void pmtu_fini(struct ip *ip)
{
	mem_free(ip->mem, ip->pmtu.entries,
		 ip->pmtu.entries ? PMTU_ENTRIES * sizeof(struct ip_pmtu_entry) : 0);
	ip->pmtu.entries = NULL;
}
