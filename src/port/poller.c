/* SPDX-License-Identifier: MIT */
/*
 * port/poller.c - epoll(7) with three corners rounded off.
 *
 *   a regular file     epoll refuses it (EPERM); it is always ready, and told in every turn
 *   a hang-up          is reported for ever, asked for or not; it is told once, as what was asked
 *                      for, and unless the callback made it go away the watch rests
 *   a watch that ends  in a callback, or whose descriptor has a new owner by now, may still stand
 *                      in the batch: its generation does not match, and it is passed over
 *
 * One system call for a turn: epoll_pwait2(2), whose timeout is in nanoseconds.
 */
#include "port/poller.h"

#include <errno.h>
#include <limits.h>
#include <linux/time_types.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WANTABLE ((uint32_t)(AKSU_READABLE | AKSU_WRITABLE))

int poller_init(struct poller *p)
{
	*p = (struct poller){.fd = epoll_create1(EPOLL_CLOEXEC)};
	return p->fd < 0 ? errno : 0;
}

void poller_fini(struct poller *p)
{
	close(p->fd);
	free(p->watches);
}

/* ------------------------------------------------------------------ the table */

static struct watch *watch_at(const struct poller *p, int fd)
{
	return fd >= 0 && (size_t)fd < p->cap ? &p->watches[fd] : NULL;
}

enum watch_state poller_state(const struct poller *p, int fd)
{
	const struct watch *w = watch_at(p, fd);

	return w ? w->state : WATCH_NONE;
}

static bool grow(struct poller *p, int fd)
{
	size_t cap = p->cap ? p->cap : 16;
	struct watch *watches;

	while (cap <= (size_t)fd)
		cap *= 2;
	if (cap == p->cap)
		return true;
	watches = realloc(p->watches, cap * sizeof(*watches));
	if (!watches)
		return false;
	memset(watches + p->cap, 0, (cap - p->cap) * sizeof(*watches));
	p->watches = watches;
	p->cap = cap;
	return true;
}

static void count_always(struct poller *p, const struct watch *w, int step)
{
	if (w->state == WATCH_ALWAYS && w->wanted)
		p->always += (size_t)step;
}

static int control(const struct poller *p, int fd, int operation, const struct watch *w)
{
	struct epoll_event e = {
		.events = (w->wanted & AKSU_READABLE ? EPOLLIN : 0) |
			  (w->wanted & AKSU_WRITABLE ? EPOLLOUT : 0),
		.data.u64 = (uint64_t)w->generation << 32 | (uint32_t)fd,
	};

	return epoll_ctl(p->fd, operation, fd, &e) < 0 ? errno : 0;
}

/* Brings epoll in line with the watch. A descriptor that was closed behind our back is gone from
 * epoll (ENOENT), one that lives on in a duplicate is not (EEXIST). */
static int arm(const struct poller *p, int fd, struct watch *w)
{
	bool there = w->state == WATCH_ARMED;
	int error = control(p, fd, there ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, w);

	if (there && error == ENOENT)
		error = control(p, fd, EPOLL_CTL_ADD, w);
	else if (error == EEXIST)
		error = control(p, fd, EPOLL_CTL_MOD, w);
	w->state = error == 0 ? WATCH_ARMED : error == EPERM ? WATCH_ALWAYS : WATCH_NONE;
	switch (error) {
	case 0:
	case EPERM: return 0;
	case ENOMEM: return -AKSU_ENOMEM;
	case ENOSPC: return -AKSU_ENOBUFS;
	case EBADF: return -AKSU_EBADF;
	default: return -AKSU_EINVAL;
	}
}

int poller_watch(struct poller *p, int fd, uint32_t events, poller_told *told, void *ctx)
{
	struct watch *w;
	bool same;
	int error;

	if (fd < 0 || !told || events & ~WANTABLE)
		return -AKSU_EINVAL;
	if (!grow(p, fd))
		return -AKSU_ENOMEM;
	w = &p->watches[fd];
	same = w->state != WATCH_NONE && w->told == told && w->ctx == ctx;
	if (same && w->wanted == events && w->state != WATCH_RESTS)
		return 0;
	count_always(p, w, -1);
	if (!same)
		w->generation = ++p->generation;
	w->told = told;
	w->ctx = ctx;
	w->wanted = events;
	error = arm(p, fd, w);
	count_always(p, w, 1);
	return error;
}

static void take_out(const struct poller *p, int fd)
{
	/* It may be closed already; then it is out. */
	(void)epoll_ctl(p->fd, EPOLL_CTL_DEL, fd, NULL);
}

void poller_unwatch(struct poller *p, int fd)
{
	struct watch *w = watch_at(p, fd);

	if (!w)
		return;
	count_always(p, w, -1);
	if (w->state == WATCH_ARMED)
		take_out(p, fd);
	*w = (struct watch){0};
}

/* ------------------------------------------------------------------ sleeping */

static int wait_coarsely(struct poller *p, aksu_time left)
{
	aksu_time ms = left / AKSU_MILLISECOND + (left % AKSU_MILLISECOND != 0);

	return epoll_wait(p->fd, p->got, POLLER_BATCH,
			  left == AKSU_NEVER ? -1
			  : ms > INT_MAX     ? INT_MAX
					     : (int)ms);
}

static int wait_finely(struct poller *p, aksu_time left)
{
	struct __kernel_timespec timeout = {
		.tv_sec = (__kernel_time64_t)(left / AKSU_SECOND),
		.tv_nsec = (long long)(left % AKSU_SECOND),
	};

	/* Not the libc's: it may be older than the kernel, and where time_t has 32 bits it cuts. */
	return (int)syscall(SYS_epoll_pwait2, p->fd, p->got, POLLER_BATCH,
			    left == AKSU_NEVER ? NULL : &timeout, NULL, (size_t)0);
}

void poller_sleep(struct poller *p, aksu_time left)
{
	if (p->always)
		left = 0;
	if (!p->coarse) {
		p->got_count = wait_finely(p, left);
		/* Linux before 5.11, or a sandbox that has not heard of it. */
		p->coarse = p->got_count < 0 && (errno == ENOSYS || errno == EPERM);
	}
	if (p->coarse)
		p->got_count = wait_coarsely(p, left);
	/* Interrupted (-1): nothing is known. */
}

/* ------------------------------------------------------------------ telling */

static bool only_hangs_up(uint32_t events) { return !(events & (EPOLLIN | EPOLLOUT)); }

/* A hang-up was told. If it is all that there is still, epoll is not asked again. */
static void rest(struct poller *p, int fd, uint32_t generation)
{
	struct watch *w = watch_at(p, fd);
	struct pollfd look = {.fd = fd};

	if (!w || w->generation != generation || w->state != WATCH_ARMED)
		return;
	look.events = (short)((w->wanted & AKSU_READABLE ? POLLIN : 0) |
			      (w->wanted & AKSU_WRITABLE ? POLLOUT : 0));
	if (poll(&look, 1, 0) != 1 || look.revents & (POLLIN | POLLOUT))
		return;
	take_out(p, fd);
	w->state = WATCH_RESTS;
}

static void tell(struct poller *p, const struct epoll_event *e, aksu_time now)
{
	uint32_t generation = (uint32_t)(e->data.u64 >> 32), say;
	int fd = (int)(uint32_t)e->data.u64;
	const struct watch *w = watch_at(p, fd);

	if (!w || w->state != WATCH_ARMED || w->generation != generation)
		return;
	say = (e->events & EPOLLIN ? AKSU_READABLE : 0) |
	      (e->events & EPOLLOUT ? AKSU_WRITABLE : 0);
	if (only_hangs_up(e->events))
		say = WANTABLE;
	if (say & w->wanted)
		w->told(w->ctx, fd, say & w->wanted, now);
	if (only_hangs_up(e->events))
		rest(p, fd, generation);
}

static void tell_always(struct poller *p, aksu_time now)
{
	for (size_t fd = 0; p->always && fd < p->cap; fd++) {
		const struct watch *w = &p->watches[fd];

		if (w->state == WATCH_ALWAYS && w->wanted)
			w->told(w->ctx, (int)fd, w->wanted, now);
	}
}

void poller_tell(struct poller *p, aksu_time now)
{
	int count = p->got_count;

	p->got_count = 0;
	for (int i = 0; i < count; i++)
		tell(p, &p->got[i], now);
	tell_always(p, now);
}
