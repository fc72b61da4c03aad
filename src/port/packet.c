/* SPDX-License-Identifier: MIT */
/*
 * port/packet.c - a packet socket, packet(7): the frames of an interface that exists.
 *
 *      kernel's TCP ── veth1 ══ veth0 ── this file ── aksu
 *                                 └──── kernel's own stack, for addresses that it has on veth0
 *
 * The socket sees what the interface receives and sends as its station; nobody else is kept from
 * it, and the kernel's stack looks at every frame too. A virtio_net_hdr is always before a frame,
 * because the kernel and its hardware leave checksums undone and merge segments without asking.
 * Frames are received many at once into slots that have room for the longest. The interface may go
 * down and come back; when it is gone the device is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "port/device.h"
#include "port/netlink.h"
#include "port/reason.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23 /* Linux 4.20 */
#endif

enum {
	SLOTS = 16,               /* frames of one recvmmsg(): 1 MiB of merged ones */
	STRIDE = 66 * 1024,       /* from one slot to the next: a header, a frame, and some */
	SEND_BATCH = 32,          /* frames of one sendmmsg() */
	BUFFER = 4 * 1024 * 1024, /* what we ask for in either direction */
	ERRORS = 4, /* of one receive(): each is told once, and frames may lie behind */
};
_Static_assert(STRIDE > VIRTIO_LEN + DEVICE_FRAME_MAX, "a longest frame fits");

/* What the kernel says beside each frame. */
union beside {
	struct cmsghdr align;
	uint8_t octets[CMSG_SPACE(sizeof(struct tpacket_auxdata)) + CMSG_SPACE(sizeof(uint32_t))];
};

struct batch {
	struct mmsghdr msg[SLOTS];
	struct iovec iov[SLOTS];
	struct sockaddr_ll from[SLOTS];
	union beside beside[SLOTS];
};

/* ------------------------------------------------------------------ receive */

static void prepare(struct batch *b, struct device *d, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		b->iov[i] = (struct iovec){.iov_base = d->arena + i * STRIDE, .iov_len = STRIDE};
		b->msg[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_namelen = sizeof(b->from[i]),
			.msg_iov = &b->iov[i],
			.msg_iovlen = 1,
			.msg_control = &b->beside[i],
			.msg_controllen = sizeof(b->beside[i]),
		};
	}
}

/* Whether the frame had a VLAN tag, which the kernel took off; how many were lost is noted. */
static bool was_tagged(struct device *d, struct msghdr *msg)
{
	bool tagged = false;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct tpacket_auxdata aux;
		uint32_t lost;

		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA &&
		    c->cmsg_len >= CMSG_LEN(sizeof(aux))) {
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			tagged = aux.tp_status & TP_STATUS_VLAN_VALID;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL &&
			   c->cmsg_len >= CMSG_LEN(sizeof(lost))) {
			/* 32 bits of it, since ever. */
			memcpy(&lost, CMSG_DATA(c), sizeof(lost));
			d->counters.overflowed += lost - (uint32_t)d->counters.overflowed;
		}
	}
	return tagged;
}

static bool take(struct device *d, struct batch *b, size_t i, struct aksu_rx *rx)
{
	struct msghdr *msg = &b->msg[i].msg_hdr;
	bool tagged = was_tagged(d, msg);

	if (b->from[i].sll_pkttype == PACKET_OUTGOING) /* where it could not be ignored */
		return false;
	if (tagged) {
		d->packet++;
		d->counters.tagged++;
		return false;
	}
	return device_take(d, b->iov[i].iov_base, b->msg[i].msg_len, rx);
}

/* A socket whose interface is gone is bound to none: nothing else says so. */
static bool is_gone(const struct device *d)
{
	struct sockaddr_ll where;
	socklen_t len = sizeof(where);

	return getsockname(d->fd, (struct sockaddr *)&where, &len) == 0 &&
	       where.sll_ifindex != (int)d->index;
}

/* Whether it may go on after an error, which the socket tells once. */
static bool goes_on(struct device *d, int error)
{
	switch (error) {
	case EINTR: return true;
	case EINVAL: d->counters.bad_header++; return true; /* merged in a way without a name */
	case ENETDOWN: /* it went down: and may come back, unless it is away */
		if (is_gone(d))
			d->dev.error = AKSU_ENOENT;
		return d->dev.error == 0;
	default: return false;
	}
}

static size_t packet_receive(struct aksu_device *dev, struct aksu_rx *rx, size_t cap, aksu_time now)
{
	struct device *d = device_of(dev);
	size_t want = cap < SLOTS ? cap : SLOTS, n = 0;
	struct batch b;
	int got = -1;

	(void)now;
	for (int i = 0; i < ERRORS && got < 0; i++) {
		prepare(&b, d, want);
		got = recvmmsg(d->fd, b.msg, (unsigned)want, MSG_DONTWAIT, NULL);
		if (got < 0 && !goes_on(d, errno))
			return 0;
	}
	for (int i = 0; i < got; i++)
		n += take(d, &b, (size_t)i, &rx[n]);
	return n;
}

/* ------------------------------------------------------------------ send */

/* Offers up to SEND_BATCH frames; returns how many were taken, -1 with errno when not one. */
static int offer(struct device *d, const struct aksu_tx *tx, size_t n)
{
	struct iovec iov[SEND_BATCH][DEVICE_IOV];
	uint8_t header[SEND_BATCH][VIRTIO_LEN];
	struct mmsghdr msg[SEND_BATCH];
	bool uncut[SEND_BATCH];
	int done;

	for (size_t i = 0; i < n; i++) {
		unsigned runs = device_gather(d, &tx[i], header[i], iov[i], &uncut[i]);

		msg[i].msg_hdr = (struct msghdr){.msg_iov = iov[i], .msg_iovlen = runs};
	}
	done = sendmmsg(d->fd, msg, (unsigned)n, MSG_DONTWAIT);
	for (int i = 0; i < done; i++)
		d->counters.uncut_out += uncut[i];
	if (done > 0)
		d->counters.frames_out += (uint64_t)done;
	return done;
}

static size_t packet_send(struct aksu_device *dev, const struct aksu_tx *tx, size_t n,
			  aksu_time now)
{
	struct device *d = device_of(dev);
	bool again = true; /* an old ENETDOWN may be told now, and only once: ask again */
	size_t i = 0;

	d->retry_at = AKSU_NEVER;
	while (i < n) {
		int done = offer(d, tx + i, n - i < SEND_BATCH ? n - i : SEND_BATCH);

		if (done > 0) {
			i += (size_t)done;
		} else if (errno == EINTR || (errno == ENETDOWN && again)) {
			again = again && errno == EINTR;
		} else if (device_failed_send(d, errno, now) == KEPT) {
			break;
		} else {
			i++;
		}
	}
	return i;
}

static const struct aksu_device_ops packet_ops = {
	.send = packet_send,
	.receive = packet_receive,
	.next_at = device_next_at,
	.close = device_close,
};

/* ------------------------------------------------------------------ open */

static bool is_usable(const char *name, unsigned *index, struct aksu_reason *why)
{
	struct netlink_link have;
	int error;

	error = netlink_link_find(name, &have);
	*index = have.index;
	if (error == ENODEV)
		return because(why,
			       "there is no interface %s: ip link lists those that are there; a "
			       "pair to try with is made by ip link add %.12s type veth peer name "
			       "%.12sp",
			       name, name, name);
	if (error)
		return because(why, "the interface %s: %s", name, strerror(error));
	if (have.type != ARPHRD_ETHER)
		return because(why,
			       "%s is not an Ethernet interface: packet: takes veth, bridges and "
			       "network cards; for IP without Ethernet there is tun:NAME",
			       name);
	return true;
}

static bool open_socket(struct device *d, const char *name, struct aksu_reason *why)
{
	/* Protocol 0: nothing is received before the socket is bound to its one interface. */
	d->fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (d->fd >= 0)
		return true;
	if (errno == EPERM || errno == EACCES)
		return because(why,
			       "not allowed to open a packet socket for %s: run as root "
			       "(CAP_NET_RAW), or in a namespace of your own (unshare -Urn)",
			       name);
	return because(why, "a packet socket for %s: %s", name, strerror(errno));
}

static void set_buffer(const struct device *d, int force, int ordinary)
{
	int size = BUFFER;

	/* Above the machine's limit (net.core.rmem_max) where we may, up to it where not. */
	if (setsockopt(d->fd, SOL_SOCKET, force, &size, sizeof(size)) != 0)
		setsockopt(d->fd, SOL_SOCKET, ordinary, &size, sizeof(size));
}

/* The kernel counts its own costs into the buffer, about as much again as a full frame has. */
static uint32_t buffer_octets(const struct device *d)
{
	int size = 0;
	socklen_t len = sizeof(size);

	if (getsockopt(d->fd, SOL_SOCKET, SO_RCVBUF, &size, &len) != 0 || size < 2)
		return 0;
	return (uint32_t)size / 2;
}

static bool set_options(struct device *d, unsigned index, bool every_station,
			struct aksu_reason *why)
{
	/* Without it a card's filter keeps neighbour discovery from us (RFC 4861 section 7.2). */
	struct packet_mreq groups = {
		.mr_ifindex = (int)index,
		.mr_type = every_station ? PACKET_MR_PROMISC : PACKET_MR_ALLMULTI,
	};
	int on = 1;

	set_buffer(d, SO_RCVBUFFORCE, SO_RCVBUF);
	set_buffer(d, SO_SNDBUFFORCE, SO_SNDBUF);
	d->queue_octets = buffer_octets(d);
	setsockopt(d->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	setsockopt(d->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &groups, sizeof(groups));
	setsockopt(d->fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	if (setsockopt(d->fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) == 0 &&
	    setsockopt(d->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) == 0)
		return true;
	return because(why, "this kernel's packet sockets do not say what is undone in a frame "
			    "(PACKET_AUXDATA, PACKET_VNET_HDR): use tap: or tun:");
}

bool packet_attach(struct device *d, const struct aksu_device_config *config,
		   struct aksu_reason *why)
{
	struct sockaddr_ll where = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	unsigned index;

	d->dev.ops = &packet_ops;
	d->vnet = true;
	d->arena = malloc((size_t)SLOTS * STRIDE);
	if (!d->arena)
		return because(why, "no memory for the frames of %s", config->name);
	if (!is_usable(config->name, &index, why) || !open_socket(d, config->name, why) ||
	    !set_options(d, index, config->every_station, why))
		return false;
	where.sll_ifindex = (int)index;
	if (bind(d->fd, (struct sockaddr *)&where, sizeof(where)) != 0)
		return because(why, "the interface %s: %s", config->name, strerror(errno));
	return true;
}
