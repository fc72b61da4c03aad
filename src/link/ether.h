/* SPDX-License-Identifier: MIT */
/*
 * link/ether.h - what an Ethernet link has and nobody outside this room sees: the neighbour cache,
 * the packets that wait in it, and the frames that the link sends on its own account.
 *
 * IPv4 and IPv6 neighbours go through one machine, that of RFC 4861 section 7.3.2; they differ in
 * how a question is written (ARP or neighbour solicitation). REACHABLE turns into STALE by looking
 * at the clock when it is used, so only three states have a timer and an idle link has none.
 *
 *            output                 answered                      30 s (by looking)
 *   (none) ─────────► INCOMPLETE ─────────────► REACHABLE ───────────────────────────► STALE
 *                         │                      ▲   ▲  │ suspected                      │ output
 *             3 questions │    answered, or upper│   │  ▼          3 questions           ▼
 *                         │    layers confirm:   └───┴ PROBE ◄────────────────────────  DELAY
 *                         ▼                              │               5 s
 *                      FAILED ◄──────────────────────────┘ 3 questions
 *
 * What is heard without being asked for puts an entry into STALE (its address is used, and
 * verified).
 */
#ifndef AKSU_LINK_ETHER_H
#define AKSU_LINK_ETHER_H

#include "base/pool.h"
#include "base/prng.h"
#include "link/link.h"
#include "wire/addr.h"

enum {
	NEIGHBOURS_MAX = 256,    /* of one link: a /24, and all that a flood of forged ones costs */
	NEIGHBOUR_BUCKETS = 128, /* two entries in each when full */
	LINK_WAITING_MAX = 64,   /* packets, for all neighbours of a link: about 40 KB */
	LINK_CONTROL_MAX = 32,   /* frames: a question to each of that many neighbours at once */
	LINK_CONTROL_LEN = 96,   /* octets: a neighbour advertisement over IPv6 has 86 */
	LINK_FAILURES_MAX = 16,  /* records: more than the packets of four neighbours */
	LINK_CLAIMS_MAX = 8,     /* addresses that are asked about, or quarrelled over, at once */
	LINK_DEFEND_SECONDS = 10, /* DEFEND_INTERVAL (RFC 5227 section 1.1) */

	/* Packets for one neighbour: RFC 4861 7.2.2 asks for one; a SYN and its company fit. */
	NEIGHBOUR_WAITING_MAX = 3,
	/* MAX_MULTICAST_SOLICIT and MAX_UNICAST_SOLICIT (RFC 4861 section 10). */
	NEIGHBOUR_QUESTIONS = 3,
	NEIGHBOUR_QUESTION_MS = 1000,   /* RETRANS_TIMER; RFC 1122 2.3.2.1: one a second */
	NEIGHBOUR_DELAY_MS = 5000,      /* DELAY_FIRST_PROBE_TIME */
	NEIGHBOUR_REACHABLE_MS = 30000, /* REACHABLE_TIME, times 0.5 to 1.5 (section 6.3.2) */
};

enum neighbour_state {
	NEIGHBOUR_INCOMPLETE,
	NEIGHBOUR_REACHABLE,
	NEIGHBOUR_STALE,
	NEIGHBOUR_DELAY,
	NEIGHBOUR_PROBE,
	NEIGHBOUR_FAILED,
};

/* A packet that waits, in memory of the link's. */
struct waiting {
	struct waiting *next;
	struct aksu_tx tx;
};

struct packets {
	struct waiting *first, *last;
	uint32_t count;
};

struct neighbour {
	struct aksu_addr addr;
	struct aksu_addr from; /* our address of the last packet to it: questions come from there */
	struct mac mac;
	uint8_t tries; /* questions asked in this state */
	enum neighbour_state state;
	uint32_t hash_next, newer, older; /* indices in the pool */
	instant deadline;                 /* of INCOMPLETE, DELAY and PROBE; else never */
	instant until;                    /* REACHABLE is believed until then */
	struct packets waiting;
};

/* A frame of the link's own, whole. */
struct control {
	uint8_t len;
	uint8_t frame[LINK_CONTROL_LEN];
};
static_assert(ETH_HDR_LEN + 40 + 32 <= LINK_CONTROL_LEN, "the longest: a neighbour advertisement");

/* An address that another station uses, or may turn out to. */
struct claim {
	struct aksu_addr addr; /* ::, of no family: the place is free */
	struct mac by;         /* all zero: nobody has claimed it */
};

struct ether {
	struct pool neighbours;
	uint32_t bucket[NEIGHBOUR_BUCKETS];
	uint32_t newest, oldest; /* by use: the oldest is recycled */
	uint32_t last;           /* the one found last: most packets go where the last one went */
	instant due;             /* the earliest deadline of all neighbours */
	struct hash_key key;
	struct prng prng;
	uint32_t waiting; /* packets held, ready ones too */
	struct packets ready;
	uint32_t control_head, control_count;
	uint32_t failure_head, failure_count;
	uint32_t addr_count;
	struct aksu_addr addr[LINK_ADDRS_MAX];
	struct claim claim[LINK_CLAIMS_MAX];
	uint32_t claim_next;
	bool defended;
	instant defended_at;
	struct control control[LINK_CONTROL_MAX];
	struct link_failure failure[LINK_FAILURES_MAX];
};

/* ------------------------------------------------------------------ link.c */

bool link_owns(const struct link *l, const struct aksu_addr *addr);

/* An address of ours to ask from: `preferred` if it is (still) ours, else one of the same family;
 * or NULL. */
const struct aksu_addr *link_source(const struct link *l, const struct aksu_addr *target,
				    const struct aksu_addr *preferred);

/* Queues a frame of the link's own: at most LINK_CONTROL_LEN - ETH_HDR_LEN octets of payload. */
void link_control(struct link *l, struct mac dst, uint16_t type, const uint8_t *payload, size_t n);

/* Writes the Ethernet header into a frame. */
void link_frame(const struct link *l, struct aksu_tx *tx, struct mac dst,
		const struct aksu_addr *hop);

/* ------------------------------------------------------------------ claim.c */

/* What was heard about an address counts no more: it became ours just now, or is no longer. */
void claim_forget(struct link *l, const struct aksu_addr *addr);

/* Another station says that it has an address; true if that concerns us. */
bool claim_hear(struct link *l, const struct aksu_addr *addr, struct mac by);

/* Says once more that an IPv4 address is ours, to everybody, but not too often. */
void claim_contest(struct link *l, const struct aksu_addr *addr, instant now);

/* ------------------------------------------------------------------ neighbour.c */

void neighbours_init(struct link *l);
void neighbours_fini(struct link *l);

struct neighbour *neighbour_find(struct link *l, const struct aksu_addr *addr);

/* Finds or creates; a new one is STALE with this address, and the first to be recycled. May be
 * NULL. */
struct neighbour *neighbour_meet(struct link *l, const struct aksu_addr *addr, struct mac mac);

/* Sends, or takes over, a packet to a unicast address. */
enum link_verdict neighbour_output(struct link *l, struct aksu_tx *tx, const struct aksu_addr *hop,
				   instant now);

/* It answered our question: REACHABLE, at this address. */
void neighbour_answered(struct link *l, struct neighbour *n, struct mac mac, instant now);

/* It said its address without being asked. */
void neighbour_heard(struct link *l, struct neighbour *n, struct mac mac, instant now);

/* Hands out one packet whose neighbour answered; the receiver owns its references. */
bool neighbour_take(struct link *l, struct aksu_tx *out);

/* Whether a question of ours is out. */
static inline bool neighbour_is_asked(const struct neighbour *n)
{
	return n->state == NEIGHBOUR_INCOMPLETE || n->state == NEIGHBOUR_PROBE;
}

/* Whether its MAC is known. */
static inline bool neighbour_is_known(const struct neighbour *n)
{
	return n->state != NEIGHBOUR_INCOMPLETE && n->state != NEIGHBOUR_FAILED;
}

/* ------------------------------------------------------------------ arp.c, nd.c */

enum aksu_drop arp_input(struct link *l, const uint8_t *data, size_t n, instant now);

/* Questions: to everybody who may be `target`, or to one station. */
void arp_ask(struct link *l, const struct aksu_addr *target, const struct aksu_addr *from,
	     struct mac dst);
void nd_ask(struct link *l, const struct aksu_addr *target, const struct aksu_addr *from,
	    struct mac dst, bool unicast);

/* An address is ours, at this MAC: to all nodes. */
void nd_announce(struct link *l, const struct aksu_addr *addr, instant now);

#endif
