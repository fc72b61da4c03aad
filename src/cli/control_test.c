/* SPDX-License-Identifier: MIT */
/*
 * cli/control_test.c - the control socket: what is answered, who is refused, what stays in the
 * directory, and that hostile or slow clients cost neither memory nor turns of the loop.
 *
 * A stack without a link, its loop turned by the test, which is every client at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/answer.h"
#include "cli/ask.h"
#include "cli/control.h"

enum { TEXT = 8 << 20 };

static struct {
	char dir[64];
	struct aksu *stack;
	struct aksu_loop *loop;
	struct control *control;
	unsigned stops;
	char text[TEXT];
} b;

static void on_stop(void *ctx, aksu_time now)
{
	(void)ctx, (void)now;
	b.stops++;
}

static int open_named(const char *name, struct control **out, struct aksu_reason *why)
{
	struct control_config config = {
		.name = name,
		.command = "test",
		.stack = b.stack,
		.loop = b.loop,
		.stop = on_stop,
	};

	return control_open(&config, out, why);
}

/* A directory, a stack, a loop and a control socket named "one". */
static int begin(void **state)
{
	struct aksu_config config = {.size = sizeof(config),
				     .allocator = aksu_malloc_allocator(),
				     .budget = 1 << 28};
	struct aksu_loop_config loop_config = {.size = sizeof(loop_config)};
	struct aksu_reason why;

	(void)state;
	strcpy(b.dir, "/tmp/aksu-control-XXXXXX");
	if (!mkdtemp(b.dir))
		return -1;
	setenv("AKSU_RUNTIME_DIR", b.dir, 1);
	b.stops = 0;
	b.stack = aksu_new(&config, aksu_clock_now());
	loop_config.stack = b.stack;
	b.loop = aksu_loop_new(&loop_config, &why);
	return b.stack && b.loop && open_named("one", &b.control, &why) == 0 ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	control_close(b.control);
	b.control = NULL;
	aksu_loop_free(b.loop);
	aksu_free(b.stack);
	chmod(b.dir, 0700);
	return rmdir(b.dir); /* fails unless everything was removed */
}

/* ------------------------------------------------------------------ clients */

static int client(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", b.dir, name);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void turn(void)
{
	assert_int_equal(aksu_loop_turn(b.loop, aksu_clock_now() + 20 * AKSU_MILLISECOND), 0);
}

/* Turns until the server hangs up; what it said, terminated. */
static size_t hear(int fd, char *out, size_t cap)
{
	aksu_time guard = aksu_clock_now() + 60 * AKSU_SECOND;
	size_t n = 0;

	for (;;) {
		ssize_t got = recv(fd, out + n, cap - 1 - n, 0);

		if (got == 0 || (got < 0 && errno != EAGAIN))
			break;
		if (got > 0)
			n += (size_t)got;
		else
			turn();
		assert_true(aksu_clock_now() < guard && n < cap - 1);
	}
	close(fd);
	out[n] = '\0';
	return n;
}

static const char *asked(const char *request)
{
	int fd = client("one");

	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	hear(fd, b.text, TEXT);
	return b.text;
}

/* ------------------------------------------------------------------ answers */

static void requests_are_answered(void **state)
{
	aksu_socket l = aksu_socket_tcp(b.stack);
	struct aksu_endpoint any = {.port = 80};

	(void)state;
	assert_string_equal(asked("aksu/1 ss\n"), ANSWER_OK "no connections\n" ANSWER_END);
	assert_string_equal(asked("aksu/1 ss json\n"), ANSWER_OK ANSWER_END);
	assert_string_equal(asked("aksu/1 ss listeners\n"), ANSWER_OK "no listeners\n" ANSWER_END);
	assert_int_equal(aksu_bind(b.stack, l, &any), 0);
	assert_int_equal(aksu_listen(b.stack, l, 9), 0);
	assert_string_equal(
		asked("aksu/1 ss listeners\n"),
		ANSWER_OK "STATE  LOCAL PEER RTT CWND FLT RTX RCVQ SNDQ WAITING FOR\n"
			  "LISTEN *:80  *:*    -    -   -   -    0    9 connections\n" ANSWER_END);
	assert_string_equal(asked("aksu/1 ss\n"), ANSWER_OK "no connections\n" ANSWER_END);
	assert_non_null(strstr(asked("aksu/1 ss all json\n"), "\"send_queue\":9,"));
	assert_non_null(strstr(asked("aksu/1 stats\n"), "\nretransmissions 0\n"));
	assert_non_null(strstr(asked("aksu/1 stats json\n"), ",\"drops\":{}}\n" ANSWER_END));
	assert_int_equal(b.stops, 0);
	assert_string_equal(asked("aksu/1 stop\n"), ANSWER_OK "closing\n" ANSWER_END);
	assert_int_equal(b.stops, 1);
}

static void what_is_not_understood_is_said(void **state)
{
	static const char *const wrong[] = {"\n",
					    "ss\n",
					    "aksu/2 ss\n",
					    "aksu/1\n",
					    "aksu/1 halt\n",
					    "aksu/1 ss x\n",
					    "aksu/1 stop now\n",
					    "aksu/1 stats all\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *said = asked(wrong[i]);

		assert_int_equal(strncmp(said, ANSWER_ERROR, strlen(ANSWER_ERROR)), 0);
		assert_string_equal(said + strlen(said) - strlen(ANSWER_END), ANSWER_END);
	}
	assert_int_equal(b.stops, 0);
}

/* ------------------------------------------------------------------ hostile clients */

static void a_megabyte_without_a_newline_is_refused(void **state)
{
	static char junk[1 << 20];
	int fd = client("one");
	size_t sent = 0;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	for (int i = 0; i < 1000 && sent < sizeof(junk); i++) {
		ssize_t n = send(fd, junk + sent, sizeof(junk) - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break; /* it hung up */
		sent += n > 0 ? (size_t)n : 0;
		turn();
	}
	assert_true(sent < sizeof(junk));
	hear(fd, b.text, TEXT);
	assert_string_equal(b.text, ANSWER_ERROR "the request is too long\n" ANSWER_END);
	assert_non_null(strstr(asked("aksu/1 ss\n"), "no connections"));
}

/* Who says nothing, and who reads nothing, is hung up on; then others are served. */
static void silent_and_deaf_clients_end(void **state)
{
	enum { SLOTS = 8, SOCKETS = 20000 };
	int silent[SLOTS], deaf;

	(void)state;
	for (int i = 0; i < SOCKETS; i++) /* a megabyte and a half of answer */
		assert_true(aksu_socket_tcp(b.stack).gen != 0);
	for (int i = 0; i < SLOTS; i++)
		silent[i] = client("one");
	deaf = client("one");
	assert_int_equal(send(deaf, "aksu/1 ss all\n", 14, MSG_NOSIGNAL), 14);
	for (int i = 0; i < SLOTS; i++)
		assert_int_equal(hear(silent[i], b.text, TEXT), 0);
	assert_non_null(strstr(asked("aksu/1 ss\n"), "no connections"));
	for (aksu_time until = aksu_clock_now() + 6 * AKSU_SECOND; aksu_clock_now() < until;)
		turn(); /* five seconds and more in which it reads nothing */
	hear(deaf, b.text, TEXT);
	assert_null(strstr(b.text, ANSWER_END));
}

static void a_hundred_at_once_are_served(void **state)
{
	int fds[100];

	(void)state;
	for (int i = 0; i < 100; i++) {
		fds[i] = client("one");
		assert_int_equal(send(fds[i], "aksu/1 ss\n", 10, MSG_NOSIGNAL), 10);
	}
	for (int i = 0; i < 100; i += 3)
		close(fds[i]); /* some do not wait for it */
	for (int i = 0; i < 100; i++) {
		if (i % 3 == 0)
			continue;
		hear(fds[i], b.text, TEXT);
		assert_string_equal(b.text, ANSWER_OK "no connections\n" ANSWER_END);
	}
}

/* A long listing takes many turns, a bounded piece in each, and nothing is missing. */
static void a_long_listing_does_not_hold_up_the_loop(void **state)
{
	enum { SOCKETS = 20000 };
	uint64_t turns, rows = 0;

	(void)state;
	for (int i = 0; i < SOCKETS; i++)
		assert_true(aksu_socket_tcp(b.stack).gen != 0);
	turns = aksu_loop_counters(b.loop)->turns;
	asked("aksu/1 ss all\n");
	for (const char *at = b.text; (at = strchr(at, '\n')) != NULL; at++)
		rows++;
	assert_int_equal(rows, SOCKETS + 3); /* ok, the heading, the end */
	assert_true(aksu_loop_counters(b.loop)->turns - turns > SOCKETS / 100);
	turns = aksu_loop_counters(b.loop)->turns;
	asked("aksu/1 ss\n"); /* none is shown, all are looked at */
	assert_true(aksu_loop_counters(b.loop)->turns - turns > SOCKETS / 100);
}

/* ------------------------------------------------------------------ the directory */

static void a_name_has_one_owner(void **state)
{
	struct control *other;
	struct aksu_reason why;
	char path[128];
	struct stat st;

	(void)state;
	assert_string_equal(control_name(b.control), "one");
	assert_int_equal(open_named("one", &other, &why), -AKSU_EADDRINUSE);
	assert_non_null(strstr(why.text, "an aksu named one runs already"));
	assert_null(other);
	assert_int_equal(open_named("two", &other, &why), 0);
	control_close(other);
	assert_int_equal(open_named(NULL, &other, &why), 0);
	snprintf(path, sizeof(path), "test-%ld", (long)getpid());
	assert_string_equal(control_name(other), path);
	control_close(other);
	snprintf(path, sizeof(path), "%s/one", b.dir);
	assert_int_equal(lstat(path, &st), 0);
	assert_non_null(strstr(asked("aksu/1 ss\n"), "no connections"));
}

static void bad_names_are_refused(void **state)
{
	static const char *const bad[] = {
		"",         ".",
		"..",       "../x",
		"a/b",      ".hidden",
		"a b",      "a\nb",
		"\xc3\xa9", "a234567890123456789012345678901234567890123456789"};
	struct control *other;
	struct aksu_reason why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(open_named(bad[i], &other, &why), -AKSU_EINVAL);
}

/* A socket left by a program that was killed: by the same name, and by whoever looks. */
static void stale_sockets_are_removed(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control *other;
	struct aksu_reason why;
	struct ask a;

	(void)state;
	for (int i = 0; i < 2; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", b.dir,
			 i ? "dead" : "two");
		assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		assert_int_equal(listen(fd, 1), 0);
		close(fd);
	}
	assert_int_equal(open_named("two", &other, &why), 0);
	assert_true(ask_find(&a, &why));
	assert_int_equal(a.count, 2);
	assert_string_equal(a.targets[0].name, "one");
	assert_string_equal(a.targets[1].name, "two");
	ask_only(&a, "two");
	assert_int_equal(a.count, 1);
	ask_close(&a);
	control_close(other);
}

/* A directory that others may look into, a link, a file, nothing at all. */
static void a_bad_directory_is_not_used(void **state)
{
	struct control *other;
	struct aksu_reason why;
	char path[128];

	(void)state;
	chmod(b.dir, 0755);
	assert_int_equal(open_named("two", &other, &why), -AKSU_EOPNOTSUPP);
	assert_non_null(strstr(why.text, "chmod 700"));
	chmod(b.dir, 0700);
	snprintf(path, sizeof(path), "%s/link", b.dir);
	assert_int_equal(symlink("/tmp", path), 0);
	setenv("AKSU_RUNTIME_DIR", path, 1);
	assert_int_equal(open_named("two", &other, &why), -AKSU_EOPNOTSUPP);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(open_named("two", &other, &why), -AKSU_EOPNOTSUPP);
	unlink(path);
	setenv("AKSU_RUNTIME_DIR", "/proc/aksu", 1);
	assert_int_equal(open_named("two", &other, &why), -AKSU_EOPNOTSUPP);
	setenv("AKSU_RUNTIME_DIR", "relative", 1);
	assert_int_equal(open_named("two", &other, &why), -AKSU_EOPNOTSUPP);
	assert_non_null(strstr(why.text, "AKSU_RUNTIME_DIR must be"));
	setenv("AKSU_RUNTIME_DIR", b.dir, 1);
}

/* What a client of ours makes of it: the answer to the end, or why not. */
static void the_asker_tells_an_answer_cut_off(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	static const char *const says[] = {ANSWER_OK "half\n", "",
					   ANSWER_ERROR "not today\n" ANSWER_END, "aksu/9 ok\n",
					   ANSWER_OK "all\n" ANSWER_END};
	static const char *const words[] = {"did not answer to the end",
					    "did not answer to the end", "refuses: not today",
					    "another language", NULL};
	struct aksu_reason why;
	struct ask a;

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/fake", b.dir);
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		int listener = socket(AF_UNIX, SOCK_STREAM, 0);
		FILE *out = fopen("/dev/null", "w");
		pid_t pid;

		assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
		assert_int_equal(listen(listener, 5), 0);
		pid = fork();
		if (pid == 0) {
			for (;;) { /* ask_find() looks whether it lives, and hangs up */
				char request[64];
				int fd = accept(listener, NULL, NULL);

				if (recv(fd, request, sizeof(request), 0) > 0) {
					(void)!write(fd, says[i], strlen(says[i]));
					_exit(0);
				}
				close(fd);
			}
		}
		close(listener);
		assert_true(ask_find(&a, &why));
		ask_only(&a, "fake");
		assert_int_equal(a.count, 1);
		assert_int_equal(ask_one(&a.targets[0], "ss", false, out, &why), words[i] == NULL);
		if (words[i])
			assert_non_null(strstr(why.text, words[i]));
		ask_close(&a);
		fclose(out);
		unlink(address.sun_path);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(requests_are_answered),
		T(what_is_not_understood_is_said),
		T(a_megabyte_without_a_newline_is_refused),
		T(silent_and_deaf_clients_end),
		T(a_hundred_at_once_are_served),
		T(a_long_listing_does_not_hold_up_the_loop),
		T(a_name_has_one_owner),
		T(bad_names_are_refused),
		T(stale_sockets_are_removed),
		T(a_bad_directory_is_not_used),
		T(the_asker_tells_an_answer_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
