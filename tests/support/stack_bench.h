/* SPDX-License-Identifier: MIT */
/*
 * support/stack_bench.h - one or two instances on a bench: virtual time, memory that is counted,
 * frames that the test sees, loses, makes up.
 *
 *   node 0   10.0.0.1/24   fd00::1/64   02::1   ─── wire ───   node 1   10.0.0.2/24   fd00::2/64
 *
 * With one node the test itself is everybody else on the wire: bench_give() and bench_take().
 */
#ifndef AKSU_TESTS_SUPPORT_STACK_BENCH_H
#define AKSU_TESTS_SUPPORT_STACK_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack/stack.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { BENCH_FRAME = 70000, BENCH_EVENTS = 1 << 16 };

struct stack_bench;

/* Whether a frame from node `from` is lost. */
typedef bool bench_filter(struct stack_bench *b, int from, const uint8_t *frame, size_t len);

struct bench_node {
	struct aksu *s;
	int link;
	struct aksu_addr v4, v6;
	struct aksu_event_ring events;
};

struct stack_bench {
	struct bench_node n[2];
	int nodes;
	enum aksu_link_kind kind;
	aksu_time now;
	size_t held;     /* octets that the allocator gave and did not get back */
	long blocks;     /* the same, counted */
	long fail_after; /* allocations that still succeed; negative: all */
	bench_filter *lose;
	void *ctx;
	size_t frames, lost;
	bool panicked;
	char panic[256];
	struct prng prng;
	struct aksu_rx
		as; /* what the device says of frames that are given: checksum, segments, mss */
};

/* What differs from the defaults. */
struct bench_options {
	enum aksu_link_kind kind;
	uint32_t mtu, features, tso_max, queue; /* an MTU below 1280 leaves IPv6 out */
	uint32_t events;                        /* mask */
	struct aksu_config config; /* its size, allocator and entropy are the bench's */
};

void bench_start(struct stack_bench *b, int nodes, const struct bench_options *o);

/* Frees the instances and asserts that everything was given back. */
void bench_end(struct stack_bench *b);

struct aksu_addr bench_addr(const char *text);

/* Carries frames until nobody has any; returns how many. */
size_t bench_shuttle(struct stack_bench *b);

/* Lets time pass, to each deadline in turn; asserts that every deadline is met with progress. */
void bench_pass(struct stack_bench *b, aksu_time d);

/* ------------------------------------------------------------------ the test as a peer */

/* A packet as the test sees it. */
struct bench_packet {
	struct aksu_addr src, dst;
	uint8_t protocol, ttl, tos;
	bool df, checksum_good;
	struct tcp_seg seg; /* protocol 6 */
	uint32_t len;       /* of the payload of IP */
	uint8_t payload[BENCH_FRAME];
	uint32_t frame_len;
	uint16_t mss; /* of the frame: to be cut */
	uint8_t partial;
};

/* The next frame that node 0 sends; false: none. */
bool bench_take(struct stack_bench *b, struct bench_packet *out);

/* The same, and it must be TCP; fails the test when there is none. */
const struct tcp_seg *bench_take_tcp(struct stack_bench *b, struct bench_packet *out);

/* Asserts that node 0 has nothing to send. */
void bench_silent(struct stack_bench *b);

/* Gives node 0 an IP packet. */
void bench_give_ip(struct stack_bench *b, const struct aksu_addr *src, const struct aksu_addr *dst,
		   uint8_t protocol, const uint8_t *payload, size_t n);

/* Gives node 0 a segment (ports in it), its checksum made; returns what aksu_input() did. */
size_t bench_give(struct stack_bench *b, const struct aksu_addr *src, const struct aksu_addr *dst,
		  const struct tcp_seg *seg);

/* An ICMP error about the packet that node 0 sent. `kind` as in wire/icmp.h. */
void bench_give_error(struct stack_bench *b, const struct aksu_addr *router,
		      const struct bench_packet *about, enum icmp_kind kind, uint8_t code,
		      uint32_t mtu);

/* ------------------------------------------------------------------ a peer that the test plays */

/* One end of a connection with node 0, in the test's hands: its address, ports and numbers. */
struct bench_peer {
	struct aksu_addr addr, to;
	uint16_t port, to_port;
	uint32_t seq, ack; /* what it sends next, what it awaits next */
	uint8_t options;   /* AKSU_OPT_* on its SYN; timestamps on everything then */
	uint16_t mss;
	uint8_t wscale;
	uint32_t tsval, tsecr;
	uint16_t window;
};

struct bench_peer bench_peer(const char *addr, uint16_t port, const struct aksu_addr *to,
			     uint16_t to_port);

/* Sends a segment from where the peer stands; SEQ moves over what it holds. */
size_t bench_say(struct stack_bench *b, struct bench_peer *p, uint8_t flags, const char *text);

/* Takes node 0's next segment, for this peer; ACK and TSecr follow what it holds. */
const struct tcp_seg *bench_hear(struct stack_bench *b, struct bench_peer *p,
				 struct bench_packet *out);

/* SYN, SYN-ACK, ACK with a listener. */
void bench_shake(struct stack_bench *b, struct bench_peer *p);

/* ------------------------------------------------------------------ shortcuts */

aksu_socket bench_listen(struct stack_bench *b, int node, uint16_t port, unsigned backlog);
aksu_socket bench_connect(struct stack_bench *b, int node, const struct aksu_addr *to,
			  uint16_t port);
uint8_t bench_state(const struct stack_bench *b, int node, aksu_socket h);
uint64_t bench_drops(const struct stack_bench *b, int node, enum aksu_drop reason);
/* The first report about this socket among those that wait; 0: none. Others are thrown away. */
uint32_t bench_news(struct stack_bench *b, int node, aksu_socket h);
int64_t bench_option(struct stack_bench *b, int node, aksu_socket h, enum aksu_option option);

#endif
