/* SPDX-License-Identifier: MIT */
/*
 * wire/udp.c - reading and writing UDP headers; see udp.h for the picture.
 */
#include "wire/udp.h"

#include "wire/addr.h"
#include "wire/checksum.h"
#include "wire/ip.h"

enum aksu_drop udp_parse(const uint8_t *data, size_t n, struct udp *out)
{
	const struct udp_hdr *h = (const struct udp_hdr *)data;
	uint16_t length;

	if (n < UDP_HDR_LEN)
		return AKSU_DROP_UDP_BAD;
	length = get16(h->length);
	if (length < UDP_HDR_LEN || length > n)
		return AKSU_DROP_UDP_BAD;
	*out = (struct udp){
		.src_port = get16(h->src_port),
		.dst_port = get16(h->dst_port),
		.unsummed = get16(h->checksum) == 0,
		.text_len = (uint16_t)(length - UDP_HDR_LEN),
		.text = data + UDP_HDR_LEN,
	};
	return AKSU_DROP_NONE;
}

bool udp_checksum_good(const struct aksu_addr *src, const struct aksu_addr *dst,
		       const uint8_t *data)
{
	const struct udp_hdr *h = (const struct udp_hdr *)data;
	uint16_t length = get16(h->length);

	if (get16(h->checksum) == 0)
		return addr_is_v4(dst);
	return csum_good(
		csum_add(csum_pseudo(src, dst, IP_PROTO_UDP, length), csum_of(data, length)));
}

size_t udp_emit(const struct udp *udp, const struct aksu_addr *src, const struct aksu_addr *dst,
		uint8_t out[UDP_HDR_LEN])
{
	uint16_t length = (uint16_t)(UDP_HDR_LEN + udp->text_len), checksum;
	struct udp_hdr h = {
		.src_port = put16(udp->src_port),
		.dst_port = put16(udp->dst_port),
		.length = put16(length),
	};
	csum s = csum_add(csum_pseudo(src, dst, IP_PROTO_UDP, length), csum_of(&h, sizeof(h)));

	checksum = csum_finish(csum_add(s, csum_of(udp->text, udp->text_len)));
	if (!udp->unsummed) /* zero would mean "none": its other form is sent */
		h.checksum = put16(checksum == 0 ? 0xffff : checksum);
	memcpy(out, &h, sizeof(h));
	return sizeof(h);
}
