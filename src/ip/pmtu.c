/* SPDX-License-Identifier: MIT */
/*
 * ip/pmtu.c - what paths are known to take (RFC 1191, RFC 8201, RFC 4821).
 *
 * A cache of one size, four ways to a set, taken when a first message is believed; the entry that
 * would be forgotten next makes room. An entry that a router's message made only ever falls, and is
 * forgotten after ten minutes: then the path counts as wide as its first hop again and is tried
 * anew. Whether a message is to be believed is decided before, by those who know what is in flight.
 *
 * Where packets vanish without a word, an entry is searched, by the states of RFC 8899 5.2: it
 * begins at a size that nearly every path takes (BASE), and rises by halves of what is left as
 * probes arrive (SEARCH) until little is (SEARCH_COMPLETE); after ten minutes the rest is searched
 * again, if anybody still uses it. Everybody who sends to the host has the use of it.
 */
#include "ip/inside.h"

enum {
	PMTU_SETS = 128,
	PMTU_WAYS = 4,
	PMTU_ENTRIES = PMTU_SETS *
		       PMTU_WAYS, /* 28 KiB: paths that are narrower than their first hop are few */
	PMTU_SECONDS =
		600, /* RFC 1191 section 6.3, RFC 8201 section 5.3: at least 5, better 10 minutes */
	MTU_MIN_V4 = 68, /* RFC 791: a router that says less is mistaken */
	/* RFC 8899 5.1.2, BASE_PLPMTU: tunnels inside tunnels take it. */
	BASE_V4 = 1200,
	BASE_V6 = IP_PMTU_MIN_V6,
	COMMON = 1500, /* of all sizes the likeliest on a path that begins wider */
	/* What is left to be found is not worth a probe any more. */
	SEARCH_END = 8,
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
	e = lookup(ip, dst);
	if (e && e->limit > said + 1 && said >= e->mtu) { /* of a probe: it says where to end */
		e->limit = said + 1;
		return false;
	}
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

/* ---------------------------------------------------------------- without a router's help */

bool ip_pmtu_silent(struct ip *ip, const struct aksu_addr *dst, uint32_t size, instant now)
{
	bool v4 = addr_is_v4(dst);
	uint32_t base = v4 ? BASE_V4 : BASE_V6, least = v4 ? IP_PMTU_MIN_V4 : IP_PMTU_MIN_V6, to;
	struct ip_pmtu_entry *e;
	struct ip_path path;

	if (ip_route(ip, dst, NULL, &path) != 0 || path.local || path.broadcast)
		return false;
	if (size > path.pmtu)
		return true; /* another connection has found it out */
	to = size > base ? base : least;
	if (to >= size)
		return false;
	e = entry_for(ip, dst);
	if (!e)
		return false;
	*e = (struct ip_pmtu_entry){
		.dst = *dst,
		.mtu = to,
		.limit = size,
		.used = true,
		.expires = after(now, seconds(PMTU_SECONDS)),
	};
	ip->pmtu.next = earlier(ip->pmtu.next, e->expires);
	ip->pmtu.epoch++;
	return true;
}

uint32_t ip_pmtu_probe(const struct ip *ip, const struct aksu_addr *dst, uint32_t mtu, instant now)
{
	struct ip_pmtu_entry *e = lookup(ip, dst);

	if (!e || e->limit == 0)
		return 0;
	e->used = true;
	if (before(now, e->pause) || mtu <= e->mtu)
		return 0;
	if (e->limit > mtu) /* it may well be all that was in the way */
		return mtu;
	if (e->limit > COMMON && e->mtu < COMMON)
		return COMMON;
	return e->limit > e->mtu + SEARCH_END ? e->mtu + (e->limit - e->mtu) / 2 : 0;
}

void ip_pmtu_probed(struct ip *ip, const struct aksu_addr *dst, uint32_t size, bool arrived,
		    duration pause, instant now)
{
	struct ip_pmtu_entry *e = lookup(ip, dst);

	if (!e || e->limit == 0 || size <= e->mtu || size >= e->limit)
		return; /* another connection's probe said so before */
	if (!arrived) {
		e->limit = size;
		e->pause = after(now, pause);
		return;
	}
	e->mtu = size;
	ip->pmtu.epoch++;
}

/* A searched path is not forgotten while it is used: what is larger is tried again, by probes. */
static void outlived(struct ip_pmtu_entry *e, instant now)
{
	if (e->limit == 0 || !e->used) {
		*e = (struct ip_pmtu_entry){0};
		return;
	}
	e->limit = UINT16_MAX;
	e->used = false;
	e->expires = after(now, seconds(PMTU_SECONDS));
}

/* ---------------------------------------------------------------- age */

void pmtu_expire(struct ip *ip, instant now)
{
	if (!ip->pmtu.entries || !due(ip->pmtu.next, now))
		return;
	ip->pmtu.next = INSTANT_NEVER;
	for (unsigned i = 0; i < PMTU_ENTRIES; i++) {
		struct ip_pmtu_entry *e = &ip->pmtu.entries[i];

		if (e->expires.ns != 0 && due(e->expires, now))
			outlived(e, now);
		if (e->expires.ns != 0)
			ip->pmtu.next = earlier(ip->pmtu.next, e->expires);
	}
	ip->pmtu.epoch++;
	if (is_never(ip->pmtu.next)) /* nothing is left to remember */
		pmtu_fini(ip);
}

void pmtu_fini(struct ip *ip)
{
	mem_free(ip->mem, ip->pmtu.entries,
		 ip->pmtu.entries ? PMTU_ENTRIES * sizeof(struct ip_pmtu_entry) : 0);
	ip->pmtu.entries = NULL;
}
