/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/bbr.c - BBRv3: what it is told, and what it answers: a pacing rate and a window.
 *
 * draft-ietf-ccwg-bbr sections 5.2 (the steps of an ACK), 5.4 (restarting), 5.6 (control
 * parameters). Its model of the path is bbr_model.c's, its state bbr_phase.c's. While a connection
 * sleeps two numbers are kept of the model: cwnd, and in ssthresh what the bandwidth delivers in a
 * smoothed round trip; any other algorithm may go on from these.
 */
#include "tcp/cc/bbr.h"
#include "base/bytes.h"

/* Slower than two segments a second would be to wait for nothing: an ACK says more than a pause. */
#define PACING_MIN(cc) (2 * (uint64_t)(cc)->smss)

/* ---------------------------------------------------------------- 5.6.2: the pacing rate */

static void set_pacing_rate_with_gain(struct cc *cc, uint32_t gain)
{
	const struct bbr *b = bbr_of(cc);
	uint64_t rate = bbr_bw(b) * gain / 100 * (100 - BBR_PACING_MARGIN) / 100;

	rate = max_u64(rate, PACING_MIN(cc));
	if (b->full_bw_reached || rate > cc->pacing)
		cc->pacing = rate;
}

static void init_pacing_rate(struct cc *cc)
{
	uint64_t us = cc->srtt_us != 0 ? cc->srtt_us : 1000;

	cc->pacing = bbr_pacing_gain(bbr_of(cc)) * (uint64_t)cc->cwnd * 1000000 / us / 100;
	cc->pacing = max_u64(cc->pacing, PACING_MIN(cc));
}

/* ---------------------------------------------------------------- 5.6.4: the window */

static void bound_cwnd_for_model(struct cc *cc)
{
	const struct bbr *b = bbr_of(cc);
	uint32_t cap = BBR_INFINITY;

	if (b->phase == BBR_PROBE_RTT || b->phase == BBR_PROBE_CRUISE)
		cap = bbr_inflight_with_headroom(cc);
	else if (bbr_in_probe_bw(b))
		cap = b->inflight_longterm;
	cap = max_u32(min_u32(cap, b->inflight_shortterm), bbr_min_pipe_cwnd(cc));
	cc->cwnd = min_u32(cc->cwnd, cap);
}

static void set_cwnd(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);
	uint32_t max_inflight =
		bbr_quantize(cc, bbr_bdp(cc, bbr_bw(b), bbr_cwnd_gain(b)) + bbr_extra_acked(b));
	uint32_t grown = (uint32_t)min_u64((uint64_t)cc->cwnd + ev->delivered, UINT32_MAX / 2);

	if (b->full_bw_reached)
		cc->cwnd = min_u32(grown, max_inflight);
	else if (cc->cwnd < max_inflight || ev->delivered_total < 10 * (uint64_t)cc->smss)
		cc->cwnd = grown;
	cc->cwnd = max_u32(cc->cwnd, bbr_min_pipe_cwnd(cc));
	if (b->phase == BBR_PROBE_RTT)
		cc->cwnd = min_u32(cc->cwnd, bbr_probe_rtt_cwnd(cc));
	bound_cwnd_for_model(cc);
}

/* ---------------------------------------------------------------- 5.2: what it is told */

static void start(struct cc *cc, instant now)
{
	bbr_init_model(cc, now);
	bbr_enter_startup(bbr_of(cc));
	init_pacing_rate(cc);
	cc->ssthresh = SSTHRESH_INFINITE;
}

/* UpdateOnACK() */
static void on_ack(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	if (b->recovering && !ev->recovering) { /* 5.6.4.4 */
		b->recovering = false;
		bbr_restore_cwnd(cc);
	}
	bbr_update_latest_delivery_signals(cc, ev);
	bbr_update_congestion_signals(cc, ev);
	bbr_update_ack_aggregation(cc, ev);
	bbr_check_full_bw_reached(cc, ev);
	bbr_check_startup_done(cc, ev);
	bbr_check_drain_done(cc, ev);
	bbr_update_probe_bw_cycle_phase(cc, ev);
	bbr_update_min_rtt(cc, ev);
	bbr_check_probe_rtt(cc, ev);
	bbr_advance_latest_delivery_signals(cc, ev);
	set_pacing_rate_with_gain(cc, bbr_pacing_gain(b));
	set_cwnd(cc, ev);
}

/* HandleLostPacket() */
static void on_lost(struct cc *cc, const struct loss_sample *lost)
{
	struct bbr *b = bbr_of(cc);

	bbr_note_loss(cc, lost->delivered_total);
	if (lost->seq != b->lost_end || b->lost_ranges == 0)
		bbr_count(&b->lost_ranges);
	b->lost_end = lost->seq + lost->len;
	if (b->is_bw_probe_sample &&
	    bbr_is_inflight_too_high(lost->lost, lost->tx_in_flight, lost->has_sack))
		bbr_handle_inflight_too_high(cc, bbr_inflight_at_loss(lost), lost->is_app_limited,
					     lost->delivered_total, lost->now);
}

/* OnEnterFastRecovery() */
static void on_loss(struct cc *cc, const struct ack_event *ev)
{
	bbr_note_loss(cc, ev->delivered_total);
	bbr_save_cwnd(cc);
	bbr_of(cc)->recovering = true;
}

/* 3.7: "MUST treat any CE marks as congestion": at once, where losses would be counted first. */
static void on_ce(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	bbr_note_loss(cc, ev->delivered_total);
	if (b->phase == BBR_STARTUP)
		bbr_leave_startup_for_loss(cc);
	else if (b->is_bw_probe_sample)
		bbr_handle_inflight_too_high(cc, ev->in_flight, false, ev->delivered_total,
					     ev->now);
}

/* OnEnterRTO() */
static void on_rto(struct cc *cc, uint32_t in_flight, bool first, instant now)
{
	(void)in_flight;
	(void)first;
	(void)now;
	bbr_save_cwnd(cc);
	bbr_of(cc)->recovering = true;
	cc->cwnd = cc->smss;
}

static void on_undo(struct cc *cc, instant now)
{
	(void)now;
	bbr_handle_spurious_loss(cc);
}

/* HandleRestartFromIdle() */
static void on_restart(struct cc *cc, instant now)
{
	struct bbr *b = bbr_of(cc);

	b->idle_restart = true;
	b->extra_acked_interval_start = now;
	if (bbr_in_probe_bw(b))
		set_pacing_rate_with_gain(cc, 100);
	else if (b->phase == BBR_PROBE_RTT)
		bbr_check_probe_rtt_done(cc, b->next_round_delivered, now);
}

/* ---------------------------------------------------------------- asleep */

static void rest(struct cc *cc)
{
	const struct bbr *b = bbr_of(cc);
	uint64_t us = min_u32(cc->srtt_us, 10000000);

	if (b->recovering || b->phase == BBR_PROBE_RTT)
		bbr_restore_cwnd(cc);
	if (b->full_bw_reached && us > 0)
		cc->ssthresh = (uint32_t)min_u64(max_u64(bbr_max_bw(b) * us / 1000000,
							 2 * (uint64_t)cc->smss),
						 SSTHRESH_INFINITE - 1);
}

/* It is as if it came out of ProbeRTT: the path was empty, and the queue, too. */
static void wake(struct cc *cc, instant now)
{
	struct bbr *b = bbr_of(cc);
	uint32_t kept = cc->ssthresh;

	start(cc, now);
	if (kept == SSTHRESH_INFINITE || cc->srtt_us == 0)
		return;
	b->max_bw[1] = (uint64_t)kept * 1000000 / cc->srtt_us;
	b->full_bw_reached = true;
	bbr_enter_cruise(cc, 0, now);
	set_pacing_rate_with_gain(cc, 100);
}

const struct cc_ops cc_bbr = {
	.name = "bbr",
	.model = true,
	.start = start,
	.on_ack = on_ack,
	.on_loss = on_loss,
	.on_rto = on_rto,
	.on_undo = on_undo,
	.on_ce = on_ce,
	.on_lost = on_lost,
	.on_restart = on_restart,
	.rest = rest,
	.wake = wake,
};
