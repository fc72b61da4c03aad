/* SPDX-License-Identifier: MIT */
/*
 * port/loop_test.c - the loop between a stack and a device that are both played by this test.
 *
 * The stand-in stack echoes the frames that it is given, after as many as `hold` says; the device
 * is an array with an eventfd to poll. So each promise of the loop can be seen alone: nothing lost
 * when the device is full, no turn without a reason, no wake-up before its time.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include <aksu/loop.h>

#include "port/asleep.h"

/* ------------------------------------------------------------------ the stack, played */

struct aksu {
	uint64_t queue[4096]; /* numbers of frames to send back */
	size_t head, tail;
	size_t inputs, advances, done;
	size_t changes, removals, mtus, resumes;
	aksu_time deadline;
	bool ready;
};

int aksu_link_add(struct aksu *s, const struct aksu_link_config *config, aksu_time now)
{
	(void)s;
	(void)now;
	return config->mtu ? 3 : -AKSU_EINVAL;
}

int aksu_link_change(struct aksu *s, int link, const struct aksu_link_config *config, aksu_time now)
{
	(void)now;
	assert_int_equal(link, 3);
	s->changes += config->mtu != 0;
	return config->mtu ? 0 : -AKSU_EINVAL;
}

int aksu_link_remove(struct aksu *s, int link)
{
	assert_int_equal(link, 3);
	s->removals++;
	return 0;
}

int aksu_link_set_mtu(struct aksu *s, int link, uint32_t mtu)
{
	(void)link, (void)mtu;
	s->mtus++;
	return 0;
}

void aksu_resume(struct aksu *s, aksu_time now)
{
	(void)now;
	s->resumes++;
}

static aksu_time asleep;

aksu_time clock_asleep(void) { return asleep; }

size_t aksu_input(struct aksu *s, const struct aksu_rx *rx, size_t n, aksu_time now)
{
	(void)now;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(rx[i].link, 3);
		s->queue[s->tail++ % 4096] = rx[i].packet;
	}
	s->inputs += n;
	return n;
}

size_t aksu_output(struct aksu *s, int link, struct aksu_tx *tx, size_t cap, aksu_time now)
{
	size_t n = 0;

	(void)now;
	assert_int_equal(link, 3);
	while (n < cap && s->head < s->tail) {
		tx[n].packet = s->queue[s->head++ % 4096];
		tx[n++].pieces = 0;
	}
	return n;
}

void aksu_tx_done(struct aksu *s, struct aksu_tx *tx, size_t n)
{
	(void)tx;
	s->done += n;
}

bool aksu_wants_output(const struct aksu *s, int link)
{
	(void)link;
	return s->head < s->tail;
}

aksu_time aksu_deadline(const struct aksu *s) { return s->deadline; }

void aksu_advance(struct aksu *s, aksu_time now)
{
	s->advances++;
	if (s->deadline <= now)
		s->deadline = AKSU_NEVER;
}

bool aksu_next_ready(struct aksu *s, struct aksu_ready *out)
{
	bool ready = s->ready;

	memset(out, 0, sizeof(*out));
	s->ready = false;
	return ready;
}

/* ------------------------------------------------------------------ the device, played */

struct toy {
	struct aksu_device dev;
	int fd;                /* readable while frames wait; an eventfd is writable always */
	uint64_t next, frames; /* numbers of frames that arrive: [next, frames) */
	uint64_t sent[4096];
	size_t count;
	size_t room; /* frames that it takes before it is full */
	aksu_time retry_at;
};

static size_t toy_send(struct aksu_device *dev, const struct aksu_tx *tx, size_t n, aksu_time now)
{
	struct toy *toy = (struct toy *)dev;
	size_t i = 0;

	toy->retry_at = AKSU_NEVER;
	while (i < n && toy->room > 0) {
		toy->sent[toy->count++] = tx[i++].packet;
		toy->room--;
	}
	if (i < n) {
		toy->room = 10;
		toy->retry_at = now + AKSU_MILLISECOND;
	}
	return i;
}

static size_t toy_receive(struct aksu_device *dev, struct aksu_rx *rx, size_t cap, aksu_time now)
{
	struct toy *toy = (struct toy *)dev;
	uint64_t drained;
	size_t n = 0;

	(void)now;
	while (n < cap && toy->next < toy->frames)
		rx[n++] = (struct aksu_rx){.packet = toy->next++};
	if (toy->next == toy->frames && read(toy->fd, &drained, sizeof(drained)) < 0)
		return n;
	return n;
}

static aksu_time toy_next_at(const struct aksu_device *dev)
{
	return ((const struct toy *)dev)->retry_at;
}

static const struct aksu_device_ops toy_ops = {.send = toy_send,
					       .receive = toy_receive,
					       .next_at = toy_next_at,
					       .close = NULL};

/* ------------------------------------------------------------------ a stage */

struct stage {
	struct aksu stack;
	struct toy toy;
	struct aksu_loop *loop;
	size_t want;     /* stop when so many frames were sent */
	aksu_time began; /* or when an alarm rang: on the first turn at or after `ends` */
	aksu_time ends;
	struct aksu_loop_timer alarm;
	int signals, readies, turns;
	/* What to do about a device that is gone. */
	struct toy spare;
	enum { NOTHING, REPLACE, NONE, REMOVE } remedy;
	int gone;
	aksu_time slept;
};

static void on_gone(void *ctx, int link, int error, aksu_time now)
{
	struct stage *g = ctx;

	(void)now;
	assert_int_equal(link, 3);
	assert_int_equal(error, AKSU_ENOENT);
	g->gone++;
	if (g->remedy == REPLACE)
		assert_int_equal(aksu_loop_replace(g->loop, 3, &g->spare.dev, g->spare.fd), 0);
	else if (g->remedy == NONE)
		assert_int_equal(aksu_loop_replace(g->loop, 3, NULL, -1), 0);
	else if (g->remedy == REMOVE)
		assert_int_equal(aksu_loop_remove(g->loop, 3), 0);
}

static void on_resumed(void *ctx, aksu_time slept, aksu_time now)
{
	struct stage *g = ctx;

	(void)now;
	g->slept = slept;
}

static void on_turn(void *ctx, aksu_time now)
{
	struct stage *g = ctx;

	g->turns++;
	if ((g->want && g->toy.count >= g->want) || now >= g->ends)
		aksu_loop_stop(g->loop);
}

static void on_signal(void *ctx, int signal, aksu_time now)
{
	struct stage *g = ctx;

	(void)now;
	assert_int_equal(signal, SIGUSR2);
	g->signals++;
	aksu_loop_stop(g->loop);
}

static void on_ready(void *ctx, const struct aksu_ready *ready, aksu_time now)
{
	struct stage *g = ctx;

	(void)ready;
	(void)now;
	g->readies++;
}

static struct stage *set_up(uint64_t frames, size_t room)
{
	static const int signals[] = {SIGUSR2};
	struct stage *g = calloc(1, sizeof(*g));
	struct aksu_loop_config config = {.size = sizeof(config),
					  .stack = &g->stack,
					  .ctx = g,
					  .ready = on_ready,
					  .turn = on_turn,
					  .on_signal = on_signal,
					  .signals = signals,
					  .signal_count = 1,
					  .device_gone = on_gone,
					  .resumed = on_resumed};

	g->stack.deadline = g->ends = g->toy.retry_at = AKSU_NEVER;
	g->toy.dev.ops = &toy_ops;
	g->toy.dev.config.mtu = 1500;
	g->toy.frames = frames;
	g->toy.room = room;
	g->toy.fd = eventfd(frames > 0, EFD_NONBLOCK);
	g->loop = aksu_loop_new(&config, NULL);
	assert_non_null(g->loop);
	assert_int_equal(aksu_loop_add(g->loop, &g->toy.dev, g->toy.fd), 3);
	g->began = aksu_clock_now();
	return g;
}

static void tear_down(struct stage *g)
{
	aksu_loop_free(g->loop);
	close(g->toy.fd);
	free(g);
}

/* ------------------------------------------------------------------ the promises */

static void frames_come_back_in_order(void **state)
{
	struct stage *g = set_up(1000, SIZE_MAX);

	(void)state;
	g->want = 1000;
	assert_int_equal(aksu_loop_run(g->loop), 0);
	assert_int_equal(g->toy.count, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(g->toy.sent[i], i);
	assert_int_equal(g->stack.done, 1000);
	/* 64 at a time, and little more. */
	assert_true(aksu_loop_counters(g->loop)->turns <= 20);
	tear_down(g);
}

static void a_full_device_loses_nothing_and_is_asked_again_in_its_time(void **state)
{
	struct stage *g = set_up(500, 3);

	(void)state;
	g->want = 500;
	assert_int_equal(aksu_loop_run(g->loop), 0);
	for (size_t i = 0; i < 500; i++)
		assert_int_equal(g->toy.sent[i], i);
	assert_int_equal(g->stack.done, 500);
	/* 3, then 10 each millisecond: about 50 pauses, no busy asking between them. */
	assert_true(aksu_clock_now() - g->began >= 49 * AKSU_MILLISECOND);
	assert_true(aksu_loop_counters(g->loop)->blocked >= 49);
	assert_true(aksu_loop_counters(g->loop)->turns <= 80);
	tear_down(g);
}

static void frames_that_no_device_took_go_back_to_the_stack(void **state)
{
	struct stage *g = set_up(20, 5);

	(void)state;
	g->want = 5;
	assert_int_equal(aksu_loop_run(g->loop), 0);
	assert_int_equal(g->stack.done, 5);
	aksu_loop_free(g->loop);
	assert_int_equal(g->stack.done, 20);
	close(g->toy.fd);
	free(g);
}

static void nothing_ticks_when_nothing_is_due(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);

	(void)state;
	g->ends = g->began + 100 * AKSU_MILLISECOND;
	assert_int_equal(aksu_loop_timer_set(g->loop, &g->alarm, g->ends), 0);
	assert_int_equal(aksu_loop_run(g->loop), 0);
	/* The first turn looks at the device once; the second is the alarm's. */
	assert_true(g->turns <= 3);
	tear_down(g);
}

static void a_deadline_is_met_and_never_early(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);

	(void)state;
	for (int i = 0; i < 20; i++) {
		size_t advances = g->stack.advances;

		g->ends = aksu_clock_now() + 1234567;
		g->stack.deadline = g->ends;
		assert_int_equal(aksu_loop_run(g->loop), 0);
		assert_int_equal(g->stack.deadline, AKSU_NEVER);
		assert_true(aksu_clock_now() >= g->ends);
		/* One turn for the deadline; the very first looks at the device too. */
		assert_true(g->stack.advances - advances <= 2);
	}
	tear_down(g);
}

static void *wake_thrice(void *ctx)
{
	struct stage *g = ctx;

	for (int i = 0; i < 3; i++) {
		usleep(3000);
		aksu_loop_wake(g->loop);
	}
	usleep(3000);
	aksu_loop_stop(g->loop);
	return NULL;
}

static void another_thread_wakes_and_stops(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wake_thrice, g), 0);
	assert_int_equal(aksu_loop_run(g->loop), 0);
	pthread_join(thread, NULL);
	assert_true(g->turns >= 2 && g->turns <= 5);
	tear_down(g);
}

static void *signal_us(void *ctx)
{
	(void)ctx;
	usleep(3000);
	kill(getpid(), SIGUSR2);
	return NULL;
}

static void signals_are_delivered_in_a_turn(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);
	pthread_t thread;
	sigset_t now;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, signal_us, g), 0);
	assert_int_equal(aksu_loop_run(g->loop), 0);
	pthread_join(thread, NULL);
	assert_int_equal(g->signals, 1);
	tear_down(g);
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	assert_false(sigismember(&now, SIGUSR2));
}

static void readiness_is_told(void **state)
{
	struct stage *g = set_up(1, SIZE_MAX);

	(void)state;
	g->stack.ready = true;
	g->want = 1;
	assert_int_equal(aksu_loop_run(g->loop), 0);
	assert_int_equal(g->readies, 1);
	tear_down(g);
}

static void a_device_that_is_gone_ends_the_loop(void **state)
{
	struct stage *g = set_up(1, SIZE_MAX);

	(void)state;
	g->toy.dev.error = AKSU_ENOENT;
	assert_int_equal(aksu_loop_run(g->loop), -AKSU_ENOENT);
	assert_int_equal(g->gone, 1);
	tear_down(g);
}

/* The device is gone with frames that it did not take; the one after it brings 50 of its own. */
static struct stage *lose_device(int remedy)
{
	struct stage *g = set_up(20, 5);

	g->spare = g->toy;
	g->spare.next = 0;
	g->spare.frames = 50;
	g->spare.room = SIZE_MAX;
	g->spare.fd = eventfd(1, EFD_NONBLOCK);
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
	assert_int_equal(g->stack.done, 5);
	g->remedy = remedy;
	g->toy.dev.error = AKSU_ENOENT;
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
	assert_int_equal(g->gone, 1);
	assert_int_equal(g->stack.done, 20); /* what it had not taken is given back */
	return g;
}

static void a_device_that_is_gone_is_replaced(void **state)
{
	struct stage *g = lose_device(REPLACE);

	(void)state;
	assert_int_equal(g->stack.changes, 1);
	g->ends = aksu_clock_now() + 20 * AKSU_MILLISECOND;
	assert_int_equal(aksu_loop_timer_set(g->loop, &g->alarm, g->ends), 0);
	assert_int_equal(aksu_loop_run(g->loop), 0);
	assert_int_equal(g->spare.count, 50);
	assert_int_equal(g->gone, 1);
	close(g->spare.fd);
	tear_down(g);
}

static void bring_spare(void *ctx, aksu_time now)
{
	struct stage *g = ctx;

	(void)now;
	assert_int_equal(aksu_loop_replace(g->loop, 3, &g->spare.dev, g->spare.fd), 0);
}

static void a_link_waits_without_a_device_and_does_not_spin(void **state)
{
	struct stage *g = lose_device(NONE);
	struct aksu_loop_timer timer = {.fire = bring_spare, .ctx = g};
	int turns = g->turns;

	(void)state;
	assert_int_equal(g->stack.changes, 0);
	close(g->toy.fd);
	assert_int_equal(aksu_loop_timer_set(g->loop, &timer,
					     aksu_clock_now() + 30 * AKSU_MILLISECOND),
			 0);
	g->ends = aksu_clock_now() + 50 * AKSU_MILLISECOND;
	assert_int_equal(aksu_loop_timer_set(g->loop, &g->alarm, g->ends), 0);
	assert_int_equal(aksu_loop_run(g->loop), 0);
	assert_true(g->turns - turns <= 6);
	assert_int_equal(g->stack.changes, 1);
	assert_int_equal(g->spare.count, 50);
	g->toy.fd = g->spare.fd;
	tear_down(g);
}

static void a_link_whose_device_is_gone_is_removed(void **state)
{
	struct stage *g = lose_device(REMOVE);

	(void)state;
	assert_int_equal(g->stack.removals, 1);
	assert_int_equal(aksu_loop_remove(g->loop, 3), -AKSU_ENOENT);
	assert_int_equal(aksu_loop_replace(g->loop, 3, &g->spare.dev, -1), -AKSU_ENOENT);
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
	assert_int_equal(aksu_loop_add(g->loop, &g->spare.dev, g->spare.fd), 3);
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
	assert_int_equal(g->spare.count, 50);
	close(g->spare.fd);
	tear_down(g);
}

/* A device that fits the stack not: the old one stays, whose descriptor is still watched. */
static void a_replacement_that_is_refused_changes_nothing(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);
	struct pollfd quiet = {.fd = aksu_loop_fd(g->loop), .events = POLLIN};
	int turns = g->turns;

	(void)state;
	g->spare = g->toy;
	g->spare.dev.config.mtu = 0;
	g->spare.fd = eventfd(1, EFD_NONBLOCK);
	assert_int_equal(aksu_loop_replace(g->loop, 3, &g->spare.dev, g->spare.fd), -AKSU_EINVAL);
	g->toy.frames = 10;
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0); /* the first: it looks by itself */
	g->toy.frames += 10;
	assert_int_equal(eventfd_write(g->toy.fd, 1), 0);
	assert_int_equal(aksu_loop_turn(g->loop, AKSU_NEVER), 0);
	assert_int_equal(g->toy.count, 20);
	assert_int_equal(g->turns - turns, 2);
	assert_int_equal(poll(&quiet, 1, 0), 0); /* nobody listens to the other's */
	assert_int_equal(aksu_loop_deadline(g->loop), AKSU_NEVER);
	close(g->spare.fd);
	tear_down(g);
}

/* The same number again for another file: close(2) and open(2) do that. */
static void a_replacement_may_have_the_same_descriptor(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);
	int fd = g->toy.fd;

	(void)state;
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
	g->spare = g->toy;
	close(fd);
	g->spare.fd = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(g->spare.fd, fd);
	assert_int_equal(aksu_loop_replace(g->loop, 3, &g->spare.dev, fd), 0);
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
	g->spare.frames = 7;
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_int_equal(aksu_loop_turn(g->loop, AKSU_NEVER), 0);
	assert_int_equal(g->spare.count, 7);
	tear_down(g);
}

static void a_machine_that_slept_is_noticed(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);

	(void)state;
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
	asleep += 900 * AKSU_MILLISECOND; /* a nap: no */
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
	assert_int_equal(g->stack.resumes, 0);
	asleep += 3600 * AKSU_SECOND;
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
	assert_int_equal(g->stack.resumes, 1);
	assert_true(g->slept >= 3600 * AKSU_SECOND);
	tear_down(g);
}

/* ------------------------------------------------------------------ watches and timers */

static void fire_and_stop(void *ctx, aksu_time now)
{
	struct stage *g = ctx;

	assert_true(now >= g->ends);
	aksu_loop_stop(g->loop);
}

static void a_timer_makes_one_turn_and_is_never_early(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);
	struct aksu_loop_timer timer = {.fire = fire_and_stop, .ctx = g};

	(void)state;
	for (int i = 0; i < 10; i++) {
		int turns = g->turns;
		aksu_time at = aksu_clock_now() + 1234567;

		assert_int_equal(aksu_loop_timer_set(g->loop, &timer, at), 0);
		g->ends = at;
		assert_int_equal(aksu_loop_run(g->loop), 0);
		assert_true(aksu_clock_now() >= at);
		assert_true(g->turns - turns <= 2);
		assert_int_equal(timer.at, AKSU_NEVER);
	}
	tear_down(g);
}

static void read_and_stop(void *ctx, int fd, uint32_t events, aksu_time now)
{
	struct stage *g = ctx;
	char some[8];

	(void)now;
	assert_int_equal(events, AKSU_READABLE);
	assert_int_equal(read(fd, some, sizeof(some)), 3);
	aksu_loop_unwatch(g->loop, fd);
	aksu_loop_stop(g->loop);
}

static void a_descriptor_of_the_callers_is_told(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(aksu_loop_watch(g->loop, fds[0], AKSU_READABLE, read_and_stop, g), 0);
	assert_int_equal(write(fds[1], "abc", 3), 3);
	assert_int_equal(aksu_loop_run(g->loop), 0);
	close(fds[0]);
	close(fds[1]);
	tear_down(g);
}

/* A device whose descriptor hung up, and that says nothing of being gone. */
static void a_device_that_hangs_up_does_not_spin(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);
	struct toy dead = g->toy;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	close(fds[1]);
	dead.fd = fds[0];
	assert_int_equal(aksu_loop_add(g->loop, &dead.dev, fds[0]), 3);
	g->ends = aksu_clock_now() + 100 * AKSU_MILLISECOND;
	assert_int_equal(aksu_loop_timer_set(g->loop, &g->alarm, g->ends), 0);
	assert_int_equal(aksu_loop_run(g->loop), 0);
	/* Tried again every 10 ms: at each a turn that finds it, and one to sleep again. */
	assert_true(g->turns >= 5 && g->turns <= 40);
	tear_down(g);
	close(fds[0]);
}

static void one_descriptor_is_one_device(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);

	(void)state;
	assert_int_equal(aksu_loop_add(g->loop, &g->toy.dev, g->toy.fd), -AKSU_EADDRINUSE);
	tear_down(g);
}

/* ------------------------------------------------------------------ a loop of the caller's */

static void a_loop_of_the_callers_drives_it(void **state)
{
	struct stage *g = set_up(200, 3);
	int turns = 0;

	(void)state;
	while (g->toy.count < 200) {
		aksu_time at = aksu_loop_deadline(g->loop), now = aksu_clock_now();
		struct pollfd fd = {.fd = aksu_loop_fd(g->loop), .events = POLLIN};
		aksu_time ms = at > now ? (at - now) / AKSU_MILLISECOND + 1 : 0;

		assert_true(poll(&fd, 1, at == AKSU_NEVER ? -1 : (int)ms) >= 0);
		assert_int_equal(aksu_loop_turn(g->loop, 0), 0);
		turns++;
	}
	assert_true(turns <= 80);
	for (size_t i = 0; i < 200; i++)
		assert_int_equal(g->toy.sent[i], i);
	tear_down(g);
}

static void a_turn_sleeps_no_longer_than_it_is_told(void **state)
{
	struct stage *g = set_up(0, SIZE_MAX);
	aksu_time until;

	(void)state;
	assert_int_equal(aksu_loop_turn(g->loop, 0), 0); /* looks at the device once */
	until = aksu_clock_now() + 2 * AKSU_MILLISECOND;
	assert_int_equal(aksu_loop_turn(g->loop, until), 0);
	assert_true(aksu_clock_now() >= until);
	assert_int_equal(aksu_loop_deadline(g->loop), AKSU_NEVER);
	tear_down(g);
}

static void a_child_that_frees_the_loop_leaves_the_parents_alone(void **state)
{
	struct stage *g = set_up(1000, SIZE_MAX);
	int status;
	pid_t child;

	(void)state;
	child = fork();
	if (child == 0) {
		aksu_loop_free(g->loop);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	g->want = 1000;
	assert_int_equal(aksu_loop_run(g->loop), 0);
	assert_int_equal(g->toy.count, 1000);
	tear_down(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_back_in_order),
		cmocka_unit_test(a_full_device_loses_nothing_and_is_asked_again_in_its_time),
		cmocka_unit_test(frames_that_no_device_took_go_back_to_the_stack),
		cmocka_unit_test(nothing_ticks_when_nothing_is_due),
		cmocka_unit_test(a_deadline_is_met_and_never_early),
		cmocka_unit_test(another_thread_wakes_and_stops),
		cmocka_unit_test(signals_are_delivered_in_a_turn),
		cmocka_unit_test(readiness_is_told),
		cmocka_unit_test(a_device_that_is_gone_ends_the_loop),
		cmocka_unit_test(a_device_that_is_gone_is_replaced),
		cmocka_unit_test(a_link_waits_without_a_device_and_does_not_spin),
		cmocka_unit_test(a_link_whose_device_is_gone_is_removed),
		cmocka_unit_test(a_replacement_that_is_refused_changes_nothing),
		cmocka_unit_test(a_replacement_may_have_the_same_descriptor),
		cmocka_unit_test(a_machine_that_slept_is_noticed),
		cmocka_unit_test(a_timer_makes_one_turn_and_is_never_early),
		cmocka_unit_test(a_descriptor_of_the_callers_is_told),
		cmocka_unit_test(a_device_that_hangs_up_does_not_spin),
		cmocka_unit_test(one_descriptor_is_one_device),
		cmocka_unit_test(a_loop_of_the_callers_drives_it),
		cmocka_unit_test(a_turn_sleeps_no_longer_than_it_is_told),
		cmocka_unit_test(a_child_that_frees_the_loop_leaves_the_parents_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
