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
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "port/poller.h"
#include "port/reason.h"
#include "port/timers.h"

enum {
	RX_BATCH = 64,     /* frames received from a device before they are worked on */
	TX_BATCH = 64,     /* frames taken from the instance at once */
	SEND_ROUNDS = 4,   /* batches sent to a device before anything is received again */
	ANSWER_ROUNDS = 8, /* ready(), send, ready() again, before devices are looked at */
};

/* A descriptor that hung up while its device says that it lives is tried again after this. */
#define REVIVE (10 * AKSU_MILLISECOND)

struct loop_link {
	struct aksu_loop *loop;
	struct aksu_device *dev;
	int fd;                 /* -1: the device announces itself by next_at() alone */
	int link;               /* the instance's number for it */
	bool readable;          /* there is, or may be, something to receive */
	bool blocked;           /* the device took less than it was given */
	uint32_t held_at, held; /* frames in tx that the device has not taken: [held_at, held) */
	struct aksu_loop_timer revive;
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
	sigset_t old_mask;
	struct aksu_loop_timer alarm;
	atomic_bool stop;
	struct aksu_rx rx[RX_BATCH];
};

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

static void ring(void *ctx, aksu_time now)
{
	(void)ctx;
	(void)now; /* the turn that it made was what it was for */
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

	if (error)
		return error;
	return poller_watch(&loop->poller, loop->signal_fd, AKSU_READABLE, told_signal, loop);
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
	loop->alarm.fire = ring;
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
	pthread_sigmask(SIG_SETMASK, &loop->old_mask, NULL);
	free(loop);
}

/* ------------------------------------------------------------------ links */

static void told_device(void *ctx, int fd, uint32_t events, aksu_time now)
{
	struct loop_link *l = ctx;

	(void)fd;
	(void)now;
	if (events & AKSU_READABLE)
		l->readable = true;
	if (events & AKSU_WRITABLE)
		l->blocked = false;
}

static int watch_device(struct loop_link *l, uint32_t events)
{
	return l->fd < 0 ? 0 : poller_watch(&l->loop->poller, l->fd, events, told_device, l);
}

static void revive(void *ctx, aksu_time now)
{
	struct loop_link *l = ctx;

	(void)now;
	/* Should it fail, the device is tried again after the next turn: arm(). */
	(void)watch_device(l, AKSU_READABLE);
}

static struct loop_link *link_new(struct aksu_loop *loop, struct aksu_device *dev, int fd)
{
	struct loop_link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->loop = loop;
	l->dev = dev;
	l->fd = fd;
	l->readable = true;
	l->revive = (struct aksu_loop_timer){.fire = revive, .ctx = l};
	return l;
}

int aksu_loop_add(struct aksu_loop *loop, struct aksu_device *dev, int fd)
{
	struct loop_link *l;
	int error;

	if (loop->link_count == AKSU_LOOP_LINKS)
		return -AKSU_ENOBUFS;
	if (poller_state(&loop->poller, fd) != WATCH_NONE)
		return -AKSU_EADDRINUSE;
	l = link_new(loop, dev, fd);
	if (!l)
		return -AKSU_ENOMEM;
	error = watch_device(l, AKSU_READABLE);
	l->link = error ? error : aksu_link_add(loop->config.stack, &dev->config, aksu_clock_now());
	if (l->link >= 0) {
		loop->links[loop->link_count++] = l;
		return l->link;
	}
	error = l->link;
	poller_unwatch(&loop->poller, fd);
	free(l);
	return error;
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

void aksu_loop_alarm(struct aksu_loop *loop, aksu_time when)
{
	/* Of no memory the turn merely comes when something else wants one. */
	(void)timers_set(&loop->timers, &loop->alarm, when);
}

const struct aksu_loop_counters *aksu_loop_counters(const struct aksu_loop *loop)
{
	return &loop->counters;
}

/* ------------------------------------------------------------------ the turn */

/*
 * Devices are watched for what is waited for. After the turn and not before the sleep: it may be
 * somebody else who sleeps, on aksu_loop_fd().
 */
static void arm(struct aksu_loop *loop, aksu_time now)
{
	for (size_t i = 0; i < loop->link_count; i++) {
		struct loop_link *l = loop->links[i];
		bool waits = l->blocked && l->dev->ops->next_at(l->dev) == AKSU_NEVER;
		enum watch_state state = poller_state(&loop->poller, l->fd);

		if (state == WATCH_ARMED)
			(void)watch_device(l, AKSU_READABLE | (waits ? AKSU_WRITABLE : 0));
		else if (l->fd >= 0 && state != WATCH_ALWAYS && !l->revive.place)
			(void)timers_set(&loop->timers, &l->revive, now + REVIVE);
	}
}

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
	arm(loop, now);
}

int aksu_loop_fd(const struct aksu_loop *loop) { return loop->poller.fd; }

int aksu_loop_turn(struct aksu_loop *loop, aksu_time until)
{
	nap(loop, until);
	turn(loop);
	return gone(loop);
}

int aksu_loop_run(struct aksu_loop *loop)
{
	int error = 0;

	while (!atomic_load(&loop->stop) && !error)
		error = aksu_loop_turn(loop, AKSU_NEVER);
	atomic_store(&loop->stop, false);
	return error;
}
