/* SPDX-License-Identifier: MIT */
/*
 * cli/control.c - see cli/control.h; what is answered stands in cli/answer.c.
 *
 *      accept ──► READS ── a line ──► ANSWERS ── the end ──► closed
 *                   └─ 128 octets without a newline, or a word unknown: an error is the answer
 *
 * Each client has a slot with one buffer; where there is no slot, it waits in the kernel's queue.
 * In each turn a client gets one piece of work and one write. Who stands still is closed.
 */
#include "cli/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/answer.h"

enum {
	CLIENTS = 8,               /* at once, each 10 KiB; more wait in the kernel */
	BACKLOG = 128,             /* of these */
	BUFFER = 2 * ANSWER_PIECE, /* of an answer: some 25 rows; refilled when it is empty */
};

/*
 * A client moves (its request comes, it reads) or is closed; and nobody stays longer than LIFE,
 * which is enough for a million connections.
 */
#define STANDSTILL (5 * AKSU_SECOND)
#define LIFE       (600 * AKSU_SECOND)

/* No descriptor is left: look again after this. */
#define RETRY AKSU_SECOND

struct client {
	struct control *control;
	int fd;        /* -1: the slot is free */
	aksu_time end; /* of its LIFE */
	struct aksu_loop_timer timer;
	size_t asked; /* octets of request */
	bool answers;
	char request[ANSWER_REQUEST];
	struct answer answer;
	size_t at, filled; /* of text */
	char text[BUFFER];
};

struct control {
	struct control_config config;
	struct control_dir dir;
	char name[CONTROL_NAME];
	int fd;
	struct aksu_loop_timer retry;
	struct client clients[CLIENTS];
};

/* ------------------------------------------------------------------ clients */

static void on_connection(void *ctx, int fd, uint32_t events, aksu_time now);

static bool listen_on(struct control *c)
{
	return aksu_loop_watch(c->config.loop, c->fd, AKSU_READABLE, on_connection, c) == 0;
}

static void close_client(struct client *k)
{
	struct control *c = k->control;

	if (k->fd < 0)
		return;
	aksu_loop_timer_set(c->config.loop, &k->timer, AKSU_NEVER);
	aksu_loop_unwatch(c->config.loop, k->fd);
	close(k->fd);
	k->fd = -1;
	if (c->fd >= 0)
		(void)listen_on(c); /* it may have paused for want of a slot */
}

static void on_standstill(void *ctx, aksu_time now)
{
	(void)now;
	close_client(ctx);
}

/* It moved: it has STANDSTILL again, within its LIFE. */
static void moved(struct client *k, aksu_time now)
{
	aksu_time at = now + STANDSTILL < k->end ? now + STANDSTILL : k->end;

	if (aksu_loop_timer_set(k->control->config.loop, &k->timer, at) != 0)
		close_client(k); /* without an end to it we do not serve */
}

static void fill(struct client *k, aksu_time now)
{
	struct control *c = k->control;

	k->at = 0;
	k->filled = answer_more(&k->answer, c->config.stack, now, k->text);
	while (k->answer.step != ANSWER_DONE && k->filled > 0 &&
	       k->filled + ANSWER_PIECE <= sizeof(k->text)) {
		size_t n = answer_more(&k->answer, c->config.stack, now, k->text + k->filled);

		k->filled += n;
		if (n == 0)
			break; /* a bounded amount of work was done */
	}
}

/* Whoever asked us to end has heard that we will; what that ends may be this socket. */
static void finish(struct client *k, aksu_time now)
{
	struct control *c = k->control;
	bool stop = k->answer.kind == ANSWER_STOP && !k->answer.refused;

	close_client(k);
	if (stop)
		c->config.stop(c->config.ctx, now);
}

static void answer(struct client *k, aksu_time now)
{
	ssize_t n;

	if (k->at == k->filled && k->answer.step != ANSWER_DONE)
		fill(k, now);
	if (k->at < k->filled) {
		n = send(k->fd, k->text + k->at, k->filled - k->at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			close_client(k);
			return;
		}
		if (n > 0)
			k->at += (size_t)n;
	}
	if (k->at == k->filled && k->answer.step == ANSWER_DONE)
		finish(k, now);
	else if (k->at == k->filled)
		moved(k, now); /* it took all there was; or we are the slow one */
}

static void on_client(void *ctx, int fd, uint32_t events, aksu_time now);

static void begin_to_answer(struct client *k)
{
	struct control *c = k->control;

	if (k->answer.kind == ANSWER_STOP && !c->config.stop)
		answer_refuse(&k->answer, "this one cannot be stopped so: kill it");
	k->answers = true;
	if (aksu_loop_watch(c->config.loop, k->fd, AKSU_WRITABLE, on_client, k) != 0)
		close_client(k);
}

static void read_request(struct client *k)
{
	char *end;
	ssize_t n = recv(k->fd, k->request + k->asked, sizeof(k->request) - k->asked, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_client(k);
		return;
	}
	k->asked += (size_t)n;
	end = memchr(k->request, '\n', k->asked);
	if (end) {
		*end = '\0';
		answer_begin(&k->answer, k->request);
	} else if (k->asked == sizeof(k->request)) {
		answer_refuse(&k->answer, "the request is too long");
	} else {
		return;
	}
	begin_to_answer(k);
}

static void on_client(void *ctx, int fd, uint32_t events, aksu_time now)
{
	struct client *k = ctx;

	(void)fd;
	(void)events;
	if (k->answers)
		answer(k, now);
	else
		read_request(k);
}

/* ------------------------------------------------------------------ connections */

static struct client *free_slot(struct control *c)
{
	for (int i = 0; i < CLIENTS; i++)
		if (c->clients[i].fd < 0)
			return &c->clients[i];
	return NULL;
}

/* The directory says it already; this says it again. */
static bool may_ask(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
	       (who.uid == geteuid() || who.uid == 0);
}

static void take(struct control *c, struct client *k, int fd, aksu_time now)
{
	k->fd = fd;
	k->asked = k->at = k->filled = 0;
	k->answers = false;
	k->end = now + LIFE;
	if (!may_ask(fd) || aksu_loop_watch(c->config.loop, fd, AKSU_READABLE, on_client, k) != 0)
		close_client(k);
	else
		moved(k, now);
}

static void on_retry(void *ctx, aksu_time now)
{
	(void)now;
	(void)listen_on(ctx);
}

/* Nobody is taken until close_client() or on_retry(). */
static void pause_listening(struct control *c)
{
	(void)aksu_loop_watch(c->config.loop, c->fd, 0, on_connection, c);
}

static void on_connection(void *ctx, int listener, uint32_t events, aksu_time now)
{
	struct control *c = ctx;
	struct client *k = free_slot(c);
	int fd;

	(void)events;
	if (!k) {
		pause_listening(c);
		return;
	}
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		take(c, k, fd, now);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		pause_listening(c);
		(void)aksu_loop_timer_set(c->config.loop, &c->retry, now + RETRY);
	}
}

/* ------------------------------------------------------------------ life */

static int choose_name(struct control *c, struct aksu_reason *why)
{
	if (!c->config.name) {
		snprintf(c->name, sizeof(c->name), "%.24s-%ld", c->config.command, (long)getpid());
		return 0;
	}
	if (!control_name_check(c->config.name, why))
		return -AKSU_EINVAL;
	memcpy(c->name, c->config.name, strlen(c->config.name) + 1);
	return 0;
}

/* Under the lock: between bind() and listen() a socket looks stale. */
static int bind_and_listen(struct control *c, struct aksu_reason *why)
{
	struct sockaddr_un address;

	if (!control_address(&c->dir, c->name, &address, why))
		return -AKSU_EOPNOTSUPP;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0) {
		because(why, "a control socket: %s", strerror(errno));
		return -AKSU_EOPNOTSUPP;
	}
	if (bind(c->fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		bool taken = errno == EADDRINUSE;

		because(why,
			taken ? "an aksu named %s runs already: aksu ss %s asks it; choose "
				"another --name"
			      : "%s/%s: %s",
			taken ? c->name : c->dir.path, c->name, strerror(errno));
		return taken ? -AKSU_EADDRINUSE : -AKSU_EOPNOTSUPP;
	}
	if (listen(c->fd, BACKLOG) == 0)
		return 0;
	because(why, "%s: %s", address.sun_path, strerror(errno));
	unlinkat(c->dir.fd, c->name, 0);
	return -AKSU_EOPNOTSUPP;
}

static int start(struct control *c, struct aksu_reason *why)
{
	int error = choose_name(c, why);

	if (error)
		return error;
	if (!control_dir_make(&c->dir, why))
		return -AKSU_EOPNOTSUPP;
	control_dir_lock(&c->dir);
	control_dir_sweep(&c->dir);
	error = bind_and_listen(c, why);
	control_dir_unlock(&c->dir);
	if (!error && !listen_on(c)) {
		because(why, "the control socket cannot be watched: no memory");
		unlinkat(c->dir.fd, c->name, 0);
		error = -AKSU_EOPNOTSUPP;
	}
	return error;
}

int control_open(const struct control_config *config, struct control **out, struct aksu_reason *why)
{
	struct control *c = calloc(1, sizeof(*c));
	int error;

	*out = NULL;
	if (!c) {
		because(why, "no memory for the control socket");
		return -AKSU_EOPNOTSUPP;
	}
	c->config = *config;
	c->fd = c->dir.fd = -1;
	c->retry = (struct aksu_loop_timer){.fire = on_retry, .ctx = c};
	for (int i = 0; i < CLIENTS; i++) {
		c->clients[i].control = c;
		c->clients[i].fd = -1;
		c->clients[i].timer =
			(struct aksu_loop_timer){.fire = on_standstill, .ctx = &c->clients[i]};
	}
	error = start(c, why);
	if (error) {
		if (c->fd >= 0)
			close(c->fd);
		control_dir_close(&c->dir);
		free(c);
		return error;
	}
	*out = c;
	return 0;
}

const char *control_name(const struct control *c) { return c->name; }

void control_close(struct control *c)
{
	int fd;

	if (!c)
		return;
	fd = c->fd;
	aksu_loop_unwatch(c->config.loop, fd);
	c->fd = -1;
	for (int i = 0; i < CLIENTS; i++)
		close_client(&c->clients[i]);
	aksu_loop_timer_set(c->config.loop, &c->retry, AKSU_NEVER);
	/* Under the lock nobody can have taken the name meanwhile: while we listen it is ours. */
	control_dir_lock(&c->dir);
	unlinkat(c->dir.fd, c->name, 0);
	close(fd);
	control_dir_unlock(&c->dir);
	control_dir_close(&c->dir);
	free(c);
}
