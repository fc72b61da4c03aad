/* SPDX-License-Identifier: MIT */
/*
 * aksu/scenario.h - a whole network with its faults and its flows as one plain struct: drawn from a
 * seed, read from a file, printed, played, judged, made smaller.
 *
 *      sim_scenario_draw(&sc, 17);                 or sim_scenario_read(&sc, text, n, &why)
 *      sim_scenario_print(&sc, &out);              docs/scenarios.md is the format
 *      sim_scenario_play(&sc, &play, &outcome);
 *      if (outcome.wrong[0] != '\0') ...           what did not hold, and when
 *
 * Everything follows from the scenario: the same one gives the same octets at the same nanosecond
 * on every machine. In all of these structs a field that is zero is absent: it means its default.
 */
#ifndef AKSU_SCENARIO_H
#define AKSU_SCENARIO_H

#include <aksu/net.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	SIM_SCENARIO_NODES = 132,
	SIM_SCENARIO_LINKS = 132,
	SIM_SCENARIO_FLOWS = 256,
	SIM_SCENARIO_CHANGES = 32,
	SIM_SCENARIO_RULES = 8,
};

/* ------------------------------------------------------------------ what it consists of */

/** A host, or a router, which has no other fields. */
struct sim_node_plan {
	bool router;
	uint32_t send_buffer, receive_buffer, syn_queue;
	uint64_t budget;
	aksu_time rto_min, msl;
	aksu_time clock; /**< its clock shows the world's plus this; a second is added */
};

struct sim_link_plan {
	uint16_t left, right;
	bool ethernet, merge, tso, tx_checksum, rx_checksum;
	uint32_t mtu;
	struct sim_wire_config wire[2]; /**< [SIM_LEFT]: from left to right */
};

/** How a flow begins: X(NAME, word). */
#define SIM_OPENINGS(X)                                                              \
	X(CALL, "call")       /**< `from` connects, `to` listens */                  \
	X(BOTH, "both")       /**< each connects to the other (RFC 9293 figure 7) */ \
	X(REFUSED, "refused") /**< nobody listens: it must be refused */

/** How it ends: X(NAME, word). */
#define SIM_ENDINGS(X)                                                                         \
	X(FROM_FIRST, "from")         /**< `from` ends its direction first, `to` after that */ \
	X(TO_FIRST, "to")             /**< the other way round */                              \
	X(BOTH_AT_ONCE, "both")       /**< each as soon as it has sent everything */           \
	X(FROM_ABORTS, "from-aborts") /**< half-way: RST */                                    \
	X(TO_ABORTS, "to-aborts")                                                              \
	X(TO_LEAVES, "to-leaves") /**< closes while data comes: reset by what comes (SHLD-3) */

#define SIM_OPENING_ENUM(name, word) SIM_OPENING_##name,
#define SIM_ENDING_ENUM(name, word)  SIM_ENDING_##name,
enum sim_opening { SIM_OPENINGS(SIM_OPENING_ENUM) SIM_OPENING_COUNT };
enum sim_ending { SIM_ENDINGS(SIM_ENDING_ENUM) SIM_ENDING_COUNT };
#undef SIM_OPENING_ENUM
#undef SIM_ENDING_ENUM

/** A connection, or a run of datagrams, between two hosts. */
struct sim_flow_plan {
	uint16_t from, to; /**< nodes */
	bool v6, udp;
	enum sim_opening open;
	enum sim_ending close;
	aksu_time start;
	uint64_t octets, back; /**< from `from`, and from `to` */
	aksu_time last;        /**< `from` sends for so long instead of `octets` */
	bool turn;           /**< `to` says nothing before the other's end: a half-close on trial */
	uint32_t portion;    /**< octets of a call, or of a datagram; default 8192, UDP 1000 */
	aksu_time gap;       /**< between calls of the sender: on and off, a constant rate */
	uint32_t pause;      /**< share of calls, on both ends, after which an end rests ... */
	aksu_time pause_max; /**< ... for up to so long */
	aksu_time deaf;      /**< `to` reads nothing for so long after it was opened */
	uint32_t cc, cc_to;  /**< enum aksu_congestion plus 1, of `from` and of `to` */
	bool nodelay, quickack, cork, linger;
	aksu_time keepalive;    /**< idle time and interval */
	aksu_time user_timeout; /**< 0: never; else the flow may end with an error */
	uint32_t backlog;       /**< of the listener; default 4 */
};

/** A field of a wire, or the MTU of a link, that changes. */
struct sim_change_plan {
	aksu_time at;
	uint16_t link;
	uint8_t side;  /**< SIM_EITHER: the link's MTU */
	uint8_t field; /**< of a wire: its row in the table of fields */
	uint64_t value;
};

struct sim_rule_plan {
	uint16_t link;
	struct sim_rule rule;
};

struct sim_scenario {
	uint64_t seed;
	aksu_time limit; /**< of the world's time; default: a hundred days, all flows must end */
	unsigned nodes, links, flows, changes, rules;
	struct sim_node_plan node[SIM_SCENARIO_NODES];
	struct sim_link_plan link[SIM_SCENARIO_LINKS];
	struct sim_flow_plan flow[SIM_SCENARIO_FLOWS];
	struct sim_change_plan change[SIM_SCENARIO_CHANGES]; /**< in order of time */
	struct sim_rule_plan rule[SIM_SCENARIO_RULES];
};

/* ------------------------------------------------------------------ where it comes from */

/** The scenario of a seed, out of the default swarm: each feature is there by its own chance. */
void sim_scenario_draw(struct sim_scenario *out, uint64_t seed);

/** What is wrong with a scenario, as a line for a person; `line` counts from 1. */
struct sim_complaint {
	unsigned line;
	char text[120];
};

/** Reads one; false, and why. */
bool sim_scenario_read(struct sim_scenario *out, const char *text, size_t n,
		       struct sim_complaint *why);

/** Whether it can be played (nodes exist, flows have a way ...); false, and why. */
bool sim_scenario_valid(const struct sim_scenario *sc, struct sim_complaint *why);

/** Prints it, so that it reads back as the same. The text comes in lines, not terminated. */
void sim_scenario_print(const struct sim_scenario *sc,
			void (*write)(void *ctx, const char *text, size_t n), void *ctx);

/* ------------------------------------------------------------------ playing it */

/** What was seen at least once, and how often; adding two gives that of both runs. */
struct sim_coverage {
	uint64_t edges[AKSU_STATE_COUNT][AKSU_STATE_COUNT];
	uint64_t drops[AKSU_DROP_COUNT];
	uint64_t whys[AKSU_WHY_COUNT];
	uint64_t timers[AKSU_TIMER_COUNT];
	uint64_t notes[SIM_NOTE_COUNT];
};

void sim_coverage_add(struct sim_coverage *sum, const struct sim_coverage *more);

/** Whether a connection or a listener may go from one state to the other (RFC 9293 figure 5). */
bool sim_edge_is_legal(enum aksu_state from, enum aksu_state to);

enum sim_check {
	SIM_CHECK_NONE, /**< streams only */
	SIM_CHECK_END,  /**< and what is left at the end */
	SIM_CHECK_EACH, /**< and every invariant after every event, and what events tell */
};

/** What became of a flow. */
struct sim_flow_outcome {
	uint64_t sent, received; /**< octets of `from`, as taken and as delivered by `to` */
	uint64_t back_sent, back_received; /**< of `to` */
	aksu_time begun, done; /**< world time: SYN, and the last octet read; 0: never */
	int error;             /**< positive, of either end; 0: none */
};

struct sim_outcome {
	enum sim_end end;
	aksu_time time;                           /**< of the world */
	uint64_t steps, segments, resent, octets; /**< segments: TCP, sent by hosts */
	char wrong[256];                          /**< the first thing that did not hold, or "" */
	aksu_time wrong_at;
	struct sim_flow_outcome flow[SIM_SCENARIO_FLOWS];
};

struct sim_play {
	size_t size; /**< sizeof(struct sim_play) */
	struct aksu_allocator allocator;
	enum sim_check check;
	struct sim_observer observer;  /**< told everything, too */
	struct sim_coverage *coverage; /**< NULL: not counted; else it is added to */
};

/** Plays it to its end, or to the first thing that does not hold. False: no memory. */
bool sim_scenario_play(const struct sim_scenario *sc, const struct sim_play *play,
		       struct sim_outcome *out);

/* ------------------------------------------------------------------ making it smaller */

/**
 * Takes away whatever `fails` can do without (flows, changes, faults, options, octets), again and
 * again until nothing more can go or `tries` calls were made. `fails` answers whether a smaller
 * scenario still fails in the same way. Returns how many calls were made.
 */
unsigned sim_scenario_shrink(struct sim_scenario *sc, struct sim_scenario *scratch,
			     bool (*fails)(void *ctx, const struct sim_scenario *sc), void *ctx,
			     unsigned tries);

#ifdef __cplusplus
}
#endif
#endif
