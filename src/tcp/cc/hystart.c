/* SPDX-License-Identifier: MIT */
/*
 * tcp/cc/hystart.c - HyStart++, RFC 9406 section 4: rounds, the RTT's growth, conservative slow
 * start.
 *
 * One ACK may be for a whole batch (DESIGN D14), which makes samples few. A round with fewer than
 * N_RTT_SAMPLE says nothing, as the RFC has it: then slow start ends by a loss, or a round later,
 * for rounds grow and bring more. It knows nothing of what comes after slow start.
 */
#include "tcp/cc/hystart.h"

/* RFC 9406 4.3: the values that it recommends. */
enum {
	MIN_RTT_THRESH_US = 4000,
	MAX_RTT_THRESH_US = 16000,
	MIN_RTT_DIVISOR = 8,
	N_RTT_SAMPLE = 8,
	CSS_GROWTH_DIVISOR = 4,
	CSS_ROUNDS = 5,
	L_UNPACED = 8,
};

static void begin_round(struct hystart *h, struct cc *cc)
{
	h->last_round_min_rtt = h->current_round_min_rtt;
	h->current_round_min_rtt = 0;
	h->rtt_sample_count = 0;
	if (h->css && ++h->css_rounds >= CSS_ROUNDS)
		cc->ssthresh = cc->cwnd; /* on to congestion avoidance */
}

/* Whether the queue of the path seems to grow. */
static bool rtt_grew(const struct hystart *h)
{
	uint32_t thresh = h->last_round_min_rtt / MIN_RTT_DIVISOR;

	thresh = max_u32(MIN_RTT_THRESH_US, min_u32(thresh, MAX_RTT_THRESH_US));
	return h->last_round_min_rtt > 0 &&
	       h->current_round_min_rtt >= h->last_round_min_rtt + thresh;
}

static void judge(struct hystart *h)
{
	if (h->rtt_sample_count < N_RTT_SAMPLE)
		return;
	if (!h->css && rtt_grew(h)) {
		h->css_baseline_min_rtt = h->current_round_min_rtt;
		h->css_rounds = 0;
		h->css = true;
	} else if (h->css && h->current_round_min_rtt < h->css_baseline_min_rtt) {
		h->css = false; /* the exit would have been for nothing: a jitter */
	}
}

void hystart_measure(struct hystart *h, struct cc *cc, const struct ack_event *ev)
{
	uint32_t us = (uint32_t)min_u64(to_us(ev->rtt), INT32_MAX);

	if (ev->round_start)
		begin_round(h, cc);
	if (ev->rtt.ns == 0)
		return;
	us = max_u32(us, 1);
	if (h->current_round_min_rtt == 0 || us < h->current_round_min_rtt)
		h->current_round_min_rtt = us;
	if (h->rtt_sample_count < UINT8_MAX)
		h->rtt_sample_count++;
	judge(h);
}

void hystart_grow(const struct hystart *h, struct cc *cc, const struct ack_event *ev)
{
	uint32_t n = cc_counted(cc, ev, L_UNPACED);

	cc_grow(cc, h->css ? n / CSS_GROWTH_DIVISOR : n);
}
