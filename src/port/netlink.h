/* SPDX-License-Identifier: MIT */
/*
 * port/netlink.h - what we ask of rtnetlink(7) about an interface of ours.
 *
 * Each opens its own socket, asks once, waits for the acknowledgement and answers 0 or an errno.
 */
#ifndef AKSU_PORT_NETLINK_H
#define AKSU_PORT_NETLINK_H

#include <aksu/types.h>

/* An interface as it is. */
struct netlink_link {
	unsigned index;
	unsigned type;    /* ARPHRD_ETHER ... */
	unsigned flags;   /* IFF_UP ... */
	uint32_t mtu;     /* now */
	uint32_t mtu_min; /* 0: the kernel does not say; of mtu_max too */
	uint32_t mtu_max;
	uint32_t queue; /* frames of the transmit queue */
	uint8_t mac[6]; /* zero where it has none */
	char kind[16];  /* "tun" (TAP too), "veth" ...; empty for hardware */
};

int netlink_link_get(unsigned index, struct netlink_link *out);

/* The same by its name; ENODEV: there is none. (if_nametoindex(3) says that also when it is short
 * of descriptors.) */
int netlink_link_find(const char *name, struct netlink_link *out);

/*
 * A descriptor that becomes readable when any interface changed, came or went; -1 and errno.
 * netlink_drain() makes it unreadable again, in time: a flood is taken piece by piece.
 */
int netlink_listen(void);
void netlink_drain(int fd);

/* Sets MTU and length of the transmit queue, in frames; 0 leaves the one or the other. */
int netlink_link_set(unsigned index, uint32_t mtu, uint32_t queue);

/*
 * Keeps the kernel from giving the interface IPv6 addresses of its own (and from soliciting routers
 * for them). EAFNOSUPPORT where the kernel has no IPv6.
 */
int netlink_link_no_autoconf(unsigned index);

int netlink_link_up(unsigned index);

/* Makes a pair of virtual Ethernet interfaces; names of 15 characters at most. */
int netlink_veth_add(const char *name, const char *peer);

/* Adds an address, either family, without duplicate address detection (RFC 4862 5.4). */
int netlink_addr_add(unsigned index, const struct aksu_addr *addr, unsigned prefix);

/* Whether packets to it are delivered: for IPv6 the kernel makes the route behind our back. */
bool netlink_addr_works(const struct aksu_addr *addr);

#endif
