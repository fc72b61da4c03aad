/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/bench.h - a TCP under test on a virtual clock, with calls that may block.
 *
 * One lock holds everything. The clock moves when someone sleeps, asks for the time or waits for a
 * packet; at each deadline on the way the stack's timers run, and what it sends is queued with that
 * moment. A call that must wait really sleeps; when it can go on, the clock stands still until its
 * thread has looked at it. Nothing here knows packetdrill's table, or any one stack.
 */
#ifndef TESTS_PACKETDRILL_BENCH_H
#define TESTS_PACKETDRILL_BENCH_H

#include "under_test.h"
#include <pthread.h>
#include <stdbool.h>

/** Descriptors below this can be sockets: as many as a process may open by default. */
enum { BENCH_FDS = 1024 };

struct bench_packet;

struct bench_socket {
	bool open, nonblocking, connecting, connected;
	under_test_socket name;
};

struct bench {
	const struct under_test *ops;
	void *stack;
	uint64_t now;
	pthread_mutex_t lock;
	pthread_cond_t turned;
	uint64_t turn;    /**< counts up whenever a waiting call should look again */
	unsigned waiting; /**< calls that sleep */
	unsigned looking; /**< those of them that were woken and have not decided yet */
	unsigned owed;    /**< calls that came back and whose thread has not read the clock yet */
	uint64_t wake_at; /**< when the earliest waiting call gives up */
	struct bench_packet *first, *last;
	bool strict; /**< packets that nobody took are a failure */
	struct bench_socket socket[BENCH_FDS];
};

/** Makes the bench and its stack. */
void bench_open(struct bench *b, const struct under_test *ops, const char *flags);
/** Ends both; false if it is strict and packets were left. */
bool bench_close(struct bench *b);

/* All below: the lock is taken by bench_enter() and given back by bench_leave(). */
void bench_enter(struct bench *b);
/** Takes what the stack has to say, wakes who can go on, and returns its argument. */
int64_t bench_leave(struct bench *b, int64_t result);

/** The socket of a descriptor, or NULL. */
struct bench_socket *bench_socket(struct bench *b, int fd);
/** A descriptor for a socket of the stack: a real one of the kernel's. -EMFILE. */
int bench_new_fd(struct bench *b, under_test_socket name);
void bench_end_fd(struct bench *b, int fd);

/** Something that may have to wait: -EAGAIN as long as it must. */
typedef int64_t bench_attempt(struct bench *b, void *what);

/**
 * Tries, and if `block` sleeps until it can; gives up at `until` with what the attempt says then.
 */
int64_t bench_await(struct bench *b, bool block, uint64_t until, bench_attempt *attempt,
		    void *what);

/** Waits until no call that came back still has to read the clock. */
void bench_hold(struct bench *b);
/** Moves the clock, letting happen what is due meanwhile. */
void bench_run_until(struct bench *b, uint64_t target);
/** The time for a caller: the clock creeps by a microsecond, so that who spins on it gets on. */
uint64_t bench_read_clock(struct bench *b);

/** A packet for the stack. */
void bench_inject(struct bench *b, const void *packet, size_t n);
/** The next packet that was sent already: its length, or 0. */
size_t bench_take_now(struct bench *b, void *packet, size_t cap, uint64_t *sent_at);
/** The next packet from the stack, waiting for it in virtual time: its length, 0: none will come.
 */
size_t bench_take(struct bench *b, void *packet, size_t cap, uint64_t *sent_at);

#endif
