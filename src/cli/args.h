/* SPDX-License-Identifier: MIT */
/*
 * cli/args.h - words of the command line that several commands share, read once and in one way.
 *
 * Each answers false with one line that says what is wrong and what would be right. Whoever asked
 * puts the option before it: "aksu echo: --addr: 10.7.0.2 has no prefix length: 10.7.0.2/24".
 */
#ifndef AKSU_CLI_ARGS_H
#define AKSU_CLI_ARGS_H

#include <aksu/device.h>
#include <aksu/sim.h>

#include "port/reason.h"

enum { EXIT_USAGE = 2 };

/* KIND:NAME. */
struct cli_link {
	enum aksu_device_kind kind;
	const char *name; /* points into what was parsed */
};

/* A/P: an address with the length of its network's prefix. */
struct cli_net {
	struct aksu_addr addr;
	unsigned prefix;
};

/* The word of a kind: "tun". */
const char *cli_kind_name(enum aksu_device_kind kind);

/* tun:NAME, tap:NAME or packet:NAME. */
bool cli_link_parse(const char *text, struct cli_link *out, struct aksu_reason *why);
bool cli_addr_parse(const char *text, struct aksu_addr *out, struct aksu_reason *why);
bool cli_net_parse(const char *text, struct cli_net *out, struct aksu_reason *why);

/* A whole decimal number from min to max. */
bool cli_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out,
		      struct aksu_reason *why);

/* A share in percent, as 1, 1% or 0.25%: in millionths. */
bool cli_percent_parse(const char *text, uint32_t *millionths, struct aksu_reason *why);

/* loss=1%,reorder=2%,delay=20,rate=10mbit ...: what is wrong with a wire, cli/wire_fields.h. */
bool cli_faults_parse(const char *text, struct sim_wire_config *out, struct aksu_reason *why);

/* Whether b lies in a's network, and is another address. */
bool cli_net_reaches(const struct cli_net *a, const struct aksu_addr *b);

#endif
