/* SPDX-License-Identifier: MIT */
/*
 * port/tun.c - a TUN device: IP packets of the kernel's, one for each read() and write().
 *
 *      kernel's TCP ── ip ── interface ak0 ══ /dev/net/tun ── this file ── aksu
 *                            A/P given by aksu_tun_host()
 *
 * Plain packets without a header of the device's (IFF_NO_PI), non-blocking. A frame that the device
 * cannot take now stays with the caller; one that the kernel calls invalid is lost and counted.
 * What overflows on the kernel's side (its transmit queue, QUEUE_FRAMES) is lost without a word:
 * the offered windows have to respect that, so the length of the queue is told in config.queue.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "port/netlink.h"
#include "port/reason.h"

enum {
	BATCH = 64,          /* frames of one receive(); more only delays the answer */
	QUEUE_FRAMES = 2048, /* the interface's queue towards us: 3 MB, twelve windows of 256 KiB */
	DEFAULT_QUEUE = 500, /* what the kernel gives a TUN device that we did not set up */
	PATIENCE_MS = 1000,  /* for the kernel to make the route to an address of its own */
	SLACK = 64,          /* octets above the MTU: a packet that is too large is seen as such */
};

/* The kernel has no buffer for us (ENOBUFS); it does not say when it will: ask again after this. */
#define RETRY AKSU_MILLISECOND

struct tun {
	struct aksu_device dev;
	int fd;
	unsigned index;
	uint32_t stride;    /* octets from one receive buffer to the next */
	uint8_t *buffers;   /* BATCH of them */
	uint64_t packet;    /* frames received, ever */
	aksu_time retry_at; /* AKSU_NEVER unless the kernel was short of memory */
	struct aksu_tun_counters counters;
	char name[IFNAMSIZ];
};

static struct tun *tun_of(struct aksu_device *dev) { return (struct tun *)dev; }

static size_t tun_receive(struct aksu_device *dev, struct aksu_rx *rx, size_t cap, aksu_time now)
{
	struct tun *tun = tun_of(dev);
	size_t n = 0;

	(void)now;
	while (n < cap && n < BATCH) {
		uint8_t *at = tun->buffers + n * tun->stride;
		ssize_t got = read(tun->fd, at, tun->stride);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			if (errno == EBADFD || errno == ENODEV)
				dev->error = AKSU_ENOENT;
			break;
		}
		rx[n++] = (struct aksu_rx){.data = at,
					   .len = (uint32_t)got,
					   .segments = 1,
					   .packet = ++tun->packet};
	}
	tun->counters.frames_in += n;
	return n;
}

/* What became of one frame. */
enum fate { TAKEN, LOST, KEPT };

static enum fate failed_write(struct tun *tun, int error, aksu_time now)
{
	switch (error) {
	case EAGAIN: tun->counters.full++; return KEPT;
	case ENOBUFS:
	case ENOMEM:
		tun->counters.full++;
		tun->retry_at = now + RETRY;
		return KEPT;
	case EBADFD:
	case ENODEV: tun->dev.error = AKSU_ENOENT; return KEPT;
	case EIO: tun->counters.down++; return LOST;
	default: tun->counters.refused++; return LOST;
	}
}

static enum fate write_frame(struct tun *tun, const struct aksu_tx *tx, aksu_time now)
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
		done = writev(tun->fd, iov, n);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return failed_write(tun, errno, now);
	tun->counters.frames_out++;
	return TAKEN;
}

static size_t tun_send(struct aksu_device *dev, const struct aksu_tx *tx, size_t n, aksu_time now)
{
	struct tun *tun = tun_of(dev);
	size_t i = 0;

	tun->retry_at = AKSU_NEVER;
	while (i < n && write_frame(tun, &tx[i], now) != KEPT)
		i++;
	return i;
}

static aksu_time tun_next_at(const struct aksu_device *dev)
{
	return ((const struct tun *)dev)->retry_at;
}

static void tun_close(struct aksu_device *dev)
{
	struct tun *tun = tun_of(dev);

	close(tun->fd);
	free(tun->buffers);
	free(tun);
}

static const struct aksu_device_ops tun_ops = {
	.send = tun_send,
	.receive = tun_receive,
	.next_at = tun_next_at,
	.close = tun_close,
};

/* The kernel takes a name with % for a pattern; blanks and slashes it refuses. */
static bool name_is_good(const char *name)
{
	size_t n = name ? strlen(name) : 0;

	if (n == 0 || n >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] <= ' ' || name[i] > '~' || strchr("/:%", name[i]))
			return false;
	return true;
}

static bool cannot_open(int error, struct aksu_reason *why)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return because(why, "there is no /dev/net/tun: load the module (modprobe tun), or "
				    "give the container "
				    "the device (--device /dev/net/tun)");
	case EACCES:
	case EPERM:
		return because(why, "not allowed to open /dev/net/tun: run as root, or let root do "
				    "chmod 0666 /dev/net/tun");
	default: return because(why, "/dev/net/tun: %s", strerror(error));
	}
}

static bool cannot_attach(int error, const char *name, struct aksu_reason *why)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return because(why,
			       "not allowed to make the interface %s: run as root (CAP_NET_ADMIN), "
			       "in a namespace of your "
			       "own (unshare -Urn), or on one made for you (ip tuntap add %s mode "
			       "tun user $USER)",
			       name, name);
	case EBUSY:
		return because(why,
			       "the interface %s is in use by another program: stop it, or choose "
			       "another name",
			       name);
	case EINVAL:
		return because(why,
			       "the interface %s exists and is not a plain TUN device: choose "
			       "another name",
			       name);
	default: return because(why, "the interface %s: %s", name, strerror(error));
	}
}

static bool attach(struct tun *tun, const char *name, struct aksu_reason *why)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	memcpy(request.ifr_name, name, strlen(name));
	memcpy(tun->name, name, strlen(name));
	tun->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tun->fd < 0)
		return cannot_open(errno, why);
	if (ioctl(tun->fd, TUNSETIFF, &request) < 0)
		return cannot_attach(errno, name, why);
	tun->index = if_nametoindex(name);
	return tun->index != 0 || because(why, "the interface %s vanished", name);
}

/* The MTU that the interface has now. */
static bool read_mtu(struct tun *tun, struct aksu_reason *why)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int done;

	memcpy(request.ifr_name, tun->name, sizeof(tun->name));
	done = fd < 0 ? -1 : ioctl(fd, SIOCGIFMTU, &request);
	if (done < 0)
		because(why, "the interface %s: %s", tun->name, strerror(errno));
	else
		tun->dev.config.mtu = (uint32_t)request.ifr_mtu;
	if (fd >= 0)
		close(fd);
	return done == 0;
}

/* Buffers for the MTU as it is. */
static bool make_buffers(struct tun *tun, struct aksu_reason *why)
{
	uint32_t stride = (tun->dev.config.mtu + SLACK + 63) / 64 * 64;
	uint8_t *buffers = malloc((size_t)stride * BATCH);

	if (!buffers)
		return because(why, "no memory for the buffers of %s", tun->name);
	free(tun->buffers);
	tun->buffers = buffers;
	tun->stride = stride;
	return true;
}

struct aksu_device *aksu_tun_open(const struct aksu_tun_config *config, struct aksu_reason *why)
{
	struct tun *tun;

	if (!name_is_good(config->name)) {
		because(why,
			"'%s' cannot name an interface: 1 to 15 characters without blanks, '/', "
			"':' or '%%'",
			config->name ? config->name : "");
		return NULL;
	}
	tun = calloc(1, sizeof(*tun));
	if (!tun) {
		because(why, "no memory");
		return NULL;
	}
	tun->fd = -1;
	tun->dev.ops = &tun_ops;
	tun->dev.config.size = sizeof(tun->dev.config);
	tun->dev.config.kind = AKSU_LINK_IP;
	tun->retry_at = AKSU_NEVER;
	if (!attach(tun, config->name, why) || !read_mtu(tun, why) || !make_buffers(tun, why)) {
		if (tun->fd >= 0)
			close(tun->fd);
		free(tun->buffers);
		free(tun);
		return NULL;
	}
	tun->dev.config.queue = DEFAULT_QUEUE * tun->dev.config.mtu;
	return &tun->dev;
}

int aksu_tun_fd(const struct aksu_device *dev) { return ((const struct tun *)dev)->fd; }

const struct aksu_tun_counters *aksu_tun_counters(const struct aksu_device *dev)
{
	return &((const struct tun *)dev)->counters;
}

bool aksu_tun_up(struct aksu_device *dev, uint32_t mtu, struct aksu_reason *why)
{
	struct tun *tun = tun_of(dev);
	int error = netlink_link_set(tun->index, mtu, QUEUE_FRAMES);

	if (error == EINVAL || error == ERANGE)
		return because(why, "the interface %s does not take an MTU of %u: 68 to 65535",
			       tun->name, mtu);
	if (!error) {
		/* Without it the kernel's own link-local address is in the way of a quick start; a
		 * kernel without IPv6, or with less of it, needs no telling. */
		netlink_link_no_autoconf(tun->index);
		error = netlink_link_up(tun->index);
	}
	if (error)
		return because(why, "cannot bring %s up: %s%s", tun->name, strerror(error),
			       error == EPERM ? "; run as root (CAP_NET_ADMIN)" : "");
	if (!read_mtu(tun, why) || !make_buffers(tun, why))
		return false;
	dev->config.queue = QUEUE_FRAMES * dev->config.mtu;
	return true;
}

/* Containers often start with IPv6 turned off on every interface. Best effort: /proc may be
 * read-only. */
static void turn_ipv6_on(const struct tun *tun)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", tun->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "0", 1) != 1)
		(void)0; /* the address that follows will be refused, and that is said */
	close(fd);
}

bool aksu_tun_host(struct aksu_device *dev, const struct aksu_addr *addr, unsigned prefix,
		   struct aksu_reason *why)
{
	struct tun *tun = tun_of(dev);
	bool v4 = aksu_addr_is_v4(addr);
	char text[46];
	int error;

	if (!v4)
		turn_ipv6_on(tun);
	error = netlink_addr_add(tun->index, addr, prefix);
	for (int i = 0; !error && i < PATIENCE_MS && !netlink_addr_works(addr); i++)
		usleep(1000);
	if (!error)
		return true;
	aksu_addr_print(addr, text, sizeof(text));
	if (!v4 && (error == EACCES || error == EAFNOSUPPORT || error == EOPNOTSUPP))
		return because(why,
			       "the kernel has IPv6 turned off for %s: sysctl "
			       "net.ipv6.conf.all.disable_ipv6=0",
			       tun->name);
	if (!v4 && error == EINVAL && dev->config.mtu < 1280)
		return because(why, "IPv6 needs an MTU of 1280 at least; %s has %u", tun->name,
			       dev->config.mtu);
	return because(why, "cannot give %s the address %s/%u: %s%s", tun->name, text, prefix,
		       strerror(error), error == EPERM ? "; run as root (CAP_NET_ADMIN)" : "");
}
