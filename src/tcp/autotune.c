/* SPDX-License-Identifier: MIT */
/*
 * tcp/autotune.c - how large a connection's buffers are: small at first, and as much as its path
 * has use for once it shows that.
 *
 * The send buffer holds twice what is in flight, so that there is as much again when it has been
 * acknowledged. The receive buffer, which the window is made of (RFC 9293 section 3.8.6), is
 * doubled whenever the application took half of it within one round trip: then the window may be
 * what limits the peer, or will be a round trip later. Both end at a maximum of the instance's, and
 * at half of the memory that is free (DESIGN D7): so many connections get equal shares, whoever
 * came first, and none grows near the budget. What an application sets itself stays as it is.
 *
 * It owns the sizes and the mark that is measured from. What was promised stays promised, whatever
 * the size becomes: window.c sees to that (SHLD-14).
 */
#include "tcp/tcp.h"

/* A peer that was silent echoes an old timestamp: more than this is no round trip. */
#define ROUND_TRIP_MAX seconds(4)
/* Where no round trip was ever measured: what one across an ocean takes. */
#define ROUND_TRIP_UNKNOWN milliseconds(100)

/* What of `size` may be had now: never less than what a connection begins with. */
static uint32_t shared(const struct tcb *t, uint32_t first, uint32_t most, uint64_t size)
{
	uint64_t share = mem_spare(&t->env->mem) / 2;

	size = min_u64(min_u64(size, most), share);
	return size > first ? (uint32_t)size : first;
}

uint32_t snd_buffer(const struct tcb *t)
{
	uint64_t cwnd = t->x != NULL ? t->x->cc.cwnd : t->cwnd;

	if (t->conf->sndmax <= t->conf->sndbuf)
		return t->conf->sndbuf;
	/* In recovery cwnd is cut, while what arrived behind the hole still lies in the queue. */
	return shared(t, t->conf->sndbuf, t->conf->sndmax, 2 * max_u64(cwnd, snd_outstanding(t)));
}

uint32_t rcv_buffer(const struct tcb *t)
{
	return t->rcv_grown == 0 ? t->conf->rcvbuf
				 : shared(t, t->conf->rcvbuf, t->conf->rcvmax,
					  (uint64_t)t->conf->rcvbuf << t->rcv_grown);
}

/*
 * The round trip as text that has just come tells it: by the echo of what our ACK said, in ticks
 * that are too coarse for short paths; else as it was for what we sent ourselves.
 */
static uint64_t round_trip_us(const struct tcb *t, const struct tcp_seg *seg, instant now)
{
	uint64_t own = t->rtt.srtt_us != 0 ? t->rtt.srtt_us : to_us(ROUND_TRIP_UNKNOWN);
	uint64_t echo = own;

	if (has(t, TF_TS) && seg->opts.present & AKSU_OPT_TS)
		echo = ts_dist(seg->opts.tsecr, tcp_ts_now(t, now)) * to_us(TS_TICK);
	if (echo > to_us(ROUND_TRIP_MAX))
		return own;
	return echo > to_us(TS_TICK) ? echo : min_u64(own, 2 * to_us(TS_TICK));
}

void rcv_tune(struct tcb *t, const struct tcp_seg *seg, instant now)
{
	tcp_seq read = seq_sub(t->rcv.nxt, t->x->rcvq.length);
	uint32_t now_us, size;

	if (t->conf->rcvmax <= t->conf->rcvbuf || seq_lt(read, t->rcv.mark))
		return;
	now_us = (uint32_t)(now.ns / microseconds(1).ns);
	size = rcv_buffer(t);
	if (now_us - t->rcv.mark_us <= round_trip_us(t, seg, now) &&
	    size >= (uint64_t)t->conf->rcvbuf << t->rcv_grown && size < t->conf->rcvmax)
		t->rcv_grown++;
	t->rcv.mark = seq_add(read, rcv_buffer(t) / 2);
	t->rcv.mark_us = now_us;
}
