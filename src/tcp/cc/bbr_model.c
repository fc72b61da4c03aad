/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/bbr_model.c - BBR's model of the path: how fast it delivers, how long it is, how much it
 * bundles, and what losses say against that.
 *
 * draft-ietf-ccwg-bbr section 5.5, in its order. It owns the estimates of struct bbr; what they
 * mean for the state is bbr_phase.c's, what they mean for sending is bbr.c's.
 */
#include "tcp/cc/bbr.h"

#define MIN_RTT_FILTER_LEN seconds(10)
#define PROBE_RTT_INTERVAL seconds(5)
/* 5.5.9: the last ten round trips are two windows of five; in Startup, of one. */
#define EXTRA_ACKED_ROUNDS 5u
/* Products of a rate and a time stay below 2^64: 8 Tbit/s, and ten seconds. */
#define BW_MAX       UINT64_C(1000000000000)
#define TIME_MAX_US  UINT64_C(10000000)
#define INITIAL_CWND 10u /* segments: C.InitialCwnd */

/* What a rate delivers in a time. */
static uint32_t volume(uint64_t bw, uint64_t us)
{
	uint64_t v = min_u64(bw, BW_MAX) * min_u64(us, TIME_MAX_US) / 1000000;

	return (uint32_t)min_u64(v, UINT32_MAX / 2);
}

/* ---------------------------------------------------------------- 5.5.1: round trips */

void bbr_start_round(struct bbr *b, uint64_t delivered_total)
{
	b->next_round_delivered = delivered_total;
}

static void update_round(struct bbr *b, const struct ack_event *ev)
{
	b->round_start = ev->rs.prior_delivered >= b->next_round_delivered;
	if (!b->round_start)
		return;
	bbr_start_round(b, ev->delivered_total);
	bbr_count(&b->rounds_since_probe_up);
	bbr_count(&b->drain_rounds);
}

/* ---------------------------------------------------------------- 5.5.2 - 5.5.6: bandwidth */

uint64_t bbr_max_bw(const struct bbr *b) { return max_u64(b->max_bw[0], b->max_bw[1]); }

/* BoundBWForModel() */
uint64_t bbr_bw(const struct bbr *b) { return min_u64(bbr_max_bw(b), b->bw_shortterm); }

static void update_max_bw(struct bbr *b, const struct ack_event *ev)
{
	uint64_t rate = min_u64(ev->rs.delivery_rate, BW_MAX);

	if (rate > 0 && (rate >= bbr_max_bw(b) || !ev->rs.is_app_limited))
		b->max_bw[1] = max_u64(b->max_bw[1], rate);
}

/* A cycle is over; one that measured nothing leaves the old one in its place. */
void bbr_advance_max_bw_filter(struct bbr *b)
{
	if (b->max_bw[1] == 0)
		return;
	b->max_bw[0] = b->max_bw[1];
	b->max_bw[1] = 0;
}

/* ---------------------------------------------------------------- 5.5.7: round-trip time */

void bbr_update_min_rtt(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);
	uint32_t us = (uint32_t)min_u64(max_u64(to_us(ev->rs.rtt), 1), UINT32_MAX);
	bool expired = longer(since(b->min_rtt_stamp, ev->now), MIN_RTT_FILTER_LEN);

	b->probe_rtt_expired = longer(since(b->probe_rtt_min_stamp, ev->now), PROBE_RTT_INTERVAL);
	if (ev->rs.rtt.ns > 0 && (b->probe_rtt_min_delay_us == 0 || b->probe_rtt_expired ||
				  us < b->probe_rtt_min_delay_us)) {
		b->probe_rtt_min_delay_us = us;
		b->probe_rtt_min_stamp = ev->now;
	}
	if (b->probe_rtt_min_delay_us == 0 ||
	    (b->min_rtt_us != 0 && b->probe_rtt_min_delay_us >= b->min_rtt_us && !expired))
		return;
	b->min_rtt_us = b->probe_rtt_min_delay_us;
	b->min_rtt_stamp = b->probe_rtt_min_stamp;
}

/* ---------------------------------------------------------------- 5.6.4.2: volumes in flight */

uint32_t bbr_bdp(struct cc *cc, uint64_t bw, uint32_t gain)
{
	const struct bbr *b = bbr_of(cc);

	if (b->min_rtt_us == 0 || bw == 0)
		return INITIAL_CWND * cc->smss;
	return bbr_percent(volume(bw, b->min_rtt_us), gain);
}

uint32_t bbr_quantize(struct cc *cc, uint32_t inflight)
{
	uint32_t budget = 3 * cc_quantum(cc->pacing, cc->smss); /* 5.5.8: BBR.offload_budget */

	inflight = max_u32(max_u32(inflight, budget), bbr_min_pipe_cwnd(cc));
	return bbr_of(cc)->phase == BBR_PROBE_UP ? inflight + 2 * cc->smss : inflight;
}

uint32_t bbr_inflight(struct cc *cc, uint64_t bw, uint32_t gain)
{
	return bbr_quantize(cc, bbr_bdp(cc, bw, gain));
}

uint32_t bbr_inflight_with_headroom(struct cc *cc)
{
	const struct bbr *b = bbr_of(cc);
	uint32_t most = b->inflight_longterm, headroom;

	if (most == BBR_INFINITY)
		return most;
	headroom = max_u32(cc->smss, bbr_percent(most, BBR_HEADROOM));
	return max_u32(most - min_u32(most, headroom), bbr_min_pipe_cwnd(cc));
}

/* ---------------------------------------------------------------- 5.5.9: aggregation */

uint32_t bbr_extra_acked(const struct bbr *b)
{
	return max_u32(b->extra_acked[0], b->extra_acked[1]);
}

static void advance_extra_acked(struct bbr *b)
{
	if (++b->extra_acked_rounds < (b->full_bw_reached ? EXTRA_ACKED_ROUNDS : 1))
		return;
	b->extra_acked_rounds = 0;
	b->extra_acked[0] = b->extra_acked[1];
	b->extra_acked[1] = 0;
}

void bbr_update_ack_aggregation(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);
	uint32_t expected = volume(bbr_bw(b), to_us(since(b->extra_acked_interval_start, ev->now)));

	if (b->round_start)
		advance_extra_acked(b);
	if (b->extra_acked_delivered <= expected) {
		b->extra_acked_delivered = 0;
		b->extra_acked_interval_start = ev->now;
		expected = 0;
	}
	b->extra_acked_delivered += ev->delivered;
	b->extra_acked[1] =
		max_u32(b->extra_acked[1], min_u32(b->extra_acked_delivered - expected, cc->cwnd));
}

/* ---------------------------------------------------------------- 5.5.10: loss */

bool bbr_is_inflight_too_high(uint32_t lost, uint32_t tx_in_flight, bool has_sack)
{
	return lost > (uint64_t)tx_in_flight * BBR_LOSS_THRESH / 100 || (lost > 0 && !has_sack);
}

/* InflightAtLoss(): how much was in flight when the losses crossed BBR.LossThresh. */
uint32_t bbr_inflight_at_loss(const struct loss_sample *lost)
{
	uint64_t inflight_prev = lost->tx_in_flight - min_u32(lost->tx_in_flight, lost->len);
	uint64_t lost_prev = lost->lost - min_u32(lost->lost, lost->len);
	uint64_t allowed = inflight_prev * BBR_LOSS_THRESH;

	if (allowed <= lost_prev * 100) /* they had crossed it before */
		return (uint32_t)inflight_prev;
	return (uint32_t)min_u64(inflight_prev +
					 (allowed - lost_prev * 100) / (100 - BBR_LOSS_THRESH),
				 UINT32_MAX / 2);
}

/* SaveCwnd(): the last window that neither recovery nor ProbeRTT made smaller. */
void bbr_save_cwnd(struct cc *cc)
{
	struct bbr *b = bbr_of(cc);

	if (!b->recovering && b->phase != BBR_PROBE_RTT)
		b->prior_cwnd = cc->cwnd;
	else
		b->prior_cwnd = max_u32(b->prior_cwnd, cc->cwnd);
}

void bbr_restore_cwnd(struct cc *cc) { cc->cwnd = max_u32(cc->cwnd, bbr_of(cc)->prior_cwnd); }

/* NoteLoss(), with SaveStateUponLoss() (5.5.11.1). */
void bbr_note_loss(struct cc *cc, uint64_t delivered_total)
{
	struct bbr *b = bbr_of(cc);

	if (b->is_loss_in_round)
		return;
	b->is_loss_in_round = true;
	b->loss_round_delivered = delivered_total;
	bbr_save_cwnd(cc);
	b->undo_state = BBR_NONE;
	b->undo_bw_shortterm = b->bw_shortterm;
	b->undo_inflight_shortterm = b->inflight_shortterm;
	b->undo_inflight_longterm = b->inflight_longterm;
}

void bbr_update_latest_delivery_signals(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	b->bw_latest = max_u64(b->bw_latest, ev->rs.delivery_rate);
	b->inflight_latest = max_u32(b->inflight_latest, ev->rs.delivered);
	b->loss_round_start = ev->rs.prior_delivered >= b->loss_round_delivered;
	if (b->loss_round_start)
		b->loss_round_delivered = ev->delivered_total;
}

void bbr_advance_latest_delivery_signals(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	if (!b->loss_round_start)
		return;
	b->bw_latest = ev->rs.delivery_rate;
	b->inflight_latest = ev->rs.delivered;
	b->lost_ranges = 0;
}

void bbr_reset_congestion_signals(struct bbr *b)
{
	b->is_loss_in_round = false;
	b->bw_latest = 0;
	b->inflight_latest = 0;
}

void bbr_reset_short_term_model(struct bbr *b)
{
	b->bw_shortterm = BBR_BW_INFINITY;
	b->inflight_shortterm = BBR_INFINITY;
}

/* The least gain at which what this round trip's ACKs are for was sent: in the one before. */
static uint32_t least_gain(struct bbr *b)
{
	uint32_t gain = min_u32(b->least_gain_before, b->least_gain);

	b->least_gain_before = b->least_gain;
	b->least_gain = UINT8_MAX;
	return gain;
}

/*
 * What the path was asked to deliver, in ten-thousandths of BBR.bw. DEPARTS: the draft takes what
 * was delivered as what the path can. But what we held back ourselves, by a gain below 1 or the
 * margin, no path has refused: one lost segment would cost a tenth of the rate in ProbeBW_DOWN,
 * half of it in ProbeRTT, and a hundredth in every round trip. Nor has it refused what it lost, up
 * to the draft's own "goal of tolerating 1% loss per round trip" (5.3.3.8.3).
 */
static uint32_t asked_for(struct bbr *b, const struct ack_event *ev)
{
	uint32_t asked = least_gain(b) * (100 - BBR_PACING_MARGIN);
	uint64_t lost = (uint64_t)ev->rs.lost * asked / max_u32(ev->rs.tx_in_flight, 1);

	return asked - (uint32_t)min_u64(lost, asked * BBR_LOSS_TOLERATED / 100);
}

/* AdaptLowerBoundsFromCongestion(): once in a round trip, unless a probe is under way. */
static void adapt_lower_bounds(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);
	uint32_t asked = asked_for(b, ev);
	uint64_t bw, inflight;

	if (b->phase == BBR_STARTUP || b->phase == BBR_PROBE_REFILL || b->phase == BBR_PROBE_UP ||
	    !b->is_loss_in_round)
		return;
	if (b->bw_shortterm == BBR_BW_INFINITY) /* InitLowerBounds() */
		b->bw_shortterm = bbr_max_bw(b);
	if (b->inflight_shortterm == BBR_INFINITY)
		b->inflight_shortterm = cc->cwnd;
	bw = min_u64(min_u64(b->bw_latest, BW_MAX) * 10000 / asked, b->bw_shortterm);
	inflight = min_u64((uint64_t)b->inflight_latest * 10000 / asked, b->inflight_shortterm);
	b->bw_shortterm = max_u64(bw, b->bw_shortterm / 100 * BBR_BETA);
	b->inflight_shortterm =
		max_u32((uint32_t)inflight, bbr_percent(b->inflight_shortterm, BBR_BETA));
}

void bbr_update_congestion_signals(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	update_round(b, ev);
	b->least_gain = (uint8_t)min_u32(b->least_gain, bbr_least_gain(b));
	update_max_bw(b, ev);
	if (!b->loss_round_start)
		return;
	adapt_lower_bounds(cc, ev);
	b->is_loss_in_round = false;
}

/* ---------------------------------------------------------------- 5.2.1 */

void bbr_reset_full_bw(struct bbr *b)
{
	b->full_bw = 0;
	b->full_bw_count = 0;
	b->full_bw_now = false;
}

void bbr_init_model(struct cc *cc, instant now)
{
	struct bbr *b = bbr_of(cc);

	b->min_rtt_us = b->probe_rtt_min_delay_us = cc->srtt_us;
	b->min_rtt_stamp = b->probe_rtt_min_stamp = now;
	b->extra_acked_interval_start = now;
	b->inflight_longterm = BBR_INFINITY;
	b->probe_up_acked_per_inc = BBR_INFINITY;
	b->undo_state = BBR_NONE;
	b->least_gain = b->least_gain_before = 100;
	bbr_reset_short_term_model(b);
}
