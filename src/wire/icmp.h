/* SPDX-License-Identifier: MIT */
/*
 * wire/icmp.h - ICMP (RFC 792), ICMPv6 (RFC 4443) and neighbour discovery (RFC 4861), as one noun.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------+---------------+-------------------------------+
 *   |     Type      |     Code      |           Checksum            |
 *   +---------------+---------------+-------------------------------+
 *   |  by kind: identifier and sequence number | pointer | MTU | ...|
 *   +---------------------------------------------------------------+
 *   |  echo: data      errors: the packet that is in error          |
 *   |  discovery: an address, then options                          |
 *   +---------------------------------------------------------------+
 *
 *   An option of neighbour discovery (RFC 4861 section 4.6), its length in units of 8 octets:
 *   +---------------+---------------+-------------------------------+
 *   |     Type      |    Length     |              ...              |
 *   +---------------+---------------+-------------------------------+
 *
 * The two families number the same things differently; `kind` is what they mean.
 */
#ifndef AKSU_WIRE_ICMP_H
#define AKSU_WIRE_ICMP_H

#include "wire/eth.h"

struct icmp_hdr {
	uint8_t type, code;
	be16 checksum;
	be32 rest;
};
static_assert(sizeof(struct icmp_hdr) == 8, "RFC 792");
static_assert(_Alignof(struct icmp_hdr) == 1, "may sit anywhere in a frame");

enum icmp_kind {
	ICMP_OTHER, /* known to be nothing that we act on */
	ICMP_ECHO_REQUEST,
	ICMP_ECHO_REPLY,
	ICMP_UNREACHABLE,
	ICMP_TOO_BIG, /* IPv4: unreachable, code 4 */
	ICMP_TIME_EXCEEDED,
	ICMP_PARAMETER_PROBLEM,
	ICMP_SOURCE_QUENCH, /* IPv4 only */
	ICMP_REDIRECT,
	ICMP_ROUTER_SOLICITATION, /* this and the rest: IPv6 only */
	ICMP_ROUTER_ADVERTISEMENT,
	ICMP_NEIGHBOUR_SOLICITATION,
	ICMP_NEIGHBOUR_ADVERTISEMENT,
	ICMP_KIND_COUNT,
};

/* Codes that someone asks for. */
enum {
	ICMP4_NET_UNREACHABLE = 0,
	ICMP4_HOST_UNREACHABLE = 1,
	ICMP4_PROTOCOL_UNREACHABLE = 2,
	ICMP4_PORT_UNREACHABLE = 3,
	ICMP4_TOO_BIG = 4,
	ICMP4_SOURCE_ROUTE_FAILED = 5,
	ICMP6_NO_ROUTE = 0,
	ICMP6_PROHIBITED = 1,
	ICMP6_BEYOND_SCOPE = 2,
	ICMP6_ADDRESS_UNREACHABLE = 3,
	ICMP6_PORT_UNREACHABLE = 4,
	ICMP_TTL_EXCEEDED = 0,
	ICMP_REASSEMBLY_EXCEEDED = 1,
	ICMP6_PROBLEM_HEADER = 0,
	ICMP6_PROBLEM_NEXT = 1,
	ICMP6_PROBLEM_OPTION = 2,
};

/* Flags of advertisements, as they lie in the first octet. */
enum {
	ND_ROUTER = 0x80,     /* neighbour advertisement: R */
	ND_SOLICITED = 0x40,  /* S */
	ND_OVERRIDE = 0x20,   /* O */
	ND_MANAGED = 0x80,    /* router advertisement: M */
	ND_OTHER = 0x40,      /* O */
	ND_ON_LINK = 0x80,    /* prefix: L */
	ND_AUTONOMOUS = 0x40, /* A */
};

enum {
	ND_PREFIX_MAX = 4,  /* of one advertisement; routers send one or two, the rest is ignored */
	ND_HOP_LIMIT = 255, /* proves that a message crossed no router (RFC 4861 section 3.1) */

	/* The longest: a router advertisement with an option of each kind, and all its prefixes. */
	ICMP_HEAD_MAX = 16 + 3 * 8 + ND_PREFIX_MAX * 32,
};

struct nd_prefix {
	struct aksu_addr prefix;
	uint8_t len, flags;
	uint32_t valid_s, preferred_s;
};

/* The fields of neighbour discovery; those of a kind that has them. */
struct nd {
	uint8_t flags;
	uint8_t hop_limit;                 /* router advertisement: 0 says nothing */
	uint16_t lifetime_s;               /* of a default router */
	uint32_t reachable_ms, retrans_ms; /* 0 says nothing */
	uint32_t mtu;                      /* option; 0: absent */
	bool has_source, has_target;       /* link-layer address options */
	struct mac source, target;
	uint8_t prefixes;
	struct nd_prefix prefix[ND_PREFIX_MAX];
};

struct icmp {
	enum icmp_kind kind;
	uint8_t type, code; /* as they came; emitting takes `kind` and `code` */
	uint16_t id, seq;   /* echo */
	uint32_t mtu;       /* too big: of the next hop; 0 from routers older than RFC 1191 */
	uint32_t pointer;   /* parameter problem: octet in the quoted packet */
	struct aksu_addr
		target;       /* redirect: the better next hop. Neighbour discovery: who is meant */
	struct aksu_addr dst; /* IPv6 redirect: for whom */
	struct nd nd;
	const uint8_t *data; /* echo: the data. Errors and redirects: the quoted packet, from its IP
				header */
	size_t len;
};

/*
 * Read a message of n octets, checksum and all; octets of what is unknown are in `data`. Returns
 * AKSU_DROP_NONE, ICMP_BAD, or ND_BAD for what RFC 4861 sections 6.1 and 7.1 condemn by the message
 * alone (length, code, option of length zero, multicast target); the rest is for who knows the
 * packet.
 */
enum aksu_drop icmp4_parse(const uint8_t *data, size_t n, struct icmp *out);
enum aksu_drop icmp6_parse(const uint8_t *data, size_t n, const struct aksu_addr *src,
			   const struct aksu_addr *dst, struct icmp *out);

/* Whether a message is an error: what may never be answered by another (RFC 1122 3.2.2, RFC
 * 4443 2.4 e). */
bool icmp_is_error(const struct icmp *m);

/*
 * Write all of a message but its `data`, which is to follow and is in the checksum. Return the
 * octets written, a multiple of 8; 0 for kinds that a host does not send (redirect, source quench,
 * other).
 */
size_t icmp4_emit(const struct icmp *m, uint8_t out[ICMP_HEAD_MAX]);
size_t icmp6_emit(const struct icmp *m, const struct aksu_addr *src, const struct aksu_addr *dst,
		  uint8_t out[ICMP_HEAD_MAX]);

/* The group that the neighbour with this address listens to: ff02::1:ffXX:XXXX (RFC 4291
 * section 2.7.1). */
struct aksu_addr nd_solicited_node(const struct aksu_addr *a);

#endif
