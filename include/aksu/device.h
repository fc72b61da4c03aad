/* SPDX-License-Identifier: MIT */
/*
 * aksu/device.h - the kernel's devices: TUN, TAP and AF_PACKET, for Linux.
 *
 *      struct aksu_device_config config = {.size = sizeof(config), .name = "ak0"};
 *      struct aksu_device *dev = aksu_device_open(&config, &why);
 *      aksu_device_up(dev, 0, &why);
 *      aksu_device_host(dev, &host, 24, &why);          the kernel's side gets its address
 *      ... frames, by dev->ops (aksu/link.h) or by the loop (aksu/loop.h) ...
 *      dev->ops->close(dev);
 *
 * On AF_PACKET both live on at the interface: we are its station, and the kernel's stack looks at
 * every frame too. It answers for its own addresses only, so that ours must be others; where it
 * forwards (net.ipv4.ip_forward, net.ipv6.conf.all.forwarding) it would forward, or call
 * unreachable, what is for us: turn that off there, or give us one end of a veth pair alone.
 *
 * The calls here want what aksu_device_open() returned, not a decorator around it. What fails says
 * in words what is wrong and what would help: struct aksu_reason.
 */
#ifndef AKSU_DEVICE_H
#define AKSU_DEVICE_H

#include <aksu/link.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Why something could not be had, as one line for a person. */
struct aksu_reason {
	char text[256];
};

enum aksu_device_kind {
	AKSU_DEVICE_TUN, /**< IP packets of an interface that we make, or that was made for us */
	AKSU_DEVICE_TAP, /**< the same with Ethernet frames; our MAC is another than the interface's
			  */
	AKSU_DEVICE_PACKET, /**< frames of an interface that exists: veth, a network card */
};

/** Zero is a TUN device; only the name has no default. */
struct aksu_device_config {
	size_t size; /**< sizeof(struct aksu_device_config) */
	enum aksu_device_kind kind;
	const char
		*name; /**< of the interface, 1 to 15 characters; TUN, TAP: made unless it exists */
	bool plain;    /**< without virtio_net_hdr even where the device has it */
	bool every_station; /**< AF_PACKET: frames for other stations too, as a bridge wants them */
};

/** What became of frames at the device. */
struct aksu_device_counters {
	uint64_t frames_in, frames_out;
	uint64_t full;     /**< times that the device took nothing more; the frames were kept */
	uint64_t down;     /**< frames lost: the interface was down */
	uint64_t refused;  /**< frames lost: the kernel called them invalid */
	uint64_t too_long; /**< frames dropped: longer than any IP packet and its Ethernet header */
	uint64_t bad_header; /**< dropped: a virtio_net_hdr that lies, or merged what we do not know
			      */
	uint64_t tagged;     /**< AF_PACKET: frames of a VLAN, which are not for us; dropped */
	uint64_t overflowed; /**< AF_PACKET: frames that the kernel dropped, our queue being full */
	uint64_t merged_in;  /**< of frames_in, those that stand for several segments */
	uint64_t uncut_out;  /**< of frames_out, those that the device cuts */
};

/**
 * Opens a device, non-blocking; its `config` is filled in for aksu_link_add(). NULL, and why. Close
 * with dev->ops->close(dev), which also removes an interface that opening made.
 */
struct aksu_device *aksu_device_open(const struct aksu_device_config *config,
				     struct aksu_reason *why);

/** The descriptor to poll. */
int aksu_device_fd(const struct aksu_device *dev);

/**
 * Brings the interface up, with this MTU (0: as it is), and refreshes the config. What is so
 * already needs no privilege. False, and why.
 */
bool aksu_device_up(struct aksu_device *dev, uint32_t mtu, struct aksu_reason *why);

/**
 * TUN and TAP: gives the kernel an address on the interface, its end of the link. False, and why;
 * always on AF_PACKET, where the kernel's end is another interface.
 */
bool aksu_device_host(struct aksu_device *dev, const struct aksu_addr *addr, unsigned prefix,
		      struct aksu_reason *why);

/**
 * Reads MTU, queue and state of the interface again, into dev->config (aksu_link_set_mtu() passes
 * the MTU on): for whoever hears that something changed. Frames received before stay borrowed.
 * False, and why: the interface is gone, and dev->error says so too.
 */
bool aksu_device_refresh(struct aksu_device *dev, struct aksu_reason *why);

/** Whether the interface was up and had a carrier when it was last read. */
bool aksu_device_running(const struct aksu_device *dev);

/** Running totals, valid until the device is closed. */
const struct aksu_device_counters *aksu_device_counters(const struct aksu_device *dev);

#ifdef __cplusplus
}
#endif
#endif
