/* SPDX-License-Identifier: MIT */
/*
 * ip/ip.h - the Internet layer of an instance, IPv4 and IPv6 alike: what the room gives to stack/.
 *
 * RFC 791, 792, 1122 section 3, 8200, 4443, 6724, 8201. It owns addresses, routes, path MTUs,
 * reassembly, identifications and the limits on ICMP. It knows no transport protocol but by number,
 * and no link but by number and MTU: frames, neighbours and queues are others' business.
 *
 *   ip_input ──► DELIVER     a TCP or UDP message for us
 *            ├─► REPLY       a packet that answers this one: give it to its route
 *            ├─► ND          neighbour discovery, for the link
 *            ├─► ICMP_ERROR  what a router or host says of a packet of ours
 *            └─► CONSUMED    nothing is left to do (a fragment was kept, or the packet was dropped)
 *
 * Nothing here is called back. A drop is the answer of the call, by name; a reply may come with it.
 */
#ifndef AKSU_IP_IP_H
#define AKSU_IP_IP_H

#include <aksu/event.h>

#include "base/block.h"
#include "base/hash.h"
#include "base/prng.h"
#include "base/time.h"
#include "wire/addr.h"

enum {
	IP_LOCAL = -1, /* the link of packets from the instance to itself */

	IP_HEADER_MAX = 48,  /* that we write: IPv6 with a fragment header */
	IP_TTL_DEFAULT = 64, /* the assigned numbers' value (MUST-49 lets the caller choose) */
	IP_LOCAL_MTU = 65535,

	/*
	 * The smallest IPv4 path MTU that we follow with DF. RFC 791 knows links of 68, but a
	 * forged message that says 68 would make us send 28 octets of text a packet. 552 is 512
	 * octets of text and two headers: below it the packets go out with DF clear and are cut on
	 * the way.
	 */
	IP_PMTU_MIN_V4 = 552,
	IP_PMTU_MIN_V6 = 1280, /* RFC 8200 section 5: every link has it */

	IP_LINKS_MAX = 4096,  /* numbers are uint16_t in events; a table of them stays small */
	IP_ADDRS_MAX = 256,   /* searched one by one for each packet */
	IP_ROUTES_MAX = 1024, /* searched one by one for each new path */
};

/* ------------------------------------------------------------------ what we are and know */

struct ip_link {
	uint32_t mtu; /* 0: no such link */
};

struct ip_addr {
	struct aksu_addr addr;
	int link;
	uint8_t prefix; /* within the family */
};

struct ip_route_entry {
	struct aksu_addr dst;
	struct aksu_addr gateway; /* all octets 0: on-link */
	int link;
	uint32_t mtu;   /* 0: the link's */
	uint8_t prefix; /* within the family */
	bool v4;
	bool of_addr; /* made by an address, and goes with the last one of its prefix */
};

/* A bucket of tokens: `rate` a second, `burst` at once. */
struct ip_bucket {
	uint32_t rate, burst, tokens;
	instant last;
};

struct ip_pmtu_entry;
struct ip_datagram;

struct ip_pmtu_cache {
	struct ip_pmtu_entry *entries; /* NULL until a first message is believed */
	instant next;                  /* not later than the first entry's end */
	uint32_t epoch;                /* changes when a path MTU does */
};

struct ip_reasm {
	struct ip_datagram *oldest, *newest;
	uint32_t count;
	uint32_t octets; /* of buffers */
};

enum { IP_ID_COUNTERS = 64 };

/* The state of the room; one in each instance. Fields are the room's own, except where said. */
struct ip {
	struct mem *mem;
	struct hash_key key;
	struct prng prng;
	struct ip_link *links;
	struct ip_addr *addrs;
	struct ip_route_entry *routes; /* longest prefix first */
	uint32_t links_cap, addrs_cap, routes_cap;
	uint32_t addr_count, route_count;
	struct ip_pmtu_cache pmtu; /* stack/ may read pmtu.epoch */
	struct ip_reasm reasm;
	struct ip_bucket errors, echoes;
	uint32_t ids[IP_ID_COUNTERS];
};

/* Takes nothing yet: memory is asked for when something is to be kept. */
void ip_init(struct ip *ip, struct mem *mem, const struct hash_key *key, instant now);
void ip_fini(struct ip *ip);

/* ------------------------------------------------------------------ tables (route.c) */

/* A link of this number exists from now on, or changes its MTU. -EINVAL, -ENOMEM. */
int ip_link_set(struct ip *ip, int link, uint32_t mtu);
/* Forgets the link with its addresses and routes. -ENOENT. */
int ip_link_remove(struct ip *ip, int link);

/*
 * Gives the link an address of ours and makes the on-link route of its prefix. -EINVAL (not a
 * unicast address, prefix too long, no such link), -EADDRINUSE, -ENOBUFS (table full), -ENOMEM.
 */
int ip_addr_add(struct ip *ip, int link, const struct aksu_addr *addr, unsigned prefix);
int ip_addr_remove(struct ip *ip, int link, const struct aksu_addr *addr); /* -ENOENT */

/*
 * Adds a route, or replaces that of the same link and prefix. `gateway` NULL: on-link. `mtu` 0: the
 * link's. -EINVAL (no such link, families differ, prefix too long, gateway no unicast address or
 * one of ours), -ENOBUFS, -ENOMEM.
 */
int ip_route_add(struct ip *ip, int link, const struct aksu_addr *dst, unsigned prefix,
		 const struct aksu_addr *gateway, uint32_t mtu);
/* -ENOENT */
int ip_route_remove(struct ip *ip, int link, const struct aksu_addr *dst, unsigned prefix);

/* ------------------------------------------------------------------ questions (route.c) */

/* An address of ours, of any link (the weak host model, RFC 1122 3.3.4.2); 127/8 and ::1 are. */
bool ip_is_ours(const struct ip *ip, const struct aksu_addr *addr);

/* 255.255.255.255, or the broadcast address of a subnet of this link. */
bool ip_is_broadcast_to(const struct ip *ip, int link, const struct aksu_addr *addr);

/* Whether a connection may be opened to it (MUST-46): one host, so no broadcast of any link. */
bool ip_valid_remote(const struct ip *ip, const struct aksu_addr *addr);

struct ip_path {
	struct aksu_addr src;      /* ours */
	struct aksu_addr next_hop; /* the destination itself, or a gateway */
	int link;                  /* IP_LOCAL when local */
	uint32_t mtu;              /* of the first hop */
	uint32_t pmtu;             /* of the whole path as far as known, at most mtu */
	bool local;                /* the destination is one of our own addresses */
	bool broadcast;            /* or multicast: the frame goes to more than one */
	bool fragment;             /* IPv4: narrower than IP_PMTU_MIN_V4, so leave DF clear */
};

/*
 * Where packets to dst leave, and from which address (MUST-43, MUST-44, RFC 6724 section 5).
 *
 * src NULL or unspecified: choose one. Returns 0, -ENETUNREACH (no route), or -EADDRNOTAVAIL (src
 * is not ours, or there is none of this family). Multicast needs a route or a src to name the link.
 */
int ip_route(const struct ip *ip, const struct aksu_addr *dst, const struct aksu_addr *src,
	     struct ip_path *out);

/*
 * The same for one who is tied to a link (IP_LOCAL: to none). Multicast and 255.255.255.255 need
 * no route then, and the latter may be sent from 0.0.0.0 while the link has no IPv4 address: that
 * is how one is asked for (RFC 1122 section 3.2.1.3 (a)).
 */
int ip_route_on(const struct ip *ip, int link, const struct aksu_addr *dst,
		const struct aksu_addr *src, struct ip_path *out);

/* ------------------------------------------------------------------ path MTU (pmtu.c) */

/* What ip_route() would say, for one who has the path already: at most `mtu`. */
uint32_t ip_pmtu(const struct ip *ip, const struct aksu_addr *dst, uint32_t mtu);

/*
 * A router says that a packet of quoted_len octets to dst is too big. `mtu` is its next hop's, 0 if
 * it did not say (then RFC 1191 section 7 guesses). The caller has made sure that such a packet is
 * in flight (RFC 5927 section 7). True if the path MTU fell. Forgotten after ten minutes (RFC 8201
 * section 4).
 */
bool ip_pmtu_learn(struct ip *ip, const struct aksu_addr *dst, uint32_t mtu, uint32_t quoted_len,
		   instant now);

/*
 * Packets of up to `size` octets to dst do not arrive, and nobody says why: they may be too large
 * (RFC 4821 7.7). True if smaller ones are to be tried: 1200 octets (v6: 1280), then 552.
 */
bool ip_pmtu_silent(struct ip *ip, const struct aksu_addr *dst, uint32_t size, instant now);

/* What to try next on a path that is searched, at most `mtu`; 0: nothing, now. */
uint32_t ip_pmtu_probe(const struct ip *ip, const struct aksu_addr *dst, uint32_t mtu, instant now);

/* It arrived, or it alone was lost; in the latter case no other is to be tried for `pause`. */
void ip_pmtu_probed(struct ip *ip, const struct aksu_addr *dst, uint32_t size, bool arrived,
		    duration pause, instant now);

/* ------------------------------------------------------------------ sending (output.c) */

/* A packet to be: its header in words. */
struct ip_out {
	struct aksu_addr src, dst;
	uint32_t payload_len; /* octets behind the header */
	uint32_t flow;        /* IPv6: flow label, 20 bits */
	uint16_t id;          /* IPv4: any with DF (RFC 6864 section 4.1), else from ip_id() */
	uint8_t protocol;
	uint8_t ttl;        /* or hop limit */
	uint8_t tos;        /* or traffic class: DiffServ and ECN */
	bool dont_fragment; /* IPv4: DF. IPv6 routers never cut */
};

/* 20 or 40. */
size_t ip_header_len(const struct aksu_addr *dst);

/* Writes the header, checksum included; returns its length. The packet is at most 65535 octets. */
size_t ip_emit(const struct ip_out *o, uint8_t *out);

/*
 * The identification of a packet that may be cut: unique for long (RFC 6864), no guess (RFC 7739).
 */
uint32_t ip_id(struct ip *ip, const struct aksu_addr *src, const struct aksu_addr *dst,
	       uint8_t protocol);

/*
 * The packets that a datagram goes out in. One that fits `mtu` is one packet without fragmentation.
 *
 *      ip_fragments_start(&f, ip, &o, path.mtu);
 *      while ((head = ip_fragment(&f, header, &offset, &len)) != 0)
 *              send header[0..head) and payload[offset..offset + len)
 */
struct ip_fragments {
	struct ip_out out;
	uint32_t mtu, id, at;
	bool whole, done; /* goes as one packet; nothing is left */
};

/* `mtu` is raised to 68 (v4) or 1280 (v6). What may not be cut and does not fit never comes out. */
void ip_fragments_start(struct ip_fragments *f, struct ip *ip, const struct ip_out *o,
			uint32_t mtu);
/* Writes the next header; returns its length, or 0 at the end. */
size_t ip_fragment(struct ip_fragments *f, uint8_t header[IP_HEADER_MAX], uint32_t *offset,
		   uint32_t *len);

/* ------------------------------------------------------------------ receiving (input.c) */

enum ip_kind {
	IP_CONSUMED,
	IP_DELIVER,
	IP_REPLY,
	IP_ND,
	IP_ICMP_ERROR,
};

/* Whom the packet was for. */
enum ip_cast {
	IP_UNICAST,
	IP_BROADCAST,
	IP_MULTICAST,
};

/* A packet that is ours to send: route it to out.dst from out.src, cut it with ip_fragment(). */
struct ip_reply {
	struct ip_out out;
	struct slice
		payload; /* with one reference, the receiver's; block NULL: there is no reply */
	int link;        /* where its cause came from: right for link-local destinations */
	bool tied;       /* it may leave by no other link */
};

/* What an ICMP error means, for both families. */
enum ip_error {
	IP_ERROR_NET_UNREACHABLE,
	IP_ERROR_HOST_UNREACHABLE,
	IP_ERROR_PROTOCOL_UNREACHABLE,
	IP_ERROR_PORT_UNREACHABLE,
	IP_ERROR_PROHIBITED,
	IP_ERROR_SOURCE_ROUTE,
	IP_ERROR_TOO_BIG,
	IP_ERROR_TIME_EXCEEDED,
	IP_ERROR_REASSEMBLY_TIME,
	IP_ERROR_PARAMETER,
};

/*
 * An ICMP error about a packet that claims to be ours (MUST-54). Whether it really is in flight
 * only the transport can tell (RFC 5927 section 4): until then believe nothing of it.
 */
struct ip_icmp_error {
	enum ip_error kind;
	enum aksu_error error; /* for the application */
	bool hard;             /* RFC 1122 section 4.2.3.9; never one of MUST-56's */
	uint8_t type, code;
	uint8_t protocol;            /* of the quoted packet */
	uint16_t src_port, dst_port; /* its first four octets */
	uint32_t seq;                /* its next four */
	uint32_t mtu;                /* TOO_BIG: the next hop's; 0: not said */
	uint32_t quoted_len;         /* the whole quoted packet had */
	struct aksu_addr src, dst;   /* of the quoted packet: src is ours */
	const uint8_t *transport;    /* what is quoted of its payload, at least 8 octets */
	uint32_t transport_len;
};

/* What came in. Pointers are good as long as the frame is, or `block`; `error` only by its kind. */
struct ip_in {
	enum ip_kind kind;
	enum ip_cast cast;
	int link;
	bool link_broadcast; /* the frame itself was for more than us */
	uint8_t protocol, ttl, tos;
	struct aksu_addr src, dst;
	const uint8_t *payload;
	uint32_t len;
	const uint8_t *packet; /* the whole of it, for a quotation */
	uint32_t packet_len;
	/* Not NULL: the datagram was reassembled and lies here; the reference is the caller's. */
	struct aksu_block *block;
	struct ip_reply reply;      /* kind REPLY */
	struct ip_icmp_error error; /* kind ICMP_ERROR */
	uint32_t evicted; /* unfinished datagrams given up for this one: each is a FRAGMENT_LIMIT */
};

/*
 * Takes one packet of n octets (what lies behind it, as Ethernet's padding, is cut off). `link`
 * IP_LOCAL is the instance itself: there loopback and our own addresses may be sources.
 *
 * Returns AKSU_DROP_NONE, or why it was not used; out->kind may be IP_REPLY in either case.
 * Afterwards the caller owns out->block and out->reply.payload.block where they are not NULL:
 * ip_in_release().
 */
enum aksu_drop ip_input(struct ip *ip, int link, const uint8_t *data, size_t n, bool link_broadcast,
			instant now, struct ip_in *out);

/* Drops the references of what came in; to keep one, set its pointer to NULL before. */
void ip_in_release(struct ip_in *in);

/* ------------------------------------------------------------------ ICMP of our own (icmp.c) */

/* Why a delivered message is refused. */
enum ip_refusal {
	IP_REFUSE_PORT,       /* no socket there: UDP (RFC 1122 section 4.1.3.1) */
	IP_REFUSE_PROHIBITED, /* a policy says no */
};

/*
 * Builds the ICMP error for a message that ip_input() delivered. False: none may be sent (to more
 * than one host, too many already, no memory), and there is no reply.
 */
bool ip_unreachable(struct ip *ip, const struct ip_in *offending, enum ip_refusal why, instant now,
		    struct ip_reply *reply);

/*
 * Reads which connection a packet of ours belonged to, from its first n octets: addresses, ports
 * and sequence number of `e` are filled in. For failures that come from a link, not by ICMP.
 */
bool ip_quote(const uint8_t *packet, size_t n, struct ip_icmp_error *e);

/* ------------------------------------------------------------------ time */

/* When ip_advance() is due; INSTANT_NEVER when nothing is kept. */
instant ip_deadline(const struct ip *ip);

/*
 * Does one thing that is due: call it until it answers AKSU_DROP_NONE. FRAGMENT_TIMEOUT: a datagram
 * was given up; reply->payload.block is not NULL if its sender is to be told.
 */
enum aksu_drop ip_advance(struct ip *ip, instant now, struct ip_reply *reply);

#endif
