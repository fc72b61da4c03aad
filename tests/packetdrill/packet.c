/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/packet.c - the TCP checksum over IPv4 and IPv6 (RFC 9293 3.1, RFC 8200 8.1).
 *
 * It owns nothing. Packets with extension headers or in fragments are let pass: no script makes
 * one.
 */
#include "packet.h"

enum { PROTOCOL_TCP = 6, TCP_CHECKSUM_AT = 16, TCP_HEADER_MIN = 20 };

static uint32_t sum(uint32_t acc, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acc += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return acc;
}

/* Where the TCP header begins; 0 when there is none. *acc: the sum of the pseudo-header. */
static size_t find_tcp(const uint8_t *packet, size_t n, uint32_t *acc)
{
	size_t head;

	if (n >= 20 && packet[0] >> 4 == 4) {
		head = (size_t)(packet[0] & 15) * 4;
		if (packet[9] != PROTOCOL_TCP || ((packet[6] & 0x3f) | packet[7]) != 0)
			return 0;
		*acc = sum(0, packet + 12, 8);
	} else if (n >= 40 && packet[0] >> 4 == 6) {
		head = 40;
		if (packet[6] != PROTOCOL_TCP)
			return 0;
		*acc = sum(0, packet + 8, 32);
	} else {
		return 0;
	}
	if (n < head + TCP_HEADER_MIN)
		return 0;
	*acc += PROTOCOL_TCP + (uint32_t)(n - head);
	return head;
}

static uint16_t fold(uint32_t acc)
{
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return (uint16_t)acc;
}

bool packet_checksum_ok(const uint8_t *packet, size_t n)
{
	uint32_t acc;
	size_t at = find_tcp(packet, n, &acc);

	return !at || fold(sum(acc, packet + at, n - at)) == 0xffff;
}

void packet_checksum_set(uint8_t *packet, size_t n)
{
	uint32_t acc;
	size_t at = find_tcp(packet, n, &acc);
	uint16_t value;

	if (!at)
		return;
	packet[at + TCP_CHECKSUM_AT] = packet[at + TCP_CHECKSUM_AT + 1] = 0;
	value = (uint16_t)~fold(sum(acc, packet + at, n - at));
	packet[at + TCP_CHECKSUM_AT] = (uint8_t)(value >> 8);
	packet[at + TCP_CHECKSUM_AT + 1] = (uint8_t)value;
}
