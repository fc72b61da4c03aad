/* SPDX-License-Identifier: MIT */
/*
 * support/dhcp_lab.c - see support/dhcp_lab.h.
 */
#include "support/dhcp_lab.h"

#include "wire/addr.h"
#include "wire/arp.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

const struct mac LAB_CLIENT = {{2, 0, 0, 0, 0, 1}}, LAB_SERVER = {{2, 0, 0, 0, 0, 0x99}},
		 LAB_OTHER = {{2, 0, 0, 0, 0, 0x77}};

const struct lab_gift LAB_GIFT = {
	.addr = "10.0.0.50",
	.server = "10.0.0.1",
	.mask = "255.255.255.0",
	.router = "10.0.0.1",
	.lease = 3600,
};

struct aksu_addr lab_addr(const char *text)
{
	struct aksu_addr a;

	if (!aksu_addr_parse(text, &a))
		fail_msg("%s does not parse", text);
	return a;
}

/* ------------------------------------------------------------------ memory */

static void *give(void *ctx, size_t size, size_t align)
{
	struct lab *b = ctx;

	if (b->fail_after == 0)
		return NULL;
	if (b->fail_after > 0)
		b->fail_after--;
	b->held += size;
	return aligned_alloc(align, (size + align - 1) / align * align);
}

static void take_back(void *ctx, void *p, size_t size)
{
	((struct lab *)ctx)->held -= size;
	free(p);
}

struct aksu_allocator lab_allocator(struct lab *b)
{
	return (struct aksu_allocator){give, take_back, b};
}

/* ------------------------------------------------------------------ frames */

static void give_frame(struct lab *b, const uint8_t *frame, size_t n)
{
	struct aksu_rx rx = {.data = frame, .len = (uint32_t)n, .link = (uint16_t)b->link};

	(void)aksu_input(b->s, &rx, 1, b->now);
}

static void answer_arp(struct lab *b, const struct arp *q, struct mac by)
{
	struct arp a = {.op = ARP_REPLY, .sha = by, .spa = q->tpa, .tha = q->sha, .tpa = q->spa};
	struct eth eth = {q->sha, by, ETH_TYPE_ARP};
	uint8_t frame[ETH_HDR_LEN + ARP_LEN];

	eth_emit(&eth, frame);
	arp_emit(&a, frame + ETH_HDR_LEN);
	give_frame(b, frame, sizeof(frame));
}

static void hear_arp(struct lab *b, const uint8_t *data, size_t n)
{
	struct aksu_addr server = lab_addr("10.0.0.1");
	struct arp q;

	assert_int_equal(arp_parse(data, n, &q), AKSU_DROP_NONE);
	b->probes += addr_is_unspecified(&q.spa);
	if (addr_eq(&q.tpa, &b->occupied))
		answer_arp(b, &q, LAB_OTHER);
	else if (addr_eq(&q.tpa, &server) && !b->deaf)
		answer_arp(b, &q, LAB_SERVER);
}

static void hear_udp(struct lab *b, const struct eth *eth, const struct ipv4 *ip)
{
	struct lab_message *at = &b->heard[(b->first + b->count) % LAB_HEARD];
	struct udp u;

	assert_int_equal(udp_parse(ip->payload, ip->payload_len, &u), AKSU_DROP_NONE);
	assert_true(udp_checksum_good(&ip->src, &ip->dst, ip->payload));
	assert_true(b->count++ < LAB_HEARD);
	*at = (struct lab_message){
		.at = b->now,
		.to = eth->dst,
		.src = ip->src,
		.dst = ip->dst,
		.src_port = u.src_port,
		.dst_port = u.dst_port,
		.len = u.text_len,
	};
	memcpy(at->bytes, u.text, u.text_len);
	assert_true(dhcp_parse(at->bytes, at->len, &at->m));
}

static void hear_frame(struct lab *b, const uint8_t *frame, size_t n)
{
	struct ipv4 ip;
	struct eth eth;

	assert_int_equal(eth_parse(frame, n, &eth), AKSU_DROP_NONE);
	assert_true(mac_eq(eth.src, LAB_CLIENT));
	if (eth.type == ETH_TYPE_ARP) {
		hear_arp(b, frame + ETH_HDR_LEN, n - ETH_HDR_LEN);
		return;
	}
	if (eth.type != ETH_TYPE_IPV4)
		return;
	assert_int_equal(ipv4_parse(frame + ETH_HDR_LEN, n - ETH_HDR_LEN, &ip), AKSU_DROP_NONE);
	if (ip.protocol == 17)
		hear_udp(b, &eth, &ip);
}

static bool carry(struct lab *b)
{
	uint8_t frame[LAB_FRAME];
	struct aksu_tx tx;
	size_t n;

	if (aksu_output(b->s, b->link, &tx, 1, b->now) == 0)
		return false;
	n = aksu_tx_copy(&tx, frame, sizeof(frame));
	aksu_tx_done(b->s, &tx, 1);
	hear_frame(b, frame, n);
	return true;
}

void lab_turn(struct lab *b)
{
	struct aksu_ready ready;

	do {
		while (aksu_next_ready(b->s, &ready))
			assert_true(aksu_dhcp_ready(b->d, &ready, b->now));
		aksu_advance(b->s, b->now);
		aksu_dhcp_advance(b->d, b->now);
		assert_true(aksu_dhcp_deadline(b->d) > b->now); /* nothing is left undone */
	} while (carry(b));
}

void lab_pass_until(struct lab *b, aksu_time when)
{
	lab_turn(b);
	for (;;) {
		aksu_time next = aksu_deadline(b->s), mine = aksu_dhcp_deadline(b->d);

		next = mine < next ? mine : next;
		if (next > when)
			break;
		b->now = next > b->now ? next : b->now;
		lab_turn(b);
	}
	b->now = when;
	lab_turn(b);
}

void lab_pass(struct lab *b, aksu_time d) { lab_pass_until(b, b->now + d); }

/* ------------------------------------------------------------------ what is heard */

const struct lab_message *lab_hear(struct lab *b)
{
	struct lab_message *at = &b->heard[b->first % LAB_HEARD];

	if (b->count == 0)
		return NULL;
	b->first++;
	b->count--;
	return at;
}

const struct lab_message *lab_expect(struct lab *b, enum dhcp_kind kind)
{
	const struct lab_message *at = lab_hear(b);

	assert_non_null(at);
	assert_int_equal(at->m.kind, kind);
	assert_false(at->m.reply);
	assert_int_equal(at->src_port, 68);
	assert_int_equal(at->dst_port, 67);
	assert_true(mac_eq(at->m.chaddr, LAB_CLIENT));
	return at;
}

void lab_silent(struct lab *b) { assert_null(lab_hear(b)); }

void lab_news(struct lab *b, enum aksu_dhcp_happened what, struct aksu_dhcp_news *out)
{
	struct aksu_dhcp_news news;

	assert_true(aksu_dhcp_news(b->d, &news));
	assert_int_equal(news.what, what);
	if (out != NULL)
		*out = news;
}

/* ------------------------------------------------------------------ what is said */

void lab_send(struct lab *b, uint16_t from, uint16_t to, const uint8_t *data, size_t n)
{
	struct aksu_addr src = lab_addr("10.0.0.1"), dst = lab_addr("255.255.255.255");
	struct eth eth = {MAC_BROADCAST, LAB_SERVER, ETH_TYPE_IPV4};
	struct udp u = {.src_port = from, .dst_port = to, .text_len = (uint16_t)n, .text = data};
	struct ipv4 ip = {
		.ttl = 64,
		.protocol = 17,
		.payload_len = (uint16_t)(UDP_HDR_LEN + n),
		.src = src,
		.dst = dst,
	};
	uint8_t frame[LAB_FRAME];
	size_t at = eth_emit(&eth, frame);

	assert_true(n <= LAB_FRAME - 50);
	at += ipv4_emit(&ip, frame + at);
	memcpy(frame + at + UDP_HDR_LEN, data, n);
	u.text = frame + at + UDP_HDR_LEN;
	at += udp_emit(&u, &src, &dst, frame + at);
	give_frame(b, frame, at + n);
	lab_turn(b);
}

static void put_text_addr(struct dhcp_writer *w, uint8_t code, const char *text)
{
	struct aksu_addr a;

	if (text == NULL)
		return;
	a = lab_addr(text);
	dhcp_put_addr(w, code, &a);
}

static void put_gift(struct dhcp_writer *w, const struct lab_gift *g)
{
	put_text_addr(w, DHCP_SERVER, g->server);
	put_text_addr(w, DHCP_MASK, g->mask);
	put_text_addr(w, DHCP_ROUTER, g->router);
	put_text_addr(w, DHCP_DNS, g->dns);
	if (g->lease != 0)
		dhcp_put_u32(w, DHCP_LEASE_TIME, g->lease);
	if (g->t1 != 0)
		dhcp_put_u32(w, DHCP_T1, g->t1);
	if (g->t2 != 0)
		dhcp_put_u32(w, DHCP_T2, g->t2);
	if (g->mtu != 0)
		dhcp_put_u16(w, DHCP_MTU, g->mtu);
	if (g->extra_len > 0) {
		memcpy(w->out + w->n, g->extra, g->extra_len);
		w->n += g->extra_len;
	}
}

void lab_say(struct lab *b, const struct lab_message *to, enum dhcp_kind kind,
	     const struct lab_gift *gift)
{
	struct dhcp m = {
		.reply = true,
		.kind = (uint8_t)kind,
		.xid = to->m.xid,
		.chaddr = LAB_CLIENT,
	};
	uint8_t out[1200];
	struct dhcp_writer w;

	if (gift->addr != NULL)
		m.yiaddr = lab_addr(gift->addr);
	w = dhcp_emit(&m, out, sizeof(out));
	put_gift(&w, gift);
	lab_send(b, DHCP_SERVER_PORT, DHCP_CLIENT_PORT, out, dhcp_end(&w));
}

void lab_bind(struct lab *b, const struct lab_gift *gift)
{
	lab_turn(b);
	lab_say(b, lab_expect(b, DHCP_DISCOVER), DHCP_OFFER, gift);
	lab_say(b, lab_expect(b, DHCP_REQUEST), DHCP_ACK, gift);
	lab_pass(b, AKSU_SECOND);
	assert_int_equal(aksu_dhcp_state(b->d), AKSU_DHCP_BOUND);
	lab_news(b, AKSU_DHCP_GOT, NULL);
}

/* ------------------------------------------------------------------ life */

void lab_start(struct lab *b, const struct aksu_dhcp_config *config)
{
	struct aksu_config stack = {.size = sizeof(stack), .entropy = {7}};
	struct aksu_link_config link = {.size = sizeof(link),
					.kind = AKSU_LINK_ETHERNET,
					.mtu = 1500};
	struct aksu_dhcp_config c = {.entropy = {9}};

	*b = (struct lab){.fail_after = -1, .now = 1000 * AKSU_SECOND};
	if (config != NULL)
		c = *config;
	stack.allocator = lab_allocator(b);
	b->s = aksu_new(&stack, b->now);
	assert_non_null(b->s);
	memcpy(link.mac, LAB_CLIENT.b, sizeof(link.mac));
	b->link = aksu_link_add(b->s, &link, b->now);
	assert_true(b->link >= 0);
	c.size = sizeof(c);
	c.stack = b->s;
	c.link = b->link;
	c.allocator = stack.allocator;
	memcpy(c.mac, LAB_CLIENT.b, sizeof(c.mac));
	b->d = aksu_dhcp_new(&c, b->now);
	assert_non_null(b->d);
}

void lab_end(struct lab *b)
{
	aksu_dhcp_free(b->d);
	aksu_free(b->s);
	assert_int_equal(b->held, 0);
}
