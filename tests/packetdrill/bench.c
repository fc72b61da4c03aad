/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/bench.c - the clock, the lock, the sleepers and the queue of a TCP under test.
 *
 * A sleeper is told by a turn that something happened; whoever told it waits until it has looked.
 * Packets are checked as they are queued: a wrong TCP checksum ends the program, because
 * packetdrill itself does not look. It owns the descriptors; what a socket can do is the stack's to
 * know.
 */
#include "bench.h"
#include "packet.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	PACKET_MAX = 65536,
	/* Rounds at one moment after which the stack is taken to talk to itself. */
	SPIN_MAX = 100000,
	/* Real seconds that the clock is held for a thread that was to read it. */
	HOLD_MAX_S = 2,
};

/* The clock does not begin at 0: a stack may take 0 for "never". */
static const uint64_t BEGINNING = 1000ull * 1000000000;
/* Longer than any script waits; beyond are keep-alives and the ends of forgotten connections. */
static const uint64_t PATIENCE = 600ull * 1000000000;

struct bench_packet {
	struct bench_packet *next;
	uint64_t sent_at;
	size_t n;
	uint8_t octets[];
};

static _Thread_local bool owes;

void bench_open(struct bench *b, const struct under_test *ops, const char *flags)
{
	*b = (struct bench){.ops = ops, .now = BEGINNING, .wake_at = UNDER_TEST_NEVER};
	b->strict = flags && strstr(flags, "strict") != NULL;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->turned, NULL);
	b->stack = ops->open(flags, b->now);
}

bool bench_close(struct bench *b)
{
	unsigned left = 0;

	for (struct bench_packet *p = b->first, *next; p; p = next, left++) {
		next = p->next;
		free(p);
	}
	b->ops->close(b->stack);
	for (int fd = 0; fd < BENCH_FDS; fd++)
		if (b->socket[fd].open)
			bench_end_fd(b, fd);
	pthread_cond_destroy(&b->turned);
	pthread_mutex_destroy(&b->lock);
	if (b->strict && left)
		fprintf(stderr, "%s: %u packets were sent that the script does not expect\n",
			b->ops->name, left);
	return !(b->strict && left);
}

/* ------------------------------------------------------------------ descriptors */

struct bench_socket *bench_socket(struct bench *b, int fd)
{
	return fd >= 0 && fd < BENCH_FDS && b->socket[fd].open ? &b->socket[fd] : NULL;
}

int bench_new_fd(struct bench *b, under_test_socket name)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0 || fd >= BENCH_FDS) {
		if (fd >= 0)
			close(fd);
		return -EMFILE;
	}
	b->socket[fd] = (struct bench_socket){.open = true, .name = name};
	return fd;
}

void bench_end_fd(struct bench *b, int fd)
{
	b->socket[fd] = (struct bench_socket){0};
	close(fd);
}

/* ------------------------------------------------------------------ what the stack sends */

static void enqueue(struct bench *b, const uint8_t *octets, size_t n)
{
	struct bench_packet *p = malloc(sizeof(*p) + n);

	if (!p)
		abort();
	*p = (struct bench_packet){.sent_at = b->now, .n = n};
	memcpy(p->octets, octets, n);
	if (b->last)
		b->last->next = p;
	else
		b->first = p;
	b->last = p;
}

static void drain(struct bench *b)
{
	static uint8_t octets[PACKET_MAX]; /* under the lock */
	size_t n;

	while ((n = b->ops->output(b->stack, octets, sizeof(octets), b->now)) > 0) {
		if (!packet_checksum_ok(octets, n)) {
			fprintf(stderr, "%s: it sent a packet with a wrong TCP checksum\n",
				b->ops->name);
			abort();
		}
		enqueue(b, octets, n);
	}
}

/* ------------------------------------------------------------------ calls that wait */

/* Whoever sleeps looks again; returns when all of them have decided. */
static void wake(struct bench *b)
{
	if (!b->waiting)
		return;
	b->turn++;
	b->looking += b->waiting;
	b->waiting = 0;
	b->wake_at = UNDER_TEST_NEVER;
	pthread_cond_broadcast(&b->turned);
	while (b->looking)
		pthread_cond_wait(&b->turned, &b->lock);
}

void bench_enter(struct bench *b) { pthread_mutex_lock(&b->lock); }

static void settle(struct bench *b)
{
	drain(b);
	wake(b);
}

int64_t bench_leave(struct bench *b, int64_t result)
{
	settle(b);
	pthread_mutex_unlock(&b->lock);
	return result;
}

static void sleep_a_turn(struct bench *b, uint64_t until)
{
	uint64_t seen = b->turn;

	b->waiting++;
	if (until < b->wake_at)
		b->wake_at = until;
	while (b->turn == seen)
		pthread_cond_wait(&b->turned, &b->lock);
}

int64_t bench_await(struct bench *b, bool block, uint64_t until, bench_attempt *attempt, void *what)
{
	int64_t r = attempt(b, what);

	if (r != -EAGAIN || !block)
		return r;
	while (r == -EAGAIN && b->now < until) {
		drain(b);
		sleep_a_turn(b, until);
		r = attempt(b, what);
		drain(b);
		if (r != -EAGAIN || b->now >= until) {
			owes = true;
			b->owed++;
		}
		b->looking--;
		pthread_cond_broadcast(&b->turned);
	}
	return r;
}

/* ------------------------------------------------------------------ the clock */

void bench_hold(struct bench *b)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += HOLD_MAX_S;
	while (b->owed && !owes)
		if (pthread_cond_timedwait(&b->turned, &b->lock, &limit) == ETIMEDOUT)
			b->owed = 0;
}

static uint64_t next_moment(struct bench *b)
{
	uint64_t d = b->ops->deadline(b->stack);

	return d < b->wake_at ? d : b->wake_at;
}

/* Goes to a moment, lets it happen; false when the stack never comes to rest. */
static bool step(struct bench *b, uint64_t to)
{
	unsigned rounds = 0;

	if (to > b->now)
		b->now = to;
	do {
		b->ops->advance(b->stack, b->now);
		settle(b);
	} while (next_moment(b) <= b->now && ++rounds < SPIN_MAX);
	if (rounds == SPIN_MAX)
		fprintf(stderr, "%s: its deadline stays in the past\n", b->ops->name);
	return rounds < SPIN_MAX;
}

void bench_run_until(struct bench *b, uint64_t target)
{
	while (next_moment(b) <= target) {
		if (!step(b, next_moment(b)))
			break;
		bench_hold(b);
	}
	if (target > b->now)
		b->now = target;
}

uint64_t bench_read_clock(struct bench *b)
{
	if (owes) {
		owes = false;
		b->owed -= b->owed > 0;
		pthread_cond_broadcast(&b->turned);
	} else {
		bench_hold(b);
		bench_run_until(b, b->now + 1000);
	}
	return b->now;
}

/* ------------------------------------------------------------------ packets */

void bench_inject(struct bench *b, const void *packet, size_t n)
{
	bench_hold(b);
	b->ops->input(b->stack, packet, n, b->now);
}

size_t bench_take_now(struct bench *b, void *packet, size_t cap, uint64_t *sent_at)
{
	struct bench_packet *p = b->first;
	size_t n;

	if (!p || p->n > cap)
		return 0;
	b->first = p->next;
	if (!b->first)
		b->last = NULL;
	n = p->n;
	memcpy(packet, p->octets, n);
	*sent_at = p->sent_at;
	free(p);
	return n;
}

size_t bench_take(struct bench *b, void *packet, size_t cap, uint64_t *sent_at)
{
	uint64_t limit = b->now + PATIENCE;

	bench_hold(b);
	settle(b);
	while (!b->first && next_moment(b) <= limit) {
		if (!step(b, next_moment(b)))
			return 0;
		bench_hold(b);
	}
	return bench_take_now(b, packet, cap, sent_at);
}
