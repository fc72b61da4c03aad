/* SPDX-License-Identifier: MIT */
/*
 * port/virtio.c - see port/virtio.h.
 */
#include "port/virtio.h"

#include <linux/virtio_net.h>
#include <string.h>

enum {
	ETHERNET = 14, /* octets of an Ethernet header */
	IPV4_MIN = 20, /* RFC 791 section 3.1 */
	IPV6 = 40,     /* RFC 8200 section 3 */
	TCP_MIN = 20,  /* RFC 9293 section 3.1 */
	TCP = 6,       /* protocol number */
	TCP_OFFSET_AT = 12,
	TCP_FLAGS_AT = 13,
	TCP_CWR = 0x80,
};

/* What the kernel calls virtio_net_hdr, without the union: the receiver has other names. */
struct header {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset;
};
_Static_assert(sizeof(struct header) == VIRTIO_LEN, "as on the wire");
_Static_assert(sizeof(struct virtio_net_hdr) == VIRTIO_LEN, "as the kernel has it");

static uint32_t ip_at(enum aksu_link_kind kind)
{
	return kind == AKSU_LINK_ETHERNET ? ETHERNET : 0;
}

/* ------------------------------------------------------------------ received */

/*
 * Where the TCP header of a merged frame begins; 0 when it is not TCP over `version`. IPv6
 * extension headers are not walked: where there are some, csum_start says it.
 */
static uint32_t tcp_at(const struct header *h, const struct aksu_rx *rx, uint32_t ip,
		       uint8_t version)
{
	bool partial = h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	uint32_t at;

	if (rx->len < ip + (version == 4 ? IPV4_MIN : IPV6) || rx->data[ip] >> 4 != version)
		return 0;
	if (version == 4) {
		at = ip + (rx->data[ip] & 0x0fu) * 4;
		if (at < ip + IPV4_MIN || rx->data[ip + 9] != TCP)
			return 0;
		return !partial || h->csum_start == at ? at : 0;
	}
	at = ip + IPV6;
	if (partial)
		return h->csum_start >= at ? h->csum_start : 0;
	return rx->data[ip + 6] == TCP ? at : 0;
}

static bool read_merged(const struct header *h, enum aksu_link_kind kind, struct aksu_rx *rx)
{
	uint8_t type = h->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	uint32_t at, text_at, segments;

	if (type != VIRTIO_NET_HDR_GSO_TCPV4 && type != VIRTIO_NET_HDR_GSO_TCPV6)
		return false;
	at = tcp_at(h, rx, ip_at(kind), type == VIRTIO_NET_HDR_GSO_TCPV4 ? 4 : 6);
	if (at == 0 || h->gso_size == 0 || rx->len < at + TCP_MIN)
		return false;
	text_at = at + (rx->data[at + TCP_OFFSET_AT] >> 4) * 4u;
	if (text_at < at + TCP_MIN || text_at >= rx->len)
		return false;
	segments = (rx->len - text_at + h->gso_size - 1) / h->gso_size;
	if (segments > UINT16_MAX)
		return false;
	if (segments > 1) {
		rx->segments = (uint16_t)segments;
		rx->mss = h->gso_size;
	}
	return true;
}

bool virtio_read(const uint8_t header[VIRTIO_LEN], enum aksu_link_kind kind, struct aksu_rx *rx)
{
	struct header h;

	memcpy(&h, header, sizeof(h));
	rx->checksum = AKSU_CHECKSUM_UNKNOWN;
	rx->segments = 1;
	rx->mss = 0;
	if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if ((uint32_t)h.csum_start + h.csum_offset + 2 > rx->len)
			return false;
		rx->checksum = AKSU_CHECKSUM_PARTIAL;
	} else if (h.flags & VIRTIO_NET_HDR_F_DATA_VALID) {
		rx->checksum = AKSU_CHECKSUM_VERIFIED;
	}
	if (h.hdr_len > rx->len)
		return false;
	return h.gso_type == VIRTIO_NET_HDR_GSO_NONE || read_merged(&h, kind, rx);
}

/* ------------------------------------------------------------------ sent */

/* A frame to cut has its whole TCP header in `head`. */
static bool write_uncut(const struct aksu_tx *tx, enum aksu_link_kind kind, struct header *h)
{
	const uint8_t *tcp = tx->head + tx->transport;
	uint32_t hdr_len;

	if (tx->mss == 0 || tx->transport + TCP_MIN > tx->head_len)
		return false;
	hdr_len = tx->transport + (tcp[TCP_OFFSET_AT] >> 4) * 4u;
	if (hdr_len > tx->head_len || tx->len - hdr_len <= tx->mss)
		return false;
	h->gso_type = tx->head[ip_at(kind)] >> 4 == 4 ? VIRTIO_NET_HDR_GSO_TCPV4
						      : VIRTIO_NET_HDR_GSO_TCPV6;
	/* CWR goes out with the first of the pieces alone (RFC 3168 section 6.1.2). */
	if (tcp[TCP_FLAGS_AT] & TCP_CWR)
		h->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	h->hdr_len = (uint16_t)hdr_len;
	h->gso_size = tx->mss;
	return true;
}

bool virtio_write(const struct aksu_tx *tx, enum aksu_link_kind kind, uint8_t header[VIRTIO_LEN])
{
	struct header h = {0};
	bool uncut;

	if (tx->checksum) {
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = tx->csum_start;
		h.csum_offset = tx->csum_offset;
	}
	uncut = write_uncut(tx, kind, &h);
	memcpy(header, &h, sizeof(h));
	return uncut;
}
