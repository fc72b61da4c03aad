/* SPDX-License-Identifier: MIT */
/*
 * wire/udp.h - a UDP datagram (RFC 768; RFC 8200 section 8.1 for its checksum over IPv6).
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-------------------------------+-------------------------------+
 *   |          Source Port          |       Destination Port        |
 *   +-------------------------------+-------------------------------+
 *   |            Length             |           Checksum            |
 *   +-------------------------------+-------------------------------+
 */
#ifndef AKSU_WIRE_UDP_H
#define AKSU_WIRE_UDP_H

#include <aksu/event.h>

#include "base/bytes.h"

struct udp_hdr {
	be16 src_port, dst_port, length, checksum;
};
static_assert(sizeof(struct udp_hdr) == 8, "RFC 768");
static_assert(_Alignof(struct udp_hdr) == 1, "may sit anywhere in a frame");

enum { UDP_HDR_LEN = 8, UDP_TEXT_MAX = 65535 - UDP_HDR_LEN };

struct udp {
	uint16_t src_port, dst_port;
	bool unsummed; /* the checksum field was zero: none was made */
	uint16_t text_len;
	const uint8_t *text;
};

/*
 * AKSU_DROP_NONE or UDP_BAD; the checksum is not looked at. What lies behind the length is ignored.
 */
enum aksu_drop udp_parse(const uint8_t *data, size_t n, struct udp *out);

/*
 * Whether the checksum of a datagram that udp_parse() accepted is right. No checksum is right for
 * IPv4 (RFC 1122 section 4.1.3.4) and wrong for IPv6.
 */
bool udp_checksum_good(const struct aksu_addr *src, const struct aksu_addr *dst,
		       const uint8_t *data);

/* Writes the header of `udp` with its checksum; the text is to follow. Returns UDP_HDR_LEN. */
size_t udp_emit(const struct udp *udp, const struct aksu_addr *src, const struct aksu_addr *dst,
		uint8_t out[UDP_HDR_LEN]);

#endif
