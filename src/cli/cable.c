/* SPDX-License-Identifier: MIT */
/*
 * cli/cable.c - see cli/cable.h.
 *
 * No stack and so not the loop of aksu/loop.h: a turn takes what both devices have, gives them what
 * is due, and sleeps until the wires say, to the microsecond (a process's timers are otherwise 50
 * microseconds late, on purpose, to save power).
 */
#include "cli/cable.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <aksu/loop.h>

enum { BATCH = 64, SLACK_NS = 1 };

/* ------------------------------------------------------------------ frames */

static void count(void *ctx, const struct sim_note *note)
{
	struct cable_way *way = &((struct cable *)ctx)->way[note->side];

	way->notes[note->kind]++;
	if (note->kind == SIM_NOTE_SENT)
		way->octets += note->len;
}

/* What has arrived at a device enters the wire at its side. */
static void take_in(struct cable *c, unsigned side, aksu_time now)
{
	struct cable_end *e = &c->end[side];
	struct aksu_rx rx[BATCH];
	size_t n;

	if (!e->readable)
		return;
	e->readable = false; /* level-triggered: what is left is told again */
	n = e->device->ops->receive(e->device, rx, BATCH, now);
	sim_link_enter(c->link, side, rx, n, now);
}

/* A received frame as one to send: its front as the header, the rest as one piece. */
static struct aksu_tx as_tx(const struct aksu_rx *rx)
{
	struct aksu_tx tx = {.packet = rx->packet, .len = rx->len};

	tx.head_len = (uint16_t)(rx->len < AKSU_TX_HEAD ? rx->len : AKSU_TX_HEAD);
	memcpy(tx.head, rx->data, tx.head_len);
	if (rx->len > tx.head_len) {
		tx.pieces = 1;
		tx.piece[0].data = rx->data + tx.head_len;
		tx.piece[0].len = rx->len - tx.head_len;
	}
	return tx;
}

/* What has come out of the wire goes to the device, until that is full. */
static void give_out(struct cable *c, unsigned side, aksu_time now)
{
	struct aksu_device *from = sim_link_end(c->link, side);
	struct cable_end *e = &c->end[side];
	struct cable_way *way = &c->way[1 - side];
	struct aksu_rx rx;

	for (;;) {
		if (!e->held) {
			if (from->ops->receive(from, &rx, 1, now) == 0)
				return;
			e->tx = as_tx(&rx);
			e->held = true;
		}
		if (e->device->ops->send(e->device, &e->tx, 1, now) == 0)
			return;
		e->held = false;
		way->delivered++;
		way->delivered_octets += e->tx.len;
	}
}

/* ------------------------------------------------------------------ time */

static aksu_time due(const struct cable *c)
{
	aksu_time next = AKSU_NEVER;

	for (unsigned side = 0; side < 2; side++) {
		const struct cable_end *e = &c->end[side];
		const struct aksu_device *dev = e->held ? e->device : sim_link_end(c->link, side);
		aksu_time at = dev->ops->next_at(dev);

		next = at < next ? at : next;
	}
	return next;
}

/* A packet was due at `at`, and it is `now`. */
static void note_lateness(struct cable *c, aksu_time at, aksu_time now)
{
	uint64_t us;

	if (at > now)
		return;
	us = (now - at) / AKSU_MICROSECOND;
	c->late_us[us < CABLE_LATE_MAX_US ? us : CABLE_LATE_MAX_US]++;
	c->latest_us = us > c->latest_us ? us : c->latest_us;
	c->turns++;
}

uint64_t cable_late_us(const struct cable *c, unsigned share)
{
	uint64_t seen = 0;

	for (uint64_t us = 0; us <= CABLE_LATE_MAX_US; us++)
		if ((seen += c->late_us[us]) * 100 >= c->turns * share)
			return us;
	return c->latest_us;
}

/* ------------------------------------------------------------------ what is told */

static void on_device(void *ctx, int fd, uint32_t events, aksu_time now)
{
	struct cable_end *e = ctx;

	(void)fd, (void)now;
	e->readable = e->readable || events & AKSU_READABLE;
}

static void on_signal(void *ctx, int fd, uint32_t events, aksu_time now)
{
	struct cable *c = ctx;
	struct signalfd_siginfo info;

	(void)events, (void)now;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			c->wants_say = true;
		else
			c->signal = (int)info.ssi_signo;
	}
}

/* A device that was full says when it is not. */
static void watch(struct cable *c, unsigned side)
{
	struct cable_end *e = &c->end[side];
	bool waits = e->held && e->device->ops->next_at(e->device) == AKSU_NEVER;

	poller_watch(&c->poller, aksu_device_fd(e->device),
		     AKSU_READABLE | (waits ? AKSU_WRITABLE : 0), on_device, e);
}

/* ------------------------------------------------------------------ life */

static bool take_signals(struct cable *c, struct aksu_reason *why)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	c->signal_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	return c->signal_fd >= 0 || because(why, "signalfd: %s", strerror(errno));
}

bool cable_init(struct cable *c, struct aksu_device *left, struct aksu_device *right,
		const struct sim_wire_config wire[2], uint64_t seed, struct aksu_reason *why)
{
	struct sim_link_config config = {
		.size = sizeof(config),
		.allocator = aksu_malloc_allocator(),
		.seed = seed,
		.kind = left->config.kind,
		.wire = {wire[SIM_LEFT], wire[SIM_RIGHT]},
		.observer = {count, c},
	};
	int error;

	c->signal_fd = -1;
	c->end[SIM_LEFT] = (struct cable_end){.cable = c, .device = left, .readable = true};
	c->end[SIM_RIGHT] = (struct cable_end){.cable = c, .device = right, .readable = true};
	error = poller_init(&c->poller);
	if (error)
		return because(why, "epoll: %s", strerror(error));
	c->link = sim_link_new(&config);
	if (!c->link)
		return because(why, "no memory for the wires");
	prctl(PR_SET_TIMERSLACK, SLACK_NS, 0, 0, 0);
	if (!take_signals(c, why))
		return false;
	return poller_watch(&c->poller, c->signal_fd, AKSU_READABLE, on_signal, c) == 0 ||
	       because(why, "epoll: no memory");
}

bool cable_run(struct cable *c, aksu_time until)
{
	aksu_time now = aksu_clock_now(), next = AKSU_NEVER;

	while (c->signal == 0 && now < until) {
		aksu_time sleep_to;

		note_lateness(c, next, now);
		for (unsigned side = 0; side < 2; side++)
			take_in(c, side, now);
		for (unsigned side = 0; side < 2; side++) {
			give_out(c, side, now);
			watch(c, side);
		}
		if (c->end[SIM_LEFT].device->error || c->end[SIM_RIGHT].device->error)
			return false;
		if (c->wants_say)
			c->say(c->ctx, now);
		c->wants_say = false;
		next = due(c);
		sleep_to = next < until ? next : until;
		now = aksu_clock_now();
		poller_sleep(&c->poller, sleep_to == AKSU_NEVER ? AKSU_NEVER
					 : sleep_to > now       ? sleep_to - now
								: 0);
		now = aksu_clock_now();
		poller_tell(&c->poller, now);
	}
	return true;
}

void cable_fini(struct cable *c)
{
	sim_link_free(c->link);
	poller_fini(&c->poller);
	if (c->signal_fd >= 0)
		close(c->signal_fd);
}
