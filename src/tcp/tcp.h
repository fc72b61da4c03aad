/* SPDX-License-Identifier: MIT */
/*
 * tcp/tcp.h - the doors of the room: RFC 9293 section 3.10, and the questions that the rooms above
 * ask.
 *
 *   section     file         what
 *   3.10.1-6    user.c       OPEN SEND RECEIVE CLOSE ABORT STATUS
 *   3.10.7      input.c      SEGMENT ARRIVES   (listen.c: 3.10.7.2; timewait.c: TIME-WAIT records)
 *   3.10.8      timeout.c    time-outs, and all arming of timers
 *   -           output.c     the only place that builds segments
 *
 * Calls go down, results come up: nothing here calls the application or a device.
 */
#ifndef AKSU_TCP_TCP_H
#define AKSU_TCP_TCP_H

#include "tcp/tcb.h"

/* ---------------------------------------------------------------- user calls, 3.10.1 to 3.10.6 */

struct tcp_open {
	tcp_seq iss;
	tcp_ts ts_offset;
	uint16_t path_mss;    /* MTU less IP and TCP headers */
	uint16_t default_mss; /* 536 or 1220 (MUST-15) */
};

/* Active OPEN: SYN-SENT; 0, or -AKSU_ENOMEM. */
int tcp_open(struct tcb *t, const struct tcp_open *open, instant now);

/* Queues copies of up to n octets; returns how many, or a negative error. `more`: more follows. */
int64_t tcp_send(struct tcb *t, const uint8_t *data, size_t n, bool more, bool urgent, instant now);

/* Queues lent memory; the reference is taken over when it succeeds. */
int tcp_send_slice(struct tcb *t, struct slice s, bool more, instant now);

/* Takes up to n octets; 0 is the end of the stream. */
int64_t tcp_receive(struct tcb *t, uint8_t *out, size_t n, instant now);
int64_t tcp_peek(const struct tcb *t, uint8_t *out, size_t n);

/* No more will be queued (half-close). */
int tcp_shutdown(struct tcb *t, instant now);

/* CLOSE: the application is gone; may answer with RST (SHLD-3). */
int tcp_close(struct tcb *t, instant now, struct reply *re);

/* ABORT: CLOSED at once; RST where the RFC says so. */
void tcp_abort(struct tcb *t, struct reply *re);

/* What the application can do: AKSU_READABLE ... of aksu/socket.h, by the same numbers. */
uint32_t tcp_ready(const struct tcb *t);

/* Octets of urgent data not yet read (MUST-33). */
uint32_t tcp_urgent_left(const struct tcb *t);

/* The application changed options: timers and windows follow. */
void tcp_conf_changed(struct tcb *t, instant now);
/* There is a way out again: what waits for a timer that was backed off goes at once. */
void tcp_resume(struct tcb *t, instant now);

/* ---------------------------------------------------------------- segments, 3.10.7 */

/* States other than CLOSED and LISTEN. */
void tcp_input(struct tcb *t, const struct tcp_seg *seg, instant now, struct reply *re);

/* 3.10.7.1: no connection. Answers with a reset unless the segment is one. */
void tcp_closed(struct tcp_env *env, const struct tcp_seg *seg, struct reply *re);

/*
 * The path takes less now (or more): `lost` says that what was larger must be sent again at once.
 */
void tcp_path_mss(struct tcb *t, uint16_t path_mss, bool lost);

/* An ICMP error about this connection; `quoted` is the sequence number it quotes. */
void tcp_icmp(struct tcb *t, enum aksu_error error, bool hard, tcp_seq quoted);
/* Trouble that may pass: the application is told, and nothing ends. */
void tcp_soft_error(struct tcb *t, enum aksu_error error);

/* ---------------------------------------------------------------- output */

struct tcp_out {
	struct tcp_seg seg; /* text is in the pieces, seg.text is NULL */
	uint8_t why;        /* enum aksu_why */
	uint8_t pieces;
	uint16_t mss;                       /* larger text is to be cut into this */
	uint16_t transmissions;             /* how often this was sent before */
	struct slice piece[AKSU_TX_PIECES]; /* references stay the queue's */
};

/* Would we send now, and why? The one question: tcp_output() obeys it. */
enum aksu_why tcp_why_send(const struct tcb *t, instant now);

/* Builds the next segment, of at most `bulk` full segments of text; false: nothing to send. */
bool tcp_output(struct tcb *t, uint32_t bulk, instant now, struct tcp_out *out);

/* <SEQ=SEG.ACK><CTL=RST> or <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> (3.5.2). */
void tcp_make_reset(const struct tcp_seg *offender, struct tcp_seg *out);

/* The reset of a connection: <SEQ=SND.NXT><CTL=RST,ACK>. */
void tcp_make_abort(struct tcb *t, struct tcp_seg *out);

/* ---------------------------------------------------------------- time, 3.10.8 */

/* The earliest deadline; INSTANT_NEVER when none runs. */
instant tcp_deadline(const struct tcb *t);

/* Which timer that is; TIMER_NONE. */
unsigned tcp_next_timer(const struct tcb *t);

/* Lets the timers run that are due. */
void tcp_advance(struct tcb *t, instant now);

/* The clock of timestamps (RFC 7323 5.4). */
static inline tcp_ts tcp_ts_now(const struct tcb *t, instant now)
{
	return ts_add(t->ts_offset, (uint32_t)(now.ns / TS_TICK.ns));
}

/* ---------------------------------------------------------------- inside the room */

/* timeout.c: what happened, in the words of RFC 6298 and 3.8; it alone arms timers. */
void on_segment_sent(struct tcb *t, instant now); /* something that must be acknowledged */
void on_new_ack(struct tcb *t, instant now);      /* SND.UNA moved */
void on_ack_heard(struct tcb *t, instant now);    /* an acceptable ACK, new or not */
void on_losses_judged(struct tcb *t);             /* RACK has looked at what is outstanding */
void on_probe_sent(struct tcb *t, instant now);   /* a tail loss probe went */
void on_window_changed(struct tcb *t,
		       instant now); /* SND.WND may have become zero, or no longer be */
void on_queue_changed(struct tcb *t, instant now); /* the application queued or closed */
void on_text_received(struct tcb *t, instant now); /* in order: to be acknowledged, not at once */
void on_ack_sent(struct tcb *t);
void on_segment_received(struct tcb *t, instant now);
void on_established(struct tcb *t, instant now);
void on_orphan(struct tcb *t, instant now);
void on_time_wait(struct tcb *t, instant now);
void on_closed(struct tcb *t);
void on_starved(struct tcb *t, instant now); /* memory was refused: try again */

void on_text_paced(struct tcb *t, uint32_t n, instant now); /* n octets leave, at the pace's rate */

/* rate.c: delivery rates (draft-ietf-ccwg-bbr 4.1). */
void rate_sent(const struct tcb *t, struct run *r, instant now);
void rate_delivered(const struct tcb *t, const struct run *r, tcp_seq end, struct delivery *d);
void rate_sample(struct tcb *t, const struct delivery *d, struct ack_event *ev);
void rate_lost(const struct tcb *t, const struct run *r);
void rate_mark_limited(struct tcb *t);
void rate_check_limited(struct tcb *t, instant now);

/* pace.c */
uint64_t pace_rate(const struct tcb *t);                   /* octets per second; 0: none */
bool pace_holds(const struct tcb *t, instant now);         /* text has to wait */
uint32_t pace_bulk(const struct tcb *t, uint32_t bulk);    /* segments that may go as one */
instant pace_sent(struct tcb *t, uint32_t n, instant now); /* until when the next wait, or never */

/* ack.c: the fifth step's work, once the ACK is acceptable. */
void tcp_ack(struct tcb *t, const struct tcp_seg *seg, instant now);

/* rtt.c */
void rtt_sample(struct tcb *t, duration r);
duration rtt_rto(const struct tcb *t); /* with back-off */

/* RFC 6928: where a connection begins, and goes back to after a pause (RFC 5681 4.1). */
static inline uint32_t initial_window(uint32_t mss)
{
	return min_u32(IW_SEGMENTS * mss, max_u32(2 * mss, IW_OCTETS));
}

/* autotune.c: the sizes of the buffers, in octets, now. */
uint32_t snd_buffer(const struct tcb *t);
uint32_t rcv_buffer(const struct tcb *t);
/* Text came in order: the receive buffer grows if the application takes that much. */
void rcv_tune(struct tcb *t, const struct tcp_seg *seg, instant now);

/* validate.c: cwnd, as far as it is used. */
void cwnd_used(struct tcb *t);                /* something was sent */
void cwnd_round(struct tcb *t);               /* a round trip begins */
void cwnd_resume(struct tcb *t, instant now); /* new text is about to go, perhaps after a pause */
bool cwnd_limited(const struct tcb *t);       /* it was the limit, in this round trip or the last */
uint32_t cwnd_flight(const struct tcb *t);    /* FlightSize, for a reduction */

/* window.c */
uint32_t rcv_space(const struct tcb *t);         /* octets of the buffer that are free */
bool rcv_wants_update(const struct tcb *t);      /* receiver's SWS avoidance (MUST-39) */
uint16_t rcv_advertise(struct tcb *t, bool syn); /* the window field; moves rcv.adv */
void snd_window_update(struct tcb *t, const struct tcp_seg *seg, instant now);
uint16_t mss_announced(const struct tcb *t); /* option.c: of our SYN */
uint32_t eff_snd_mss(const struct tcb *t);   /* MUST-16, for the options of a data segment */
uint32_t snd_usable(const struct tcb *t);    /* octets of window beyond snd.nxt; 0 when shrunk */

/* plpmtud.c: the path's MTU by what arrives (RFC 4821). */
void mtu_timed_out(struct tcb *t); /* the retransmission timer expired */
/* Text of a probe to send now in place of `mss` octets; 0: none. */
uint32_t mtu_probe_size(const struct tcb *t, uint32_t mss, uint32_t options);
void mtu_probe_sent(struct tcb *t, tcp_seq seq, uint32_t mss);
void mtu_probe_over(struct tcb *t);
void mtu_on_ack(struct tcb *t, const struct ack_event *ev);
/* A run is found lost: true if it was a probe, alone, so that the loss is no sign of congestion. */
bool mtu_probe_lost(struct tcb *t, const struct run *r);

/* option.c */
void option_offer(const struct tcb *t, struct tcp_seg *seg, bool text, instant now);
void option_agree(struct tcb *t, const struct tcp_seg *syn);
uint8_t option_rcv_shift(const struct tcp_conf *conf);

/* output.c */
tcp_seq snd_queue_start(const struct tcb *t); /* number of the first octet in the send queue */
uint32_t snd_unsent(const struct tcb *t);     /* octets queued that have no number yet */
uint32_t snd_in_flight(const struct tcb *t);  /* octets believed to be in the network */
bool snd_fin_pending(const struct tcb *t);    /* the application closed, and the FIN is not sent */
bool snd_waits_for_pace(const struct tcb *t); /* something would be sent, but for the pace */
bool snd_held_back(const struct tcb *t);      /* only SWS avoidance, cork or MORE hold data */
void ack_now(struct tcb *t, enum aksu_why why);  /* owes the peer an ACK, at once */
void ack_each(struct tcb *t, enum aksu_why why); /* the same, counted: one more of them */

#endif
