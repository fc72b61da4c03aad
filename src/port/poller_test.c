/* SPDX-License-Identifier: MIT */
/*
 * port/poller_test.c - every corner of epoll(7) that the poller rounds off, with real descriptors:
 * hang-ups that must not spin, files that epoll refuses, watches that end while they are being
 * told, descriptors with a new owner, a kernel without epoll_pwait2(2), a child of fork().
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port/poller.h"

enum { BOTH = AKSU_READABLE | AKSU_WRITABLE, MANY = 300 };

struct note {
	struct poller *p;
	int told, last_fd;
	uint32_t events;
	bool reads; /* takes what there is */
	int ends;   /* also ends this watch, if it is not 0 */
};

static void told(void *ctx, int fd, uint32_t events, aksu_time now)
{
	struct note *n = ctx;
	char some[64];

	(void)now;
	n->told++;
	n->last_fd = fd;
	n->events = events;
	if (n->reads && read(fd, some, sizeof(some)) < 0)
		assert_true(errno == EAGAIN || errno == ECONNREFUSED);
	if (n->ends)
		poller_unwatch(n->p, n->ends);
}

static struct poller *begin(struct note *n)
{
	struct poller *p = calloc(1, sizeof(*p));

	assert_int_equal(poller_init(p), 0);
	*n = (struct note){.p = p};
	return p;
}

static void end(struct poller *p)
{
	poller_fini(p);
	free(p);
}

/* Several turns that do not sleep; returns how often the note was told in them. */
static int turns(struct poller *p, struct note *n)
{
	int before = n->told;

	for (int i = 0; i < 10; i++) {
		poller_sleep(p, 0);
		poller_tell(p, 1);
	}
	return n->told - before;
}

/* ------------------------------------------------------------------ hang-ups and files */

static void what_stays_unread_is_told_again(void **state)
{
	struct note n;
	struct poller *p = begin(&n);
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(poller_watch(p, fds[0], AKSU_READABLE, told, &n), 0);
	assert_int_equal(turns(p, &n), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(turns(p, &n), 10);
	assert_int_equal(n.events, AKSU_READABLE);
	n.reads = true;
	assert_int_equal(turns(p, &n), 1);
	close(fds[0]);
	close(fds[1]);
	end(p);
}

static void a_closed_pipe_is_told_once_after_its_data(void **state)
{
	struct note n;
	struct poller *p = begin(&n);
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(poller_watch(p, fds[0], AKSU_READABLE, told, &n), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	close(fds[1]);
	assert_int_equal(turns(p, &n), 10); /* the data waits */
	n.reads = true;
	assert_int_equal(turns(p, &n), 2); /* the data, the end */
	assert_int_equal(poller_state(p, fds[0]), WATCH_RESTS);
	assert_int_equal(poller_watch(p, fds[0], AKSU_READABLE, told, &n), 0);
	assert_int_equal(turns(p, &n), 1);
	poller_unwatch(p, fds[0]);
	close(fds[0]);
	end(p);
}

static void a_pause_does_not_spin_on_a_hang_up_nor_lose_it(void **state)
{
	struct note n;
	struct poller *p = begin(&n);
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(poller_watch(p, fds[0], 0, told, &n), 0);
	close(fds[1]);
	assert_int_equal(turns(p, &n), 0);
	poller_sleep(p, 0);
	assert_int_equal(p->got_count, 0);
	assert_int_equal(poller_watch(p, fds[0], AKSU_READABLE, told, &n), 0);
	assert_int_equal(turns(p, &n), 1);
	close(fds[0]);
	end(p);
}

/* A datagram that nobody wanted comes back as an error of the socket, once for each. */
static void provoke(int udp)
{
	/* The error may be there already, from the last one. */
	if (send(udp, "x", 1, 0) < 0)
		assert_int_equal(errno, ECONNREFUSED);
}

static void an_error_that_the_callback_takes_is_not_the_end(void **state)
{
	struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_addr.s_addr = 0x0100007f};
	socklen_t len = sizeof(nobody);
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	int port = socket(AF_INET, SOCK_DGRAM, 0);
	struct note n;
	struct poller *p = begin(&n);

	(void)state;
	assert_int_equal(bind(port, (struct sockaddr *)&nobody, len), 0);
	assert_int_equal(getsockname(port, (struct sockaddr *)&nobody, &len), 0);
	assert_int_equal(connect(udp, (struct sockaddr *)&nobody, len), 0);
	close(port);
	n.reads = true;
	assert_int_equal(poller_watch(p, udp, AKSU_READABLE, told, &n), 0);
	for (int i = 0; i < 3; i++) {
		provoke(udp);
		assert_int_equal(turns(p, &n), 1);
		assert_int_equal(poller_state(p, udp), WATCH_ARMED);
	}
	close(udp);
	end(p);
}

static void a_regular_file_is_always_ready(void **state)
{
	char name[] = "/tmp/aksu-poller-XXXXXX";
	int fd = mkstemp(name);
	struct note n;
	struct poller *p = begin(&n);

	(void)state;
	unlink(name);
	assert_int_equal(poller_watch(p, fd, BOTH, told, &n), 0);
	poller_sleep(p, AKSU_NEVER); /* returns at once */
	poller_tell(p, 1);
	assert_int_equal(n.events, BOTH);
	assert_int_equal(turns(p, &n), 10);
	assert_int_equal(poller_watch(p, fd, 0, told, &n), 0);
	assert_int_equal(turns(p, &n), 0);
	assert_int_equal(p->always, 0);
	assert_int_equal(poller_watch(p, fd, AKSU_READABLE, told, &n), 0);
	n.ends = fd;
	assert_int_equal(turns(p, &n), 1);
	assert_int_equal(p->always, 0);
	close(fd);
	end(p);
}

static void nonsense_is_refused(void **state)
{
	struct note n;
	struct poller *p = begin(&n);

	(void)state;
	assert_int_equal(poller_watch(p, -1, AKSU_READABLE, told, &n), -AKSU_EINVAL);
	assert_int_equal(poller_watch(p, 0, 0x80, told, &n), -AKSU_EINVAL);
	assert_int_equal(poller_watch(p, 0, AKSU_READABLE, NULL, &n), -AKSU_EINVAL);
	assert_int_equal(poller_watch(p, 900, AKSU_READABLE, told, &n), -AKSU_EBADF);
	assert_int_equal(poller_watch(p, p->fd, AKSU_READABLE, told, &n), -AKSU_EINVAL);
	poller_unwatch(p, -1);
	poller_unwatch(p, 100000);
	end(p);
}

/* ------------------------------------------------------------------ watches that end */

static void a_callback_ends_the_watch_whose_turn_would_be_next(void **state)
{
	struct note first, second;
	struct poller *p = begin(&first);
	int a = eventfd(1, 0), b = eventfd(1, 0);

	(void)state;
	second = (struct note){.p = p, .ends = a};
	first.ends = b;
	assert_int_equal(poller_watch(p, a, AKSU_READABLE, told, &first), 0);
	assert_int_equal(poller_watch(p, b, AKSU_READABLE, told, &second), 0);
	poller_sleep(p, 0);
	assert_int_equal(p->got_count, 2);
	poller_tell(p, 1);
	assert_int_equal(first.told + second.told, 1);
	close(a);
	close(b);
	end(p);
}

static void a_descriptor_with_a_new_owner_is_told_to_the_new_one(void **state)
{
	struct note old, new;
	struct poller *p = begin(&old);
	int fd = eventfd(1, 0), again;

	(void)state;
	new = (struct note){.p = p};
	assert_int_equal(poller_watch(p, fd, AKSU_READABLE, told, &old), 0);
	poller_sleep(p, 0);
	poller_unwatch(p, fd);
	close(fd);
	again = eventfd(0, 0);
	assert_int_equal(again, fd);
	assert_int_equal(poller_watch(p, again, AKSU_READABLE, told, &new), 0);
	poller_tell(p, 1); /* of the old one: nobody is told */
	assert_int_equal(old.told + new.told, 0);
	/* Even without unwatch() a new owner works. */
	close(again);
	again = eventfd(1, 0);
	assert_int_equal(poller_watch(p, again, AKSU_READABLE, told, &old), 0);
	assert_int_equal(turns(p, &old), 10);
	assert_int_equal(new.told, 0);
	close(again);
	end(p);
}

static void each_of_many_has_its_turn(void **state)
{
	static struct note notes[MANY];
	struct note n;
	struct poller *p = begin(&n);
	int fds[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		notes[i] = (struct note){.p = p};
		fds[i] = eventfd(1, EFD_NONBLOCK);
		assert_int_equal(poller_watch(p, fds[i], AKSU_READABLE, told, &notes[i]), 0);
	}
	/* None is read: yet within MANY / POLLER_BATCH turns each was told. */
	turns(p, &n);
	for (int i = 0; i < MANY; i++) {
		assert_true(notes[i].told >= 1);
		assert_int_equal(notes[i].last_fd, fds[i]);
		poller_unwatch(p, fds[i]);
		close(fds[i]);
	}
	poller_sleep(p, 0);
	assert_int_equal(p->got_count, 0);
	end(p);
}

static void a_child_that_frees_its_copy_takes_nothing_from_the_parent(void **state)
{
	struct note n;
	struct poller *p = begin(&n);
	int fd = eventfd(0, EFD_NONBLOCK), status;
	pid_t child;

	(void)state;
	assert_int_equal(poller_watch(p, fd, AKSU_READABLE, told, &n), 0);
	child = fork();
	if (child == 0) {
		poller_fini(p);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(eventfd_write(fd, 1), 0);
	assert_int_equal(turns(p, &n), 10);
	close(fd);
	end(p);
}

/* ------------------------------------------------------------------ sleep */

static void a_sleep_is_never_short(void **state)
{
	struct note n;
	struct poller *p = begin(&n);

	(void)state;
	for (int coarse = 0; coarse < 2; coarse++) {
		aksu_time began = aksu_clock_now();

		p->coarse = coarse;
		poller_sleep(p, 1200 * AKSU_MICROSECOND);
		assert_true(aksu_clock_now() - began >= 1200 * AKSU_MICROSECOND);
		assert_int_equal(p->got_count, 0);
	}
	end(p);
}

/* From here on this process has a kernel that has not heard of epoll_pwait2(2). */
static bool forget_epoll_pwait2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static int sleep_on_an_old_kernel(void)
{
	struct note n;
	struct poller *p = begin(&n);
	int fd = eventfd(0, EFD_NONBLOCK);
	aksu_time began;

	if (!forget_epoll_pwait2())
		return 77;
	if (poller_watch(p, fd, AKSU_READABLE, told, &n) != 0)
		return 1;
	began = aksu_clock_now();
	poller_sleep(p, 1500 * AKSU_MICROSECOND);
	if (!p->coarse || aksu_clock_now() - began < 1500 * AKSU_MICROSECOND)
		return 2;
	eventfd_write(fd, 1);
	poller_sleep(p, AKSU_NEVER);
	return p->got_count == 1 ? 0 : 3;
}

static void an_old_kernel_is_enough(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(sleep_on_an_old_kernel());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		print_message("skipped: no seccomp here\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stays_unread_is_told_again),
		cmocka_unit_test(a_closed_pipe_is_told_once_after_its_data),
		cmocka_unit_test(a_pause_does_not_spin_on_a_hang_up_nor_lose_it),
		cmocka_unit_test(an_error_that_the_callback_takes_is_not_the_end),
		cmocka_unit_test(a_regular_file_is_always_ready),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(a_callback_ends_the_watch_whose_turn_would_be_next),
		cmocka_unit_test(a_descriptor_with_a_new_owner_is_told_to_the_new_one),
		cmocka_unit_test(each_of_many_has_its_turn),
		cmocka_unit_test(a_child_that_frees_its_copy_takes_nothing_from_the_parent),
		cmocka_unit_test(a_sleep_is_never_short),
		cmocka_unit_test(an_old_kernel_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
