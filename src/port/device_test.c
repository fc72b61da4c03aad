/* SPDX-License-Identifier: MIT */
/*
 * port/device_test.c - TUN and TAP devices against the kernel, in a network namespace of the test's
 * own, with an endpoint that has no stack: it answers a UDP datagram by exchanging the addresses
 * and the ports, which leaves both checksums right; on TAP the neighbours are written down by hand.
 * Whoever may not make a namespace gets a loud 77.
 *
 *      kernel's UDP socket ── 10.77.0.1, fd77::1 ── dev77 ── this test, as 10.77.0.2, fd77::2
 */
#include <errno.h>
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
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <aksu/loop.h>

enum { CANNOT = 77, PATIENCE_MS = 2000 };

static const struct aksu_device_config CONFIG = {.size = sizeof(CONFIG), .name = "dev77"};
static const struct aksu_device_config TAP = {.size = sizeof(TAP),
					      .name = "dev77",
					      .kind = AKSU_DEVICE_TAP};

static struct aksu_addr addr(const char *text)
{
	struct aksu_addr a;

	assert_true(aksu_addr_parse(text, &a));
	return a;
}

static struct aksu_device *open_up(const struct aksu_device_config *config, uint32_t mtu)
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

static bool comes(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, PATIENCE_MS) == 1;
}

static uint32_t ip_at(const struct aksu_device *dev)
{
	return dev->config.kind == AKSU_LINK_ETHERNET ? 14 : 0;
}

/* The next frame from the kernel that is UDP: the kernel may say things of its own. */
static size_t next_udp(struct aksu_device *dev, struct aksu_rx *rx)
{
	for (;;) {
		const uint8_t *ip;

		if (dev->ops->receive(dev, rx, 1, 0) == 0) {
			if (!comes(aksu_device_fd(dev)))
				return 0;
			continue;
		}
		ip = rx->data + ip_at(dev);
		if ((ip[0] >> 4 == 4 && ip[9] == IPPROTO_UDP) ||
		    (ip[0] >> 4 == 6 && ip[6] == IPPROTO_UDP))
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
	tx = answer_of(dev, &rx);
	assert_int_equal(dev->ops->send(dev, &tx, 1, 0), 1);
	assert_true(comes(fd)); /* the kernel may take a write in later, when a processor is idle */
	assert_int_equal(recv(fd, back, sizeof(back), 0), n);
	assert_memory_equal(text, back, n);
	close(fd);
}

static void the_kernel_and_a_stackless_endpoint_talk_over_v4_and_v6_at_once(void **state)
{
	struct aksu_device *dev = open_up(&CONFIG, 1500);

	(void)state;
	assert_int_equal(dev->config.mtu, 1500);
	assert_int_equal(dev->config.kind, AKSU_LINK_IP);
	for (size_t n = 2; n <= 1452; n += 290) {
		echo_over(dev, "10.77.0.2", n);
		echo_over(dev, "fd77::2", n);
	}
	assert_int_equal(aksu_device_counters(dev)->refused, 0);
	assert_int_equal(aksu_device_counters(dev)->frames_out, 12);
	dev->ops->close(dev);
}

static void write_neighbours_down(const struct aksu_device *dev)
{
	const uint8_t *m = dev->config.mac;
	char line[200];

	snprintf(line, sizeof(line),
		 "for a in 10.77.0.2 fd77::2; do ip neigh replace $a dev dev77 "
		 "lladdr %02x:%02x:%02x:%02x:%02x:%02x || exit 1; done",
		 m[0], m[1], m[2], m[3], m[4], m[5]);
	assert_int_equal(system(line), 0);
}

static void tap_carries_ethernet_frames_to_a_station_of_our_own(void **state)
{
	struct aksu_device *dev = open_up(&TAP, 1500);
	struct ifreq request = {.ifr_name = "dev77"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &request), 0);
	close(fd);
	assert_memory_not_equal(dev->config.mac, request.ifr_hwaddr.sa_data, 6);
	assert_int_equal(dev->config.mac[0] & 3, 2); /* one station's, locally administered */
	assert_int_equal(dev->config.kind, AKSU_LINK_ETHERNET);
	assert_int_equal(dev->config.mtu, 1500);
	write_neighbours_down(dev);
	for (size_t n = 2; n <= 1452; n += 290) {
		echo_over(dev, "10.77.0.2", n);
		echo_over(dev, "fd77::2", n);
	}
	assert_int_equal(aksu_device_counters(dev)->refused, 0);
	dev->ops->close(dev);
}

static void every_mtu_from_68_to_the_largest_is_taken(void **state)
{
	static const uint32_t tun[] = {68, 576, 1280, 9000, 65535}, tap[] = {68, 9000, 65521};
	struct aksu_reason why;
	struct aksu_device *dev = open_up(&CONFIG, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(tun) / sizeof(tun[0]); i++) {
		assert_true(aksu_device_up(dev, tun[i], &why));
		assert_int_equal(dev->config.mtu, tun[i]);
	}
	assert_false(aksu_device_up(dev, 67, &why));
	assert_non_null(strstr(why.text, "68 to 65535"));
	dev->ops->close(dev);
	dev = open_up(&TAP, 0);
	for (size_t i = 0; i < sizeof(tap) / sizeof(tap[0]); i++) {
		assert_true(aksu_device_up(dev, tap[i], &why));
		assert_int_equal(dev->config.mtu, tap[i]);
	}
	assert_false(aksu_device_up(dev, 65522, &why));
	assert_non_null(strstr(why.text, "68 to 65521"));
	dev->ops->close(dev);
}

static void a_change_of_mtu_and_the_end_of_the_interface_are_seen(void **state)
{
	struct aksu_device *dev = open_up(&CONFIG, 1500);
	struct aksu_rx rx;
	struct aksu_reason why;

	(void)state;
	assert_true(aksu_device_running(dev));
	assert_int_equal(system("ip link set dev77 mtu 9000"), 0);
	assert_true(aksu_device_refresh(dev, &why));
	assert_int_equal(dev->config.mtu, 9000);
	echo_over(dev, "10.77.0.2", 1400);
	assert_int_equal(system("ip link set dev77 down"), 0);
	assert_true(aksu_device_refresh(dev, &why));
	assert_false(aksu_device_running(dev));
	assert_int_equal(dev->error, 0);
	assert_int_equal(system("ip link delete dev77"), 0);
	assert_int_equal(dev->ops->receive(dev, &rx, 1, 0), 0);
	assert_int_equal(dev->error, AKSU_ENOENT);
	dev->error = 0;
	assert_false(aksu_device_refresh(dev, &why));
	assert_int_equal(dev->error, AKSU_ENOENT);
	assert_non_null(strstr(why.text, "dev77 is gone"));
	dev->ops->close(dev);
}

/* In a mount namespace of our own: a device file that everybody may open, which nobody does. */
#define PUBLIC_TUN                                                                               \
	"exec 2>/dev/null; mount --make-rprivate / && mount -t tmpfs none /dev/net && mknod -m " \
	"666 /dev/net/tun c "                                                                    \
	"10 200 && setpriv --reuid 65534 sh -c ': <>/dev/net/tun'"

/* The child: nobody, on an interface that root made for nobody. The exit code. */
static int as_nobody(void)
{
	struct aksu_reason why = {""};
	struct aksu_addr host = addr("10.77.0.1");
	struct aksu_device *dev;

	if (unshare(CLONE_NEWNS) != 0 || system(PUBLIC_TUN) != 0 || setresuid(65534, 65534, 65534))
		return CANNOT;
	dev = aksu_device_open(&CONFIG, &why);
	if (!dev || !aksu_device_up(dev, 0, &why))
		return 2;
	echo_over(dev, "10.77.0.2", 500);
	if (aksu_device_up(dev, 1400, &why) || !strstr(why.text, "ip link set"))
		return 3;
	if (aksu_device_host(dev, &host, 24, &why) || !strstr(why.text, "ip addr add"))
		return 4;
	return 0;
}

static void a_device_made_for_a_user_works_without_privilege(void **state)
{
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(system("ip tuntap add dev77 mode tun user 65534 2>/dev/null || "
				"ip tuntap add dev77 mode tun; "
				"ip addr add 10.77.0.1/24 dev dev77 && ip link set dev77 up"),
			 0);
	child = fork();
	if (child == 0)
		_exit(as_nobody());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(system("ip link delete dev77"), 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT)
		printf("SKIPPED: this user may not make a device file and become another\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

static void small_mtu_is_set_and_told(void **state)
{
	struct aksu_device *dev = open_up(&CONFIG, 576);

	(void)state;
	assert_int_equal(dev->config.mtu, 576);
	echo_over(dev, "10.77.0.2", 548);
	dev->ops->close(dev);
}

static void a_burst_is_read_in_batches_and_in_order(void **state)
{
	struct aksu_device *dev = open_up(&CONFIG, 1500);
	struct aksu_rx rx[64];
	int fd = udp_to("10.77.0.2", 9);
	size_t seen = 0, n;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(send(fd, &i, sizeof(i), 0), sizeof(i));
	while (seen < 100 && comes(aksu_device_fd(dev))) {
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
	struct aksu_device *dev = open_up(&CONFIG, 1500);
	struct aksu_tx tx[2] = {{.len = 20, .head_len = 20}, {.len = 20, .head_len = 20}};

	(void)state;
	tx[0].head[0] = 0x15; /* IP version 1 */
	tx[1].head[0] = 0x45;
	assert_int_equal(dev->ops->send(dev, tx, 2, 0), 2);
	assert_int_equal(aksu_device_counters(dev)->refused, 1);
	assert_int_equal(aksu_device_counters(dev)->frames_out, 1);
	assert_int_equal(dev->error, 0);
	dev->ops->close(dev);
}

static void frames_for_an_interface_that_is_down_are_lost_and_counted(void **state)
{
	struct aksu_device *dev = aksu_device_open(&CONFIG, NULL);
	struct aksu_tx tx = {.len = 20, .head_len = 20, .head = {0x45}};

	(void)state;
	assert_non_null(dev);
	assert_int_equal(dev->ops->send(dev, &tx, 1, 0), 1);
	assert_int_equal(aksu_device_counters(dev)->down, 1);
	assert_int_equal(dev->error, 0);
	dev->ops->close(dev);
}

static void refusals_say_what_to_do(void **state)
{
	static const char *const bad[] = {"",      "a/b", "sixteen_is_toobig", "a b", ".",
					  "tun%d", "a:1"};
	struct aksu_device *dev = aksu_device_open(&CONFIG, NULL);
	struct aksu_reason why;

	(void)state;
	assert_non_null(dev);
	assert_null(aksu_device_open(&CONFIG, &why));
	assert_non_null(strstr(why.text, "in use by another program"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct aksu_device_config config = {.size = sizeof(config), .name = bad[i]};

		assert_null(aksu_device_open(&config, &why));
		assert_non_null(strstr(why.text, "cannot name an interface"));
	}
	assert_null(aksu_device_open(&(struct aksu_device_config){.name = "lo"}, &why));
	assert_non_null(strstr(why.text, "not a plain TUN device"));
	dev->ops->close(dev);
	dev = aksu_device_open(&TAP, NULL);
	assert_int_equal(system("ip tuntap add dev78 mode tap"), 0);
	assert_null(aksu_device_open(&(struct aksu_device_config){.name = "dev78"}, &why));
	assert_non_null(strstr(why.text, "is a TAP device: --link tap:dev78"));
	assert_int_equal(system("ip link delete dev78"), 0);
	assert_false(aksu_device_up(dev, 20, &why));
	assert_non_null(strstr(why.text, "68 to 65521"));
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
		cmocka_unit_test(tap_carries_ethernet_frames_to_a_station_of_our_own),
		cmocka_unit_test(every_mtu_from_68_to_the_largest_is_taken),
		cmocka_unit_test(a_change_of_mtu_and_the_end_of_the_interface_are_seen),
		cmocka_unit_test(a_device_made_for_a_user_works_without_privilege),
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
