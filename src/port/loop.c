/* SPDX-License-Identifier: MIT */
/*
 * port/loop.c - the event loop: carries frames between devices and an instance, and sleeps well.
 *
 *      ┌─► sleep ──► watches, timers ──► receive ──► advance ──► ready() ◄─┐
 *      │                                                           │       │ while sockets can do
 * more └────────────────────── turn() ◄─────────────────────── send ──────┘
 *
 * One epoll_pwait2(2) a turn. Devices, signals and the wake-up are watches as a caller's are
 * (port/poller.h). The timeout counts from a moment after the clock was read, so that the loop
 * never wakes too early; with no deadline it has none: nothing ticks. A turn is bounded (frames
 * received, frames sent), so that no side starves the other. Callbacks run while no link is being
 * walked: they may add and watch, and end, whatever they like.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "port/asleep.h"
#include "port/loop_inside.h"
#include "port/reason.h"

enum {
	SEND_ROUNDS = 4,   /* batches sent to a device before anything is received again */
	ANSWER_ROUNDS = 8, /* ready(), send, ready() again, before devices are looked at */
};

/* A shorter sleep than any time-out of TCP's is not worth a stir. */
#define SLEEP_MIN AKSU_SECOND

/* ------------------------------------------------------------------ life */

static void told_wake(void *ctx, int fd, uint32_t events, aksu_time now)
{
	uint64_t count;

	(void)ctx;
	(void)events;
	(void)now;
	if (read(fd, &count, sizeof(count)) < 0)
		return; /* somebody else's turn took it */
}

static void told_signal(void *ctx, int fd, uint32_t events, aksu_time now)
{
	struct aksu_loop *loop = ctx;
	struct signalfd_siginfo info;

	(void)events;
	while (read(fd, &info, sizeof(info)) == sizeof(info))
		if (loop->config.on_signal)
			loop->config.on_signal(loop->config.ctx, (int)info.ssi_signo, now);
}

/*
 * Wakes the loop when the machine does: a timer of the wall clock that is far away, and cancelled
 * when that clock is set, which waking up does.
 */
static void told_clock(void *ctx, int fd, uint32_t events, aksu_time now)
{
	struct itimerspec far = {.it_value.tv_sec = INT_MAX};
	uint64_t count;

	(void)ctx;
	(void)events;
	(void)now; /* notice_sleep() looks in every turn */
	if (read(fd, &count, sizeof(count)) < 0)
		timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL);
}

static bool take_signals(struct aksu_loop *loop, struct aksu_reason *why)
{
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < loop->config.signal_count; i++)
		sigaddset(&mask, loop->config.signals[i]);
	if (pthread_sigmask(SIG_BLOCK, &mask, &loop->old_mask) != 0)
		return because(why, "a signal that cannot be waited for");
	loop->signal_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signal_fd >= 0)
		return true;
	because(why, "signalfd: %s", strerror(errno));
	pthread_sigmask(SIG_SETMASK, &loop->old_mask, NULL);
	return false;
}

static bool open_fds(struct aksu_loop *loop, struct aksu_reason *why)
{
	int error = poller_init(&loop->poller);

	if (error)
		return because(why, "epoll: %s", strerror(error));
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake_fd < 0)
		because(why, "eventfd: %s", strerror(errno));
	else if (take_signals(loop, why))
		return true;
	else
		close(loop->wake_fd);
	poller_fini(&loop->poller);
	return false;
}

static int watch_own(struct aksu_loop *loop)
{
	int error = poller_watch(&loop->poller, loop->wake_fd, AKSU_READABLE, told_wake, loop);

	if (!error)
		error = poller_watch(&loop->poller, loop->signal_fd, AKSU_READABLE, told_signal,
				     loop);
	/* Without it (a sandbox, little memory) sleep is noticed a turn later. */
	loop->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->clock_fd >= 0) {
		told_clock(loop, loop->clock_fd, 0, 0);
		(void)poller_watch(&loop->poller, loop->clock_fd, AKSU_READABLE, told_clock, loop);
	}
	return error;
}

struct aksu_loop *aksu_loop_new(const struct aksu_loop_config *config, struct aksu_reason *why)
{
	struct aksu_loop *loop = calloc(1, sizeof(*loop));
	int error;

	if (!loop) {
		because(why, "no memory");
		return NULL;
	}
	/* A caller compiled against an older header knows fewer fields: the rest is zero. */
	memcpy(&loop->config, config,
	       config->size < sizeof(*config) ? config->size : sizeof(*config));
	loop->asleep = clock_asleep();
	loop->clock_fd = loop->netlink_fd = -1;
	if (!open_fds(loop, why)) {
		free(loop);
		return NULL;
	}
	error = watch_own(loop);
	if (!error)
		return loop;
	because(why, "epoll: %s", aksu_strerror(error));
	aksu_loop_free(loop);
	return NULL;
}

void aksu_loop_free(struct aksu_loop *loop)
{
	if (!loop)
		return;
	timers_fini(&loop->timers);
	for (size_t i = 0; i < loop->link_count; i++) {
		struct loop_link *l = loop->links[i];

		aksu_tx_done(loop->config.stack, l->tx + l->held_at, l->held - l->held_at);
		free(l);
	}
	poller_fini(&loop->poller);
	close(loop->signal_fd);
	close(loop->wake_fd);
	if (loop->clock_fd >= 0)
		close(loop->clock_fd);
	if (loop->netlink_fd >= 0)
		close(loop->netlink_fd);
	pthread_sigmask(SIG_SETMASK, &loop->old_mask, NULL);
	free(loop);
}

/* ------------------------------------------------------------------ from outside */

void aksu_loop_wake(struct aksu_loop *loop)
{
	uint64_t one = 1;
	int saved = errno;

	/* Full means that a wake-up is on its way already. */
	if (write(loop->wake_fd, &one, sizeof(one)) < 0)
		errno = saved;
}

void aksu_loop_stop(struct aksu_loop *loop)
{
	atomic_store(&loop->stop, true);
	aksu_loop_wake(loop);
}

/* ------------------------------------------------------------------ watches and timers */

int aksu_loop_watch(struct aksu_loop *loop, int fd, uint32_t events,
		    void (*told)(void *ctx, int fd, uint32_t events, aksu_time now), void *ctx)
{
	return poller_watch(&loop->poller, fd, events, told, ctx);
}

void aksu_loop_unwatch(struct aksu_loop *loop, int fd) { poller_unwatch(&loop->poller, fd); }

int aksu_loop_timer_set(struct aksu_loop *loop, struct aksu_loop_timer *timer, aksu_time at)
{
	return timers_set(&loop->timers, timer, at);
}

const struct aksu_loop_counters *aksu_loop_counters(const struct aksu_loop *loop)
{
	return &loop->counters;
}

/* ------------------------------------------------------------------ the turn */

aksu_time aksu_loop_deadline(const struct aksu_loop *loop)
{
	aksu_time at = aksu_deadline(loop->config.stack), timer = timers_next(&loop->timers);

	if (loop->poller.always)
		return 0;
	if (timer < at)
		at = timer;
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

static void nap(struct aksu_loop *loop, aksu_time until)
{
	aksu_time at = aksu_loop_deadline(loop), now, left;

	at = at < until ? at : until;
	now = at == 0 || at == AKSU_NEVER ? 0 : aksu_clock_now();
	left = at == AKSU_NEVER ? at : at > now ? at - now : 0;
	loop->counters.turns++;
	loop->counters.sleeps += left > 0;
	poller_sleep(&loop->poller, left);
}

static void receive(struct aksu_loop *loop, aksu_time now)
{
	for (size_t i = 0; i < loop->link_count; i++) {
		struct loop_link *l = loop->links[i];
		size_t n;

		if (l->dev->ops->next_at(l->dev) <= now)
			l->readable = true, l->blocked = false;
		if (!l->readable)
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

/* CLOCK_MONOTONIC stood still: no timer has run, but the world has gone on. */
static void notice_sleep(struct aksu_loop *loop, aksu_time now)
{
	aksu_time asleep = clock_asleep(), slept = asleep - loop->asleep;

	if (asleep < loop->asleep || slept < SLEEP_MIN)
		return;
	loop->asleep = asleep;
	aksu_resume(loop->config.stack, now);
	if (loop->config.resumed)
		loop->config.resumed(loop->config.ctx, slept, now);
}

static void turn(struct aksu_loop *loop)
{
	aksu_time now = aksu_clock_now();

	notice_sleep(loop, now);
	poller_tell(&loop->poller, now);
	timers_run(&loop->timers, now);
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
	links_arm(loop, now);
}

int aksu_loop_fd(const struct aksu_loop *loop) { return loop->poller.fd; }

int aksu_loop_turn(struct aksu_loop *loop, aksu_time until)
{
	nap(loop, until);
	turn(loop);
	return links_gone(loop, aksu_clock_now());
}

int aksu_loop_run(struct aksu_loop *loop)
{
	int error = 0;

	while (!atomic_load(&loop->stop) && !error)
		error = aksu_loop_turn(loop, AKSU_NEVER);
	atomic_store(&loop->stop, false);
	return error;
}
