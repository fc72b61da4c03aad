/* SPDX-License-Identifier: MIT */
/*
 * tcp/tcb.h - the transmission control block of one connection (RFC 9293 section 3.3.1).
 *
 *   send side                                     receive side
 *
 *      snd.una     snd.nxt   snd.una + snd.wnd        rcv.nxt          rcv.adv
 *   ──────┼───────────┼─────────────┼──────►       ──────┼────────────────┼──────►
 *   acked │ in flight │  may send   │ may not      have  │  may receive   │ must not
 *
 * A block has two parts (DESIGN D6). The core is what an idle connection needs. The extension holds
 * queues, sent runs, recovery and the timers of moving data; it comes from a pool when data moves
 * and goes back when all is quiet.
 *
 * The block knows no address, no link and no clock: numbers come in as arguments. What tcb_check()
 * asserts is written there (check.c).
 */
#ifndef AKSU_TCP_TCB_H
#define AKSU_TCP_TCB_H

#include "base/block.h"
#include "tcp/cc.h"
#include "tcp/ecn.h"
#include "tcp/env.h"
#include "tcp/limits.h"
#include "tcp/loss.h"
#include "tcp/reasm.h"
#include "tcp/sent.h"
#include "wire/tcp.h"

#define TCP_STATE_ENUM(name, ...) TCP_##name = AKSU_STATE_##name,
enum tcp_state { AKSU_STATES(TCP_STATE_ENUM) };
#undef TCP_STATE_ENUM

#define TCP_TIMER_ENUM(name, ...) TIMER_##name = AKSU_TIMER_##name,
enum tcp_timer { AKSU_TIMERS(TCP_TIMER_ENUM) };
#undef TCP_TIMER_ENUM
#define TIMER_FAST_COUNT 8 /* TLP to USER run only while data moves: they live in the extension */
#define TIMER_NONE       AKSU_TIMER_COUNT

/* What the application chose, shared by all sockets that chose the same (copy-on-write). */
struct tcp_conf {
	uint32_t refs;
	uint32_t sndbuf, rcvbuf; /* octets, to begin with */
	uint32_t sndmax, rcvmax; /* what they may grow to; no more than the above: they do not */
	uint32_t notsent_lowat;  /* octets; 0: none */
	uint32_t sndlowat, rcvlowat; /* octets; sndlowat 0: a third of sndbuf */
	duration user_timeout;       /* R2; INSTANT_NEVER.ns: never */
	duration syn_timeout;        /* R2 of the SYN */
	duration keep_idle, keep_interval;
	int64_t linger_ns; /* -1: off */
	uint16_t maxseg;   /* 0: no limit of the application's */
	uint8_t keep_count;
	uint8_t tos, ttl;
	uint8_t cc;               /* enum aksu_congestion */
	uint8_t ecn;              /* enum aksu_ecn */
	uint64_t max_pacing_rate; /* octets per second; 0: no limit of the application's */
	bool nodelay, cork, quickack, keepalive, keep_data, no_soft_errors;
};

enum tcb_flag {
	TF_PASSIVE = 1u << 0,      /* SYN-RECEIVED came from LISTEN (MUST-11) */
	TF_TS = 1u << 1,           /* timestamps agreed on (RFC 7323) */
	TF_SACK = 1u << 2,         /* SACK permitted by both (RFC 2018) */
	TF_WS = 1u << 3,           /* window scale agreed on */
	TF_CLOSED = 1u << 4,       /* nothing more will be queued: FIN follows the queue */
	TF_FIN_SENT = 1u << 5,     /* our FIN has a number: snd.nxt is beyond it */
	TF_FIN_RECEIVED = 1u << 6, /* the peer's FIN is counted in rcv.nxt */
	TF_FIN_HELD = 1u << 7,     /* the peer's FIN came out of order: it lies at x->fin_at */
	TF_NO_READER = 1u << 8,   /* the application closed: text that comes is answered with RST */
	TF_SND_URGENT = 1u << 9,  /* x->snd_up holds */
	TF_RCV_URGENT = 1u << 10, /* x->rcv_up holds */
	TF_ACK_DELAYED = 1u << 11, /* in-order text waits for the delayed-ACK timer */
	TF_WINDOW_DUE = 1u << 12,  /* the application read enough: tell the peer */
	TF_PROBE_DUE = 1u << 13,   /* the persist timer expired */
	TF_KEEPALIVE_DUE = 1u << 14,
	TF_OVERRIDE = 1u << 15,     /* the SWS override timer expired: small data may go */
	TF_MORE = 1u << 16,         /* the application said that more follows */
	TF_SYN_RESENT = 1u << 17,   /* no RTT sample of the handshake, RFC 6298 5.7, IW 1 */
	TF_LIFE = 1u << 18,         /* `slow` is TIMER_LIFE, not TIMER_KEEPALIVE */
	TF_R1 = 1u << 20,           /* R1 was reported for this episode */
	TF_RTX_PMTU = 1u << 21,     /* what is marked lost was too big, not lost: no cwnd cut */
	TF_STARVED = 1u << 22,      /* SEND found no memory: not writable until some is free */
	TF_REORDERS = 1u << 23,     /* the path was seen to change the order (RFC 8985 6.2) */
	TF_REO_WND = 7u << 24,      /* while idle: RACK.reo_wnd_mult - 1, as far as it fits */
	TF_ECN_CLASSIC = 1u << 27,  /* RFC 3168 agreed on; in SYN-SENT: asked for */
	TF_ECN_ACCURATE = 1u << 28, /* RFC 9768, the same */
	TF_ECN = TF_ECN_CLASSIC | TF_ECN_ACCURATE,
	TF_NO_ECT = 1u << 29,   /* we may not, or had better not, send ECT */
	TF_ECN_DEAF = 1u << 30, /* what the peer says of marks means nothing */
};

#define TF_REO_WND_SHIFT 24

/* What the rooms above must pass on; they clear what they took. */
enum tcb_notice {
	NOTICE_CONNECTED = 1,
	NOTICE_URGENT = 2,
	NOTICE_SOFT_ERROR = 4,
	NOTICE_R1 = 8,          /* tell the application (SHLD-9) */
	NOTICE_PROGRESS = 16,   /* the peer answers: the neighbour is reachable (H11) */
	NOTICE_DOUBT = 32,      /* R1: advise the neighbour cache, once (MUST-20) */
	NOTICE_BLACK_HOLE = 64, /* it may be their size that keeps segments from arriving */
	NOTICE_PROBED = 128,    /* x->mtu has the answer of a probe */
};

struct tcp_snd {
	tcp_seq una, nxt;
	uint32_t wnd;     /* octets, in 32 bits (REC-1) */
	tcp_seq wl1, wl2; /* SEG.SEQ and SEG.ACK of the last window update */
	uint32_t max_wnd; /* MAX.SND.WND of RFC 5961 */
};

struct tcp_rcv {
	tcp_seq nxt;
	tcp_seq adv;  /* the right edge promised: RCV.NXT + RCV.WND; never moves left (SHLD-14) */
	tcp_seq mark; /* autotune.c: read up to here, half a buffer was taken since ... */
	uint32_t mark_us; /* ... this moment, modulo 2^32 */
};

struct tcp_rtt {
	uint32_t srtt_us, rttvar_us, rto_us; /* srtt_us 0: no sample yet */
};

struct tcb {
	struct tcp_env *env;
	struct tcb_ext *x; /* NULL while idle */
	struct tcp_conf *conf;
	struct tcp_snd snd;
	struct tcp_rcv rcv;
	tcp_seq iss, irs;
	instant slow; /* TIMER_LIFE or TIMER_KEEPALIVE (TF_LIFE tells) */
	struct tcp_rtt rtt;
	uint32_t cwnd, ssthresh; /* of the last time data moved; x->cc holds them while it does */
	tcp_ts ts_recent, ts_offset;
	uint32_t ts_recent_s; /* when ts_recent was set, in seconds */
	tcp_seq last_ack_sent;
	uint32_t flags; /* enum tcb_flag */
	uint32_t id;    /* names the connection in events */
	uint32_t retransmissions;
	uint16_t una_wraps,
		nxt_wraps; /* how often snd.una and rcv.nxt came round: octets above 2^32 */
	uint16_t peer_mss; /* what the peer announced, or its default */
	uint16_t path_mss; /* what the path takes: MTU less fixed headers */
	uint16_t rcv_mss;  /* largest text seen in a segment: what "full-sized" means (E13) */
	uint8_t state;     /* enum tcp_state; only tcb_set_state() writes it */
	uint8_t snd_shift, rcv_shift;
	uint8_t rcv_grown;     /* how often the receive buffer was doubled */
	uint8_t backoff;       /* retransmission or persist time-outs in a row */
	uint8_t acks_due;      /* ACKs to be sent at once, counted (RFC 5681 4.2) */
	uint8_t ack_why;       /* enum aksu_why of the next of them */
	uint8_t error;         /* enum aksu_error that ended the connection; sticky */
	uint8_t soft_error;    /* the last soft error (MUST-47) */
	uint8_t notices;       /* enum tcb_notice */
	uint8_t keep_sent;     /* keep-alive probes unanswered */
	uint8_t challenges;    /* challenge ACKs in the second `challenge_s` (RFC 5961 7) */
	uint16_t challenge_s;  /* modulo 2^16: at worst one second renews nothing */
	uint32_t state_s;      /* when the state began, in seconds: told, and never acted on */
	uint32_t last_sent_ms; /* when text was: an idle window is not trusted (RFC 5681) */
};

/* RFC 5682: F-RTO has not begun or has ended; waits for an ACK (step 2); sent new data (step 3). */
enum tcp_frto { FRTO_OFF, FRTO_ACK, FRTO_NEW };

struct tcp_recovery {
	tcp_seq recover; /* RFC 6582: highest number sent when recovery began */
	uint16_t dupacks;
	uint8_t frto;     /* enum tcp_frto */
	bool active;      /* in fast recovery */
	bool recover_set; /* `recover` holds (also after a time-out) */
	bool after_rto;   /* slow start after a time-out, until `recover` is acknowledged */
	bool undo;        /* what follows can still prove to have been for nothing (RFC 4015) */
	bool undo_asked;  /* the first ACK of what was sent again came: no more Eifel */
	instant began;
	uint32_t guessed;     /* octets that have arrived, by duplicate ACKs without SACK */
	uint32_t frto_window; /* step 3: what may be in flight, at least */
	uint32_t prr_delivered, recover_fs; /* octets (RFC 9937) */
	uint64_t prr_from;                  /* sent.octets when the episode began */
	uint32_t undo_cwnd, undo_ssthresh;  /* as they were */
	uint32_t undo_resent, undo_dup;     /* octets sent again since; of these, came twice */
	tcp_seq undo_from, undo_until;      /* SND.UNA when it began; SND.NXT when it ended */
	tcp_seq undo_end;                   /* end of what was sent again first */
	tcp_ts undo_ts;                     /* TSval that it carried */
};

/* What of cwnd was used, in this round trip and in the one before (RFC 7661). */
struct tcp_use {
	uint32_t flight, last_flight; /* the most in flight, octets */
	bool limited, was_limited;    /* cwnd was what kept us from sending more */
};

/* A round trip, and when it ended. */
struct tcp_rack_sample {
	instant at;
	duration rtt;
};

enum { RACK_SAMPLES = 8 }; /* a power of two; spread over a reordering window */

/* RFC 8985 5.3, by its names. */
struct tcp_rack {
	instant xmit_ts;
	struct tcp_rack_sample sample[RACK_SAMPLES]; /* a ring, oldest first */
	uint8_t samples_head, samples;
	tcp_seq end_seq;
	tcp_seq fack;
	duration rtt;
	instant next; /* when the oldest run that waits will be lost; never: none waits */
	tcp_seq dsack_round;
	uint8_t reo_wnd_more; /* reo_wnd_mult - 1 */
	uint8_t reo_wnd_persist;
	bool known;           /* xmit_ts, end_seq and rtt hold */
	bool dsack_round_set; /* dsack_round holds */
};

/* RFC 8985 7; `out`: TLP.end_seq holds. */
struct tcp_tlp {
	tcp_seq end_seq;
	bool out;
	bool is_retrans;
	bool due;    /* the timer expired: output.c is to send a probe */
	bool no_rtt; /* no RTT was measured since the last probe */
};

/* RFC 4821: a probe of the path MTU, see plpmtud.c. */
struct tcp_mtu {
	tcp_seq seq;  /* of its first octet */
	uint32_t mss; /* the MSS that it is one of */
	bool out;     /* it is on its way, and its loss would say something */
	bool arrived; /* NOTICE_PROBED: whether it did */
	bool proven;  /* a full-sized segment has arrived since there was an extension ... */
	bool passed;  /* ... or text of any size */
};

struct tcb_ext {
	struct bytes sndq; /* from snd.una (or iss + 1) on */
	struct bytes rcvq; /* in order, not yet read */
	struct reasm reasm;
	struct sent sent;
	instant deadline[TIMER_FAST_COUNT];
	struct cc cc;
	struct tcp_use use;
	struct tcp_recovery recovery;
	struct tcp_rack rack;
	struct tcp_tlp tlp;
	struct tcp_ecn ecn;
	struct tcp_mtu mtu;
	uint64_t delivered;                  /* octets acknowledged since the extension was taken */
	instant delivered_at, first_sent_at; /* C.delivered_time, C.first_send_time of rate.c */
	uint64_t app_limited; /* what is to be delivered until samples tell something again, or 0 */
	instant next_send_time;      /* pace.c */
	instant batch_at;            /* the last moment at which we sent ... */
	tcp_seq batch_una;           /* ... and what was acknowledged then, ... */
	uint32_t batch_len;          /* ... how much was sent in one go ... */
	uint32_t batch;              /* ... and the most in any, since the last time-out */
	tcp_seq round_end;           /* SND.NXT when this round trip began */
	uint64_t lost_told;          /* of sent.found_lost, what the congestion control knows */
	tcp_seq snd_up, rcv_up;      /* SND.UP and RCV.UP, while TF_SND_URGENT, TF_RCV_URGENT */
	tcp_seq small_end;           /* Minshall: end of the last small segment sent */
	tcp_seq fin_at;              /* TF_FIN_HELD: number of the peer's FIN */
	uint32_t unacked_rcvd;       /* octets received and not yet acknowledged */
	uint32_t min_rtt_us;         /* of this window of MIN_RTT_WINDOW and the one before */
	uint32_t new_min_us;         /* of this window */
	instant min_rtt_since;       /* this window's beginning */
	tcp_ts ts_floor, ts_next;    /* TS.Recent as it was one or two PAWS_SPANs ago, and ... */
	tcp_seq ts_since;            /* ... when RCV.NXT stood here, or later */
	struct tcp_sack_block dsack; /* dsack_set: came twice, and is to be reported (RFC 2883) */
	bool dsack_set;
	bool small_sent; /* small_end holds */
};

/* What a step wants sent that is not the connection's own: at most one segment per input. */
struct reply {
	bool set;
	uint8_t why; /* enum aksu_why */
	struct tcp_seg seg;
};

/* ---------------------------------------------------------------- state.c, tcb.c */

void tcb_set_state(struct tcb *t, enum tcp_state to);

/* Begins a block in `state`: CLOSED, or SYN-RECEIVED out of a record. The caller counts `conf`. */
void tcb_init(struct tcb *t, struct tcp_env *env, struct tcp_conf *conf, uint32_t id,
	      enum tcp_state state);

/* Gives back everything the block holds; says nothing to the peer. */
void tcb_fini(struct tcb *t);

/* What the pool of extensions must be made for. */
uint32_t tcb_ext_size(void);

/* The extension, taken now if there is none; NULL: no memory. */
MUST_USE struct tcb_ext *tcb_extend(struct tcb *t);

/* Gives the extension back if nothing needs it. */
void tcb_rest(struct tcb *t);

/* The extension to read: an empty one while there is none. */
const struct tcb_ext *tcb_x(const struct tcb *t);

/* Poisons the instance when an invariant of the block is broken; O(n). For tests and simulation. */
bool tcb_check(const struct tcb *t, instant now);

/* TS.Recent begins: nothing older is taken (RFC 7323 5.3). */
void tcb_ts_begin(struct tcb *t, tcp_ts recent);

/* SEND found no memory, and waits to be told of some; that it need not wait any more. */
void tcb_starve(struct tcb *t, instant now);
void tcb_unstarve(struct tcb *t);

/* Ends the connection: CLOSED, everything dropped but what can still be read. */
void tcb_terminate(struct tcb *t, enum aksu_error error);

static inline bool has(const struct tcb *t, uint32_t flag) { return t->flags & flag; }

static inline bool tcp_synchronized(const struct tcb *t) { return t->state >= TCP_ESTABLISHED; }

/* Our SYN is acknowledged, and we may still send what is queued. */
static inline bool tcp_may_send_text(const struct tcb *t)
{
	return t->state == TCP_ESTABLISHED || t->state == TCP_CLOSE_WAIT ||
	       t->state == TCP_FIN_WAIT_1 || t->state == TCP_CLOSING || t->state == TCP_LAST_ACK;
}

/* RCV.WND: what we promised and have not yet received. */
static inline uint32_t rcv_wnd(const struct tcb *t) { return seq_dist(t->rcv.nxt, t->rcv.adv); }

static inline uint32_t snd_outstanding(const struct tcb *t)
{
	return seq_dist(t->snd.una, t->snd.nxt);
}

/* ---------------------------------------------------------------- events */

struct aksu_event *tcb_event(const struct tcb *t, enum aksu_event_kind kind);

/* Counts and reports; `seg` may be NULL. */
void tcp_drop(struct tcp_env *env, const struct tcb *t, enum aksu_drop reason,
	      const struct tcp_seg *seg);

/* Fills what an event says of a segment. */
void event_segment(struct aksu_event *e, const struct tcp_seg *seg);

#endif
