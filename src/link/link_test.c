/* SPDX-License-Identifier: MIT */
/*
 * A link among neighbours that the test plays: ARP (RFC 826, RFC 1122 2.3.2), neighbour discovery
 * (RFC 4861), the queue behind an unanswered question, and what comes back when memory ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/ether.h"
#include "wire/arp.h"
#include "wire/checksum.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"

/* ------------------------------------------------------------------ the bench */

static const struct mac OURS = {{2, 0, 0, 0, 0, 1}}, PEER = {{2, 0, 0, 0, 0, 2}},
			OTHER = {{2, 0, 0, 0, 0, 3}};

struct bench {
	struct mem mem;
	size_t live;     /* octets given out by the allocator */
	long fail_after; /* allocations until one fails; negative: none does */
	struct link link;
	instant now;
	struct aksu_tx tx; /* the frame taken last */
	unsigned released; /* blocks that were given back */
};

static void *give(void *ctx, size_t size, size_t align)
{
	struct bench *b = ctx;

	if (b->fail_after == 0)
		return NULL;
	if (b->fail_after > 0)
		b->fail_after--;
	b->live += size;
	return aligned_alloc(align, (size + align - 1) / align * align);
}

static void take_back(void *ctx, void *p, size_t size)
{
	((struct bench *)ctx)->live -= size;
	free(p);
}

static struct aksu_addr addr(const char *text)
{
	struct aksu_addr a;

	if (!aksu_addr_parse(text, &a))
		fail_msg("%s does not parse", text);
	return a;
}

static int start(struct bench *b, enum aksu_link_kind kind)
{
	struct aksu_link_config config = {.size = sizeof(config), .kind = kind, .mtu = 1500};
	struct hash_key key = {1, 2};

	b->mem = (struct mem){.from = {give, take_back, b}, .budget = (size_t)1 << 30};
	b->now = (instant){1000000000};
	memcpy(config.mac, OURS.b, 6);
	return link_init(&b->link, &b->mem, &config, &key);
}

/* Takes one frame that the link wants to send; false: none. */
static bool sent(struct bench *b) { return link_take(&b->link, &b->tx, 1) == 1; }

/* On Ethernet, as 10.0.0.1 and fd00::1; announcements are over. */
static void on_ethernet(struct bench *b)
{
	struct aksu_addr v4 = addr("10.0.0.1"), v6 = addr("fd00::1");

	*b = (struct bench){.fail_after = -1};
	assert_int_equal(start(b, AKSU_LINK_ETHERNET), 0);
	assert_int_equal(link_addr_add(&b->link, &v4, b->now), 0);
	assert_int_equal(link_addr_add(&b->link, &v6, b->now), 0);
	while (sent(b))
		;
}

static void finish(struct bench *b)
{
	link_fini(&b->link);
	assert_int_equal(b->live, 0);
	assert_int_equal(b->mem.used, 0);
}

static void wait_ms(struct bench *b, unsigned ms)
{
	b->now = after(b->now, milliseconds(ms));
	link_advance(&b->link, b->now);
}

static void on_release(void *ctx, void *mem, size_t size)
{
	(void)mem, (void)size;
	((struct bench *)ctx)->released++;
}

/* Sends one packet of our own to a next hop, with one piece of payload; its TTL carries `mark`. */
static enum link_verdict send_to(struct bench *b, const char *hop, uint8_t mark)
{
	static uint8_t payload[4];
	struct aksu_addr to = addr(hop), from = addr(addr_is_v4(&to) ? "10.0.0.1" : "fd00::1");
	struct aksu_tx tx = {.packet = mark, .pieces = 1};
	enum link_verdict verdict;
	long fail_after = b->fail_after;
	size_t n;

	if (addr_is_v4(&to)) {
		struct ipv4 ip = {
			.ttl = mark, .protocol = 6, .payload_len = 4, .src = from, .dst = to};

		n = ipv4_emit(&ip, tx.head + ETH_HDR_LEN);
	} else {
		struct ipv6 ip = {
			.hop_limit = mark, .next = 6, .payload_len = 4, .src = from, .dst = to};

		n = ipv6_emit(&ip, tx.head + ETH_HDR_LEN);
	}
	b->fail_after = -1;
	tx.head_len = (uint16_t)(ETH_HDR_LEN + n);
	tx.len = tx.head_len + 4u;
	tx.piece[0] =
		(struct aksu_piece){payload, 4, block_lend(&b->mem, payload, 4, on_release, b)};
	b->fail_after = fail_after;
	verdict = link_output(&b->link, &tx, &to, b->now);
	if (verdict == LINK_SEND)
		b->tx = tx;
	if (verdict != LINK_WAIT)
		link_release(&tx);
	assert_int_equal(tx.pieces, 0);
	return verdict;
}

static uint8_t mark_of(const struct aksu_tx *tx)
{
	return tx->head[ETH_HDR_LEN] >> 4 == 4 ? tx->head[ETH_HDR_LEN + 8]
					       : tx->head[ETH_HDR_LEN + 7];
}

static enum aksu_drop receive(struct bench *b, struct mac src, struct mac dst, uint16_t type,
			      const uint8_t *payload, size_t n, struct link_in *in)
{
	uint8_t frame[256];
	struct eth eth = {dst, src, type};

	eth_emit(&eth, frame);
	memcpy(frame + ETH_HDR_LEN, payload, n);
	return link_input(&b->link, frame, ETH_HDR_LEN + n, b->now, in);
}

static enum aksu_drop receive_arp(struct bench *b, uint16_t op, struct mac sha, const char *spa,
				  const char *tpa)
{
	struct arp arp = {.op = op, .sha = sha, .spa = addr(spa), .tpa = addr(tpa)};
	uint8_t packet[ARP_LEN + 18] = {0}; /* padded to the least that Ethernet carries */
	struct link_in in;
	enum aksu_drop drop;

	arp_emit(&arp, packet);
	drop = receive(b, sha, op == ARP_REQUEST ? MAC_BROADCAST : OURS, ETH_TYPE_ARP, packet,
		       sizeof(packet), &in);
	assert_int_equal(in.version, 0);
	return drop;
}

/* The frame taken last, as an ARP packet. */
static struct arp sent_arp(const struct bench *b)
{
	struct arp arp;

	assert_int_equal(b->tx.len, ETH_HDR_LEN + ARP_LEN);
	assert_int_equal(b->tx.head_len, b->tx.len);
	assert_int_equal(arp_parse(b->tx.head + ETH_HDR_LEN, ARP_LEN, &arp), AKSU_DROP_NONE);
	assert_true(mac_eq(arp.sha, OURS));
	return arp;
}

static void assert_frame(const struct bench *b, struct mac dst, uint16_t type)
{
	struct eth eth;

	assert_int_equal(eth_parse(b->tx.head, b->tx.head_len, &eth), AKSU_DROP_NONE);
	assert_memory_equal(eth.dst.b, dst.b, 6);
	assert_memory_equal(eth.src.b, OURS.b, 6);
	assert_int_equal(eth.type, type);
}

static bool same(const struct aksu_addr *a, const char *text)
{
	struct aksu_addr b = addr(text);

	return addr_eq(a, &b);
}

static bool spa_is(const struct bench *b, const char *text)
{
	struct arp arp = sent_arp(b);

	return same(&arp.spa, text);
}

static enum neighbour_state state_of(struct bench *b, const char *text)
{
	struct aksu_addr a = addr(text);
	struct neighbour *n = neighbour_find(&b->link, &a);

	assert_non_null(n);
	return n->state;
}

static bool is_known(struct bench *b, const char *text)
{
	struct aksu_addr a = addr(text);

	return neighbour_find(&b->link, &a) != NULL;
}

/* Makes a neighbour REACHABLE by question and answer. */
static void resolve(struct bench *b, const char *text)
{
	assert_int_equal(send_to(b, text, 1), LINK_WAIT);
	assert_true(sent(b)); /* the question */
	assert_int_equal(receive_arp(b, ARP_REPLY, PEER, text, "10.0.0.1"), AKSU_DROP_NONE);
	assert_true(sent(b)); /* the packet */
	link_release(&b->tx);
	assert_int_equal(state_of(b, text), NEIGHBOUR_REACHABLE);
}

/* ------------------------------------------------------------------ framing */

static void ip_link_goes_by_the_version(void **state)
{
	static const struct {
		uint8_t first;
		enum aksu_drop drop;
	} rows[] = {
		/* 1 */ {0x45, AKSU_DROP_NONE},
		/* 2 */ {0x60, AKSU_DROP_NONE},
		/* 3 */ {0x50, AKSU_DROP_IP_VERSION},
		/* 4 */ {0x00, AKSU_DROP_IP_VERSION},
	};
	struct bench b = {.fail_after = -1};
	struct aksu_addr hop = addr("10.0.0.9");
	struct aksu_tx tx = {.len = 20};
	struct link_in in;

	(void)state;
	assert_int_equal(start(&b, AKSU_LINK_IP), 0);
	assert_int_equal(link_head_len(&b.link), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(link_input(&b.link, &rows[i].first, 1, b.now, &in), rows[i].drop);
	assert_int_equal(link_input(&b.link, NULL, 0, b.now, &in), AKSU_DROP_FRAME_SHORT);
	assert_int_equal(link_output(&b.link, &tx, &hop, b.now), LINK_SEND);
	assert_int_equal(link_addr_add(&b.link, &hop, b.now), 0);
	link_confirm(&b.link, &hop, b.now);
	link_suspect(&b.link, &hop, b.now);
	assert_false(sent(&b) || link_wants_output(&b.link));
	assert_true(is_never(link_deadline(&b.link)));
	assert_int_equal(b.mem.used, 0);
	finish(&b);
}

static void frames_are_taken_by_address_and_type(void **state)
{
	static const struct {
		struct mac dst;
		uint16_t type;
		uint8_t first;
		enum aksu_drop drop;
		bool broadcast;
	} rows[] = {
		/* 1 */ {{{2, 0, 0, 0, 0, 1}}, 0x0800, 0x45, AKSU_DROP_NONE, false},
		/* 2 */ {{{2, 0, 0, 0, 0, 1}}, 0x86dd, 0x60, AKSU_DROP_NONE, false},
		/* 3 */ {{{255, 255, 255, 255, 255, 255}}, 0x0800, 0x45, AKSU_DROP_NONE, true},
		/* 4 */ {{{1, 0, 0x5e, 0, 0, 1}}, 0x0800, 0x45, AKSU_DROP_NONE, true},
		/* 5 */ {{{0x33, 0x33, 0xff, 0, 0, 1}}, 0x86dd, 0x60, AKSU_DROP_NONE, true},
		/* 6 */ {{{2, 0, 0, 0, 0, 9}}, 0x0800, 0x45, AKSU_DROP_FRAME_NOT_OURS, false},
		/* 7: spanning tree */
		{{{1, 0x80, 0xc2, 0, 0, 0}}, 0x0800, 0x45, AKSU_DROP_FRAME_NOT_OURS, false},
		/* 8 */ {{{2, 0, 0, 0, 0, 1}}, 0x88cc, 0x45, AKSU_DROP_FRAME_TYPE, false},
		/* 9: VLAN */ {{{2, 0, 0, 0, 0, 1}}, 0x8100, 0x45, AKSU_DROP_FRAME_TYPE, false},
		/* 10 */ {{{2, 0, 0, 0, 0, 1}}, 0x0800, 0x60, AKSU_DROP_IP_VERSION, false},
		/* 11 */ {{{2, 0, 0, 0, 0, 1}}, 0x86dd, 0x45, AKSU_DROP_IP_VERSION, false},
	};
	struct link_in in;
	struct bench b;

	(void)state;
	on_ethernet(&b);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(receive(&b, PEER, rows[i].dst, rows[i].type, &rows[i].first, 1,
					 &in),
				 rows[i].drop);
		if (rows[i].drop != AKSU_DROP_NONE)
			continue;
		assert_int_equal(in.version, rows[i].first >> 4);
		assert_int_equal(in.len, 1);
		assert_int_equal(in.broadcast, rows[i].broadcast);
		assert_true(mac_eq(in.src, PEER));
	}
	for (size_t n = 0; n < ETH_HDR_LEN; n++)
		assert_int_equal(link_input(&b.link, OURS.b, min_size(n, 6), b.now, &in),
				 AKSU_DROP_FRAME_SHORT);
	finish(&b);
}

static void a_group_is_no_station(void **state)
{
	struct aksu_link_config config = {.kind = AKSU_LINK_ETHERNET, .mtu = 1500, .mac = {1}};
	struct bench b = {.fail_after = -1};
	struct hash_key key = {0, 0};

	(void)state;
	b.mem = (struct mem){.from = {give, take_back, &b}, .budget = 1 << 20};
	assert_int_equal(link_init(&b.link, &b.mem, &config, &key), -AKSU_EINVAL);
	config.mac[0] = 0;
	assert_int_equal(link_init(&b.link, &b.mem, &config, &key), -AKSU_EINVAL);
	finish(&b);
}

static void rfc1112_rfc2464_groups_need_no_question(void **state)
{
	static const struct {
		const char *hop;
		struct mac dst;
	} rows[] = {
		/* 1 */ {"224.0.0.1", {{1, 0, 0x5e, 0, 0, 1}}},
		/* 2: 23 bits */ {"239.255.1.2", {{1, 0, 0x5e, 0x7f, 1, 2}}},
		/* 3 */ {"ff02::1:ff00:1234", {{0x33, 0x33, 0xff, 0, 0x12, 0x34}}},
		/* 4 */ {"255.255.255.255", {{255, 255, 255, 255, 255, 255}}},
	};
	struct bench b;

	(void)state;
	on_ethernet(&b);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(send_to(&b, rows[i].hop, 1), LINK_SEND);
		assert_frame(&b, rows[i].dst, i == 2 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4);
	}
	assert_false(link_wants_output(&b.link));
	finish(&b);
}

/* ------------------------------------------------------------------ ARP */

static void rfc826_request_for_us_is_answered(void **state)
{
	struct bench b;
	struct arp arp;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(receive_arp(&b, ARP_REQUEST, PEER, "10.0.0.2", "10.0.0.1"),
			 AKSU_DROP_NONE);
	assert_true(link_wants_output(&b.link));
	assert_true(sent(&b));
	assert_frame(&b, PEER, ETH_TYPE_ARP);
	arp = sent_arp(&b);
	assert_int_equal(arp.op, ARP_REPLY);
	assert_true(same(&arp.spa, "10.0.0.1") && same(&arp.tpa, "10.0.0.2"));
	assert_true(mac_eq(arp.tha, PEER));
	assert_false(sent(&b));
	/* it will talk to us, so it is in the cache: no question for the answer */
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_STALE);
	assert_int_equal(send_to(&b, "10.0.0.2", 5), LINK_SEND);
	assert_frame(&b, PEER, ETH_TYPE_IPV4);
	finish(&b);
}

static void rfc826_request_for_others_teaches_nothing(void **state)
{
	struct bench b;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(receive_arp(&b, ARP_REQUEST, PEER, "10.0.0.2", "10.0.0.9"),
			 AKSU_DROP_ARP_BAD);
	assert_false(sent(&b));
	assert_false(is_known(&b, "10.0.0.2"));
	finish(&b);
}

static void rfc826_update_only_if_present(void **state)
{
	struct bench b;

	(void)state;
	on_ethernet(&b);
	resolve(&b, "10.0.0.2");
	/* its address moved to another station: used from now on, and verified */
	assert_int_equal(receive_arp(&b, ARP_REQUEST, OTHER, "10.0.0.2", "10.0.0.2"),
			 AKSU_DROP_NONE);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_STALE);
	assert_int_equal(send_to(&b, "10.0.0.2", 5), LINK_SEND);
	assert_frame(&b, OTHER, ETH_TYPE_IPV4);
	finish(&b);
}

static void H12_unsolicited_reply_creates_nothing(void **state)
{
	struct bench b;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(receive_arp(&b, ARP_REPLY, PEER, "10.0.0.2", "10.0.0.1"),
			 AKSU_DROP_ARP_BAD);
	assert_int_equal(receive_arp(&b, ARP_REPLY, PEER, "10.0.0.3", "10.0.0.3"),
			 AKSU_DROP_ARP_BAD);
	assert_false(is_known(&b, "10.0.0.2") || is_known(&b, "10.0.0.3"));
	assert_int_equal(send_to(&b, "10.0.0.2", 1), LINK_WAIT);
	finish(&b);
}

static void H12_unsolicited_reply_for_an_entry_is_doubted(void **state)
{
	struct bench b;

	(void)state;
	on_ethernet(&b);
	resolve(&b, "10.0.0.2");
	assert_int_equal(receive_arp(&b, ARP_REPLY, OTHER, "10.0.0.2", "10.0.0.1"), AKSU_DROP_NONE);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_STALE);
	assert_int_equal(receive_arp(&b, ARP_REPLY, OTHER, "10.0.0.2", "10.0.0.1"), AKSU_DROP_NONE);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_STALE);
	finish(&b);
}

static void rfc5227_probe_is_answered_and_not_learnt(void **state)
{
	struct bench b;
	struct arp arp;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(receive_arp(&b, ARP_REQUEST, PEER, "0.0.0.0", "10.0.0.1"), AKSU_DROP_NONE);
	assert_true(sent(&b));
	arp = sent_arp(&b);
	assert_int_equal(arp.op, ARP_REPLY);
	assert_true(same(&arp.spa, "10.0.0.1") && same(&arp.tpa, "0.0.0.0"));
	assert_false(is_known(&b, "0.0.0.0"));
	assert_int_equal(receive_arp(&b, ARP_REQUEST, PEER, "0.0.0.0", "10.0.0.8"),
			 AKSU_DROP_ARP_BAD);
	finish(&b);
}

static void rfc5227_a_new_address_is_asked_about_and_announced(void **state)
{
	struct aksu_addr a = addr("10.0.0.7");
	struct bench b;
	struct arp arp;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(link_addr_add(&b.link, &a, b.now), 0);
	assert_int_equal(link_addr_add(&b.link, &a, b.now), 0); /* twice is once */
	assert_true(sent(&b));
	assert_frame(&b, MAC_BROADCAST, ETH_TYPE_ARP);
	arp = sent_arp(&b);
	assert_int_equal(arp.op, ARP_REQUEST);
	assert_true(same(&arp.spa, "0.0.0.0") && same(&arp.tpa, "10.0.0.7"));
	assert_true(sent(&b));
	assert_frame(&b, MAC_BROADCAST, ETH_TYPE_ARP);
	arp = sent_arp(&b);
	assert_int_equal(arp.op, ARP_REQUEST);
	assert_true(same(&arp.spa, "10.0.0.7") && same(&arp.tpa, "10.0.0.7"));
	assert_false(sent(&b));
	link_addr_remove(&b.link, &a);
	assert_int_equal(receive_arp(&b, ARP_REQUEST, PEER, "10.0.0.2", "10.0.0.7"),
			 AKSU_DROP_ARP_BAD);
	finish(&b);
}

static void impossible_arp_senders_are_not_believed(void **state)
{
	static const struct {
		struct mac sha;
		const char *spa;
	} rows[] = {
		/* 1: a group */ {{{3, 0, 0, 0, 0, 2}}, "10.0.0.2"},
		/* 2 */ {{{255, 255, 255, 255, 255, 255}}, "10.0.0.2"},
		/* 3 */ {{{0}}, "10.0.0.2"},
		/* 4: ourselves */ {{{2, 0, 0, 0, 0, 1}}, "10.0.0.2"},
		/* 5 */ {{{2, 0, 0, 0, 0, 2}}, "224.0.0.1"},
		/* 6 */ {{{2, 0, 0, 0, 0, 2}}, "255.255.255.255"},
		/* 7 */ {{{2, 0, 0, 0, 0, 2}}, "127.0.0.1"},
	};
	struct bench b;

	(void)state;
	on_ethernet(&b);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(receive_arp(&b, ARP_REQUEST, rows[i].sha, rows[i].spa, "10.0.0.1"),
				 AKSU_DROP_ARP_BAD);
		assert_false(is_known(&b, rows[i].spa));
	}
	assert_false(sent(&b));
	finish(&b);
}

/* ------------------------------------------------------------------ questions and the queue */

static void rfc1122_2_3_2_2_the_newest_packets_wait(void **state)
{
	struct bench b;

	(void)state;
	on_ethernet(&b);
	for (uint8_t mark = 1; mark <= 5; mark++)
		assert_int_equal(send_to(&b, "10.0.0.2", mark), LINK_WAIT);
	assert_int_equal(b.link.drops.queue, 2);
	assert_int_equal(b.released, 2);
	assert_true(sent(&b)); /* one question for all of them */
	assert_frame(&b, MAC_BROADCAST, ETH_TYPE_ARP);
	assert_false(sent(&b));
	assert_int_equal(receive_arp(&b, ARP_REPLY, PEER, "10.0.0.2", "10.0.0.1"), AKSU_DROP_NONE);
	for (uint8_t mark = 3; mark <= 5; mark++) {
		assert_true(sent(&b));
		assert_frame(&b, PEER, ETH_TYPE_IPV4);
		assert_int_equal(mark_of(&b.tx), mark);
		assert_int_equal(b.tx.packet, mark);
		assert_int_equal(b.tx.pieces, 1);
		link_release(&b.tx);
	}
	assert_false(sent(&b));
	assert_int_equal(b.released, 5);
	finish(&b);
}

static void rfc1122_2_3_2_1_one_question_a_second(void **state)
{
	struct bench b;
	unsigned questions = 0;

	(void)state;
	on_ethernet(&b);
	for (unsigned ms = 0; ms < 2000; ms += 10) { /* two seconds of packets */
		send_to(&b, "10.0.0.2", 1);
		while (sent(&b))
			questions++;
		wait_ms(&b, 10);
	}
	while (sent(&b))
		questions++;
	assert_in_range(questions, 2, 3);
	finish(&b);
}

static void rfc4861_7_2_2_three_questions_then_failure(void **state)
{
	struct link_failure failure;
	struct bench b;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(send_to(&b, "10.0.0.2", 42), LINK_WAIT);
	for (int i = 0; i < NEIGHBOUR_QUESTIONS; i++) {
		assert_true(sent(&b));
		assert_int_equal(sent_arp(&b).op, ARP_REQUEST);
		assert_false(sent(&b));
		assert_false(link_take_failure(&b.link, &failure));
		assert_int_equal(link_deadline(&b.link).ns, b.now.ns + 1000000000);
		wait_ms(&b, 999);
		assert_false(sent(&b));
		wait_ms(&b, 1);
	}
	assert_false(sent(&b));
	assert_true(is_never(link_deadline(&b.link)));
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_FAILED);
	assert_int_equal(b.link.drops.failed, 1);
	assert_int_equal(b.released, 1);
	assert_true(link_take_failure(&b.link, &failure));
	assert_true(same(&failure.next_hop, "10.0.0.2"));
	assert_int_equal(failure.len, 20);
	assert_int_equal(failure.packet[8], 42); /* the packet's own header */
	assert_false(link_take_failure(&b.link, &failure));
	/* the next packet asks again */
	assert_int_equal(send_to(&b, "10.0.0.2", 1), LINK_WAIT);
	assert_true(sent(&b));
	finish(&b);
}

static void failures_are_bounded_and_the_newest_kept(void **state)
{
	struct link_failure failure;
	unsigned taken = 0;
	struct bench b;
	char hop[20];

	(void)state;
	on_ethernet(&b);
	for (int i = 0; i < 30; i++) {
		snprintf(hop, sizeof(hop), "10.0.1.%d", i);
		assert_int_equal(send_to(&b, hop, (uint8_t)i), LINK_WAIT);
	}
	for (int i = 0; i < 4; i++)
		wait_ms(&b, 1000);
	while (link_take_failure(&b.link, &failure))
		taken++;
	assert_int_equal(taken, LINK_FAILURES_MAX);
	assert_int_equal(b.link.drops.failed, 30);
	finish(&b);
}

static void questions_come_from_the_address_of_the_packet(void **state)
{
	struct aksu_addr first = addr("10.0.0.1"), second = addr("10.9.0.1");
	struct bench b;

	(void)state;
	on_ethernet(&b);
	link_addr_add(&b.link, &second, b.now);
	while (sent(&b))
		;
	assert_int_equal(send_to(&b, "10.9.0.77", 1), LINK_WAIT); /* sent from 10.0.0.1 */
	assert_true(sent(&b));
	assert_true(spa_is(&b, "10.0.0.1"));
	link_addr_remove(&b.link, &first);
	wait_ms(&b, 1000);
	assert_true(sent(&b)); /* not ours any more: the other one */
	assert_true(spa_is(&b, "10.9.0.1"));
	finish(&b);
}

static void packets_that_wait_are_bounded_over_all_neighbours(void **state)
{
	unsigned waits = 0, drops = 0;
	struct bench b;
	char hop[20];

	(void)state;
	on_ethernet(&b);
	for (int i = 0; i < 200; i++) {
		snprintf(hop, sizeof(hop), "10.0.2.%d", i);
		*(send_to(&b, hop, 1) == LINK_WAIT ? &waits : &drops) += 1;
	}
	assert_int_equal(waits, LINK_WAITING_MAX);
	assert_int_equal(b.link.drops.queue, drops);
	assert_int_equal(b.link.drops.reply,
			 200 - LINK_CONTROL_MAX); /* questions that found no room */
	finish(&b);
	assert_int_equal(b.released, 200);
}

/* ------------------------------------------------------------------ the machine */

static void rfc4861_7_3_3_reachable_stale_delay_probe_failed(void **state)
{
	struct link_failure failure;
	struct bench b;

	(void)state;
	on_ethernet(&b);
	resolve(&b, "10.0.0.2");
	assert_true(is_never(link_deadline(&b.link))); /* nothing ticks */
	wait_ms(&b, 14999);
	assert_int_equal(send_to(&b, "10.0.0.2", 1), LINK_SEND);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_REACHABLE);
	wait_ms(&b, 30001); /* 45 s at most */
	assert_int_equal(send_to(&b, "10.0.0.2", 1), LINK_SEND);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_DELAY);
	wait_ms(&b, 4999);
	assert_false(sent(&b));
	wait_ms(&b, 1);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_PROBE);
	for (int i = 0; i < NEIGHBOUR_QUESTIONS; i++) {
		assert_true(sent(&b));
		assert_frame(&b, PEER, ETH_TYPE_ARP); /* RFC 1122 2.3.2.1 (2): unicast poll */
		assert_false(sent(&b));
		assert_int_equal(send_to(&b, "10.0.0.2", 1), LINK_SEND); /* still used meanwhile */
		wait_ms(&b, 1000);
	}
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_FAILED);
	assert_true(link_take_failure(&b.link, &failure));
	assert_int_equal(failure.len, 0);
	assert_int_equal(send_to(&b, "10.0.0.2", 1), LINK_WAIT);
	assert_true(sent(&b));
	assert_frame(&b, MAC_BROADCAST, ETH_TYPE_ARP);
	finish(&b);
}

static void a_probe_that_is_answered_ends(void **state)
{
	struct bench b;

	(void)state;
	on_ethernet(&b);
	resolve(&b, "10.0.0.2");
	wait_ms(&b, 50000);
	send_to(&b, "10.0.0.2", 1);
	wait_ms(&b, 5000);
	assert_true(sent(&b));
	assert_int_equal(receive_arp(&b, ARP_REPLY, PEER, "10.0.0.2", "10.0.0.1"), AKSU_DROP_NONE);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_REACHABLE);
	assert_true(is_never(link_deadline(&b.link)));
	finish(&b);
}

static void H11_progress_of_tcp_spares_the_question(void **state)
{
	struct aksu_addr hop = addr("10.0.0.2"), nobody = addr("10.0.0.99");
	struct bench b;

	(void)state;
	on_ethernet(&b);
	resolve(&b, "10.0.0.2");
	for (int i = 0; i < 100; i++) { /* twenty minutes of acknowledgements */
		wait_ms(&b, 12000);
		link_confirm(&b.link, &hop, b.now);
		assert_int_equal(send_to(&b, "10.0.0.2", 1), LINK_SEND);
		assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_REACHABLE);
	}
	assert_false(sent(&b));
	wait_ms(&b, 50000);
	send_to(&b, "10.0.0.2", 1);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_DELAY);
	link_confirm(&b.link, &hop, b.now);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_REACHABLE);
	assert_true(is_never(link_deadline(&b.link)));
	link_confirm(&b.link, &nobody, b.now); /* creates nothing */
	assert_false(is_known(&b, "10.0.0.99"));
	finish(&b);
}

static void H11_an_unanswered_question_is_not_confirmed_by_tcp(void **state)
{
	struct aksu_addr hop = addr("10.0.0.2");
	struct bench b;

	(void)state;
	on_ethernet(&b);
	send_to(&b, "10.0.0.2", 1);
	link_confirm(&b.link, &hop, b.now); /* no MAC is known: nothing can be confirmed */
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_INCOMPLETE);
	finish(&b);
}

static void must_20_at_r1_the_neighbour_is_asked(void **state)
{
	struct aksu_addr hop = addr("10.0.0.2");
	struct bench b;

	(void)state;
	on_ethernet(&b);
	resolve(&b, "10.0.0.2");
	link_suspect(&b.link, &hop, b.now);
	link_suspect(&b.link, &hop, b.now); /* once is enough */
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_PROBE);
	assert_true(sent(&b));
	assert_frame(&b, PEER, ETH_TYPE_ARP);
	assert_false(sent(&b));
	for (int i = 0; i < NEIGHBOUR_QUESTIONS; i++)
		wait_ms(&b, 1000);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_FAILED);
	finish(&b);
}

static void a_flood_of_strangers_recycles_its_own(void **state)
{
	struct bench b;
	char spa[20];

	(void)state;
	on_ethernet(&b);
	resolve(&b, "10.0.0.2");
	for (int i = 0; i < 5000; i++) {
		snprintf(spa, sizeof(spa), "10.1.%d.%d", i / 250, i % 250 + 1);
		assert_int_equal(receive_arp(&b, ARP_REQUEST, OTHER, spa, "10.0.0.1"),
				 AKSU_DROP_NONE);
		while (sent(&b))
			;
	}
	assert_int_equal(b.link.ether->neighbours.live, NEIGHBOURS_MAX);
	assert_int_equal(state_of(&b, "10.0.0.2"), NEIGHBOUR_REACHABLE);
	finish(&b);
}

static void the_least_recently_used_is_recycled(void **state)
{
	struct bench b;
	char hop[20];

	(void)state;
	on_ethernet(&b);
	resolve(&b, "10.0.0.2");
	for (int i = 0; i < 3 * NEIGHBOURS_MAX; i++) {
		snprintf(hop, sizeof(hop), "10.1.%d.%d", i / 250, i % 250 + 1);
		send_to(&b, hop, 1);
		if (i < NEIGHBOURS_MAX)
			assert_int_equal(send_to(&b, "10.0.0.2", 1), LINK_SEND);
		assert_true(b.link.ether->neighbours.live <= NEIGHBOURS_MAX);
	}
	assert_false(is_known(&b, "10.0.0.2")); /* not used for long */
	assert_true(is_known(&b, hop));
	finish(&b);
}

/* ------------------------------------------------------------------ neighbour discovery */

struct nd_packet {
	const char *src, *dst;
	uint8_t hop_limit;
	struct icmp m;
};

static enum aksu_drop receive_nd(struct bench *b, const struct nd_packet *p,
				 struct link_router *router)
{
	struct aksu_addr src = addr(p->src), dst = addr(p->dst);
	uint8_t message[ICMP_HEAD_MAX];
	struct link_nd in = {
		.data = message,
		.len = icmp6_emit(&p->m, &src, &dst, message),
		.src = src,
		.dst = dst,
		.hop_limit = p->hop_limit != 0 ? p->hop_limit : 255,
	};

	return link_nd_input(&b->link, &in, b->now, router);
}

static struct nd_packet solicitation(const char *src, const char *dst, const char *target)
{
	return (struct nd_packet){
		.src = src,
		.dst = dst,
		.m = {.kind = ICMP_NEIGHBOUR_SOLICITATION,
		      .target = addr(target),
		      .nd = {.has_source = strcmp(src, "::") != 0, .source = PEER}},
	};
}

static struct nd_packet advertisement(const char *src, const char *dst, unsigned flags,
				      struct mac mac)
{
	return (struct nd_packet){
		.src = src,
		.dst = dst,
		.m = {.kind = ICMP_NEIGHBOUR_ADVERTISEMENT,
		      .target = addr(src),
		      .nd = {.flags = (uint8_t)flags, .has_target = true, .target = mac}},
	};
}

/* The frame taken last, as a message of neighbour discovery. */
static struct icmp sent_nd(const struct bench *b, struct ipv6 *ip)
{
	struct icmp m;

	assert_int_equal(ipv6_parse(b->tx.head + ETH_HDR_LEN, b->tx.head_len - ETH_HDR_LEN, ip),
			 AKSU_DROP_NONE);
	assert_int_equal(ip->hop_limit, 255);
	assert_int_equal(icmp6_parse(ip->payload, ip->payload_len, &ip->src, &ip->dst, &m),
			 AKSU_DROP_NONE);
	return m;
}

static void rfc4861_7_2_4_solicitation_is_answered(void **state)
{
	struct nd_packet ns = solicitation("fd00::2", "ff02::1:ff00:1", "fd00::1");
	struct ipv6 ip;
	struct icmp m;
	struct bench b;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(receive_nd(&b, &ns, NULL), AKSU_DROP_NONE);
	assert_true(sent(&b));
	assert_frame(&b, PEER, ETH_TYPE_IPV6);
	m = sent_nd(&b, &ip);
	assert_int_equal(m.kind, ICMP_NEIGHBOUR_ADVERTISEMENT);
	assert_int_equal(m.nd.flags, ND_SOLICITED | ND_OVERRIDE);
	assert_true(same(&m.target, "fd00::1") && same(&ip.src, "fd00::1") &&
		    same(&ip.dst, "fd00::2"));
	assert_true(m.nd.has_target && mac_eq(m.nd.target, OURS));
	finish(&b);
}

static void rfc4861_7_2_4_answer_waits_for_a_mac_that_was_not_told(void **state)
{
	struct nd_packet ns = solicitation("fd00::2", "fd00::1", "fd00::1");
	struct nd_packet na = advertisement("fd00::2", "fd00::1", ND_SOLICITED | ND_OVERRIDE, PEER);
	struct ipv6 ip;
	struct bench b;

	(void)state;
	on_ethernet(&b);
	ns.m.nd.has_source = false;
	assert_int_equal(receive_nd(&b, &ns, NULL), AKSU_DROP_NONE);
	assert_true(sent(&b));
	assert_int_equal(sent_nd(&b, &ip).kind, ICMP_NEIGHBOUR_SOLICITATION);
	assert_false(sent(&b));
	assert_int_equal(receive_nd(&b, &na, NULL), AKSU_DROP_NONE);
	assert_true(sent(&b));
	assert_frame(&b, PEER, ETH_TYPE_IPV6);
	assert_int_equal(sent_nd(&b, &ip).kind, ICMP_NEIGHBOUR_ADVERTISEMENT);
	finish(&b);
}

static void rfc4862_5_4_a_duplicate_of_us_is_told_so(void **state)
{
	struct nd_packet ns = solicitation("::", "ff02::1:ff00:1", "fd00::1");
	struct mac all = {{0x33, 0x33, 0, 0, 0, 1}};
	struct ipv6 ip;
	struct icmp m;
	struct bench b;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(receive_nd(&b, &ns, NULL), AKSU_DROP_NONE);
	assert_true(sent(&b));
	assert_frame(&b, all, ETH_TYPE_IPV6);
	m = sent_nd(&b, &ip);
	assert_int_equal(m.nd.flags, ND_OVERRIDE);
	assert_true(same(&ip.dst, "ff02::1"));
	assert_false(is_known(&b, "::"));
	finish(&b);
}

/* ------------------------------------------------------------------ who has an address */

static bool claimed(const struct bench *b, const char *text, struct mac by)
{
	struct aksu_addr a = addr(text);
	struct mac who;

	return link_addr_claimed(&b->link, &a, &who) && mac_eq(who, by);
}

static bool unclaimed(const struct bench *b, const char *text)
{
	struct aksu_addr a = addr(text);
	struct mac who;

	return !link_addr_claimed(&b->link, &a, &who);
}

/* Asked from 0.0.0.0, so that no cache learns of it; whoever answers has it. */
static void rfc5227_2_1_1_a_probe_finds_who_has_an_address(void **state)
{
	struct aksu_addr a = addr("10.0.0.7");
	struct bench b;
	struct arp arp;

	(void)state;
	on_ethernet(&b);
	link_addr_probe(&b.link, &a);
	assert_true(sent(&b));
	assert_frame(&b, MAC_BROADCAST, ETH_TYPE_ARP);
	arp = sent_arp(&b);
	assert_int_equal(arp.op, ARP_REQUEST);
	assert_true(same(&arp.spa, "0.0.0.0") && same(&arp.tpa, "10.0.0.7"));
	assert_true(mac_is_zero(arp.tha));
	assert_true(unclaimed(&b, "10.0.0.7"));
	assert_int_equal(receive_arp(&b, ARP_REPLY, OTHER, "10.0.0.8", "0.0.0.0"),
			 AKSU_DROP_ARP_BAD);
	assert_true(unclaimed(&b, "10.0.0.7") && unclaimed(&b, "10.0.0.8"));
	assert_int_equal(receive_arp(&b, ARP_REPLY, PEER, "10.0.0.7", "0.0.0.0"),
			 AKSU_DROP_ADDR_IN_USE);
	assert_true(claimed(&b, "10.0.0.7", PEER));
	assert_false(is_known(&b, "10.0.0.7"));
	assert_false(sent(&b)); /* it is theirs: nothing is to be defended */

	link_addr_probe(&b.link, &a); /* asked anew: what was heard before counts no more */
	assert_true(unclaimed(&b, "10.0.0.7"));
	finish(&b);
}

/* Two stations that want the same address hear each other's probes (section 2.1.1). */
static void rfc5227_2_1_1_anothers_probe_for_it_is_a_claim(void **state)
{
	struct aksu_addr a = addr("10.0.0.7");
	struct bench b;

	(void)state;
	on_ethernet(&b);
	link_addr_probe(&b.link, &a);
	assert_int_equal(receive_arp(&b, ARP_REQUEST, OURS, "0.0.0.0", "10.0.0.7"),
			 AKSU_DROP_ARP_BAD); /* our own, come back */
	assert_true(unclaimed(&b, "10.0.0.7"));
	assert_int_equal(receive_arp(&b, ARP_REQUEST, PEER, "0.0.0.0", "10.0.0.7"),
			 AKSU_DROP_ADDR_IN_USE);
	assert_true(claimed(&b, "10.0.0.7", PEER));
	assert_int_equal(link_addr_add(&b.link, &a, b.now), 0);
	assert_true(unclaimed(&b, "10.0.0.7"));
	finish(&b);
}

static void rfc5227_2_4_an_address_of_ours_is_defended_once_in_ten_seconds(void **state)
{
	struct bench b;
	struct arp arp;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(receive_arp(&b, ARP_REQUEST, PEER, "10.0.0.1", "10.0.0.9"),
			 AKSU_DROP_ADDR_IN_USE);
	assert_true(claimed(&b, "10.0.0.1", PEER));
	assert_true(sent(&b));
	assert_frame(&b, MAC_BROADCAST, ETH_TYPE_ARP);
	arp = sent_arp(&b);
	assert_true(same(&arp.spa, "10.0.0.1") && same(&arp.tpa, "10.0.0.1"));
	wait_ms(&b, 9900);
	assert_int_equal(receive_arp(&b, ARP_REPLY, OTHER, "10.0.0.1", "10.0.0.1"),
			 AKSU_DROP_ADDR_IN_USE);
	assert_true(claimed(&b, "10.0.0.1", OTHER));
	assert_false(sent(&b));
	wait_ms(&b, 200);
	assert_int_equal(receive_arp(&b, ARP_REQUEST, PEER, "10.0.0.1", "10.0.0.1"),
			 AKSU_DROP_ADDR_IN_USE);
	assert_true(sent(&b));
	assert_false(is_known(&b, "10.0.0.1"));
	finish(&b);
}

static void rfc4862_5_4_a_new_address_is_asked_about(void **state)
{
	struct aksu_addr a = addr("fd00::7"), other = addr("fd00::8");
	struct nd_packet na = advertisement("fd00::7", "ff02::1", ND_OVERRIDE, PEER);
	struct ipv6 ip;
	struct icmp m;
	struct bench b;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(link_addr_add(&b.link, &a, b.now), 0);
	assert_true(sent(&b));
	m = sent_nd(&b, &ip);
	assert_int_equal(m.kind, ICMP_NEIGHBOUR_SOLICITATION);
	assert_true(same(&ip.src, "::") && same(&ip.dst, "ff02::1:ff00:7"));
	assert_true(same(&m.target, "fd00::7"));
	assert_false(m.nd.has_source);
	assert_true(unclaimed(&b, "fd00::7"));
	assert_int_equal(receive_nd(&b, &na, NULL), AKSU_DROP_ADDR_IN_USE);
	assert_true(claimed(&b, "fd00::7", PEER));

	link_addr_probe(&b.link, &other); /* not ours, and asked about all the same */
	assert_true(sent(&b));
	na = advertisement("fd00::8", "ff02::1", ND_OVERRIDE, OTHER);
	assert_int_equal(receive_nd(&b, &na, NULL), AKSU_DROP_ADDR_IN_USE);
	assert_true(claimed(&b, "fd00::8", OTHER));
	link_addr_remove(&b.link, &a);
	assert_true(unclaimed(&b, "fd00::7"));
	finish(&b);
}

/* The table of claims is bounded: the oldest question is forgotten, nothing else is. */
static void claims_are_bounded(void **state)
{
	struct aksu_addr a = addr("10.0.0.100");
	struct bench b;

	(void)state;
	on_ethernet(&b);
	for (unsigned i = 0; i < 3 * LINK_CLAIMS_MAX; i++) {
		a.b[15] = (uint8_t)(100 + i);
		link_addr_probe(&b.link, &a);
	}
	assert_int_equal(receive_arp(&b, ARP_REPLY, PEER, "10.0.0.100", "0.0.0.0"),
			 AKSU_DROP_ARP_BAD);
	assert_int_equal(receive_arp(&b, ARP_REPLY, PEER, "10.0.0.123", "0.0.0.0"),
			 AKSU_DROP_ADDR_IN_USE);
	finish(&b);
}

static void rfc4861_7_1_invalid_messages_are_dropped(void **state)
{
	struct nd_packet far = solicitation("fd00::2", "ff02::1:ff00:1", "fd00::1");
	struct nd_packet dad_to_us = solicitation("::", "fd00::1", "fd00::1");
	struct nd_packet dad_with_mac = solicitation("::", "ff02::1:ff00:1", "fd00::1");
	struct nd_packet other = solicitation("fd00::2", "ff02::1:ff00:9", "fd00::9");
	struct nd_packet spoof = solicitation("fd00::1", "ff02::1:ff00:1", "fd00::1");
	struct nd_packet to_all = advertisement("fd00::2", "ff02::1", ND_SOLICITED, PEER);
	struct nd_packet unknown = advertisement("fd00::2", "fd00::1", ND_SOLICITED, PEER);
	struct nd_packet group = advertisement("fd00::3", "fd00::1", ND_SOLICITED, MAC_BROADCAST);
	struct bench b;

	(void)state;
	on_ethernet(&b);
	far.hop_limit = 254;
	assert_int_equal(receive_nd(&b, &far, NULL), AKSU_DROP_ND_BAD);
	assert_int_equal(receive_nd(&b, &dad_to_us, NULL), AKSU_DROP_ND_BAD);
	dad_with_mac.m.nd.has_source = true;
	assert_int_equal(receive_nd(&b, &dad_with_mac, NULL), AKSU_DROP_ND_BAD);
	assert_int_equal(receive_nd(&b, &spoof, NULL), AKSU_DROP_ADDR_IN_USE);
	assert_int_equal(receive_nd(&b, &to_all, NULL), AKSU_DROP_ND_BAD);
	assert_int_equal(receive_nd(&b, &unknown, NULL), AKSU_DROP_ND_BAD);
	assert_int_equal(receive_nd(&b, &other, NULL), AKSU_DROP_ICMP_IGNORED);
	assert_false(sent(&b));
	assert_false(is_known(&b, "fd00::2"));
	send_to(&b, "fd00::3", 1);
	assert_int_equal(receive_nd(&b, &group, NULL), AKSU_DROP_ND_BAD);
	assert_int_equal(state_of(&b, "fd00::3"), NEIGHBOUR_INCOMPLETE);
	finish(&b);
}

static void rfc4861_7_2_2_questions_go_to_the_solicited_node(void **state)
{
	struct mac group = {{0x33, 0x33, 0xff, 0x34, 0x56, 0x78}};
	struct ipv6 ip;
	struct icmp m;
	struct bench b;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(send_to(&b, "fd00::1234:5678", 1), LINK_WAIT);
	assert_true(sent(&b));
	assert_frame(&b, group, ETH_TYPE_IPV6);
	m = sent_nd(&b, &ip);
	assert_int_equal(m.kind, ICMP_NEIGHBOUR_SOLICITATION);
	assert_true(same(&ip.src, "fd00::1") && same(&ip.dst, "ff02::1:ff34:5678"));
	assert_true(same(&m.target, "fd00::1234:5678"));
	assert_true(m.nd.has_source && mac_eq(m.nd.source, OURS));
	finish(&b);
}

/* The table of RFC 4861 section 7.2.5: what an advertisement does to an entry. */
static void rfc4861_7_2_5_advertisements_update_the_cache(void **state)
{
	enum { S = ND_SOLICITED, O = ND_OVERRIDE };
	static const struct {
		enum neighbour_state before;
		unsigned flags;
		bool other; /* another MAC than the cached one */
		enum neighbour_state after;
		bool moved; /* the cached MAC changes */
	} rows[] = {
		/* 1 */ {NEIGHBOUR_INCOMPLETE, S, true, NEIGHBOUR_REACHABLE, true},
		/* 2 */ {NEIGHBOUR_INCOMPLETE, 0, true, NEIGHBOUR_DELAY, true}, /* STALE, and it
										   sent */
		/* 3 */ {NEIGHBOUR_REACHABLE, 0, true, NEIGHBOUR_STALE, false},
		/* 4 */ {NEIGHBOUR_REACHABLE, S, true, NEIGHBOUR_STALE, false},
		/* 5 */ {NEIGHBOUR_REACHABLE, O, true, NEIGHBOUR_STALE, true},
		/* 6 */ {NEIGHBOUR_REACHABLE, S | O, true, NEIGHBOUR_REACHABLE, true},
		/* 7 */ {NEIGHBOUR_REACHABLE, 0, false, NEIGHBOUR_REACHABLE, false},
		/* 8 */ {NEIGHBOUR_STALE, 0, true, NEIGHBOUR_STALE, false},
		/* 9 */ {NEIGHBOUR_STALE, S, false, NEIGHBOUR_REACHABLE, false},
		/* 10 */ {NEIGHBOUR_STALE, O, false, NEIGHBOUR_STALE, false},
		/* 11 */ {NEIGHBOUR_DELAY, 0, true, NEIGHBOUR_DELAY, false},
		/* 12 */ {NEIGHBOUR_DELAY, O, true, NEIGHBOUR_STALE, true},
		/* 13 */ {NEIGHBOUR_PROBE, S | O, true, NEIGHBOUR_REACHABLE, true},
		/* 14 */ {NEIGHBOUR_PROBE, S, true, NEIGHBOUR_PROBE, false},
		/* 15 */ {NEIGHBOUR_PROBE, S, false, NEIGHBOUR_REACHABLE, false},
	};
	struct aksu_addr peer = addr("fd00::2");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct mac mac = rows[i].other ? OTHER : PEER;
		struct nd_packet na = advertisement("fd00::2", "fd00::1", rows[i].flags, mac);
		struct nd_packet ns = solicitation("fd00::2", "ff02::1:ff00:1", "fd00::1");
		struct neighbour *n;
		struct bench b;

		on_ethernet(&b);
		if (rows[i].before == NEIGHBOUR_INCOMPLETE)
			send_to(&b, "fd00::2", 1);
		else
			receive_nd(&b, &ns, NULL); /* its own advertisement makes it DELAY */
		n = neighbour_find(&b.link, &peer);
		if (rows[i].before == NEIGHBOUR_REACHABLE || rows[i].before == NEIGHBOUR_STALE)
			link_confirm(&b.link, &peer, b.now);
		if (rows[i].before == NEIGHBOUR_STALE)
			n->state = NEIGHBOUR_STALE;
		if (rows[i].before == NEIGHBOUR_PROBE)
			link_suspect(&b.link, &peer, b.now);
		assert_int_equal(n->state, rows[i].before);
		assert_int_equal(receive_nd(&b, &na, NULL), AKSU_DROP_NONE);
		if (n->state != rows[i].after)
			fail_msg("row %zu: state %d", i + 1, n->state);
		assert_true(mac_eq(n->mac, rows[i].moved ? OTHER : PEER));
		assert_int_equal(is_never(link_deadline(&b.link)),
				 n->state == NEIGHBOUR_REACHABLE || n->state == NEIGHBOUR_STALE);
		finish(&b);
	}
}

static void rfc4861_6_3_4_router_advertisement_is_decoded(void **state)
{
	struct nd_packet ra = {
		.src = "fe80::9",
		.dst = "ff02::1",
		.m = {.kind = ICMP_ROUTER_ADVERTISEMENT,
		      .nd = {.lifetime_s = 1800,
			     .hop_limit = 64,
			     .mtu = 1400,
			     .has_source = true,
			     .source = PEER,
			     .prefixes = 1,
			     .prefix =
				     {{.prefix = addr("fd00::"), .len = 64, .flags = ND_ON_LINK}}}},
	};
	struct link_router router;
	struct bench b;

	(void)state;
	on_ethernet(&b);
	assert_int_equal(receive_nd(&b, &ra, &router), AKSU_DROP_NONE);
	assert_true(router.present && same(&router.addr, "fe80::9"));
	assert_int_equal(router.nd.lifetime_s, 1800);
	assert_int_equal(router.nd.mtu, 1400);
	assert_int_equal(router.nd.prefix[0].len, 64);
	assert_int_equal(state_of(&b, "fe80::9"), NEIGHBOUR_STALE);
	ra.src = "fd00::9"; /* not link-local */
	assert_int_equal(receive_nd(&b, &ra, &router), AKSU_DROP_ND_BAD);
	assert_false(router.present);
	finish(&b);
}

/* ------------------------------------------------------------------ memory */

/* A round of everything that allocates; with each allocation failing in turn nothing leaks or
 * hangs. */
static void each_allocation_fails_in_turn(void **state)
{
	const long needed = 1 + 2 + 6; /* the link, a slab and its directory, packets that wait */

	(void)state;
	for (long fail_after = 0; fail_after < needed + 2; fail_after++) {
		struct bench b = {.fail_after = fail_after};
		struct aksu_addr ours = addr("10.0.0.1");

		if (start(&b, AKSU_LINK_ETHERNET) == 0) {
			link_addr_add(&b.link, &ours, b.now);
			for (int i = 0; i < 6; i++) {
				send_to(&b, i % 2 ? "10.0.0.2" : "fd00::2", 1);
				receive_arp(&b, ARP_REQUEST, OTHER, "10.0.0.3", "10.0.0.1");
			}
			receive_arp(&b, ARP_REPLY, PEER, "10.0.0.2", "10.0.0.1");
			while (sent(&b))
				link_release(&b.tx);
			for (int i = 0; i < 4; i++)
				wait_ms(&b, 1000);
			assert_int_equal(b.link.drops.memory > 0, fail_after < needed);
		} else {
			assert_int_equal(fail_after, 0);
		}
		finish(&b);
	}
}

/* Strangers, ourselves and time do anything in any order; bounds hold and memory comes back. */
static void anything_in_any_order(void **state)
{
	struct prng r = prng_from(77);
	struct link_failure failure;
	struct bench b;
	char hop[32];

	(void)state;
	print_message("seed 77\n");
	on_ethernet(&b);
	for (int i = 0; i < 100000; i++) {
		uint32_t who = prng_below(&r, 400);
		struct aksu_addr a;

		snprintf(hop, sizeof(hop), "10.%u.0.%u", who / 200, who % 200 + 10);
		a = addr(hop);
		switch (prng_below(&r, 8)) {
		case 0:
		case 1: send_to(&b, hop, 1); break;
		case 2: receive_arp(&b, ARP_REPLY, PEER, hop, "10.0.0.1"); break;
		case 3: receive_arp(&b, ARP_REQUEST, OTHER, hop, "10.0.0.1"); break;
		case 4: link_confirm(&b.link, &a, b.now); break;
		case 5: link_suspect(&b.link, &a, b.now); break;
		case 6: wait_ms(&b, prng_below(&r, 300)); break;
		default:
			while (sent(&b))
				link_release(&b.tx);
			link_take_failure(&b.link, &failure);
		}
		assert_true(b.link.ether->waiting <= LINK_WAITING_MAX);
		assert_true(b.link.ether->neighbours.live <= NEIGHBOURS_MAX);
		assert_true(before(b.now, link_deadline(&b.link)));
	}
	finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_link_goes_by_the_version),
		cmocka_unit_test(frames_are_taken_by_address_and_type),
		cmocka_unit_test(a_group_is_no_station),
		cmocka_unit_test(rfc1112_rfc2464_groups_need_no_question),
		cmocka_unit_test(rfc826_request_for_us_is_answered),
		cmocka_unit_test(rfc826_request_for_others_teaches_nothing),
		cmocka_unit_test(rfc826_update_only_if_present),
		cmocka_unit_test(H12_unsolicited_reply_creates_nothing),
		cmocka_unit_test(H12_unsolicited_reply_for_an_entry_is_doubted),
		cmocka_unit_test(rfc5227_probe_is_answered_and_not_learnt),
		cmocka_unit_test(rfc5227_a_new_address_is_asked_about_and_announced),
		cmocka_unit_test(impossible_arp_senders_are_not_believed),
		cmocka_unit_test(rfc1122_2_3_2_2_the_newest_packets_wait),
		cmocka_unit_test(rfc1122_2_3_2_1_one_question_a_second),
		cmocka_unit_test(rfc4861_7_2_2_three_questions_then_failure),
		cmocka_unit_test(failures_are_bounded_and_the_newest_kept),
		cmocka_unit_test(questions_come_from_the_address_of_the_packet),
		cmocka_unit_test(packets_that_wait_are_bounded_over_all_neighbours),
		cmocka_unit_test(rfc4861_7_3_3_reachable_stale_delay_probe_failed),
		cmocka_unit_test(a_probe_that_is_answered_ends),
		cmocka_unit_test(H11_progress_of_tcp_spares_the_question),
		cmocka_unit_test(H11_an_unanswered_question_is_not_confirmed_by_tcp),
		cmocka_unit_test(must_20_at_r1_the_neighbour_is_asked),
		cmocka_unit_test(a_flood_of_strangers_recycles_its_own),
		cmocka_unit_test(the_least_recently_used_is_recycled),
		cmocka_unit_test(rfc4861_7_2_4_solicitation_is_answered),
		cmocka_unit_test(rfc4861_7_2_4_answer_waits_for_a_mac_that_was_not_told),
		cmocka_unit_test(rfc4862_5_4_a_duplicate_of_us_is_told_so),
		cmocka_unit_test(rfc5227_2_1_1_a_probe_finds_who_has_an_address),
		cmocka_unit_test(rfc5227_2_1_1_anothers_probe_for_it_is_a_claim),
		cmocka_unit_test(rfc5227_2_4_an_address_of_ours_is_defended_once_in_ten_seconds),
		cmocka_unit_test(rfc4862_5_4_a_new_address_is_asked_about),
		cmocka_unit_test(claims_are_bounded),
		cmocka_unit_test(rfc4861_7_1_invalid_messages_are_dropped),
		cmocka_unit_test(rfc4861_7_2_2_questions_go_to_the_solicited_node),
		cmocka_unit_test(rfc4861_7_2_5_advertisements_update_the_cache),
		cmocka_unit_test(rfc4861_6_3_4_router_advertisement_is_decoded),
		cmocka_unit_test(each_allocation_fails_in_turn),
		cmocka_unit_test(anything_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
