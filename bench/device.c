/* SPDX-License-Identifier: MIT */
/*
 * bench/device.c - what a device carries when there is no stack at its end: the ceiling for ours.
 *
 *      bench/device tun|tap|packet [plain]            in a network namespace of its own
 *
 * A child is the kernel's side: it writes to port 9 for SECONDS, or reads from port 19. This side
 * answers the SYN, and then acknowledges what comes, once for each batch and in whatever order, or
 * sends as much as the window allows, from the last acknowledgement again when none comes. IPv4.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <aksu/loop.h>

enum {
	SECONDS = 2,
	DISCARD = 9,  /* RFC 863 */
	CHARGEN = 19, /* RFC 864, but for what the characters are */
	MSS = 1460,
	UNCUT = 44 * MSS, /* the most that fits into one IP packet */
	SCALE = 8,
	WINDOW = 1 << 20, /* towards us, as much as the device's queue surely takes */
	BATCH = 64,
	SYN = 2,
	ACK = 16,
	RST = 4,
	FIN = 1,
};

static uint8_t zeros[UNCUT];

struct end {
	struct aksu_device *dev;
	uint32_t ip_at;
	uint8_t theirs[6];
	uint16_t port, peer_port;
	uint32_t rcv_nxt, snd_una, snd_nxt, window;
	uint64_t octets; /* carried, in either direction */
	uint64_t frames_in, segments_in, holes;
	aksu_time heard_at;
	uint8_t shift; /* of their windows */
	bool open, over;
};

static void die(const char *what)
{
	fprintf(stderr, "bench device: %s\n", what);
	exit(1);
}

static void run(const char *command)
{
	if (system(command) != 0)
		die(command);
}

static uint32_t get(const uint8_t *at, int n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | *at++;
	return v;
}

static void put(uint8_t *at, int n, uint32_t v)
{
	while (n-- > 0)
		at[n] = (uint8_t)v, v >>= 8;
}

static uint32_t sum(const uint8_t *at, size_t n, uint32_t s)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		s += get(at + i, 2);
	return n % 2 ? s + ((uint32_t)at[n - 1] << 8) : s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

/* A segment from us; the text is zeros, which add nothing to a checksum. */
static struct aksu_tx segment(const struct end *e, uint8_t flags, uint32_t seq, uint32_t text)
{
	uint32_t at = e->ip_at + 20, head = flags & SYN ? 28 : 20, s;
	struct aksu_tx tx = {.len = at + head + text, .head_len = (uint16_t)(at + head)};
	uint8_t *ip = tx.head + e->ip_at, *tcp = tx.head + at;
	bool undone = e->dev->config.features & AKSU_LINK_TX_CSUM;

	memcpy(tx.head, e->theirs, 6);
	memcpy(tx.head + 6, e->dev->config.mac, 6);
	put(tx.head + 12, 2, 0x0800);
	memcpy(ip, (uint8_t[]){0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6}, 10);
	put(ip + 2, 2, 20 + head + text);
	put(ip + 12, 4, 0x0a4d0002);
	put(ip + 16, 4, 0x0a4d0001);
	put(ip + 10, 2, 0);
	put(ip + 10, 2, (uint16_t)~fold(sum(ip, 20, 0)));
	put(tcp, 2, e->port);
	put(tcp + 2, 2, e->peer_port);
	put(tcp + 4, 4, seq);
	put(tcp + 8, 4, e->rcv_nxt);
	put(tcp + 12, 2, (head / 4) << 12 | flags);
	put(tcp + 14, 2, flags & SYN ? 65535 : WINDOW >> SCALE);
	put(tcp + 16, 4, 0);
	if (flags & SYN)
		memcpy(tcp + 20, (uint8_t[]){2, 4, MSS >> 8, MSS & 255, 3, 3, SCALE, 0}, 8);
	s = sum(ip + 12, 8, 6 + head + text);
	put(tcp + 16, 2, undone ? fold(s) : (uint16_t)~fold(sum(tcp, head, s)));
	tx.checksum = undone;
	tx.csum_start = tx.transport = (uint16_t)at;
	tx.csum_offset = 16;
	tx.mss = text > MSS ? MSS : 0;
	tx.pieces = text > 0;
	tx.piece[0] = (struct aksu_piece){.data = zeros, .len = text};
	return tx;
}

static size_t offer(struct end *e, const struct aksu_tx *tx, size_t n)
{
	return e->dev->ops->send(e->dev, tx, n, aksu_clock_now());
}

static void begin(struct end *e, const uint8_t *tcp)
{
	struct aksu_tx tx;

	e->port = (uint16_t)get(tcp + 2, 2);
	e->peer_port = (uint16_t)get(tcp, 2);
	e->rcv_nxt = get(tcp + 4, 4) + 1;
	for (const uint8_t *o = tcp + 20; o < tcp + (tcp[12] >> 4) * 4u && *o != 0;)
		if (*o == 3)
			e->shift = o[2], o += 3;
		else
			o += *o == 1 ? 1 : o[1] ? o[1] : 40;
	e->snd_una = e->snd_nxt = 1;
	tx = segment(e, SYN | ACK, 0, 0);
	offer(e, &tx, 1);
}

static void take(struct end *e, const struct aksu_rx *rx)
{
	const uint8_t *ip = rx->data + e->ip_at, *tcp = ip + 20;
	uint32_t text, seq, ack;

	if (rx->len < e->ip_at + 40 || ip[0] != 0x45 || ip[9] != 6)
		return;
	if (tcp[13] & SYN) {
		begin(e, tcp);
		return;
	}
	if (get(tcp, 2) != e->peer_port || get(tcp + 2, 2) != e->port)
		return; /* the last word of the connection before */
	if (tcp[13] & RST) {
		e->over = true;
		return;
	}
	text = rx->len - e->ip_at - 20 - (tcp[12] >> 4) * 4u;
	seq = get(tcp + 4, 4);
	ack = get(tcp + 8, 4);
	e->open = true;
	e->frames_in++;
	e->segments_in += rx->segments;
	e->window = get(tcp + 14, 2) << e->shift;
	if ((int32_t)(ack - e->snd_una) > 0 && (int32_t)(ack - e->snd_nxt) <= 0) {
		if (e->port == CHARGEN)
			e->octets += ack - e->snd_una;
		e->snd_una = ack;
		e->heard_at = aksu_clock_now();
	}
	if (text == 0 || (int32_t)(seq + text - e->rcv_nxt) <= 0) {
		e->over = tcp[13] & FIN;
		return;
	}
	e->holes += seq != e->rcv_nxt;
	if (e->port == DISCARD)
		e->octets += seq + text - e->rcv_nxt;
	e->rcv_nxt = seq + text;
	e->over = tcp[13] & FIN;
}

/* As much as the window allows; whether there was anything to send. */
static bool chargen(struct end *e)
{
	struct aksu_tx tx[16];
	bool uncut = e->dev->config.features & AKSU_LINK_TX_TSO;
	uint32_t most = uncut ? UNCUT : MSS, at[16];
	size_t n = 0, done;

	if (e->snd_nxt != e->snd_una && aksu_clock_now() - e->heard_at > 20 * AKSU_MILLISECOND) {
		e->snd_nxt = e->snd_una;
		e->heard_at = aksu_clock_now();
		e->holes++;
	}
	while (n < 16 && e->snd_nxt - e->snd_una + most <= e->window) {
		at[n] = e->snd_nxt;
		tx[n++] = segment(e, ACK, e->snd_nxt, most);
		e->snd_nxt += most;
	}
	done = offer(e, tx, n);
	if (done < n)
		e->snd_nxt = at[done];
	return done > 0;
}

static void serve(struct end *e)
{
	struct aksu_rx rx[BATCH];
	struct pollfd p = {.fd = aksu_device_fd(e->dev), .events = POLLIN};

	while (!e->over) {
		uint32_t before = e->rcv_nxt;
		size_t n = e->dev->ops->receive(e->dev, rx, BATCH, 0);
		bool sent = false;

		for (size_t i = 0; i < n; i++)
			take(e, &rx[i]);
		if (e->open && e->rcv_nxt != before) {
			struct aksu_tx tx = segment(e, ACK, e->snd_nxt, 0);

			offer(e, &tx, 1);
		}
		if (e->open && e->port == CHARGEN)
			sent = chargen(e);
		if (n == 0 && !sent && poll(&p, 1, 20) == 0 && e->open && e->port == DISCARD &&
		    e->octets > 0)
			return;
	}
}

/* The kernel's side. */
static void child(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	static char text[1 << 18];
	aksu_time until = aksu_clock_now() + SECONDS * AKSU_SECOND;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(0x0a4d0002);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		_exit(1);
	while (aksu_clock_now() < until)
		if (port == DISCARD ? send(fd, text, sizeof(text), 0) <= 0
				    : recv(fd, text, sizeof(text), 0) <= 0)
			_exit(1);
	_exit(0);
}

static void measure(struct aksu_device *dev, const uint8_t theirs[6], uint16_t port)
{
	const struct aksu_device_counters *c = aksu_device_counters(dev);
	struct end e = {.dev = dev, .ip_at = dev->config.kind == AKSU_LINK_ETHERNET ? 14 : 0};
	uint64_t in = c->frames_in, out = c->frames_out;
	aksu_time start = aksu_clock_now();
	double seconds, busy = 0;
	struct rusage used;
	pid_t pid = fork();

	if (pid == 0)
		child(port);
	getrusage(RUSAGE_SELF, &used);
	busy = (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	memcpy(e.theirs, theirs, 6);
	serve(&e);
	seconds = (double)(aksu_clock_now() - start) / 1e9;
	getrusage(RUSAGE_SELF, &used);
	busy = (double)used.ru_utime.tv_sec + (double)used.ru_stime.tv_sec +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6 - busy;
	printf("  %s kernel: %5.1f Gb/s, %.1f per second of processor time; frames in %.0f/s, out "
	       "%.0f/s, %.1f segments each in, "
	       "%llu holes, %llu lost\n",
	       port == DISCARD ? "from" : "to  ", (double)e.octets * 8 / seconds / 1e9,
	       (double)e.octets * 8 / busy / 1e9, (double)(c->frames_in - in) / seconds,
	       (double)(c->frames_out - out) / seconds,
	       e.frames_in ? (double)e.segments_in / (double)e.frames_in : 0,
	       (unsigned long long)e.holes, (unsigned long long)c->overflowed);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct aksu_device *open_device(int argc, char **argv, const char **peer)
{
	struct aksu_device_config config = {.size = sizeof(config), .name = "bench0"};
	struct aksu_addr host = aksu_addr_v4(10, 77, 0, 1);
	struct aksu_reason why = {""};
	struct aksu_device *dev;

	if (argc < 2)
		die("which device? tun, tap or packet; and perhaps plain");
	config.plain = argc > 2 && strcmp(argv[2], "plain") == 0;
	config.kind = strcmp(argv[1], "packet") == 0 ? AKSU_DEVICE_PACKET
		      : strcmp(argv[1], "tap") == 0  ? AKSU_DEVICE_TAP
						     : AKSU_DEVICE_TUN;
	*peer = config.kind == AKSU_DEVICE_PACKET ? "bench1" : "bench0";
	if (config.kind == AKSU_DEVICE_PACKET)
		run("ip link add bench0 type veth peer name bench1 && ip link set bench1 up && "
		    "ip addr add 10.77.0.1/24 dev bench1");
	dev = aksu_device_open(&config, &why);
	if (!dev || !aksu_device_up(dev, 0, &why) ||
	    (config.kind != AKSU_DEVICE_PACKET && !aksu_device_host(dev, &host, 24, &why)))
		die(why.text);
	return dev;
}

/* The station of the kernel's side, and ours for it. */
static void meet(const struct aksu_device *dev, const char *peer, uint8_t theirs[6])
{
	const uint8_t *m = dev->config.mac;
	char line[160];
	unsigned b[6];
	FILE *file;

	if (dev->config.kind != AKSU_LINK_ETHERNET)
		return;
	snprintf(line, sizeof(line),
		 "ip neigh replace 10.77.0.2 dev %s lladdr %02x:%02x:%02x:%02x:%02x:%02x", peer,
		 m[0], m[1], m[2], m[3], m[4], m[5]);
	run(line);
	snprintf(line, sizeof(line), "ip -o link show %s | sed 's/.*ether \\([^ ]*\\).*/\\1/'",
		 peer);
	file = popen(line, "r");
	if (!file || fscanf(file, "%x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4, b + 5) != 6)
		die("no station on the kernel's side");
	pclose(file);
	for (int i = 0; i < 6; i++)
		theirs[i] = (uint8_t)b[i];
}

int main(int argc, char **argv)
{
	uint8_t theirs[6] = {0};
	struct aksu_device *dev;
	const char *peer;

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		die("no network namespace may be made: run as root");
	signal(SIGPIPE, SIG_IGN);
	dev = open_device(argc, argv, &peer);
	meet(dev, peer, theirs);
	printf("%s%s, no stack at its end\n", argv[1], argc > 2 ? " plain" : "");
	measure(dev, theirs, DISCARD);
	measure(dev, theirs, CHARGEN);
	dev->ops->close(dev);
	return 0;
}
