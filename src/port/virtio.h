/* SPDX-License-Identifier: MIT */
/*
 * port/virtio.h - struct virtio_net_hdr, which TUN, TAP and packet sockets put before each frame:
 * what is still to be done to it (Virtual I/O Device 1.2, section 5.1.6).
 *
 *    0       1        2          4          6            8             10
 *   ┌───────┬────────┬──────────┬──────────┬────────────┬─────────────┐
 *   │ flags │gso_type│ hdr_len  │ gso_size │ csum_start │ csum_offset │  the frame
 *   └───────┴────────┴──────────┴──────────┴────────────┴─────────────┘
 *
 * All in the order of this machine; offsets count from the frame's first octet. Pure functions: the
 * kernel is believed in nothing that would lead outside of the frame.
 */
#ifndef AKSU_PORT_VIRTIO_H
#define AKSU_PORT_VIRTIO_H

#include <aksu/aksu.h>

enum { VIRTIO_LEN = 10 };

/*
 * Reads the header of the frame rx->data, rx->len into rx->checksum, segments and mss. False: it
 * contradicts itself or the frame, or the frame is a sort of merged one that we do not know (UDP,
 * TCP in a tunnel): drop it.
 */
bool virtio_read(const uint8_t header[VIRTIO_LEN], enum aksu_link_kind kind, struct aksu_rx *rx);

/* Writes the header for a frame of the core's; whether it is one to cut. */
bool virtio_write(const struct aksu_tx *tx, enum aksu_link_kind kind, uint8_t header[VIRTIO_LEN]);

#endif
