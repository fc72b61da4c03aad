/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/bbr_phase.c - BBR's state machine: when it speeds up, slows down and waits.
 *
 * draft-ietf-ccwg-bbr sections 5.3 and 5.4:
 *
 *      Startup ──► Drain ──► DOWN ──► CRUISE ──► REFILL ──► UP ──┐
 *         ▲                   ▲                                  │
 *         │                   └──────────────────────────────────┘
 *         └──── ProbeRTT ◄──── every five seconds, from anywhere; back to CRUISE
 */
#include "tcp/cc/bbr.h"

/* 5.3.1.3: losses apart from each other that a full path shows in a round trip. */
#define STARTUP_FULL_LOSS_CNT 6
/* 5.3.1.2: round trips without a quarter more, and the path is full. */
#define FULL_BW_ROUNDS 3
/* 5.3.2: round trips; after them Drain has not worked. */
#define DRAIN_ROUNDS 3
/* 5.3.3.8: a probe after so many round trips at the latest, as Reno would. */
#define RENO_ROUNDS        63u
#define PROBE_RTT_DURATION milliseconds(200)

/* 5.6.1 */
static const struct {
	uint16_t pacing, cwnd;
} gains[] = {
	[BBR_STARTUP] = {277, 200},      [BBR_DRAIN] = {50, 200},
	[BBR_PROBE_DOWN] = {90, 200},    [BBR_PROBE_CRUISE] = {100, 200},
	[BBR_PROBE_REFILL] = {100, 200}, [BBR_PROBE_UP] = {125, 225},
	[BBR_PROBE_RTT] = {100, 50},
};

uint32_t bbr_pacing_gain(const struct bbr *b) { return gains[b->phase].pacing; }

uint32_t bbr_cwnd_gain(const struct bbr *b) { return gains[b->phase].cwnd; }

uint32_t bbr_least_gain(const struct bbr *b)
{
	return min_u32(100, min_u32(gains[b->phase].pacing, gains[b->phase].cwnd));
}

/* ---------------------------------------------------------------- 5.3.1: Startup */

void bbr_enter_startup(struct bbr *b) { b->phase = BBR_STARTUP; }

static void enter_drain(struct bbr *b)
{
	b->phase = BBR_DRAIN;
	b->drain_rounds = 0;
}

void bbr_check_full_bw_reached(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	if (b->full_bw_now || !b->round_start || ev->rs.is_app_limited)
		return;
	if (ev->rs.delivery_rate >= b->full_bw + b->full_bw / 4) {
		bbr_reset_full_bw(b);
		b->full_bw = ev->rs.delivery_rate;
		return;
	}
	b->full_bw_count++;
	b->full_bw_now = b->full_bw_count >= FULL_BW_ROUNDS;
	b->full_bw_reached |= b->full_bw_now;
}

void bbr_leave_startup_for_loss(struct cc *cc)
{
	struct bbr *b = bbr_of(cc);

	b->undo_state = BBR_STARTUP;
	b->full_bw_now = b->full_bw_reached = true;
	b->inflight_longterm = max_u32(bbr_bdp(cc, bbr_bw(b), 100), b->inflight_latest);
	enter_drain(b);
}

/* CheckStartupHighLoss() */
static bool is_loss_high(const struct bbr *b, const struct ack_event *ev)
{
	if (!b->loss_round_start || !ev->in_recovery)
		return false;
	if (!ev->has_sack)
		return ev->rs.lost > 0;
	return b->lost_ranges >= STARTUP_FULL_LOSS_CNT &&
	       bbr_is_inflight_too_high(ev->rs.lost, ev->rs.tx_in_flight, true);
}

void bbr_check_startup_done(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	if (b->phase != BBR_STARTUP)
		return;
	if (b->full_bw_reached)
		enter_drain(b);
	else if (is_loss_high(b, ev))
		bbr_leave_startup_for_loss(cc);
}

/* ---------------------------------------------------------------- 5.3.3: ProbeBW */

/*
 * PickProbeWait(): which moment it is decides, and what was delivered by then, so that flows that
 * began together do not probe together.
 */
static void pick_probe_wait(struct bbr *b, uint64_t delivered_total, instant now)
{
	uint64_t x = (now.ns ^ delivered_total << 20) * UINT64_C(0x9e3779b97f4a7c15);

	x ^= x >> 29;
	b->rounds_since_probe_up = x & 1;
	b->bw_probe_wait_ms = (uint16_t)(2000 + (x >> 8) % 1000);
}

static void start_probe_bw_down(struct cc *cc, uint64_t delivered_total, instant now)
{
	struct bbr *b = bbr_of(cc);

	bbr_reset_congestion_signals(b);
	b->probe_up_acked_per_inc = BBR_INFINITY;
	pick_probe_wait(b, delivered_total, now);
	b->cycle_stamp = now;
	b->ack_phase = BBR_ACKS_PROBE_STOPPING;
	bbr_start_round(b, delivered_total);
	b->phase = BBR_PROBE_DOWN;
}

static void start_probe_bw_refill(struct bbr *b, uint64_t delivered_total)
{
	bbr_reset_short_term_model(b);
	b->bw_probe_up_rounds = 0;
	b->bw_probe_up_acked = 0;
	b->prev_probe_precautionary = false;
	b->ack_phase = BBR_ACKS_REFILLING;
	bbr_start_round(b, delivered_total);
	b->phase = BBR_PROBE_REFILL;
}

/* RaiseInflightLongtermSlope() */
static void raise_slope(struct cc *cc)
{
	struct bbr *b = bbr_of(cc);

	b->probe_up_acked_per_inc = max_u32(cc->cwnd >> b->bw_probe_up_rounds, cc->smss);
	b->bw_probe_up_rounds = (uint8_t)min_u32(b->bw_probe_up_rounds + 1u, 30);
}

static void start_probe_bw_up(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	b->is_bw_probe_sample = true;
	b->ack_phase = BBR_ACKS_PROBE_STARTING;
	bbr_start_round(b, ev->delivered_total);
	bbr_reset_full_bw(b);
	b->full_bw = ev->rs.delivery_rate;
	b->phase = BBR_PROBE_UP;
	raise_slope(cc);
}

void bbr_enter_cruise(struct cc *cc, uint64_t delivered_total, instant now)
{
	start_probe_bw_down(cc, delivered_total, now);
	bbr_of(cc)->phase = BBR_PROBE_CRUISE;
}

/* 5.3.2 */
void bbr_check_drain_done(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	if (b->phase == BBR_DRAIN &&
	    (ev->flight_now <= bbr_inflight(cc, bbr_bw(b), 100) || b->drain_rounds > DRAIN_ROUNDS))
		start_probe_bw_down(cc, ev->delivered_total, ev->now);
}

static uint32_t target_inflight(struct cc *cc)
{
	return min_u32(bbr_bdp(cc, bbr_bw(bbr_of(cc)), 100), cc->cwnd);
}

/* IsTimeToProbeBW() */
static bool is_time_to_probe_bw(struct cc *cc, instant now)
{
	const struct bbr *b = bbr_of(cc);
	uint32_t reno_rounds = target_inflight(cc) / cc->smss;

	return longer(since(b->cycle_stamp, now), milliseconds(b->bw_probe_wait_ms)) ||
	       b->rounds_since_probe_up >= min_u32(reno_rounds, RENO_ROUNDS);
}

static bool is_time_to_cruise(struct cc *cc, const struct ack_event *ev)
{
	return ev->flight_now <= bbr_inflight_with_headroom(cc) &&
	       ev->flight_now <= bbr_inflight(cc, bbr_max_bw(bbr_of(cc)), 100);
}

static bool is_time_to_go_down(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	if (b->prev_probe_too_high && ev->flight_now >= b->inflight_longterm) {
		b->prev_probe_precautionary = true;
		return true;
	}
	if (ev->cwnd_limited && cc->cwnd >= b->inflight_longterm) {
		bbr_reset_full_bw(b);
		b->full_bw = ev->rs.delivery_rate;
		return false;
	}
	return b->full_bw_now;
}

/* ProbeInflightLongtermUpward() */
static void probe_longterm_upward(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);
	uint32_t delta;

	if (!ev->cwnd_limited || cc->cwnd < b->inflight_longterm)
		return;
	b->bw_probe_up_acked += ev->delivered;
	delta = b->bw_probe_up_acked / b->probe_up_acked_per_inc;
	b->bw_probe_up_acked -= delta * b->probe_up_acked_per_inc;
	b->inflight_longterm = (uint32_t)min_u64(b->inflight_longterm + (uint64_t)delta * cc->smss,
						 UINT32_MAX / 2);
	if (b->round_start)
		raise_slope(cc);
}

void bbr_handle_inflight_too_high(struct cc *cc, uint32_t inflight, bool is_app_limited,
				  uint64_t delivered_total, instant now)
{
	struct bbr *b = bbr_of(cc);

	b->prev_probe_too_high = true;
	b->is_bw_probe_sample = false; /* once for each probe */
	if (!is_app_limited)
		b->inflight_longterm =
			max_u32(inflight, bbr_percent(target_inflight(cc), BBR_BETA));
	if (b->phase == BBR_PROBE_UP) {
		b->undo_state = BBR_PROBE_UP;
		start_probe_bw_down(cc, delivered_total, now);
	}
}

/* AdaptLongTermModel(); true: it decided on a state. */
static bool adapt_long_term_model(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	if (b->ack_phase == BBR_ACKS_PROBE_STARTING && b->round_start)
		b->ack_phase = BBR_ACKS_PROBE_FEEDBACK;
	if (b->ack_phase == BBR_ACKS_PROBE_STOPPING && b->round_start) {
		b->is_bw_probe_sample = false;
		b->ack_phase = BBR_ACKS_INIT;
		if (bbr_in_probe_bw(b) && !ev->rs.is_app_limited)
			bbr_advance_max_bw_filter(b);
		if (bbr_in_probe_bw(b) && b->prev_probe_precautionary && !b->prev_probe_too_high) {
			start_probe_bw_refill(b, ev->delivered_total);
			return true;
		}
	}
	if (bbr_is_inflight_too_high(ev->rs.lost, ev->rs.tx_in_flight, ev->has_sack) ||
	    b->inflight_longterm == BBR_INFINITY)
		return false;
	b->inflight_longterm = max_u32(b->inflight_longterm, ev->rs.tx_in_flight);
	if (b->phase == BBR_PROBE_UP)
		probe_longterm_upward(cc, ev);
	return false;
}

void bbr_update_probe_bw_cycle_phase(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	if (!b->full_bw_reached || adapt_long_term_model(cc, ev))
		return;
	switch ((enum bbr_phase)b->phase) {
	case BBR_PROBE_DOWN:
	case BBR_PROBE_CRUISE:
		if (is_time_to_probe_bw(cc, ev->now))
			start_probe_bw_refill(b, ev->delivered_total);
		else if (b->phase == BBR_PROBE_DOWN && is_time_to_cruise(cc, ev))
			b->phase = BBR_PROBE_CRUISE;
		break;
	case BBR_PROBE_REFILL:
		if (b->round_start)
			start_probe_bw_up(cc, ev);
		break;
	case BBR_PROBE_UP:
		if (is_time_to_go_down(cc, ev)) {
			b->prev_probe_too_high = false; /* not yet */
			start_probe_bw_down(cc, ev->delivered_total, ev->now);
		}
		break;
	case BBR_STARTUP:
	case BBR_DRAIN:
	case BBR_PROBE_RTT:
	case BBR_NONE: break;
	}
}

/* ---------------------------------------------------------------- 5.3.4: ProbeRTT */

uint32_t bbr_probe_rtt_cwnd(struct cc *cc)
{
	return max_u32(bbr_bdp(cc, bbr_bw(bbr_of(cc)), gains[BBR_PROBE_RTT].cwnd),
		       bbr_min_pipe_cwnd(cc));
}

static void exit_probe_rtt(struct cc *cc, uint64_t delivered_total, instant now)
{
	struct bbr *b = bbr_of(cc);

	bbr_reset_short_term_model(b);
	if (b->full_bw_reached)
		bbr_enter_cruise(cc, delivered_total, now); /* what is in flight is below the BDP */
	else
		bbr_enter_startup(b);
}

void bbr_check_probe_rtt_done(struct cc *cc, uint64_t delivered_total, instant now)
{
	struct bbr *b = bbr_of(cc);

	if (is_never(b->probe_rtt_done_stamp) || !before(b->probe_rtt_done_stamp, now))
		return;
	b->probe_rtt_min_stamp = now; /* the next one, from here */
	bbr_restore_cwnd(cc);
	exit_probe_rtt(cc, delivered_total, now);
}

static void handle_probe_rtt(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	if (is_never(b->probe_rtt_done_stamp)) {
		if (ev->flight_now > bbr_probe_rtt_cwnd(cc))
			return;
		b->probe_rtt_done_stamp = after(ev->now, PROBE_RTT_DURATION);
		b->probe_rtt_round_done = false;
		bbr_start_round(b, ev->delivered_total);
		return;
	}
	b->probe_rtt_round_done |= b->round_start;
	if (b->probe_rtt_round_done)
		bbr_check_probe_rtt_done(cc, ev->delivered_total, ev->now);
}

void bbr_check_probe_rtt(struct cc *cc, const struct ack_event *ev)
{
	struct bbr *b = bbr_of(cc);

	if (b->phase != BBR_PROBE_RTT && b->probe_rtt_expired && !b->idle_restart) {
		bbr_save_cwnd(cc);
		b->phase = BBR_PROBE_RTT;
		b->probe_rtt_done_stamp = INSTANT_NEVER;
		b->ack_phase = BBR_ACKS_PROBE_STOPPING;
		bbr_start_round(b, ev->delivered_total);
	}
	if (b->phase == BBR_PROBE_RTT)
		handle_probe_rtt(cc, ev);
	cc->holds_back = b->phase == BBR_PROBE_RTT;
	if (ev->rs.delivered > 0)
		b->idle_restart = false;
}

/* ---------------------------------------------------------------- 5.5.11.2: for nothing */

void bbr_handle_spurious_loss(struct cc *cc)
{
	struct bbr *b = bbr_of(cc);

	bbr_restore_cwnd(cc);
	b->is_loss_in_round = false;
	bbr_reset_full_bw(b);
	b->bw_shortterm = max_u64(b->bw_shortterm, b->undo_bw_shortterm);
	b->inflight_shortterm = max_u32(b->inflight_shortterm, b->undo_inflight_shortterm);
	b->inflight_longterm = max_u32(b->inflight_longterm, b->undo_inflight_longterm);
	if (b->undo_state == BBR_STARTUP && b->phase != BBR_STARTUP) {
		b->full_bw_reached = false;
		if (b->phase != BBR_PROBE_RTT)
			bbr_enter_startup(b);
	} else if (b->undo_state == BBR_PROBE_UP && b->phase != BBR_PROBE_UP &&
		   b->phase != BBR_PROBE_RTT) {
		/* The round is the one that has begun: what was delivered is not known here. */
		start_probe_bw_refill(b, b->next_round_delivered);
	}
	b->undo_state = BBR_NONE;
}
