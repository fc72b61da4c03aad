/* SPDX-License-Identifier: MIT */
/*
 * port/tun_test.c - the TUN device against the kernel, in a network namespace of the test's own,
 * with an endpoint that has no stack: it answers a UDP datagram by exchanging the addresses and the
 * ports, which leaves both checksums right. Whoever may not make a namespace gets a loud 77.
 *
 *      kernel's UDP socket ── 10.77.0.1, fd77::1 ── tun77 ── this test, as 10.77.0.2, fd77::2
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <aksu/loop.h>

enum { CANNOT = 77, PATIENCE_MS = 2000 };

static const struct aksu_tun_config CONFIG = {.size = sizeof(CONFIG), .name = "tun77"};

static struct aksu_addr addr(const char *text)
{
	struct aksu_addr a;

	assert_true(aksu_addr_parse(text, &a));
	return a;
}

static struct aksu_device *open_up(uint32_t mtu)
{
	struct aksu_reason why = {""};
	struct aksu_device *dev = aksu_tun_open(&CONFIG, &why);
	struct aksu_addr v4 = addr("10.77.0.1"), v6 = addr("fd77::1");
	bool good = dev && aksu_tun_up(dev, mtu, &why) && aksu_tun_host(dev, &v4, 24, &why) &&
		    (mtu < 1280 || aksu_tun_host(dev, &v6, 64, &why));

	if (!good)
		fail_msg("%s", why.text);
	return dev;
}

static bool comes(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, PATIENCE_MS) == 1;
}

/* The next frame from the kernel that is UDP: the kernel may say things of its own. */
static size_t next_udp(struct aksu_device *dev, struct aksu_rx *rx)
{
	for (;;) {
		if (dev->ops->receive(dev, rx, 1, 0) == 0) {
			if (!comes(aksu_tun_fd(dev)))
				return 0;
			continue;
		}
		if ((rx->data[0] >> 4 == 4 && rx->data[9] == IPPROTO_UDP) ||
		    (rx->data[0] >> 4 == 6 && rx->data[6] == IPPROTO_UDP))
			return 1;
	}
}

static void swap(uint8_t *a, uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t kept = a[i];

		a[i] = b[i];
		b[i] = kept;
	}
}

/* The answer, in a header and two pieces of payload: the device has to gather them. */
static struct aksu_tx answer_of(const struct aksu_rx *rx)
{
	struct aksu_tx tx = {.len = rx->len};
	bool v4 = rx->data[0] >> 4 == 4;
	uint16_t ip_len = v4 ? 20 : 40;
	uint32_t text = rx->len - ip_len - 8u;

	tx.head_len = (uint16_t)(ip_len + 8);
	memcpy(tx.head, rx->data, tx.head_len);
	swap(tx.head + (v4 ? 12 : 8), tx.head + (v4 ? 16 : 24), v4 ? 4 : 16);
	swap(tx.head + ip_len, tx.head + ip_len + 2, 2);
	tx.pieces = 2;
	tx.piece[0] = (struct aksu_piece){.data = rx->data + tx.head_len, .len = text / 2};
	tx.piece[1] = (struct aksu_piece){.data = rx->data + tx.head_len + text / 2,
					  .len = text - text / 2};
	return tx;
}

static int udp_to(const char *text, uint16_t port)
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

static void echo_over(struct aksu_device *dev, const char *to, size_t n)
{
	uint8_t text[1452], back[sizeof(text)];
	struct aksu_rx rx;
	struct aksu_tx tx;
	int fd = udp_to(to, 7);

	for (size_t i = 0; i < n; i++)
		text[i] = (uint8_t)(i * 7 + n);
	assert_int_equal(send(fd, text, n, 0), n);
	assert_int_equal(next_udp(dev, &rx), 1);
	tx = answer_of(&rx);
	assert_int_equal(dev->ops->send(dev, &tx, 1, 0), 1);
	assert_true(comes(fd)); /* the kernel may take a write in later, when a processor is idle */
	assert_int_equal(recv(fd, back, sizeof(back), 0), n);
	assert_memory_equal(text, back, n);
	close(fd);
}

static void the_kernel_and_a_stackless_endpoint_talk_over_v4_and_v6_at_once(void **state)
{
	struct aksu_device *dev = open_up(1500);

	(void)state;
	assert_int_equal(dev->config.mtu, 1500);
	assert_int_equal(dev->config.kind, AKSU_LINK_IP);
	for (size_t n = 2; n <= 1452; n += 290) {
		echo_over(dev, "10.77.0.2", n);
		echo_over(dev, "fd77::2", n);
	}
	assert_int_equal(aksu_tun_counters(dev)->refused, 0);
	assert_int_equal(aksu_tun_counters(dev)->frames_out, 12);
	dev->ops->close(dev);
}

static void small_mtu_is_set_and_told(void **state)
{
	struct aksu_device *dev = open_up(576);

	(void)state;
	assert_int_equal(dev->config.mtu, 576);
	echo_over(dev, "10.77.0.2", 548);
	dev->ops->close(dev);
}

static void a_burst_is_read_in_batches_and_in_order(void **state)
{
	struct aksu_device *dev = open_up(1500);
	struct aksu_rx rx[64];
	int fd = udp_to("10.77.0.2", 9);
	size_t seen = 0, n;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(send(fd, &i, sizeof(i), 0), sizeof(i));
	while (seen < 100 && comes(aksu_tun_fd(dev))) {
		n = dev->ops->receive(dev, rx, 64, 0);
		for (size_t i = 0; i < n; i++) {
			uint32_t number;

			if (rx[i].data[0] >> 4 != 4 || rx[i].len != 32)
				continue;
			memcpy(&number, rx[i].data + 28, 4);
			assert_int_equal(number, seen++);
		}
	}
	assert_int_equal(seen, 100);
	close(fd);
	dev->ops->close(dev);
}

static void a_frame_that_the_kernel_refuses_is_counted_and_the_next_one_goes(void **state)
{
	struct aksu_device *dev = open_up(1500);
	struct aksu_tx tx[2] = {{.len = 20, .head_len = 20}, {.len = 20, .head_len = 20}};

	(void)state;
	tx[0].head[0] = 0x15; /* IP version 1 */
	tx[1].head[0] = 0x45;
	assert_int_equal(dev->ops->send(dev, tx, 2, 0), 2);
	assert_int_equal(aksu_tun_counters(dev)->refused, 1);
	assert_int_equal(aksu_tun_counters(dev)->frames_out, 1);
	assert_int_equal(dev->error, 0);
	dev->ops->close(dev);
}

static void frames_for_an_interface_that_is_down_are_lost_and_counted(void **state)
{
	struct aksu_device *dev = aksu_tun_open(&CONFIG, NULL);
	struct aksu_tx tx = {.len = 20, .head_len = 20, .head = {0x45}};

	(void)state;
	assert_non_null(dev);
	assert_int_equal(dev->ops->send(dev, &tx, 1, 0), 1);
	assert_int_equal(aksu_tun_counters(dev)->down, 1);
	assert_int_equal(dev->error, 0);
	dev->ops->close(dev);
}

static void refusals_say_what_to_do(void **state)
{
	static const char *const bad[] = {"",      "a/b", "sixteen_is_toobig", "a b", ".",
					  "tun%d", "a:1"};
	struct aksu_device *dev = aksu_tun_open(&CONFIG, NULL);
	struct aksu_reason why;

	(void)state;
	assert_non_null(dev);
	assert_null(aksu_tun_open(&CONFIG, &why));
	assert_non_null(strstr(why.text, "in use by another program"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct aksu_tun_config config = {.size = sizeof(config), .name = bad[i]};

		assert_null(aksu_tun_open(&config, &why));
		assert_non_null(strstr(why.text, "cannot name an interface"));
	}
	assert_null(aksu_tun_open(&(struct aksu_tun_config){.name = "lo"}, &why));
	assert_non_null(strstr(why.text, "not a plain TUN device"));
	assert_false(aksu_tun_up(dev, 20, &why));
	assert_non_null(strstr(why.text, "68 to 65535"));
	dev->ops->close(dev);
}

/* Why this machine does not let us, or NULL. */
static const char *why_not(void)
{
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0)
		return "/dev/net/tun cannot be opened";
	close(fd);
	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return "no network namespace may be made";
	return NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_and_a_stackless_endpoint_talk_over_v4_and_v6_at_once),
		cmocka_unit_test(small_mtu_is_set_and_told),
		cmocka_unit_test(a_burst_is_read_in_batches_and_in_order),
		cmocka_unit_test(a_frame_that_the_kernel_refuses_is_counted_and_the_next_one_goes),
		cmocka_unit_test(frames_for_an_interface_that_is_down_are_lost_and_counted),
		cmocka_unit_test(refusals_say_what_to_do),
	};
	const char *why = why_not();

	if (why) {
		printf("SKIPPED: the TUN device is NOT tested here: %s\n", why);
		return CANNOT;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
