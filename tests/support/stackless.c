/* SPDX-License-Identifier: MIT */
/*
 * support/stackless.c - see support/stackless.h.
 */
#include "support/stackless.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 2000 };

const struct aksu_device_config TUN = {.size = sizeof(TUN), .name = "dev77"};
const struct aksu_device_config TAP = {.size = sizeof(TAP),
				       .name = "dev77",
				       .kind = AKSU_DEVICE_TAP};
const struct aksu_device_config PACKET = {.size = sizeof(PACKET),
					  .name = "dev77",
					  .kind = AKSU_DEVICE_PACKET};

int none_left(void **state)
{
	(void)state;
	run("for i in dev77 dev78; do ip link delete $i 2>/dev/null; done; true");
	return 0;
}

void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

struct aksu_addr addr(const char *text)
{
	struct aksu_addr a;

	assert_true(aksu_addr_parse(text, &a));
	return a;
}

struct aksu_device *open_up(const struct aksu_device_config *config, uint32_t mtu)
{
	struct aksu_reason why = {""};
	struct aksu_device *dev = aksu_device_open(config, &why);
	struct aksu_addr v4 = addr("10.77.0.1"), v6 = addr("fd77::1");
	bool good = dev && aksu_device_up(dev, mtu, &why) && aksu_device_host(dev, &v4, 24, &why) &&
		    (mtu < 1280 || aksu_device_host(dev, &v6, 64, &why));

	if (!good)
		fail_msg("%s", why.text);
	return dev;
}

bool comes(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, PATIENCE_MS) == 1;
}

uint32_t ip_at(const struct aksu_device *dev)
{
	return dev->config.kind == AKSU_LINK_ETHERNET ? 14 : 0;
}

/* The next frame of this protocol: the kernel may say things of its own. */
static bool next(struct aksu_device *dev, struct aksu_rx *rx, uint8_t protocol)
{
	for (;;) {
		const uint8_t *ip;

		if (dev->ops->receive(dev, rx, 1, 0) == 0) {
			if (!comes(aksu_device_fd(dev)))
				return false;
			continue;
		}
		ip = rx->data + ip_at(dev);
		if ((ip[0] >> 4 == 4 && ip[9] == protocol) ||
		    (ip[0] >> 4 == 6 && ip[6] == protocol))
			return true;
	}
}

bool next_tcp(struct aksu_device *dev, struct aksu_rx *rx) { return next(dev, rx, IPPROTO_TCP); }

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t kept = a[i];

		a[i] = b[i];
		b[i] = kept;
	}
}

/* The answer, in a header and two pieces of payload: the device has to gather them. */
static struct aksu_tx answer_of(const struct aksu_device *dev, const struct aksu_rx *rx)
{
	struct aksu_tx tx = {.len = rx->len};
	uint8_t *ip = tx.head + ip_at(dev);
	bool v4 = rx->data[ip_at(dev)] >> 4 == 4;
	uint16_t ip_len = v4 ? 20 : 40;
	uint32_t text;

	tx.head_len = (uint16_t)(ip_at(dev) + ip_len + 8);
	text = rx->len - tx.head_len;
	memcpy(tx.head, rx->data, tx.head_len);
	if (ip > tx.head)
		swap(tx.head, tx.head + 6, 6);
	swap(ip + (v4 ? 12 : 8), ip + (v4 ? 16 : 24), v4 ? 4 : 16);
	swap(ip + ip_len, ip + ip_len + 2, 2);
	if (rx->checksum == AKSU_CHECKSUM_PARTIAL) { /* theirs was not done; nor is ours */
		tx.checksum = 1;
		tx.csum_start = (uint16_t)(ip_at(dev) + ip_len);
		tx.csum_offset = 6;
	}
	tx.pieces = 2;
	tx.piece[0] = (struct aksu_piece){.data = rx->data + tx.head_len, .len = text / 2};
	tx.piece[1] = (struct aksu_piece){.data = rx->data + tx.head_len + text / 2,
					  .len = text - text / 2};
	return tx;
}

/* RFC 1071, over whole octets of an even number. */
uint32_t sum_of(const uint8_t *at, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

unsigned fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void put_sum(uint8_t *at, unsigned sum) { at[0] = (uint8_t)(sum >> 8), at[1] = (uint8_t)sum; }

int udp_to(const char *text, uint16_t port)
{
	struct aksu_addr a = addr(text);
	struct sockaddr_in6 to = {.sin6_family = AF_INET6,
				  .sin6_port = (in_port_t)((port & 0xff) << 8 | port >> 8)};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(&to.sin6_addr, a.b, 16);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

void echo_over(struct aksu_device *dev, const char *to, size_t n)
{
	uint8_t text[1452], back[sizeof(text)];
	struct aksu_rx rx;
	struct aksu_tx tx;
	int fd = udp_to(to, 7);

	for (size_t i = 0; i < n; i++)
		text[i] = (uint8_t)(i * 7 + n);
	assert_int_equal(send(fd, text, n, 0), n);
	assert_true(next(dev, &rx, IPPROTO_UDP));
	tx = answer_of(dev, &rx);
	assert_int_equal(dev->ops->send(dev, &tx, 1, 0), 1);
	assert_true(comes(fd)); /* the kernel may take a write in later, when a processor is idle */
	assert_int_equal(recv(fd, back, sizeof(back), 0), n);
	assert_memory_equal(text, back, n);
	close(fd);
}

/* Our station, where the kernel has to know it without asking. */
void write_neighbours_down(const struct aksu_device *dev, const char *at)
{
	const uint8_t *m = dev->config.mac;
	char line[200];

	snprintf(line, sizeof(line),
		 "for a in 10.77.0.2 fd77::2; do ip neigh replace $a dev %s "
		 "lladdr %02x:%02x:%02x:%02x:%02x:%02x || exit 1; done",
		 at, m[0], m[1], m[2], m[3], m[4], m[5]);
	run(line);
}

void the_station_of(const char *interface, uint8_t mac[6])
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memcpy(request.ifr_name, interface, strlen(interface));
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &request), 0);
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	close(fd);
}

void echo_all_lengths(struct aksu_device *dev)
{
	for (size_t n = 2; n <= 1452; n += 290) {
		echo_over(dev, "10.77.0.2", n);
		echo_over(dev, "fd77::2", n);
	}
	assert_int_equal(aksu_device_counters(dev)->refused, 0);
	assert_int_equal(aksu_device_counters(dev)->frames_out, 12);
}

void meet_over_veth(const struct aksu_device *dev)
{
	/* The kernel hears of the carrier from a worker of its own, and loses frames until then. */
	run("for i in dev77 dev77p; do n=0; until ip -o link show $i | grep -q 'state UP'; do "
	    "n=$((n + 1)); [ $n -lt 500 ] || exit 1; sleep 0.01; done; done");
	write_neighbours_down(dev, "dev77p");
}

/* A pair; the kernel has addresses on the other end, dev77p. */
struct aksu_device *open_veth(const struct aksu_device_config *config, uint32_t mtu)
{
	struct aksu_reason why = {""};
	struct aksu_device *dev;

	run("ip link add dev77 type veth peer name dev77p && ip link set dev77p up && "
	    "ip addr add 10.77.0.1/24 dev dev77p && ip addr add fd77::1/64 dev dev77p nodad");
	dev = aksu_device_open(config, &why);
	if (!dev || !aksu_device_up(dev, mtu, &why))
		fail_msg("%s", why.text);
	meet_over_veth(dev);
	return dev;
}

void close_veth(struct aksu_device *dev)
{
	dev->ops->close(dev);
	run("ip link delete dev77");
}

/* Why this machine does not let us, or NULL. */
const char *why_not(void)
{
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0)
		return "/dev/net/tun cannot be opened";
	close(fd);
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return "no network namespace may be made";
	return NULL;
}
