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
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <aksu/aksu.h>

enum {
	REQUEST_MAX = 256, /* the largest of ours has about 80 octets */
	DRAIN_MAX = 64,    /* messages thrown away in one go */
};

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

static void begin_link(struct request *r, unsigned index, unsigned flags, uint16_t type)
{
	struct ifinfomsg info = {.ifi_family = AF_UNSPEC,
				 .ifi_index = (int)index,
				 .ifi_flags = flags,
				 .ifi_change = flags};

	begin(r, type, 0);
	put(r, &info, sizeof(info));
}

enum { ANSWER_MAX = 16384 }; /* a link with its statistics has 2,000 octets */

struct answer {
	_Alignas(struct nlmsghdr) uint8_t octets[ANSWER_MAX];
	size_t len;
};

/* Sends a request and takes the first message of the answer; 0 or an errno. */
static int exchange(struct request *r, struct answer *a)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	uint32_t len = (uint32_t)r->len;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n = -1;
	int error;

	if (fd < 0)
		return errno;
	memcpy(r->octets + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof(len));
	if (sendto(fd, r->octets, r->len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) >= 0)
		n = recv(fd, a->octets, sizeof(a->octets), 0);
	error = n < 0 ? errno : 0;
	close(fd);
	a->len = n < 0 ? 0 : (size_t)n;
	return error;
}

/* The kernel's verdict: 0 or an errno. */
static int ask(struct request *r)
{
	struct nlmsghdr header;
	struct answer a;
	int error = exchange(r, &a), verdict;

	if (error)
		return error;
	if (a.len < sizeof(header) + sizeof(verdict))
		return EPROTO;
	memcpy(&header, a.octets, sizeof(header));
	memcpy(&verdict, a.octets + sizeof(header), sizeof(verdict));
	return header.nlmsg_type == NLMSG_ERROR ? -verdict : EPROTO;
}

/* ------------------------------------------------------------------ links */

/* Copies a value that may be shorter or longer than expected. */
static void take(void *out, size_t n, const struct rtattr *attr)
{
	size_t have = RTA_PAYLOAD(attr);

	memcpy(out, RTA_DATA(attr), have < n ? have : n);
}

/* The attribute at *at, which moves behind it; NULL at the end, or when it would reach beyond. */
static const struct rtattr *next_attr(const uint8_t **at, const uint8_t *end)
{
	const struct rtattr *attr = (const struct rtattr *)(const void *)*at;
	size_t left = (size_t)(end - *at);

	if (left < sizeof(*attr) || attr->rta_len < sizeof(*attr) || attr->rta_len > left)
		return NULL;
	*at += RTA_ALIGN(attr->rta_len) < left ? RTA_ALIGN(attr->rta_len) : left;
	return attr;
}

/* The kind of a link: IFLA_INFO_KIND within IFLA_LINKINFO, a string. */
static void take_kind(struct netlink_link *out, const struct rtattr *info)
{
	const uint8_t *at = RTA_DATA(info), *end = at + RTA_PAYLOAD(info);
	const struct rtattr *attr;

	while ((attr = next_attr(&at, end)) != NULL)
		if (attr->rta_type == IFLA_INFO_KIND)
			take(out->kind, sizeof(out->kind) - 1, attr);
}

static void take_link_attr(struct netlink_link *out, const struct rtattr *attr)
{
	switch (attr->rta_type) {
	case IFLA_MTU: take(&out->mtu, sizeof(out->mtu), attr); break;
	case IFLA_MIN_MTU: take(&out->mtu_min, sizeof(out->mtu_min), attr); break;
	case IFLA_MAX_MTU: take(&out->mtu_max, sizeof(out->mtu_max), attr); break;
	case IFLA_TXQLEN: take(&out->queue, sizeof(out->queue), attr); break;
	case IFLA_ADDRESS: take(out->mac, sizeof(out->mac), attr); break;
	case IFLA_LINKINFO: take_kind(out, attr); break;
	default: break;
	}
}

static int get_link(struct request *r, struct netlink_link *out)
{
	const struct nlmsghdr *header;
	const struct ifinfomsg *info;
	const struct rtattr *attr;
	const uint8_t *at, *end;
	struct answer a;
	int error, verdict;

	*out = (struct netlink_link){0};
	error = exchange(r, &a);
	if (error)
		return error;
	header = (const struct nlmsghdr *)(const void *)a.octets;
	if (!NLMSG_OK(header, a.len))
		return EPROTO;
	if (header->nlmsg_type == NLMSG_ERROR &&
	    header->nlmsg_len >= NLMSG_LENGTH(sizeof(verdict))) {
		memcpy(&verdict, NLMSG_DATA(header), sizeof(verdict));
		return verdict ? -verdict : EPROTO;
	}
	if (header->nlmsg_type != RTM_NEWLINK || header->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return EPROTO;
	info = NLMSG_DATA(header);
	out->index = (unsigned)info->ifi_index;
	out->type = info->ifi_type;
	out->flags = info->ifi_flags;
	at = (const uint8_t *)info + NLMSG_ALIGN(sizeof(*info));
	end = (const uint8_t *)header + header->nlmsg_len;
	while ((attr = next_attr(&at, end)) != NULL)
		take_link_attr(out, attr);
	return 0;
}

int netlink_link_get(unsigned index, struct netlink_link *out)
{
	struct request r;

	begin_link(&r, index, 0, RTM_GETLINK);
	return get_link(&r, out);
}

int netlink_link_find(const char *name, struct netlink_link *out)
{
	struct request r;

	*out = (struct netlink_link){0};
	if (strlen(name) >= IFNAMSIZ)
		return ENODEV;
	begin_link(&r, 0, 0, RTM_GETLINK);
	put_attr(&r, IFLA_IFNAME, name, strlen(name) + 1);
	return get_link(&r, out);
}

int netlink_link_set(unsigned index, uint32_t mtu, uint32_t queue)
{
	struct request r;

	begin_link(&r, index, 0, RTM_NEWLINK);
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

	begin_link(&r, index, 0, RTM_NEWLINK);
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

	begin_link(&r, index, IFF_UP, RTM_NEWLINK);
	return ask(&r);
}

int netlink_veth_add(const char *name, const char *peer)
{
	struct ifinfomsg none = {.ifi_family = AF_UNSPEC};
	size_t info, data, other;
	struct request r;

	if (strlen(name) >= IFNAMSIZ || strlen(peer) >= IFNAMSIZ)
		return EINVAL;
	begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	put(&r, &none, sizeof(none));
	put_attr(&r, IFLA_IFNAME, name, strlen(name) + 1);
	info = open_nest(&r, IFLA_LINKINFO);
	put_attr(&r, IFLA_INFO_KIND, "veth", 5);
	data = open_nest(&r, IFLA_INFO_DATA);
	other = open_nest(&r, VETH_INFO_PEER);
	put(&r, &none, sizeof(none));
	put_attr(&r, IFLA_IFNAME, peer, strlen(peer) + 1);
	close_nest(&r, other);
	close_nest(&r, data);
	close_nest(&r, info);
	return ask(&r);
}

static int family_of(const struct aksu_addr *addr)
{
	return aksu_addr_is_v4(addr) ? AF_INET : AF_INET6;
}

static void put_addr(struct request *r, uint16_t type, const struct aksu_addr *addr)
{
	bool v4 = aksu_addr_is_v4(addr);

	put_attr(r, type, v4 ? addr->b + 12 : addr->b, v4 ? 4 : 16);
}

int netlink_addr_add(unsigned index, const struct aksu_addr *addr, unsigned prefix)
{
	struct ifaddrmsg info = {.ifa_family = (uint8_t)family_of(addr),
				 .ifa_prefixlen = (uint8_t)prefix,
				 .ifa_flags = aksu_addr_is_v4(addr) ? 0 : IFA_F_NODAD,
				 .ifa_index = index};
	struct request r;

	begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
	put(&r, &info, sizeof(info));
	put_addr(&r, IFA_LOCAL, addr);
	put_addr(&r, IFA_ADDRESS, addr);
	return ask(&r);
}

bool netlink_addr_works(const struct aksu_addr *addr)
{
	struct rtmsg want = {.rtm_family = (uint8_t)family_of(addr),
			     .rtm_dst_len = aksu_addr_is_v4(addr) ? 32 : 128};
	struct nlmsghdr header;
	struct rtmsg route;
	struct request r;
	struct answer a;

	begin(&r, RTM_GETROUTE, 0);
	put(&r, &want, sizeof(want));
	put_addr(&r, RTA_DST, addr);
	if (exchange(&r, &a) != 0 || a.len < sizeof(header) + sizeof(route))
		return false;
	memcpy(&header, a.octets, sizeof(header));
	memcpy(&route, a.octets + sizeof(header), sizeof(route));
	return header.nlmsg_type == RTM_NEWROUTE && route.rtm_type == RTN_LOCAL;
}

/* ------------------------------------------------------------------ hearing */

int netlink_listen(void)
{
	struct sockaddr_nl links = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int error;

	if (fd < 0 || bind(fd, (struct sockaddr *)&links, sizeof(links)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

void netlink_drain(int fd)
{
	char nothing;

	/* ENOBUFS says that messages were lost, and is taken away by being told. */
	for (int i = 0; i < DRAIN_MAX; i++)
		if (recv(fd, &nothing, sizeof(nothing), MSG_TRUNC) < 0 && errno != ENOBUFS)
			return;
}
