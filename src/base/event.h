/* SPDX-License-Identifier: MIT */
/*
 * base/event.h - writing event records, behind one test of a mask.
 *
 *      struct aksu_event *e = event_begin(sink, AKSU_EVENT_STATE);
 *      if (e != NULL)
 *              e->from = ...;
 *
 * The scope holds what tcp/ may not know (addresses, ports, the frame's number): whoever knows it
 * fills it in before calling down. Nothing here formats anything: that is trace/.
 */
#ifndef AKSU_BASE_EVENT_H
#define AKSU_BASE_EVENT_H

#include <aksu/event.h>

#include "base/time.h"

struct event_scope {
	uint64_t packet;
	uint16_t link;
	uint16_t local_port, remote_port;
	struct aksu_addr local, remote;
};

struct event_sink {
	uint32_t mask;
	struct aksu_event_ring *ring;
	instant now; /* latched once by each verb of the instance */
	struct event_scope scope;
};

static inline bool event_wanted(const struct event_sink *sink, enum aksu_event_kind kind)
{
	return UNLIKELY(sink->mask >> kind & 1);
}

/*
 * A record with time, kind and scope filled in, or NULL when it is not wanted or the ring is full.
 */
struct aksu_event *event_begin(struct event_sink *sink, enum aksu_event_kind kind);

/* Whose event it is, and the state after it. */
static inline void event_of_conn(struct aksu_event *e, uint32_t conn, uint8_t state)
{
	e->conn = conn;
	e->state = state;
}

#endif
