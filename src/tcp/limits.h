/* SPDX-License-Identifier: MIT */
/*
 * tcp/limits.h - every number that TCP's rules leave to us, in one place, with its reason.
 */
#ifndef AKSU_TCP_LIMITS_H
#define AKSU_TCP_LIMITS_H

#include "base/time.h"

enum {
	/* RFC 9293 3.7.1: without the option (MUST-15). */
	MSS_DEFAULT_V4 = 536,
	MSS_DEFAULT_V6 = 1220,
	/* A smaller announced MSS would make us send more header than text (gotcha H2). */
	MSS_MIN = 48,
	/* Options leave at least this much text in a segment: 48 less all 40 of them. */
	TEXT_MIN = 8,
	/* RFC 7323 3.2, padded: what a data segment loses to timestamps. */
	TS_OPTION_LEN = 12,
	/* RFC 7323 2.3: a larger shift is taken as this. */
	WSCALE_MAX = 14,
	/* Windows may grow to 16 MiB: 2^8 octets are a fine enough grain for it. */
	WSCALE_OFFERED = 8,
	/* RFC 9293 3.8.3: R1, SHLD-10. */
	R1_RETRANSMISSIONS = 3,
	/* RFC 5681 3.2. Those before the third let a new segment go each (RFC 3042). */
	DUPACK_THRESHOLD = 3,
	/* RFC 8985 6.2, step 4: recoveries until the reordering window is small again. */
	REO_WND_PERSIST = 16,
	/* RFC 9768 3.1.4.1, 3.2.3.2.2: a SYN that is sent more often does without ECN (B16). */
	ECN_SYN_TRIES = 2,
	/* Half of what makes the counter of RFC 9768 come round: so many packets for one ACK are
	 * no sign of ACKs that were lost.
	 */
	ECN_ACKED_MANY = 4,
	/* All 12 octets of AccECN, two blocks of SACK and some text fit into a segment. */
	ACCECN_MSS_MIN = 64,
	/* RFC 6928: ten segments, but no more than 14600 octets (or two segments). */
	IW_SEGMENTS = 10,
	IW_OCTETS = 14600,
	/* RFC 5961 7: challenge ACKs of a connection in a second, at random one fewer. */
	CHALLENGE_PER_SECOND = 5,
	/* RFC 5681 4.2: one ACK for each out-of-order segment; more at once would help nobody. */
	ACKS_DUE_MAX = 64,
	/* Pieces out of order of one connection: bounds the work of finding one its place (A10);
	 * 2^14 of one MSS are a window of 23 MB. */
	REASM_MAX = 16384,
	/* More than so many must be worth their memory: of this many octets, on average (A10). */
	REASM_TINY_MAX = 1024,
	REASM_GRAIN = 256,
	/* As many full segments at the beginning are acknowledged one by one: initial windows of
	 * three and of ten (RFC 6928) have grown to some sixteen in flight by then. */
	QUICK_ACK_SEGMENTS = 16,
	/* RFC 7323 5.3: a timestamp from less than two of these ago, in octets or ticks, is of no
	 * earlier lap of 2^32. */
	PAWS_SPAN = 1 << 29,
	/* Runs of octets sent and not yet acknowledged: 2^16 of one MSS are a window of 95 MB. */
	SENT_MAX = 65536,
	/* What one ACK may be for and count in full: as much as one packet of IP can be merged of.
	 */
	BATCH_MAX = 65535,
	/* Copying API: a block of payload holds up to this; less overhead, little waste. */
	BLOCK_GRAIN = 16384,
};

/* RFC 6298 2.1: before any sample. Also the first SYN's. */
#define RTO_INITIAL seconds(1)
/* RFC 6298 5.7: after a SYN was lost, data begins with at least this. */
#define RTO_AFTER_SYN_LOSS seconds(3)
/* RFC 6298 2.5: at least 60 s. */
#define RTO_MAX seconds(120)
/* MUST-40: below 500 ms; as short as Linux's shortest, so that peers' RTO floors hold. */
#define DELAYED_ACK milliseconds(40)
/* RFC 8985 7.2, TLP.max_ack_delay: what peers delay a lonely ACK by, most of them less. */
#define MAX_ACK_DELAY milliseconds(200)
/* A probe does not go sooner: on the shortest paths a receiver's clock is coarser than two RTTs. */
#define PTO_MIN milliseconds(10)
/* RFC 8985 6.2, step 1: the shortest RTT is forgotten after one to two of these. */
#define MIN_RTT_WINDOW seconds(150)
/* RFC 9293 3.8.6.2.1: 0.1 to 1.0 s (U-14). */
#define SWS_OVERRIDE milliseconds(200)
/* RFC 9293 3.9.1.1 has five minutes; SHLD-11 wants 100 s at least. */
#define USER_TIMEOUT_DEFAULT seconds(300)
/* MUST-23: a SYN is tried for three minutes at least. */
#define SYN_TIMEOUT_DEFAULT seconds(180)
/* MUST-28. */
#define KEEPALIVE_IDLE_DEFAULT     seconds(7200)
#define KEEPALIVE_INTERVAL_DEFAULT seconds(75)
#define KEEPALIVE_COUNT_DEFAULT    9
/* An orphan in FIN-WAIT-2, which nobody can read from any more; as Linux. */
#define ORPHAN_FIN_WAIT_2 seconds(60)
/* RFC 7323 5.5: a TS.Recent older than this says nothing. */
#define TS_RECENT_LIFETIME seconds(24 * 86400)
/* One tick of our timestamp clock (RFC 7323 5.4: 1 ms to 1 s). */
#define TS_TICK milliseconds(1)
/* A probe of the path MTU was lost: the next one not later than this. */
#define SEARCH_PAUSE_MAX seconds(60)
/* Wake-ups are late by some tens of microseconds, on a busy machine by more: so much of it is made
 * up for. */
#define PACE_CREDIT milliseconds(1)
/* Memory was refused: try again after this. */
#define STARVED_RETRY milliseconds(50)

#endif
