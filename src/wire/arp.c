/* SPDX-License-Identifier: MIT */
/*
 * wire/arp.c - reading and writing ARP packets; see arp.h for the picture.
 */
#include "wire/arp.h"

#include "wire/addr.h"

enum { HARDWARE_ETHERNET = 1, HLEN = 6, PLEN = 4 };

enum aksu_drop arp_parse(const uint8_t *data, size_t n, struct arp *out)
{
	const struct arp_hdr *h = (const struct arp_hdr *)data;
	uint16_t op;

	if (n < ARP_LEN)
		return AKSU_DROP_ARP_BAD;
	op = get16(h->op);
	if (get16(h->hardware) != HARDWARE_ETHERNET || get16(h->protocol) != ETH_TYPE_IPV4)
		return AKSU_DROP_ARP_BAD;
	if (h->hlen != HLEN || h->plen != PLEN || (op != ARP_REQUEST && op != ARP_REPLY))
		return AKSU_DROP_ARP_BAD;
	*out = (struct arp){
		.op = op,
		.sha = h->sha,
		.tha = h->tha,
		.spa = addr_from_v4(h->spa),
		.tpa = addr_from_v4(h->tpa),
	};
	return AKSU_DROP_NONE;
}

size_t arp_emit(const struct arp *arp, uint8_t out[ARP_LEN])
{
	struct arp_hdr h = {
		.hardware = put16(HARDWARE_ETHERNET),
		.protocol = put16(ETH_TYPE_IPV4),
		.hlen = HLEN,
		.plen = PLEN,
		.op = put16(arp->op),
		.sha = arp->sha,
		.tha = arp->tha,
	};

	memcpy(h.spa, addr_v4_bytes(&arp->spa), sizeof(h.spa));
	memcpy(h.tpa, addr_v4_bytes(&arp->tpa), sizeof(h.tpa));
	memcpy(out, &h, sizeof(h));
	return sizeof(h);
}
