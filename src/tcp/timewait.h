/* SPDX-License-Identifier: MIT */
/*
 * tcp/timewait.h - TIME-WAIT in 16 octets: what the last state of a connection must remember.
 *
 * RFC 9293 section 3.6.1 and 3.10.7.4 for TIME-WAIT, RFC 1337 (resets are ignored), RFC 6191 (when
 * a SYN may begin anew). The record follows the same rules as a block in TIME-WAIT; a test holds
 * one against the other. Addresses and the clock of 2MSL are stack/'s.
 */
#ifndef AKSU_TCP_TIMEWAIT_H
#define AKSU_TCP_TIMEWAIT_H

#include "tcp/tcb.h"

struct timewait {
	tcp_seq snd_nxt, rcv_nxt;
	tcp_ts ts_recent;
	uint16_t rawwnd; /* the window as last advertised */
	uint8_t shift;   /* its scale, and TIMEWAIT_TS */
	uint8_t budget;  /* challenge ACKs: 3 bits of what is left, 5 bits of the second */
};
static_assert(sizeof(struct timewait) == 16, "DESIGN D6");

#define TIMEWAIT_TS 0x80 /* in `shift`: timestamps were agreed on */

/* From a block in TIME-WAIT. */
struct timewait timewait_from(const struct tcb *t);

enum timewait_verdict {
	TIMEWAIT_DROP,
	TIMEWAIT_ACK,     /* answer with the last ACK */
	TIMEWAIT_RESTART, /* the same, and 2MSL begins anew */
	TIMEWAIT_REUSE, /* a new connection may begin; its ISS must be above timewait_iss_floor() */
};

/*
 * A segment for a connection in TIME-WAIT. *reason says why it is dropped; NONE for TIMEWAIT_REUSE.
 */
enum timewait_verdict timewait_input(struct timewait *w, const struct tcp_seg *seg, instant now,
				     enum aksu_drop *reason);

/* The last ACK once more. `ts_offset` is that of the connection's timestamps. */
void timewait_ack(const struct timewait *w, tcp_ts ts_offset, instant now, struct tcp_seg *out);

/* A SYN that wants to begin a connection: no ACK, no RST. */
static inline bool timewait_is_syn(const struct tcp_seg *seg)
{
	return (seg->flags & (AKSU_SYN | AKSU_ACK | AKSU_RST)) == AKSU_SYN;
}

/* RFC 6191 section 2: whether a SYN may end TIME-WAIT. */
bool timewait_may_reuse(const struct timewait *w, const struct tcp_seg *syn);

/* The new ISS must be larger than anything sent before (MAY-2). */
static inline tcp_seq timewait_iss_floor(const struct timewait *w)
{
	return seq_add(w->snd_nxt, 65536); /* some slack for what may still be on its way */
}

#endif
