/* SPDX-License-Identifier: MIT */
/*
 * port/netlink.c - interface up, MTU, addresses: rtnetlink(7) by hand.
 *
 * A request is a netlink header, the family's header and attributes, each padded to 4 octets:
 *
 *    nlmsghdr │ ifinfomsg or ifaddrmsg │ rtattr value │ rtattr value ...
 *
 * The kernel answers every request with an nlmsgerr; error 0 is its "done". Programs such as ip(8)
 * are not called: they may be missing, and their words are not for programs to read.
 */
#include "port/netlink.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <aksu/aksu.h>

enum { REQUEST_MAX = 256 }; /* the largest of ours has about 80 octets */

struct request {
	_Alignas(struct nlmsghdr) uint8_t octets[REQUEST_MAX];
	size_t len;
};

/* Appends n octets and padding; what is appended here is ours and always fits. */
static void put(struct request *r, const void *data, size_t n)
{
	if (n > 0)
		memcpy(r->octets + r->len, data, n);
	r->len += NLMSG_ALIGN(n);
}

static void put_attr(struct request *r, uint16_t type, const void *data, size_t n)
{
	struct rtattr attr = {.rta_len = (unsigned short)(sizeof(attr) + n), .rta_type = type};

	put(r, &attr, sizeof(attr));
	put(r, data, n);
}

/* Opens a nested attribute; close_nest() writes its length. */
static size_t open_nest(struct request *r, uint16_t type)
{
	size_t at = r->len;

	put_attr(r, type, NULL, 0);
	return at;
}

static void close_nest(struct request *r, size_t at)
{
	uint16_t len = (uint16_t)(r->len - at);

	memcpy(r->octets + at + offsetof(struct rtattr, rta_len), &len, sizeof(len));
}

static void begin(struct request *r, uint16_t type, uint16_t flags)
{
	struct nlmsghdr header = {.nlmsg_type = type,
				  .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
				  .nlmsg_seq = 1};

	memset(r, 0, sizeof(*r));
	put(r, &header, sizeof(header));
}

static void begin_link(struct request *r, unsigned index, unsigned flags)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC,
				 .ifi_index = (int)index,
				 .ifi_flags = flags,
				 .ifi_change = flags};

	begin(r, RTM_NEWLINK, 0);
	put(r, &info, sizeof(info));
}

/* The kernel's verdict: 0 or an errno. */
static int verdict(int fd)
{
	_Alignas(struct nlmsghdr) uint8_t answer[1024];
	ssize_t n = recv(fd, answer, sizeof(answer), 0);
	struct nlmsghdr header;
	int error;

	if (n < 0)
		return errno;
	if ((size_t)n < sizeof(header) + sizeof(error))
		return EPROTO;
	memcpy(&header, answer, sizeof(header));
	memcpy(&error, answer + sizeof(header), sizeof(error));
	return header.nlmsg_type == NLMSG_ERROR ? -error : EPROTO;
}

static int ask(struct request *r)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	uint32_t len = (uint32_t)r->len;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int error;

	if (fd < 0)
		return errno;
	memcpy(r->octets + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof(len));
	if (sendto(fd, r->octets, r->len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		error = errno;
	else
		error = verdict(fd);
	close(fd);
	return error;
}

int netlink_link_set(unsigned index, uint32_t mtu, uint32_t queue)
{
	struct request r;

	begin_link(&r, index, 0);
	if (mtu)
		put_attr(&r, IFLA_MTU, &mtu, sizeof(mtu));
	if (queue)
		put_attr(&r, IFLA_TXQLEN, &queue, sizeof(queue));
	return ask(&r);
}

int netlink_link_no_autoconf(unsigned index)
{
	uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
	struct request r;
	size_t spec, inet6;

	begin_link(&r, index, 0);
	spec = open_nest(&r, IFLA_AF_SPEC);
	inet6 = open_nest(&r, AF_INET6);
	put_attr(&r, IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof(mode));
	close_nest(&r, inet6);
	close_nest(&r, spec);
	return ask(&r);
}

int netlink_link_up(unsigned index)
{
	struct request r;

	begin_link(&r, index, IFF_UP);
	return ask(&r);
}

int netlink_addr_add(unsigned index, const struct aksu_addr *addr, unsigned prefix)
{
	bool v4 = aksu_addr_is_v4(addr);
	const uint8_t *octets = v4 ? addr->b + 12 : addr->b;
	size_t n = v4 ? 4 : 16;
	struct ifaddrmsg info = {.ifa_family = v4 ? AF_INET : AF_INET6,
				 .ifa_prefixlen = (uint8_t)prefix,
				 .ifa_flags = v4 ? 0 : IFA_F_NODAD,
				 .ifa_index = index};
	struct request r;

	begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	put(&r, &info, sizeof(info));
	put_attr(&r, IFA_LOCAL, octets, n);
	put_attr(&r, IFA_ADDRESS, octets, n);
	return ask(&r);
}
