/* SPDX-License-Identifier: MIT */
/*
 * port/device.h - what the kernel's devices share: an interface, a descriptor, memory for frames.
 *
 * port/device.c is about the interface (open, up, address, MTU), port/tun.c and port/packet.c are
 * about frames. A kind attaches itself: descriptor, index, verbs, arena.
 */
#ifndef AKSU_PORT_DEVICE_H
#define AKSU_PORT_DEVICE_H

#include <net/if.h>
#include <sys/uio.h>

#include <aksu/device.h>

#include "port/virtio.h"

/* The kernel has no buffer for us (ENOBUFS); it does not say when it will: ask again after this. */
#define DEVICE_RETRY AKSU_MILLISECOND

enum {
	DEVICE_BATCH = 64,        /* frames of one receive(); more only delays the answer */
	DEVICE_FRAME_MAX = 65600, /* the longest IP packet, an Ethernet header, and some */
};

struct device {
	struct aksu_device dev; /* first: the device is found from it */
	struct aksu_device_counters counters;
	enum aksu_device_kind kind;
	int fd;
	unsigned index; /* of the interface */
	bool vnet;      /* a virtio_net_hdr is before each frame */
	bool running;
	uint32_t
		queue_octets; /* what the queue towards us takes; 0: as many frames as txqueuelen */
	uint64_t packet;      /* frames received, ever */
	aksu_time retry_at;   /* AKSU_NEVER unless the kernel was short of memory */
	uint8_t *arena;       /* where frames are received */
	char name[IFNAMSIZ];
};

static inline struct device *device_of(struct aksu_device *dev) { return (struct device *)dev; }

/* What became of a frame that was offered. */
enum fate {
	TAKEN,
	LOST,
	KEPT, /* the device is full, or gone */
};

/* The fate of a frame after this errno, which is counted. */
enum fate device_failed_send(struct device *d, int error, aksu_time now);

enum { DEVICE_IOV = 2 + AKSU_TX_PIECES };

/*
 * The frame as a list, with its virtio_net_hdr in front where the device has one; returns how many
 * entries. *uncut: the device cuts it.
 */
unsigned device_gather(const struct device *d, const struct aksu_tx *tx, uint8_t header[VIRTIO_LEN],
		       struct iovec iov[DEVICE_IOV], bool *uncut);

/*
 * What was received at `at`, header and frame, becomes *rx. False: dropped, and counted.
 */
bool device_take(struct device *d, const uint8_t *at, size_t len, struct aksu_rx *rx);

/* The verbs that are the same for all. */
aksu_time device_next_at(const struct aksu_device *dev);
void device_close(struct aksu_device *dev);

/* Opens fd on the interface `name`, which is well-formed, and sets ops. False, and why. */
bool tun_attach(struct device *d, const struct aksu_device_config *config, struct aksu_reason *why);
bool packet_attach(struct device *d, const struct aksu_device_config *config,
		   struct aksu_reason *why);

#endif
