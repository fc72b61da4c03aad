/* SPDX-License-Identifier: MIT */
/*
 * cli/watch.h - what a command shows of its instance while it runs: the ladder or JSON, on
 * standard output or error, and a capture file. Nothing of it costs anything unless it is asked
 * for.
 */
#ifndef AKSU_CLI_WATCH_H
#define AKSU_CLI_WATCH_H

#include <stdio.h>

#include <aksu/sim.h>
#include <aksu/trace.h>

#include "port/reason.h"

enum {
	WATCH_LINKS = 4,
	/* Comments kept for frames on their way out; a loop holds 64 of each link at most. */
	WATCH_RECENT = 64 * WATCH_LINKS,
};

struct watch_options {
	bool ladder, json; /* one of the two at most */
	FILE *out;         /* where they go */
	bool wide, ascii;  /* of the ladder */
	const char *pcap;  /* file to write, or NULL */
	const char *host;  /* our name in the pictures */
	const char *note;  /* ends the ladder's heading */
};

struct watch {
	struct watch_options options;
	struct aksu_allocator allocator;
	struct aksu_event_ring ring;
	struct aksu_ladder *ladder; /* made with the first segment, whose time is its zero */
	struct watch_link {
		struct sim_capture capture;
		struct watch *watch;
		unsigned interface; /* of the file */
	} links[WATCH_LINKS];
	unsigned link_count;
	FILE *file;
	aksu_time since_1970; /* to be added to the loop's time */
	struct {
		uint64_t packet;
		char text[160];
	} recent[WATCH_RECENT];
};

/* Opens what the options ask for. False, and why. */
bool watch_open(struct watch *w, const struct watch_options *options, struct aksu_reason *why);

/* Sets up the instance's configuration, before aksu_new(). */
void watch_configure(struct watch *w, struct aksu_config *config);

/*
 * The device to use instead of this one, or NULL when there is no memory. `name` must outlive it;
 * for WATCH_LINKS devices.
 */
struct aksu_device *watch_device(struct watch *w, struct aksu_device *inner, const char *name);

/* Shows what happened; returns when it wants to be called again (AKSU_NEVER: after something
 * happened). */
aksu_time watch_turn(struct watch *w, aksu_time now);

/* Whether what was shown could not be written: nobody listens, or the disk is full. */
bool watch_failed(const struct watch *w);

/* Shows the rest and closes. */
void watch_close(struct watch *w);

#endif
