/* SPDX-License-Identifier: MIT */
/*
 * cli/units.h - numbers for people in four columns or so: 8.7k, 240ms. No allocation, no locale.
 */
#ifndef AKSU_CLI_UNITS_H
#define AKSU_CLI_UNITS_H

#include <aksu/types.h>

struct unit_text {
	char text[24];
};

/* 0, 999, 1.0k, 66k, 1.0M ...: thousands, rounded, four columns at most up to 10^18. */
struct unit_text unit_count(uint64_t n);

/* 0ms, 240ms, 2.5s, 63s, 5m, 3h, 12d: rounded down, as clocks are read. */
struct unit_text unit_span(aksu_time span);

/* Microseconds as milliseconds without the unit: 0.12, 41.0, 1234. */
struct unit_text unit_ms(uint32_t us);

#endif
