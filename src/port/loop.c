/* SPDX-License-Identifier: MIT */
/*
 * port/loop.c - the event loop: carries frames between devices and an instance, and sleeps well.
 *
 *      ┌─► sleep ──► signals, wake ──► receive ──► advance ──► ready() ◄─┐
 *      │                                                         │       │ while sockets can do
 * more └───────────────────── turn() ◄────────────────────── send ──────┘
 *
 * One ppoll(2) a turn: with a handful of descriptors it costs no more than epoll, and its timeout
 * is in nanoseconds and needs no timer descriptor to be set. The timeout counts from a moment after
 * the clock was read, so that the loop never wakes too early; with no deadline it has none: nothing
 * ticks. A turn is bounded (frames received, frames sent), so that no side starves the other.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <aksu/loop.h>

#include "port/reason.h"

enum {
	RX_BATCH = 64,     /* frames received from a device before they are worked on */
	TX_BATCH = 64,     /* frames taken from the instance at once */
	SEND_ROUNDS = 4,   /* batches sent to a device before anything is received again */
	ANSWER_ROUNDS = 8, /* ready(), send, ready() again, before devices are looked at */
	FIXED_FDS = 2,     /* signals, wake */
};

struct loop_link {
	struct aksu_device *dev;
	int link;               /* the instance's number for it */
	bool readable;          /* the last batch was full: there may be more */
	bool blocked;           /* the device took less than it was given */
	uint32_t held_at, held; /* frames in tx that the device has not taken: [held_at, held) */
	struct aksu_tx tx[TX_BATCH];
};

struct aksu_loop {
	struct aksu_loop_config config;
	struct aksu_loop_counters counters;
	struct loop_link *links[AKSU_LOOP_LINKS];
	size_t link_count;
	struct pollfd fds[FIXED_FDS + AKSU_LOOP_LINKS]; /* signals, wake, then one for each link */
	sigset_t old_mask;
	aksu_time alarm;
	atomic_bool stop;
	struct aksu_rx rx[RX_BATCH];
};

/* ------------------------------------------------------------------ life */

static bool take_signals(struct aksu_loop *loop, struct aksu_reason *why)
{
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < loop->config.signal_count; i++)
		sigaddset(&mask, loop->config.signals[i]);
	if (pthread_sigmask(SIG_BLOCK, &mask, &loop->old_mask) != 0)
		return because(why, "a signal that cannot be waited for");
	loop->fds[0].fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->fds[0].fd >= 0)
		return true;
	because(why, "signalfd: %s", strerror(errno));
	pthread_sigmask(SIG_SETMASK, &loop->old_mask, NULL);
	return false;
}

struct aksu_loop *aksu_loop_new(const struct aksu_loop_config *config, struct aksu_reason *why)
{
	struct aksu_loop *loop = calloc(1, sizeof(*loop));

	if (!loop) {
		because(why, "no memory");
		return NULL;
	}
	loop->config = *config;
	loop->alarm = AKSU_NEVER;
	loop->fds[0].events = loop->fds[1].events = POLLIN;
	loop->fds[1].fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->fds[1].fd < 0)
		because(why, "eventfd: %s", strerror(errno));
	else if (take_signals(loop, why))
		return loop;
	else
		close(loop->fds[1].fd);
	free(loop);
	return NULL;
}

void aksu_loop_free(struct aksu_loop *loop)
{
	if (!loop)
		return;
	for (size_t i = 0; i < loop->link_count; i++) {
		struct loop_link *l = loop->links[i];

		aksu_tx_done(loop->config.stack, l->tx + l->held_at, l->held - l->held_at);
		free(l);
	}
	close(loop->fds[0].fd);
	close(loop->fds[1].fd);
	pthread_sigmask(SIG_SETMASK, &loop->old_mask, NULL);
	free(loop);
}

int aksu_loop_add(struct aksu_loop *loop, struct aksu_device *dev, int fd)
{
	struct loop_link *l;

	if (loop->link_count == AKSU_LOOP_LINKS)
		return -AKSU_ENOBUFS;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -AKSU_ENOMEM;
	l->dev = dev;
	l->readable = true;
	l->link = aksu_link_add(loop->config.stack, &dev->config, aksu_clock_now());
	if (l->link < 0) {
		int error = l->link;

		free(l);
		return error;
	}
	loop->fds[FIXED_FDS + loop->link_count].fd = fd; /* ppoll() skips -1 */
	loop->links[loop->link_count++] = l;
	return l->link;
}

/* ------------------------------------------------------------------ from outside */

void aksu_loop_wake(struct aksu_loop *loop)
{
	uint64_t one = 1;
	int saved = errno;

	/* Full means that a wake-up is on its way already. */
	if (write(loop->fds[1].fd, &one, sizeof(one)) < 0)
		errno = saved;
}

void aksu_loop_stop(struct aksu_loop *loop)
{
	atomic_store(&loop->stop, true);
	aksu_loop_wake(loop);
}

void aksu_loop_alarm(struct aksu_loop *loop, aksu_time when) { loop->alarm = when; }

const struct aksu_loop_counters *aksu_loop_counters(const struct aksu_loop *loop)
{
	return &loop->counters;
}

/* ------------------------------------------------------------------ the turn */

/* The device is polled for what it is waited for; an fd that only hangs up must not wake us for
 * ever. */
static void choose_events(struct aksu_loop *loop)
{
	for (size_t i = 0; i < loop->link_count; i++) {
		const struct loop_link *l = loop->links[i];
		bool waits = l->blocked && l->dev->ops->next_at(l->dev) == AKSU_NEVER;

		loop->fds[FIXED_FDS + i].events = (short)(POLLIN | (waits ? POLLOUT : 0));
	}
}

/* When the loop must wake without being told to. 0: at once. */
static aksu_time wake_at(const struct aksu_loop *loop)
{
	aksu_time at = aksu_deadline(loop->config.stack);

	if (loop->alarm < at)
		at = loop->alarm;
	for (size_t i = 0; i < loop->link_count; i++) {
		const struct loop_link *l = loop->links[i];
		aksu_time next = l->dev->ops->next_at(l->dev);

		if (l->readable || (!l->blocked && aksu_wants_output(loop->config.stack, l->link)))
			return 0;
		if (next < at)
			at = next;
	}
	return at;
}

static void nap(struct aksu_loop *loop)
{
	aksu_time at = wake_at(loop), now = at == 0 ? 0 : aksu_clock_now();
	aksu_time left = at > now ? at - now : 0;
	struct timespec timeout = {.tv_sec = (time_t)(left / AKSU_SECOND),
				   .tv_nsec = (long)(left % AKSU_SECOND)};

	if (left > INT32_MAX * AKSU_SECOND)
		timeout.tv_sec = INT32_MAX; /* 68 years: also where time_t has 32 bits */
	choose_events(loop);
	loop->counters.turns++;
	loop->counters.sleeps += left > 0;
	if (ppoll(loop->fds, FIXED_FDS + loop->link_count, at == AKSU_NEVER ? NULL : &timeout,
		  NULL) < 0)
		for (size_t i = 0; i < FIXED_FDS + loop->link_count; i++)
			loop->fds[i].revents = 0; /* interrupted: nothing is known */
}

static void take_wakes(struct aksu_loop *loop)
{
	uint64_t count;

	if (loop->fds[1].revents && read(loop->fds[1].fd, &count, sizeof(count)) < 0)
		return; /* somebody else's turn took it */
}

static void deliver_signals(struct aksu_loop *loop, aksu_time now)
{
	struct signalfd_siginfo info;

	if (!loop->fds[0].revents)
		return;
	while (read(loop->fds[0].fd, &info, sizeof(info)) == sizeof(info))
		if (loop->config.on_signal)
			loop->config.on_signal(loop->config.ctx, (int)info.ssi_signo, now);
}

static void receive(struct aksu_loop *loop, aksu_time now)
{
	for (size_t i = 0; i < loop->link_count; i++) {
		struct loop_link *l = loop->links[i];
		short revents = loop->fds[FIXED_FDS + i].revents;
		size_t n;

		if (revents & (POLLOUT | POLLERR | POLLHUP))
			l->blocked = false;
		if (l->dev->ops->next_at(l->dev) <= now)
			l->readable = true, l->blocked = false;
		if (!l->readable && !(revents & (POLLIN | POLLERR | POLLHUP)))
			continue;
		n = l->dev->ops->receive(l->dev, loop->rx, RX_BATCH, now);
		l->readable = n == RX_BATCH;
		for (size_t k = 0; k < n; k++)
			loop->rx[k].link = (uint16_t)l->link;
		if (n > 0)
			aksu_input(loop->config.stack, loop->rx, n, now);
	}
}

/* Offers what is held to the device, after fetching more if nothing is. False: dry, or the device
 * is full. */
static bool send_batch(struct aksu_loop *loop, struct loop_link *l, aksu_time now)
{
	struct aksu *s = loop->config.stack;
	size_t taken;

	if (l->held_at == l->held) {
		l->held_at = 0;
		l->held = (uint32_t)aksu_output(s, l->link, l->tx, TX_BATCH, now);
	}
	if (l->held == 0)
		return false;
	taken = l->dev->ops->send(l->dev, l->tx + l->held_at, l->held - l->held_at, now);
	aksu_tx_done(s, l->tx + l->held_at, taken);
	l->held_at += (uint32_t)taken;
	l->blocked = l->held_at < l->held;
	loop->counters.blocked += l->blocked;
	return !l->blocked && l->held == TX_BATCH;
}

static void send_all(struct aksu_loop *loop, aksu_time now)
{
	for (size_t i = 0; i < loop->link_count; i++) {
		struct loop_link *l = loop->links[i];

		for (int round = 0; round < SEND_ROUNDS && !l->blocked; round++)
			if (!send_batch(loop, l, now))
				break;
	}
}

/* Whether any socket could do more. */
static bool tell_ready(struct aksu_loop *loop, aksu_time now)
{
	struct aksu_ready ready;
	bool any = false;

	while (aksu_next_ready(loop->config.stack, &ready)) {
		any = true;
		if (loop->config.ready)
			loop->config.ready(loop->config.ctx, &ready, now);
	}
	return any;
}

static int gone(const struct aksu_loop *loop)
{
	for (size_t i = 0; i < loop->link_count; i++)
		if (loop->links[i]->dev->error)
			return -loop->links[i]->dev->error;
	return 0;
}

static void turn(struct aksu_loop *loop)
{
	aksu_time now = aksu_clock_now();

	take_wakes(loop);
	deliver_signals(loop, now);
	receive(loop, now);
	aksu_advance(loop->config.stack, now);
	for (int round = 0; round < ANSWER_ROUNDS; round++) {
		bool any = tell_ready(loop, now);

		send_all(loop, now);
		if (!any)
			break;
	}
	if (loop->config.turn)
		loop->config.turn(loop->config.ctx, now);
	/* What turn() asked for leaves before the sleep, without another time round. */
	send_all(loop, now);
}

int aksu_loop_run(struct aksu_loop *loop)
{
	int error = 0;

	while (!atomic_load(&loop->stop) && !error) {
		nap(loop);
		turn(loop);
		error = gone(loop);
	}
	atomic_store(&loop->stop, false);
	return error;
}
