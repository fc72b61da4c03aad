/* SPDX-License-Identifier: MIT */
/*
 * sim/fields.c - names, units and places of the fields of a scenario.
 *
 * A number has a unit by its field: 20ms, 10M bits per second, 64k octets, 0.25%. What is written
 * reads back as the same number; nothing here rounds.
 */
#include "sim/fields.h"

#include "base/bytes.h"

#define FIELD(type_, member, name_, kind, words)                                                   \
	{                                                                                          \
		name_, words, offsetof(struct type_, member), sizeof(((struct type_ *)0)->member), \
			FIELD_##kind                                                               \
	}

#define NODE(member, name, kind) FIELD(sim_node_plan, member, name, kind, NULL)
#define LINK(member, name, kind) FIELD(sim_link_plan, member, name, kind, NULL)
#define WIRE(member, name, kind) FIELD(sim_wire_config, member, name, kind, NULL)
#define FLOW(member, name, kind) FIELD(sim_flow_plan, member, name, kind, NULL)

static const char *discipline_word(unsigned i)
{
	return i < SIM_DISCIPLINE_COUNT ? sim_discipline_name((enum sim_discipline)i) : NULL;
}

#define WORD(name, word) word,

static const char *opening_word(unsigned i)
{
	static const char *const words[] = {SIM_OPENINGS(WORD)};

	return i < SIM_OPENING_COUNT ? words[i] : NULL;
}

static const char *ending_word(unsigned i)
{
	static const char *const words[] = {SIM_ENDINGS(WORD)};

	return i < SIM_ENDING_COUNT ? words[i] : NULL;
}

/* ---- the tables */

static const struct field node_rows[] = {
	NODE(send_buffer, "sndbuf", OCTETS),  NODE(receive_buffer, "rcvbuf", OCTETS),
	NODE(syn_queue, "syn-queue", NUMBER), NODE(budget, "budget", OCTETS),
	NODE(rto_min, "rto-min", TIME),       NODE(msl, "msl", TIME),
	NODE(clock, "clock", TIME),
};

static const struct field link_rows[] = {
	LINK(ethernet, "ethernet", FLAG),
	LINK(mtu, "mtu", OCTETS),
	LINK(tso, "tso", FLAG),
	LINK(tx_checksum, "tx-checksum", FLAG),
	LINK(rx_checksum, "rx-checksum", FLAG),
	LINK(merge, "merge", FLAG),
};

static const struct field wire_rows[] = {
	WIRE(delay, "delay", TIME),
	WIRE(jitter, "jitter", TIME),
	WIRE(overtake, "overtake", FLAG),
	WIRE(rate, "rate", RATE),
	WIRE(queue, "queue", OCTETS),
	FIELD(sim_wire_config, discipline, "discipline", WORD, discipline_word),
	WIRE(ecn, "ecn", FLAG),
	WIRE(mark_min, "mark-min", OCTETS),
	WIRE(mark_max, "mark-max", OCTETS),
	WIRE(mark_chance, "mark-chance", SHARE),
	WIRE(codel_target, "codel-target", TIME),
	WIRE(codel_interval, "codel-interval", TIME),
	WIRE(mtu, "mtu", OCTETS),
	WIRE(loss, "loss", SHARE),
	WIRE(burst_begin, "burst-begin", SHARE),
	WIRE(burst_end, "burst-end", SHARE),
	WIRE(burst_loss, "burst-loss", SHARE),
	WIRE(loss_mask, "loss-mask", MASK),
	WIRE(duplicate, "duplicate", SHARE),
	WIRE(reorder, "reorder", SHARE),
	WIRE(reorder_extra, "reorder-extra", TIME),
	WIRE(corrupt, "corrupt", SHARE),
	WIRE(police_rate, "police-rate", RATE),
	WIRE(police_burst, "police-burst", OCTETS),
	WIRE(down, "down", FLAG),
};

static const struct field flow_rows[] = {
	FLOW(v6, "v6", FLAG),
	FLOW(udp, "udp", FLAG),
	FIELD(sim_flow_plan, open, "open", WORD, opening_word),
	FIELD(sim_flow_plan, close, "close", WORD, ending_word),
	FLOW(start, "start", TIME),
	FLOW(octets, "octets", OCTETS),
	FLOW(back, "back", OCTETS),
	FLOW(last, "last", TIME),
	FLOW(turn, "turn", FLAG),
	FLOW(portion, "portion", OCTETS),
	FLOW(gap, "gap", TIME),
	FLOW(pause, "pause", SHARE),
	FLOW(pause_max, "pause-max", TIME),
	FLOW(deaf, "deaf", TIME),
	FLOW(cc, "cc", CC),
	FLOW(cc_to, "cc-to", CC),
	FLOW(nodelay, "nodelay", FLAG),
	FLOW(quickack, "quickack", FLAG),
	FLOW(cork, "cork", FLAG),
	FLOW(linger, "linger", FLAG),
	FLOW(keepalive, "keepalive", TIME),
	FLOW(user_timeout, "user-timeout", TIME),
	FLOW(backlog, "backlog", NUMBER),
};

const struct field_table node_fields = {node_rows, COUNT_OF(node_rows)};
const struct field_table link_fields = {link_rows, COUNT_OF(link_rows)};
const struct field_table wire_fields = {wire_rows, COUNT_OF(wire_rows)};
const struct field_table flow_fields = {flow_rows, COUNT_OF(flow_rows)};

/* ---- values in their places */

uint64_t field_get(const void *base, const struct field *f)
{
	const uint8_t *at = (const uint8_t *)base + f->at;
	uint64_t v64;
	uint32_t v32;

	switch (f->size) {
	case 1: return *at;
	case 4: memcpy(&v32, at, 4); return v32;
	default: memcpy(&v64, at, 8); return v64;
	}
}

void field_set(void *base, const struct field *f, uint64_t value)
{
	uint8_t *at = (uint8_t *)base + f->at;
	uint32_t v32 = (uint32_t)value;

	switch (f->size) {
	case 1: *(bool *)at = value != 0; break;
	case 4: memcpy(at, &v32, 4); break;
	default: memcpy(at, &value, 8); break;
	}
}

const struct field *field_find(const struct field_table *t, const char *name, size_t n)
{
	for (unsigned i = 0; i < t->count; i++)
		if (strlen(t->field[i].name) == n && memcmp(t->field[i].name, name, n) == 0)
			return &t->field[i];
	return NULL;
}

/* ---- units */

struct unit {
	const char *word;
	uint32_t worth;
};

static const struct unit times[] = {{"s", AKSU_SECOND},
				    {"ms", AKSU_MILLISECOND},
				    {"us", AKSU_MICROSECOND},
				    {"ns", 1},
				    {NULL, 0}};
static const struct unit thousands[] = {
	{"G", 1000000000}, {"M", 1000000}, {"k", 1000}, {"", 1}, {NULL, 0}};
static const struct unit shares[] = {{"%", 10000}, {NULL, 0}};
static const struct unit none[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum field_type type)
{
	switch (type) {
	case FIELD_TIME: return times;
	case FIELD_OCTETS:
	case FIELD_RATE: return thousands;
	case FIELD_SHARE: return shares;
	case FIELD_NUMBER:
	case FIELD_FLAG:
	case FIELD_MASK:
	case FIELD_WORD:
	case FIELD_CC: break;
	}
	return none;
}

/* ---- reading */

static bool read_hex(const char *text, size_t n, uint64_t *out)
{
	uint64_t v = 0;

	if (n < 3 || n > 18 || text[0] != '0' || text[1] != 'x')
		return false;
	for (size_t i = 2; i < n; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

/* Digits with at most one point: as a number, and the worth of its last digit as 1 / `scale`. */
static size_t read_decimal(const char *text, size_t n, uint64_t *value, uint64_t *scale)
{
	uint64_t v = 0, s = 1;
	bool point = false;
	size_t i = 0;

	for (; i < n; i++) {
		if (text[i] == '.' && !point && i > 0) {
			point = true;
			continue;
		}
		if (text[i] < '0' || text[i] > '9')
			break;
		if (v > (UINT64_MAX - 9) / 10 || s > UINT64_MAX / 100)
			return 0;
		v = v * 10 + (uint64_t)(text[i] - '0');
		s *= point ? 10 : 1;
	}
	*value = v;
	*scale = s;
	return i;
}

/* a * b; false: too large. In halves: a core without libc has no wider product. */
static bool multiply(uint64_t a, uint32_t b, uint64_t *out)
{
	uint64_t high = (a >> 32) * b, low = (a & UINT32_MAX) * b;

	*out = (high << 32) + low;
	return high >> 32 == 0 && *out >= low;
}

bool unit_read(enum field_type type, const char *text, size_t n, uint64_t *out)
{
	uint64_t value, scale;
	size_t digits = read_decimal(text, n, &value, &scale);

	if (digits == 0)
		return false;
	for (const struct unit *u = units_of(type); u->word != NULL; u++) {
		if (strlen(u->word) != n - digits || memcmp(u->word, text + digits, n - digits))
			continue;
		if (!multiply(value, u->worth, &value) || value % scale != 0)
			return false;
		*out = value / scale;
		return true;
	}
	return false;
}

static bool read_word(const struct field *f, const char *text, size_t n, uint64_t *out)
{
	const char *word;

	for (unsigned i = 0; (word = f->word(i)) != NULL; i++)
		if (strlen(word) == n && memcmp(word, text, n) == 0) {
			*out = i;
			return true;
		}
	return false;
}

static bool read_cc(const char *text, size_t n, uint64_t *out)
{
	for (int i = 0; i < AKSU_CONGESTION_COUNT; i++) {
		const char *word = aksu_congestion_name(i);

		if (word != NULL && strlen(word) == n && memcmp(word, text, n) == 0) {
			*out = (uint64_t)i + 1;
			return true;
		}
	}
	return false;
}

bool field_read(const struct field *f, const char *text, size_t n, uint64_t *out)
{
	bool good;

	switch ((enum field_type)f->type) {
	case FIELD_MASK: good = read_hex(text, n, out); break;
	case FIELD_WORD: good = read_word(f, text, n, out); break;
	case FIELD_CC: good = read_cc(text, n, out); break;
	case FIELD_FLAG:
	case FIELD_NUMBER:
	case FIELD_OCTETS:
	case FIELD_RATE:
	case FIELD_TIME:
	case FIELD_SHARE:
	default: good = unit_read((enum field_type)f->type, text, n, out); break;
	}
	if (!good || (f->type == FIELD_SHARE && *out > 1000000) ||
	    (f->type == FIELD_FLAG && *out > 1) || (f->type == FIELD_TIME && *out >> 62 != 0))
		return false;
	return f->size == 8 || *out <= UINT32_MAX;
}

/* ---- writing */

static size_t write_digits(uint64_t v, unsigned base, char *out)
{
	char digits[24];
	size_t n = 0, len;

	do
		digits[n++] = "0123456789abcdef"[v % base];
	while ((v /= base) != 0);
	for (len = 0; len < n; len++)
		out[len] = digits[n - 1 - len];
	return n;
}

static size_t write_word(const char *word, char *out)
{
	size_t n = strlen(word);

	memcpy(out, word, n);
	return n;
}

/* In percent, of millionths: up to four digits behind the point. */
static size_t write_share(uint64_t v, char *out)
{
	size_t n = write_digits(v / 10000, 10, out);
	uint64_t part = v % 10000;

	if (part != 0)
		out[n++] = '.';
	for (uint64_t unit = 1000; part != 0; unit /= 10) {
		out[n++] = (char)('0' + part / unit);
		part %= unit;
	}
	out[n++] = '%';
	return n;
}

size_t unit_write(enum field_type type, uint64_t value, char out[FIELD_TEXT])
{
	const struct unit *u = units_of(type);
	size_t n;

	if (type == FIELD_SHARE)
		return write_share(value, out);
	while (u[1].word != NULL && (value == 0 || value % u->worth != 0))
		u++;
	n = write_digits(value / u->worth, 10, out);
	return n + write_word(u->word, out + n);
}

size_t field_write(const struct field *f, uint64_t value, char out[FIELD_TEXT])
{
	switch ((enum field_type)f->type) {
	case FIELD_MASK:
		out[0] = '0';
		out[1] = 'x';
		return 2 + write_digits(value, 16, out + 2);
	case FIELD_WORD: return write_word(f->word((unsigned)value), out);
	case FIELD_CC: return write_word(aksu_congestion_name((int64_t)value - 1), out);
	case FIELD_FLAG:
	case FIELD_NUMBER:
	case FIELD_OCTETS:
	case FIELD_RATE:
	case FIELD_TIME:
	case FIELD_SHARE: break;
	}
	return unit_write((enum field_type)f->type, value, out);
}
