/* SPDX-License-Identifier: MIT */
/*
 * wire/addr.h - questions about addresses. One type holds both families: IPv4 is ::ffff:a.b.c.d.
 */
#ifndef AKSU_WIRE_ADDR_H
#define AKSU_WIRE_ADDR_H

#include <aksu/aksu.h>

#include "base/bytes.h"

bool addr_is_v4(const struct aksu_addr *a);
bool addr_eq(const struct aksu_addr *a, const struct aksu_addr *b);
bool addr_is_unspecified(const struct aksu_addr *a);       /* 0.0.0.0 or :: */
bool addr_is_multicast(const struct aksu_addr *a);         /* 224/4, ff00::/8 */
bool addr_is_limited_broadcast(const struct aksu_addr *a); /* 255.255.255.255 */
bool addr_is_loopback(const struct aksu_addr *a);          /* 127/8, ::1 */
bool addr_is_link_local(const struct aksu_addr *a);        /* 169.254/16, fe80::/10 */

/*
 * Whether a lies in net/prefix; the prefix counts within the family (0 to 32 or 128). False across
 * families.
 */
bool addr_in_prefix(const struct aksu_addr *a, const struct aksu_addr *net, unsigned prefix);

/* Octets common to both, in bits, within the family: RFC 6724's CommonPrefixLen. */
unsigned addr_common_prefix(const struct aksu_addr *a, const struct aksu_addr *b);

struct aksu_addr addr_from_v4(const uint8_t b[4]);
static inline const uint8_t *addr_v4_bytes(const struct aksu_addr *a) { return a->b + 12; }

#endif
