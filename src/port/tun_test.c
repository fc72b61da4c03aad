/* SPDX-License-Identifier: MIT */
/*
 * port/tun_test.c - TUN and TAP devices against the kernel, in a network namespace of the test's
 * own, with an endpoint that has no stack (tests/support/stackless.h). Whoever may not make a
 * namespace gets a loud 77.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/stackless.h"

static void the_kernel_and_a_stackless_endpoint_talk_over_v4_and_v6_at_once(void **state)
{
	(void)state;
	for (int plain = 0; plain < 2; plain++) {
		struct aksu_device_config config = TUN;
		struct aksu_device *dev;

		config.plain = plain;
		dev = open_up(&config, 1500);
		assert_int_equal(dev->config.mtu, 1500);
		assert_int_equal(dev->config.kind, AKSU_LINK_IP);
		assert_int_equal(dev->config.features,
				 plain ? 0
				       : AKSU_LINK_RX_CSUM | AKSU_LINK_TX_CSUM | AKSU_LINK_TX_TSO);
		echo_all_lengths(dev);
		dev->ops->close(dev);
	}
}

static void tap_carries_ethernet_frames_to_a_station_of_our_own(void **state)
{
	(void)state;
	for (int plain = 0; plain < 2; plain++) {
		struct aksu_device_config config = TAP;
		struct aksu_device *dev;
		uint8_t mac[6];

		config.plain = plain;
		dev = open_up(&config, 1500);
		the_station_of("dev77", mac);
		assert_memory_not_equal(dev->config.mac, mac, 6);
		assert_int_equal(dev->config.mac[0] & 3, 2); /* one station's, locally made */
		assert_int_equal(dev->config.kind, AKSU_LINK_ETHERNET);
		assert_int_equal(dev->config.mtu, 1500);
		write_neighbours_down(dev, "dev77");
		echo_all_lengths(dev);
		dev->ops->close(dev);
	}
}

static void every_mtu_from_68_to_the_largest_is_taken(void **state)
{
	static const uint32_t tun[] = {68, 576, 1280, 9000, 65535}, tap[] = {68, 9000, 65521};
	struct aksu_reason why;
	struct aksu_device *dev = open_up(&TUN, 0);

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
	struct aksu_device *dev = open_up(&TUN, 1500);
	struct aksu_rx rx;
	struct aksu_reason why;

	(void)state;
	assert_true(aksu_device_running(dev));
	run("ip link set dev77 mtu 9000");
	assert_true(aksu_device_refresh(dev, &why));
	assert_int_equal(dev->config.mtu, 9000);
	echo_over(dev, "10.77.0.2", 1400);
	run("ip link set dev77 down");
	assert_true(aksu_device_refresh(dev, &why));
	assert_false(aksu_device_running(dev));
	assert_int_equal(dev->error, 0);
	run("ip link delete dev77");
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
	dev = aksu_device_open(&TUN, &why);
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
	run("ip tuntap add dev77 mode tun user 65534 2>/dev/null || ip tuntap add dev77 mode tun; "
	    "ip addr add 10.77.0.1/24 dev dev77 && ip link set dev77 up");
	child = fork();
	if (child == 0)
		_exit(as_nobody());
	assert_int_equal(waitpid(child, &status, 0), child);
	run("ip link delete dev77");
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT)
		printf("SKIPPED: this user may not make a device file and become another\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

static void small_mtu_is_set_and_told(void **state)
{
	struct aksu_device *dev = open_up(&TUN, 576);

	(void)state;
	assert_int_equal(dev->config.mtu, 576);
	echo_over(dev, "10.77.0.2", 548);
	dev->ops->close(dev);
}

static void a_burst_is_read_in_batches_and_in_order(void **state)
{
	struct aksu_device *dev = open_up(&TUN, 1500);
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
	struct aksu_device *dev = open_up(&TUN, 1500);
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
	struct aksu_device *dev = aksu_device_open(&TUN, NULL);
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
	struct aksu_device *dev = aksu_device_open(&TUN, NULL);
	struct aksu_reason why;

	(void)state;
	assert_non_null(dev);
	assert_null(aksu_device_open(&TUN, &why));
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
	run("ip tuntap add dev78 mode tap");
	assert_null(aksu_device_open(&(struct aksu_device_config){.name = "dev78"}, &why));
	assert_non_null(strstr(why.text, "is a TAP device: --link tap:dev78"));
	run("ip link delete dev78");
	assert_false(aksu_device_up(dev, 20, &why));
	assert_non_null(strstr(why.text, "68 to 65521"));
	dev->ops->close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			the_kernel_and_a_stackless_endpoint_talk_over_v4_and_v6_at_once, none_left),
		cmocka_unit_test_setup(tap_carries_ethernet_frames_to_a_station_of_our_own,
				       none_left),
		cmocka_unit_test_setup(every_mtu_from_68_to_the_largest_is_taken, none_left),
		cmocka_unit_test_setup(a_change_of_mtu_and_the_end_of_the_interface_are_seen,
				       none_left),
		cmocka_unit_test_setup(a_device_made_for_a_user_works_without_privilege, none_left),
		cmocka_unit_test_setup(small_mtu_is_set_and_told, none_left),
		cmocka_unit_test_setup(a_burst_is_read_in_batches_and_in_order, none_left),
		cmocka_unit_test_setup(
			a_frame_that_the_kernel_refuses_is_counted_and_the_next_one_goes,
			none_left),
		cmocka_unit_test_setup(frames_for_an_interface_that_is_down_are_lost_and_counted,
				       none_left),
		cmocka_unit_test_setup(refusals_say_what_to_do, none_left),
	};
	const char *why = why_not();

	if (why) {
		printf("SKIPPED: TUN and TAP are NOT tested here: %s\n", why);
		return CANNOT;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
