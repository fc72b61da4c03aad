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

/**
 * malloc() and free(). glibc gives what a stream took back to the kernel as soon as it was read,
 * and the next one pays for its pages again: a program that carries much does well to say
 * mallopt(M_TRIM_THRESHOLD, budget) once, as `aksu` does.
 */
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
	/**
	 * A device is gone (`error` is its dev->error): aksu_loop_replace() it, if need be by none
	 * for now, or aksu_loop_remove() the link; else the loop ends with the error, as it does
	 * without this callback.
	 */
	void (*device_gone)(void *ctx, int link, int error, aksu_time now);
	/**
	 * The machine slept for so long, and the stack has taken up its work again (aksu_resume()).
	 */
	void (*resumed)(void *ctx, aksu_time slept, aksu_time now);
};

struct aksu_loop_counters {
	uint64_t turns;   /**< times round */
	uint64_t sleeps;  /**< of these, how often nothing was left to do */
	uint64_t blocked; /**< times a device took fewer frames than it was given */
};

/** NULL, and why. The config is copied, `signals` is read now; the stack must outlive the loop. */
struct aksu_loop *aksu_loop_new(const struct aksu_loop_config *config, struct aksu_reason *why);

/**
 * Forgets the loop; what no device took goes back to the stack. Devices and watched descriptors
 * stay open. Not from a callback. NULL is fine.
 *
 * After fork() the loop belongs to the parent: the child may free it (and its own copy of the
 * stack), which leaves the parent's untouched, or call exec (every descriptor closes by itself),
 * and nothing else.
 */
void aksu_loop_free(struct aksu_loop *loop);

enum { AKSU_LOOP_LINKS = 16 };

/**
 * Adds a device, which must outlive the loop, as a link of the stack and returns the link's number.
 * `fd` says when it can be read or written; -1 for a device that announces itself by next_at()
 * alone. -AKSU_ENOBUFS (AKSU_LOOP_LINKS), -AKSU_EADDRINUSE (the descriptor is watched already),
 * -AKSU_ENOMEM, and what aksu_loop_watch() and aksu_link_add() say.
 */
int aksu_loop_add(struct aksu_loop *loop, struct aksu_device *dev, int fd);

/**
 * The link goes on with another device (aksu_link_change()): connections survive, what the old one
 * had not taken is lost. NULL and -1: with none for now, and what is sent is lost. The old device
 * may be closed before or after; it is not followed any more. -AKSU_ENOENT (no such link), and as
 * aksu_loop_add(): the old device stays.
 */
int aksu_loop_replace(struct aksu_loop *loop, int link, struct aksu_device *dev, int fd);

/** Removes a link from the loop and from the stack (aksu_link_remove()). -AKSU_ENOENT. */
int aksu_loop_remove(struct aksu_loop *loop, int link);

/**
 * Keeps the link as its network interface is, from what the kernel tells (rtnetlink): its MTU, that
 * it is up again after it was down (what TCP backs off from is then tried at once), that it was
 * deleted (config.device_gone()). While it is down frames are lost, and counted by the device.
 *
 * `device` is the one of aksu_device_open(), where the link's own is a decorator around it.
 * False, and why.
 */
bool aksu_loop_follow(struct aksu_loop *loop, int link, struct aksu_device *device,
		      struct aksu_reason *why);

/** Runs until aksu_loop_stop(): 0; or until a device is gone for good: its error, negated. */
int aksu_loop_run(struct aksu_loop *loop);

/** Lets aksu_loop_run() return after this turn. From any thread, and from signal handlers. */
void aksu_loop_stop(struct aksu_loop *loop);

/**
 * Makes the loop take a turn now. From any thread, and from signal handlers.
 *
 * Everything else belongs to the loop's thread. Another one hands work over so:
 *
 *      lock; append the work to a queue of yours; unlock; aksu_loop_wake(loop);
 *
 * and config.turn() takes the whole queue under the lock and does it. Several wakes may make one
 * turn.
 */
void aksu_loop_wake(struct aksu_loop *loop);

/* ------------------------------------------------------------------ descriptors of the caller's */

/**
 * Watches a descriptor, which stays the caller's, for AKSU_READABLE | AKSU_WRITABLE (0: a pause);
 * calling again changes what for, and who is told. `told` is called in each turn in which it is
 * ready, with what it is ready for, until it is not (level-triggered): what stays unread is told
 * again.
 *
 * A regular file is always ready. A hang-up or an error is told as all that was asked for, and
 * where it is all that will ever come (a pipe whose other end is closed) only once for each call
 * of this. Unwatch a descriptor before it is closed. -AKSU_EINVAL, -AKSU_EBADF, -AKSU_ENOMEM,
 * -AKSU_ENOBUFS (the user's watches are used up: fs.epoll.max_user_watches).
 */
int aksu_loop_watch(struct aksu_loop *loop, int fd, uint32_t events,
		    void (*told)(void *ctx, int fd, uint32_t events, aksu_time now), void *ctx);

/** Ends it, also from inside `told` or another callback: nothing is told any more. */
void aksu_loop_unwatch(struct aksu_loop *loop, int fd);

/* ------------------------------------------------------------------ timers of the caller's */

/**
 * A timer in the caller's memory, any number of them. Set `fire` and `ctx`, the rest to zero; `at`
 * and `place` are the loop's. It may be freed when it has fired, was set to AKSU_NEVER, or the loop
 * is no more.
 */
struct aksu_loop_timer {
	void (*fire)(void *ctx, aksu_time now); /**< NULL: that there is a turn is all */
	void *ctx;
	aksu_time at; /**< when it fires; AKSU_NEVER after it did */
	size_t place;
};

/**
 * Fires once, at `at` or as soon after as a turn comes, never before; set again, it moves;
 * AKSU_NEVER stops it. -AKSU_ENOMEM, and then it is as it was: never for one that is set already,
 * nor for AKSU_NEVER.
 */
int aksu_loop_timer_set(struct aksu_loop *loop, struct aksu_loop_timer *timer, aksu_time at);

/* ------------------------------------------------------------------ in a loop of the caller's */

/**
 * For a program that has an event loop already. Instead of aksu_loop_run(), it waits until this
 * descriptor is readable, or until aksu_loop_deadline(), and then takes a turn:
 *
 *      poll aksu_loop_fd(loop) until aksu_loop_deadline(loop);   asked anew before each sleep
 *      aksu_loop_turn(loop, 0);
 */
int aksu_loop_fd(const struct aksu_loop *loop);

/** When a turn is due though the descriptor is not readable; 0: at once. */
aksu_time aksu_loop_deadline(const struct aksu_loop *loop);

/**
 * One turn, sleeping for it until `until` at most; 0: does not sleep. Returns 0, or the negated
 * error of a device that is gone and was not replaced. aksu_loop_stop() does not concern it. Not
 * from a callback.
 */
int aksu_loop_turn(struct aksu_loop *loop, aksu_time until);

const struct aksu_loop_counters *aksu_loop_counters(const struct aksu_loop *loop);

#ifdef __cplusplus
}
#endif
#endif
