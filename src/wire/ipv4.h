/* SPDX-License-Identifier: MIT */
/*
 * wire/ipv4.h - an IPv4 packet (RFC 791 section 3.1; the first word's second octet by RFC 2474,
 * 3168).
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------+-------+-----------+---+-------------------------------+
 *   |Version|  IHL  |   DSCP    |ECN|         Total Length          |
 *   +-------+-------+-----------+---+-----+-------------------------+
 *   |        Identification         |0|D|M|     Fragment Offset     |
 *   +---------------+---------------+-----+-------------------------+
 *   |  Time to Live |    Protocol   |        Header Checksum        |
 *   +---------------+---------------+-------------------------------+
 *   |                        Source Address                         |
 *   +---------------------------------------------------------------+
 *   |                     Destination Address                       |
 *   +---------------------------------------------------------------+
 *   |                           [Options]                           |
 *   +---------------------------------------------------------------+
 *
 * Whether a packet is for us, may come from there, or is complete, is asked in ip/.
 */
#ifndef AKSU_WIRE_IPV4_H
#define AKSU_WIRE_IPV4_H

#include "base/bytes.h"
#include "wire/ip.h"

struct ipv4_hdr {
	uint8_t version_ihl, tos;
	be16 total_len, id, flags_offset;
	uint8_t ttl, protocol;
	be16 checksum;
	uint8_t src[4], dst[4];
};
static_assert(sizeof(struct ipv4_hdr) == 20, "RFC 791 section 3.1");
static_assert(_Alignof(struct ipv4_hdr) == 1, "may sit anywhere in a frame");

enum { IPV4_HDR_LEN = 20, IPV4_HDR_MAX = 60, IPV4_MTU_MIN = 68 };

struct ipv4 {
	uint8_t tos; /* DiffServ in the upper six bits, ECN in the lower two */
	uint8_t ttl, protocol;
	bool dont_fragment, more_fragments;
	bool source_route; /* an LSRR or SSRR option is there (RFC 791 section 3.1, RFC 7126 4.3) */
	uint8_t options_len;
	uint16_t id;
	uint16_t offset;      /* of the fragment, in octets */
	uint16_t payload_len; /* octets that are there: fewer than were sent in a quoted packet */
	struct aksu_addr src, dst;
	const uint8_t *options;
	const uint8_t *payload;
};

/*
 * Reads a packet of n octets; what lies behind its total length (padding of the link) is ignored.
 * AKSU_DROP_NONE, IP_SHORT, IP_VERSION, IP_HEADER (its length, or that of an option, is illegal) or
 * IP_CHECKSUM.
 */
enum aksu_drop ipv4_parse(const uint8_t *data, size_t n, struct ipv4 *out);

/*
 * Reads as much of a packet as an ICMP error quotes: the payload may be cut off, and the checksum
 * is not looked at, for routers on the way may have changed what it covers. IP_SHORT, IP_VERSION,
 * IP_HEADER.
 */
enum aksu_drop ipv4_parse_quote(const uint8_t *data, size_t n, struct ipv4 *out);

/*
 * Writes the header with its options (a multiple of 4, at most 40 octets) and its checksum; the
 * payload of `payload_len` octets is to follow. `offset` is a multiple of 8. Returns the header's
 * length: `out` has room for IPV4_HDR_LEN and the options.
 */
size_t ipv4_emit(const struct ipv4 *ip, uint8_t *out);

#endif
