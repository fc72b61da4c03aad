/* SPDX-License-Identifier: MIT */
/*
 * cli/listen.c - `aksu listen PORT`: standard input and output over a connection that somebody
 * opens to us; with --keep over one after the other. What carries them stands in cli/relay.c.
 */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/host.h"
#include "cli/relay.h"
#include "cli/trouble.h"

enum { BACKLOG = 16 }; /* connections that wait for the one before to end, with --keep */

struct listen {
	struct host host;
	struct relay relay;
	struct aksu_endpoint remote; /* of the connection, or of the last one */
	aksu_socket socket; /* the listener; AKSU_NO_SOCKET when nobody is taken any more */
	uint16_t port;
	bool begun; /* there is a connection, or its end is yet to be told */
};

/* ------------------------------------------------------------------ options */

OPTION_FLAG(take_keep, struct listen, relay.keep)

static const struct option_row ROWS[] = {
	{"keep", NULL, "one connection after the other, until Ctrl-C", take_keep},
};

static bool take_words(struct listen *l, char **words, struct aksu_reason *why)
{
	struct aksu_reason wrong;
	uint64_t port = 0;

	if (!words[0])
		return because(why, "on which port? PORT, as in 7000; 0: any that is free");
	if (words[1])
		return because(why, "'%s' is too much: PORT is all; see --help", words[1]);
	if (!cli_number_parse(words[0], 0, 65535, &port, &wrong))
		return because(why, "PORT: %s", wrong.text);
	l->port = (uint16_t)port;
	return true;
}

static int parse(struct listen *l, int argc, char **argv)
{
	struct command_line line = {
		.name = "listen",
		.usage = "--link KIND:NAME --addr A/P [options] PORT",
		.about = "Takes one connection, then no other, and is its standard input and "
			 "output;\n"
			 "each way ends by itself. With --keep the peer's end is the end of both "
			 "ways.\n"
			 "PORT 0 is any that is free. Pictures go to stderr.\n",
		.tail = HOST_TAIL
		"  aksu listen --link tun:ak0 --addr 10.7.0.2/24 --host 10.7.0.1/24 7000 > file\n",
		.tables = {{ROWS, sizeof(ROWS) / sizeof(ROWS[0]), l},
			   host_options_table(&l->host.options)},
	};
	struct aksu_reason why;
	char **words;
	int code;

	host_options_init(&l->host.options, "aksu");
	l->host.options.watch.out = stderr;
	code = options_parse(&line, argc, argv, &words);
	if (code != OPTIONS_GO_ON)
		return code;
	if (take_words(l, words, &why) && host_options_check(&l->host.options, &why))
		return OPTIONS_GO_ON;
	return options_wrong(line.name, &why);
}

/* ------------------------------------------------------------------ what the host calls */

static bool start(void *ctx, aksu_time now, struct aksu_reason *why)
{
	struct listen *l = ctx;
	struct aksu_endpoint local = {.port = l->port};
	struct aksu_info info;
	int error = -AKSU_ENOMEM;

	if (!relay_init(&l->relay, l->host.stack, l->host.loop))
		return because(why, "no memory");
	l->socket = aksu_socket_tcp(l->host.stack);
	if (l->socket.gen != 0)
		error = aksu_bind(l->host.stack, l->socket, &local);
	if (error == 0)
		error = aksu_listen(l->host.stack, l->socket, l->relay.keep ? BACKLOG : 1);
	host_prepare(&l->host, l->socket, now);
	if (error == 0)
		error = aksu_info(l->host.stack, l->socket, &info);
	if (error)
		return because(why, "port %u: %s", l->port, aksu_strerror(error));
	host_say_ready(&l->host, info.local.port);
	return true;
}

static void close_listener(struct listen *l, aksu_time now)
{
	if (l->socket.gen != 0)
		aksu_close(l->host.stack, l->socket, now);
	l->socket = AKSU_NO_SOCKET;
}

/* The next connection, if there is none now. */
static void take_connection(struct listen *l, aksu_time now)
{
	aksu_socket socket;
	struct aksu_info info;
	char peer[PEER_TEXT];

	if (l->socket.gen == 0 || l->relay.state != RELAY_IDLE ||
	    aksu_accept(l->host.stack, l->socket, &socket) != 0)
		return;
	if (aksu_info(l->host.stack, socket, &info) == 0)
		l->remote = info.remote;
	peer_print(&l->remote, peer);
	host_say(&l->host, LOG_INFO, "connection from %s", peer);
	if (!l->relay.keep)
		close_listener(l, now);
	l->begun = true;
	relay_begin(&l->relay, socket, now);
}

static void on_ready(void *ctx, const struct aksu_ready *ready, aksu_time now)
{
	struct listen *l = ctx;

	if (aksu_socket_equal(ready->socket, l->socket))
		take_connection(l, now);
	else
		relay_ready(&l->relay, now);
}

/* A connection failed: with --keep the next one may be better, unless it was our own side. */
static void failed(struct listen *l, aksu_time now)
{
	struct aksu_reason why;

	trouble_of_relay(&why, &l->relay, &l->remote, &l->host.options);
	l->relay.state = RELAY_IDLE;
	l->begun = false;
	if (l->relay.keep && !l->relay.trouble)
		host_say(&l->host, LOG_WARN, "%s", why.text);
	else
		host_fail(&l->host, &why, now);
}

static void ended(struct listen *l, aksu_time now)
{
	l->begun = false;
	host_say(&l->host, LOG_INFO, "closed: %llu octets sent, %llu received",
		 (unsigned long long)l->relay.sent, (unsigned long long)l->relay.received);
	if (!l->relay.keep)
		host_end(&l->host, now);
}

static aksu_time on_turn(void *ctx, aksu_time now)
{
	struct listen *l = ctx;

	relay_turn(&l->relay, now);
	if (l->relay.state == RELAY_FAILED)
		failed(l, now);
	else if (l->begun && l->relay.state == RELAY_IDLE)
		ended(l, now);
	take_connection(l, now);
	return l->relay.state == RELAY_FAILED ? now : AKSU_NEVER;
}

static void on_stop(void *ctx, aksu_time now)
{
	struct listen *l = ctx;

	close_listener(l, now);
	relay_stop(&l->relay, now);
}

static void on_abort(void *ctx, aksu_time now)
{
	struct listen *l = ctx;

	if (l->relay.state == RELAY_OPEN)
		l->host.code = EXIT_FAILURE;
	relay_abort(&l->relay, now);
}

static uint32_t how_many(const void *ctx)
{
	return ((const struct listen *)ctx)->relay.state == RELAY_OPEN;
}

static size_t figures(const void *ctx, struct host_figure out[HOST_FIGURES])
{
	const struct listen *l = ctx;

	out[0] = (struct host_figure){"sent", l->relay.sent};
	out[1] = (struct host_figure){"received", l->relay.received};
	return 2;
}

int cmd_listen(int argc, char **argv)
{
	static const struct host_calls calls = {start,    on_ready, on_turn, on_stop,
						on_abort, how_many, figures};
	struct listen l = {.socket = AKSU_NO_SOCKET};
	int code = parse(&l, argc, argv);

	if (code != OPTIONS_GO_ON)
		return code;
	code = host_live(&l.host, "listen", &calls, &l);
	relay_fini(&l.relay);
	return code;
}
