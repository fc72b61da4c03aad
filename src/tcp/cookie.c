/* SPDX-License-Identifier: MIT */
/*
 * tcp/cookie.c - SYN cookies: RFC 4987 section 3.6. A SYN is remembered by the SYN-ACK itself.
 *
 *   ISS    | time 5 | MSS 3 |          keyed hash 24          |
 *   TSval  |              clock              | SACK 1 | WS 1, shift 4 |
 *
 * The hash covers the endpoints, the peer's ISN, the time and the MSS. A cookie is good for one to
 * two minutes. Without timestamps the other options are not agreed on: there is nowhere to keep
 * them.
 */
#include "base/bytes.h"
#include "tcp/listen.h"

#define COOKIE_TICK seconds(64)
#define COOKIE_AGE  1u /* ticks: a cookie is good for 64 to 128 seconds */

enum { FLOW_MAX = 40 };

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
	uint32_t bits = (r->offer & (SYN_WS | SYN_SHIFT)) | (r->offer & SYN_SACK ? 0x20 : 0);
	tcp_ts ts = ts_at((ts_raw(ts_now) & ~0x3fu) | bits);

	return ts_lt(ts_now, ts) ? ts_add(ts, 0u - 64u) : ts; /* never ahead of the clock */
}

static void options_from(struct syn_record *out, const struct tcp_opts *o)
{
	uint32_t bits = ts_raw(o->tsecr);

	out->offer = SYN_TS;
	out->ts_recent = o->tsval;
	out->offer |= (uint8_t)(bits & (SYN_WS | SYN_SHIFT));
	if (bits & 0x20)
		out->offer |= SYN_SACK;
}

bool cookie_check(const struct hash_key *key, const void *flow, size_t n, const struct tcp_seg *ack,
		  instant now, struct syn_record *out)
{
	uint32_t cookie = seq_raw(seq_sub(ack->ack, 1)), index = cookie >> 24 & 7,
		 tick = tick_of(now);
	uint32_t age = (tick - (cookie >> 27)) & 0x1f;
	tcp_seq irs = seq_sub(ack->seq, 1);

	if (age > COOKIE_AGE ||
	    cookie_hash(key, flow, n, irs, tick - age, index) != (cookie & 0xffffff))
		return false;
	*out = (struct syn_record){
		.iss = seq_at(cookie),
		.irs = irs,
		.peer_mss = mss_table[index],
		.sends = 1,
	};
	if (ack->opts.present & AKSU_OPT_TS)
		options_from(out, &ack->opts);
	return true;
}
