/* SPDX-License-Identifier: MIT */
/*
 * port/asleep.h - how long the machine slept, ever: what CLOCK_MONOTONIC does not count.
 */
#ifndef AKSU_PORT_ASLEEP_H
#define AKSU_PORT_ASLEEP_H

#include <aksu/types.h>

/* Only differences matter. */
aksu_time clock_asleep(void);

#endif
