/* SPDX-License-Identifier: MIT */
/*
 * port/packet_test.c - packet sockets on one end of a veth pair, the kernel on the other one, in a
 * network namespace of the test's own; see tests/support/stackless.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/stackless.h"

static void a_packet_socket_carries_the_frames_of_an_interface_as_its_station(void **state)
{
	(void)state;
	for (int plain = 0; plain < 2; plain++) {
		struct aksu_device_config config = PACKET;
		struct aksu_device *dev;
		uint8_t mac[6];

		config.plain = plain;
		dev = open_veth(&config, 0);
		the_station_of("dev77", mac);
		assert_memory_equal(dev->config.mac, mac, 6);
		assert_int_equal(dev->config.kind, AKSU_LINK_ETHERNET);
		assert_int_equal(dev->config.mtu, 1500);
		assert_true(dev->config.queue >= 100000);
		assert_int_equal(dev->config.features,
				 AKSU_LINK_RX_CSUM |
					 (plain ? 0 : AKSU_LINK_TX_CSUM | AKSU_LINK_TX_TSO));
		echo_all_lengths(dev);
		close_veth(dev);
	}
}

static void what_a_packet_socket_sent_itself_it_does_not_receive(void **state)
{
	struct aksu_device *dev = open_veth(&PACKET, 0);
	struct aksu_tx tx = {.len = 60, .head_len = 60, .head = {2, 0, 0, 0, 0, 9}};
	struct aksu_rx rx[16];

	(void)state;
	tx.head[12] = 0x88, tx.head[13] = 0xb5; /* for experiments (IEEE 802) */
	assert_int_equal(dev->ops->send(dev, &tx, 1, 0), 1);
	echo_over(dev, "10.77.0.2", 100);
	for (size_t n = dev->ops->receive(dev, rx, 16, 0); n > 0; n--)
		assert_int_not_equal(rx[n - 1].data[13], 0xb5);
	close_veth(dev);
}

static void an_interface_that_goes_down_comes_back_and_one_that_goes_away_is_gone(void **state)
{
	struct aksu_device *dev = open_veth(&PACKET, 0);
	struct aksu_tx tx = {.len = 60, .head_len = 60};
	struct aksu_reason why;
	struct aksu_rx rx;

	(void)state;
	run("ip link set dev77 down");
	while (dev->ops->receive(dev, &rx, 1, 0) > 0)
		continue;
	assert_int_equal(dev->ops->send(dev, &tx, 1, 0), 1);
	assert_int_equal(aksu_device_counters(dev)->down, 1);
	assert_int_equal(dev->error, 0);
	assert_true(aksu_device_refresh(dev, &why));
	assert_false(aksu_device_running(dev));
	run("ip link set dev77 up && ip link set dev77 mtu 9000");
	assert_true(aksu_device_refresh(dev, &why));
	assert_true(aksu_device_running(dev));
	assert_int_equal(dev->config.mtu, 9000);
	meet_over_veth(dev);
	echo_over(dev, "10.77.0.2", 1000);
	run("ip link delete dev77");
	while (dev->ops->receive(dev, &rx, 1, 0) > 0)
		continue;
	assert_int_equal(dev->error, AKSU_ENOENT);
	dev->ops->close(dev);
}

static void frames_of_a_vlan_are_dropped_and_counted(void **state)
{
	struct aksu_device_config other = {.size = sizeof(other),
					   .name = "dev77p",
					   .kind = AKSU_DEVICE_PACKET};
	struct aksu_device *dev = open_veth(&PACKET, 0);
	struct aksu_device *peer = aksu_device_open(&other, NULL);
	struct aksu_tx tx = {.len = 64, .head_len = 64, .head = {2, [12] = 0x81, 0, 0, 5, 8, 0}};
	struct aksu_rx rx;

	(void)state;
	assert_non_null(peer);
	for (int i = 0; i < 3; i++)
		assert_int_equal(peer->ops->send(peer, &tx, 1, 0), 1);
	peer->ops->close(peer);
	echo_over(dev, "10.77.0.2", 100);
	while (dev->ops->receive(dev, &rx, 1, 0) > 0)
		continue;
	assert_int_equal(aksu_device_counters(dev)->tagged, 3);
	close_veth(dev);
}

static void a_frame_above_the_mtu_is_refused_and_the_next_one_goes(void **state)
{
	static const uint8_t text[2000];
	struct aksu_device *dev = open_veth(&PACKET, 0);
	struct aksu_tx tx[2] = {{.len = 1514 + 1, .head_len = 14, .pieces = 1},
				{.len = 1514, .head_len = 14, .pieces = 1}};

	(void)state;
	tx[0].piece[0] = (struct aksu_piece){.data = text, .len = 1501};
	tx[1].piece[0] = (struct aksu_piece){.data = text, .len = 1500};
	assert_int_equal(dev->ops->send(dev, tx, 2, 0), 2);
	assert_int_equal(aksu_device_counters(dev)->refused, 1);
	assert_int_equal(aksu_device_counters(dev)->frames_out, 1);
	close_veth(dev);
}

enum { FLOOD = 8192 }; /* frames of 1,400 octets: more than any buffer we may have */

static void a_flood_is_lost_by_number_and_the_device_goes_on(void **state)
{
	struct aksu_device *dev = open_veth(&PACKET, 0);
	uint8_t text[1400] = {0};
	int fd = udp_to("10.77.0.2", 9);
	uint64_t sent = 0;
	struct aksu_rx rx[64];

	(void)state;
	/* Where processors are busy the kernel loses frames on their way to the socket, too. */
	for (int round = 0; round < 10 && aksu_device_counters(dev)->overflowed == 0; round++) {
		for (int i = 0; i < FLOOD; i++)
			sent += send(fd, text, sizeof(text), 0) > 0;
		while (dev->ops->receive(dev, rx, 64, 0) > 0)
			continue;
		/* The number comes with the first frame that finds room again. */
		echo_over(dev, "10.77.0.2", 100);
	}
	assert_in_range(aksu_device_counters(dev)->overflowed, 1, sent);
	close(fd);
	close_veth(dev);
}

/* A child that has no privilege any more. */
static void without_privilege_the_reason_says_what_to_do(void **state)
{
	struct aksu_reason why = {""};
	int status;
	pid_t child;

	(void)state;
	run("ip link add dev77 type veth peer name dev77p");
	child = fork();
	if (child == 0) {
		if (setresuid(65534, 65534, 65534) != 0)
			_exit(CANNOT);
		_exit(!(aksu_device_open(&PACKET, &why) == NULL &&
			strstr(why.text, "CAP_NET_RAW") && strstr(why.text, "unshare -Urn")));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT)
		printf("SKIPPED: this user may not become another\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

static void refusals_of_packet_sockets_say_what_to_do(void **state)
{
	struct aksu_device_config lo = {.size = sizeof(lo),
					.name = "lo",
					.kind = AKSU_DEVICE_PACKET};
	struct aksu_addr host = addr("10.77.0.1");
	struct aksu_reason why;
	struct aksu_device *dev;

	(void)state;
	assert_null(aksu_device_open(&PACKET, &why));
	assert_non_null(strstr(why.text, "ip link add dev77 type veth peer name dev77p"));
	assert_null(aksu_device_open(&lo, &why));
	assert_non_null(strstr(why.text, "not an Ethernet interface"));
	dev = open_veth(&PACKET, 0);
	assert_false(aksu_device_host(dev, &host, 24, &why));
	assert_non_null(strstr(why.text, "the other end"));
	close_veth(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			a_packet_socket_carries_the_frames_of_an_interface_as_its_station,
			none_left),
		cmocka_unit_test_setup(what_a_packet_socket_sent_itself_it_does_not_receive,
				       none_left),
		cmocka_unit_test_setup(
			an_interface_that_goes_down_comes_back_and_one_that_goes_away_is_gone,
			none_left),
		cmocka_unit_test_setup(frames_of_a_vlan_are_dropped_and_counted, none_left),
		cmocka_unit_test_setup(a_frame_above_the_mtu_is_refused_and_the_next_one_goes,
				       none_left),
		cmocka_unit_test_setup(a_flood_is_lost_by_number_and_the_device_goes_on, none_left),
		cmocka_unit_test_setup(without_privilege_the_reason_says_what_to_do, none_left),
		cmocka_unit_test_setup(refusals_of_packet_sockets_say_what_to_do, none_left),
	};
	const char *why = why_not();

	if (why) {
		printf("SKIPPED: packet sockets are NOT tested here: %s\n", why);
		return CANNOT;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
