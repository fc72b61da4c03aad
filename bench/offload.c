/* SPDX-License-Identifier: MIT */
/*
 * bench/offload.c - what virtio_net_hdr is worth: octets per second between an endpoint on aksu and
 * the kernel's TCP, over TUN, with it and without, one after the other.
 *
 *      offload [ROUNDS [MILLISECONDS]]          default 5 rounds of 700 ms
 *
 * In a network namespace of its own (as root, or where users may make one). In each round each
 * direction is run plain and with offload; the medians and their ratio are printed. A child is the
 * kernel's side: it connects and sends, or receives, as fast as it can; who receives counts. It is
 * told to use CUBIC: BBR, where it is the default, paces itself by how late the scheduler let it
 * run, which is not what is measured.
 *
 * Exits with 77 where it cannot run, with 1 where a transfer stood still.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <aksu/loop.h>

enum {
	CANNOT = 77,
	ROUNDS_MAX = 31,
	PORT = 9,
	CHUNK = 256 * 1024, /* octets of one read or write, on both sides */
	BUFFERS = 1 << 20,  /* of the endpoint, and what it keeps, as `aksu` has it: cli/host.c */
	KEPT = 64 << 20,
	WARM_UP_MS = 150, /* windows open, the child is scheduled */
};

enum direction { FROM_KERNEL, TO_KERNEL };

struct endpoint {
	struct aksu *stack;
	struct aksu_loop *loop;
	struct aksu_device *dev;
	aksu_socket listener, conn;
	bool accepted;
	enum direction direction;
	uint64_t received;
};

static uint8_t chunk[CHUNK];

static int cannot(const char *what, const char *why)
{
	fprintf(stderr, "offload: cannot run: %s: %s\n", what, why);
	return CANNOT;
}

/* ------------------------------------------------------------------ the namespace */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

static bool own_namespace(void)
{
	char map[64];
	unsigned uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
	return true;
}

/* ------------------------------------------------------------------ the kernel's side */

static uint64_t now_ms(void) { return aksu_clock_now() / AKSU_MILLISECOND; }

static int connected(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, "10.7.0.2", &to.sin_addr);
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) != 0)
		perror("offload: the peer goes on without CUBIC");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		perror("offload: connect");
		_exit(1);
	}
	return fd;
}

/* Receives until it is killed, and tells once how much came in the time that counts. */
static void receive_and_count(int fd, int report, unsigned ms)
{
	uint64_t begin = now_ms() + WARM_UP_MS, end = begin + ms, octets = 0;

	for (;;) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);
		uint64_t now = now_ms();

		if (n <= 0)
			_exit(1);
		if (now >= begin)
			octets += (uint64_t)n;
		if (now < end)
			continue;
		octets = octets * 1000 / (now - begin) * ms / 1000; /* of `ms`, exactly */
		_exit(write(report, &octets, sizeof(octets)) == sizeof(octets) ? 0 : 1);
	}
}

static void kernel_side(enum direction direction, int report, unsigned ms)
{
	int fd = connected();

	if (direction == TO_KERNEL)
		receive_and_count(fd, report, ms);
	while (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) > 0) {}
	_exit(0);
}

/* ------------------------------------------------------------------ our side */

static void act(void *ctx, const struct aksu_ready *ready, aksu_time now)
{
	struct endpoint *e = ctx;
	int64_t n;

	(void)ready;
	if (!e->accepted)
		e->accepted = aksu_accept(e->stack, e->listener, &e->conn) == 0;
	if (!e->accepted)
		return;
	do {
		n = e->direction == FROM_KERNEL
			    ? aksu_recv(e->stack, e->conn, chunk, sizeof(chunk), now)
			    : aksu_send(e->stack, e->conn, chunk, sizeof(chunk), 0, now);
		if (n > 0)
			e->received += (uint64_t)n;
	} while (n > 0);
}

static bool open_device(struct endpoint *e, bool plain, struct aksu_reason *why)
{
	struct aksu_device_config config = {.size = sizeof(config), .name = "ak0", .plain = plain};
	struct aksu_addr host = aksu_addr_v4(10, 7, 0, 1);

	e->dev = aksu_device_open(&config, why);
	return e->dev != NULL && aksu_device_up(e->dev, 0, why) &&
	       aksu_device_host(e->dev, &host, 24, why);
}

static bool open_stack(struct endpoint *e, struct aksu_reason *why)
{
	struct aksu_config config = {
		.size = sizeof(config),
		.allocator = aksu_malloc_allocator(),
		.send_buffer = BUFFERS,
		.receive_buffer = BUFFERS,
	};
	struct aksu_loop_config loop = {.size = sizeof(loop), .ctx = e, .ready = act};
	struct aksu_addr ours = aksu_addr_v4(10, 7, 0, 2);
	struct aksu_endpoint here = {.port = PORT};
	int link;

	if (!aksu_entropy(config.entropy, sizeof(config.entropy)))
		return false;
	loop.stack = e->stack = aksu_new(&config, aksu_clock_now());
	e->loop = e->stack != NULL ? aksu_loop_new(&loop, why) : NULL;
	if (e->loop == NULL)
		return false;
	link = aksu_loop_add(e->loop, e->dev, aksu_device_fd(e->dev));
	e->listener = aksu_socket_tcp(e->stack);
	return link >= 0 && aksu_addr_add(e->stack, link, &ours, 24) == 0 &&
	       aksu_bind(e->stack, e->listener, &here) == 0 &&
	       aksu_listen(e->stack, e->listener, 1) == 0;
}

static void close_endpoint(struct endpoint *e)
{
	aksu_loop_free(e->loop);
	aksu_free(e->stack);
	if (e->dev != NULL)
		e->dev->ops->close(e->dev);
}

static bool run_for(struct endpoint *e, unsigned ms)
{
	aksu_time end = aksu_clock_now() + ms * AKSU_MILLISECOND;

	while (aksu_clock_now() < end)
		if (aksu_loop_turn(e->loop, end) != 0)
			return false;
	return true;
}

/* Lets the loop turn until the child has told its count, and takes it. */
static uint64_t await_count(struct endpoint *e, int report)
{
	aksu_time end = aksu_clock_now() + 20 * AKSU_SECOND;
	uint64_t octets = 0;

	fcntl(report, F_SETFL, O_NONBLOCK);
	while (aksu_clock_now() < end && read(report, &octets, sizeof(octets)) < 0)
		if (aksu_loop_turn(e->loop, aksu_clock_now() + AKSU_MILLISECOND) != 0)
			break;
	return octets;
}

/* Octets in `ms` milliseconds; 0: it stood still. */
static uint64_t measure(struct endpoint *e, unsigned ms)
{
	uint64_t octets, before;
	int report[2];
	pid_t child;

	if (pipe2(report, O_CLOEXEC) != 0)
		return 0;
	child = fork();
	if (child == 0)
		kernel_side(e->direction, report[1], ms);
	close(report[1]);
	if (e->direction == TO_KERNEL) {
		octets = await_count(e, report[0]);
	} else {
		run_for(e, WARM_UP_MS);
		before = e->received;
		run_for(e, ms);
		octets = e->received - before;
	}
	close(report[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return octets;
}

/* ------------------------------------------------------------------ all of it */

static int one_run(enum direction direction, bool plain, unsigned ms, double *gbits)
{
	struct endpoint e = {.direction = direction};
	struct aksu_reason why = {""};
	uint64_t octets;

	if (!open_device(&e, plain, &why) || !open_stack(&e, &why))
		return cannot("the endpoint", why.text);
	octets = measure(&e, ms);
	close_endpoint(&e);
	*gbits = (double)octets * 8 / 1e6 / ms;
	if (octets > 0)
		return 0;
	fprintf(stderr, "offload: nothing arrived\n");
	return 1;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_size);
	return v[n / 2];
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"from the kernel", "to the kernel"};
	static double gbits[2][2][ROUNDS_MAX];
	int rounds = argc > 1 ? atoi(argv[1]) : 5, ms = argc > 2 ? atoi(argv[2]) : 700;

	if (rounds < 1 || rounds > ROUNDS_MAX || ms < 10) {
		fprintf(stderr, "usage: offload [ROUNDS (1 to %d) [MILLISECONDS (10 or more)]]\n",
			ROUNDS_MAX);
		return 2;
	}
	mallopt(M_TRIM_THRESHOLD, KEPT);
	if (!own_namespace())
		return cannot("a network namespace", strerror(errno));
	for (int r = 0; r < rounds; r++)
		for (int k = 0; k < 4; k++) {
			int error = one_run((enum direction)(k / 2), k % 2 == 0, (unsigned)ms,
					    &gbits[k / 2][k % 2][r]);

			if (error != 0)
				return error;
		}
	for (int d = 0; d < 2; d++) {
		double plain = median(gbits[d][0], rounds), offload = median(gbits[d][1], rounds);

		printf("%-16s plain %6.2f Gb/s   virtio_net_hdr %6.2f Gb/s   %5.1f times\n",
		       names[d], plain, offload, offload / plain);
	}
	return 0;
}
