/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/cubic.c - CUBIC (RFC 9438): the window is a cubic function of the time since the last
 * loss, flat where that loss was, and never slower than Reno. Slow start is HyStart++ (RFC 9406).
 *
 * By the RFC's names. Windows are octets; time is counted in ticks of 2^-10 s and only while the
 * window is the limit (section 5.8); every fraction is a pair of integers with a remainder kept. It
 * knows neither how losses are found nor how the window shrinks during recovery.
 */
#include "tcp/cc.h"
#include "tcp/cc/hystart.h"

enum {
	TICKS = 1024, /* in a second: fine enough for a curve that takes seconds */
	/* Beyond this the curve stands still; W_cubic has passed any window, and 64 bits suffice.
	 */
	CURVE_MAX_S = 1024,
};

/* Section 4.6: beta = 0.7; 4.1: C = 0.4; 4.3: alpha = 3 (1 - beta) / (1 + beta) = 9/17. */
enum { BETA_NUM = 7, BETA_DEN = 10, C_NUM = 2, C_DEN = 5, ALPHA_NUM = 9, ALPHA_DEN = 17 };

/* The variables of a congestion avoidance stage, which section 4.9.2 can restore. */
struct stage {
	uint64_t t_ns;       /* since the beginning of the stage, without pauses */
	uint64_t w_est_rest; /* of W_est, in 1 / (ALPHA_DEN * cwnd) of an octet */
	uint32_t w_max, cwnd_prior, w_est;
	uint32_t k;  /* ticks */
	bool active; /* false: the next ACK begins one */
};

struct cubic {
	struct stage now, undo;
	struct hystart hystart;
	instant last_ack;
	uint32_t undo_cwnd;
	uint64_t rest; /* of cwnd's growth, in 1 / cwnd of an octet */
	bool reduced;  /* an episode of loss lasts: the undo variables are of its beginning */
	bool after_rto;
};
static_assert(sizeof(struct cubic) <= sizeof(uint64_t[CC_PRIV_WORDS]), "fits into struct cc");

static struct cubic *mine(struct cc *cc) { return (struct cubic *)cc->priv; }

static uint32_t times_beta(uint64_t octets) { return (uint32_t)(octets * BETA_NUM / BETA_DEN); }

/* ---------------------------------------------------------------- the curve */

/* The largest y with y^3 <= x, digit by digit in base 2. */
static uint32_t cube_root(uint64_t x)
{
	uint64_t y = 0;

	for (int s = 63; s >= 0; s -= 3) {
		uint64_t b;

		y *= 2;
		b = 3 * y * (y + 1) + 1; /* (y + 1)^3 - y^3 */
		if (x >> s >= b) {
			x -= b << s;
			y++;
		}
	}
	return (uint32_t)y;
}

/* Equation 2: K = cbrt((W_max - cwnd_epoch) / C), in ticks. The difference is less than 2^31. */
static uint32_t ticks_to_w_max(const struct cc *cc, uint32_t below)
{
	static_assert(TICKS == 1 << 10 && C_NUM == 2, "below / smss * C_DEN / C_NUM * TICKS^3");
	uint64_t x = ((uint64_t)below * C_DEN << 29) / cc->smss;

	return cube_root(x);
}

/* C * d^3 in octets, for d ticks; no more than 2^31. */
static uint64_t cube(const struct cc *cc, uint64_t d)
{
	static_assert(CURVE_MAX_S == 1 << 10, "d^3 * C_NUM is less than 2^62");
	uint64_t segments_1024;

	d = min_u64(d, (uint64_t)CURVE_MAX_S * TICKS);
	segments_1024 = d * d * d * C_NUM / C_DEN >> 20;
	return min_u64(segments_1024 * cc->smss / 1024, INT32_MAX);
}

/* Equation 1: W_cubic(t) = C * (t - K)^3 + W_max. */
static uint64_t w_cubic(const struct cc *cc, const struct stage *s, uint64_t t_ns)
{
	uint64_t t = min_u64(t_ns, seconds(CURVE_MAX_S).ns) * TICKS / seconds(1).ns, below;

	if (t >= s->k)
		return s->w_max + cube(cc, t - s->k);
	below = cube(cc, s->k - t);
	return s->w_max > below ? s->w_max - below : 0;
}

/* ---------------------------------------------------------------- growth */

/*
 * Section 4.2. K is 0 and W_max is here if this is above the last W_max, or after a time-out (4.8),
 * or after slow start without a loss (4.10).
 */
static void begin_stage(struct cc *cc)
{
	struct cubic *q = mine(cc);
	struct stage *s = &q->now;

	if (q->after_rto || s->w_max < cc->cwnd)
		s->w_max = cc->cwnd;
	if (s->cwnd_prior == 0)
		s->cwnd_prior = cc->cwnd;
	s->k = ticks_to_w_max(cc, s->w_max - cc->cwnd);
	s->w_est = cc->cwnd;
	s->w_est_rest = q->rest = s->t_ns = 0;
	s->active = true;
	q->after_rto = false;
}

/* Section 4.3, equation 4, with alpha = 1 once W_est has come to where cwnd was. */
static void grow_w_est(const struct cc *cc, struct stage *s, uint32_t acked)
{
	uint32_t alpha = s->w_est < s->cwnd_prior ? ALPHA_NUM : ALPHA_DEN;
	uint64_t unit = (uint64_t)ALPHA_DEN * cc->cwnd;

	s->w_est_rest += (uint64_t)alpha * cc->smss * acked;
	s->w_est = (uint32_t)min_u64(s->w_est + s->w_est_rest / unit, INT32_MAX);
	s->w_est_rest %= unit;
}

/* Sections 4.2, 4.4 and 4.5: target, one round trip ahead; cwnd is to be there after the next. */
static void follow_the_curve(struct cc *cc, const struct ack_event *ev)
{
	struct cubic *q = mine(cc);
	uint64_t target = w_cubic(cc, &q->now, q->now.t_ns + ev->srtt.ns);

	target = min_u64(target, cc->cwnd + (uint64_t)cc->cwnd / 2);
	if (target <= cc->cwnd)
		return;
	q->rest += (target - cc->cwnd) * min_u32(ev->acked, cc->cwnd);
	cc_grow(cc, (uint32_t)(q->rest / cc->cwnd));
	q->rest %= cc->cwnd;
}

/*
 * `gap`: since the ACK before this one. Who is limited by the window hears something each round
 * trip: what is longer was a pause, and does not count (5.8).
 */
static void congestion_avoidance(struct cc *cc, const struct ack_event *ev, duration gap)
{
	struct stage *s = &mine(cc)->now;

	if (s->active)
		s->t_ns += min_u64(gap.ns, ev->srtt.ns);
	else
		begin_stage(cc);
	grow_w_est(cc, s, ev->acked);
	if (w_cubic(cc, s, s->t_ns) < s->w_est)
		cc->cwnd = max_u32(cc->cwnd, s->w_est); /* the Reno-friendly region */
	else
		follow_the_curve(cc, ev);
}

/* Section 4.10: HyStart++ in the first slow start only (RFC 9406 section 4.3). */
static void slow_start(struct cc *cc, const struct ack_event *ev)
{
	struct cubic *q = mine(cc);
	uint32_t l = q->after_rto ? 1 : 2;

	if (cc->ssthresh == SSTHRESH_INFINITE)
		hystart_grow(&q->hystart, cc, ev);
	else
		cc_grow(cc, min_u32(cc_counted(cc, ev, l), cc->ssthresh - cc->cwnd));
}

static void on_ack(struct cc *cc, const struct ack_event *ev)
{
	struct cubic *q = mine(cc);
	duration gap = since(q->last_ack, ev->now);

	if (ev->acked == 0)
		return;
	q->last_ack = ev->now;
	if (ev->in_recovery)
		return;
	if (cc->ssthresh == SSTHRESH_INFINITE)
		hystart_measure(&q->hystart, cc, ev);
	if (!q->after_rto)
		q->reduced = false;
	if (!ev->cwnd_limited)
		return;
	if (cc->cwnd < cc->ssthresh)
		slow_start(cc, ev);
	else
		congestion_avoidance(cc, ev, gap);
}

/* ---------------------------------------------------------------- reduction */

/* Section 4.6, equation 5: ssthresh; cwnd is then the loss detection's. */
static void reduce(struct cc *cc, uint32_t flight)
{
	struct cubic *q = mine(cc);

	if (!q->reduced) {
		q->undo = q->now;
		q->undo_cwnd = cc->cwnd;
	}
	q->reduced = true;
	q->now.active = false;
	q->now.cwnd_prior = cc->cwnd;
	cc->ssthresh = max_u32(times_beta(flight), 2 * cc->smss);
}

/* Section 4.7, fast convergence: below the last maximum, somebody else wants room. */
static void on_loss(struct cc *cc, const struct ack_event *ev)
{
	struct stage *s = &mine(cc)->now;
	uint32_t cwnd = cc->cwnd;

	reduce(cc, ev->flight);
	s->w_max = cwnd < s->w_max
			   ? (uint32_t)((uint64_t)cwnd * (BETA_DEN + BETA_NUM) / (2 * BETA_DEN))
			   : cwnd;
}

/* Section 4.6: marked and not lost: the window may fall to one segment. */
static void on_ce(struct cc *cc, const struct ack_event *ev)
{
	on_loss(cc, ev);
	cc->cwnd = min_u32(cc->cwnd, max_u32(times_beta(ev->flight), cc->smss));
}

/* Section 4.8; once for all that is lost together (D6). */
static void on_rto(struct cc *cc, uint32_t flight, bool first, instant now)
{
	struct cubic *q = mine(cc);

	(void)now;
	if (first)
		reduce(cc, flight);
	cc->cwnd = cc->smss; /* the loss window of RFC 5681 */
	q->now.active = false;
	q->after_rto = true;
}

/* Section 4.9.2: as it was, unless the window has come back by itself. */
static void on_undo(struct cc *cc, instant now)
{
	struct cubic *q = mine(cc);

	(void)now;
	if (cc->cwnd < q->undo_cwnd)
		q->now = q->undo;
	q->reduced = q->after_rto = false;
}

/*
 * Of a connection that wakes up, ssthresh alone tells where its last loss was: it is beta times
 * that (4.6).
 */
static void start(struct cc *cc, instant now)
{
	struct cubic *q = mine(cc);

	q->last_ack = now;
	if (cc->ssthresh == SSTHRESH_INFINITE)
		return;
	q->now.w_max = (uint32_t)min_u64((uint64_t)cc->ssthresh * BETA_DEN / BETA_NUM, INT32_MAX);
	q->now.cwnd_prior = q->now.w_max;
}

const struct cc_ops cc_cubic = {
	.name = "cubic",
	.start = start,
	.on_ack = on_ack,
	.on_loss = on_loss,
	.on_rto = on_rto,
	.on_undo = on_undo,
	.on_ce = on_ce,
};
