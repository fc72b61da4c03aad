/* SPDX-License-Identifier: MIT */
/*
 * cli/ss_table.c - see cli/ss_table.h; what a connection waits for stands in cli/ss_waiting.c.
 */
#include "cli/ss_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/units.h"

/* ------------------------------------------------------------------ cells */

/* 10.7.0.2:7, [fd07::2]:7, *:7 */
static void endpoint(const struct aksu_endpoint *e, char out[SS_CELL])
{
	static const struct aksu_addr any6;
	struct aksu_addr any4 = aksu_addr_v4(0, 0, 0, 0);
	char addr[48] = "*", port[8] = "*";
	bool v6 = false;

	if (!aksu_addr_equal(&e->addr, &any6) && !aksu_addr_equal(&e->addr, &any4)) {
		aksu_addr_print(&e->addr, addr, sizeof(addr));
		v6 = !aksu_addr_is_v4(&e->addr);
	}
	if (e->port != 0)
		snprintf(port, sizeof(port), "%u", e->port);
	snprintf(out, SS_CELL, v6 ? "[%s]:%s" : "%s:%s", addr, port);
}

static void count(uint64_t n, bool known, char out[SS_CELL])
{
	snprintf(out, SS_CELL, "%s", known ? unit_count(n).text : "-");
}

struct ss_row ss_heading(void)
{
	return (struct ss_row){{"STATE", "LOCAL", "PEER", "RTT", "CWND", "FLT", "RTX", "RCVQ",
				"SNDQ", "WAITING FOR"}};
}

struct ss_row ss_row_of(const struct aksu_info *info, aksu_time now)
{
	struct ss_row row;
	bool flows = info->conn != 0; /* neither a listener nor a socket never opened */

	snprintf(row.cell[SS_STATE], SS_CELL, "%s", aksu_state_name((enum aksu_state)info->state));
	endpoint(&info->local, row.cell[SS_LOCAL]);
	endpoint(&info->remote, row.cell[SS_PEER]);
	snprintf(row.cell[SS_RTT], SS_CELL, "%s",
		 info->srtt_us ? unit_ms(info->srtt_us).text : "-");
	count(info->cwnd, info->cwnd != 0, row.cell[SS_CWND]);
	count(info->in_flight, flows, row.cell[SS_FLIGHT]);
	count(info->retransmissions, flows, row.cell[SS_RTX]);
	count(info->receive_queue, true, row.cell[SS_RECEIVE_QUEUE]);
	count(info->send_queue, true, row.cell[SS_SEND_QUEUE]);
	ss_waiting_for(info, now, row.cell[SS_WAITING]);
	return row;
}

void ss_widths_take(struct ss_widths *w, const struct ss_row *row)
{
	for (int c = 0; c < SS_COLUMNS; c++) {
		size_t n = strlen(row->cell[c]);

		if (n > w->of[c])
			w->of[c] = (uint8_t)n;
	}
}

size_t ss_line(const struct ss_row *row, const struct ss_widths *w, char out[SS_LINE])
{
	size_t n = 0;

	for (int c = 0; c < SS_COLUMNS; c++) {
		bool number = c >= SS_RTT && c <= SS_SEND_QUEUE;
		int width = c == SS_WAITING ? 0 : number ? w->of[c] : -(int)w->of[c];

		n += (size_t)snprintf(out + n, SS_LINE - n, "%*s%c", width, row->cell[c],
				      c == SS_WAITING ? '\n' : ' ');
	}
	return n;
}

/* ------------------------------------------------------------------ JSON */

struct json {
	char *out;
	size_t n;
};

static void put(struct json *j, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct json *j, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(j->out + j->n, SS_JSON - j->n, format, args);
	va_end(args);
	if (n > 0 && (size_t)n < SS_JSON - j->n)
		j->n += (size_t)n;
}

static void put_endpoint(struct json *j, const char *name, const struct aksu_endpoint *e)
{
	char addr[48];

	aksu_addr_print(&e->addr, addr, sizeof(addr));
	put(j, ",\"%s\":{\"addr\":\"%s\",\"port\":%u}", name, addr, e->port);
}

static void put_options(struct json *j, uint8_t options)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} names[] = {
		{AKSU_OPT_WSCALE, "wscale"},
		{AKSU_OPT_SACK_OK, "sack"},
		{AKSU_OPT_TS, "timestamps"},
	};
	const char *comma = "";

	put(j, ",\"options\":[");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(options & names[i].bit))
			continue;
		put(j, "%s\"%s\"", comma, names[i].name);
		comma = ",";
	}
	put(j, "]");
}

static void put_numbers(struct json *j, const struct aksu_info *i)
{
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
		{"conn", i->conn},
		{"snd_wscale", i->snd_wscale},
		{"rcv_wscale", i->rcv_wscale},
		{"backoff", i->backoff},
		{"snd_mss", i->snd_mss},
		{"rcv_mss", i->rcv_mss},
		{"advmss", i->advmss},
		{"pmtu", i->pmtu},
		{"iss", i->iss},
		{"irs", i->irs},
		{"snd_una", i->snd_una},
		{"snd_nxt", i->snd_nxt},
		{"snd_wnd", i->snd_wnd},
		{"rcv_nxt", i->rcv_nxt},
		{"rcv_wnd", i->rcv_wnd},
		{"cwnd", i->cwnd},
		{"ssthresh", i->ssthresh},
		{"in_flight", i->in_flight},
		{"sacked", i->sacked},
		{"lost", i->lost},
		{"resent", i->resent},
		{"srtt_us", i->srtt_us},
		{"rttvar_us", i->rttvar_us},
		{"rto_us", i->rto_us},
		{"min_rtt_us", i->min_rtt_us},
		{"send_queue", i->send_queue},
		{"receive_queue", i->receive_queue},
		{"retransmissions", i->retransmissions},
		{"octets_acked", i->octets_acked},
		{"octets_received", i->octets_received},
	};

	for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
		put(j, ",\"%s\":%llu", fields[k].name, (unsigned long long)fields[k].value);
}

/* The clock is the instance's own, so a moment tells nothing outside: spans do. */
static void put_times(struct json *j, const struct aksu_info *i, aksu_time now)
{
	aksu_time age = now > i->state_since ? now - i->state_since : 0;
	aksu_time left = i->next_timer > now ? i->next_timer - now : 0;

	if (i->conn == 0)
		put(j, ",\"state_age_s\":null");
	else
		put(j, ",\"state_age_s\":%llu", (unsigned long long)(age / AKSU_SECOND));
	if (i->next_timer == AKSU_NEVER)
		put(j, ",\"timer\":null,\"next_timer_us\":null");
	else
		put(j, ",\"timer\":\"%s\",\"next_timer_us\":%llu",
		    aksu_timer_name((enum aksu_timer)i->timer),
		    (unsigned long long)(left / AKSU_MICROSECOND));
}

size_t ss_json(const struct aksu_info *info, aksu_time now, char out[SS_JSON])
{
	struct json j = {.out = out};
	char waiting[SS_CELL];

	ss_waiting_for(info, now, waiting);
	put(&j, "{\"state\":\"%s\"", aksu_state_name((enum aksu_state)info->state));
	put_endpoint(&j, "local", &info->local);
	put_endpoint(&j, "remote", &info->remote);
	put(&j, ",\"waiting_for\":\"%s\"", waiting);
	put_options(&j, info->options);
	put(&j, ",\"in_recovery\":%s", info->in_recovery ? "true" : "false");
	put_numbers(&j, info);
	put_times(&j, info, now);
	if (info->error)
		put(&j, ",\"error\":\"%s\"", aksu_strerror(info->error));
	else
		put(&j, ",\"error\":null");
	if (info->congestion)
		put(&j, ",\"congestion\":\"%s\"}\n", info->congestion);
	else
		put(&j, ",\"congestion\":null}\n");
	return j.n;
}
