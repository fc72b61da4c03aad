/* SPDX-License-Identifier: MIT */
/*
 * cli/host_options.h - what every command with a stack of its own can be told: links and their
 * addresses, what is shown, what goes wrong on purpose, how much is said.
 *
 * Words about an address belong to the --link before them; those before the first belong to it.
 */
#ifndef AKSU_CLI_HOST_OPTIONS_H
#define AKSU_CLI_HOST_OPTIONS_H

#include "cli/options.h"
#include "cli/watch.h"

enum {
	HOST_LINKS = 4, /* few, as the loop holds 16 and a line of options is for people */
	HOST_NETS = 8,  /* addresses of a link, of either side */
};

/* How much is said on standard error; each level includes those before it. */
enum log_level { LOG_QUIET, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVELS };

struct host_link_options {
	struct cli_link link;
	struct cli_net addr[HOST_NETS], host[HOST_NETS];
	struct aksu_addr gateway[HOST_NETS];
	size_t addrs, hosts, gateways;
	uint32_t mtu; /* 0: as the device has it */
	bool dhcp;    /* an address of ours from a server, beside those of --addr */
};

struct host_options {
	struct host_link_options link[HOST_LINKS];
	size_t links;
	uint64_t budget;    /* octets; 0: the stack's default */
	int64_t congestion; /* enum aksu_congestion; -1: the stack's default */
	int64_t ecn;        /* enum aksu_ecn; -1: the stack's default */
	struct sim_wire_config faults;
	uint64_t seed;
	bool faulty, stats, plain, offload;
	enum log_level log;
	const char *control; /* the name of the control socket; NULL: COMMAND-PID */
	bool no_control;
	struct watch_options watch;
};

/* Sets the defaults; `name` is what pictures call us. */
void host_options_init(struct host_options *o, const char *name);

/* The rows, to be one of a command's tables. */
struct option_table host_options_table(struct host_options *o);

/* Whether they fit together, after all were read. */
bool host_options_check(struct host_options *o, struct aksu_reason *why);

/* Whether an address leads to ourselves: one of --addr, or loopback's. */
bool host_options_own(const struct host_options *o, const struct aksu_addr *addr);

/* The family of an address is one that an --addr has. */
bool host_options_speak(const struct host_options *o, const struct aksu_addr *addr);

/* What stands at the end of every --help, before the examples. */
#define HOST_TAIL                                                                       \
	"Ctrl-C closes connections with FIN and waits 5 s; a second one resets them.\n" \
	"Exit code: 0 done, 1 not done and said why, 2 wrong arguments.\n\nexamples:\n"

#endif
