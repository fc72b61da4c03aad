/* SPDX-License-Identifier: MIT */
/*
 * sim/rule.c - loss of named segments: "the first SYN-ACK", "the server's fourth data segment".
 *
 * A frame is looked at as the receiver would, with the parsers of wire/; what is no TCP segment
 * matches no rule. A segment is counted before it is lost, so retransmissions count as sent.
 */
#include "sim/node.h"

const char *sim_kind_name(enum sim_kind kind)
{
#define KIND_WORD(name, word) word,
	static const char *const words[] = {SIM_KINDS(KIND_WORD)};
#undef KIND_WORD
	return (unsigned)kind < SIM_KIND_COUNT ? words[kind] : "?";
}

const char *sim_note_name(enum sim_note_kind kind)
{
#define NOTE_WORD(name, word) word,
	static const char *const words[] = {SIM_NOTES(NOTE_WORD)};
#undef NOTE_WORD
	return (unsigned)kind < SIM_NOTE_COUNT ? words[kind] : "?";
}

const char *sim_discipline_name(enum sim_discipline discipline)
{
#define DISCIPLINE_WORD(name, word) word,
	static const char *const words[] = {SIM_DISCIPLINES(DISCIPLINE_WORD)};
#undef DISCIPLINE_WORD
	return (unsigned)discipline < SIM_DISCIPLINE_COUNT ? words[discipline] : "?";
}

/* ---- reading "client:data:4" */

/* Takes `word` from the front of *text if it stands there. */
static bool take(const char **text, const char *word)
{
	const char *at = *text;

	while (*word != '\0')
		if (*at++ != *word++)
			return false;
	*text = at;
	return true;
}

static bool take_kind(const char **text, enum sim_kind *out)
{
	for (unsigned i = 0; i < SIM_KIND_COUNT; i++) {
		const char *at = *text;

		if (take(&at, sim_kind_name((enum sim_kind)i)) && *at == ':') {
			*text = at + 1;
			*out = (enum sim_kind)i;
			return true;
		}
	}
	return false;
}

static bool take_count(const char *at, uint32_t *out)
{
	uint32_t v = 0;

	if (*at == '\0')
		return false;
	for (; *at != '\0'; at++) {
		if (*at < '0' || *at > '9' || v > 99999999)
			return false;
		v = v * 10 + (uint32_t)(*at - '0');
	}
	*out = v;
	return v > 0;
}

bool sim_rule_parse(const char *text, struct sim_rule *out)
{
	struct sim_rule rule = {.from = SIM_EITHER};

	if (take(&text, "client:"))
		rule.from = SIM_LEFT;
	else if (take(&text, "server:"))
		rule.from = SIM_RIGHT;
	if (!take_kind(&text, &rule.kind) || !take_count(text, &rule.nth))
		return false;
	*out = rule;
	return true;
}

/* ---- looking at a frame */

static bool is_kind(const struct aksu_event *e, enum sim_kind kind)
{
	bool syn = e->flags & AKSU_SYN, ack = e->flags & AKSU_ACK;

	switch (kind) {
	case SIM_KIND_SYN: return syn && !ack;
	case SIM_KIND_SYN_ACK: return syn && ack;
	case SIM_KIND_DATA: return !syn && e->length > 0;
	case SIM_KIND_FIN: return e->flags & AKSU_FIN;
	case SIM_KIND_ACK: return !(e->flags & (AKSU_SYN | AKSU_FIN | AKSU_RST)) && e->length == 0;
	case SIM_KIND_RST: return e->flags & AKSU_RST;
	case SIM_KIND_COUNT: break;
	}
	return false;
}

bool sim_rules_match(struct sim_rules *rules, unsigned side, const uint8_t *data, uint32_t n)
{
	struct aksu_event e;
	bool lost = false;

	if (rules->count == 0 || !sim_frame_event(rules->kind, data, n, true, &e) ||
	    e.kind != AKSU_EVENT_SEGMENT_OUT)
		return false;
	for (size_t i = 0; i < rules->count; i++) {
		struct sim_rule *rule = &rules->rule[i];

		if ((rule->from == side || rule->from == SIM_EITHER) && is_kind(&e, rule->kind))
			lost |= ++rule->seen == rule->nth;
	}
	return lost;
}
