/* SPDX-License-Identifier: MIT */
/*
 * A link under a stream of frames, packets of our own and passing time. The input is a list of
 * steps:
 *
 *    octet 0: what to do (modulo 8); octet 1: its argument, or the length of the frame that follows
 *
 * Memory is accounted for at the end, bounds hold at every step, and a deadline never lies in the
 * past.
 */
#include <stdlib.h>
#include <string.h>

#include "link/ether.h"
#include "support/fuzz.h"
#include "wire/checksum.h"
#include "wire/ip.h"
#include "wire/ipv6.h"

struct world {
	struct mem mem;
	size_t live;
	struct link link;
	instant now;
};

/* One of a few hops: collisions are what is interesting. */
static struct aksu_addr hop_of(uint8_t x)
{
	struct aksu_addr v6 = {{0xfd, [15] = x}};

	return x & 0x80 ? v6 : aksu_addr_v4(10, 0, 0, x);
}

/* Makes the checksum of an ICMPv6 message good, or the fuzzer would not get past it. */
static void seal(uint8_t *frame, size_t n)
{
	uint8_t *message = frame + ETH_HDR_LEN + IPV6_HDR_LEN;
	struct ipv6 ip;
	be16 sum;
	csum s;

	if (n < ETH_HDR_LEN ||
	    ipv6_parse(frame + ETH_HDR_LEN, n - ETH_HDR_LEN, &ip) != AKSU_DROP_NONE)
		return;
	if (ip.next != IP_PROTO_ICMPV6 || ip.payload_len < 4)
		return;
	message[2] = message[3] = 0;
	s = csum_pseudo(&ip.src, &ip.dst, ip.next, ip.payload_len);
	sum = put16(csum_finish(csum_add(s, csum_of(message, ip.payload_len))));
	memcpy(message + 2, &sum, 2);
}

static void on_frame(struct world *w, const uint8_t *frame, size_t n)
{
	struct link_in in;
	struct link_router router;
	struct ipv6 ip;

	if (link_input(&w->link, frame, n, w->now, &in) != AKSU_DROP_NONE || in.version == 0)
		return;
	must(in.data >= frame && in.data + in.len == frame + n);
	if (in.version != 6 || ipv6_parse(in.data, in.len, &ip) != AKSU_DROP_NONE)
		return;
	if (ip.next == IP_PROTO_ICMPV6) {
		struct link_nd nd = {ip.payload, ip.payload_len, ip.src, ip.dst, ip.hop_limit};

		(void)link_nd_input(&w->link, &nd, w->now, &router);
	}
}

static void on_packet(struct world *w, uint8_t x)
{
	struct aksu_tx tx = {.len = ETH_HDR_LEN + 40, .head_len = ETH_HDR_LEN + 40, .pieces = 1};
	struct aksu_addr hop = hop_of(x);

	tx.piece[0].block = block_new(&w->mem, 16);
	if (link_output(&w->link, &tx, &hop, w->now) != LINK_WAIT)
		link_release(&tx);
}

static void on_take(struct world *w)
{
	struct link_failure failure;
	struct aksu_tx tx;

	while (link_take(&w->link, &tx, 1) == 1) {
		must(tx.head_len >= ETH_HDR_LEN && tx.head_len <= AKSU_TX_HEAD);
		link_release(&tx);
	}
	must(!link_wants_output(&w->link));
	while (link_take_failure(&w->link, &failure))
		must(failure.len <= AKSU_TX_HEAD);
}

static void step(struct world *w, uint8_t what, uint8_t x)
{
	struct aksu_addr hop = hop_of(x);

	switch (what) {
	case 0: on_packet(w, x); break;
	case 1: w->now = after(w->now, milliseconds(x * 40u)); break;
	case 2: on_take(w); break;
	case 3: link_confirm(&w->link, &hop, w->now); break;
	case 4: link_suspect(&w->link, &hop, w->now); break;
	case 5: (void)link_addr_add(&w->link, &hop, w->now); break;
	default: link_addr_remove(&w->link, &hop);
	}
	link_advance(&w->link, w->now);
	must(before(w->now, link_deadline(&w->link)));
	must(w->link.ether->waiting <= LINK_WAITING_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = {.now = {1000000000}};
	struct aksu_link_config config = {.kind = AKSU_LINK_ETHERNET,
					  .mtu = 1500,
					  .mac = {2, 0, 0, 0, 0, 1}};
	struct aksu_addr v4 = aksu_addr_v4(10, 0, 0, 1), v6 = {{0xfd, [15] = 1}};
	struct hash_key key = {1, 2};

	w.mem = (struct mem){.from = {fuzz_alloc, fuzz_free, &w.live}, .budget = 1 << 20};
	must(link_init(&w.link, &w.mem, &config, &key) == 0);
	must(link_addr_add(&w.link, &v4, w.now) == 0 && link_addr_add(&w.link, &v6, w.now) == 0);
	while (size >= 2) {
		uint8_t what = data[0] % 8, x = data[1];

		data += 2;
		size -= 2;
		if (what == 7) {
			size_t n = min_size(x, size);

			uint8_t *frame = malloc(n + !n); /* so that one octet too far is seen */

			must(frame != NULL);
			memcpy(frame, data, n);
			seal(frame, n);
			on_frame(&w, frame, n);
			free(frame);
			data += n;
			size -= n;
		} else {
			step(&w, what, x);
		}
	}
	link_fini(&w.link);
	must(w.live == 0 && w.mem.used == 0);
	return 0;
}
