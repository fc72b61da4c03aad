/* SPDX-License-Identifier: MIT */
/*
 * support/ip_bench.h - an Internet layer on a bench: two links, both families, and packets to feed
 * it.
 *
 *   link 0   10.0.0.2/24   fd00::2/64   fe80::2/64   MTU 1500, default routes by 10.0.0.1, fd00::1
 *   link 1   10.1.0.2/16   fd01::2/64                MTU 1400
 */
#ifndef AKSU_TESTS_SUPPORT_IP_BENCH_H
#define AKSU_TESTS_SUPPORT_IP_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ip/ip.h"
#include "wire/checksum.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { BENCH_BUDGET = 16 << 20, PACKET_MAX = 70000 };

struct ip_bench {
	struct mem mem;
	struct ip ip;
	struct ip_in in;
	instant now;
	long fail_after; /* allocations that still succeed; negative: all */
};

static inline void *bench_alloc(void *ctx, size_t size, size_t align)
{
	struct ip_bench *b = ctx;

	(void)align;
	if (b->fail_after == 0)
		return NULL;
	if (b->fail_after > 0)
		b->fail_after--;
	return malloc(size);
}

static inline void bench_free(void *ctx, void *mem, size_t size)
{
	(void)ctx;
	(void)size;
	free(mem);
}

static inline struct aksu_addr addr(const char *text)
{
	struct aksu_addr a;

	assert_true(aksu_addr_parse(text, &a));
	return a;
}

static inline void bench_add(struct ip_bench *b, int link, const char *text, unsigned prefix)
{
	struct aksu_addr a = addr(text);

	assert_int_equal(ip_addr_add(&b->ip, link, &a, prefix), 0);
}

static inline int bench_route(struct ip_bench *b, int link, const char *dst, unsigned prefix,
			      const char *gateway, uint32_t mtu)
{
	struct aksu_addr d = addr(dst), g = addr(gateway ? gateway : "::");

	return ip_route_add(&b->ip, link, &d, prefix, gateway ? &g : NULL, mtu);
}

/* In place: the allocator points back into it. */
static inline void bench_start(struct ip_bench *b)
{
	struct hash_key key = {1, 2};

	memset(b, 0, sizeof(*b));
	b->fail_after = -1;
	b->now = (instant){seconds(1000).ns};
	b->mem.from = (struct aksu_allocator){bench_alloc, bench_free, b};
	b->mem.budget = BENCH_BUDGET;
	ip_init(&b->ip, &b->mem, &key, b->now);
	assert_int_equal(ip_link_set(&b->ip, 0, 1500), 0);
	assert_int_equal(ip_link_set(&b->ip, 1, 1400), 0);
	bench_add(b, 0, "10.0.0.2", 24);
	bench_add(b, 0, "fd00::2", 64);
	bench_add(b, 0, "fe80::2", 64);
	bench_add(b, 1, "10.1.0.2", 16);
	bench_add(b, 1, "fd01::2", 64);
	assert_int_equal(bench_route(b, 0, "0.0.0.0", 0, "10.0.0.1", 0), 0);
	assert_int_equal(bench_route(b, 0, "::", 0, "fd00::1", 0), 0);
}

/* Everything must have been given back. */
static inline void bench_stop(struct ip_bench *b)
{
	ip_in_release(&b->in);
	ip_fini(&b->ip);
	assert_int_equal(b->mem.used, 0);
}

/* ------------------------------------------------------------------ packets */

struct packet {
	size_t len;
	uint8_t data[PACKET_MAX];
};

struct piece_of {
	uint32_t id;
	uint16_t offset;
	bool more;
};

static inline void packet_v4(struct packet *p, const char *src, const char *dst, uint8_t protocol,
			     const void *payload, size_t n, struct piece_of piece)
{
	struct ipv4 h = {
		.ttl = 64,
		.protocol = protocol,
		.id = (uint16_t)piece.id,
		.offset = piece.offset,
		.more_fragments = piece.more,
		.payload_len = (uint16_t)n,
		.src = addr(src),
		.dst = addr(dst),
	};

	p->len = ipv4_emit(&h, p->data);
	if (n > 0)
		memcpy(p->data + p->len, payload, n);
	p->len += n;
}

static inline void packet_v6(struct packet *p, const char *src, const char *dst, uint8_t next,
			     const void *payload, size_t n)
{
	struct ipv6 h = {
		.next = next,
		.hop_limit = 255,
		.payload_len = (uint16_t)n,
		.src = addr(src),
		.dst = addr(dst),
	};

	p->len = ipv6_emit(&h, p->data);
	if (n > 0)
		memcpy(p->data + p->len, payload, n);
	p->len += n;
}

static inline void fragment_v6_of(struct packet *p, const char *src, const char *dst, uint8_t next,
				  const void *payload, size_t n, struct piece_of piece)
{
	static uint8_t body[PACKET_MAX];
	struct ipv6_fragment f = {.next = next,
				  .more = piece.more,
				  .offset = piece.offset,
				  .id = piece.id};
	size_t head = ipv6_fragment_emit(&f, body);

	memcpy(body + head, payload, n);
	packet_v6(p, src, dst, IP_PROTO_FRAGMENT, body, head + n);
}

/* An ICMP message with its data, in a packet of the family of the addresses. */
static inline void packet_icmp(struct packet *p, const char *src, const char *dst,
			       const struct icmp *m)
{
	static uint8_t body[PACKET_MAX];
	struct aksu_addr s = addr(src), d = addr(dst);
	uint8_t head[ICMP_HEAD_MAX];
	size_t n = aksu_addr_is_v4(&s) ? icmp4_emit(m, head) : icmp6_emit(m, &s, &d, head);

	memcpy(body, head, n);
	if (m->len > 0)
		memcpy(body + n, m->data, m->len);
	if (aksu_addr_is_v4(&s))
		packet_v4(p, src, dst, IP_PROTO_ICMP, body, n + m->len, (struct piece_of){0});
	else
		packet_v6(p, src, dst, IP_PROTO_ICMPV6, body, n + m->len);
}

/* Sums the header of an IPv4 packet again after a test has changed it. */
static inline void reseal_v4(struct packet *p)
{
	struct ipv4_hdr *h = (struct ipv4_hdr *)p->data;

	h->checksum = put16(0);
	h->checksum = put16(csum_finish(csum_of(h, (size_t)(h->version_ihl & 15) * 4)));
}

/* Feeds a packet from a buffer of its exact size, so that a sanitizer sees one octet too far. */
static inline enum aksu_drop bench_feed(struct ip_bench *b, int link, const struct packet *p)
{
	static uint8_t *exact;

	ip_in_release(&b->in);
	free(exact);
	exact = malloc(p->len ? p->len : 1);
	assert_non_null(exact);
	memcpy(exact, p->data, p->len);
	return ip_input(&b->ip, link, exact, p->len, false, b->now, &b->in);
}

/* The ICMP message of a reply; its packet must be well formed. */
static inline struct icmp reply_icmp(const struct ip_reply *r)
{
	const uint8_t *data;
	struct icmp m;

	assert_non_null(r->payload.block);
	assert_int_equal(r->payload.len, r->out.payload_len);
	data = r->payload.block->data + r->payload.at;
	if (aksu_addr_is_v4(&r->out.dst))
		assert_int_equal(icmp4_parse(data, r->payload.len, &m), AKSU_DROP_NONE);
	else
		assert_int_equal(icmp6_parse(data, r->payload.len, &r->out.src, &r->out.dst, &m),
				 AKSU_DROP_NONE);
	return m;
}

static inline bool is_addr(const struct aksu_addr *a, const char *text)
{
	struct aksu_addr want = addr(text);

	return aksu_addr_equal(a, &want);
}

#endif
