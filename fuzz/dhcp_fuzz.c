/* SPDX-License-Identifier: MIT */
/*
 * A DHCP client, whole, with servers that say anything. The input is a list of steps:
 *
 *    octet 0: what happens (modulo 8); octet 1: its argument, or the length of what follows
 *
 * After each step nothing is left undone, the link has at most one address, of a host, an MTU that
 * IPv6 can live with, and no more was sent than a moment allows; at the end all memory is back.
 */
#include <stdlib.h>
#include <string.h>

#include <aksu/dhcp.h>

#include "support/fuzz.h"
#include "wire/addr.h"
#include "wire/arp.h"
#include "wire/dhcp.h"
#include "wire/ipv4.h"
#include "wire/udp.h"

enum { FRAME = 2048, SENT_MAX = 40 };

struct world {
	struct aksu *s;
	struct aksu_dhcp *d;
	int link;
	aksu_time now;
	size_t live;
	uint32_t xid;          /* of what the client sent last */
	struct aksu_addr last; /* that it asked for */
	unsigned sent;
};

static const struct mac CLIENT = {{2, 0, 0, 0, 0, 1}}, SERVER = {{2, 0, 0, 0, 0, 2}};

static void give_frame(struct world *w, const uint8_t *frame, size_t n)
{
	struct aksu_rx rx = {.data = frame, .len = (uint32_t)n, .link = (uint16_t)w->link};

	(void)aksu_input(w->s, &rx, 1, w->now);
}

static void claim(struct world *w, const struct aksu_addr *addr)
{
	struct eth eth = {MAC_BROADCAST, SERVER, ETH_TYPE_ARP};
	struct arp a = {.op = ARP_REPLY, .sha = SERVER, .spa = *addr, .tha = CLIENT, .tpa = *addr};
	uint8_t frame[ETH_HDR_LEN + ARP_LEN];

	eth_emit(&eth, frame);
	arp_emit(&a, frame + ETH_HDR_LEN);
	give_frame(w, frame, sizeof(frame));
}

static void datagram(struct world *w, const uint8_t *text, size_t n)
{
	struct eth eth = {MAC_BROADCAST, SERVER, ETH_TYPE_IPV4};
	struct aksu_addr src = aksu_addr_v4(10, 0, 0, 1), dst = aksu_addr_v4(255, 255, 255, 255);
	struct ipv4 ip = {.ttl = 64,
			  .protocol = 17,
			  .payload_len = (uint16_t)(UDP_HDR_LEN + n),
			  .src = src,
			  .dst = dst};
	struct udp u = {.src_port = 67, .dst_port = 68, .text_len = (uint16_t)n};
	uint8_t frame[FRAME];
	size_t at = eth_emit(&eth, frame);

	at += ipv4_emit(&ip, frame + at);
	memcpy(frame + at + UDP_HDR_LEN, text, n);
	u.text = frame + at + UDP_HDR_LEN;
	at += udp_emit(&u, &src, &dst, frame + at);
	give_frame(w, frame, at + n);
}

/* A header that the client looks at, and any options behind it. */
static void letter(struct world *w, uint8_t kind, const uint8_t *options, size_t n, bool good)
{
	struct dhcp m = {.reply = true,
			 .kind = kind,
			 .xid = w->xid,
			 .chaddr = CLIENT,
			 .yiaddr = n > 0 ? aksu_addr_v4(10, 0, 0, options[0]) : w->last};
	struct aksu_addr server = aksu_addr_v4(10, 0, 0, 1), mask = aksu_addr_v4(255, 255, 255, 0);
	uint8_t out[1200];
	struct dhcp_writer o = dhcp_emit(&m, out, sizeof(out));

	if (good) {
		dhcp_put_addr(&o, DHCP_SERVER, &server);
		dhcp_put_addr(&o, DHCP_MASK, &mask);
		dhcp_put_u32(&o, DHCP_LEASE_TIME, 60);
	}
	if (n > 0)
		memcpy(out + o.n, options, n);
	datagram(w, out, o.n + n);
}

/* What the client sends must be good in itself. */
static void look(struct world *w, const uint8_t *frame, size_t n)
{
	struct ipv4 ip;
	struct udp u;
	struct dhcp m;

	w->sent++;
	if (ipv4_parse(frame + ETH_HDR_LEN, n - ETH_HDR_LEN, &ip) != AKSU_DROP_NONE ||
	    ip.protocol != 17)
		return;
	must(udp_parse(ip.payload, ip.payload_len, &u) == AKSU_DROP_NONE);
	must(dhcp_parse(u.text, u.text_len, &m) && !m.reply && m.kind <= DHCP_RELEASE);
	w->xid = m.xid;
	(void)dhcp_addr(&m, DHCP_REQUESTED, &w->last);
}

static void turn(struct world *w)
{
	const struct aksu_dhcp_lease *lease;
	struct aksu_ready ready;
	uint8_t frame[FRAME];
	struct aksu_tx tx;

	while (aksu_next_ready(w->s, &ready))
		must(aksu_dhcp_ready(w->d, &ready, w->now));
	aksu_advance(w->s, w->now);
	aksu_dhcp_advance(w->d, w->now);
	must(aksu_dhcp_deadline(w->d) > w->now);
	w->sent = 0;
	while (aksu_output(w->s, w->link, &tx, 1, w->now) == 1) {
		size_t n = aksu_tx_copy(&tx, frame, sizeof(frame));

		aksu_tx_done(w->s, &tx, 1);
		look(w, frame, n);
	}
	must(w->sent < SENT_MAX);
	must(aksu_link_mtu(w->s, w->link) >= 1280 && aksu_link_mtu(w->s, w->link) <= 1500);
	lease = aksu_dhcp_lease(w->d);
	if (lease == NULL)
		return;
	must(addr_v4_bytes(&lease->addr)[0] != 0 && !addr_is_multicast(&lease->addr));
	must(lease->prefix >= 8 && lease->prefix <= 32);
	must(lease->t1 <= lease->t2 && lease->t2 <= lease->expiry);
	must(lease->route_count <= AKSU_DHCP_ROUTES && lease->dns_count <= AKSU_DHCP_DNS);
}

static void step(struct world *w, uint8_t what, uint8_t x)
{
	struct aksu_dhcp_news news;

	switch (what) {
	case 0: w->now += (aksu_time)x * x * 10 * AKSU_MILLISECOND; break;
	case 1: w->now += (aksu_time)x * 100 * AKSU_SECOND; break;
	case 2: letter(w, x % 9, NULL, 0, true); break;
	case 3: claim(w, &w->last); break;
	case 4:
		if (x == 0)
			aksu_dhcp_release(w->d, w->now);
		else if (x == 1)
			aksu_dhcp_confirm(w->d, w->now);
		while (aksu_dhcp_news(w->d, &news))
			must(news.why != NULL);
		break;
	default: break;
	}
}

static void start(struct world *w)
{
	struct aksu_config config = {.size = sizeof(config), .entropy = {1}, .budget = 1 << 20};
	struct aksu_link_config link = {.size = sizeof(link),
					.kind = AKSU_LINK_ETHERNET,
					.mtu = 1500};
	struct aksu_dhcp_config c = {.size = sizeof(c), .entropy = {2}};

	config.allocator = (struct aksu_allocator){fuzz_alloc, fuzz_free, &w->live};
	w->s = aksu_new(&config, w->now);
	must(w->s != NULL);
	memcpy(link.mac, CLIENT.b, sizeof(link.mac));
	w->link = aksu_link_add(w->s, &link, w->now);
	c.stack = w->s;
	c.link = w->link;
	c.allocator = config.allocator;
	memcpy(c.mac, CLIENT.b, sizeof(c.mac));
	w->d = aksu_dhcp_new(&c, w->now);
	must(w->d != NULL);
	turn(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = {.now = 1000 * AKSU_SECOND, .last = aksu_addr_v4(10, 0, 0, 50)};

	start(&w);
	while (size >= 2) {
		uint8_t what = data[0] % 8, x = data[1];
		size_t n = x < size - 2 ? x : size - 2;

		data += 2;
		size -= 2;
		if (what < 5) {
			step(&w, what, x);
		} else {
			if (what == 5)
				datagram(&w, data, n);
			else if (n > 0)
				letter(&w, data[0] % 9, data + 1, n - 1, what == 6);
			data += n;
			size -= n;
		}
		turn(&w);
	}
	aksu_dhcp_free(w.d);
	aksu_free(w.s);
	must(w.live == 0);
	return 0;
}
