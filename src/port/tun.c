/* SPDX-License-Identifier: MIT */
/*
 * port/tun.c - TUN and TAP: one IP packet, or Ethernet frame, for each read() and write().
 *
 *      kernel's TCP ── ip ── interface ak0 ══ /dev/net/tun ── this file ── aksu
 *                            A/P given by aksu_device_host()
 *
 * Without the device's own header (IFF_NO_PI), with a virtio_net_hdr where the kernel has that:
 * then the kernel hands over TCP of up to 64 KiB that it did not cut, and cuts what it is given.
 * A frame that the device cannot take now stays with the caller; one that the kernel calls invalid
 * is lost and counted. Frames are received one behind the other into one arena, so that small ones
 * share cache lines that are warm and any length fits; of an idle device the kernel never backs
 * most of it.
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
	ROOM = VIRTIO_LEN + DEVICE_FRAME_MAX + 1, /* one more: a frame that is cut off is seen */
};

static size_t tun_receive(struct aksu_device *dev, struct aksu_rx *rx, size_t cap, aksu_time now)
{
	struct device *d = device_of(dev);
	size_t n = 0, at = 0;

	(void)now;
	while (n < cap && n < DEVICE_BATCH && at + ROOM <= ARENA) {
		ssize_t got = read(d->fd, d->arena + at, ROOM);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			if (errno == EBADFD || errno == ENODEV)
				dev->error = AKSU_ENOENT;
			break;
		}
		if (device_take(d, d->arena + at, (size_t)got, &rx[n])) {
			at += ((size_t)got + ALIGN - 1) / ALIGN * ALIGN;
			n++;
		}
	}
	return n;
}

static enum fate write_frame(struct device *d, const struct aksu_tx *tx, aksu_time now)
{
	struct iovec iov[DEVICE_IOV];
	uint8_t header[VIRTIO_LEN];
	bool uncut;
	unsigned n = device_gather(d, tx, header, iov, &uncut);
	ssize_t done;

	do
		done = writev(d->fd, iov, (int)n);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return device_failed_send(d, errno, now);
	d->counters.frames_out++;
	d->counters.uncut_out += uncut;
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

static const struct aksu_device_ops tun_ops = {
	.send = tun_send,
	.receive = tun_receive,
	.next_at = device_next_at,
	.close = device_close,
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

	if (netlink_link_find(name, &have) != 0 || strcmp(have.kind, "tun") != 0)
		return because(why,
			       "the interface %s exists and is not a plain %s device: choose "
			       "another name%s%s",
			       name, d->kind == AKSU_DEVICE_TAP ? "TAP" : "TUN",
			       have.type == ARPHRD_ETHER
				       ? ", or, to use it as it is, --link packet:"
				       : "",
			       have.type == ARPHRD_ETHER ? name : "");
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

/*
 * What the kernel may leave undone in the frames that it hands to us; fewer things where it is too
 * old for more. Said also when it is nothing: an interface that stays remembers the last program's
 * wishes. UDP (TUN_F_USO4, USO6) is not taken: the core knows no merged datagrams.
 */
static void choose_offloads(const struct device *d)
{
	static const unsigned levels[] = {
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
		TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
		TUN_F_CSUM,
		0,
	};
	int length = VIRTIO_LEN;

	if (!d->vnet) {
		ioctl(d->fd, TUNSETOFFLOAD, 0);
		return;
	}
	ioctl(d->fd, TUNSETVNETHDRSZ, &length); /* who has not that has no other length */
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (ioctl(d->fd, TUNSETOFFLOAD, levels[i]) == 0)
			return;
}

static bool has_vnet(const struct device *d)
{
	unsigned features;

	return ioctl(d->fd, TUNGETFEATURES, &features) == 0 && (features & IFF_VNET_HDR);
}

bool tun_attach(struct device *d, const struct aksu_device_config *config, struct aksu_reason *why)
{
	struct ifreq request = {.ifr_flags = IFF_NO_PI};

	d->dev.ops = &tun_ops;
	d->arena = malloc(ARENA);
	if (!d->arena)
		return because(why, "no memory for the frames of %s", config->name);
	d->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (d->fd < 0)
		return cannot_open(errno, why);
	d->vnet = !config->plain && has_vnet(d);
	request.ifr_flags |= (short)(d->kind == AKSU_DEVICE_TAP ? IFF_TAP : IFF_TUN);
	if (d->vnet)
		request.ifr_flags |= IFF_VNET_HDR;
	memcpy(request.ifr_name, config->name, strlen(config->name));
	if (ioctl(d->fd, TUNSETIFF, &request) < 0)
		return cannot_attach(d, errno, config->name, why);
	choose_offloads(d);
	return true;
}
