/* SPDX-License-Identifier: MIT */
/*
 * wire/eth.c - reading and writing Ethernet headers; see eth.h for the picture.
 */
#include "wire/eth.h"

#include "wire/addr.h"

enum aksu_drop eth_parse(const uint8_t *data, size_t n, struct eth *out)
{
	const struct eth_hdr *h = (const struct eth_hdr *)data;

	if (n < ETH_HDR_LEN)
		return AKSU_DROP_FRAME_SHORT;
	*out = (struct eth){h->dst, h->src, get16(h->type)};
	return AKSU_DROP_NONE;
}

size_t eth_emit(const struct eth *eth, uint8_t out[ETH_HDR_LEN])
{
	struct eth_hdr h = {eth->dst, eth->src, put16(eth->type)};

	memcpy(out, &h, sizeof(h));
	return sizeof(h);
}

struct mac mac_of_multicast(const struct aksu_addr *group)
{
	const uint8_t *b = group->b;

	if (addr_is_v4(group)) /* the low 23 bits: 32 groups share an address */
		return (struct mac){{0x01, 0x00, 0x5e, b[13] & 0x7f, b[14], b[15]}};
	return (struct mac){{0x33, 0x33, b[12], b[13], b[14], b[15]}};
}
