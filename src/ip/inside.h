/* SPDX-License-Identifier: MIT */
/*
 * ip/inside.h - what the files of this room say to each other and to nobody else.
 *
 *   input.c ──► reasm.c     a fragment; the whole datagram comes back as if it had never been cut
 *      │   └──► icmp.c      a checked ICMP message: echo, ND, or an error about a packet of ours
 *      └──────► complain.c  an ICMP error of ours about a packet, if one may be sent
 *   route.c ──► pmtu.c      what the path is known to take
 */
#ifndef AKSU_IP_INSIDE_H
#define AKSU_IP_INSIDE_H

#include "ip/ip.h"

#include "wire/icmp.h"

/* ------------------------------------------------------------------ pmtu.c */

struct ip_pmtu_entry {
	struct aksu_addr dst;
	instant expires; /* 0: the entry is free */
	uint32_t mtu;
	uint32_t limit; /* searched: the smallest size not known to pass, nor worth a try; else 0 */
	instant pause;  /* no probe before */
	bool fragment;  /* the path is narrower still: IP_PMTU_MIN_V4 */
	bool used;      /* searched: somebody asked what to try since the last ten minutes */
};

/* What is known of the path to dst, or NULL. */
const struct ip_pmtu_entry *pmtu_find(const struct ip *ip, const struct aksu_addr *dst);
void pmtu_expire(struct ip *ip, instant now);
void pmtu_fini(struct ip *ip);

/* ------------------------------------------------------------------ reasm.c */

enum {
	/*
	 * Room for what stands before the payload: an IPv4 header is at most 60 octets, IPv6 with a
	 * fragment header 48, which leaves 80 for hop-by-hop options and routing headers.
	 */
	IP_REASM_HEAD = 128,
	IP_REASM_MAX = 64, /* datagrams at once: searched one by one for each fragment */
	/* Of a datagram: 65,515 octets over links of 576, as RFC 791 knows them, are 119. */
	IP_REASM_RUNS = 128,
	IP_REASM_OCTETS = 2 << 20, /* of buffers: 32 of the largest datagrams */
	IP_REASM_SECONDS = 60,     /* RFC 1122 section 3.3.2, RFC 8200 section 4.5 */
};

struct fragment {
	struct aksu_addr src, dst;
	uint32_t id;
	uint32_t at, len; /* of the data, in the datagram */
	const uint8_t *data;
	const uint8_t
		*head; /* the packet before the data: of IPv6 its last 8 are the fragment header */
	uint32_t head_len;
	uint32_t next_at; /* IPv6: where in head the type of the fragment header stands */
	uint8_t protocol; /* IPv4: part of the datagram's name. IPv6: the first fragment's counts */
	uint8_t tos;
	bool v4, more;
	int link;
};

struct reassembled {
	struct aksu_block *block; /* NULL: not yet whole */
	const uint8_t *packet;    /* in it */
	uint32_t len;
	uint32_t evicted;
};

/* The data are within 65535 octets, not empty, and a multiple of 8 unless they are the last. */
enum aksu_drop ip_reasm_add(struct ip *ip, const struct fragment *f, instant now,
			    struct reassembled *out);
instant ip_reasm_deadline(const struct ip *ip);
/* The oldest datagram goes if it is due: FRAGMENT_TIMEOUT, and a reply if its sender is to know. */
enum aksu_drop ip_reasm_expire(struct ip *ip, instant now, struct ip_reply *reply);
void ip_reasm_fini(struct ip *ip);

/* ------------------------------------------------------------------ icmp.c, complain.c */

/* An ICMP or ICMPv6 message, in->payload, to be judged. `whole`: it never was in fragments. */
enum aksu_drop icmp_input(struct ip *ip, struct ip_in *in, bool whole, instant now);

/* An ICMP error of ours. */
struct complaint {
	enum icmp_kind kind;
	uint8_t code;
	bool multicast_too; /* RFC 4443 section 2.4 (e.3): also about a packet to many */
	uint32_t pointer;   /* of a parameter problem: octet in the packet */
};

/*
 * Builds it about a packet, unless the rules forbid. reply->payload.block is NULL if there is none.
 */
bool complain(struct ip *ip, const struct ip_in *about, const struct complaint *c, instant now,
	      struct ip_reply *reply);

/* Whether the bucket has a token, which is taken. */
bool bucket_take(struct ip_bucket *b, instant now);

/* Makes a packet of an ICMP message; false: no memory. reply->link stays as it is. */
bool reply_with(struct ip *ip, struct ip_reply *reply, const struct aksu_addr *src,
		const struct aksu_addr *dst, const struct icmp *m);

/* ------------------------------------------------------------------ small questions */

/* Whether a link of this number exists. */
bool ip_has_link(const struct ip *ip, int link);

/* Whether an address belongs to this link. */
bool ip_on_link(const struct ip *ip, const struct aksu_addr *addr, int link);

/*
 * Whether packets on this link may come from an address (MUST-63, RFC 1122 section 3.2.1.3): one
 * host, and from a wire not ourselves.
 */
bool ip_may_send(const struct ip *ip, const struct aksu_addr *src, int link);

#endif
