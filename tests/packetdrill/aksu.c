/* SPDX-License-Identifier: MIT */
/*
 * tests/packetdrill/aksu.c - aksu, as a TCP under test, over its public API alone.
 *
 * One instance with one link of raw IP, on which every address that a script binds is ours. Flags
 * (--so_flags=name=value,...) stand for the sysctls that scripts set: docs/packetdrill.md has the
 * list.
 */
#include "aksu.h"
#include "packet.h"
#include <aksu/loop.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* What Linux does by default, where scripts count on it. */
enum {
	MTU = 1500,
	RTO_MIN_MS = 200,          /* tcp_rto_min: 200 ms, where RFC 6298 asks for 1 s */
	SEND_BUFFER = 4 << 20,     /* tcp_wmem's largest: here buffers do not grow */
	RECEIVE_BUFFER = 15 << 20, /* tcp_rmem's largest: a window scale of 8 */
	BUDGET = 256 << 20,
};

/* ------------------------------------------------------------------ flags */

struct settings {
	struct aksu_config config;
	struct aksu_link_config link;
	struct aksu_addr local[4];
	size_t locals;
	bool ecn;
};

static void refuse(const char *what)
{
	fprintf(stderr,
		"packetdrill-aksu: --so_flags: %s is not known. It takes local=ADDRESS, mtu=N, "
		"rto_min=MS, sndbuf=N, rcvbuf=N, seed=N, ecn=1, cut=1 and strict=1, joined by "
		"commas.\n",
		what);
	exit(EXIT_FAILURE);
}

static void set(struct settings *o, const char *name, const char *value)
{
	unsigned long n = strtoul(value, NULL, 10);

	if (!strcmp(name, "local")) {
		if (o->locals == 4 || !aksu_addr_parse(value, &o->local[o->locals++]))
			refuse(value);
	} else if (!strcmp(name, "mtu")) {
		o->link.mtu = (uint32_t)n;
	} else if (!strcmp(name, "rto_min")) {
		o->config.rto_min = n * AKSU_MILLISECOND;
	} else if (!strcmp(name, "sndbuf")) {
		o->config.send_buffer = (uint32_t)n;
	} else if (!strcmp(name, "rcvbuf")) {
		o->config.receive_buffer = (uint32_t)n;
	} else if (!strcmp(name, "seed")) {
		o->config.seed = n;
	} else if (!strcmp(name, "ecn")) {
		o->ecn = n != 0;
	} else if (!strcmp(name, "cut")) {
		o->link.features = n ? AKSU_LINK_TX_CSUM | AKSU_LINK_TX_TSO : 0;
	} else if (strcmp(name, "strict") != 0) { /* the bench's */
		refuse(name);
	}
}

static void parse(struct settings *o, const char *flags)
{
	char *copy = strdup(flags), *rest = copy, *word;

	while (copy && (word = strsep(&rest, ",")) != NULL) {
		char *value = strchr(word, '=');

		if (!value)
			refuse(word);
		*value++ = '\0';
		set(o, word, value);
	}
	free(copy);
}

/* ------------------------------------------------------------------ life */

static void panic(void *ctx, const char *file, int line, const char *what)
{
	(void)ctx;
	fprintf(stderr, "packetdrill-aksu: %s:%d: %s\n", file, line, what);
	abort();
}

static void *open_stack(const char *flags, uint64_t now)
{
	struct aksu_under_test *u = calloc(1, sizeof(*u));
	struct settings o = {.config = {.size = sizeof(o.config),
					.allocator = aksu_malloc_allocator(),
					.budget = BUDGET,
					.rto_min = RTO_MIN_MS * AKSU_MILLISECOND,
					.send_buffer = SEND_BUFFER,
					.receive_buffer = RECEIVE_BUFFER,
					.panic = panic},
			     .link = {.size = sizeof(o.link), .kind = AKSU_LINK_IP, .mtu = MTU}};
	struct aksu_addr v4 = aksu_addr_v4(0, 0, 0, 0), v6 = {{0}};

	if (flags)
		parse(&o, flags);
	if (!u || !(u->s = aksu_new(&o.config, now)) ||
	    (u->link = aksu_link_add(u->s, &o.link, now)) < 0 ||
	    aksu_route_add(u->s, u->link, &v4, 0, NULL) < 0 ||
	    aksu_route_add(u->s, u->link, &v6, 0, NULL) < 0) {
		fprintf(stderr,
			"packetdrill-aksu: cannot make an instance: bad mtu, or no memory\n");
		exit(EXIT_FAILURE);
	}
	u->ecn = o.ecn;
	for (size_t i = 0; i < o.locals; i++)
		aksu_addr_add(u->s, u->link, &o.local[i], aksu_addr_is_v4(&o.local[i]) ? 32 : 128);
	return u;
}

static void close_stack(void *stack)
{
	struct aksu_under_test *u = stack;

	aksu_free(u->s);
	for (struct aksu_memory *m = u->memories, *next; m; m = next) {
		next = m->next;
		free(m);
	}
	free(u);
}

/* ------------------------------------------------------------------ packets and time */

static void input(void *stack, const void *packet, size_t n, uint64_t now)
{
	struct aksu_under_test *u = stack;
	struct aksu_rx rx = {.data = packet, .len = (uint32_t)n, .link = (uint16_t)u->link};

	aksu_input(u->s, &rx, 1, now);
}

static size_t output(void *stack, void *packet, size_t cap, uint64_t now)
{
	struct aksu_under_test *u = stack;
	struct aksu_tx tx;
	size_t n;

	if (!aksu_output(u->s, u->link, &tx, 1, now))
		return 0;
	n = aksu_tx_copy(&tx, packet, cap);
	if (tx.checksum)
		packet_checksum_set(packet, n);
	aksu_tx_done(u->s, &tx, 1);
	return n;
}

static uint64_t deadline(void *stack)
{
	struct aksu_under_test *u = stack;

	return aksu_deadline(u->s);
}

static void advance(void *stack, uint64_t now)
{
	struct aksu_under_test *u = stack;

	aksu_advance(u->s, now);
}

/* ------------------------------------------------------------------ sockets */

int64_t aksu_to_errno(int64_t r)
{
	static const int table[] = {
		[AKSU_EINVAL] = EINVAL,
		[AKSU_ENOMEM] = ENOMEM,
		[AKSU_EAGAIN] = EAGAIN,
		[AKSU_EBADF] = EBADF,
		[AKSU_ENOTCONN] = ENOTCONN,
		[AKSU_EISCONN] = EISCONN,
		[AKSU_EALREADY] = EALREADY,
		[AKSU_ECONNREFUSED] = ECONNREFUSED,
		[AKSU_ECONNRESET] = ECONNRESET,
		[AKSU_ECONNABORTED] = ECONNABORTED,
		[AKSU_ETIMEDOUT] = ETIMEDOUT,
		[AKSU_EHOSTUNREACH] = EHOSTUNREACH,
		[AKSU_ENETUNREACH] = ENETUNREACH,
		[AKSU_EADDRINUSE] = EADDRINUSE,
		[AKSU_EADDRNOTAVAIL] = EADDRNOTAVAIL,
		[AKSU_EPIPE] = EPIPE,
		[AKSU_EMSGSIZE] = EMSGSIZE,
		[AKSU_ENOBUFS] = ENOBUFS,
		[AKSU_ENOPROTOOPT] = ENOPROTOOPT,
		[AKSU_EOPNOTSUPP] = EOPNOTSUPP,
		[AKSU_ENOENT] = ENOENT,
		[AKSU_EPROTO] = EPROTO,
	};

	if (r >= 0)
		return r;
	return -r < (int64_t)(sizeof(table) / sizeof(table[0])) && table[-r] ? -table[-r] : -EIO;
}

static struct aksu_endpoint endpoint(const struct sockaddr *a, socklen_t n)
{
	struct aksu_endpoint e = {.port = 0};

	if (n >= sizeof(struct sockaddr_in6) && a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

		memcpy(e.addr.b, &v6->sin6_addr, 16);
		e.port = ntohs(v6->sin6_port);
	} else if (n >= sizeof(struct sockaddr_in) && a->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;

		e.addr = aksu_addr_v4(0, 0, 0, 0);
		memcpy(e.addr.b + 12, &v4->sin_addr, 4);
		e.port = ntohs(v4->sin_port);
	}
	return e;
}

/* Gives a socket of aksu's the memory that a caller expects of it. */
static int adopt(struct aksu_under_test *u, aksu_socket h, under_test_socket *out)
{
	struct aksu_memory *memory = calloc(1, sizeof(*memory));

	if (!memory)
		return -ENOMEM;
	memory->next = u->memories;
	u->memories = memory;
	aksu_set_user(u->s, h, memory);
	*out = (uint64_t)h.slot << 32 | h.gen;
	return 0;
}

static int new_socket(void *stack, int domain, int type, int protocol, under_test_socket *out)
{
	struct aksu_under_test *u = stack;
	aksu_socket h;

	if ((domain != AF_INET && domain != AF_INET6) || type != SOCK_STREAM ||
	    (protocol != 0 && protocol != IPPROTO_TCP))
		return -EPROTONOSUPPORT;
	h = aksu_socket_tcp(u->s);
	if (u->ecn)
		aksu_set_option(u->s, h, AKSU_TCP_ECN, AKSU_ECN_CLASSIC, 0);
	return aksu_socket_equal(h, AKSU_NO_SOCKET) ? -ENOMEM : adopt(u, h, out);
}

static int bind_socket(void *stack, under_test_socket s, const struct sockaddr *a, socklen_t n)
{
	struct aksu_under_test *u = stack;
	struct aksu_endpoint e = endpoint(a, n);
	int r = aksu_bind(u->s, aksu_name(s), &e);

	if (r ==
	    -AKSU_EADDRNOTAVAIL) { /* scripts bind what --local_ip said, drawn anew each time */
		aksu_addr_add(u->s, u->link, &e.addr, aksu_addr_is_v4(&e.addr) ? 32 : 128);
		r = aksu_bind(u->s, aksu_name(s), &e);
	}
	return (int)aksu_to_errno(r);
}

static int listen_socket(void *stack, under_test_socket s, int backlog)
{
	struct aksu_under_test *u = stack;

	return (int)aksu_to_errno(
		aksu_listen(u->s, aksu_name(s), backlog < 1 ? 1 : (unsigned)backlog));
}

static int accept_socket(void *stack, under_test_socket s, under_test_socket *out)
{
	struct aksu_under_test *u = stack;
	aksu_socket h;
	int r = aksu_accept(u->s, aksu_name(s), &h);

	return r < 0 ? (int)aksu_to_errno(r) : adopt(u, h, out);
}

static int connect_socket(void *stack, under_test_socket s, const struct sockaddr *a, socklen_t n,
			  uint64_t now)
{
	struct aksu_under_test *u = stack;
	struct aksu_endpoint e = endpoint(a, n);

	return (int)aksu_to_errno(aksu_connect(u->s, aksu_name(s), &e, now));
}

static int peer(void *stack, under_test_socket s, struct sockaddr_storage *out)
{
	struct aksu_under_test *u = stack;
	struct aksu_info info;
	int r = aksu_info(u->s, aksu_name(s), &info);

	if (r < 0)
		return (int)aksu_to_errno(r);
	if (aksu_addr_is_v4(&info.remote.addr)) {
		struct sockaddr_in *v4 = (struct sockaddr_in *)out;

		v4->sin_family = AF_INET;
		v4->sin_port = htons(info.remote.port);
		memcpy(&v4->sin_addr, info.remote.addr.b + 12, 4);
	} else {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(info.remote.port);
		memcpy(&v6->sin6_addr, info.remote.addr.b, 16);
	}
	return 0;
}

/* ------------------------------------------------------------------ data */

int aksu_take_error(struct aksu *s, aksu_socket h)
{
	struct aksu_memory *memory = aksu_get_user(s, h);
	int64_t error = 0;

	if (!memory || memory->error_told)
		return 0;
	aksu_get_option(s, h, AKSU_SO_ERROR, &error);
	memory->error_told = error != 0;
	return error ? (int)-aksu_to_errno(-error) : 0;
}

/* aksu tells what ended a connection again and again; Linux once, and `then` afterwards. */
static int64_t once(struct aksu *s, aksu_socket h, int64_t r, int64_t then)
{
	int64_t error = 0;

	aksu_get_option(s, h, AKSU_SO_ERROR, &error);
	if (!error || r != -error)
		return aksu_to_errno(r);
	error = aksu_take_error(s, h);
	return error ? -error : then;
}

static int64_t send_some(void *stack, under_test_socket s, const void *data, size_t n, int flags,
			 uint64_t now)
{
	struct aksu_under_test *u = stack;
	int ours = (flags & MSG_OOB ? AKSU_MSG_OOB : 0) | (flags & MSG_MORE ? AKSU_MSG_MORE : 0);
	int64_t r = aksu_send(u->s, aksu_name(s), data, n, ours, now);

	if (r == -AKSU_ENOTCONN)
		return -EPIPE; /* as Linux says it of a stream */
	return once(u->s, aksu_name(s), r, -EPIPE);
}

static int64_t receive_some(void *stack, under_test_socket s, void *data, size_t n, int flags,
			    uint64_t now)
{
	struct aksu_under_test *u = stack;
	struct aksu_memory *memory = aksu_get_user(u->s, aksu_name(s));
	int64_t r;

	if (n == 0)
		return 0;
	if (flags & MSG_PEEK)
		r = aksu_peek(u->s, aksu_name(s), data, n);
	else
		r = aksu_recv(u->s, aksu_name(s), data, n, now);
	if (r == -AKSU_EAGAIN && memory && memory->read_is_shut)
		return 0;
	return once(u->s, aksu_name(s), r, 0);
}

static int shut(void *stack, under_test_socket s, int how, uint64_t now)
{
	struct aksu_under_test *u = stack;
	struct aksu_memory *memory = aksu_get_user(u->s, aksu_name(s));
	struct aksu_info info;

	if (aksu_info(u->s, aksu_name(s), &info) < 0 || info.state == AKSU_STATE_CLOSED)
		return -ENOTCONN;
	if (how != SHUT_WR && memory)
		memory->read_is_shut = true;
	return how == SHUT_RD ? 0 : (int)aksu_to_errno(aksu_shutdown(u->s, aksu_name(s), now));
}

static int release(void *stack, under_test_socket s, uint64_t now)
{
	struct aksu_under_test *u = stack;

	return (int)aksu_to_errno(aksu_close(u->s, aksu_name(s), now));
}

static int ready(void *stack, under_test_socket s)
{
	struct aksu_under_test *u = stack;
	uint32_t is = aksu_ready(u->s, aksu_name(s));

	return (is & AKSU_READABLE ? POLLIN : 0) | (is & AKSU_WRITABLE ? POLLOUT : 0) |
	       (is & AKSU_ERROR ? POLLERR : 0) | (is & AKSU_HUP ? POLLHUP : 0) |
	       (is & AKSU_RDHUP ? POLLRDHUP : 0) | (is & AKSU_URGENT ? POLLPRI : 0);
}

static int queued(void *stack, under_test_socket s, unsigned long which, int *out)
{
	struct aksu_under_test *u = stack;
	enum aksu_option option = which == SIOCINQ       ? AKSU_TCP_UNREAD
				  : which == SIOCOUTQ    ? AKSU_TCP_UNACKED
				  : which == SIOCOUTQNSD ? AKSU_TCP_UNSENT
							 : AKSU_OPTION_COUNT;
	int64_t value = 0;
	int r = aksu_get_option(u->s, aksu_name(s), option, &value);

	if (r == 0)
		*out = (int)value;
	return option == AKSU_OPTION_COUNT ? -ENOTTY : (int)aksu_to_errno(r);
}

const struct under_test under_test = {
	.name = "aksu",
	.open = open_stack,
	.close = close_stack,
	.input = input,
	.output = output,
	.deadline = deadline,
	.advance = advance,
	.socket = new_socket,
	.bind = bind_socket,
	.listen = listen_socket,
	.accept = accept_socket,
	.connect = connect_socket,
	.peer = peer,
	.send = send_some,
	.receive = receive_some,
	.shutdown = shut,
	.release = release,
	.ready = ready,
	.queued = queued,
	.set_option = aksu_option_set,
	.get_option = aksu_option_get,
	.info = aksu_tcp_info,
};
