/* SPDX-License-Identifier: MIT */
/*
 * wire/eth.h - the Ethernet II header (RFC 894, RFC 2464) and the addresses in it.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +---------------------------------------------------------------+
 *   |                      Destination Address                      |
 *   +-------------------------------+-------------------------------+
 *   |                               |                               |
 *   +-------------------------------+                               |
 *   |                        Source Address                         |
 *   +-------------------------------+-------------------------------+
 *   |             Type              |  (payload)
 *   +-------------------------------+
 *
 * 802.3 length fields, LLC and VLAN tags are not spoken: their type is none of ours.
 */
#ifndef AKSU_WIRE_ETH_H
#define AKSU_WIRE_ETH_H

#include <aksu/event.h>

#include "base/bytes.h"

/* The address of a station. */
struct mac {
	uint8_t b[6];
};

#define MAC_BROADCAST ((struct mac){{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}})

static inline bool mac_eq(struct mac a, struct mac b) { return memcmp(a.b, b.b, sizeof(a.b)) == 0; }
static inline bool mac_is_group(struct mac a) { return a.b[0] & 1; } /* multicast, broadcast too */
static inline bool mac_is_zero(struct mac a) { return mac_eq(a, (struct mac){{0}}); }

/* The group that an IP multicast address maps to: RFC 1112 section 6.4, RFC 2464 section 7. */
struct mac mac_of_multicast(const struct aksu_addr *group);

struct eth_hdr {
	struct mac dst, src;
	be16 type;
};
static_assert(sizeof(struct eth_hdr) == 14, "RFC 894");
static_assert(_Alignof(struct eth_hdr) == 1, "may sit anywhere in a frame");

enum {
	ETH_HDR_LEN = 14,
	ETH_TYPE_IPV4 = 0x0800,
	ETH_TYPE_ARP = 0x0806,
	ETH_TYPE_IPV6 = 0x86dd,
};

struct eth {
	struct mac dst, src;
	uint16_t type;
};

/* AKSU_DROP_NONE or FRAME_SHORT; the payload begins at data + ETH_HDR_LEN. */
enum aksu_drop eth_parse(const uint8_t *data, size_t n, struct eth *out);

/* Returns ETH_HDR_LEN. */
size_t eth_emit(const struct eth *eth, uint8_t out[ETH_HDR_LEN]);

#endif
