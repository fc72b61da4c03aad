/* SPDX-License-Identifier: MIT */
/*
 * A virtio_net_hdr and the frame behind it, as a kernel that is not well might hand them over.
 *
 *    octet 0: the kind of the link (lowest bit); 10 octets: the header; the rest: the frame
 *
 * A header that is taken has led nowhere outside of the frame (AddressSanitizer sees that), and
 * what it says of the frame is possible.
 */
#include <stdlib.h>
#include <string.h>

#include "port/virtio.h"
#include "support/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum aksu_link_kind kind;
	struct aksu_rx rx = {0};
	uint8_t *frame;

	if (size < 1 + VIRTIO_LEN || size > 1 + VIRTIO_LEN + 65600)
		return 0;
	kind = data[0] & 1 ? AKSU_LINK_ETHERNET : AKSU_LINK_IP;
	rx.len = (uint32_t)(size - 1 - VIRTIO_LEN);
	frame = malloc(rx.len); /* of its own, so that no octet behind it is ours */
	if (!frame)
		return 0;
	memcpy(frame, data + 1 + VIRTIO_LEN, rx.len);
	rx.data = frame;
	if (virtio_read(data + 1, kind, &rx)) {
		must(rx.segments >= 1);
		must((rx.segments > 1) == (rx.mss > 0));
		must((uint32_t)(rx.segments - 1) * rx.mss < rx.len || rx.segments == 1);
		must(rx.checksum <= AKSU_CHECKSUM_PARTIAL);
	}
	free(frame);
	return 0;
}
