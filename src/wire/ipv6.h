/* SPDX-License-Identifier: MIT */
/*
 * wire/ipv6.h - an IPv6 packet, its extension headers and its fragments (RFC 8200 sections 3 and
 * 4).
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------+---------------+---------------------------------------+
 *   |Version| Traffic Class |              Flow Label               |
 *   +-------+---------------+-------+---------------+---------------+
 *   |        Payload Length         |  Next Header  |   Hop Limit   |
 *   +-------------------------------+---------------+---------------+
 *   |                  Source Address (4 words)                     |
 *   |                Destination Address (4 words)                  |
 *   +---------------------------------------------------------------+
 *
 *   The fragment header (section 4.5):
 *   +---------------+---------------+-------------------------+---+-+
 *   |  Next Header  |   Reserved    |     Fragment Offset     |Res|M|
 *   +---------------+---------------+-------------------------+---+-+
 *   |                         Identification                        |
 *   +---------------------------------------------------------------+
 *
 * Jumbograms (RFC 2675) are not spoken. What is done about a fragment or a problem is asked in ip/.
 */
#ifndef AKSU_WIRE_IPV6_H
#define AKSU_WIRE_IPV6_H

#include "base/bytes.h"
#include "wire/ip.h"

struct ipv6_hdr {
	be32 version_class_flow;
	be16 payload_len;
	uint8_t next, hop_limit;
	uint8_t src[16], dst[16];
};
static_assert(sizeof(struct ipv6_hdr) == 40, "RFC 8200 section 3");
static_assert(_Alignof(struct ipv6_hdr) == 1, "may sit anywhere in a frame");

struct ipv6_fragment_hdr {
	uint8_t next, reserved;
	be16 offset_more;
	be32 id;
};
static_assert(sizeof(struct ipv6_fragment_hdr) == 8, "RFC 8200 section 4.5");
static_assert(_Alignof(struct ipv6_fragment_hdr) == 1, "may sit anywhere in a frame");

enum {
	IPV6_HDR_LEN = 40,
	IPV6_FRAGMENT_HDR_LEN = 8,
	IPV6_MTU_MIN = 1280, /* RFC 8200 section 5 */

	/* Extension headers of one packet: section 4.1 knows seven places for them. */
	IPV6_EXTENSIONS_MAX = 8,
	/* Options of one header that are not padding: RFC 8504 section 5.3 asks for 8. */
	IPV6_OPTIONS_MAX = 16,
};

struct ipv6 {
	uint8_t tclass; /* DiffServ in the upper six bits, ECN in the lower two */
	uint8_t next, hop_limit;
	uint16_t payload_len; /* octets that are there: fewer than were sent in a quoted packet */
	uint32_t flow;        /* 20 bits */
	struct aksu_addr src, dst;
	const uint8_t *payload;
};

/*
 * Reads a packet of n octets; what lies behind its payload length is ignored. AKSU_DROP_NONE,
 * IP_SHORT, IP_VERSION; IP_SOURCE or IP_NOT_OURS when an address is a mapped one (::ffff:0:0/96):
 * inside it means IPv4, and from a wire it would be a disguise (RFC 4942 section 2.2).
 */
enum aksu_drop ipv6_parse(const uint8_t *data, size_t n, struct ipv6 *out);

/* As ipv4_parse_quote(): the payload may be cut off. */
enum aksu_drop ipv6_parse_quote(const uint8_t *data, size_t n, struct ipv6 *out);

/* Writes the header; the payload of `payload_len` octets is to follow. Returns IPV6_HDR_LEN. */
size_t ipv6_emit(const struct ipv6 *ip, uint8_t out[IPV6_HDR_LEN]);

struct ipv6_fragment {
	uint8_t next; /* what the fragmented part begins with */
	bool more;
	uint16_t offset; /* in octets */
	uint32_t id;
};

/* Writes a fragment header; returns IPV6_FRAGMENT_HDR_LEN. `offset` is a multiple of 8. */
size_t ipv6_fragment_emit(const struct ipv6_fragment *f, uint8_t out[IPV6_FRAGMENT_HDR_LEN]);

/* What a packet with a bad extension header is to be answered with (RFC 8200 sections 4.2, 4.4). */
enum ipv6_answer {
	IPV6_ANSWER_NOTHING,
	IPV6_ANSWER_UNLESS_GROUP, /* parameter problem, unless the destination is multicast */
	IPV6_ANSWER_ALWAYS,       /* parameter problem */
};

/* Where a walk over extension headers ended. */
struct ipv6_chain {
	uint8_t next;         /* the upper-layer protocol, or what nobody here knows */
	uint8_t problem_code; /* ICMPv6 parameter problem, if there is to be an `answer` */
	bool fragmented;      /* `fragment` is set, and payload is its part of the datagram */
	enum ipv6_answer answer;
	uint32_t pointer; /* of the parameter problem: octets from where the walk began */
	uint32_t
		next_at; /* where `next` was read, from where the walk began; UINT32_MAX: nowhere */
	struct ipv6_fragment fragment;
	const uint8_t *payload;
	uint16_t payload_len;
};

/*
 * Walks n octets of which the first header is of kind `first`: over hop-by-hop options (only at the
 * very beginning of a packet, when `outermost`), destination options, routing headers with nothing
 * left and atomic fragments (RFC 6946), up to the first thing that is none of these or to a
 * fragment.
 *
 * A datagram put together again is walked by another call, from fragment.next; and so is a first
 * fragment, to see that its chain is complete (RFC 7112): that answers IP6_EXTENSION when it is
 * not. Returns AKSU_DROP_NONE, IP6_EXTENSION (see `answer`), or FRAGMENT_BAD.
 */
enum aksu_drop ipv6_walk(uint8_t first, const uint8_t *data, size_t n, bool outermost,
			 struct ipv6_chain *out);

#endif
