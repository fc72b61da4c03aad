/* SPDX-License-Identifier: MIT */
/*
 * tcp/listen.h - LISTEN, and a half-open connection in 16 octets.
 *
 * RFC 9293 section 3.10.7.2; 3.10.7.4 for SYN-RECEIVED from a passive OPEN; RFC 4987 (records and
 * cookies). A listener is not a block, and a SYN makes a record, not a block: bytes, not kilobytes,
 * for each half-open connection. The record follows the same rules as a block in SYN-RECEIVED; a
 * test holds one against the other. Addresses, queues and the retransmission clock are stack/'s.
 */
#ifndef AKSU_TCP_LISTEN_H
#define AKSU_TCP_LISTEN_H

#include "base/hash.h"
#include "tcp/tcb.h"

struct syn_record {
	tcp_seq iss, irs;
	tcp_ts ts_recent;
	uint16_t peer_mss;
	uint16_t snd_shift : 4; /* the peer's scale, or SYN_UNSCALED */
	uint16_t rcv_shift : 4; /* ours, which it announced: the listener may choose anew */
	uint16_t sends : 3;     /* how often the SYN-ACK was sent */
	uint16_t ecn : 3;       /* enum syn_ecn */
	bool ts : 1;            /* timestamps were offered */
	bool sack : 1;          /* and SACK */
};
static_assert(sizeof(struct syn_record) == 16, "DESIGN D6");

/* No scale was offered; those that are legal end before it. */
enum { SYN_UNSCALED = 15 };

/* What stack/ knows of the passive side. */
struct tcp_passive {
	struct tcp_conf *conf;
	tcp_ts ts_offset;
	uint32_t window; /* octets that may be promised; 0: as many as the buffer has */
	uint16_t path_mss, default_mss;
};

enum listen_verdict {
	LISTEN_IGNORE, /* first: RST; or nothing that LISTEN wants */
	LISTEN_RESET,  /* second: ACK, <SEQ=SEG.ACK><CTL=RST> */
	LISTEN_SYN,    /* third: SYN */
};

/* LISTEN's three steps; a pure function of the segment. */
enum listen_verdict tcp_listen(const struct tcp_seg *seg, enum aksu_drop *reason);

/* What a SYN leaves behind. Text and FIN on it are not acknowledged: they will come again (U-5). */
struct syn_record syn_record_from(const struct tcp_seg *syn, tcp_seq iss, uint16_t default_mss,
				  const struct tcp_conf *conf);

/* <SEQ=ISS><ACK=IRS+1><CTL=SYN,ACK> with what the SYN offered, and no more. */
void syn_record_answer(const struct syn_record *r, const struct tcp_passive *p, instant now,
		       struct tcp_seg *out);

enum syn_verdict {
	SYN_DROP,
	SYN_RESEND,   /* the SYN again: the SYN-ACK again */
	SYN_ACK,      /* answer with <SEQ=ISS+1><ACK=IRS+1><CTL=ACK> */
	SYN_RESET,    /* answer with a reset; the record stays (C-31) */
	SYN_DIE,      /* back to LISTEN; nobody is told (MUST-11) */
	SYN_ABORT,    /* the same, and answer with a reset (RFC 9768 3.1.5) */
	SYN_COMPLETE, /* our SYN is acknowledged: make a block and give it this segment */
};

/* 3.10.7.4 for a record; it changes by what the SYN again says of ECN, and by nothing else. */
enum syn_verdict syn_record_input(struct syn_record *r, const struct tcp_passive *p,
				  const struct tcp_seg *seg, instant now, enum aksu_drop *reason);

/* The ACK that SYN_ACK asks for. */
void syn_record_ack(const struct syn_record *r, const struct tcp_passive *p, instant now,
		    struct tcp_seg *out);

/* A block in SYN-RECEIVED (passive), as if it had been there all the time. False: no memory. */
bool tcp_open_passive(struct tcb *t, struct tcp_env *env, const struct syn_record *r,
		      const struct tcp_passive *p, uint32_t id, instant syn_ack_sent);

/* ---------------------------------------------------------------- SYN cookies (RFC 4987
 * section 3.6) */

/*
 * The ISS that remembers a SYN: 5 bits of time, 3 bits of MSS, 24 bits that only we can compute.
 * `flow` is whatever names the pair of endpoints.
 */
tcp_seq cookie_make(const struct hash_key *key, const void *flow, size_t n,
		    const struct tcp_seg *syn, uint16_t default_mss, instant now);

/* The timestamp that remembers SACK, scale and classic ECN in its low six bits. */
tcp_ts cookie_tsval(const struct syn_record *r, tcp_ts ts_now);

/* Takes back from a record what a cookie without timestamps cannot remember. */
void syn_record_plain(struct syn_record *r);

/* Rebuilds the record from the ACK of a SYN-ACK; false: no cookie of ours, or too old. */
bool cookie_check(const struct hash_key *key, const void *flow, size_t n,
		  const struct tcp_conf *conf, const struct tcp_seg *ack, instant now,
		  struct syn_record *out);

#endif
