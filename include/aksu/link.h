/* SPDX-License-Identifier: MIT */
/*
 * aksu/link.h - a device: what a driver of an instance reads frames from and writes them to.
 *
 * TUN and its relatives, the simulated pair, and decorators (capture, faults) that wrap another
 * device are all this one thing. A device knows nothing of the instance and never calls it: the
 * driver carries frames between the two (aksu/loop.h, or the simulator's world).
 *
 *      n = device_receive(dev, rx, 64, now);       aksu_input(s, rx, n, now);
 *      n = aksu_output(s, link, tx, 64, now);      k = device_send(dev, tx, n, now);
 *                                                  aksu_tx_done(s, tx, k); n - k are tried again
 */
#ifndef AKSU_LINK_H
#define AKSU_LINK_H

#include <aksu/aksu.h>

#ifdef __cplusplus
extern "C" {
#endif

struct aksu_device;

/** The verbs of a device. None of them blocks. */
struct aksu_device_ops {
	/**
	 * Takes up to n frames, in their order, and returns how many. A frame that was taken is
	 * the device's to deliver or to lose, and it holds no reference to its payload any more.
	 * Fewer than n: the device is full; the rest is to be offered again, first, when it drains.
	 */
	size_t (*send)(struct aksu_device *dev, const struct aksu_tx *tx, size_t n, aksu_time now);
	/**
	 * Fills up to `cap` frames that have arrived by `now` and returns how many; their memory is
	 * borrowed until the next receive() or close(), unless rx.block says otherwise. rx.link is
	 * the driver's to set; rx.packet is the device's running number.
	 */
	size_t (*receive)(struct aksu_device *dev, struct aksu_rx *rx, size_t cap, aksu_time now);
	/**
	 * When receive() or send() will do more than now without being told from outside;
	 * AKSU_NEVER for devices that an operating system announces.
	 */
	aksu_time (*next_at)(const struct aksu_device *dev);
	/** Gives back what the device holds. A decorator closes what it wraps. */
	void (*close)(struct aksu_device *dev);
};

/** The head of every device; the owner's own fields follow it. */
struct aksu_device {
	const struct aksu_device_ops *ops;
	/** What the device is and can do: to be given to aksu_link_add(). */
	struct aksu_link_config config;
	/** 0, or a positive enum aksu_error: the device is gone and will never carry a frame. */
	int error;
};

#ifdef __cplusplus
}
#endif
#endif
