/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/aksu_options.c - Linux's socket options and TCP_INFO, said in aksu's.
 *
 * Options whose values differ only by a unit stand in one table. What aksu does not have is
 * -ENOPROTOOPT, so that a script which needs it fails at that line and not later.
 */
#include "aksu.h"
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum unit { PLAIN, SECONDS, MILLISECONDS, TWICE };

struct mapping {
	int level, name;
	enum aksu_option option;
	enum unit unit; /* TWICE: Linux answers the double of what was set, socket(7) */
};

static const struct mapping mappings[] = {
	{SOL_SOCKET, SO_SNDBUF, AKSU_SO_SNDBUF, TWICE},
	{SOL_SOCKET, SO_RCVBUF, AKSU_SO_RCVBUF, TWICE},
	{SOL_SOCKET, SO_RCVLOWAT, AKSU_SO_RCVLOWAT, PLAIN},
	{SOL_SOCKET, SO_KEEPALIVE, AKSU_SO_KEEPALIVE, PLAIN},
	{SOL_SOCKET, SO_REUSEADDR, AKSU_SO_REUSEADDR, PLAIN},
	{IPPROTO_IP, IP_TOS, AKSU_IP_TOS, PLAIN},
	{IPPROTO_IP, IP_TTL, AKSU_IP_TTL, PLAIN},
	{IPPROTO_IPV6, IPV6_TCLASS, AKSU_IP_TOS, PLAIN},
	{IPPROTO_IPV6, IPV6_UNICAST_HOPS, AKSU_IP_TTL, PLAIN},
	{IPPROTO_TCP, TCP_NODELAY, AKSU_TCP_NODELAY, PLAIN},
	{IPPROTO_TCP, TCP_CORK, AKSU_TCP_CORK, PLAIN},
	{IPPROTO_TCP, TCP_QUICKACK, AKSU_TCP_QUICKACK, PLAIN},
	{IPPROTO_TCP, TCP_MAXSEG, AKSU_TCP_MAXSEG, PLAIN},
	{IPPROTO_TCP, TCP_KEEPIDLE, AKSU_TCP_KEEPIDLE, SECONDS},
	{IPPROTO_TCP, TCP_KEEPINTVL, AKSU_TCP_KEEPINTVL, SECONDS},
	{IPPROTO_TCP, TCP_KEEPCNT, AKSU_TCP_KEEPCNT, PLAIN},
	{IPPROTO_TCP, TCP_NOTSENT_LOWAT, AKSU_TCP_NOTSENT_LOWAT, PLAIN},
	{IPPROTO_TCP, TCP_USER_TIMEOUT, AKSU_TCP_USER_TIMEOUT, MILLISECONDS},
};

static const int64_t scale[] = {
	[PLAIN] = 1,
	[SECONDS] = AKSU_SECOND,
	[MILLISECONDS] = AKSU_MILLISECOND,
	[TWICE] = 1,
};

static const struct mapping *find(int level, int name)
{
	for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++)
		if (mappings[i].level == level && mappings[i].name == name)
			return &mappings[i];
	return NULL;
}

static int set_congestion(struct aksu_under_test *u, aksu_socket h, const char *name, socklen_t n,
			  uint64_t now)
{
	char word[16] = "";
	int which;

	memcpy(word, name, n < sizeof(word) ? n : sizeof(word) - 1);
	which = aksu_congestion_find(word);
	return which < 0 ? -ENOENT
			 : (int)aksu_to_errno(
				   aksu_set_option(u->s, h, AKSU_TCP_CONGESTION, which, now));
}

int aksu_option_set(void *stack, under_test_socket s, int level, int name, const void *value,
		    socklen_t n, uint64_t now)
{
	struct aksu_under_test *u = stack;
	const struct mapping *m = find(level, name);
	struct linger linger;
	int number;

	if (level == IPPROTO_TCP && name == TCP_CONGESTION)
		return set_congestion(u, aksu_name(s), value, n, now);
	if (level == SOL_SOCKET && name == SO_LINGER && n >= sizeof(linger)) {
		memcpy(&linger, value, sizeof(linger));
		return (int)aksu_to_errno(aksu_set_option(
			u->s, aksu_name(s), AKSU_SO_LINGER,
			linger.l_onoff ? (int64_t)linger.l_linger * (int64_t)AKSU_SECOND : -1,
			now));
	}
	if (!m)
		return -ENOPROTOOPT;
	if (n < sizeof(number))
		return -EINVAL;
	memcpy(&number, value, sizeof(number));
	return (int)aksu_to_errno(
		aksu_set_option(u->s, aksu_name(s), m->option, number * scale[m->unit], now));
}

static int64_t option_value(struct aksu_under_test *u, aksu_socket h, const struct mapping *m,
			    int64_t *value)
{
	struct aksu_info info;
	int r = aksu_get_option(u->s, h, m->option, value);

	if (r < 0)
		return aksu_to_errno(r);
	*value = *value / scale[m->unit] * (m->unit == TWICE ? 2 : 1);
	/* of a connection Linux tells what it would send, tcp(7) */
	if (m->option == AKSU_TCP_MAXSEG && aksu_info(u->s, h, &info) == 0 && info.snd_mss)
		*value = info.snd_mss;
	return 0;
}

int aksu_option_get(void *stack, under_test_socket s, int level, int name, void *value,
		    socklen_t *n)
{
	struct aksu_under_test *u = stack;
	const struct mapping *m = find(level, name);
	int64_t wide = 0;
	int number;
	int64_t r = 0;

	if (level == SOL_SOCKET && name == SO_ERROR)
		wide = aksu_take_error(u->s, aksu_name(s));
	else if (m)
		r = option_value(u, aksu_name(s), m, &wide);
	else
		r = -ENOPROTOOPT;
	if (r < 0)
		return (int)r;
	number = (int)wide;
	*n = *n < sizeof(number) ? *n : (socklen_t)sizeof(number);
	memcpy(value, &number, *n);
	return 0;
}

/* ------------------------------------------------------------------ TCP_INFO */

/* The kernel's numbers of the states (include/net/tcp_states.h is not for programs). */
static const uint8_t linux_state[AKSU_STATE_COUNT] = {
	[AKSU_STATE_ESTABLISHED] = 1, [AKSU_STATE_SYN_SENT] = 2,   [AKSU_STATE_SYN_RECEIVED] = 3,
	[AKSU_STATE_FIN_WAIT_1] = 4,  [AKSU_STATE_FIN_WAIT_2] = 5, [AKSU_STATE_TIME_WAIT] = 6,
	[AKSU_STATE_CLOSED] = 7,      [AKSU_STATE_CLOSE_WAIT] = 8, [AKSU_STATE_LAST_ACK] = 9,
	[AKSU_STATE_LISTEN] = 10,     [AKSU_STATE_CLOSING] = 11,
};

static uint32_t segments(uint32_t octets, uint32_t mss)
{
	return mss ? (octets + mss - 1) / mss : 0;
}

int aksu_tcp_info(void *stack, under_test_socket s, struct tcp_info *out, uint64_t now)
{
	enum { TCP_INFINITE_SSTHRESH = 0x7fffffff };
	struct aksu_under_test *u = stack;
	struct aksu_info i;
	int r = aksu_info(u->s, aksu_name(s), &i);

	(void)now;
	if (r < 0)
		return (int)aksu_to_errno(r);
	out->tcpi_state = linux_state[i.state];
	out->tcpi_ca_state = i.backoff       ? TCP_CA_Loss
			     : i.in_recovery ? TCP_CA_Recovery
			     : i.sacked      ? TCP_CA_Disorder
					     : TCP_CA_Open;
	out->tcpi_backoff = i.backoff;
	out->tcpi_options = (uint8_t)((i.options & AKSU_OPT_TS ? TCPI_OPT_TIMESTAMPS : 0) |
				      (i.options & AKSU_OPT_SACK_OK ? TCPI_OPT_SACK : 0) |
				      (i.options & AKSU_OPT_WSCALE ? TCPI_OPT_WSCALE : 0));
	out->tcpi_snd_wscale = i.snd_wscale & 15;
	out->tcpi_rcv_wscale = i.rcv_wscale & 15;
	out->tcpi_rto = i.rto_us;
	out->tcpi_snd_mss = i.snd_mss;
	out->tcpi_rcv_mss = i.rcv_mss;
	out->tcpi_advmss = i.advmss;
	out->tcpi_pmtu = i.pmtu;
	out->tcpi_unacked = segments(i.snd_nxt - i.snd_una, i.snd_mss);
	out->tcpi_sacked = segments(i.sacked, i.snd_mss);
	/* Linux goes on to count what it sent again */
	out->tcpi_lost = segments(i.lost + i.resent, i.snd_mss);
	out->tcpi_retrans = segments(i.resent, i.snd_mss);
	out->tcpi_rtt = i.srtt_us;
	out->tcpi_rttvar = i.rttvar_us;
	out->tcpi_min_rtt = i.min_rtt_us;
	out->tcpi_snd_cwnd = i.snd_mss ? i.cwnd / i.snd_mss : 0;
	out->tcpi_snd_ssthresh = i.ssthresh > TCP_INFINITE_SSTHRESH || !i.snd_mss
					 ? TCP_INFINITE_SSTHRESH
					 : i.ssthresh / i.snd_mss;
	out->tcpi_total_retrans = (uint32_t)i.retransmissions;
	out->tcpi_bytes_acked = i.octets_acked;
	out->tcpi_bytes_received = i.octets_received;
	return 0;
}
