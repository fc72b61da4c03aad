/* SPDX-License-Identifier: MIT */
/*
 * stack/links.c - links, addresses and routes as they come, change and go while connections live.
 *
 * A connection belongs to a flow, not to a link (RFC 9293 MUST-45): when its link, its route or its
 * address goes, it is moved to another way out, or to one that leads nowhere. There it is told a
 * soft error (RFC 1122 section 4.2.3.9), what it sends is dropped by name, and its timers run as
 * if it had been lost; when the address or a route comes back it goes on. What a link is made of
 * is link/'s, where packets go ip/'s; this tells both.
 */
#include "base/bytes.h"
#include "stack/stack.h"

static struct iface *iface_at(const struct aksu *s, int link)
{
	return link >= 0 && link < LINKS_MAX ? s->ifaces[link] : NULL;
}

/* ---------------------------------------------------------------- who is affected */

/* Connections of one link, or those that know no way (NOWHERE): they look for one again. */
static void reroute(struct aksu *s, int link, bool lost)
{
	if (link == NOWHERE && s->nowhere_count == 0)
		return;
	for (uint32_t k = pool_next(&s->conns, 0); k != POOL_NONE; k = pool_next(&s->conns, k + 1))
		if (conn_at(s, k)->flags & CONN_IN_TABLE && conn_at(s, k)->link == link) {
			conn_enter(s, conn_at(s, k));
			conn_reroute(s, k, lost);
			conn_settle(s, k);
		}
}

static void reroute_from(struct aksu *s, const struct aksu_addr *local)
{
	for (uint32_t k = pool_next(&s->conns, 0); k != POOL_NONE; k = pool_next(&s->conns, k + 1))
		if (conn_at(s, k)->flags & CONN_IN_TABLE &&
		    addr_eq(&conn_at(s, k)->flow.local, local)) {
			conn_enter(s, conn_at(s, k));
			conn_reroute(s, k, false);
			conn_settle(s, k);
		}
}

/* ---------------------------------------------------------------- links */

/* What the caller gave, whole and with its defaults; false: it makes no sense. */
static bool read_config(struct aksu_link_config *out, const struct aksu_link_config *given)
{
	*out = (struct aksu_link_config){0};
	if (given->size < offsetof(struct aksu_link_config, features))
		return false;
	memcpy(out, given, min_size(given->size, sizeof(*out)));
	if (out->mtu < 68 || out->mtu > 65535 || (unsigned)out->kind > AKSU_LINK_ETHERNET)
		return false;
	if (out->features & AKSU_LINK_TX_TSO)
		out->features |= AKSU_LINK_TX_CSUM;
	if (out->tso_max == 0 || out->tso_max > 65535)
		out->tso_max = 65535;
	out->tso_max = max_u32(out->tso_max, out->mtu);
	return true;
}

/*
 * Not the lowest: frames that somebody still holds for a link that was removed must not enter by
 * another, so its number has the longest rest that there is.
 */
static int free_number(struct aksu *s)
{
	for (unsigned k = 0; k < LINKS_MAX; k++) {
		unsigned number = (s->link_next + k) % LINKS_MAX;

		if (s->ifaces[number] == NULL) {
			s->link_next = number + 1;
			return (int)number;
		}
	}
	return -AKSU_ENOBUFS;
}

int aksu_link_add(struct aksu *s, const struct aksu_link_config *given, aksu_time now)
{
	struct aksu_link_config config;
	struct iface *i;
	int number, error;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	(void)latch(s, now);
	if (!read_config(&config, given))
		return -AKSU_EINVAL;
	number = free_number(s);
	if (number < 0)
		return number;
	i = mem_alloc(&s->env.mem, sizeof(*i), _Alignof(struct iface));
	if (i == NULL)
		return -AKSU_ENOMEM;
	*i = (struct iface){.number = number, .ready = LIST_EMPTY};
	error = link_init(&i->l, &s->env.mem, &config, &s->key_port);
	if (error == AKSU_OK)
		error = ip_link_set(&s->ip, number, config.mtu);
	if (error != AKSU_OK) {
		link_fini(&i->l);
		mem_free(&s->env.mem, i, sizeof(*i));
		return error;
	}
	share_init(i);
	s->ifaces[number] = i;
	s->iface_end = max_u32(s->iface_end, (uint32_t)number + 1);
	return number;
}

int aksu_link_change(struct aksu *s, int link, const struct aksu_link_config *given, aksu_time now)
{
	struct iface *i = iface_at(s, link);
	struct aksu_link_config config;
	int error;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	(void)latch(s, now);
	if (i == NULL)
		return -AKSU_ENOENT;
	if (!read_config(&config, given))
		return -AKSU_EINVAL;
	error = link_change(&i->l, &config, s->now);
	if (error == AKSU_OK)
		error = ip_link_set(&s->ip, link, config.mtu);
	if (error != AKSU_OK)
		return error;
	share_init(i);
	reroute(s, link, true);
	reroute(s, NOWHERE, true);
	for (uint32_t k = pool_next(&s->conns, 0); k != POOL_NONE; k = pool_next(&s->conns, k + 1))
		if (conn_at(s, k)->link == link)
			conn_revive(s, k);
	return AKSU_OK;
}

int aksu_link_remove(struct aksu *s, int link)
{
	struct iface *i = iface_at(s, link);

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (i == NULL)
		return -AKSU_ENOENT;
	(void)ip_link_remove(&s->ip, link);
	reroute(s, link, false);
	s->ifaces[link] = NULL;
	while (s->iface_end > 0 && s->ifaces[s->iface_end - 1] == NULL)
		s->iface_end--;
	link_count_drops(s, i);
	iface_fini(s, i);
	return AKSU_OK;
}

int aksu_link_set_mtu(struct aksu *s, int link, uint32_t mtu)
{
	struct iface *i = iface_at(s, link);
	int error;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (i == NULL)
		return -AKSU_ENOENT;
	if (mtu < 68 || mtu > 65535)
		return -AKSU_EINVAL;
	error = ip_link_set(&s->ip, link, mtu);
	if (error != AKSU_OK)
		return error;
	i->l.mtu = mtu;
	i->l.tso_max = max_u32(i->l.tso_max, mtu);
	share_init(i);
	reroute(s, link, true);
	reroute(s, NOWHERE, true);
	return AKSU_OK;
}

int aksu_link_mtu(const struct aksu *s, int link)
{
	const struct iface *i = iface_at(s, link);

	return i != NULL ? (int)i->l.mtu : -AKSU_ENOENT;
}

/* ---------------------------------------------------------------- addresses and routes */

int aksu_addr_add(struct aksu *s, int link, const struct aksu_addr *addr, unsigned prefix)
{
	struct iface *i = iface_at(s, link);
	int error;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (i == NULL)
		return -AKSU_ENOENT;
	error = ip_addr_add(&s->ip, link, addr, prefix);
	if (error != AKSU_OK)
		return error;
	error = link_addr_add(&i->l, addr, s->now);
	if (error != AKSU_OK)
		(void)ip_addr_remove(&s->ip, link, addr);
	reroute(s, NOWHERE, false);
	return error;
}

int aksu_addr_remove(struct aksu *s, int link, const struct aksu_addr *addr)
{
	struct iface *i = iface_at(s, link);
	int error;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (i == NULL)
		return -AKSU_ENOENT;
	link_addr_remove(&i->l, addr);
	error = ip_addr_remove(&s->ip, link, addr);
	if (error == AKSU_OK)
		reroute_from(s, addr);
	return error;
}

int aksu_addr_probe(struct aksu *s, int link, const struct aksu_addr *addr, aksu_time now)
{
	struct iface *i = iface_at(s, link);

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (i == NULL)
		return -AKSU_ENOENT;
	if (i->l.kind != AKSU_LINK_ETHERNET)
		return -AKSU_EOPNOTSUPP;
	(void)latch(s, now);
	link_addr_probe(&i->l, addr);
	return AKSU_OK;
}

bool aksu_addr_in_use(const struct aksu *s, int link, const struct aksu_addr *addr, uint8_t mac[6])
{
	const struct iface *i = iface_at(s, link);
	struct mac by;

	if (i == NULL || !link_addr_claimed(&i->l, addr, &by))
		return false;
	memcpy(mac, by.b, sizeof(by.b));
	return true;
}

int aksu_route_add(struct aksu *s, int link, const struct aksu_addr *dst, unsigned prefix,
		   const struct aksu_addr *gateway)
{
	int error;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (iface_at(s, link) == NULL)
		return -AKSU_ENOENT;
	error = ip_route_add(&s->ip, link, dst, prefix, gateway, 0);
	reroute(s, NOWHERE, false);
	return error;
}

int aksu_route_remove(struct aksu *s, int link, const struct aksu_addr *dst, unsigned prefix)
{
	int error;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	error = ip_route_remove(&s->ip, link, dst, prefix);
	if (error == AKSU_OK)
		reroute(s, link, false);
	return error;
}
