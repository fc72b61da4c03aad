/* SPDX-License-Identifier: MIT */
/*
 * socket/option.c - what an application may choose, and read (RFC 9293 section 3.9.1, RFC
 * 1122 4.2.4).
 *
 * Options are shared by all sockets that chose the same; the first change makes a copy.
 */
#include "socket/handle.h"

#define BUFFER_MIN ((int64_t)256)
#define BUFFER_MAX ((int64_t)1 << 30)

static bool in(int64_t v, int64_t low, int64_t high) { return v >= low && v <= high; }

/* -1 stands for infinite, 0 for the default. */
static bool time_option(duration *out, int64_t v, duration standard)
{
	if (v < -1)
		return false;
	*out = v == -1 ? (duration){AKSU_NEVER} : v == 0 ? standard : nanoseconds((uint64_t)v);
	return true;
}

static bool flag_option(bool *out, int64_t v)
{
	*out = v != 0;
	return in(v, 0, 1);
}

static bool u32_option(uint32_t *out, int64_t v, int64_t low, int64_t high)
{
	*out = (uint32_t)v;
	return in(v, low, high);
}

/* What the application chose does not grow by itself. */
static bool buffer_option(uint32_t *size, uint32_t *most, int64_t v)
{
	*most = (uint32_t)v;
	return u32_option(size, v, BUFFER_MIN, BUFFER_MAX);
}

static bool u8_option(uint8_t *out, int64_t v, int64_t low, int64_t high)
{
	*out = (uint8_t)v;
	return in(v, low, high);
}

static bool maxseg_option(uint16_t *out, int64_t v)
{
	*out = (uint16_t)v;
	return v == 0 || in(v, MSS_MIN, UINT16_MAX);
}

/* Writes one option; false: the value is not valid, or the option cannot be written. */
static bool set(struct tcp_conf *o, enum aksu_option option, int64_t v)
{
	switch (option) {
	case AKSU_SO_SNDBUF: return buffer_option(&o->sndbuf, &o->sndmax, v);
	case AKSU_SO_RCVBUF: return buffer_option(&o->rcvbuf, &o->rcvmax, v);
	case AKSU_SO_SNDLOWAT: return u32_option(&o->sndlowat, v, 0, BUFFER_MAX);
	case AKSU_SO_RCVLOWAT: return u32_option(&o->rcvlowat, v, 1, BUFFER_MAX);
	case AKSU_SO_LINGER: o->linger_ns = v; return v >= -1;
	case AKSU_SO_KEEPALIVE: return flag_option(&o->keepalive, v);
	case AKSU_IP_TOS:
		o->tos = (uint8_t)(v & 0xfc); /* at any time (SHLD-21); ECN is TCP's (SHLD-22) */
		return in(v, 0, 255);
	case AKSU_IP_TTL: return u8_option(&o->ttl, v, 1, 255);
	case AKSU_IP_NO_SOFT_ERRORS: return flag_option(&o->no_soft_errors, v);
	case AKSU_TCP_NODELAY: return flag_option(&o->nodelay, v);
	case AKSU_TCP_CORK: return flag_option(&o->cork, v);
	case AKSU_TCP_QUICKACK: return flag_option(&o->quickack, v);
	case AKSU_TCP_MAXSEG: return maxseg_option(&o->maxseg, v);
	case AKSU_TCP_CONGESTION: return u8_option(&o->cc, v, 0, AKSU_CONGESTION_COUNT - 1);
	case AKSU_TCP_ECN: return u8_option(&o->ecn, v, AKSU_ECN_OFF, AKSU_ECN_ACCEPT);
	case AKSU_TCP_MAX_PACING_RATE: o->max_pacing_rate = (uint64_t)v; return v >= 0;
	case AKSU_TCP_KEEPIDLE:
		return v != -1 && time_option(&o->keep_idle, v, KEEPALIVE_IDLE_DEFAULT);
	case AKSU_TCP_KEEPINTVL:
		return v != -1 && time_option(&o->keep_interval, v, KEEPALIVE_INTERVAL_DEFAULT);
	case AKSU_TCP_KEEPCNT: return u8_option(&o->keep_count, v, 1, 255);
	case AKSU_TCP_KEEPDATA: return flag_option(&o->keep_data, v);
	case AKSU_TCP_USER_TIMEOUT: return time_option(&o->user_timeout, v, USER_TIMEOUT_DEFAULT);
	case AKSU_TCP_SYN_TIMEOUT: return time_option(&o->syn_timeout, v, SYN_TIMEOUT_DEFAULT);
	case AKSU_TCP_NOTSENT_LOWAT: return u32_option(&o->notsent_lowat, v, 0, BUFFER_MAX);
	case AKSU_SO_REUSEADDR: return in(v, 0, 1);
	case AKSU_SO_ERROR:
	case AKSU_SO_SOFT_ERROR:
	case AKSU_TCP_URGENT_LEFT:
	case AKSU_TCP_UNSENT:
	case AKSU_TCP_UNACKED:
	case AKSU_TCP_UNREAD:
	case AKSU_SO_LINK: /* of a UDP socket: tie() */
	case AKSU_OPTION_COUNT: break;
	}
	return false;
}

/* What a UDP socket has. */
static bool is_for_udp(enum aksu_option option)
{
	return option == AKSU_SO_ERROR || option == AKSU_SO_SNDBUF || option == AKSU_SO_RCVBUF ||
	       option == AKSU_SO_REUSEADDR || option == AKSU_IP_TOS || option == AKSU_IP_TTL ||
	       option == AKSU_SO_LINK;
}

/* A UDP socket hears and speaks on one link only; -1 sets it free again. */
static int tie(struct aksu *s, uint32_t index, int64_t v)
{
	if (!in(v, -1, LINKS_MAX - 1) || (v >= 0 && s->ifaces[v] == NULL))
		return -AKSU_EINVAL;
	return bound_tie(s, index, v >= 0 ? (int)v : IP_LOCAL);
}

static int set_bound(struct aksu *s, struct bound *b, enum aksu_option option, int64_t v)
{
	struct tcp_conf trial = *b->conf, *own;

	if (b->protocol == 17 && !is_for_udp(option))
		return -AKSU_ENOPROTOOPT;
	if (!set(&trial, option, v))
		return -AKSU_EINVAL;
	own = conf_own(s, &b->conf);
	if (own == NULL)
		return -AKSU_ENOMEM;
	return set(own, option, v) ? AKSU_OK : -AKSU_EINVAL;
}

int aksu_set_option(struct aksu *s, aksu_socket h, enum aksu_option option, int64_t value,
		    aksu_time now)
{
	struct tcp_conf trial, *own;
	struct conn *c;
	struct bound *b;
	uint32_t index;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	(void)latch(s, now);
	if (option >= AKSU_OPTION_COUNT)
		return -AKSU_ENOPROTOOPT;
	b = udp_of(s, h, &index);
	if (b != NULL && option == AKSU_SO_LINK)
		return tie(s, index, value);
	if (b != NULL)
		return set_bound(s, b, option, value);
	c = tcp_of(s, h, &index);
	if (c == NULL)
		return -AKSU_EBADF;
	if (option == AKSU_SO_LINK)
		return -AKSU_ENOPROTOOPT;
	if (option == AKSU_TCP_MAXSEG && !conn_fresh(c))
		return -AKSU_EISCONN; /* it was announced already */
	trial = *c->t.conf;
	if (!set(&trial, option, value))
		return -AKSU_EINVAL;
	own = conf_own(s, &c->t.conf);
	if (own == NULL)
		return -AKSU_ENOMEM;
	(void)set(own, option, value);
	b = listener_at(s, c);
	if (b != NULL)
		return set_bound(s, b, option, value);
	conn_enter(s, c);
	if (option == AKSU_TCP_NODELAY && value != 0 && snd_held_back(&c->t))
		c->t.flags |= TF_OVERRIDE; /* as Linux: what is corked goes, and the cork stays */
	tcp_conf_changed(&c->t, s->now);
	conn_settle(s, index);
	return AKSU_OK;
}

static int64_t time_value(duration d) { return d.ns >= INT64_MAX ? -1 : (int64_t)d.ns; }

static int64_t get_conf(const struct tcp_conf *o, enum aksu_option option)
{
	switch (option) {
	case AKSU_SO_SNDBUF: return o->sndbuf;
	case AKSU_SO_RCVBUF: return o->rcvbuf;
	case AKSU_SO_SNDLOWAT: return o->sndlowat != 0 ? o->sndlowat : o->sndbuf / 3;
	case AKSU_SO_RCVLOWAT: return o->rcvlowat;
	case AKSU_SO_LINGER: return o->linger_ns;
	case AKSU_SO_KEEPALIVE: return o->keepalive;
	case AKSU_IP_TOS: return o->tos;
	case AKSU_IP_TTL: return o->ttl != 0 ? o->ttl : IP_TTL_DEFAULT;
	case AKSU_IP_NO_SOFT_ERRORS: return o->no_soft_errors;
	case AKSU_TCP_NODELAY: return o->nodelay;
	case AKSU_TCP_CORK: return o->cork;
	case AKSU_TCP_QUICKACK: return o->quickack;
	case AKSU_TCP_MAXSEG: return o->maxseg;
	case AKSU_TCP_CONGESTION: return o->cc;
	case AKSU_TCP_ECN: return o->ecn;
	case AKSU_TCP_MAX_PACING_RATE: return (int64_t)o->max_pacing_rate;
	case AKSU_TCP_KEEPIDLE: return time_value(o->keep_idle);
	case AKSU_TCP_KEEPINTVL: return time_value(o->keep_interval);
	case AKSU_TCP_KEEPCNT: return o->keep_count;
	case AKSU_TCP_KEEPDATA: return o->keep_data;
	case AKSU_TCP_USER_TIMEOUT: return time_value(o->user_timeout);
	case AKSU_TCP_SYN_TIMEOUT: return time_value(o->syn_timeout);
	case AKSU_TCP_NOTSENT_LOWAT: return o->notsent_lowat;
	case AKSU_SO_REUSEADDR: return 1;
	case AKSU_SO_ERROR:
	case AKSU_SO_SOFT_ERROR:
	case AKSU_TCP_URGENT_LEFT:
	case AKSU_TCP_UNSENT:
	case AKSU_TCP_UNACKED:
	case AKSU_TCP_UNREAD:
	case AKSU_SO_LINK:
	case AKSU_OPTION_COUNT: break;
	}
	return 0;
}

static int64_t get_conn(struct tcb *t, enum aksu_option option)
{
	int64_t v;

	switch ((int)option) {
	case AKSU_SO_SNDBUF: return snd_buffer(t);
	case AKSU_SO_RCVBUF: return rcv_buffer(t);
	case AKSU_SO_SNDLOWAT:
		return t->conf->sndlowat != 0 ? t->conf->sndlowat : snd_buffer(t) / 3;
	case AKSU_SO_ERROR: return t->error;
	case AKSU_SO_SOFT_ERROR:
		v = t->soft_error;
		t->soft_error = 0;
		return v;
	case AKSU_TCP_URGENT_LEFT: return tcp_urgent_left(t);
	case AKSU_TCP_UNSENT: return snd_unsent(t);
	case AKSU_TCP_UNACKED: return tcb_x(t)->sndq.length;
	case AKSU_TCP_UNREAD: return tcb_x(t)->rcvq.length;
	}
	return get_conf(t->conf, option);
}

int aksu_get_option(struct aksu *s, aksu_socket h, enum aksu_option option, int64_t *value)
{
	struct conn *c;
	struct bound *b;
	uint32_t index;

	if (poisoned(s))
		return -AKSU_EPOISONED;
	if (option >= AKSU_OPTION_COUNT)
		return -AKSU_ENOPROTOOPT;
	c = tcp_of(s, h, &index);
	if (c != NULL && option == AKSU_SO_LINK)
		return -AKSU_ENOPROTOOPT;
	if (c != NULL) {
		*value = get_conn(&c->t, option);
		return AKSU_OK;
	}
	b = udp_of(s, h, &index);
	if (b == NULL)
		return -AKSU_EBADF;
	if (!is_for_udp(option))
		return -AKSU_ENOPROTOOPT;
	*value = option == AKSU_SO_ERROR                         ? b->error
		 : option == AKSU_SO_LINK                        ? b->link
		 : option == AKSU_SO_RCVBUF && b->protocol == 17 ? udp_queue_limit(b->conf)
								 : get_conf(b->conf, option);
	if (option == AKSU_SO_ERROR)
		b->error = 0;
	return AKSU_OK;
}
