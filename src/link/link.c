/* SPDX-License-Identifier: MIT */
/*
 * link/link.c - a link's life, its framing, and the frames that it sends on its own account.
 *
 * RFC 894 and 2464 (IP in Ethernet frames), RFC 1112 section 6.4 (groups), RFC 1122 section 2.
 */
#include "link/ether.h"

#include "wire/ip.h"

/* ------------------------------------------------------------------ life */

static bool mac_is_station(struct mac mac) { return !mac_is_group(mac) && !mac_is_zero(mac); }

static void take_config(struct link *l, const struct aksu_link_config *config)
{
	l->mtu = config->mtu;
	l->features = config->features;
	l->tso_max = config->tso_max != 0 ? config->tso_max : UINT16_MAX;
	l->queue = config->queue;
	memcpy(l->mac.b, config->mac, sizeof(l->mac.b));
}

static int init_ether(struct link *l, const struct hash_key *key)
{
	struct ether *e;

	if (!mac_is_station(l->mac))
		return -AKSU_EINVAL;
	e = mem_alloc(l->mem, sizeof(*e), _Alignof(struct ether));
	if (e == NULL)
		return -AKSU_ENOMEM;
	*e = (struct ether){.key = *key, .prng = prng_from(key->k0 ^ key->k1)};
	l->ether = e;
	neighbours_init(l);
	return 0;
}

int link_init(struct link *l, struct mem *mem, const struct aksu_link_config *config,
	      const struct hash_key *key)
{
	*l = (struct link){.mem = mem, .kind = config->kind};
	take_config(l, config);
	return l->kind == AKSU_LINK_ETHERNET ? init_ether(l, key) : 0;
}

void link_fini(struct link *l)
{
	if (l->ether == NULL)
		return;
	neighbours_fini(l);
	mem_free(l->mem, l->ether, sizeof(*l->ether));
	l->ether = NULL;
}

void link_release(struct aksu_tx *tx)
{
	for (unsigned i = 0; i < tx->pieces; i++)
		block_unref(tx->piece[i].block);
	tx->pieces = 0;
}

/* ------------------------------------------------------------------ addresses of ours */

static uint32_t addr_index(const struct ether *e, const struct aksu_addr *addr)
{
	uint32_t i;

	for (i = 0; i < e->addr_count && !addr_eq(&e->addr[i], addr); i++)
		;
	return i;
}

bool link_owns(const struct link *l, const struct aksu_addr *addr)
{
	return addr_index(l->ether, addr) < l->ether->addr_count;
}

/*
 * One question whether somebody else has it (RFC 5227 section 2.1.1, RFC 4862 section 5.4), for few
 * answer what follows it: one announcement, a gratuitous ARP request (RFC 5227 section 2.3) or an
 * unsolicited advertisement (RFC 4861 section 7.2.6).
 */
static void announce(struct link *l, const struct aksu_addr *addr, instant now)
{
	link_addr_probe(l, addr);
	claim_forget(l, addr);
	if (addr_is_v4(addr))
		arp_ask(l, addr, addr, MAC_BROADCAST);
	else
		nd_announce(l, addr, now);
}

int link_addr_add(struct link *l, const struct aksu_addr *addr, instant now)
{
	struct ether *e = l->ether;

	if (e == NULL || link_owns(l, addr))
		return 0;
	if (e->addr_count == LINK_ADDRS_MAX)
		return -AKSU_ENOBUFS;
	e->addr[e->addr_count++] = *addr;
	announce(l, addr, now);
	return 0;
}

void link_addr_remove(struct link *l, const struct aksu_addr *addr)
{
	struct ether *e = l->ether;

	if (e == NULL || !link_owns(l, addr))
		return;
	e->addr[addr_index(e, addr)] = e->addr[--e->addr_count];
	claim_forget(l, addr);
}

/* ------------------------------------------------------------------ change */

void link_renew(struct link *l, instant now)
{
	struct ether *e = l->ether;

	if (e == NULL)
		return;
	l->drops.queue += e->waiting;
	neighbours_fini(l);
	neighbours_init(l);
	for (uint32_t i = 0; i < e->addr_count; i++)
		announce(l, &e->addr[i], now);
}

int link_change(struct link *l, const struct aksu_link_config *config, instant now)
{
	struct mac mac;

	memcpy(mac.b, config->mac, sizeof(mac.b));
	if (config->kind != l->kind || (l->ether != NULL && !mac_is_station(mac)))
		return -AKSU_EINVAL;
	take_config(l, config);
	link_renew(l, now);
	return 0;
}

const struct aksu_addr *link_source(const struct link *l, const struct aksu_addr *target,
				    const struct aksu_addr *preferred)
{
	const struct ether *e = l->ether;
	const struct aksu_addr *best = NULL;

	if (link_owns(l, preferred))
		return preferred;
	for (uint32_t i = 0; i < e->addr_count; i++) {
		const struct aksu_addr *a = &e->addr[i];

		if (addr_is_v4(a) != addr_is_v4(target))
			continue;
		if (best == NULL ||
		    addr_common_prefix(a, target) > addr_common_prefix(best, target))
			best = a;
	}
	return best;
}

/* ------------------------------------------------------------------ receiving */

static enum aksu_drop take_packet(const uint8_t *data, size_t n, struct link_in *out)
{
	if (n == 0)
		return AKSU_DROP_FRAME_SHORT;
	out->data = data;
	out->len = n;
	out->version = (uint8_t)ip_version(data);
	return out->version == 4 || out->version == 6 ? AKSU_DROP_NONE : AKSU_DROP_IP_VERSION;
}

/* Our station, everybody, or a group of IPv4 (01:00:5e) or IPv6 (33:33); ip/ knows which groups. */
static bool is_for_us(const struct link *l, struct mac dst)
{
	const uint8_t *b = dst.b;

	if (mac_eq(dst, l->mac) || mac_eq(dst, MAC_BROADCAST))
		return true;
	return (b[0] == 0x33 && b[1] == 0x33) || (b[0] == 0x01 && b[1] == 0x00 && b[2] == 0x5e);
}

static enum aksu_drop ethernet_input(struct link *l, const uint8_t *frame, size_t n, instant now,
				     struct link_in *out)
{
	const uint8_t *payload = frame + ETH_HDR_LEN;
	enum aksu_drop drop;
	struct eth eth;

	drop = eth_parse(frame, n, &eth);
	if (drop != AKSU_DROP_NONE)
		return drop;
	if (!is_for_us(l, eth.dst))
		return AKSU_DROP_FRAME_NOT_OURS;
	if (eth.type == ETH_TYPE_ARP)
		return arp_input(l, payload, n - ETH_HDR_LEN, now);
	if (eth.type != ETH_TYPE_IPV4 && eth.type != ETH_TYPE_IPV6)
		return AKSU_DROP_FRAME_TYPE;
	out->broadcast = mac_is_group(eth.dst);
	out->src = eth.src;
	drop = take_packet(payload, n - ETH_HDR_LEN, out);
	if (drop == AKSU_DROP_NONE && out->version != (eth.type == ETH_TYPE_IPV4 ? 4 : 6))
		return AKSU_DROP_IP_VERSION;
	return drop;
}

enum aksu_drop link_input(struct link *l, const uint8_t *frame, size_t n, instant now,
			  struct link_in *out)
{
	*out = (struct link_in){0};
	return l->ether != NULL ? ethernet_input(l, frame, n, now, out)
				: take_packet(frame, n, out);
}

/* ------------------------------------------------------------------ sending */

void link_frame(const struct link *l, struct aksu_tx *tx, struct mac dst,
		const struct aksu_addr *hop)
{
	struct eth eth = {dst, l->mac, addr_is_v4(hop) ? ETH_TYPE_IPV4 : ETH_TYPE_IPV6};

	eth_emit(&eth, tx->head);
}

enum link_verdict link_output(struct link *l, struct aksu_tx *tx, const struct aksu_addr *next_hop,
			      instant now)
{
	if (l->ether == NULL)
		return LINK_SEND;
	if (addr_is_multicast(next_hop))
		link_frame(l, tx, mac_of_multicast(next_hop), next_hop);
	else if (addr_is_limited_broadcast(next_hop))
		link_frame(l, tx, MAC_BROADCAST, next_hop);
	else
		return neighbour_output(l, tx, next_hop, now);
	return LINK_SEND;
}

void link_control(struct link *l, struct mac dst, uint16_t type, const uint8_t *payload, size_t n)
{
	struct ether *e = l->ether;
	struct eth eth = {dst, l->mac, type};
	struct control *c;

	if (e->control_count == LINK_CONTROL_MAX) {
		l->drops.reply++;
		return;
	}
	c = &e->control[(e->control_head + e->control_count++) % LINK_CONTROL_MAX];
	c->len = (uint8_t)(eth_emit(&eth, c->frame) + n);
	memcpy(c->frame + ETH_HDR_LEN, payload, n);
}

static bool take_control(struct ether *e, struct aksu_tx *out)
{
	const struct control *c = &e->control[e->control_head % LINK_CONTROL_MAX];

	if (e->control_count == 0)
		return false;
	e->control_head++;
	e->control_count--;
	*out = (struct aksu_tx){.len = c->len, .head_len = c->len};
	memcpy(out->head, c->frame, c->len);
	return true;
}

size_t link_take(struct link *l, struct aksu_tx *out, size_t cap)
{
	size_t n = 0;

	if (l->ether == NULL)
		return 0;
	while (n < cap && (take_control(l->ether, &out[n]) || neighbour_take(l, &out[n])))
		n++;
	return n;
}

bool link_wants_output(const struct link *l)
{
	return l->ether != NULL && (l->ether->control_count > 0 || l->ether->ready.count > 0);
}
