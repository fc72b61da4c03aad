/* SPDX-License-Identifier: MIT */
/*
 * support/script_call.c - the commands of a script: calls of the application, questions about what
 * it can see, and what happens in the network beside segments.
 *
 * A call's result must be what stands behind the arrow, or success. What is received must be the
 * pattern of the stream, octet by octet.
 */
#include "support/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRANSFER_MAX = 1 << 20 };

/* ---------------------------------------------------------------- names */

static const char *const option_names[] = {
	[AKSU_SO_ERROR] = "so_error",
	[AKSU_SO_SOFT_ERROR] = "so_soft_error",
	[AKSU_SO_SNDBUF] = "so_sndbuf",
	[AKSU_SO_RCVBUF] = "so_rcvbuf",
	[AKSU_SO_SNDLOWAT] = "so_sndlowat",
	[AKSU_SO_RCVLOWAT] = "so_rcvlowat",
	[AKSU_SO_LINGER] = "so_linger",
	[AKSU_SO_KEEPALIVE] = "so_keepalive",
	[AKSU_SO_REUSEADDR] = "so_reuseaddr",
	[AKSU_IP_TOS] = "ip_tos",
	[AKSU_IP_TTL] = "ip_ttl",
	[AKSU_IP_NO_SOFT_ERRORS] = "ip_no_soft_errors",
	[AKSU_TCP_NODELAY] = "tcp_nodelay",
	[AKSU_TCP_CORK] = "tcp_cork",
	[AKSU_TCP_QUICKACK] = "tcp_quickack",
	[AKSU_TCP_MAXSEG] = "tcp_maxseg",
	[AKSU_TCP_CONGESTION] = "tcp_congestion",
	[AKSU_TCP_ECN] = "tcp_ecn",
	[AKSU_TCP_MAX_PACING_RATE] = "tcp_max_pacing_rate",
	[AKSU_TCP_KEEPIDLE] = "tcp_keepidle",
	[AKSU_TCP_KEEPINTVL] = "tcp_keepintvl",
	[AKSU_TCP_KEEPCNT] = "tcp_keepcnt",
	[AKSU_TCP_KEEPDATA] = "tcp_keepdata",
	[AKSU_TCP_USER_TIMEOUT] = "tcp_user_timeout",
	[AKSU_TCP_SYN_TIMEOUT] = "tcp_syn_timeout",
	[AKSU_TCP_URGENT_LEFT] = "tcp_urgent_left",
	[AKSU_TCP_UNSENT] = "tcp_unsent",
	[AKSU_TCP_UNACKED] = "tcp_unacked",
	[AKSU_TCP_UNREAD] = "tcp_unread",
	[AKSU_TCP_NOTSENT_LOWAT] = "tcp_notsent_lowat",
	[AKSU_SO_LINK] = "so_link",
};
_Static_assert(COUNT_OF(option_names) == AKSU_OPTION_COUNT, "a name for every option");

static int option_of(const char *name)
{
	for (int i = 0; i < AKSU_OPTION_COUNT; i++)
		if (strcmp(name, option_names[i]) == 0)
			return i;
	return -1;
}

static const struct {
	const char *name;
	int value;
} error_names[] = {{"none", 0},
		   {"OK", 0},
#define ERROR_NAME(name, value, text) {#name, value},
		   AKSU_ERRORS(ERROR_NAME)};

/* A number, or the name of an error as its (negative) result. */
static bool result_of(const char *word, int64_t *out)
{
	for (size_t i = 0; i < COUNT_OF(error_names); i++)
		if (strcmp(word, error_names[i].name) == 0) {
			*out = -error_names[i].value;
			return true;
		}
	return script_number(word, out);
}

static const char *error_name(int64_t result)
{
	for (size_t i = 2; i < COUNT_OF(error_names); i++)
		if (result == -error_names[i].value)
			return error_names[i].name;
	return "";
}

/* A value of an option: number, duration with a unit, name of an error or algorithm, "never". */
static bool value_of(const char *word, int64_t *out)
{
	aksu_time t;

	if (script_number(word, out))
		return true;
	*out = aksu_congestion_find(word);
	if (*out >= 0)
		return true;
	if (strcmp(word, "never") == 0) {
		*out = -1;
		return true;
	}
	if (script_duration(word, &t)) {
		*out = (int64_t)t;
		return true;
	}
	if (!result_of(word, out))
		return false;
	*out = -*out;
	return true;
}

static const struct {
	const char *name;
	uint32_t bit;
} ready_names[] = {
	{"readable", AKSU_READABLE}, {"writable", AKSU_WRITABLE},   {"hup", AKSU_HUP},
	{"rdhup", AKSU_RDHUP},       {"error", AKSU_ERROR},         {"urgent", AKSU_URGENT},
	{"notice", AKSU_NOTICE},     {"connected", AKSU_CONNECTED},
};

static void print_ready(uint32_t bits, char *out, size_t cap)
{
	out[0] = '\0';
	for (size_t i = 0; i < COUNT_OF(ready_names); i++)
		if (bits & ready_names[i].bit) {
			size_t n = strlen(out);

			snprintf(out + n, cap - n, "%s%s", n > 0 ? " " : "", ready_names[i].name);
		}
}

/* ---------------------------------------------------------------- results of calls */

/* Compares a result with what stands behind the arrow; without one it must be `usual`. */
static bool result_is(struct world *w, int64_t got, int64_t usual)
{
	int64_t want = usual;

	if (w->step->result != NULL && !result_of(w->step->result, &want))
		return fail(w, "no such result: %s", w->step->result);
	if (got == want)
		return true;
	return fail(w, "expected the result %lld %s, got %lld %s", (long long)want,
		    error_name(want), (long long)got, error_name(got));
}

bool script_number_arg(struct world *w, int i, int64_t *out)
{
	if (i < w->step->words && script_number(w->step->word[i], out))
		return true;
	return fail(w, "a number should stand behind %s", w->step->word[i - 1]);
}

bool script_is_arg(const struct world *w, int i, const char *word)
{
	return i < w->step->words && strcmp(w->step->word[i], word) == 0;
}

/* The socket of a flow; made when it is first needed. */
static aksu_socket socket_of(struct world *w, struct flow *f)
{
	if (!f->has_socket) {
		f->socket = aksu_socket_tcp(w->s);
		f->has_socket = true;
		f->written = f->received = 0;
	}
	return f->socket;
}

aksu_socket *script_listener(struct world *w, uint16_t port)
{
	for (int i = 0; i < w->listeners; i++)
		if (w->listener_port[i] == port)
			return &w->listener[i];
	return NULL;
}

/* The flow's own socket, or else the listener of its port. */
static aksu_socket socket_or_listener(struct world *w, struct flow *f)
{
	aksu_socket *l = f->has_socket ? NULL : script_listener(w, f->local.port);

	return l != NULL ? *l : socket_of(w, f);
}

/* ---------------------------------------------------------------- opening and closing */

static bool is_unused(struct world *w, aksu_socket h)
{
	struct aksu_info info;

	return aksu_info(w->s, h, &info) == 0 && info.state == AKSU_STATE_CLOSED;
}

/* listen [PORT] [backlog N] [on ADDRESS] */
static bool do_listen(struct world *w, struct flow *f)
{
	struct aksu_endpoint local = {.port = f->local.port};
	bool own = !f->has_socket || is_unused(w, f->socket);
	aksu_socket h = own ? socket_of(w, f) : aksu_socket_tcp(w->s);
	int64_t n = local.port, backlog = 16;
	int error;

	for (int i = 1; i < w->step->words; i++) {
		if (script_is_arg(w, i, "backlog")) {
			if (!script_number_arg(w, ++i, &backlog))
				return false;
		} else if (script_is_arg(w, i, "on") && i + 1 < w->step->words) {
			if (!aksu_addr_parse(w->step->word[++i], &local.addr))
				return fail(w, "no such address");
		} else if (!script_number_arg(w, i, &n)) {
			return false;
		}
	}
	local.port = (uint16_t)n;
	error = aksu_bind(w->s, h, &local);
	if (error == 0)
		error = aksu_listen(w->s, h, (unsigned)backlog);
	f->has_socket &= !own;
	if (error == 0) {
		if (w->listeners == (int)COUNT_OF(w->listener))
			return fail(w, "too many listeners");
		w->listener[w->listeners] = h;
		w->listener_port[w->listeners++] = local.port;
	} else {
		(void)aksu_close(w->s, h, w->now);
	}
	return result_is(w, error, 0);
}

/* bind [ADDRESS] [PORT] */
static bool do_bind(struct world *w, struct flow *f)
{
	struct aksu_endpoint local = {.port = f->local.port};
	int i = 1;
	int64_t n;

	if (i < w->step->words && aksu_addr_parse(w->step->word[i], &local.addr))
		i++;
	if (i < w->step->words) {
		if (!script_number_arg(w, i, &n))
			return false;
		local.port = (uint16_t)n;
	}
	return result_is(w, aksu_bind(w->s, socket_of(w, f), &local), 0);
}

/* connect [ephemeral | bound] [to ADDRESS] */
static bool do_connect(struct world *w, struct flow *f)
{
	struct aksu_endpoint local = {.port = f->local.port}, remote = f->remote;
	aksu_socket h = socket_of(w, f);
	int at = 1, error = 0;

	if (script_is_arg(w, at, "ephemeral"))
		f->local.port = 0, at++;
	else if (script_is_arg(w, at, "bound"))
		at++;
	else
		error = aksu_bind(w->s, h, &local);
	if (script_is_arg(w, at, "to") &&
	    (at + 1 >= w->step->words || !aksu_addr_parse(w->step->word[at + 1], &remote.addr)))
		return fail(w, "no such address");
	if (error == 0)
		error = aksu_connect(w->s, h, &remote, w->now);
	return result_is(w, error, 0);
}

static bool do_accept(struct world *w, struct flow *f)
{
	aksu_socket *l = script_listener(w, f->local.port), h;
	struct aksu_info info;
	int error;

	if (l == NULL)
		return fail(w, "nobody listens on port %u", f->local.port);
	error = aksu_accept(w->s, *l, &h);
	if (!result_is(w, error, 0) || error != 0)
		return !w->failed;
	if (f->has_socket)
		(void)aksu_close(w->s, f->socket, w->now);
	f->socket = h;
	f->has_socket = true;
	f->written = f->received = 0;
	if (aksu_info(w->s, h, &info) != 0)
		return fail(w, "aksu_info() fails for an accepted connection");
	if (info.remote.port != f->remote.port ||
	    !aksu_addr_equal(&info.remote.addr, &f->remote.addr))
		return fail(w, "the connection accepted is another one, from port %u",
			    info.remote.port);
	return true;
}

/* close [listener]; shutdown; abort */
static bool do_close(struct world *w, struct flow *f, bool abort)
{
	if (script_is_arg(w, 1, "listener")) {
		aksu_socket *l = script_listener(w, f->local.port);
		int at;

		if (l == NULL)
			return fail(w, "nobody listens on port %u", f->local.port);
		at = (int)(l - w->listener);
		if (!result_is(w, aksu_close(w->s, *l, w->now), 0))
			return false;
		w->listeners--;
		w->listener[at] = w->listener[w->listeners];
		w->listener_port[at] = w->listener_port[w->listeners];
		return true;
	}
	if (!f->has_socket)
		return fail(w, "there is no socket to close");
	f->has_socket = false;
	return result_is(w,
			 abort ? aksu_abort(w->s, f->socket, w->now)
			       : aksu_close(w->s, f->socket, w->now),
			 0);
}

/* ---------------------------------------------------------------- data */

/* send N [more] [oob] */
static bool do_send(struct world *w, struct flow *f)
{
	static uint8_t buffer[TRANSFER_MAX];
	int64_t n, done;
	int flags = 0;

	if (!script_number_arg(w, 1, &n))
		return false;
	if (n < 0 || n > TRANSFER_MAX)
		return fail(w, "so much cannot be sent in one go");
	for (int i = 2; i < w->step->words; i++)
		flags |= script_is_arg(w, i, "more")  ? AKSU_MSG_MORE
			 : script_is_arg(w, i, "oob") ? AKSU_MSG_OOB
						      : 0;
	for (int64_t i = 0; i < n; i++)
		buffer[i] = pattern(true, f->written + (uint64_t)i);
	done = aksu_send(w->s, socket_of(w, f), buffer, (size_t)n, flags, w->now);
	if (done > 0)
		f->written += (uint64_t)done;
	return result_is(w, done, n);
}

/* recv N, peek N; N may be "all" */
static bool do_recv(struct world *w, struct flow *f, bool peek)
{
	static uint8_t buffer[TRANSFER_MAX];
	int64_t n, got;

	if (!script_number_arg(w, 1, &n))
		return false;
	if (n < 0 || n > TRANSFER_MAX)
		return fail(w, "so much cannot be received in one go");
	got = peek ? aksu_peek(w->s, socket_of(w, f), buffer, (size_t)n)
		   : aksu_recv(w->s, socket_of(w, f), buffer, (size_t)n, w->now);
	for (int64_t i = 0; i < got; i++)
		if (buffer[i] != pattern(false, f->received + (uint64_t)i))
			return fail(w,
				    "octet %llu of the stream is wrong: the pattern has %02x, "
				    "the application got %02x",
				    (unsigned long long)f->received + (unsigned long long)i,
				    pattern(false, f->received + (uint64_t)i), buffer[i]);
	if (got > 0 && !peek)
		f->received += (uint64_t)got;
	return result_is(w, got, n);
}

/* ---------------------------------------------------------------- questions */

static bool do_set(struct world *w, struct flow *f)
{
	int option = w->step->words > 2 ? option_of(w->step->word[1]) : -1;
	int64_t value;

	if (option < 0 || !value_of(w->step->word[2], &value))
		return fail(w, "set OPTION VALUE: no such option or value");
	return result_is(w,
			 aksu_set_option(w->s, socket_or_listener(w, f), (enum aksu_option)option,
					 value, w->now),
			 0);
}

static bool check_option(struct world *w, struct flow *f, int option, const char *word)
{
	int64_t want, got = 0;
	int error;

	if (option < 0 || !value_of(word, &want))
		return fail(w, "no such option or value");
	error = aksu_get_option(w->s, socket_or_listener(w, f), (enum aksu_option)option, &got);
	if (error != 0)
		return result_is(w, error, 0);
	if (got != want)
		return fail(w, "expected %s %lld, got %lld %s", option_names[option],
			    (long long)want, (long long)got,
			    option <= AKSU_SO_SOFT_ERROR ? error_name(-got) : "");
	return true;
}

static bool ready_matches(struct world *w, uint32_t got, int first)
{
	char text[128];

	print_ready(got, text, sizeof(text));
	for (int i = first; i < w->step->words; i++) {
		bool not = w->step->word[i][0] == '!';
		uint32_t bit = 0;

		for (size_t k = 0; k < COUNT_OF(ready_names); k++)
			if (strcmp(w->step->word[i] + not, ready_names[k].name) == 0)
				bit = ready_names[k].bit;
		if (bit == 0)
			return fail(w, "no such readiness: %s", w->step->word[i]);
		if (((got & bit) == 0) != not )
			return fail(w, "expected %s, the socket is: %s", w->step->word[i], text);
	}
	return true;
}

/* wake NAME ... | wake none: what aksu_next_ready() reports for this socket */
static bool do_wake(struct world *w, struct flow *f)
{
	aksu_socket h = socket_or_listener(w, f);
	struct aksu_ready r;
	uint32_t events = 0;
	bool any = false;

	for (int i = 0; aksu_next_ready(w->s, &r); i++) {
		if (i == 1000)
			return fail(w, "aksu_next_ready() never ends");
		if (aksu_socket_equal(r.socket, h))
			events |= r.events, any = true;
	}
	if (script_is_arg(w, 1, "none")) {
		char text[128];

		print_ready(events, text, sizeof(text));
		return !any || fail(w, "expected no wake-up, got: %s", text);
	}
	return any ? ready_matches(w, events, 1) : fail(w, "expected a wake-up, got none");
}

static const struct {
	const char *name;
	size_t at, size;
} info_fields[] = {
#define INFO(field)                                                                               \
	{                                                                                         \
#field, offsetof(struct aksu_info, field), sizeof(((struct aksu_info *)0)->field) \
	}
	INFO(options),       INFO(snd_wscale),
	INFO(rcv_wscale),    INFO(ecn),
	INFO(backoff),       INFO(in_recovery),
	INFO(snd_mss),       INFO(rcv_mss),
	INFO(advmss),        INFO(pmtu),
	INFO(snd_wnd),       INFO(rcv_wnd),
	INFO(cwnd),          INFO(ssthresh),
	INFO(sacked),        INFO(lost),
	INFO(resent),        INFO(reordering),
	INFO(in_flight),     INFO(srtt_us),
	INFO(rttvar_us),     INFO(rto_us),
	INFO(min_rtt_us),    INFO(send_queue),
	INFO(receive_queue), INFO(retransmissions),
	INFO(octets_acked),  INFO(octets_received),
	INFO(timer),
};

static bool compare(struct world *w, const char *name, uint64_t got, int first)
{
	int64_t low, high;

	if (!script_number_arg(w, first, &low))
		return false;
	high = low;
	if (first + 1 < w->step->words && !script_number_arg(w, first + 1, &high))
		return false;
	if (got >= (uint64_t)low && got <= (uint64_t)high)
		return true;
	return fail(w, "expected %s %lld%s%s, got %llu", name, (long long)low,
		    high != low ? " to " : "", high != low ? w->step->word[first + 1] : "",
		    (unsigned long long)got);
}

/* info FIELD VALUE [UP TO] */
static bool do_info(struct world *w, struct flow *f)
{
	struct aksu_info info;

	if (w->step->words < 3 || aksu_info(w->s, socket_of(w, f), &info) != 0)
		return fail(w, "info FIELD VALUE: there is no such socket");
	for (size_t i = 0; i < COUNT_OF(info_fields); i++) {
		const char *at = (const char *)&info + info_fields[i].at;
		uint64_t got = 0;

		if (strcmp(w->step->word[1], info_fields[i].name) != 0)
			continue;
		if (info_fields[i].size == 1)
			got = *(const uint8_t *)at;
		else if (info_fields[i].size == 4)
			got = *(const uint32_t *)at;
		else
			got = *(const uint64_t *)at;
		return compare(w, w->step->word[1], got, 2);
	}
	return fail(w, "no such field: %s", w->step->word[1]);
}

/* count NAME VALUE: a running total of the instance, or a drop's */
static bool do_count(struct world *w)
{
	const struct aksu_counters *c = aksu_counters(w->s);
	const char *name = w->step->words > 1 ? w->step->word[1] : "";
	const struct {
		const char *name;
		uint64_t value;
	} totals[] = {
		{"segments_in", c->segments_in},
		{"segments_out", c->segments_out},
		{"retransmissions", c->retransmissions},
		{"connections_opened", c->connections_opened},
		{"connections_accepted", c->connections_accepted},
		{"connections_failed", c->connections_failed},
		{"connections_reset", c->connections_reset},
		{"syn_cookies_sent", c->syn_cookies_sent},
		{"syn_cookies_good", c->syn_cookies_good},
	};

	for (size_t i = 0; i < COUNT_OF(totals); i++)
		if (strcmp(name, totals[i].name) == 0)
			return compare(w, name, totals[i].value, 2);
	for (int i = 1; i < AKSU_DROP_COUNT; i++)
		if (strcmp(name, aksu_drop_name((enum aksu_drop)i)) == 0)
			return compare(w, name, c->drops[i], 2);
	return fail(w, "no such counter: %s", name);
}

/* isn LOW HIGH: how far the initial number lies after the one before */
static bool do_isn(struct world *w, struct flow *f)
{
	return compare(w, "distance of the initial sequence numbers", f->iss - f->last_iss, 1);
}

/* far FLOW: its initial number has nothing to do with this one's */
static bool do_far(struct world *w, struct flow *f)
{
	const struct flow *other = world_flow(w, w->step->words > 1 ? w->step->word[1] : "");
	uint32_t d = f->iss - other->iss;

	d = d > INT32_MAX ? 0u - d : d;
	return d > 1u << 20 || fail(w, "the initial numbers are only %u apart", d);
}

/* ---------------------------------------------------------------- the network */

static bool address_arg(struct world *w, int i, struct aksu_addr *out)
{
	if (i < w->step->words && aksu_addr_parse(w->step->word[i], out))
		return true;
	return fail(w, "an address should stand behind %s", w->step->word[i - 1]);
}

/* flow [local ADDRESS] [remote ADDRESS] [lport N] [rport N] [irs N] */
static bool do_flow(struct world *w, struct flow *f)
{
	for (int i = 1; i < w->step->words; i += 2) {
		int64_t n = 0;

		if (script_is_arg(w, i, "local")) {
			if (!address_arg(w, i + 1, &f->local.addr))
				return false;
			continue;
		}
		if (script_is_arg(w, i, "remote")) {
			if (!address_arg(w, i + 1, &f->remote.addr))
				return false;
			continue;
		}
		if (!script_number_arg(w, i + 1, &n))
			return false;
		if (script_is_arg(w, i, "lport"))
			f->local.port = (uint16_t)n;
		else if (script_is_arg(w, i, "rport"))
			f->remote.port = (uint16_t)n;
		else if (script_is_arg(w, i, "irs"))
			f->irs = (uint32_t)n;
		else
			return fail(w, "flow has no %s", w->step->word[i]);
	}
	return true;
}

/* addr add ADDRESS PREFIX | addr remove ADDRESS */
static bool do_addr(struct world *w)
{
	struct aksu_addr a;
	int64_t prefix;

	if (!address_arg(w, 2, &a))
		return false;
	if (script_is_arg(w, 1, "remove"))
		return result_is(w, aksu_addr_remove(w->s, w->link, &a), 0);
	if (!script_number_arg(w, 3, &prefix))
		return false;
	return result_is(w, aksu_addr_add(w->s, w->link, &a, (unsigned)prefix), 0);
}

static bool do_icmp(struct world *w, struct flow *f)
{
	uint8_t packet[PACKET_MAX];
	struct aksu_rx rx = {.data = packet, .link = (uint16_t)w->link};

	rx.len = (uint32_t)packet_icmp(w, f, w->step->word, w->step->words, packet);
	if (rx.len == 0)
		return fail(w, "icmp: no such error in this family, or nothing was sent to quote");
	world_input(w, &rx, 1);
	return !w->failed;
}

/* ---------------------------------------------------------------- commands */

bool script_command(struct world *w)
{
	struct flow *f = world_flow(w, w->step->flow);
	const char *name = w->step->word[0];

	if (strcmp(name, "listen") == 0)
		return do_listen(w, f);
	if (strcmp(name, "socket") == 0)
		return socket_of(w, f).gen != 0 || fail(w, "no socket");
	if (strcmp(name, "bind") == 0)
		return do_bind(w, f);
	if (strcmp(name, "connect") == 0)
		return do_connect(w, f);
	if (strcmp(name, "accept") == 0)
		return do_accept(w, f);
	if (strcmp(name, "send") == 0)
		return do_send(w, f);
	if (strcmp(name, "recv") == 0 || strcmp(name, "peek") == 0)
		return do_recv(w, f, name[0] == 'p');
	if (strcmp(name, "shutdown") == 0)
		return result_is(w, aksu_shutdown(w->s, socket_of(w, f), w->now), 0);
	if (strcmp(name, "close") == 0 || strcmp(name, "abort") == 0)
		return do_close(w, f, name[0] == 'a');
	if (strcmp(name, "set") == 0)
		return do_set(w, f);
	if (strcmp(name, "get") == 0)
		return w->step->words == 3
			       ? check_option(w, f, option_of(w->step->word[1]), w->step->word[2])
			       : fail(w, "written: get OPTION VALUE");
	if (strcmp(name, "error") == 0 || strcmp(name, "soft") == 0)
		return w->step->words == 2
			       ? check_option(w, f,
					      name[0] == 'e' ? AKSU_SO_ERROR : AKSU_SO_SOFT_ERROR,
					      w->step->word[1])
			       : fail(w, "written: error NAME");
	if (strcmp(name, "ready") == 0)
		return ready_matches(w, aksu_ready(w->s, socket_or_listener(w, f)), 1);
	if (strcmp(name, "wake") == 0)
		return do_wake(w, f);
	if (strcmp(name, "info") == 0)
		return do_info(w, f);
	if (strcmp(name, "count") == 0)
		return do_count(w);
	if (strcmp(name, "isn") == 0)
		return do_isn(w, f);
	if (strcmp(name, "far") == 0)
		return do_far(w, f);
	if (strcmp(name, "icmp") == 0)
		return do_icmp(w, f);
	if (strcmp(name, "flow") == 0)
		return do_flow(w, f);
	if (strcmp(name, "addr") == 0)
		return do_addr(w);
	if (strcmp(name, "mtu") == 0) {
		int64_t n;

		return script_number_arg(w, 1, &n) &&
		       result_is(w,
				 aksu_link_set_mtu(w->s, w->link, (uint32_t)n + (w->v6 ? 20 : 0)),
				 0);
	}
	return true; /* config: was read before */
}
