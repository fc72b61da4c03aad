/* SPDX-License-Identifier: MIT */
/*
 * trace/json.c - one event, one JSON object, one line.
 *
 * Names are those of aksu/event.h; "v" is AKSU_EVENT_VERSION. Numbers are absolute and in host
 * order; times are nanoseconds in "ns" (an integer) because a double of seconds would lose some.
 * What a kind of event does not use is left out, so that a line can be read by eyes too.
 */
#include <aksu/aksu.h>

#include "trace/text.h"

enum { JSON_LINE_MAX = 2048 };

static void key(struct text *t, const char *name)
{
	text_str(t, t->len > 1 ? ",\"" : "\"");
	text_str(t, name);
	text_str(t, "\":");
}

static void number(struct text *t, const char *name, uint64_t v)
{
	key(t, name);
	text_u64(t, v);
}

/* Quotes, backslashes and control characters are the only ones that JSON forbids inside. */
static void string(struct text *t, const char *name, const char *value)
{
	key(t, name);
	text_char(t, '"');
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\') {
			text_char(t, '\\');
			text_char(t, *value);
		} else if ((unsigned char)*value < 0x20) {
			text_str(t, "\\u00");
			text_hex(t, (unsigned char)*value, 2);
		} else {
			text_char(t, *value);
		}
	}
	text_char(t, '"');
}

static void endpoint(struct text *t, const char *name, const struct aksu_addr *addr, uint16_t port)
{
	char buffer[64];
	size_t n = aksu_addr_print(addr, buffer, 46);
	struct text value = {buffer, n, sizeof(buffer)};

	text_char(&value, ' ');
	text_u64(&value, port);
	string(t, name, text_end(&value));
}

static void flags(struct text *t, uint8_t bits, bool ae)
{
	static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	const char *comma = "";

	key(t, "flags");
	text_char(t, '[');
	for (unsigned i = 0; i < COUNT_OF(names); i++) {
		if (!(bits >> i & 1))
			continue;
		text_str(t, comma);
		text_char(t, '"');
		text_str(t, names[i]);
		text_char(t, '"');
		comma = ",";
	}
	if (ae) {
		text_str(t, comma);
		text_str(t, "\"AE\"");
	}
	text_char(t, ']');
}

/* The packet's ECN field, where it says something. */
static void codepoint(struct text *t, uint8_t ecn)
{
	static const char *const names[] = {"", "ect1", "ect0", "ce"};

	if (ecn != 0)
		string(t, "ecn", names[ecn & 3]);
}

/* The counters that were there, in the order of the option. */
static void accecn(struct text *t, const struct aksu_event *e)
{
	static const char *const names[] = {"accecn_e0b", "accecn_ceb", "accecn_e1b"};
	bool zero = e->options & AKSU_OPT_ACCECN0;

	for (unsigned i = 0; i < e->accecn_fields && i < COUNT_OF(names); i++) {
		unsigned k = zero ? i : 2 - i;

		number(t, names[k], e->accecn[k]);
	}
}

static void sacks(struct text *t, const struct aksu_event *e)
{
	key(t, "sack");
	text_char(t, '[');
	for (unsigned i = 0; i < e->sack_count && i < COUNT_OF(e->sack); i++) {
		text_str(t, i == 0 ? "[" : ",[");
		text_u64(t, e->sack[i].start);
		text_char(t, ',');
		text_u64(t, e->sack[i].end);
		text_char(t, ']');
	}
	text_char(t, ']');
}

static void options(struct text *t, const struct aksu_event *e)
{
	if (e->options & AKSU_OPT_MSS)
		number(t, "mss", e->mss);
	if (e->options & AKSU_OPT_WSCALE)
		number(t, "wscale", e->wscale);
	if (e->options & AKSU_OPT_SACK_OK)
		number(t, "sack_ok", 1);
	if (e->options & AKSU_OPT_TS) {
		number(t, "tsval", e->tsval);
		number(t, "tsecr", e->tsecr);
	}
	if (e->options & AKSU_OPT_SACK)
		sacks(t, e);
	if (e->options & (AKSU_OPT_ACCECN0 | AKSU_OPT_ACCECN1))
		accecn(t, e);
}

static void segment(struct text *t, const struct aksu_event *e)
{
	codepoint(t, e->ecn);
	flags(t, e->flags, e->ae);
	number(t, "seq", e->seq);
	number(t, "ack", e->ack);
	number(t, "length", e->length);
	number(t, "window", e->window);
	number(t, "window_bytes", e->window_bytes);
	if (e->flags & AKSU_URG)
		number(t, "urgent", e->urgent);
	options(t, e);
	number(t, "iss", e->iss);
	number(t, "irs", e->irs);
	number(t, "segments", e->segments);
	if (e->segments > 1)
		number(t, "size", e->mss);
	number(t, "retransmission", e->retransmission);
	if (e->kind != AKSU_EVENT_SEGMENT_OUT)
		return;
	string(t, "why", aksu_why_name((enum aksu_why)e->why));
	string(t, "section", aksu_why_section((enum aksu_why)e->why));
}

static void congestion(struct text *t, const struct aksu_event *e)
{
	if (e->cwnd == 0)
		return;
	number(t, "cwnd", e->cwnd);
	number(t, "ssthresh", e->ssthresh);
	number(t, "in_flight", e->in_flight);
	number(t, "srtt_us", e->srtt_us);
	number(t, "rto_us", e->rto_us);
}

static void body(struct text *t, const struct aksu_event *e)
{
	enum aksu_drop drop = (enum aksu_drop)e->drop;

	switch ((enum aksu_event_kind)e->kind) {
	case AKSU_EVENT_SEGMENT_OUT:
	case AKSU_EVENT_SEGMENT_IN: segment(t, e); break;
	case AKSU_EVENT_STATE: string(t, "from", aksu_state_name((enum aksu_state)e->from)); break;
	case AKSU_EVENT_TIMER:
		string(t, "timer", aksu_timer_name((enum aksu_timer)e->timer));
		break;
	case AKSU_EVENT_DROP:
		string(t, "drop", aksu_drop_name(drop));
		string(t, "section", aksu_drop_section(drop));
		break;
	case AKSU_EVENT_LOSS:
		number(t, "seq", e->seq);
		number(t, "length", e->length);
		break;
	case AKSU_EVENT_ERROR: string(t, "error", aksu_strerror(e->error)); break;
	case AKSU_EVENT_PACKET_OUT:
	case AKSU_EVENT_PACKET_IN:
		number(t, "protocol", e->protocol);
		number(t, "length", e->length);
		break;
	case AKSU_EVENT_CWND:
	case AKSU_EVENT_KIND_COUNT: break;
	}
	congestion(t, e);
}

/* Words instead of the marks that lines use. */
static const char *kind_word(const struct aksu_event *e)
{
	if (e->kind == AKSU_EVENT_PACKET_OUT)
		return "packet_out";
	if (e->kind == AKSU_EVENT_PACKET_IN)
		return "packet_in";
	return aksu_event_kind_name((enum aksu_event_kind)e->kind);
}

void aksu_json_print(const struct aksu_writer *out, const char *host, const struct aksu_event *e)
{
	char buffer[JSON_LINE_MAX];
	struct text t = text_in(buffer, sizeof(buffer));

	text_char(&t, '{');
	number(&t, "v", AKSU_EVENT_VERSION);
	number(&t, "ns", e->time);
	string(&t, "host", host);
	string(&t, "kind", kind_word(e));
	number(&t, "conn", e->conn);
	number(&t, "packet", e->packet);
	endpoint(&t, "local", &e->local, e->local_port);
	endpoint(&t, "remote", &e->remote, e->remote_port);
	string(&t, "state", aksu_state_name((enum aksu_state)e->state));
	body(&t, e);
	text_str(&t, "}\n");
	text_write(&t, out);
}
