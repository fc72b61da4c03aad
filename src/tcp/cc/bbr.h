/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/bbr.h - BBRv3 between its files: what it keeps, by the names of draft-ietf-ccwg-bbr.
 *
 *   bbr.c        what it is told, and what follows: pacing rate and cwnd      sections 5.2, 5.6
 *   bbr_phase.c  the state machine: Startup, Drain, ProbeBW, ProbeRTT        sections 5.3, 5.4
 *   bbr_model.c  the model of the path, and what loss does to it             section 5.5
 *
 * Volumes are octets, rates octets per second, gains percent. BBR.bw, BBR.bdp and BBR.max_inflight
 * are computed when they are asked for.
 */
#ifndef AKSU_TCP_CC_BBR_H
#define AKSU_TCP_CC_BBR_H

#include "tcp/cc.h"

enum bbr_phase {
	BBR_STARTUP,
	BBR_DRAIN,
	BBR_PROBE_DOWN,
	BBR_PROBE_CRUISE,
	BBR_PROBE_REFILL,
	BBR_PROBE_UP,
	BBR_PROBE_RTT,
	BBR_NONE, /* undo_state: nothing to go back to */
};

/* 2.10: what the ACKs that come say of a probe for bandwidth. */
enum bbr_ack_phase {
	BBR_ACKS_INIT,
	BBR_ACKS_REFILLING,
	BBR_ACKS_PROBE_STARTING,
	BBR_ACKS_PROBE_FEEDBACK,
	BBR_ACKS_PROBE_STOPPING,
};

#define BBR_INFINITY    UINT32_MAX
#define BBR_BW_INFINITY UINT64_MAX

/* 2.7, in percent. */
enum {
	BBR_LOSS_THRESH = 2,
	BBR_LOSS_TOLERATED = 1, /* where nothing is probed: bbr_model.c */
	BBR_BETA = 70,
	BBR_HEADROOM = 15,
	BBR_PACING_MARGIN = 1,
	BBR_MIN_PIPE_CWND = 4, /* segments */
};

struct bbr {
	uint64_t max_bw[2]; /* BBR.max_bw_filter: of the last cycle, and of this one */
	uint64_t bw_shortterm, bw_latest, full_bw;
	uint64_t undo_bw_shortterm;
	uint64_t next_round_delivered, loss_round_delivered;
	instant min_rtt_stamp, probe_rtt_min_stamp;
	instant probe_rtt_done_stamp; /* never: not yet */
	instant cycle_stamp, extra_acked_interval_start;
	uint32_t min_rtt_us, probe_rtt_min_delay_us; /* 0: none yet */
	uint32_t extra_acked_delivered;
	uint32_t extra_acked[2]; /* the most in the window before, and in this one */
	uint32_t inflight_latest, inflight_longterm, inflight_shortterm;
	uint32_t undo_inflight_longterm, undo_inflight_shortterm;
	uint32_t prior_cwnd;
	uint32_t bw_probe_up_acked, probe_up_acked_per_inc;
	uint32_t lost_end; /* where the last lost range ended */
	uint16_t bw_probe_wait_ms;
	uint8_t phase, undo_state;  /* BBR.state: enum bbr_phase */
	uint8_t ack_phase;          /* enum bbr_ack_phase */
	uint8_t extra_acked_rounds; /* of the window */
	uint8_t full_bw_count;
	uint8_t bw_probe_up_rounds, rounds_since_probe_up;
	uint8_t drain_rounds;                  /* round_count - drain_start_round */
	uint8_t least_gain, least_gain_before; /* of bbr_least_gain(): in this round, in the last */
	uint8_t lost_ranges;                   /* in this round trip, apart from each other */
	bool round_start : 1;
	bool loss_round_start : 1;
	bool full_bw_now : 1;
	bool full_bw_reached : 1;
	bool is_bw_probe_sample : 1;
	bool is_loss_in_round : 1;
	bool prev_probe_too_high : 1;
	bool prev_probe_precautionary : 1;
	bool probe_rtt_expired : 1;
	bool probe_rtt_round_done : 1;
	bool idle_restart : 1;
	bool recovering : 1; /* InLossRecovery() */
};
static_assert(sizeof(struct bbr) <= sizeof(uint64_t[CC_PRIV_WORDS]), "fits into struct cc");

static inline struct bbr *bbr_of(struct cc *cc) { return (struct bbr *)cc->priv; }

static inline uint32_t bbr_percent(uint32_t octets, uint32_t percent)
{
	return (uint32_t)min_u64((uint64_t)octets * percent / 100, UINT32_MAX / 2);
}

static inline uint32_t bbr_min_pipe_cwnd(const struct cc *cc)
{
	return BBR_MIN_PIPE_CWND * cc->smss;
}

/* IsInAProbeBWState() */
static inline bool bbr_in_probe_bw(const struct bbr *b)
{
	return b->phase >= BBR_PROBE_DOWN && b->phase <= BBR_PROBE_UP;
}

/* Counts up to what eight bits hold. */
static inline void bbr_count(uint8_t *n)
{
	if (*n < UINT8_MAX)
		(*n)++;
}

/* ---------------------------------------------------------------- bbr_model.c, section 5.5 */

void bbr_init_model(struct cc *cc, instant now);

uint64_t bbr_max_bw(const struct bbr *b);
uint64_t bbr_bw(const struct bbr *b);
/* BDPMultiple(gain), of a bandwidth. */
uint32_t bbr_bdp(struct cc *cc, uint64_t bw, uint32_t gain);
/* Inflight(gain), of a bandwidth: with what offloading and pipelining need. */
uint32_t bbr_inflight(struct cc *cc, uint64_t bw, uint32_t gain);
/* QuantizationBudget() */
uint32_t bbr_quantize(struct cc *cc, uint32_t inflight);
uint32_t bbr_inflight_with_headroom(struct cc *cc);
uint32_t bbr_extra_acked(const struct bbr *b);

/* The steps of an ACK, in their order (5.2.3). */
void bbr_update_latest_delivery_signals(struct cc *cc, const struct ack_event *ev);
void bbr_update_congestion_signals(struct cc *cc, const struct ack_event *ev);
void bbr_update_ack_aggregation(struct cc *cc, const struct ack_event *ev);
void bbr_update_min_rtt(struct cc *cc, const struct ack_event *ev);
void bbr_advance_latest_delivery_signals(struct cc *cc, const struct ack_event *ev);

void bbr_start_round(struct bbr *b, uint64_t delivered_total);
void bbr_advance_max_bw_filter(struct bbr *b);
void bbr_reset_congestion_signals(struct bbr *b);
void bbr_reset_short_term_model(struct bbr *b);
void bbr_reset_full_bw(struct bbr *b);

void bbr_note_loss(struct cc *cc, uint64_t delivered_total);
/* IsInflightTooHigh() */
bool bbr_is_inflight_too_high(uint32_t lost, uint32_t tx_in_flight, bool has_sack);
uint32_t bbr_inflight_at_loss(const struct loss_sample *lost);
void bbr_save_cwnd(struct cc *cc);
void bbr_restore_cwnd(struct cc *cc);

/* ---------------------------------------------------------------- bbr_phase.c, 5.3 and 5.4 */

uint32_t bbr_pacing_gain(const struct bbr *b);
uint32_t bbr_cwnd_gain(const struct bbr *b);
/* Which part of BBR.bw goes, percent, 100 at most: the pacing gain, in ProbeRTT the window's. */
uint32_t bbr_least_gain(const struct bbr *b);

void bbr_enter_startup(struct bbr *b);
/* A restart with a model that still stands: 5.3.4.4's end of ProbeRTT. */
void bbr_enter_cruise(struct cc *cc, uint64_t delivered_total, instant now);

void bbr_check_full_bw_reached(struct cc *cc, const struct ack_event *ev);
void bbr_check_startup_done(struct cc *cc, const struct ack_event *ev);
void bbr_check_drain_done(struct cc *cc, const struct ack_event *ev);
void bbr_update_probe_bw_cycle_phase(struct cc *cc, const struct ack_event *ev);
void bbr_check_probe_rtt(struct cc *cc, const struct ack_event *ev);
void bbr_check_probe_rtt_done(struct cc *cc, uint64_t delivered_total, instant now);
uint32_t bbr_probe_rtt_cwnd(struct cc *cc);

/* 5.5.10.2: a probe put too much in flight; `inflight` is what was not too much. */
void bbr_handle_inflight_too_high(struct cc *cc, uint32_t inflight, bool is_app_limited,
				  uint64_t delivered_total, instant now);
/* 5.3.1.3: the path is full. */
void bbr_leave_startup_for_loss(struct cc *cc);
/* HandleSpuriousLossDetection(), section 5.5.11.2. */
void bbr_handle_spurious_loss(struct cc *cc);

#endif
