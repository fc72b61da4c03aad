/* SPDX-License-Identifier: MIT */
/*
 * cli/wire_fields.h - what can be wrong with a wire, by name: one table for the options of
 * `aksu wire` and for the words of --faults.
 *
 *      loss=1%,delay=20,overtake        --loss 1% --delay 20ms --overtake
 *
 * A value is a share (1%, 0.25%), a span (33ms, 250us, 1s; a bare number is milliseconds), a rate
 * (100mbit, 1.5gbit), or octets (64k). It knows neither devices nor what a wire does with them.
 */
#ifndef AKSU_CLI_WIRE_FIELDS_H
#define AKSU_CLI_WIRE_FIELDS_H

#include <aksu/sim.h>

#include "port/reason.h"

/* X(field of struct sim_wire_config, name, kind, what --help calls its value, its help) */
#define WIRE_FIELDS(X)                                                                           \
	X(rate, "rate", RATE, "RATE", "of the bottleneck, as in 100mbit; no limit")              \
	X(queue, "queue", QUEUE, "N",                                                            \
	  "octets that wait before it, as in 64k; or bdp, 0.5bdp: of\n"                          \
	  "rate and delay of both ways; no limit")                                               \
	X(delay, "delay", SPAN, "T", "of each packet, as in 33ms")                               \
	X(jitter, "jitter", SPAN, "T", "and up to this much, drawn for each; order is kept")     \
	X(overtake, "overtake", FLAG, NULL, "but now whoever drew less arrives first")           \
	X(loss, "loss", SHARE, "P", "packets that are lost, as in 1%")                           \
	X(loss_mask, "mask", MASK, "HEX", "bit i: packets i, i + 64, i + 128 ... are lost")      \
	X(reorder, "reorder", SHARE, "P", "packets that are late, by T at most: --late T, 10ms") \
	X(reorder_extra, "late", SPAN, "T", NULL)                                                \
	X(duplicate, "duplicate", SHARE, "P", "packets that arrive twice")                       \
	X(corrupt, "corrupt", SHARE, "P", "packets that get one bit flipped")                    \
	X(mtu, "mtu", OCTETS, "N", "longer packets vanish")                                      \
	X(burst_begin, "burst", SHARE, "P",                                                      \
	  "after each packet, the chance of a burst of losses;\n"                                \
	  "--burst-end P, of its end; --burst-loss P in it, else all")                           \
	X(burst_end, "burst-end", SHARE, "P", NULL)                                              \
	X(burst_loss, "burst-loss", SHARE, "P", NULL)                                            \
	X(police_rate, "police", RATE, "RATE",                                                   \
	  "what is faster is lost, but for --police-burst N octets")                             \
	X(police_burst, "police-burst", OCTETS, "N", NULL)                                       \
	X(discipline, "discipline", DISCIPLINE, "WORD",                                          \
	  "of the queue: tail, red, step, codel; --ecn: it marks ECN\n"                          \
	  "packets. red, step: --mark-min N, --mark-max N (octets),\n"                           \
	  "--mark-chance P; codel: --target T, --interval T")                                    \
	X(ecn, "ecn", FLAG, NULL, NULL)                                                          \
	X(mark_min, "mark-min", OCTETS, "N", NULL)                                               \
	X(mark_max, "mark-max", OCTETS, "N", NULL)                                               \
	X(mark_chance, "mark-chance", SHARE, "P", NULL)                                          \
	X(codel_target, "target", SPAN, "T", NULL)                                               \
	X(codel_interval, "interval", SPAN, "T", NULL)

/* A wire as it was described: how long its queue is may depend on the way back. */
struct wire_described {
	struct sim_wire_config wire;
	uint32_t queue_bdp; /* hundredths of the bandwidth-delay product; 0: wire.queue says it */
};

/* A perfect wire; what is reordered is late by 10 ms at most. */
struct wire_described wire_perfect(void);

/* "loss", "1%"; the value of a flag is NULL. False: there is none of this name, or no such value.
 */
bool wire_field_set(struct wire_described *w, const char *name, const char *value,
		    struct aksu_reason *why);

/* The wire, and its queue in octets, if the way back is this one. */
struct sim_wire_config wire_finished(const struct wire_described *w,
				     const struct wire_described *back);

#endif
