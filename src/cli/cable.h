/* SPDX-License-Identifier: MIT */
/*
 * cli/cable.h - two devices joined by a bad wire in each direction, and how well that was kept.
 *
 *      A ── device ── sim_link's left end ══ wires ══ right end ── device ── B
 *
 * Frames leave a wire at the moment that the wire says, however late the loop is asked: a late turn
 * makes one packet late, never the rate lower. How late turns were is counted. It knows neither
 * where the devices come from nor who reads the figures.
 */
#ifndef AKSU_CLI_CABLE_H
#define AKSU_CLI_CABLE_H

#include <aksu/device.h>
#include <aksu/sim.h>

#include "port/poller.h"
#include "port/reason.h"

enum { CABLE_LATE_MAX_US = 20000 }; /* later than this is counted as this */

/* One direction, named after the end that sends. */
struct cable_way {
	uint64_t notes[SIM_NOTE_COUNT]; /* what happened to packets, by kind */
	uint64_t octets;                /* of packets that entered */
	uint64_t delivered, delivered_octets;
};

struct cable_end {
	struct cable *cable;
	struct aksu_device *device;
	struct aksu_tx tx; /* what the device is to take next, if `held` */
	bool held;
	bool readable;
};

struct cable {
	struct cable_end end[2];
	struct cable_way way[2]; /* [SIM_LEFT]: what the left device received */
	struct sim_link *link;
	struct poller poller;
	int signal_fd;
	int signal;     /* that ended it, or 0 */
	bool wants_say; /* SIGUSR1 came: `say` is called */
	void (*say)(void *ctx, aksu_time now);
	void *ctx;
	uint64_t turns; /* moments at which a packet was due */
	uint32_t late_us[CABLE_LATE_MAX_US + 1];
	uint64_t latest_us;
};

/* Joins two devices, which stay the caller's; say and ctx are set before. False, and why. */
bool cable_init(struct cable *c, struct aksu_device *left, struct aksu_device *right,
		const struct sim_wire_config wire[2], uint64_t seed, struct aksu_reason *why);

/* Until SIGINT, SIGTERM or SIGHUP, or `until`; false: a device is gone (device->error says it). */
bool cable_run(struct cable *c, aksu_time until);
void cable_fini(struct cable *c);

/* So many microseconds late at most were `share` percent of the moments. */
uint64_t cable_late_us(const struct cable *c, unsigned share);

#endif
