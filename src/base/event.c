/* SPDX-License-Identifier: MIT */
/*
 * base/event.c - the ring of events, and the names of everything that can stand in one.
 */
#include "base/event.h"

struct aksu_event *event_begin(struct event_sink *sink, enum aksu_event_kind kind)
{
	struct aksu_event_ring *ring = sink->ring;
	const struct event_scope *scope = &sink->scope;
	struct aksu_event *e;

	if (LIKELY(!event_wanted(sink, kind)))
		return NULL;
	if (ring->head - ring->tail >= ring->cap) {
		ring->lost++;
		return NULL;
	}
	e = &ring->events[ring->head++ & (ring->cap - 1)];
	*e = (struct aksu_event){
	    .time = sink->now.ns,
	    .packet = scope->packet,
	    .kind = (uint8_t)kind,
	    .link = scope->link,
	    .local_port = scope->local_port,
	    .remote_port = scope->remote_port,
	    .local = scope->local,
	    .remote = scope->remote,
	};
	return e;
}

bool aksu_event_take(struct aksu_event_ring *ring, struct aksu_event *out)
{
	if (ring->head == ring->tail)
		return false;
	*out = ring->events[ring->tail++ & (ring->cap - 1)];
	return true;
}

/* clang-format off */
#define COLUMN_2(name, a, ...)       a,
#define COLUMN_3(name, a, b, ...)    b,
#define COLUMN_4(name, a, b, c, ...) c,

/* One function for each column of a list; what is out of range is "?". */
#define NAMES(function, type, count, LIST, COLUMN)                                 \
	const char *function(type i)                                               \
	{                                                                          \
		static const char *const names[] = {LIST(COLUMN)};                 \
		static_assert(COUNT_OF(names) == (count), "a name for each");      \
		return (unsigned)i < (unsigned)(count) ? names[i] : "?";           \
	}

NAMES(aksu_state_name, enum aksu_state, AKSU_STATE_COUNT, AKSU_STATES, COLUMN_2)
NAMES(aksu_state_short, enum aksu_state, AKSU_STATE_COUNT, AKSU_STATES, COLUMN_3)
NAMES(aksu_why_name, enum aksu_why, AKSU_WHY_COUNT, AKSU_WHYS, COLUMN_2)
NAMES(aksu_why_section, enum aksu_why, AKSU_WHY_COUNT, AKSU_WHYS, COLUMN_3)
NAMES(aksu_why_text, enum aksu_why, AKSU_WHY_COUNT, AKSU_WHYS, COLUMN_4)
NAMES(aksu_timer_name, enum aksu_timer, AKSU_TIMER_COUNT, AKSU_TIMERS, COLUMN_2)
NAMES(aksu_drop_section, enum aksu_drop, AKSU_DROP_COUNT, AKSU_DROPS, COLUMN_2)
NAMES(aksu_drop_text, enum aksu_drop, AKSU_DROP_COUNT, AKSU_DROPS, COLUMN_3)
/* clang-format on */

const char *aksu_event_kind_name(enum aksu_event_kind kind)
{
#define KIND_NAME(name, word) word,
	static const char *const names[] = {AKSU_EVENT_KINDS(KIND_NAME)};
#undef KIND_NAME
	return (unsigned)kind < AKSU_EVENT_KIND_COUNT ? names[kind] : "?";
}

const char *aksu_drop_name(enum aksu_drop drop)
{
#define DROP_NAME(name, ...) #name,
	static const char *const names[] = {AKSU_DROPS(DROP_NAME)};
#undef DROP_NAME
	return (unsigned)drop < AKSU_DROP_COUNT ? names[drop] : "?";
}

const char *aksu_strerror(int error)
{
#define ERROR_TEXT(name, value, text) [value] = text,
	static const char *const texts[] = {[0] = "no error", AKSU_ERRORS(ERROR_TEXT)};
#undef ERROR_TEXT
	unsigned n = error < 0 ? 0u - (unsigned)error : (unsigned)error;

	return n < COUNT_OF(texts) ? texts[n] : "unknown error";
}
