/* SPDX-License-Identifier: MIT */
/*
 * port/survive_test.c - a stack and its loop on real devices that change, go down, go away and come
 * back in the middle of a connection with the kernel's TCP.
 *
 * Both directions carry octets that say where they belong, and each octet must arrive once, in its
 * place. The kernel's end is a socket that the same loop watches. In a network namespace of the
 * test's own; whoever may not make one gets a loud 77.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <aksu/loop.h>

#include "support/stackless.h"

#include <cmocka.h>

enum { TOTAL = 12 << 20, THIRD = TOTAL / 3, PERIOD = 251, CHUNK = 65536, PATIENCE_S = 60 };

/* What is done to the device when a third, and two thirds, of the octets are there. */
struct trouble {
	const struct aksu_device_config *config;
	const char *first, *second;
	aksu_time between; /* to the repair, which is the second */
	bool veth;
	bool comes_back; /* the device is opened again by its name */
};

struct stage {
	const struct trouble *trouble;
	struct aksu *stack;
	struct aksu_loop *loop;
	struct aksu_device *dev;
	int link, gone, step, mtu;
	aksu_socket listener, c;
	int fd;                   /* the kernel's end */
	uint32_t sent[2], got[2]; /* by us, by the kernel */
	struct aksu_loop_timer repair, guard;
};

static uint8_t pattern[CHUNK + PERIOD], scratch[CHUNK];

static const uint8_t *from_place(uint32_t place) { return pattern + place % PERIOD; }

static uint32_t next_chunk(uint32_t sent) { return TOTAL - sent < CHUNK ? TOTAL - sent : CHUNK; }

static void take(struct stage *g, int who, size_t n)
{
	assert_memory_equal(scratch, from_place(g->got[who]), n);
	g->got[who] += (uint32_t)n;
	if (g->got[0] == TOTAL && g->got[1] == TOTAL)
		aksu_loop_stop(g->loop);
}

/* ------------------------------------------------------------------ trouble */

static void do_step(struct stage *g, const char *command)
{
	g->step++;
	if (command)
		run(command);
}

static void repair(void *ctx, aksu_time now)
{
	struct stage *g = ctx;

	(void)now;
	do_step(g, g->trouble->second);
}

static void make_trouble(struct stage *g, aksu_time now)
{
	if (g->step == 0 && g->got[0] + g->got[1] > 2 * THIRD) {
		do_step(g, g->trouble->first);
		if (g->trouble->between)
			aksu_loop_timer_set(g->loop, &g->repair, now + g->trouble->between);
	} else if (g->step == 1 && !g->trouble->between && g->got[0] + g->got[1] > 4 * THIRD) {
		do_step(g, g->trouble->second);
	}
}

static void open_device(struct stage *g)
{
	if (g->trouble->veth)
		g->dev = open_veth(g->trouble->config, 0);
	else
		g->dev = open_up(g->trouble->config, 0);
}

static void open_again(void *ctx, aksu_time now)
{
	struct stage *g = ctx;
	struct aksu_reason why;

	(void)now;
	open_device(g);
	assert_int_equal(aksu_loop_replace(g->loop, g->link, g->dev, aksu_device_fd(g->dev)), 0);
	assert_true(aksu_loop_follow(g->loop, g->link, g->dev, &why));
}

static void on_gone(void *ctx, int link, int error, aksu_time now)
{
	struct stage *g = ctx;

	assert_int_equal(error, AKSU_ENOENT);
	g->gone++;
	assert_int_equal(aksu_loop_replace(g->loop, link, NULL, -1), 0);
	g->dev->ops->close(g->dev);
	g->repair.fire = open_again;
	aksu_loop_timer_set(g->loop, &g->repair, now + 300 * AKSU_MILLISECOND);
}

static void give_up(void *ctx, aksu_time now)
{
	const struct stage *g = ctx;

	(void)now;
	fail_msg("stuck: sent %u and %u, got %u and %u, step %d", g->sent[0], g->sent[1], g->got[0],
		 g->got[1], g->step);
}

/* ------------------------------------------------------------------ both ends */

static void on_ready(void *ctx, const struct aksu_ready *ready, aksu_time now)
{
	struct stage *g = ctx;
	int64_t n;

	if (ready->socket.slot == g->listener.slot) {
		assert_int_equal(aksu_accept(g->stack, g->listener, &g->c), 0);
	} else {
		assert_false(ready->events & (AKSU_ERROR | AKSU_HUP));
	}
	while ((n = aksu_recv(g->stack, g->c, scratch, sizeof(scratch), now)) > 0)
		take(g, 0, (size_t)n);
	while (g->sent[0] < TOTAL && (n = aksu_send(g->stack, g->c, from_place(g->sent[0]),
						    next_chunk(g->sent[0]), 0, now)) > 0)
		g->sent[0] += (uint32_t)n;
	make_trouble(g, now);
}

static void told(void *ctx, int fd, uint32_t events, aksu_time now)
{
	struct stage *g = ctx;
	ssize_t n = 0;

	if (events & AKSU_READABLE) {
		n = recv(fd, scratch, sizeof(scratch), 0);
		if (n > 0)
			take(g, 1, (size_t)n);
		else
			assert_int_equal(errno, EAGAIN);
	}
	if (events & AKSU_WRITABLE) {
		n = send(fd, from_place(g->sent[1]), next_chunk(g->sent[1]), MSG_NOSIGNAL);
		if (n > 0)
			g->sent[1] += (uint32_t)n;
		else
			assert_true(errno == EAGAIN || errno == EINPROGRESS);
	}
	if (g->sent[1] == TOTAL)
		aksu_loop_watch(g->loop, fd, AKSU_READABLE, told, g);
	make_trouble(g, now);
}

static void start_stack(struct stage *g)
{
	struct aksu_config config = {.size = sizeof(config), .allocator = aksu_malloc_allocator()};
	struct aksu_loop_config loop = {
		.size = sizeof(loop),
		.ctx = g,
		.ready = on_ready,
		.device_gone = g->trouble->comes_back ? on_gone : NULL,
	};
	struct aksu_addr ours = addr("10.77.0.2");
	struct aksu_reason why = {""};

	assert_true(aksu_entropy(config.entropy, sizeof(config.entropy)));
	g->stack = loop.stack = aksu_new(&config, aksu_clock_now());
	g->loop = aksu_loop_new(&loop, &why);
	assert_non_null(g->loop);
	open_device(g);
	g->link = aksu_loop_add(g->loop, g->dev, aksu_device_fd(g->dev));
	assert_true(g->link >= 0);
	if (!aksu_loop_follow(g->loop, g->link, g->dev, &why))
		fail_msg("%s", why.text);
	assert_int_equal(aksu_addr_add(g->stack, g->link, &ours, 24), 0);
	g->listener = aksu_socket_tcp(g->stack);
	assert_int_equal(aksu_bind(g->stack, g->listener, &(struct aksu_endpoint){.port = 7}), 0);
	assert_int_equal(aksu_listen(g->stack, g->listener, 4), 0);
}

static void start_kernel(struct stage *g)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(7),
				 .sin_addr.s_addr = htonl(0x0a4d0002)};

	g->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(g->fd, (struct sockaddr *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_int_equal(aksu_loop_watch(g->loop, g->fd, AKSU_READABLE | AKSU_WRITABLE, told, g),
			 0);
}

/* Returns how the loop ended; everything is given back. */
static int survive(struct stage *g, const struct trouble *trouble)
{
	int result;

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i % PERIOD);
	*g = (struct stage){.trouble = trouble};
	g->repair = (struct aksu_loop_timer){.fire = repair, .ctx = g};
	g->guard = (struct aksu_loop_timer){.fire = give_up, .ctx = g};
	start_stack(g);
	start_kernel(g);
	aksu_loop_timer_set(g->loop, &g->guard, aksu_clock_now() + PATIENCE_S * AKSU_SECOND);
	result = aksu_loop_run(g->loop);
	g->mtu = aksu_link_mtu(g->stack, g->link);
	aksu_loop_free(g->loop);
	close(g->fd);
	g->dev->ops->close(g->dev);
	aksu_free(g->stack);
	return result;
}

/* Everything arrives; the MTU that the link has in the end. */
static int survives(const struct trouble *trouble)
{
	struct stage g;

	assert_int_equal(survive(&g, trouble), 0);
	assert_int_equal(g.got[0], TOTAL);
	assert_int_equal(g.got[1], TOTAL);
	assert_int_equal(g.step, 2);
	assert_int_equal(g.gone, trouble->comes_back);
	return g.mtu;
}

/* ------------------------------------------------------------------ the troubles */

static void an_mtu_that_changes_in_mid_transfer(void **state)
{
	int mtu;

	(void)state;
	mtu = survives(&(struct trouble){.config = &TUN,
					 .first = "ip link set dev77 mtu 600",
					 .second = "ip link set dev77 mtu 9000"});
	assert_int_equal(mtu, 9000);
	mtu = survives(&(struct trouble){.config = &TAP,
					 .first = "ip link set dev77 mtu 1400",
					 .second = "ip link set dev77 mtu 3000"});
	assert_int_equal(mtu, 3000);
}

#define UP "ip link set dev77 up"

static void a_device_that_is_down_for_a_while(void **state)
{
	static const struct aksu_device_config *kinds[] = {&TUN, &TAP, &PACKET};

	(void)state;
	for (int i = 0; i < 3; i++)
		survives(&(struct trouble){.config = kinds[i],
					   .veth = i == 2,
					   .first = "ip link set dev77 down",
					   .second = UP,
					   .between = 700 * AKSU_MILLISECOND});
}

static void a_device_that_is_deleted_and_comes_back(void **state)
{
	static const struct aksu_device_config *kinds[] = {&TUN, &TAP, &PACKET};

	(void)state;
	for (int i = 0; i < 3; i++)
		survives(&(struct trouble){.config = kinds[i],
					   .veth = i == 2,
					   .first = "ip link delete dev77",
					   .second = NULL,
					   .comes_back = true});
}

static void a_device_that_is_deleted_for_good_ends_the_loop(void **state)
{
	static const struct aksu_device_config *kinds[] = {&TUN, &PACKET};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct stage g;

		assert_int_equal(survive(&g, &(struct trouble){.config = kinds[i],
							       .veth = i == 1,
							       .first = "ip link delete dev77"}),
				 -AKSU_ENOENT);
		assert_int_equal(g.step, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_mtu_that_changes_in_mid_transfer, none_left),
		cmocka_unit_test_setup(a_device_that_is_down_for_a_while, none_left),
		cmocka_unit_test_setup(a_device_that_is_deleted_and_comes_back, none_left),
		cmocka_unit_test_setup(a_device_that_is_deleted_for_good_ends_the_loop, none_left),
	};
	const char *why = why_not();

	if (why) {
		printf("SKIPPED: NOTHING IS TESTED HERE: %s\n", why);
		return CANNOT;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
