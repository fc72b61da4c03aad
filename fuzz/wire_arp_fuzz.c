/* SPDX-License-Identifier: MIT */
/*
 * Any octets as an Ethernet frame with an ARP packet in it: what parses is written to the same
 * octets.
 */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"
#include "wire/arp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t out[ETH_HDR_LEN + ARP_LEN];
	struct eth eth;
	struct arp arp;

	if (eth_parse(data, size, &eth) != AKSU_DROP_NONE)
		return 0;
	eth_emit(&eth, out);
	if (memcmp(out, data, ETH_HDR_LEN) != 0)
		abort();
	if (arp_parse(data + ETH_HDR_LEN, size - ETH_HDR_LEN, &arp) != AKSU_DROP_NONE)
		return 0;
	arp_emit(&arp, out + ETH_HDR_LEN);
	if (memcmp(out, data, sizeof(out)) != 0)
		abort();
	return 0;
}
