/* SPDX-License-Identifier: MIT */
/*
 * sim/station.c - what one host does at one moment.
 *
 * Frames are taken in one at a time, so that an observer can tell which frame caused what.
 */
#include "sim/station.h"

#include "base/compile.h"

/* ---- the host's clock, and the world's */

static aksu_time to_host(const struct station *h, aksu_time now)
{
	return now > AKSU_NEVER - 1 - h->clock ? AKSU_NEVER : now + h->clock;
}

static aksu_time to_world(const struct station *h, aksu_time time)
{
	if (time == AKSU_NEVER)
		return AKSU_NEVER;
	return time > h->clock ? time - h->clock : 0;
}

/* ---- telling the observer */

static void tell_events(struct station *h, aksu_time now)
{
	struct aksu_event e;

	while (h->events != NULL && aksu_event_take(h->events, &e)) {
		const struct sim_note note = {.kind = SIM_NOTE_EVENT,
					      .side = h->number,
					      .time = now,
					      .event = &e};

		e.time = to_world(h, e.time);
		if (h->observer.note != NULL)
			h->observer.note(h->observer.ctx, &note);
	}
}

static void tell_arrival(struct station *h, const struct station_port *port, uint64_t packet,
			 aksu_time now)
{
	const struct sim_note note = {.kind = SIM_NOTE_ARRIVED,
				      .link = port->cable,
				      .side = port->sender,
				      .time = now,
				      .packet = packet};

	if (h->observer.note != NULL)
		h->observer.note(h->observer.ctx, &note);
}

/* ---- one moment */

static bool take_from(struct station *h, struct station_port *port, aksu_time now)
{
	struct aksu_rx rx;
	bool any = false;

	while (port->device->ops->receive(port->device, &rx, 1, now) > 0) {
		rx.link = (uint16_t)port->link;
		aksu_input(h->stack, &rx, 1, to_host(h, now));
		tell_events(h, now);
		tell_arrival(h, port, rx.packet, now);
		h->woken = any = true;
	}
	return any;
}

bool station_take_in(struct station *h, aksu_time now)
{
	bool any = false;

	for (unsigned i = 0; i < h->port_count; i++)
		any |= take_from(h, &h->ports[i], now);
	return any;
}

bool station_run_timers(struct station *h, aksu_time now)
{
	if (aksu_deadline(h->stack) > to_host(h, now))
		return false;
	aksu_advance(h->stack, to_host(h, now));
	tell_events(h, now);
	h->woken = true;
	return true;
}

bool station_act(struct station *h, aksu_time now)
{
	aksu_time next;

	if (h->app.act == NULL || (h->begun && !h->woken && h->act_at > now))
		return false;
	h->begun = true;
	h->woken = false;
	next = h->app.act(h->app.ctx, h->stack, to_host(h, now));
	h->act_at = to_world(h, next);
	tell_events(h, now);
	return true;
}

/* Offers what is held; true if the device took all of it. */
static bool send_held(struct station *h, struct station_port *port, aksu_time now)
{
	struct aksu_tx *tx = port->held + port->held_first;
	size_t taken;

	if (port->held_count == 0)
		return true;
	taken = port->device->ops->send(port->device, tx, port->held_count, now);
	aksu_tx_done(h->stack, tx, taken);
	port->held_first += taken;
	port->held_count -= taken;
	return port->held_count == 0;
}

static bool put_out(struct station *h, struct station_port *port, aksu_time now)
{
	bool any = port->held_count > 0;

	while (send_held(h, port, now)) {
		port->held_first = 0;
		port->held_count = aksu_output(h->stack, port->link, port->held, STATION_BATCH,
					       to_host(h, now));
		tell_events(h, now);
		if (port->held_count == 0)
			return any;
		any = true;
	}
	return false;
}

bool station_put_out(struct station *h, aksu_time now)
{
	bool any = false;

	for (unsigned i = 0; i < h->port_count; i++)
		any |= put_out(h, &h->ports[i], now);
	return any;
}

/* ---- when */

aksu_time station_next_at(const struct station *h)
{
	aksu_time next;

	if (!h->begun && h->app.act != NULL)
		return 0;
	next = to_world(h, aksu_deadline(h->stack));
	for (unsigned i = 0; i < h->port_count; i++) {
		const struct station_port *port = &h->ports[i];

		next = min_u64(next, port->device->ops->next_at(port->device));
		if (port->held_count == 0 && aksu_wants_output(h->stack, port->link))
			next = 0;
	}
	if (h->app.act != NULL)
		next = min_u64(next, h->act_at);
	return next;
}

void station_fini(struct station *h)
{
	for (unsigned i = 0; i < h->port_count; i++) {
		struct station_port *port = &h->ports[i];

		aksu_tx_done(h->stack, port->held + port->held_first, port->held_count);
		port->held_count = 0;
	}
}
