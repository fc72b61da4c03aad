/* SPDX-License-Identifier: MIT */
/*
 * port/clock.c - the time of day that a driver hands to the core, in nanoseconds.
 *
 * CLOCK_MONOTONIC and not CLOCK_BOOTTIME: it stands still while the machine sleeps. A laptop that
 * wakes after an hour finds its connections with the timers that they had, and has a retransmission
 * time-out's worth of patience to find out whether the peer is still there; by BOOTTIME every user
 * timeout and keep-alive count would have run out at the first turn, before one segment was tried
 * (RFC 9293 section 3.8.3 counts attempts of ours, and we made none). The price: 2MSL and
 * keep-alive idle times last longer by the sleep, which errs on the safe side. The kernel's own TCP
 * does so too.
 */
#include <aksu/loop.h>

#include <time.h>

aksu_time aksu_clock_now(void)
{
	struct timespec t;

	/* Cannot fail: the clock exists since Linux 2.6 and the pointer is good. */
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (aksu_time)t.tv_sec * AKSU_SECOND + (aksu_time)t.tv_nsec;
}
