/* SPDX-License-Identifier: MIT */
/*
 * stack/bound.c - who has a port: listeners, bound sockets, UDP sockets.
 *
 * A bucket for each hash of protocol and port; an exact address goes before a wildcard, a connected
 * UDP socket before both, and among equals one that is tied to a link. :: takes both families.
 */
#include "stack/stack.h"

static uint32_t *bucket_of(const struct aksu *s, uint8_t protocol, uint16_t port)
{
	struct {
		uint16_t port, protocol;
	} key = {port, protocol};

	return (uint32_t *)&s
		->bound_bucket[siphash(&s->key_port, &key, sizeof(key)) % BOUND_BUCKETS];
}

static bool wildcard(const struct aksu_addr *a) { return addr_is_unspecified(a); }

/* Whether a socket bound to `mine` takes packets to `dst`. */
static bool takes(const struct aksu_addr *mine, const struct aksu_addr *dst)
{
	if (!wildcard(mine))
		return addr_eq(mine, dst);
	return !addr_is_v4(mine) || addr_is_v4(dst);
}

/* How well a socket fits: 0 not at all. */
static int fit(const struct bound *b, int link, const struct aksu_addr *local,
	       const struct aksu_endpoint *remote)
{
	int tied = b->link != IP_LOCAL;

	if (!takes(&b->local.addr, local) || (tied && b->link != link))
		return 0;
	if (b->protocol == 6 && !b->listening)
		return 0;
	if (!b->connected)
		return tied + (wildcard(&b->local.addr) ? 1 : 3);
	if (remote == NULL || remote->port != b->remote.port ||
	    !addr_eq(&remote->addr, &b->remote.addr))
		return 0;
	return tied + 5;
}

uint32_t bound_find(const struct aksu *s, uint8_t protocol, int link, const struct aksu_addr *local,
		    uint16_t port, const struct aksu_endpoint *remote)
{
	uint32_t best = POOL_NONE;
	int best_fit = 0;

	for (uint32_t i = *bucket_of(s, protocol, port); i != POOL_NONE; i = bound_at(s, i)->next) {
		const struct bound *b = bound_at(s, i);
		int f = b->protocol == protocol && b->local.port == port
				? fit(b, link, local, remote)
				: 0;

		if (f > best_fit) {
			best = i;
			best_fit = f;
		}
	}
	return best;
}

/* Two sockets cannot have one port if some packet would fit both (MUST-41). */
static bool clashes(const struct bound *b, uint8_t protocol, int link,
		    const struct aksu_endpoint *local)
{
	if (b->protocol != protocol || b->local.port != local->port)
		return false;
	if (link != b->link)
		return false; /* tied to different links, or one of them goes before the other */
	return addr_eq(&b->local.addr, &local->addr) || takes(&b->local.addr, &local->addr) ||
	       takes(&local->addr, &b->local.addr);
}

/* MUST-42: it holds one pair of endpoints only, and the table of flows guards that. */
static bool opened_actively(const struct aksu *s, const struct bound *b)
{
	return b->protocol == 6 && !b->listening && b->conn != POOL_NONE &&
	       conn_at(s, b->conn)->flags & CONN_IN_TABLE;
}

static bool is_free(const struct aksu *s, uint8_t protocol, int link,
		    const struct aksu_endpoint *local)
{
	for (uint32_t i = *bucket_of(s, protocol, local->port); i != POOL_NONE;
	     i = bound_at(s, i)->next)
		if (clashes(bound_at(s, i), protocol, link, local) &&
		    !opened_actively(s, bound_at(s, i)))
			return false;
	return true;
}

bool port_taken(const struct aksu *s, uint8_t protocol, uint16_t port)
{
	return !is_free(s, protocol, IP_LOCAL, &(struct aksu_endpoint){.port = port});
}

/* Any free port, from a random one on (RFC 6056 algorithm 1; the whole range from 1024). */
static uint16_t choose_port(struct aksu *s, uint8_t protocol, const struct aksu_endpoint *local)
{
	uint32_t first = prng_below(&s->env.prng, 64512);

	for (uint32_t k = 0; k < 64512; k++) {
		struct aksu_endpoint e = {local->addr, (uint16_t)(1024 + (first + k) % 64512)};

		if (is_free(s, protocol, IP_LOCAL, &e))
			return e.port;
	}
	return 0;
}

static void join_bucket(struct aksu *s, uint32_t index)
{
	struct bound *b = bound_at(s, index);
	uint32_t *bucket = bucket_of(s, b->protocol, b->local.port);

	b->next = *bucket;
	*bucket = index;
}

static void leave_bucket(struct aksu *s, uint32_t index)
{
	struct bound *b = bound_at(s, index);
	uint32_t *at = bucket_of(s, b->protocol, b->local.port);

	while (*at != POOL_NONE && *at != index)
		at = &bound_at(s, *at)->next;
	if (*at == index)
		*at = b->next;
}

uint32_t bound_add(struct aksu *s, uint8_t protocol, const struct aksu_endpoint *local, int *error)
{
	struct aksu_endpoint e = *local;
	struct bound *b;
	uint32_t index;

	*error = -AKSU_EADDRNOTAVAIL;
	if (!wildcard(&e.addr) && !ip_is_ours(&s->ip, &e.addr))
		return POOL_NONE;
	*error = -AKSU_EADDRINUSE;
	if (e.port == 0)
		e.port = choose_port(s, protocol, local);
	if (e.port == 0 || !is_free(s, protocol, IP_LOCAL, &e))
		return POOL_NONE;
	*error = -AKSU_ENOMEM;
	b = pool_get(&s->bounds, &index);
	if (b == NULL)
		return POOL_NONE;
	b->protocol = protocol;
	b->link = IP_LOCAL;
	b->local = e;
	join_bucket(s, index);
	b->conn = POOL_NONE;
	b->accept = (struct list){POOL_NONE, POOL_NONE};
	*error = AKSU_OK;
	return index;
}

/* Another local endpoint for a socket that has one. */
int bound_move(struct aksu *s, uint32_t index, const struct aksu_endpoint *local)
{
	struct bound *b = bound_at(s, index);
	struct aksu_endpoint e = *local;

	if (!wildcard(&e.addr) && !ip_is_ours(&s->ip, &e.addr))
		return -AKSU_EADDRNOTAVAIL;
	if (e.port == 0)
		e.port = b->local.port;
	leave_bucket(s, index);
	if (!is_free(s, b->protocol, b->link, &e)) {
		join_bucket(s, index);
		return -AKSU_EADDRINUSE;
	}
	b->local = e;
	join_bucket(s, index);
	return AKSU_OK;
}

int bound_tie(struct aksu *s, uint32_t index, int link)
{
	struct bound *b = bound_at(s, index);
	bool good;

	leave_bucket(s, index);
	good = is_free(s, b->protocol, link, &b->local);
	if (good)
		b->link = link;
	join_bucket(s, index);
	return good ? AKSU_OK : -AKSU_EADDRINUSE;
}

void bound_remove(struct aksu *s, uint32_t index)
{
	struct bound *b = bound_at(s, index);

	leave_bucket(s, index);
	if (b->has_news)
		list_remove(BOUND_NEWS(s), &s->bound_news, index);
	udp_drop_queue(s, b);
	if (b->conf != NULL)
		conf_unref(s, b->conf);
	pool_put(&s->bounds, index);
}

/* The application should look at a listener or a UDP socket. */
void bound_tell(struct aksu *s, uint32_t index)
{
	struct bound *b = bound_at(s, index);

	if (b->has_news)
		return;
	b->has_news = true;
	list_append(BOUND_NEWS(s), &s->bound_news, index);
}
