/* SPDX-License-Identifier: MIT */
/*
 * wire/ip.h - the numbers that IPv4 and IPv6 share.
 */
#ifndef AKSU_WIRE_IP_H
#define AKSU_WIRE_IP_H

#include <aksu/event.h>

/* What follows an IP header, or an IPv6 extension header. */
enum {
	IP_PROTO_HOP_BY_HOP = 0,
	IP_PROTO_ICMP = 1,
	IP_PROTO_TCP = 6,
	IP_PROTO_UDP = 17,
	IP_PROTO_ROUTING = 43,
	IP_PROTO_FRAGMENT = 44,
	IP_PROTO_ESP = 50,
	IP_PROTO_AH = 51,
	IP_PROTO_ICMPV6 = 58,
	IP_PROTO_NONE = 59,
	IP_PROTO_DESTINATION = 60,
};

/* The low two bits of the traffic class (RFC 3168 section 5); the rest is DiffServ. */
enum {
	IP_ECN_NOT_ECT = 0,
	IP_ECN_ECT_1 = 1,
	IP_ECN_ECT_0 = 2,
	IP_ECN_CE = 3,
	IP_ECN_MASK = 3,
};

/* 4 or 6, or what else the first octet of a packet says; n is not 0. */
static inline unsigned ip_version(const uint8_t *packet) { return packet[0] >> 4; }

#endif
