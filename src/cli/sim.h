/* SPDX-License-Identifier: MIT */
/*
 * cli/sim.h - aksu sim: worlds from seeds and from files.
 *
 *   sim.c          reads the options; one world, told in words; shrinking
 *   sim_range.c    many seeds, spread over processes
 *   sim_result.c   what many worlds came to: added up, written, read, told
 */
#ifndef AKSU_CLI_SIM_H
#define AKSU_CLI_SIM_H

#include <aksu/scenario.h>
#include <stdio.h>

#include "port/reason.h"

enum { SIM_FAILURES = 16, SIM_JOBS_MAX = 256 };

struct sim_failure {
	uint64_t seed;
	char text[256];
};

/* What some worlds came to; two of these add up to a third. */
struct sim_result {
	uint64_t worlds, failed, steps, segments, resent, octets;
	uint64_t cpu_ms;
	struct sim_coverage coverage;
	struct sim_failure failure[SIM_FAILURES]; /* the first ones */
};

struct sim_options {
	uint64_t first, last; /* seeds */
	uint64_t segments;    /* no new world after so many; 0: no limit */
	uint64_t jobs;
	bool many, print, lines, shrink, merge, complete;
	enum sim_check check;
	const char *scenario, *out;
};

/* The memory of a world. */
struct aksu_allocator sim_memory(void);

/* Plays one world and adds it up; true: it held. */
bool sim_one(const struct sim_scenario *sc, enum sim_check check, struct sim_outcome *out,
	     struct sim_result *sum);

/* The same, and the observer is told everything. */
bool sim_watched(const struct sim_scenario *sc, enum sim_check check, struct sim_observer observer,
		 struct sim_outcome *out, struct sim_result *sum);

/* Plays the seeds of the options in so many processes; false, and why: it could not be begun. */
bool sim_range(const struct sim_options *o, struct sim_result *sum, struct aksu_reason *why);

void sim_result_add(struct sim_result *sum, const struct sim_result *more);
void sim_result_fail(struct sim_result *sum, uint64_t seed, const char *text);
bool sim_result_write(const struct sim_result *r, const char *path, struct aksu_reason *why);
/* Reads a file and adds it. */
bool sim_result_read(struct sim_result *sum, const char *path, struct aksu_reason *why);
/* A table for people; what was never seen is named. */
void sim_result_print(const struct sim_result *r);
/* Whether every legal edge, every drop and every reason to send was seen. */
bool sim_result_complete(const struct sim_result *r);

#endif
