/* SPDX-License-Identifier: MIT */
/*
 * tcp/cookie.c - SYN cookies: RFC 4987 section 3.6. A SYN is remembered by the SYN-ACK itself.
 *
 *   ISS    | time 5 | MSS 3 |          keyed hash 24          |
 *   TSval  |             clock             | SACK 1 | ECN 1 | shift 4 |
 *
 * The hash covers the endpoints, the peer's ISN, the time and the MSS. A cookie is good for one to
 * two minutes. Without timestamps the other options are not agreed on: there is nowhere to keep
 * them; but accurate ECN shows in the ACK itself (RFC 9768 5.1).
 */
#include "base/bytes.h"
#include "tcp/listen.h"

#define COOKIE_TICK seconds(64)
#define COOKIE_AGE  1u /* ticks: a cookie is good for 64 to 128 seconds */

enum { FLOW_MAX = 40 };

/* Of the timestamp; the shift is the rest. */
#define COOKIE_BITS    0x3fu
#define COOKIE_SACK    0x20u
#define COOKIE_CLASSIC 0x10u

/* What peers announce: a smaller one of these is used. */
static const uint16_t mss_table[8] = {MSS_MIN, 536, 1024, 1220, 1360, 1440, 1460, 8940};

static uint32_t tick_of(instant now) { return (uint32_t)(now.ns / COOKIE_TICK.ns); }

static uint32_t cookie_hash(const struct hash_key *key, const void *flow, size_t n, tcp_seq irs,
			    uint32_t tick, uint32_t mss_index)
{
	uint8_t message[FLOW_MAX + 12];
	const uint32_t words[3] = {seq_raw(irs), tick, mss_index};

	n = min_size(n, FLOW_MAX);
	memcpy(message, flow, n);
	for (unsigned i = 0; i < sizeof(words); i++)
		message[n + i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
	return (uint32_t)siphash(key, message, n + sizeof(words)) & 0xffffff;
}

tcp_seq cookie_make(const struct hash_key *key, const void *flow, size_t n,
		    const struct tcp_seg *syn, uint16_t default_mss, instant now)
{
	uint16_t mss = syn->opts.present & AKSU_OPT_MSS ? syn->opts.mss : default_mss;
	uint32_t index = COUNT_OF(mss_table) - 1, tick = tick_of(now);

	while (index > 0 && mss_table[index] > mss)
		index--;
	return seq_at((tick & 0x1f) << 27 | index << 24 |
		      cookie_hash(key, flow, n, syn->seq, tick, index));
}

tcp_ts cookie_tsval(const struct syn_record *r, tcp_ts ts_now)
{
	uint32_t bits = r->snd_shift | (r->ecn == SYN_ECN_CLASSIC ? COOKIE_CLASSIC : 0u) |
			(r->sack ? COOKIE_SACK : 0u);
	tcp_ts ts = ts_at((ts_raw(ts_now) & ~COOKIE_BITS) | bits);

	return ts_lt(ts_now, ts) ? ts_add(ts, 0u - COOKIE_BITS - 1u)
				 : ts; /* never ahead of the clock */
}

void syn_record_plain(struct syn_record *r)
{
	r->snd_shift = SYN_UNSCALED;
	r->sack = false;
	if (r->ecn == SYN_ECN_CLASSIC)
		r->ecn = SYN_ECN_OFF;
}

static void options_from(struct syn_record *out, const struct tcp_opts *o)
{
	uint32_t bits = ts_raw(o->tsecr);

	out->ts = true;
	out->ts_recent = o->tsval;
	out->snd_shift = bits & 0xfu;
	out->sack = bits & COOKIE_SACK;
}

bool cookie_check(const struct hash_key *key, const void *flow, size_t n,
		  const struct tcp_conf *conf, const struct tcp_seg *ack, instant now,
		  struct syn_record *out)
{
	uint32_t cookie = seq_raw(seq_sub(ack->ack, 1)), index = cookie >> 24 & 7,
		 tick = tick_of(now);
	uint32_t age = (tick - (cookie >> 27)) & 0x1f;
	tcp_seq irs = seq_sub(ack->seq, 1);
	bool classic;

	if (age > COOKIE_AGE ||
	    cookie_hash(key, flow, n, irs, tick - age, index) != (cookie & 0xffffff))
		return false;
	*out = (struct syn_record){
		.iss = seq_at(cookie),
		.irs = irs,
		.peer_mss = mss_table[index],
		.snd_shift = SYN_UNSCALED,
		.sends = 1,
	};
	if (ack->opts.present & AKSU_OPT_TS)
		options_from(out, &ack->opts);
	classic = out->ts && ts_raw(ack->opts.tsecr) & COOKIE_CLASSIC;
	out->ecn = ecn_of_cookie(conf, classic, ack) & 7u;
	return true;
}
