/* SPDX-License-Identifier: MIT */
/*
 * support/dhcp_lab.h - a DHCP client on a simulated wire, and a server in the test's hands.
 *
 *   client, an instance with no address ── the lab ── 10.0.0.1 02::99, asked by ARP as well
 *
 * Time is virtual. What the client sends is kept in the order of sending and looked at with
 * lab_hear(); nothing is answered but ARP, unless the test says so.
 */
#ifndef AKSU_TESTS_SUPPORT_DHCP_LAB_H
#define AKSU_TESTS_SUPPORT_DHCP_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <aksu/dhcp.h>

#include "wire/dhcp.h"

enum { LAB_FRAME = 2048, LAB_HEARD = 64 };

/* A message of the client's, with what was around it. */
struct lab_message {
	aksu_time at;
	struct mac to;
	struct aksu_addr src, dst;
	uint16_t src_port, dst_port;
	size_t len;
	uint8_t bytes[LAB_FRAME];
	struct dhcp m; /* of `bytes` */
};

struct lab {
	struct aksu *s;
	int link;
	struct aksu_dhcp *d;
	aksu_time now;
	size_t held;               /* octets that the allocator gave and did not get back */
	long fail_after;           /* allocations that still succeed; negative: all */
	struct aksu_addr occupied; /* another station has this one, and says so */
	unsigned probes;           /* ARP probes that were sent */
	bool deaf;                 /* the server does not answer ARP */
	uint32_t first, count;
	struct lab_message heard[LAB_HEARD];
};

extern const struct mac LAB_CLIENT, LAB_SERVER, LAB_OTHER;

/* What a server gives; zero fields are left out of the message. */
struct lab_gift {
	const char *addr, *server, *mask, *router, *dns;
	uint32_t lease, t1, t2;
	uint16_t mtu;
	const uint8_t *extra; /* options as they lie on the wire, behind the others */
	size_t extra_len;
};

/* 10.0.0.50/24, router and server 10.0.0.1, for an hour. */
extern const struct lab_gift LAB_GIFT;

struct aksu_allocator lab_allocator(struct lab *b);
/* The instance with its link; `config` NULL: defaults. Fields that the lab has are its own. */
void lab_start(struct lab *b, const struct aksu_dhcp_config *config);
/* Frees all, and asserts that all was given back. */
void lab_end(struct lab *b);

/* Lets what has come and what is due happen, at this moment. */
void lab_turn(struct lab *b);
/* Lets time pass, from deadline to deadline. */
void lab_pass(struct lab *b, aksu_time d);
void lab_pass_until(struct lab *b, aksu_time when);

/* The next message that the client sent; NULL: none. */
const struct lab_message *lab_hear(struct lab *b);
/* The same, and it must be of this kind. */
const struct lab_message *lab_expect(struct lab *b, enum dhcp_kind kind);
/* Nothing was sent. */
void lab_silent(struct lab *b);

/* Answers a message; the xid is its own. */
void lab_say(struct lab *b, const struct lab_message *to, enum dhcp_kind kind,
	     const struct lab_gift *gift);
/* Any octets, as a datagram from a port of the server's to a port of the client's. */
void lab_send(struct lab *b, uint16_t from, uint16_t to, const uint8_t *data, size_t n);

/* DISCOVER to BOUND, with this gift. */
void lab_bind(struct lab *b, const struct lab_gift *gift);

struct aksu_addr lab_addr(const char *text);
/* Whether the next news is of this kind; out may be NULL. */
void lab_news(struct lab *b, enum aksu_dhcp_happened what, struct aksu_dhcp_news *out);

#endif
