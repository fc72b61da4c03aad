/* SPDX-License-Identifier: MIT */
/*
 * tcp/ecn.h - explicit congestion notification: who may mark, what came marked, what is told.
 *
 *   RFC 3168   classic: ECE says "slow down" until CWR says "I did"
 *   RFC 9768   accurate: AE, CWR and ECE count the packets that came marked, options the octets
 *   RFC 8257   what DCTCP makes of the classic bits: ECE says whether the last packet was marked
 *
 * The rules are in ecn.c; the other files ask at the one place that each rule has. How far to slow
 * down is the congestion control's (cc.h); what IP does with the field is ip/'s and the network's.
 */
#ifndef AKSU_TCP_ECN_H
#define AKSU_TCP_ECN_H

#include "tcp/cc.h"
#include "wire/tcp.h"

struct tcb;
struct tcp_conf;

/* RFC 9768 3.2, by its names; in the extension, which stays once something was counted. */
struct tcp_ecn {
	uint32_t r_cep, s_cep;        /* packets that came with CE; that were told to have */
	uint32_t r_e0b, r_ceb, r_e1b; /* octets of text that came with ECT(0), CE, ECT(1) */
	uint32_t s_ceb;               /* octets that were told to have come with CE */
	tcp_seq cut_end;              /* SND.NXT when the window was cut last */
	uint16_t acked;               /* packets for one ACK, on average, in ECN_AVERAGE_ONE */
	uint8_t ce_unacked;           /* packets with CE since the last ACK */
	uint8_t option_due;           /* segments that are to carry the AccECN option */
	uint8_t syn_echo;             /* 1 + the ECN field of the SYN-ACK, to be told; or 0 */
	bool was_ce;                  /* the last packet came with CE */
	bool echo;                    /* classic: ECE is set; DCTCP.CE */
	bool cwr;                     /* classic: CWR goes with the next new text */
	bool cut;        /* what was sent when the window was cut is not acknowledged */
	bool held;       /* and it was for a mark: the window does not grow meanwhile */
	bool option_bad; /* the peer's option came zeroed (3.2.3.2.4) */
};

enum {
	ECN_CEP_INITIAL = 5, /* RFC 9768 3.2.1 */
	ECN_OCTETS_INITIAL = 1,
	ECN_AVERAGE_ONE = 16,
};

#define ECN_INITIAL                                                                              \
	{                                                                                        \
		.r_cep = ECN_CEP_INITIAL, .s_cep = ECN_CEP_INITIAL, .r_e0b = ECN_OCTETS_INITIAL, \
		.r_e1b = ECN_OCTETS_INITIAL,                                                     \
	}

/* ---------------------------------------------------------------- the passive side's handshake */

/* What a SYN record keeps, in three bits. */
enum syn_ecn {
	SYN_ECN_OFF,
	SYN_ECN_CLASSIC,
	SYN_ECN_GAVE_UP,  /* accurate, but the last SYN asked for nothing */
	SYN_ECN_ACCURATE, /* and the ECN field of the last SYN is added: 3 to 6 */
};

/* What is agreed on with a SYN (RFC 3168 6.1.1, RFC 9768 Table 2, 3.1.3): enum syn_ecn. */
uint8_t ecn_answer(const struct tcp_conf *conf, const struct tcp_seg *syn);

/*
 * The SYN again: what is agreed on stays (3.1.5), but the last SYN is told. False: it asks for the
 * other kind of feedback, and neither side could know what the other took: reset.
 */
MUST_USE bool ecn_answer_again(const struct tcp_conf *conf, uint8_t *ecn,
			       const struct tcp_seg *syn);

/* Our SYN-ACK, which is sent for the `sends`-th time (3.1.2, 3.2.3.2). */
void ecn_dress_syn_ack(uint8_t ecn, unsigned sends, struct tcp_seg *out);

/* An ACK that a record sends. */
void ecn_dress_record_ack(uint8_t ecn, struct tcp_seg *out);

/* What a SYN cookie and the ACK that brought it back tell (5.1). */
uint8_t ecn_of_cookie(const struct tcp_conf *conf, bool classic, const struct tcp_seg *ack);

/* A block out of a record. */
uint32_t ecn_flags_of(uint8_t ecn, unsigned sends);

/* The ACK that opens a connection in SYN-RECEIVED (3.2.2.1, Table 4). */
void ecn_first_ack(struct tcb *t, const struct tcp_seg *seg);

/* ---------------------------------------------------------------- the active side's handshake */

/* OPEN: what is asked for. */
void ecn_open(struct tcb *t);

/* A SYN, or a SYN-ACK of a simultaneous open, that was sent `before` times (3.1.4.1). */
void ecn_dress_syn(const struct tcb *t, unsigned before, struct tcp_seg *out);

/* The peer's SYN-ACK, or its SYN that crossed ours. */
void ecn_agree(struct tcb *t, const struct tcp_seg *syn);

/* The SYN-ACK again, when we have gone on: its ECN field is told again. */
void ecn_syn_ack_again(struct tcb *t, const struct tcp_seg *seg);

/* The next ACK tells the ECN field of the SYN-ACK, and only a pure one can (3.2.2.1). */
bool ecn_ack_goes_alone(const struct tcb *t);

/* ---------------------------------------------------------------- receiver */

/* An acceptable segment; true: it should be acknowledged at once (RFC 9768 3.2.2.5.1). */
bool ecn_received(struct tcb *t, const struct tcp_seg *seg);

/* The AccECN option, if one is due (3.2.3.3); before SACK, which gets what is left. */
void ecn_offer(const struct tcb *t, struct tcp_opts *o, bool text);

/* What every segment without SYN says. */
void ecn_tell(struct tcb *t, struct tcp_seg *seg);

/* ---------------------------------------------------------------- sender */

/* Text that was never sent: ECT, and CWR when it is due. */
void ecn_mark_text(struct tcb *t, struct tcp_seg *seg);

/* The next segment must not be cut by the link, which would clear CWR in all but the first. */
bool ecn_uncut(const struct tcb *t);

/* What an ACK tells of marks; sets ev->ece and ev->ce. After SND.UNA moved. */
void ecn_on_ack(struct tcb *t, const struct tcp_seg *seg, struct ack_event *ev);

/* And what follows: once for each window of data (RFC 3168 6.1.2). */
void ecn_react(struct tcb *t, struct ack_event *ev);

/* The window was cut because of a loss. */
void ecn_reduced(struct tcb *t);

/* Nothing would be forgotten with the extension. */
bool ecn_may_rest(const struct tcb *t);

#endif
