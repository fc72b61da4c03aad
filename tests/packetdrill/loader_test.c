/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/loader_test.c - plays packetdrill's part: loads the object, calls its table.
 *
 * As the tool does it: calls that block run on a second thread, the main thread goes on once that
 * one sleeps, packets are raw IP, time is the table's. Proves docs/packetdrill.md without the tool.
 */
#include "packet.h"
#include "table.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, LOCAL_PORT = 8080, REMOTE_PORT = 40000 };
enum { OUR_ISS = 7000, HEADERS = 40, SECOND_US = 1000000 };

typedef int get_option(int fd, int level, int name, void *value, socklen_t *n);

struct loader {
	void *object;
	struct packetdrill_table t;
	get_option *getsockopt;
	int listener;
};

/* ------------------------------------------------------------------ packets, by hand */

struct segment {
	uint8_t flags;
	uint32_t seq, ack;
	uint16_t window;
	uint32_t length; /* of text */
};

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static const uint8_t remote_addr[4] = {192, 0, 2, 1}, local_addr[4] = {192, 168, 0, 1};

static void inject(struct loader *l, struct segment s)
{
	uint8_t p[2048] = {0x45};
	uint32_t sum = 0;

	put16(p + 2, HEADERS + s.length);
	p[8] = 64, p[9] = IPPROTO_TCP;
	memcpy(p + 12, remote_addr, 4);
	memcpy(p + 16, local_addr, 4);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	put16(p + 10, ~(sum + (sum >> 16)) & 0xffff);
	put16(p + 20, REMOTE_PORT);
	put16(p + 22, LOCAL_PORT);
	put32(p + 24, s.seq);
	put32(p + 28, s.ack);
	p[32] = 5 << 4, p[33] = s.flags;
	put16(p + 34, s.window);
	packet_checksum_set(p, HEADERS + s.length);
	assert_int_equal(l->t.packet_in(l->t.us, p, HEADERS + s.length), 0);
}

static long long now_us(struct loader *l)
{
	struct timeval tv;

	assert_int_equal(l->t.gettimeofday(l->t.us, &tv, NULL), 0);
	return tv.tv_sec * 1000000ll + tv.tv_usec;
}

/* The next packet; its options are left out of the length of its text. */
static struct segment take(struct loader *l, long long *sent_at)
{
	uint8_t p[65536];
	size_t n = sizeof(p);
	long long at = 0;
	uint32_t head;

	assert_int_equal(l->t.packet_out(l->t.us, p, &n, &at), 0);
	assert_true(n >= HEADERS);
	assert_true(packet_checksum_ok(p, n));
	assert_memory_equal(p + 12, local_addr, 4);
	if (sent_at)
		*sent_at = at;
	head = 20 + (p[32] >> 4) * 4u;
	return (struct segment){.flags = p[33],
				.seq = get32(p + 24),
				.ack = get32(p + 28),
				.length = (uint32_t)n - head};
}

/* ------------------------------------------------------------------ the tool's part */

/* By LD_PRELOAD the object's getsockopt is libc's; a sanitizer's runtime wants that place itself.
 */
static void load(struct loader *l, const char *flags)
{
	void (*init)(const char *, struct packetdrill_table *);
	char path[4096];
	void *symbol;

	*l = (struct loader){.getsockopt = (get_option *)getsockopt};
	snprintf(path, sizeof(path), "%s/packetdrill-aksu.so", getenv("AKSU_BUILD"));
	l->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!l->object)
		fail_msg("%s", dlerror());
	symbol = dlsym(l->object, "packetdrill_interface_init");
	assert_non_null(symbol);
	memcpy(&init, &symbol, sizeof(init));
	if (!getenv("LD_PRELOAD")) {
		symbol = dlsym(l->object, "getsockopt");
		memcpy(&l->getsockopt, &symbol, sizeof(l->getsockopt));
	}
	init(flags, &l->t);
	for (size_t i = 0; i < sizeof(l->t) / sizeof(void *); i++) {
		memcpy(&symbol, (char *)&l->t + i * sizeof(void *), sizeof(symbol));
		assert_non_null(symbol);
	}
}

static void unload(struct loader *l)
{
	l->t.free(l->t.us);
	dlclose(l->object);
}

static void begin_listening(struct loader *l)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(LOCAL_PORT)};

	memcpy(&a.sin_addr, local_addr, 4);
	l->listener = l->t.socket(l->t.us, AF_INET, SOCK_STREAM, IPPROTO_TCP);
	assert_true(l->listener >= 0);
	assert_int_equal(l->t.bind(l->t.us, l->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(l->t.listen(l->t.us, l->listener, 1), 0);
}

/* A three-way handshake from the remote side; returns our ISS. */
static uint32_t shake_hands(struct loader *l)
{
	struct segment s;

	inject(l, (struct segment){.flags = SYN, .seq = OUR_ISS, .window = 32792});
	s = take(l, NULL);
	assert_int_equal(s.flags, SYN | ACK);
	assert_int_equal(s.ack, OUR_ISS + 1);
	inject(l, (struct segment){
			  .flags = ACK, .seq = OUR_ISS + 1, .ack = s.seq + 1, .window = 32792});
	return s.seq;
}

static int accept_one(struct loader *l)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	int fd = l->t.accept(l->t.us, l->listener, (struct sockaddr *)&a, &n);

	assert_true(fd >= 0);
	assert_int_equal(((struct sockaddr_in *)&a)->sin_port, htons(REMOTE_PORT));
	assert_memory_equal(&((struct sockaddr_in *)&a)->sin_addr, remote_addr, 4);
	return fd;
}

/* ------------------------------------------------------------------ a call that blocks */

struct blocking {
	struct loader *l;
	pthread_t thread;
	volatile pid_t id;
	int fd;
	char text[64];
	ssize_t result;
	long long returned_at;
};

static void *read_and_note_time(void *arg)
{
	struct blocking *b = arg;

	b->id = gettid();
	b->result = b->l->t.read(b->l->t.us, b->fd, b->text, sizeof(b->text));
	b->returned_at = now_us(b->l);
	return NULL;
}

static bool sleeps(pid_t id)
{
	char path[64], line[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", id);
	f = fopen(path, "r");
	if (f && !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	return strstr(line, ") S ") != NULL;
}

static void start_reading(struct blocking *b, struct loader *l, int fd)
{
	*b = (struct blocking){.l = l, .fd = fd};
	assert_int_equal(pthread_create(&b->thread, NULL, read_and_note_time, b), 0);
	while (!b->id || !sleeps(b->id))
		usleep(100);
}

/* ------------------------------------------------------------------ tests */

static void accepts_and_carries_data_on_the_virtual_clock(void **state)
{
	struct loader l;
	long long before, sent_at;
	uint32_t iss;
	char text[2000];
	int fd, unread = 0;
	struct segment s;

	(void)state;
	load(&l, NULL);
	begin_listening(&l);
	iss = shake_hands(&l);
	fd = accept_one(&l);
	inject(&l, (struct segment){.flags = PSH | ACK,
				    .seq = OUR_ISS + 1,
				    .ack = iss + 1,
				    .window = 32792,
				    .length = 400});
	assert_int_equal(l.t.ioctl(l.t.us, fd, FIONREAD, &unread), 0);
	assert_int_equal(unread, 400);
	assert_int_equal(l.t.read(l.t.us, fd, text, sizeof(text)), 400);
	before = now_us(&l);
	s = take(&l, &sent_at); /* a delayed ACK: real time does not pass, virtual time does */
	assert_int_equal(s.ack, OUR_ISS + 401);
	assert_true(sent_at > before && sent_at <= before + SECOND_US / 2);
	assert_int_equal(l.t.write(l.t.us, fd, text, 500), 500);
	s = take(&l, NULL);
	assert_int_equal(s.seq, iss + 1);
	assert_int_equal(s.length, 500);
	assert_int_equal(l.t.close(l.t.us, fd), 0);
	assert_int_equal(take(&l, NULL).flags & FIN, FIN);
	unload(&l);
}

static void a_blocking_read_returns_at_the_moment_of_its_data(void **state)
{
	struct loader l;
	struct blocking b;
	uint32_t iss;
	long long injected_at;

	(void)state;
	load(&l, NULL);
	begin_listening(&l);
	iss = shake_hands(&l);
	start_reading(&b, &l, accept_one(&l));
	l.t.usleep(l.t.us, SECOND_US);
	injected_at = now_us(&l);
	inject(&l, (struct segment){.flags = ACK,
				    .seq = OUR_ISS + 1,
				    .ack = iss + 1,
				    .window = 1,
				    .length = 10});
	l.t.usleep(l.t.us, SECOND_US); /* held until the reader has looked at the clock */
	pthread_join(b.thread, NULL);
	assert_int_equal(b.result, 10);
	assert_true(b.returned_at - injected_at < 100);
	assert_true(now_us(&l) - injected_at >= SECOND_US);
	unload(&l);
}

static void tells_tcp_info_in_libcs_place(void **state)
{
	struct loader l;
	struct {
		struct tcp_info info;
		char more[64]; /* a tool that knows a newer kernel asks for more */
	} got;
	socklen_t n = sizeof(got);
	int fd;

	(void)state;
	memset(&got, 0xff, sizeof(got));
	load(&l, NULL);
	begin_listening(&l);
	shake_hands(&l);
	fd = accept_one(&l);
	assert_int_equal(l.getsockopt(fd, IPPROTO_TCP, TCP_INFO, &got, &n), 0);
	assert_int_equal(n, sizeof(got));
	assert_int_equal(got.info.tcpi_state, 1);
	assert_int_equal(got.info.tcpi_snd_mss, 536); /* no option in the SYN: RFC 9293 MUST-15 */
	assert_true(got.info.tcpi_snd_cwnd > 0);
	assert_int_equal(got.more[0], 0);
	unload(&l);
}

static void what_is_wrong_is_errno(void **state)
{
	struct loader l;
	char octet;
	int fd, one = 1;

	(void)state;
	load(&l, "rto_min=300,mtu=576");
	begin_listening(&l);
	assert_int_equal(l.t.fcntl(l.t.us, l.listener, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	assert_int_equal(l.t.accept(l.t.us, l.listener, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	shake_hands(&l);
	fd = accept_one(&l);
	assert_int_equal(l.t.write(l.t.us, fd, NULL, 10), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(l.t.setsockopt(l.t.us, fd, IPPROTO_TCP, 250, &one, sizeof(one)), -1);
	assert_int_equal(errno, ENOPROTOOPT);
	assert_int_equal(l.t.read(l.t.us, 999, &octet, 1), -1);
	assert_int_equal(errno, EBADF);
	unload(&l);
}

static void an_error_is_told_once(void **state)
{
	struct loader l;
	uint32_t iss;
	char octet;
	int fd;

	(void)state;
	load(&l, NULL);
	begin_listening(&l);
	iss = shake_hands(&l);
	fd = accept_one(&l);
	inject(&l, (struct segment){.flags = RST, .seq = OUR_ISS + 1, .ack = iss + 1});
	assert_int_equal(l.t.read(l.t.us, fd, &octet, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(l.t.read(l.t.us, fd, &octet, 1), 0);
	assert_int_equal(l.t.write(l.t.us, fd, &octet, 1), -1);
	assert_int_equal(errno, EPIPE);
	unload(&l);
}

static void says_that_nothing_will_come(void **state)
{
	struct loader l;
	uint8_t p[2048];
	size_t n = sizeof(p);
	long long at;

	(void)state;
	load(&l, NULL);
	begin_listening(&l);
	assert_int_equal(l.t.packet_out(l.t.us, p, &n, &at), 0);
	assert_int_equal(n, 0);
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_and_carries_data_on_the_virtual_clock),
		cmocka_unit_test(a_blocking_read_returns_at_the_moment_of_its_data),
		cmocka_unit_test(tells_tcp_info_in_libcs_place),
		cmocka_unit_test(what_is_wrong_is_errno),
		cmocka_unit_test(an_error_is_told_once),
		cmocka_unit_test(says_that_nothing_will_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
