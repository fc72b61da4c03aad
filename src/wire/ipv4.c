/* SPDX-License-Identifier: MIT */
/*
 * wire/ipv4.c - reading and writing IPv4 headers; see ipv4.h for the picture.
 */
#include "wire/ipv4.h"

#include "wire/addr.h"
#include "wire/checksum.h"

enum { DF = 0x4000, MF = 0x2000, OFFSET = 0x1fff };

enum { OPTION_EOL = 0, OPTION_NOP = 1, OPTION_LSRR = 131, OPTION_SSRR = 137 };

/* Walks the options: false when a length is illegal (RFC 791 section 3.1). */
static bool read_options(struct ipv4 *ip)
{
	const uint8_t *p = ip->options;
	size_t n = ip->options_len;

	while (n > 0 && p[0] != OPTION_EOL) {
		size_t len = 1;

		if (p[0] != OPTION_NOP) {
			if (n < 2 || p[1] < 2 || p[1] > n)
				return false;
			len = p[1];
		}
		if (p[0] == OPTION_LSRR || p[0] == OPTION_SSRR)
			ip->source_route = true;
		p += len;
		n -= len;
	}
	return true;
}

enum aksu_drop ipv4_parse_quote(const uint8_t *data, size_t n, struct ipv4 *out)
{
	const struct ipv4_hdr *h = (const struct ipv4_hdr *)data;
	size_t header, total;
	unsigned flags;

	if (n < IPV4_HDR_LEN)
		return AKSU_DROP_IP_SHORT;
	if (ip_version(data) != 4)
		return AKSU_DROP_IP_VERSION;
	header = (size_t)(h->version_ihl & 0xf) * 4;
	total = get16(h->total_len);
	if (header < IPV4_HDR_LEN || total < header)
		return AKSU_DROP_IP_HEADER;
	if (n < header)
		return AKSU_DROP_IP_SHORT;
	flags = get16(h->flags_offset);
	*out = (struct ipv4){
		.tos = h->tos,
		.ttl = h->ttl,
		.protocol = h->protocol,
		.dont_fragment = flags & DF,
		.more_fragments = flags & MF,
		.options_len = (uint8_t)(header - IPV4_HDR_LEN),
		.id = get16(h->id),
		.offset = (uint16_t)((flags & OFFSET) * 8),
		.payload_len = (uint16_t)(min_size(total, n) - header),
		.src = addr_from_v4(h->src),
		.dst = addr_from_v4(h->dst),
		.options = data + IPV4_HDR_LEN,
		.payload = data + header,
	};
	return read_options(out) ? AKSU_DROP_NONE : AKSU_DROP_IP_HEADER;
}

enum aksu_drop ipv4_parse(const uint8_t *data, size_t n, struct ipv4 *out)
{
	const struct ipv4_hdr *h = (const struct ipv4_hdr *)data;
	enum aksu_drop drop = ipv4_parse_quote(data, n, out);

	if (drop != AKSU_DROP_NONE)
		return drop;
	if (get16(h->total_len) > n)
		return AKSU_DROP_IP_SHORT;
	if (!csum_good(csum_of(data, IPV4_HDR_LEN + (size_t)out->options_len)))
		return AKSU_DROP_IP_CHECKSUM;
	return AKSU_DROP_NONE;
}

size_t ipv4_emit(const struct ipv4 *ip, uint8_t *out)
{
	size_t len = IPV4_HDR_LEN + (size_t)ip->options_len;
	unsigned flags = (ip->dont_fragment ? DF : 0u) | (ip->more_fragments ? MF : 0u);
	struct ipv4_hdr h = {
		.version_ihl = (uint8_t)(4 << 4 | len / 4),
		.tos = ip->tos,
		.total_len = put16((uint32_t)len + ip->payload_len),
		.id = put16(ip->id),
		.flags_offset = put16(flags | ip->offset / 8u),
		.ttl = ip->ttl,
		.protocol = ip->protocol,
	};

	memcpy(h.src, addr_v4_bytes(&ip->src), sizeof(h.src));
	memcpy(h.dst, addr_v4_bytes(&ip->dst), sizeof(h.dst));
	if (ip->options_len > 0)
		memcpy(out + IPV4_HDR_LEN, ip->options, ip->options_len);
	h.checksum = put16(csum_finish(
		csum_add(csum_of(&h, sizeof(h)), csum_of(out + IPV4_HDR_LEN, ip->options_len))));
	memcpy(out, &h, sizeof(h));
	return len;
}
