/* SPDX-License-Identifier: MIT */
/*
 * support/stackless.h - an endpoint without a stack, for tests of devices against the kernel: it
 * answers a UDP datagram by exchanging the addresses and the ports, which leaves both checksums
 * right; neighbours are written down by hand.
 *
 *      kernel's UDP socket ── 10.77.0.1, fd77::1 ── TUN or TAP dev77 ── the test, as 10.77.0.2,
 * fd77::2 on dev77p of a veth pair ── AF_PACKET dev77 ──
 */
#ifndef AKSU_TESTS_SUPPORT_STACKLESS_H
#define AKSU_TESTS_SUPPORT_STACKLESS_H

#include <aksu/device.h>

enum { CANNOT = 77 };

/* A device dev77 of each kind. */
extern const struct aksu_device_config TUN, TAP, PACKET;

/* Into a network namespace of our own; or why this machine does not let us, for a person. */
const char *why_not(void);

/* A setup of cmocka's: what a test before left behind goes. */
int none_left(void **state);

/* A command of the shell that must work. */
void run(const char *command);

struct aksu_addr addr(const char *text);

/* A TUN or TAP device, up, the kernel's addresses on it. MTU 0: as it is. */
struct aksu_device *open_up(const struct aksu_device_config *config, uint32_t mtu);

/* One end of a pair, up; the kernel's addresses on the other one, which knows our station. */
struct aksu_device *open_veth(const struct aksu_device_config *config, uint32_t mtu);
void close_veth(struct aksu_device *dev);

/* Waits until both ends carry; the other one knows our station. */
void meet_over_veth(const struct aksu_device *dev);

/* Our station, where the kernel has to know it without asking. */
void write_neighbours_down(const struct aksu_device *dev, const char *at);
void the_station_of(const char *interface, uint8_t mac[6]);

/* Whether the descriptor becomes readable before patience ends. */
bool comes(int fd);

/* The next frame of TCP; false when none comes. */
bool next_tcp(struct aksu_device *dev, struct aksu_rx *rx);

/* Octets before the IP header. */
uint32_t ip_at(const struct aksu_device *dev);

/* A UDP socket of the kernel's, connected. */
int udp_to(const char *text, uint16_t port);

/* n octets go from the kernel to us and back, and stay as they are. */
void echo_over(struct aksu_device *dev, const char *to, size_t n);
void echo_all_lengths(struct aksu_device *dev);

/* RFC 1071: a sum over octets, the first one high; folded; written. */
uint32_t sum_of(const uint8_t *at, size_t n, uint32_t sum);
unsigned fold(uint32_t sum);
void put_sum(uint8_t *at, unsigned sum);

#endif
