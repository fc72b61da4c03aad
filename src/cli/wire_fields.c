/* SPDX-License-Identifier: MIT */
/*
 * cli/wire_fields.c - see cli/wire_fields.h. No floating point: 0.25 is read digit by digit.
 */
#include "cli/wire_fields.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"

enum {
	QUEUE_MIN = 10 * 1514, /* of a queue in bdp: an initial window fits (RFC 6928) */
	HUNDRED = 100,
};

enum field_kind { SHARE, SPAN, RATE, OCTETS, QUEUE, FLAG, MASK, DISCIPLINE };

static const struct field {
	const char *name;
	size_t at; /* in struct sim_wire_config */
	enum field_kind kind;
} FIELDS[] = {
#define FIELD(field, name, kind, value, help) {name, offsetof(struct sim_wire_config, field), kind},
	WIRE_FIELDS(FIELD)
#undef FIELD
};

enum { COUNT = sizeof(FIELDS) / sizeof(FIELDS[0]) };

struct wire_described wire_perfect(void)
{
	return (struct wire_described){.wire.reorder_extra = 10 * AKSU_MILLISECOND};
}

/* ------------------------------------------------------------------ values */

struct unit {
	const char *name;
	uint64_t worth;
};

/* "1.5" and what follows it, as one of the units: rounded down. False: none, or too much. */
static bool scaled(const char *text, const struct unit *units, uint64_t most, uint64_t *out)
{
	uint64_t whole = 0, part = 0, scale = 1;
	const char *at = text;

	for (; *at >= '0' && *at <= '9' && whole < UINT32_MAX; at++)
		whole = whole * 10 + (uint64_t)(*at - '0');
	if (at == text)
		return false;
	if (*at == '.')
		for (at++; *at >= '0' && *at <= '9' && scale < 1000000; at++) {
			part = part * 10 + (uint64_t)(*at - '0');
			scale *= 10;
		}
	for (; units->name != NULL; units++) {
		if (strcmp(at, units->name) != 0)
			continue;
		if (whole > (most - units->worth) / units->worth)
			return false;
		*out = whole * units->worth + part * units->worth / scale;
		return true;
	}
	return false;
}

static bool take_span(const char *value, aksu_time *out, struct aksu_reason *why)
{
	static const struct unit units[] = {{"", AKSU_MILLISECOND},
					    {"ms", AKSU_MILLISECOND},
					    {"us", AKSU_MICROSECOND},
					    {"s", AKSU_SECOND},
					    {NULL, 0}};

	return scaled(value, units, 60 * AKSU_SECOND, out) ||
	       because(why, "'%s' is not a span up to a minute: 33ms, 250us, 1s, 20 (ms)", value);
}

static bool take_rate(const char *value, uint64_t *out, struct aksu_reason *why)
{
	static const struct unit units[] = {{"", 1},           {"bit", 1},           {"kbit", 1000},
					    {"mbit", 1000000}, {"gbit", 1000000000}, {NULL, 0}};

	return scaled(value, units, UINT64_C(1000000000000), out) ||
	       because(why, "'%s' is not a rate: 100mbit, 1.5gbit, 64kbit", value);
}

static bool take_octets(const char *value, uint32_t *out, struct aksu_reason *why)
{
	static const struct unit units[] = {
		{"", 1}, {"k", 1000}, {"K", 1000}, {"M", 1000000}, {NULL, 0}};
	uint64_t n = 0;

	if (!scaled(value, units, UINT32_MAX, &n))
		return because(why, "'%s' is not a number of octets: 1400, 64k, 2M", value);
	*out = (uint32_t)n;
	return true;
}

static bool take_queue(struct wire_described *w, const char *value, struct aksu_reason *why)
{
	static const struct unit units[] = {{"bdp", HUNDRED}, {NULL, 0}};
	uint64_t n = HUNDRED;

	w->queue_bdp = 0;
	if (strcmp(value, "bdp") != 0 && !scaled(value, units, HUNDRED * HUNDRED, &n))
		return take_octets(value, &w->wire.queue, NULL) ||
		       because(why, "'%s' is not a length of a queue: 64k (octets), bdp, 0.5bdp",
			       value);
	if (n == 0)
		return because(why, "'%s' is no queue at all: 0.01bdp is the least", value);
	w->queue_bdp = (uint32_t)n;
	return true;
}

static bool take_mask(const char *value, uint64_t *out, struct aksu_reason *why)
{
	char *end;

	if (value[0] == '\0' || strspn(value, "0123456789abcdefABCDEF") != strlen(value) ||
	    strlen(value) > 16)
		return because(why, "'%s' is not a mask of up to 16 hexadecimal digits", value);
	*out = strtoull(value, &end, 16);
	return true;
}

static bool take_discipline(const char *value, enum sim_discipline *out, struct aksu_reason *why)
{
	for (unsigned i = 0; i < SIM_DISCIPLINE_COUNT; i++)
		if (strcmp(value, sim_discipline_name((enum sim_discipline)i)) == 0) {
			*out = (enum sim_discipline)i;
			return true;
		}
	return because(why, "'%s' is no discipline of a queue: tail, red, step and codel are",
		       value);
}

static bool set(struct wire_described *w, const struct field *f, const char *value,
		struct aksu_reason *why)
{
	void *at = (char *)&w->wire + f->at;

	switch (f->kind) {
	case SHARE: return cli_percent_parse(value, at, why);
	case SPAN: return take_span(value, at, why);
	case RATE: return take_rate(value, at, why);
	case OCTETS: return take_octets(value, at, why);
	case QUEUE: return take_queue(w, value, why);
	case MASK: return take_mask(value, at, why);
	case DISCIPLINE: return take_discipline(value, at, why);
	case FLAG: break;
	}
	*(bool *)at = true;
	return true;
}

/* ------------------------------------------------------------------ names */

static bool no_such(const char *name, struct aksu_reason *why)
{
	char list[240] = "";
	size_t n = 0;

	for (size_t i = 0; i < COUNT && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i > 0 ? " " : "",
				      FIELDS[i].name);
	return because(why, "'%s' is not a fault, as these are: %s", name, list);
}

bool wire_field_set(struct wire_described *w, const char *name, const char *value,
		    struct aksu_reason *why)
{
	for (size_t i = 0; i < COUNT; i++) {
		const struct field *f = &FIELDS[i];

		if (strcmp(name, f->name) != 0)
			continue;
		if (f->kind == FLAG && value != NULL)
			return because(why, "'%s' takes no value: it is so, or is not", name);
		if (f->kind != FLAG && value == NULL)
			return because(why, "'%s' has no value: loss=1%%,delay=20", name);
		return set(w, f, value, why);
	}
	return no_such(name, why);
}

struct sim_wire_config wire_finished(const struct wire_described *w,
				     const struct wire_described *back)
{
	struct sim_wire_config wire = w->wire;
	uint64_t us = (w->wire.delay + back->wire.delay) / AKSU_MICROSECOND;
	uint64_t octets = w->wire.rate / 8 * us / 1000000 * w->queue_bdp / HUNDRED;

	if (w->queue_bdp != 0 && wire.rate != 0)
		wire.queue = octets < QUEUE_MIN    ? QUEUE_MIN
			     : octets > UINT32_MAX ? UINT32_MAX
						   : (uint32_t)octets;
	return wire;
}
