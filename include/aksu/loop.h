/* SPDX-License-Identifier: MIT */
/*
 * aksu/loop.h - the hosted side: memory, time, entropy and an event loop, for Linux.
 *
 * Everything here can be left out or replaced: the core asks for none of it. A whole server is
 *
 *      dev = aksu_device_open(&device_config, &why);    aksu/device.h: TUN, TAP, AF_PACKET
 *      aksu_device_up(dev, 0, &why);
 *      aksu_device_host(dev, &host, 24, &why);          the kernel's side gets its address
 *      loop = aksu_loop_new(&loop_config, &why);        its stack, its callbacks
 *      link = aksu_loop_add(loop, dev, aksu_device_fd(dev));
 *      aksu_addr_add(stack, link, &address, 24);        ours
 *      aksu_loop_run(loop);
 *
 * What fails says in words what is wrong and what would help: struct aksu_reason.
 */
#ifndef AKSU_LOOP_H
#define AKSU_LOOP_H

#include <aksu/device.h>
#include <aksu/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ memory, time, entropy */

/** malloc() and free(). */
struct aksu_allocator aksu_malloc_allocator(void);

/** Nanoseconds of CLOCK_MONOTONIC: stands still while the machine sleeps (see port/clock.c). */
aksu_time aksu_clock_now(void);

/** n octets from the kernel's generator; false only on a kernel that has none. */
bool aksu_entropy(void *out, size_t n);

/* ------------------------------------------------------------------ the loop */

struct aksu_loop;

/** Callbacks run in the thread of aksu_loop_run(), and may call everything of aksu/socket.h. Each
 * may be NULL. */
struct aksu_loop_config {
	size_t size; /**< sizeof(struct aksu_loop_config) */
	struct aksu *stack;
	void *ctx;
	/** A socket can do more than before (aksu_next_ready()). */
	void (*ready)(void *ctx, const struct aksu_ready *ready, aksu_time now);
	/** Once in every turn, after frames went out and before the loop sleeps. */
	void (*turn)(void *ctx, aksu_time now);
	/**
	 * One of `signals` came; they are blocked in the calling thread from aksu_loop_new() on.
	 */
	void (*on_signal)(void *ctx, int signal, aksu_time now);
	const int *signals;
	size_t signal_count;
};

struct aksu_loop_counters {
	uint64_t turns;   /**< times round */
	uint64_t sleeps;  /**< of these, how often nothing was left to do */
	uint64_t blocked; /**< times a device took fewer frames than it was given */
};

/** NULL, and why. The config is copied, `signals` is read now; the stack must outlive the loop. */
struct aksu_loop *aksu_loop_new(const struct aksu_loop_config *config, struct aksu_reason *why);

/**
 * Forgets the loop; what no device took goes back to the stack. Devices stay open. NULL is fine.
 */
void aksu_loop_free(struct aksu_loop *loop);

enum { AKSU_LOOP_LINKS = 16 };

/**
 * Adds a device, which must outlive the loop, as a link of the stack and returns the link's number.
 * `fd` says when it can be read or written; -1 for a device that announces itself by next_at()
 * alone. -AKSU_ENOBUFS (AKSU_LOOP_LINKS), -AKSU_ENOMEM, and what aksu_link_add() says.
 */
int aksu_loop_add(struct aksu_loop *loop, struct aksu_device *dev, int fd);

/** Runs until aksu_loop_stop(): 0; or until a device is gone: its error, negated. */
int aksu_loop_run(struct aksu_loop *loop);

/** Lets aksu_loop_run() return after this turn. From any thread, and from signal handlers. */
void aksu_loop_stop(struct aksu_loop *loop);

/** Makes the loop take a turn now. From any thread, and from signal handlers. */
void aksu_loop_wake(struct aksu_loop *loop);

/** The loop takes a turn at `when` at the latest; AKSU_NEVER: no alarm. The last call counts. */
void aksu_loop_alarm(struct aksu_loop *loop, aksu_time when);

const struct aksu_loop_counters *aksu_loop_counters(const struct aksu_loop *loop);

#ifdef __cplusplus
}
#endif
#endif
