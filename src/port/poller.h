/* SPDX-License-Identifier: MIT */
/*
 * port/poller.h - which descriptors can be read or written, by epoll(7), and who is told.
 *
 * Level-triggered: what a callback leaves is told again in the next turn, so that no device and no
 * caller has to drain a descriptor. Watches lie in a table by descriptor; what epoll reports
 * carries the watch's generation, so that a callback may end any watch, also one whose turn would
 * be next. It knows nothing of devices, stacks or time.
 */
#ifndef AKSU_PORT_POLLER_H
#define AKSU_PORT_POLLER_H

#include <sys/epoll.h>

#include <aksu/loop.h>

enum { POLLER_BATCH = 64 }; /* told in one turn; the kernel gives the others their turn next */

typedef void poller_told(void *ctx, int fd, uint32_t events, aksu_time now);

enum watch_state {
	WATCH_NONE,
	WATCH_ARMED,
	WATCH_ALWAYS, /* a regular file: epoll refuses it, and it never makes anybody wait */
	WATCH_RESTS,  /* it hung up, that was told, and nothing else will ever come of it */
};

struct watch {
	poller_told *told;
	void *ctx;
	uint32_t wanted; /* AKSU_READABLE | AKSU_WRITABLE */
	uint32_t generation;
	enum watch_state state;
};

struct poller {
	int fd;
	bool coarse; /* the kernel has no epoll_pwait2(2): sleeps end up to a millisecond late */
	struct watch *watches; /* by descriptor */
	size_t cap;
	size_t always; /* watches that are always ready and wanted */
	uint32_t generation;
	int got_count;
	struct epoll_event got[POLLER_BATCH];
};

/* 0 or an errno. */
int poller_init(struct poller *p);

/* Closes its own descriptor and no other: a child of fork() may do it too. */
void poller_fini(struct poller *p);

/*
 * As aksu_loop_watch(). Changing nothing costs no system call; a watch that rests is tried again.
 */
int poller_watch(struct poller *p, int fd, uint32_t events, poller_told *told, void *ctx);
void poller_unwatch(struct poller *p, int fd);
enum watch_state poller_state(const struct poller *p, int fd);

/* Sleeps until something is ready, for `left` nanoseconds at most; never wakes too early. */
void poller_sleep(struct poller *p, aksu_time left);

/* Tells what the last sleep found. */
void poller_tell(struct poller *p, aksu_time now);

#endif
