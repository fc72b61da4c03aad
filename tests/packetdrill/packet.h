/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/packet.h - the TCP checksum of a raw IP packet (RFC 9293 section 3.1).
 *
 * Written for itself, so that what judges a stack does not share its code.
 */
#ifndef TESTS_PACKETDRILL_PACKET_H
#define TESTS_PACKETDRILL_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Whether the TCP checksum is right; true for what is not a whole TCP segment. */
bool packet_checksum_ok(const uint8_t *packet, size_t n);
/** Puts the right TCP checksum in. */
void packet_checksum_set(uint8_t *packet, size_t n);

#endif
