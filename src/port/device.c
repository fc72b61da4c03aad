/* SPDX-License-Identifier: MIT */
/*
 * port/device.c - the interface of a device: opened, brought up, addressed, read again.
 *
 * Shared by the three kinds; what a frame looks like and how it comes and goes is the business of
 * port/tun.c and port/packet.c. What overflows on the kernel's side of a TUN or TAP device (its
 * transmit queue, QUEUE_FRAMES) is lost without a word: the offered windows have to respect that,
 * so the length of the queue is told in config.queue.
 */
#include "port/device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port/netlink.h"
#include "port/reason.h"

enum {
	QUEUE_FRAMES = 2048, /* the interface's queue towards us: 3 MB, twelve windows of 256 KiB */
	PATIENCE_MS = 1000,  /* for what the kernel does behind our back: routes, queues */
	LOWER_UP = 1 << 16,  /* IFF_LOWER_UP: a carrier; only the kernel's <linux/if.h> has it */
	IP_MTU_MAX = 65535,  /* the loopback interface has more */
	IPV6_MTU_MIN = 1280, /* RFC 8200 section 5 */
};

/* ------------------------------------------------------------------ open */

/* The kernel takes a name with % for a pattern; blanks and slashes it refuses. */
static bool name_is_good(const char *name)
{
	size_t n = name ? strlen(name) : 0;

	if (n == 0 || n >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~' || strchr("/:%", name[i]))
			return false;
	return strcmp(name, "all") != 0 && strcmp(name, "default") != 0; /* the kernel's own */
}

/*
 * The station at our end of a TAP device. It must differ from the interface's own, which is the
 * kernel's station, and must not change while the interface stays, or neighbours remember a dead
 * one: so it is the interface's with two bits turned in its first octet, where addresses given out
 * in a row do not differ, and marked as locally administered (RFC 9542 section 2.1).
 */
static void choose_mac(const uint8_t kernel[6], uint8_t ours[6])
{
	memcpy(ours, kernel, 6);
	ours[0] = (uint8_t)(((kernel[0] ^ 0x44) | 0x02) & ~0x01);
}

static bool attach(struct device *d, const struct aksu_device_config *config,
		   struct aksu_reason *why)
{
	struct netlink_link have;
	int error;

	switch (d->kind) {
	case AKSU_DEVICE_TUN:
	case AKSU_DEVICE_TAP:
		if (!tun_attach(d, config, why))
			return false;
		break;
	case AKSU_DEVICE_PACKET:
		if (!packet_attach(d, config, why))
			return false;
		break;
	}
	memcpy(d->name, config->name, strlen(config->name));
	error = netlink_link_find(config->name, &have);
	d->index = have.index;
	if (error)
		return because(why, "the interface %s: %s", d->name, strerror(error));
	if (d->kind != AKSU_DEVICE_TUN)
		d->dev.config.kind = AKSU_LINK_ETHERNET;
	if (d->kind == AKSU_DEVICE_TAP)
		choose_mac(have.mac, d->dev.config.mac);
	if (d->kind == AKSU_DEVICE_PACKET)
		memcpy(d->dev.config.mac, have.mac, sizeof(have.mac));
	if (d->vnet)
		d->dev.config.features |= AKSU_LINK_RX_CSUM;
	if (d->vnet && !config->plain)
		d->dev.config.features |= AKSU_LINK_TX_CSUM | AKSU_LINK_TX_TSO;
	return aksu_device_refresh(&d->dev, why);
}

struct aksu_device *aksu_device_open(const struct aksu_device_config *config,
				     struct aksu_reason *why)
{
	struct device *d;

	if (!name_is_good(config->name)) {
		because(why,
			"'%s' cannot name an interface: 1 to 15 characters of ASCII without "
			"blanks, '/', ':' or '%%', and not all or default",
			config->name ? config->name : "");
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		because(why, "no memory");
		return NULL;
	}
	d->kind = config->kind;
	d->fd = -1;
	d->retry_at = AKSU_NEVER;
	d->dev.config.size = sizeof(d->dev.config);
	d->dev.config.kind = AKSU_LINK_IP;
	if (attach(d, config, why))
		return &d->dev;
	device_close(&d->dev);
	return NULL;
}

int aksu_device_fd(const struct aksu_device *dev) { return ((const struct device *)dev)->fd; }

const struct aksu_device_counters *aksu_device_counters(const struct aksu_device *dev)
{
	return &((const struct device *)dev)->counters;
}

/* ------------------------------------------------------------------ state */

bool aksu_device_running(const struct aksu_device *dev)
{
	return ((const struct device *)dev)->running;
}

bool aksu_device_refresh(struct aksu_device *dev, struct aksu_reason *why)
{
	struct device *d = device_of(dev);
	struct netlink_link have;
	int error = netlink_link_get(d->index, &have);

	if (error == ENODEV) {
		dev->error = AKSU_ENOENT;
		return because(why, "the interface %s is gone", d->name);
	}
	if (error)
		return because(why, "the interface %s: %s", d->name, strerror(error));
	if_indextoname(d->index, d->name); /* it may have been renamed */
	dev->config.mtu = have.mtu < IP_MTU_MAX ? have.mtu : IP_MTU_MAX;
	d->running = (have.flags & IFF_UP) && (have.flags & IFF_RUNNING);
	dev->config.queue = d->queue_octets ? d->queue_octets : have.queue * dev->config.mtu;
	return true;
}

static bool cannot_set(const struct device *d, const struct netlink_link *have, uint32_t mtu,
		       int error, struct aksu_reason *why)
{
	if (error == EINVAL || error == ERANGE)
		return because(why, "the interface %s does not take an MTU of %u: %u to %u",
			       d->name, mtu, have->mtu_min,
			       have->mtu_max ? have->mtu_max : IP_MTU_MAX);
	return because(why, "cannot bring %s up: %s%s", d->name, strerror(error),
		       error == EPERM ? "; run as root (CAP_NET_ADMIN), or let root do it "
					"(ip link set NAME up mtu N)"
				      : "");
}

/*
 * A worker of the kernel's starts the queue of an interface after its carrier came, and until then
 * what is sent is lost. Without a carrier there is nothing to wait for.
 */
static void let_it_start(const struct device *d)
{
	struct netlink_link have;

	for (int i = 0; i < PATIENCE_MS && netlink_link_get(d->index, &have) == 0; i++) {
		if (!(have.flags & LOWER_UP) || (have.flags & IFF_RUNNING))
			return;
		usleep(1000);
	}
}

bool aksu_device_up(struct aksu_device *dev, uint32_t mtu, struct aksu_reason *why)
{
	struct device *d = device_of(dev);
	struct netlink_link have;
	int error = netlink_link_get(d->index, &have);

	if (!error && mtu != 0 && mtu != have.mtu)
		error = netlink_link_set(d->index, mtu, 0);
	if (!error && d->kind != AKSU_DEVICE_PACKET && have.queue < QUEUE_FRAMES)
		netlink_link_set(d->index, 0, QUEUE_FRAMES); /* refused: config.queue says so */
	if (!error && !(have.flags & IFF_UP)) {
		/* Without it the kernel's own link-local address is in the way of a quick start; a
		 * kernel without IPv6, or with less of it, needs no telling. */
		if (d->kind != AKSU_DEVICE_PACKET)
			netlink_link_no_autoconf(d->index);
		error = netlink_link_up(d->index);
		if (!error)
			let_it_start(d);
	}
	if (error)
		return cannot_set(d, &have, mtu, error, why);
	return aksu_device_refresh(dev, why);
}

/* ------------------------------------------------------------------ the kernel's address */

/* Containers often start with IPv6 turned off on every interface. Best effort: /proc may be
 * read-only. */
static void turn_ipv6_on(const struct device *d)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", d->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "0", 1) != 1)
		(void)0; /* the address that follows will be refused, and that is said */
	close(fd);
}

static bool cannot_host(const struct device *d, const struct aksu_addr *addr, unsigned prefix,
			int error, struct aksu_reason *why)
{
	bool v4 = aksu_addr_is_v4(addr);
	char text[46];

	aksu_addr_print(addr, text, sizeof(text));
	if (error == EPERM)
		return because(why,
			       "not allowed to give %s the address %s/%u: run as root "
			       "(CAP_NET_ADMIN), or let root do it (ip addr add %s/%u dev %s)",
			       d->name, text, prefix, text, prefix, d->name);
	if (!v4 && (error == EACCES || error == EAFNOSUPPORT || error == EOPNOTSUPP))
		return because(why,
			       "the kernel has IPv6 turned off for %s: sysctl "
			       "net.ipv6.conf.all.disable_ipv6=0",
			       d->name);
	if (!v4 && error == EINVAL && d->dev.config.mtu < IPV6_MTU_MIN)
		return because(why, "IPv6 needs an MTU of 1280 at least; %s has %u", d->name,
			       d->dev.config.mtu);
	return because(why, "cannot give %s the address %s/%u: %s", d->name, text, prefix,
		       strerror(error));
}

bool aksu_device_host(struct aksu_device *dev, const struct aksu_addr *addr, unsigned prefix,
		      struct aksu_reason *why)
{
	struct device *d = device_of(dev);
	int error;

	if (d->kind == AKSU_DEVICE_PACKET)
		return because(why,
			       "%s is not ours to give addresses: the kernel's side is the other "
			       "end (ip addr add A/P dev PEER)",
			       d->name);
	if (!aksu_addr_is_v4(addr))
		turn_ipv6_on(d);
	error = netlink_addr_add(d->index, addr, prefix);
	for (int i = 0; !error && i < PATIENCE_MS && !netlink_addr_works(addr); i++)
		usleep(1000);
	return !error || cannot_host(d, addr, prefix, error, why);
}

/* ------------------------------------------------------------------ for the kinds */

aksu_time device_next_at(const struct aksu_device *dev)
{
	return ((const struct device *)dev)->retry_at;
}

void device_close(struct aksu_device *dev)
{
	struct device *d = device_of(dev);

	if (d->fd >= 0)
		close(d->fd);
	free(d->arena);
	free(d);
}

/* readv() and its like have one type for what they read and what they write. */
static struct iovec run(const void *data, size_t n)
{
	return (struct iovec){.iov_base = (void *)(uintptr_t)data, .iov_len = n};
}

unsigned device_gather(const struct device *d, const struct aksu_tx *tx, uint8_t header[VIRTIO_LEN],
		       struct iovec iov[DEVICE_IOV], bool *uncut)
{
	unsigned n = 0;

	*uncut = d->vnet && virtio_write(tx, d->dev.config.kind, header);
	if (d->vnet)
		iov[n++] = run(header, VIRTIO_LEN);
	iov[n++] = run(tx->head, tx->head_len);
	for (unsigned i = 0; i < tx->pieces; i++)
		iov[n++] = run(tx->piece[i].data, tx->piece[i].len);
	return n;
}

bool device_take(struct device *d, const uint8_t *at, size_t len, struct aksu_rx *rx)
{
	size_t header = d->vnet ? VIRTIO_LEN : 0;

	d->packet++;
	if (len > header + DEVICE_FRAME_MAX) {
		d->counters.too_long++;
		return false;
	}
	*rx = (struct aksu_rx){.data = at + header,
			       .len = len > header ? (uint32_t)(len - header) : 0,
			       .segments = 1,
			       .packet = d->packet};
	if (d->vnet && (len < header || !virtio_read(at, d->dev.config.kind, rx))) {
		d->counters.bad_header++;
		return false;
	}
	d->counters.merged_in += rx->segments > 1;
	d->counters.frames_in++;
	return true;
}

enum fate device_failed_send(struct device *d, int error, aksu_time now)
{
	switch (error) {
	case EAGAIN: d->counters.full++; return KEPT;
	case ENOBUFS:
	case ENOMEM:
		d->counters.full++;
		d->retry_at = now + DEVICE_RETRY;
		return KEPT;
	case EBADFD:
	case ENODEV:
	case ENXIO: d->dev.error = AKSU_ENOENT; return KEPT;
	case EIO:
	case ENETDOWN: d->counters.down++; return LOST;
	default: d->counters.refused++; return LOST;
	}
}
