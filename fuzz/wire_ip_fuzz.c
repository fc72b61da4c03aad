/* SPDX-License-Identifier: MIT */
/*
 * Any octets as an IP packet of either family, extension headers, fragments and UDP included.
 */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"
#include "wire/addr.h"
#include "wire/ipv4.h"
#include "wire/ipv6.h"
#include "wire/udp.h"

static bool inside(const uint8_t *at, size_t n, const uint8_t *data, size_t size)
{
	return at >= data && n <= size && (size_t)(at - data) <= size - n;
}

static void udp(const struct aksu_addr *src, const struct aksu_addr *dst, const uint8_t *data,
		size_t n)
{
	uint8_t out[UDP_HDR_LEN];
	struct udp u;

	if (udp_parse(data, n, &u) != AKSU_DROP_NONE)
		return;
	must(inside(u.text, u.text_len, data, n));
	if (udp_checksum_good(src, dst, data) && !u.unsummed) {
		udp_emit(&u, src, dst, out);
		must(memcmp(out, data, 6) == 0 && udp_checksum_good(src, dst, data));
	}
}

static void v4(const uint8_t *data, size_t size)
{
	uint8_t out[IPV4_HDR_MAX];
	struct ipv4 ip, quote;
	size_t n;

	if (ipv4_parse_quote(data, size, &quote) == AKSU_DROP_NONE)
		must(inside(quote.payload, quote.payload_len, data, size));
	if (ipv4_parse(data, size, &ip) != AKSU_DROP_NONE)
		return;
	must(inside(ip.payload, ip.payload_len, data, size));
	n = ipv4_emit(&ip, out);
	/* the same but for the reserved flag, and so for the checksum */
	must(data + n == ip.payload && memcmp(out, data, 6) == 0 &&
	     memcmp(out + 12, data + 12, n - 12) == 0);
	must(data[6] & 0x80 || memcmp(out, data, 10) == 0);
	udp(&ip.src, &ip.dst, ip.payload, ip.payload_len);
}

static void walk(uint8_t first, const uint8_t *data, size_t n, bool outermost)
{
	struct ipv6_chain c;
	enum aksu_drop drop = ipv6_walk(first, data, n, outermost, &c);

	if (drop != AKSU_DROP_NONE) {
		must(drop == AKSU_DROP_IP6_EXTENSION || drop == AKSU_DROP_FRAGMENT_BAD);
		must(c.answer == IPV6_ANSWER_NOTHING || c.pointer < n || c.pointer == UINT32_MAX);
		return;
	}
	must(inside(c.payload, c.payload_len, data, n) && c.payload + c.payload_len == data + n);
	must(c.fragmented || c.next != IP_PROTO_FRAGMENT);
	if (c.fragmented) {
		uint8_t out[IPV6_FRAGMENT_HDR_LEN];
		const uint8_t *header = c.payload - IPV6_FRAGMENT_HDR_LEN;

		ipv6_fragment_emit(&c.fragment, out);
		must(out[0] == header[0] && memcmp(out + 4, header + 4, 4) == 0);
		walk(c.fragment.next, c.payload, c.payload_len, false);
	}
}

static void v6(const uint8_t *data, size_t size)
{
	uint8_t out[IPV6_HDR_LEN];
	struct ipv6 ip;

	if (ipv6_parse_quote(data, size, &ip) == AKSU_DROP_NONE)
		must(inside(ip.payload, ip.payload_len, data, size));
	if (ipv6_parse(data, size, &ip) != AKSU_DROP_NONE)
		return;
	must(!addr_is_v4(&ip.src) && !addr_is_v4(&ip.dst));
	must(ipv6_emit(&ip, out) == IPV6_HDR_LEN && memcmp(out, data, IPV6_HDR_LEN) == 0);
	walk(ip.next, ip.payload, ip.payload_len, true);
	udp(&ip.src, &ip.dst, ip.payload, ip.payload_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	v4(data, size);
	v6(data, size);
	return 0;
}
