/* SPDX-License-Identifier: MIT */
/*
 * wire/arp.h - an ARP packet for IPv4 over Ethernet (RFC 826); other kinds are malformed here.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   |   Hardware Type, 1 Ethernet   |     Protocol Type, 0x0800     |
 *   +---------------+---------------+-------------------------------+
 *   |  Hlen, 6      |  Plen, 4      |  Operation: 1 ask, 2 answer   |
 *   +---------------+---------------+-------------------------------+
 *   |                Sender's hardware address (sha)                |
 *   +                               +-------------------------------+
 *   |                               |  Sender's IPv4 address (spa)  |
 *   +-------------------------------+-------------------------------+
 *   |                               |  Target's hardware address    |
 *   +-------------------------------+                        (tha)  +
 *   |                                                               |
 *   +---------------------------------------------------------------+
 *   |                Target's IPv4 address (tpa)                    |
 *   +---------------------------------------------------------------+
 */
#ifndef AKSU_WIRE_ARP_H
#define AKSU_WIRE_ARP_H

#include "wire/eth.h"

struct arp_hdr {
	be16 hardware, protocol;
	uint8_t hlen, plen;
	be16 op;
	struct mac sha;
	uint8_t spa[4];
	struct mac tha;
	uint8_t tpa[4];
};
static_assert(sizeof(struct arp_hdr) == 28, "RFC 826");
static_assert(_Alignof(struct arp_hdr) == 1, "may sit anywhere in a frame");

enum { ARP_LEN = 28, ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp {
	uint16_t op; /* ARP_REQUEST or ARP_REPLY */
	struct mac sha, tha;
	struct aksu_addr spa, tpa;
};

/* AKSU_DROP_NONE or ARP_BAD; octets behind the packet are padding. */
enum aksu_drop arp_parse(const uint8_t *data, size_t n, struct arp *out);

/* Returns ARP_LEN. */
size_t arp_emit(const struct arp *arp, uint8_t out[ARP_LEN]);

#endif
