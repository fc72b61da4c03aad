/* SPDX-License-Identifier: MIT */
/*
 * link/link.h - one attached device: framing, and who its neighbours are.
 *
 * RFC 894, 826, 5227 (parts), 1122 section 2.3; RFC 2464, 4861 sections 6 and 7. It owns the
 * neighbour cache, the packets that wait for a neighbour, and the frames of its own that are still
 * to be sent. It knows no routes (the next hop is an argument), and of IP no more than addresses.
 * Nothing is called back: replies and failures are taken by stack/.
 *
 *   frame ──► link_input ──► IP packet ─► ip/ ─► ND? ──► link_nd_input
 *
 *   packet + next hop ──► link_output ─┬─► SEND   the frame is complete
 *                                      ├─► WAIT ─► link_take     when the neighbour answered
 *                                      │        └► link_failure  when it did not
 *                                      └─► DROP
 *
 * Address autoconfiguration (RFC 4862) is not done here: router advertisements are decoded and
 * handed up. An address in use elsewhere is told, not given up. Multicast groups are heard without
 * telling anybody (no MLD).
 */
#ifndef AKSU_LINK_LINK_H
#define AKSU_LINK_LINK_H

#include <aksu/aksu.h>

#include "base/block.h"
#include "base/hash.h"
#include "base/time.h"
#include "wire/icmp.h"

enum {
	LINK_ADDRS_MAX = 64, /* of ours on one link: searched one by one, only for ARP and ND */
};

struct ether; /* what only an Ethernet link has: cache, queues */

/* What of the link's own doing was dropped; stack/ counts it by the names on the right. */
struct link_drops {
	uint32_t queue;  /* NEIGHBOUR_QUEUE */
	uint32_t failed; /* NEIGHBOUR_FAILED */
	uint32_t memory; /* NO_MEMORY */
	uint32_t reply;  /* REPLY_QUEUE: an answer or a question of ours did not fit the queue */
};

struct link {
	struct mem *mem;
	struct ether *ether; /* NULL on AKSU_LINK_IP */
	enum aksu_link_kind kind;
	uint32_t mtu;
	uint32_t features; /* AKSU_LINK_TX_CSUM ... */
	uint32_t tso_max;
	uint32_t queue;
	struct mac mac;
	struct link_drops drops; /* running totals */
};

/* ------------------------------------------------------------------ life */

/*
 * Starts a link. `config` was checked by the caller, except that an Ethernet link needs a unicast
 * MAC. `key` makes the cache's buckets and jitter unguessable. -EINVAL, -ENOMEM; 0 when good.
 */
int link_init(struct link *l, struct mem *mem, const struct aksu_link_config *config,
	      const struct hash_key *key);

/* Gives everything back; packets that wait are dropped with their references. */
void link_fini(struct link *l);

/*
 * The link goes on with another configuration of the same kind, perhaps another device: what was
 * known of neighbours, and waited for them, is forgotten (drops.queue), our addresses are announced
 * again. -EINVAL: another kind, or a MAC that is no station's; nothing has changed.
 */
int link_change(struct link *l, const struct aksu_link_config *config, instant now);

/* The same with nothing changed that we know of: after a pause. */
void link_renew(struct link *l, instant now);

/* Octets that the link puts in front of an IP packet: begin to write it at head + this. */
static inline uint32_t link_head_len(const struct link *l)
{
	return l->kind == AKSU_LINK_ETHERNET ? ETH_HDR_LEN : 0;
}

/*
 * The addresses that ARP and neighbour solicitations are answered for. A new one is asked about
 * once (RFC 5227 section 2.1.1, RFC 4862 section 5.4) and announced once, by a gratuitous ARP
 * request (RFC 5227 section 2.3) or an unsolicited advertisement (RFC 4861 section 7.2.6); it is
 * used meanwhile. -ENOBUFS (table full); adding one twice is 0.
 */
int link_addr_add(struct link *l, const struct aksu_addr *addr, instant now);
void link_addr_remove(struct link *l, const struct aksu_addr *addr);

/*
 * Asks once whether anybody has an address that is not ours yet (RFC 5227 section 2.1.1, RFC 4862
 * section 5.4), and forgets what was heard of it before. Nothing on a link without neighbours.
 */
void link_addr_probe(struct link *l, const struct aksu_addr *addr);

/* Whether another station uses an address of ours, or one that was asked about; and which. */
bool link_addr_claimed(const struct link *l, const struct aksu_addr *addr, struct mac *by);

/* ------------------------------------------------------------------ receiving */

struct link_in {
	const uint8_t *data; /* the IP packet, perhaps with padding behind it; in the frame */
	size_t len;
	uint8_t version; /* 4 or 6; 0: it was the link's own business (ARP) */
	bool broadcast;  /* the frame was for more than us (RFC 1122 3.3.6) */
	struct mac src;
};

/*
 * Takes the frame off a packet; ARP is dealt with on the spot. AKSU_DROP_NONE, FRAME_SHORT,
 * FRAME_NOT_OURS, FRAME_TYPE, IP_VERSION, ARP_BAD, ADDR_IN_USE.
 */
enum aksu_drop link_input(struct link *l, const uint8_t *frame, size_t n, instant now,
			  struct link_in *out);

/*
 * A neighbour discovery message that ip/ handed back: an ICMPv6 message and what its packet said.
 */
struct link_nd {
	const uint8_t *data;
	size_t len;
	struct aksu_addr src, dst;
	uint8_t hop_limit;
};

/* What a router said of itself; ip/ or the application may act on it. */
struct link_router {
	bool present;
	struct aksu_addr addr; /* of the router, link-local */
	struct nd nd;          /* lifetime_s, mtu, hop_limit, prefixes ... */
};

/*
 * Solicitations for our addresses are answered, advertisements enter the cache. `router` is filled
 * by a router advertisement and cleared otherwise; NULL is fine. AKSU_DROP_NONE, ND_BAD, ICMP_BAD,
 * ADDR_IN_USE, or ICMP_IGNORED for what concerns routers only.
 */
enum aksu_drop link_nd_input(struct link *l, const struct link_nd *in, instant now,
			     struct link_router *router);

/* ------------------------------------------------------------------ sending */

enum link_verdict {
	LINK_SEND, /* tx is a whole frame now */
	LINK_WAIT, /* tx was taken, references and all; the neighbour is being asked */
	LINK_DROP, /* tx is still the caller's, to be released; counted in l->drops */
};

/*
 * Completes a frame. tx->head holds the IP packet's first octets from link_head_len() on, and
 * head_len, len, csum_start and transport count the link's header already; those octets are filled
 * in here.
 *
 * `next_hop` is the destination itself or a gateway. A multicast address maps to its group; for the
 * broadcast address of a subnet give 255.255.255.255.
 */
MUST_USE enum link_verdict link_output(struct link *l, struct aksu_tx *tx,
				       const struct aksu_addr *next_hop, instant now);

/*
 * Hands out up to `cap` whole frames that the link has to send: ARP, neighbour discovery, and
 * packets whose neighbour answered. The caller numbers them and releases them as any other.
 */
size_t link_take(struct link *l, struct aksu_tx *out, size_t cap);

/* Whether link_take() has something. */
bool link_wants_output(const struct link *l);

/* A packet that cannot be delivered, as far as it was in tx.head: IP and transport header. */
struct link_failure {
	struct aksu_addr next_hop;
	uint16_t len; /* 0: a neighbour that answered before is gone, and nothing waited for it */
	uint8_t packet[AKSU_TX_HEAD];
};

/*
 * The oldest failure that was not taken yet: treat it as a host-unreachable that quotes `packet`
 * (RFC 1122 section 2.3.2.2 and 2.4). Of more than a few the oldest are forgotten.
 */
bool link_take_failure(struct link *l, struct link_failure *out);

/* ------------------------------------------------------------------ what upper layers know */

/* New data was acknowledged by way of this neighbour: it is reachable (RFC 4861 section 7.3.1). */
void link_confirm(struct link *l, const struct aksu_addr *next_hop, instant now);

/* Retransmissions reached R1 (MUST-20): ask the neighbour whether it is still there. */
void link_suspect(struct link *l, const struct aksu_addr *next_hop, instant now);

/* ------------------------------------------------------------------ time */

/* When link_advance() must be called next; INSTANT_NEVER when nothing is under way. */
instant link_deadline(const struct link *l);

void link_advance(struct link *l, instant now);

/* Drops the references that a frame holds. */
void link_release(struct aksu_tx *tx);

#endif
