/* SPDX-License-Identifier: MIT */
/*
 * port/loop_inside.h - what the files of the loop share: loop.c is about turns, loop_links.c about
 * the devices that come, change and go.
 */
#ifndef AKSU_PORT_LOOP_INSIDE_H
#define AKSU_PORT_LOOP_INSIDE_H

#include <signal.h>
#include <stdatomic.h>

#include "port/poller.h"
#include "port/timers.h"

enum {
	RX_BATCH = 64, /* frames received from a device before they are worked on */
	TX_BATCH = 64, /* frames taken from the instance at once */
};

struct loop_link {
	struct aksu_loop *loop;
	struct aksu_device *dev;
	struct aksu_device
		*followed;      /* whose interface is followed: dev, or what it wraps; or NULL */
	bool running;           /* that interface was, when it was last looked at */
	int fd;                 /* -1: the device announces itself by next_at() alone */
	int link;               /* the instance's number for it */
	bool lost;              /* config.device_gone() was asked, and nothing came of it yet */
	bool readable;          /* there is, or may be, something to receive */
	bool blocked;           /* the device took less than it was given */
	uint32_t held_at, held; /* frames in tx that the device has not taken: [held_at, held) */
	struct aksu_loop_timer revive;
	struct aksu_device none; /* stands in for a device that is gone */
	struct aksu_tx tx[TX_BATCH];
};

struct aksu_loop {
	struct aksu_loop_config config;
	struct aksu_loop_counters counters;
	struct poller poller;
	struct timers timers;
	struct loop_link *links[AKSU_LOOP_LINKS];
	size_t link_count;
	int signal_fd, wake_fd;
	int clock_fd, netlink_fd; /* -1: none */
	aksu_time asleep;         /* clock_asleep() when it was last looked at */
	sigset_t old_mask;
	atomic_bool stop;
	struct aksu_rx rx[RX_BATCH];
};

/*
 * Watches each device for what it is waited for. After the turn and not before the sleep: it may be
 * somebody else who sleeps, on aksu_loop_fd().
 */
void links_arm(struct aksu_loop *loop, aksu_time now);

/* Devices that are gone: told, and perhaps replaced; else the negated error of one. */
int links_gone(struct aksu_loop *loop, aksu_time now);

#endif
