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
#include "sim/station.h"

struct host {
	struct station is;
	struct station_port port;
	bool present;
};

struct sim_world {
	struct sim_world_config config;
	struct mem mem;
	struct host host[2];
	aksu_time now;
	unsigned still; /* steps since time went on */
	enum sim_end end;
};

/* ---- one moment */

static bool round_of(struct sim_world *w)
{
	bool any = false;

	for (unsigned side = 0; side < 2; side++)
		any |= w->host[side].present && station_take_in(&w->host[side].is, w->now);
	for (unsigned side = 0; side < 2; side++)
		any |= w->host[side].present && station_run_timers(&w->host[side].is, w->now);
	for (unsigned side = 0; side < 2; side++)
		any |= w->host[side].present && station_act(&w->host[side].is, w->now);
	for (unsigned side = 0; side < 2; side++)
		any |= w->host[side].present && station_put_out(&w->host[side].is, w->now);
	return any;
}

/* ---- from moment to moment */

static aksu_time host_next_at(const struct host *h)
{
	return h->present ? station_next_at(&h->is) : AKSU_NEVER;
}

static aksu_time next_moment(const struct sim_world *w)
{
	return min_u64(host_next_at(&w->host[0]), host_next_at(&w->host[1]));
}

static void moment(struct sim_world *w)
{
	unsigned rounds = 0;

	while (round_of(w)) {
		if (++rounds == STILL_MAX) {
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
	if (w->still == STILL_MAX)
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
	for (unsigned side = 0; side < 2; side++)
		if (w->host[side].present)
			station_fini(&w->host[side].is);
	mem = w->mem;
	mem_free(&mem, w, sizeof(*w));
}

void sim_world_host(struct sim_world *w, unsigned side, const struct sim_host *host)
{
	struct host *h = &w->host[side & 1];

	h->present = true;
	h->port = (struct station_port){.device = host->device,
					.link = host->link,
					.sender = 1 - (side & 1)};
	h->is = (struct station){
		.stack = host->stack,
		.ports = &h->port,
		.port_count = 1,
		.app = host->app,
		.clock = host->clock,
		.events = host->events,
		.observer = w->config.observer,
		.number = side & 1,
		.act_at = AKSU_NEVER,
	};
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
