/* SPDX-License-Identifier: MIT */
/*
 * sim/station.h - a host among others: a stack, its devices, an application, its own clock.
 *
 * What a world of two hosts and a network of many have in common: a station takes in what has
 * arrived, lets timers run, lets its application act and hands out what the stack has to say. When
 * that is to happen, and in which order among stations, is whoever owns it to say.
 */
#ifndef AKSU_SIM_STATION_H
#define AKSU_SIM_STATION_H

#include <aksu/sim.h>

enum {
	STATION_BATCH = 8, /* frames taken from a stack at once */
	STILL_MAX = 10000, /* rounds of one moment: far more than a full window's frames */
};

/* A device of the station, and the link of its stack that it serves. */
struct station_port {
	struct aksu_device *device;
	int link;
	unsigned cable, sender;             /* for the observer: whence what arrives comes */
	struct aksu_tx held[STATION_BATCH]; /* frames that the device did not take yet */
	size_t held_first, held_count;
};

struct station {
	struct aksu *stack;
	struct station_port *ports;
	unsigned port_count;
	struct sim_app app;
	aksu_time clock; /* the host's clock shows the world's plus this */
	struct aksu_event_ring *events;
	struct sim_observer observer;
	unsigned number; /* for the observer */
	bool begun;
	bool woken;       /* something happened: the application is to be called */
	aksu_time act_at; /* the application asked for this, in world time */
};

/* Each answers whether it did anything; `now` is the world's. */
bool station_take_in(struct station *h, aksu_time now);
bool station_run_timers(struct station *h, aksu_time now);
bool station_act(struct station *h, aksu_time now);
bool station_put_out(struct station *h, aksu_time now);

/* When one of them will have something to do. */
aksu_time station_next_at(const struct station *h);

/* Gives back to the stack what no device took. */
void station_fini(struct station *h);

#endif
