/* SPDX-License-Identifier: MIT */
/*
 * port/asleep.c - CLOCK_BOOTTIME counts while the machine sleeps, CLOCK_MONOTONIC does not; their
 * difference is how long it slept. In a file of its own, so that a test can put a machine that
 * sleeps in its place.
 */
#include "port/asleep.h"

#include <time.h>

aksu_time clock_asleep(void)
{
	struct timespec boot, awake;

	/* In this order: between the two calls the difference can only seem smaller. */
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &awake);
	return (aksu_time)boot.tv_sec * AKSU_SECOND + (aksu_time)boot.tv_nsec -
	       ((aksu_time)awake.tv_sec * AKSU_SECOND + (aksu_time)awake.tv_nsec);
}
