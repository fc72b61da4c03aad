/* SPDX-License-Identifier: MIT */
/*
 * dhcp/client.h - a client, as the files of this room see it (RFC 2131 section 4.4, figure 5).
 *
 *            ┌────────────────── NAK, or no answer ───────────────────┐
 *            ▼                                                        │
 *   INIT ──► SELECTING ─ OFFER ─► REQUESTING ─ ACK ─► CHECKING ──► BOUND ◄─────────┐
 *    ▲                                   ▲               │ in use    │ T1          │ ACK
 *    │   (a former address) REBOOTING ───┘ ACK           ▼           ▼             │
 *    └─────────────────────────────────────────────── DECLINE     RENEWING ────────┤
 *    └────────────────────────── the lease ended ─────────┐          │ T2          │
 *                                                         └────── REBINDING ───────┘
 *
 *   client.c   the calls of aksu/dhcp.h, what time does, what is told
 *   answer.c   what servers say
 *   ask.c      what is said to them
 */
#ifndef AKSU_DHCP_CLIENT_H
#define AKSU_DHCP_CLIENT_H

#include "base/hash.h"
#include "dhcp/lease.h"

enum {
	/* RFC 2131 section 4.1: 4 s, doubled up to 64 s, each a second more or less by chance. */
	RETRY_FIRST_SECONDS = 4,
	RETRY_DOUBLINGS = 4,
	RETRY_FUZZ_MS = 1000,
	/* Section 3.1 (5): a request four times, 60 s in all; then from the beginning. */
	REQUEST_TRIES = 4,
	/* A former address is asked for twice, 12 s in all: where nobody knows it nobody answers.
	 */
	REBOOT_TRIES = 2,
	/* Section 4.4.5: renewals are repeated after half of the time left, but a minute at least.
	 */
	RENEW_SECONDS_MIN = 60,
	/* Section 3.1 (5): after a DECLINE. */
	DECLINED_SECONDS = 10,
	/* RFC 5227 section 1.1: PROBE_NUM. */
	PROBES = 3,
	PROBE_INTERVAL_MS = 300, /* docs/departures.md */
	/* An ARP question and its answer on any link that is worth the name. */
	RELEASE_MS = 200,
	NEWS_MAX = 8,
	/* Octets of a message that we take, said in option 57; the least that it may say is 576. */
	MESSAGE_MAX = 1500,
};

struct aksu_dhcp {
	struct aksu_allocator from;
	struct lease_link link;
	aksu_socket socket;
	struct mac mac;
	struct hash_key key;
	uint64_t draws;
	duration probe_interval;
	uint8_t hostname_len, client_id_len;
	char hostname[AKSU_DHCP_HOSTNAME_MAX];
	uint8_t client_id[AKSU_DHCP_CLIENT_ID_MAX];

	enum aksu_dhcp_state state;
	instant deadline;
	uint32_t xid;
	uint16_t secs;
	instant began;               /* this attempt, for `secs` */
	instant asked;               /* the last REQUEST */
	unsigned tries;              /* messages, or probes, in this state */
	unsigned failures;           /* in a row: answers that led nowhere */
	struct aksu_dhcp_lease want; /* REQUESTING, REBOOTING, CHECKING: what is asked for */
	struct aksu_dhcp_lease held; /* when `has` */
	bool has;
	struct aksu_dhcp_news news[NEWS_MAX];
	uint32_t news_first, news_count;
};

/* ------------------------------------------------------------------ client.c */

/* Any number, which nobody can guess. */
uint64_t dhcp_draw(struct aksu_dhcp *d);

/* Into a state, whose next deadline is this; nothing was tried in it yet. */
void dhcp_enter(struct aksu_dhcp *d, enum aksu_dhcp_state state, instant deadline);

/* What was asked for is ours to check, or, if we have it already, to keep for longer. */
void dhcp_take(struct aksu_dhcp *d, const struct aksu_dhcp_lease *lease, instant now);

/* From the beginning, after an answer that led nowhere; the more of these in a row the later. */
void dhcp_fail(struct aksu_dhcp *d, instant now, duration at_least);

/* The address goes, if there is one. */
void dhcp_lose(struct aksu_dhcp *d, const char *why);

void dhcp_tell(struct aksu_dhcp *d, enum aksu_dhcp_happened what,
	       const struct aksu_dhcp_lease *about, const char *why);

/* ------------------------------------------------------------------ ask.c */

/* A new transaction: its id, and the time from which `secs` count. */
void dhcp_begin(struct aksu_dhcp *d, instant now);
/* The message that belongs to the state, once. */
void dhcp_ask(struct aksu_dhcp *d, instant now);
void dhcp_decline(struct aksu_dhcp *d, instant now);
void dhcp_send_release(struct aksu_dhcp *d, instant now);

/* ------------------------------------------------------------------ answer.c */

/* A datagram from a server's port. */
void dhcp_answer(struct aksu_dhcp *d, const uint8_t *data, size_t n, instant now);

#endif
