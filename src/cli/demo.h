/* SPDX-License-Identifier: MIT */
/*
 * cli/demo.h - aksu demo: two hosts on a simulated link, drawn as they talk.
 *
 *   demo.c       reads the options, plays a scenario, says under it what was seen
 *   scenario.c   the table of scenarios: the link, who does what when, what it teaches
 *   show.c       what is told by the world, as ladder, JSON and capture file
 */
#ifndef AKSU_CLI_DEMO_H
#define AKSU_CLI_DEMO_H

#include <stdio.h>

#include <aksu/sim.h>
#include <aksu/trace.h>

#include "port/reason.h"

/* ---- scenarios */

enum {
	SCENARIO_LINES = 6,
	SCENARIO_RULES = 2,
	SCENARIO_WORDS = 3,
};

/* In a line's octets or arg: as many as --bytes says. */
#define SCENARIO_BYTES UINT64_MAX

struct scenario {
	const char *name;                  /* "" is what a bare `aksu demo` plays */
	const char *summary;               /* one line for --list */
	struct sim_wire_config wire;       /* both directions ... */
	bool one_way;                      /* ... but the server loses and mixes up nothing */
	const char *rules[SCENARIO_RULES]; /* as for --drop; NULL: no more */
	struct sim_line client[SCENARIO_LINES], server[SCENARIO_LINES];
	size_t client_lines, server_lines;
	uint64_t bytes;                    /* default of --bytes; 0: it has no use here */
	int64_t receive_buffer;            /* of the server; 0: the default */
	const char *names[2];              /* NULL: client and server */
	uint32_t iss[2];                   /* wanted initial sequence numbers; 0: as they come */
	bool absolute;                     /* draw raw numbers */
	const char *words[SCENARIO_WORDS]; /* what is to be seen, one paragraph; NULL: no more */
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

const struct scenario *scenario_find(const char *name);

/* ---- showing */

struct show_options {
	uint32_t ladder_flags;
	bool json;
	const char *pcap; /* file to write, or NULL */
	const char *names[2];
	const char *note;
	aksu_time msl;
	uint8_t state[2]; /* of the hosts before anything happens */
};

struct show;

/* NULL, and why. */
struct show *show_new(const struct show_options *options, struct aksu_reason *why);

/* What the link and the world are to tell. */
struct sim_observer show_observer(struct show *s);

/* Ends the pictures; false, and why, if something could not be written. */
bool show_end(struct show *s, struct aksu_reason *why);

#endif
