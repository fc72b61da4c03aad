/* SPDX-License-Identifier: MIT */
/*
 * ip_input - packets of any kind into the Internet layer, one after the other.
 *
 * An input is a list of records: an octet of control, two of length, a packet. Bit 0 and 1 of the
 * control choose the link (3: the instance itself), bit 2 says that the frame was a broadcast, bit
 * 3 mends the checksums so that mutations get behind them, the upper four bits let time pass.
 *
 * What must hold: pointers lie in the packet or its block, replies are well formed, limits are
 * kept, and at the end all memory is back.
 */
#include <stdlib.h>

#include "ip/ip.h"
#include "support/fuzz.h"
#include "wire/checksum.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

enum { BUDGET = 1 << 20 };

static void *take(void *ctx, size_t size, size_t align)
{
	(void)ctx;
	(void)align;
	return malloc(size);
}

static void give(void *ctx, void *mem, size_t size)
{
	(void)ctx;
	(void)size;
	free(mem);
}

static struct aksu_addr addr(const char *text)
{
	struct aksu_addr a;

	must(aksu_addr_parse(text, &a));
	return a;
}

static void start(struct ip *ip, struct mem *mem, instant now)
{
	struct hash_key key = {1, 2};
	struct aksu_addr a = addr("10.0.0.2"), b = addr("fd00::2"), c = addr("10.0.0.1"),
			 any4 = addr("0.0.0.0"), any6 = addr("::"), d = addr("fd00::1");

	ip_init(ip, mem, &key, now);
	must(ip_link_set(ip, 0, 1500) == 0 && ip_link_set(ip, 1, 1400) == 0);
	must(ip_addr_add(ip, 0, &a, 24) == 0 && ip_addr_add(ip, 0, &b, 64) == 0);
	must(ip_route_add(ip, 0, &any4, 0, &c, 0) == 0);
	must(ip_route_add(ip, 0, &any6, 0, &d, 0) == 0);
}

/* ------------------------------------------------------------------ checksums */

static void mend_icmp4(uint8_t *icmp, size_t n)
{
	uint16_t sum;

	if (n < 4)
		return;
	icmp[2] = icmp[3] = 0;
	sum = csum_finish(csum_of(icmp, n));
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
}

static void mend_v4(uint8_t *p, size_t n)
{
	size_t head = (size_t)(p[0] & 15) * 4;
	struct ipv4_hdr *h = (struct ipv4_hdr *)p;

	if (head < IPV4_HDR_LEN || n < head)
		return;
	if (h->protocol == IP_PROTO_ICMP && get16(h->total_len) == n)
		mend_icmp4(p + head, n - head);
	h->checksum = put16(0);
	h->checksum = put16(csum_finish(csum_of(p, head)));
}

static void mend_v6(uint8_t *p, size_t n)
{
	struct aksu_addr src, dst;
	uint16_t sum;

	if (n < IPV6_HDR_LEN + 4 || p[6] != IP_PROTO_ICMPV6)
		return;
	memcpy(src.b, p + 8, 16);
	memcpy(dst.b, p + 24, 16);
	p[42] = p[43] = 0;
	sum = csum_finish(csum_add(csum_pseudo(&src, &dst, IP_PROTO_ICMPV6, (uint32_t)n - 40),
				   csum_of(p + 40, n - 40)));
	p[42] = (uint8_t)(sum >> 8);
	p[43] = (uint8_t)sum;
}

/* ------------------------------------------------------------------ what must hold */

static void check_reply(struct ip *ip, const struct ip_reply *r, instant now)
{
	const uint8_t *message = r->payload.block->data + r->payload.at;
	uint8_t header[IP_HEADER_MAX];
	struct ip_fragments f;
	uint32_t at, len, next = 0;
	struct icmp m;

	must(r->payload.len == r->out.payload_len);
	if (aksu_addr_is_v4(&r->out.dst))
		must(icmp4_parse(message, r->payload.len, &m) == AKSU_DROP_NONE);
	else
		must(icmp6_parse(message, r->payload.len, &r->out.src, &r->out.dst, &m) ==
		     AKSU_DROP_NONE);
	ip_fragments_start(&f, ip, &r->out, 1280);
	while (ip_fragment(&f, header, &at, &len) != 0) {
		must(at == next && len <= 1280);
		next += len;
	}
	must(next == r->payload.len);
	(void)now;
}

static void check_delivered(struct ip *ip, struct ip_in *in, instant now)
{
	struct ip_reply r;

	must(in->payload >= in->packet);
	must(in->payload + in->len <= in->packet + in->packet_len);
	must(in->protocol == IP_PROTO_TCP || in->protocol == IP_PROTO_UDP);
	must(ip_valid_remote(ip, &in->src));
	if (ip_unreachable(ip, in, IP_REFUSE_PORT, now, &r)) {
		must(in->cast == IP_UNICAST);
		check_reply(ip, &r, now);
		block_unref(r.payload.block);
	}
}

static void check_error(struct ip *ip, const struct ip_in *in, instant now)
{
	const struct ip_icmp_error *e = &in->error;
	struct ip_path path;

	must(e->transport_len >= 8);
	must(e->transport + e->transport_len <= in->packet + in->packet_len);
	must(ip_is_ours(ip, &e->src));
	if (e->kind != IP_ERROR_TOO_BIG)
		return;
	ip_pmtu_learn(ip, &e->dst, e->mtu, e->quoted_len, now);
	if (ip_route(ip, &e->dst, NULL, &path) == 0)
		must(path.pmtu >= (aksu_addr_is_v4(&e->dst) ? 552 : 1280));
}

static void feed(struct ip *ip, uint8_t control, const uint8_t *data, size_t n, instant now)
{
	static const int links[4] = {0, 0, 1, IP_LOCAL};
	uint8_t *p = malloc(n ? n : 1); /* of its exact size: a sanitizer sees one octet too far */
	struct ip_in in;
	enum aksu_drop why;

	must(p != NULL);
	if (n > 0)
		memcpy(p, data, n);
	if (control & 8 && n >= IPV4_HDR_LEN && ip_version(p) == 4)
		mend_v4(p, n);
	if (control & 8 && n >= IPV6_HDR_LEN && ip_version(p) == 6)
		mend_v6(p, n);
	why = ip_input(ip, links[control & 3], p, n, control & 4, now, &in);
	must(why == AKSU_DROP_NONE || in.kind == IP_CONSUMED || in.kind == IP_REPLY);
	must((in.kind == IP_REPLY) == (in.reply.payload.block != NULL));
	if (in.kind == IP_REPLY)
		check_reply(ip, &in.reply, now);
	if (in.kind == IP_DELIVER)
		check_delivered(ip, &in, now);
	if (in.kind == IP_ICMP_ERROR)
		check_error(ip, &in, now);
	ip_in_release(&in);
	free(p);
}

static void let_pass(struct ip *ip, instant now)
{
	struct ip_reply r;

	while (ip_advance(ip, now, &r) != AKSU_DROP_NONE)
		if (r.payload.block) {
			check_reply(ip, &r, now);
			block_unref(r.payload.block);
		}
	must(!due(ip_deadline(ip), now));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mem mem = {.from = {take, give, NULL}, .budget = BUDGET};
	struct cur c = {data, data + size};
	instant now = {seconds(1).ns};
	const uint8_t *head, *packet;
	struct ip ip;

	start(&ip, &mem, now);
	while ((head = cur_take(&c, 3)) != NULL) {
		size_t n = min_size((size_t)head[1] << 8 | head[2], cur_left(&c));

		packet = cur_take(&c, n);
		feed(&ip, head[0], packet, n, now);
		now = after(now, seconds((uint64_t)(head[0] >> 4) * 5));
		let_pass(&ip, now);
		must(mem.used <= BUDGET && ip.reasm.octets <= BUDGET / 8);
	}
	ip_fini(&ip);
	must(mem.used == 0);
	return 0;
}
