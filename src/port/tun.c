/* SPDX-License-Identifier: MIT */
/*
 * port/tun.c - TUN and TAP: one IP packet, or Ethernet frame, for each read() and write().
 *
 *      kernel's TCP ── ip ── interface ak0 ══ /dev/net/tun ── this file ── aksu
 *                            A/P given by aksu_device_host()
 *
 * Plain frames without a header of the device's (IFF_NO_PI), non-blocking. A frame that the device
 * cannot take now stays with the caller; one that the kernel calls invalid is lost and counted.
 * Frames are received one behind the other into one arena, so that small ones share cache lines
 * that are warm and any length fits; of an idle device the kernel never backs most of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "port/device.h"
#include "port/netlink.h"
#include "port/reason.h"

enum {
	ARENA = 256 * 1024, /* holds a whole batch of 1,500 octets each, and fits into a cache */
	ALIGN = 64,         /* every frame begins on a cache line */
};

static size_t tun_receive(struct aksu_device *dev, struct aksu_rx *rx, size_t cap, aksu_time now)
{
	struct device *d = device_of(dev);
	size_t n = 0, at = 0;

	(void)now;
	while (n < cap && n < DEVICE_BATCH && at + DEVICE_FRAME_MAX <= ARENA) {
		ssize_t got = read(d->fd, d->arena + at, DEVICE_FRAME_MAX);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			if (errno == EBADFD || errno == ENODEV)
				dev->error = AKSU_ENOENT;
			break;
		}
		d->packet++;
		if (got >= DEVICE_FRAME_MAX) { /* cut off, perhaps */
			d->counters.too_long++;
			continue;
		}
		rx[n++] = (struct aksu_rx){.data = d->arena + at,
					   .len = (uint32_t)got,
					   .segments = 1,
					   .packet = d->packet};
		at += ((size_t)got + ALIGN - 1) / ALIGN * ALIGN;
	}
	d->counters.frames_in += n;
	return n;
}

static enum fate write_frame(struct device *d, const struct aksu_tx *tx, aksu_time now)
{
	struct iovec iov[1 + AKSU_TX_PIECES];
	int n = 0;
	ssize_t done;

	/* writev() reads only; its type does not say so. */
	iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)tx->head, .iov_len = tx->head_len};
	for (unsigned i = 0; i < tx->pieces; i++)
		iov[n++] = (struct iovec){.iov_base = (void *)(uintptr_t)tx->piece[i].data,
					  .iov_len = tx->piece[i].len};
	do
		done = writev(d->fd, iov, n);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return device_failed_send(d, errno, now);
	d->counters.frames_out++;
	return TAKEN;
}

static size_t tun_send(struct aksu_device *dev, const struct aksu_tx *tx, size_t n, aksu_time now)
{
	struct device *d = device_of(dev);
	size_t i = 0;

	d->retry_at = AKSU_NEVER;
	while (i < n && write_frame(d, &tx[i], now) != KEPT)
		i++;
	return i;
}

static aksu_time tun_next_at(const struct aksu_device *dev)
{
	return ((const struct device *)dev)->retry_at;
}

static void tun_close(struct aksu_device *dev)
{
	struct device *d = device_of(dev);

	close(d->fd);
	free(d->arena);
	free(d);
}

static const struct aksu_device_ops tun_ops = {
	.send = tun_send,
	.receive = tun_receive,
	.next_at = tun_next_at,
	.close = tun_close,
};

static bool cannot_open(int error, struct aksu_reason *why)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return because(why, "there is no /dev/net/tun: load the module (modprobe tun), or "
				    "give the container the device (--device /dev/net/tun)");
	case EACCES:
	case EPERM:
		return because(why, "not allowed to open /dev/net/tun: run as root, or let root do "
				    "chmod 0666 /dev/net/tun");
	default: return because(why, "/dev/net/tun: %s", strerror(error));
	}
}

static const char *mode_of(const struct device *d)
{
	return d->kind == AKSU_DEVICE_TAP ? "tap" : "tun";
}

/* The interface is there, and the kernel does not give it to us as what we want. */
static bool is_another_kind(const struct device *d, const char *name, struct aksu_reason *why)
{
	struct netlink_link have;
	bool tap;

	if (netlink_link_get(if_nametoindex(name), &have) != 0 || strcmp(have.kind, "tun") != 0)
		return because(why,
			       "the interface %s exists and is not a plain %s device: choose "
			       "another name, or, to use it as it is, --link packet:%s",
			       name, d->kind == AKSU_DEVICE_TAP ? "TAP" : "TUN", name);
	tap = have.type == ARPHRD_ETHER;
	if (tap == (d->kind == AKSU_DEVICE_TAP))
		return because(why,
			       "the interface %s was made for several queues at once: make it "
			       "without (ip tuntap add %s mode %s)",
			       name, name, mode_of(d));
	return because(why,
		       "the interface %s exists and is a %s device: --link %s:%s, or choose "
		       "another name",
		       name, tap ? "TAP" : "TUN", tap ? "tap" : "tun", name);
}

static bool cannot_attach(const struct device *d, int error, const char *name,
			  struct aksu_reason *why)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return because(why,
			       "not allowed to make the interface %s: run as root (CAP_NET_ADMIN), "
			       "in a namespace of your own (unshare -Urn), or on one made for you "
			       "(ip tuntap add %s mode %s user $USER)",
			       name, name, mode_of(d));
	case EBUSY:
		return because(why,
			       "the interface %s is in use by another program: stop it, or choose "
			       "another name",
			       name);
	case EINVAL: return is_another_kind(d, name, why);
	default: return because(why, "the interface %s: %s", name, strerror(error));
	}
}

bool tun_attach(struct device *d, const struct aksu_device_config *config, struct aksu_reason *why)
{
	bool tap = d->kind == AKSU_DEVICE_TAP;
	struct ifreq request = {.ifr_flags = (short)((tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI)};

	d->dev.ops = &tun_ops;
	d->arena = malloc(ARENA);
	if (!d->arena)
		return because(why, "no memory for the frames of %s", config->name);
	memcpy(request.ifr_name, config->name, strlen(config->name));
	d->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (d->fd < 0)
		return cannot_open(errno, why);
	if (ioctl(d->fd, TUNSETIFF, &request) < 0)
		return cannot_attach(d, errno, config->name, why);
	return true;
}
