/* SPDX-License-Identifier: MIT */
/*
 * sim/world.c - two hosts, two devices, one clock that jumps from deadline to deadline.
 *
 * At each moment: what has arrived is taken in, one frame at a time, so that an observer can tell
 * which frame caused what; then timers that are due run; then applications act; then both stacks
 * are asked for output, until nobody has any more to do. The left host always comes first: the
 * order is part of what a seed means.
 */
#include "base/mem.h"
#include "base/prng.h"
#include "sim/node.h"

enum {
	BATCH = 8,          /* frames taken from a stack at once */
	ROUNDS_MAX = 10000, /* of one moment: far more than a full window's frames */
};

struct host {
	struct sim_host is;
	bool present, begun;
	bool woken;                 /* something happened: the application is to be called */
	aksu_time act_at;           /* the application asked for this, in world time */
	struct aksu_tx held[BATCH]; /* frames that the device did not take yet */
	size_t held_first, held_count;
};

struct sim_world {
	struct sim_world_config config;
	struct mem mem;
	struct host host[2];
	aksu_time now;
	unsigned still; /* steps since time went on */
	enum sim_end end;
};

/* ---- the host's clock, and the world's */

static aksu_time to_host(const struct host *h, aksu_time now)
{
	return now > AKSU_NEVER - 1 - h->is.clock ? AKSU_NEVER : now + h->is.clock;
}

static aksu_time to_world(const struct host *h, aksu_time time)
{
	if (time == AKSU_NEVER)
		return AKSU_NEVER;
	return time > h->is.clock ? time - h->is.clock : 0;
}

/* ---- telling the observer */

static void tell(struct sim_world *w, const struct sim_note *note)
{
	if (w->config.observer.note != NULL)
		w->config.observer.note(w->config.observer.ctx, note);
}

static void tell_events(struct sim_world *w, unsigned side)
{
	struct host *h = &w->host[side];
	struct aksu_event e;

	while (h->is.events != NULL && aksu_event_take(h->is.events, &e)) {
		const struct sim_note note = {.kind = SIM_NOTE_EVENT,
					      .side = side,
					      .time = w->now,
					      .event = &e};

		e.time = to_world(h, e.time);
		tell(w, &note);
	}
}

static void tell_arrival(struct sim_world *w, unsigned sender, uint64_t packet)
{
	const struct sim_note note = {.kind = SIM_NOTE_ARRIVED,
				      .side = sender,
				      .time = w->now,
				      .packet = packet};

	tell(w, &note);
}

/* ---- one moment; each part answers whether it did anything */

static bool take_in(struct sim_world *w, unsigned side)
{
	struct host *h = &w->host[side];
	struct aksu_rx rx;
	bool any = false;

	while (h->is.device->ops->receive(h->is.device, &rx, 1, w->now) > 0) {
		rx.link = (uint16_t)h->is.link;
		aksu_input(h->is.stack, &rx, 1, to_host(h, w->now));
		tell_events(w, side);
		tell_arrival(w, 1 - side, rx.packet);
		h->woken = any = true;
	}
	return any;
}

static bool run_timers(struct sim_world *w, unsigned side)
{
	struct host *h = &w->host[side];

	if (aksu_deadline(h->is.stack) > to_host(h, w->now))
		return false;
	aksu_advance(h->is.stack, to_host(h, w->now));
	tell_events(w, side);
	h->woken = true;
	return true;
}

static bool act(struct sim_world *w, unsigned side)
{
	struct host *h = &w->host[side];
	aksu_time next;

	if (h->is.app.act == NULL || (h->begun && !h->woken && h->act_at > w->now))
		return false;
	h->begun = true;
	h->woken = false;
	next = h->is.app.act(h->is.app.ctx, h->is.stack, to_host(h, w->now));
	h->act_at = to_world(h, next);
	tell_events(w, side);
	return true;
}

/* Offers what is held; true if the device took all of it. */
static bool send_held(struct sim_world *w, struct host *h)
{
	struct aksu_tx *tx = h->held + h->held_first;
	size_t taken;

	if (h->held_count == 0)
		return true;
	taken = h->is.device->ops->send(h->is.device, tx, h->held_count, w->now);
	aksu_tx_done(h->is.stack, tx, taken);
	h->held_first += taken;
	h->held_count -= taken;
	return h->held_count == 0;
}

static bool put_out(struct sim_world *w, unsigned side)
{
	struct host *h = &w->host[side];
	bool any = h->held_count > 0;

	while (send_held(w, h)) {
		h->held_first = 0;
		h->held_count =
			aksu_output(h->is.stack, h->is.link, h->held, BATCH, to_host(h, w->now));
		tell_events(w, side);
		if (h->held_count == 0)
			return any;
		any = true;
	}
	return false;
}

static bool round_of(struct sim_world *w)
{
	bool any = false;

	for (unsigned side = 0; side < 2; side++)
		any |= w->host[side].present && take_in(w, side);
	for (unsigned side = 0; side < 2; side++)
		any |= w->host[side].present && run_timers(w, side);
	for (unsigned side = 0; side < 2; side++)
		any |= w->host[side].present && act(w, side);
	for (unsigned side = 0; side < 2; side++)
		any |= w->host[side].present && put_out(w, side);
	return any;
}

/* ---- from moment to moment */

static aksu_time host_next_at(const struct host *h)
{
	aksu_time next;

	if (!h->present)
		return AKSU_NEVER;
	if (!h->begun && h->is.app.act != NULL)
		return 0;
	next = to_world(h, aksu_deadline(h->is.stack));
	next = min_u64(next, h->is.device->ops->next_at(h->is.device));
	if (h->is.app.act != NULL)
		next = min_u64(next, h->act_at);
	if (h->held_count == 0 && aksu_wants_output(h->is.stack, h->is.link))
		next = 0;
	return next;
}

static aksu_time next_moment(const struct sim_world *w)
{
	return min_u64(host_next_at(&w->host[0]), host_next_at(&w->host[1]));
}

static void moment(struct sim_world *w)
{
	unsigned rounds = 0;

	while (round_of(w)) {
		if (++rounds == ROUNDS_MAX) {
			w->end = SIM_STUCK;
			return;
		}
	}
	if (w->config.check != NULL && !w->config.check(w->config.check_ctx, w->now))
		w->end = SIM_FAILED;
}

bool sim_world_step(struct sim_world *w)
{
	aksu_time next = next_moment(w);

	if (next == AKSU_NEVER || w->end != SIM_QUIET)
		return false;
	w->still = next > w->now ? 0 : w->still + 1;
	w->now = max_u64(w->now, next);
	moment(w);
	if (w->still == ROUNDS_MAX)
		w->end = SIM_STUCK;
	return w->end == SIM_QUIET;
}

enum sim_end sim_world_run(struct sim_world *w, aksu_time limit)
{
	while (next_moment(w) <= limit && sim_world_step(w))
		;
	if (w->end != SIM_QUIET)
		return w->end;
	if (next_moment(w) == AKSU_NEVER)
		return SIM_QUIET;
	w->now = max_u64(w->now, limit);
	return SIM_LIMIT;
}

/* ---- making and unmaking */

struct sim_world *sim_world_new(const struct sim_world_config *config)
{
	struct mem mem = {.from = config->allocator, .budget = SIZE_MAX};
	struct sim_world *w;

	if (config->size != sizeof(*config))
		return NULL;
	w = mem_alloc(&mem, sizeof(*w), _Alignof(struct sim_world));
	if (w != NULL)
		*w = (struct sim_world){.config = *config, .mem = mem, .end = SIM_QUIET};
	return w;
}

void sim_world_free(struct sim_world *w)
{
	struct mem mem;

	if (w == NULL)
		return;
	for (unsigned side = 0; side < 2; side++) {
		struct host *h = &w->host[side];

		if (h->present)
			aksu_tx_done(h->is.stack, h->held + h->held_first, h->held_count);
	}
	mem = w->mem;
	mem_free(&mem, w, sizeof(*w));
}

void sim_world_host(struct sim_world *w, unsigned side, const struct sim_host *host)
{
	w->host[side & 1] = (struct host){.is = *host, .present = true, .act_at = AKSU_NEVER};
}

aksu_time sim_world_now(const struct sim_world *w) { return w->now; }

/* ---- stacks for the simulator */

struct aksu *sim_stack_new(const struct aksu_config *base, const struct aksu_allocator *allocator,
			   uint64_t seed, const struct aksu_device *device,
			   const struct aksu_addr *addr, unsigned prefix, aksu_time now)
{
	struct aksu_config config = base != NULL ? *base : (struct aksu_config){0};
	struct prng prng = prng_from(seed);
	struct aksu *s;
	int link;

	config.size = sizeof(config);
	config.allocator = *allocator;
	config.seed = seed;
	for (unsigned i = 0; i < sizeof(config.entropy); i++)
		config.entropy[i] = (uint8_t)(prng_next(&prng) >> 56);
	s = aksu_new(&config, now);
	if (s == NULL)
		return NULL;
	link = aksu_link_add(s, &device->config, now);
	if (link < 0 || aksu_addr_add(s, link, addr, prefix) < 0) {
		aksu_free(s);
		return NULL;
	}
	return s;
}

aksu_time sim_clock_for_iss(aksu_time clock, uint32_t got, uint32_t want)
{
	return clock + (aksu_time)(uint32_t)(want - got) * 4 * AKSU_MICROSECOND;
}
