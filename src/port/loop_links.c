/* SPDX-License-Identifier: MIT */
/*
 * port/loop_links.c - the loop's devices: added, replaced, followed, lost and removed.
 *
 * All of it may happen in a callback: callbacks run while no link is being walked, except that
 * links_gone() calls one itself. It knows when a device needs attention; frames are loop.c's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port/loop_inside.h"
#include "port/netlink.h"
#include "port/reason.h"

/* A descriptor that hung up while its device says that it lives is tried again after this. */
#define REVIVE (10 * AKSU_MILLISECOND)

/* ------------------------------------------------------------------ watching */

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
	/* Should it fail, the device is tried again after the next turn: links_arm(). */
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

static struct loop_link *find(const struct aksu_loop *loop, int link)
{
	for (size_t i = 0; i < loop->link_count; i++)
		if (loop->links[i]->link == link)
			return loop->links[i];
	return NULL;
}

/* Frames that were made for another device, or for none: they count as lost on the way. */
static void give_back(struct loop_link *l)
{
	aksu_tx_done(l->loop->config.stack, l->tx + l->held_at, l->held - l->held_at);
	l->held_at = l->held = 0;
	l->blocked = false;
}

static void leave_fd(struct loop_link *l)
{
	poller_unwatch(&l->loop->poller, l->fd);
	(void)timers_set(&l->loop->timers, &l->revive, AKSU_NEVER);
}

/* ------------------------------------------------------------------ replacing, removing */

static size_t none_send(struct aksu_device *dev, const struct aksu_tx *tx, size_t n, aksu_time now)
{
	(void)dev, (void)tx, (void)now;
	return n;
}

static size_t none_receive(struct aksu_device *dev, struct aksu_rx *rx, size_t cap, aksu_time now)
{
	(void)dev, (void)rx, (void)cap, (void)now;
	return 0;
}

static aksu_time none_next_at(const struct aksu_device *dev)
{
	(void)dev;
	return AKSU_NEVER;
}

static void none_close(struct aksu_device *dev) { (void)dev; }

static const struct aksu_device_ops none_ops = {
	.send = none_send,
	.receive = none_receive,
	.next_at = none_next_at,
	.close = none_close,
};

static void use(struct loop_link *l, struct aksu_device *dev, int fd)
{
	leave_fd(l);
	give_back(l);
	l->dev = dev;
	l->fd = fd;
	l->followed = NULL;
	l->lost = false;
	l->readable = true;
}

int aksu_loop_replace(struct aksu_loop *loop, int link, struct aksu_device *dev, int fd)
{
	struct loop_link *l = find(loop, link);
	int error = 0;

	if (!l)
		return -AKSU_ENOENT;
	if (!dev) {
		l->none = (struct aksu_device){.ops = &none_ops};
		use(l, &l->none, -1);
		return 0;
	}
	if (fd != l->fd && poller_state(&loop->poller, fd) != WATCH_NONE)
		return -AKSU_EADDRINUSE;
	if (fd != l->fd && fd >= 0)
		error = poller_watch(&loop->poller, fd, AKSU_READABLE, told_device, l);
	if (!error)
		error = aksu_link_change(loop->config.stack, link, &dev->config, aksu_clock_now());
	if (error && fd != l->fd)
		poller_unwatch(&loop->poller, fd);
	if (error)
		return error;
	use(l, dev, fd);
	return watch_device(l, AKSU_READABLE);
}

int aksu_loop_remove(struct aksu_loop *loop, int link)
{
	struct loop_link *l = find(loop, link);
	size_t at = 0;

	if (!l)
		return -AKSU_ENOENT;
	leave_fd(l);
	give_back(l);
	while (loop->links[at] != l)
		at++;
	loop->link_count--;
	memmove(loop->links + at, loop->links + at + 1,
		(loop->link_count - at) * sizeof(struct loop_link *));
	free(l);
	return aksu_link_remove(loop->config.stack, link);
}

void links_arm(struct aksu_loop *loop, aksu_time now)
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

/* ------------------------------------------------------------------ gone */

int links_gone(struct aksu_loop *loop, aksu_time now)
{
	for (size_t i = 0; i < loop->link_count;) {
		struct loop_link *l = loop->links[i];
		int error = l->dev->error;

		l->lost = error != 0;
		if (error && loop->config.device_gone)
			loop->config.device_gone(loop->config.ctx, l->link, error, now);
		if (i >= loop->link_count || loop->links[i] != l)
			continue; /* it was removed */
		if (l->lost)
			return -error; /* and nobody did anything about it */
		i++;
	}
	return 0;
}

/* ------------------------------------------------------------------ following the interface */

static void look_again(struct loop_link *l, aksu_time now)
{
	struct aksu *s = l->loop->config.stack;
	uint32_t mtu = l->followed->config.mtu;
	bool ran = l->running;

	if (!aksu_device_refresh(l->followed, NULL)) {
		if (l->followed->error)
			l->dev->error = l->followed->error;
		return; /* else it could not be asked now; the next change comes by */
	}
	l->dev->config.mtu = l->followed->config.mtu;
	l->dev->config.queue = l->followed->config.queue;
	l->running = aksu_device_running(l->followed);
	if (l->running && !ran) {
		l->readable = true;
		l->blocked = false;
		(void)aksu_link_change(s, l->link, &l->dev->config, now);
	} else if (l->followed->config.mtu != mtu) {
		(void)aksu_link_set_mtu(s, l->link, l->followed->config.mtu);
	}
}

static void told_netlink(void *ctx, int fd, uint32_t events, aksu_time now)
{
	struct aksu_loop *loop = ctx;

	(void)events;
	/* What exactly changed, and what was lost in between, does not matter: all are read. */
	netlink_drain(fd);
	for (size_t i = 0; i < loop->link_count; i++)
		if (loop->links[i]->followed)
			look_again(loop->links[i], now);
}

static bool open_netlink(struct aksu_loop *loop, struct aksu_reason *why)
{
	int error;

	if (loop->netlink_fd >= 0)
		return true;
	loop->netlink_fd = netlink_listen();
	if (loop->netlink_fd < 0)
		return because(why, "cannot hear of changes of interfaces (rtnetlink): %s",
			       strerror(errno));
	error = poller_watch(&loop->poller, loop->netlink_fd, AKSU_READABLE, told_netlink, loop);
	if (!error)
		return true;
	close(loop->netlink_fd);
	loop->netlink_fd = -1;
	return because(why, "epoll: %s", aksu_strerror(error));
}

bool aksu_loop_follow(struct aksu_loop *loop, int link, struct aksu_device *device,
		      struct aksu_reason *why)
{
	struct loop_link *l = find(loop, link);

	if (!l)
		return because(why, "the loop has no link %d", link);
	if (!open_netlink(loop, why))
		return false;
	l->followed = device;
	l->running = aksu_device_running(device);
	look_again(l, aksu_clock_now()); /* what changed before we listened */
	return true;
}
