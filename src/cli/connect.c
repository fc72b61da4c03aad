/* SPDX-License-Identifier: MIT */
/*
 * cli/connect.c - `aksu connect HOST PORT`: standard input and output over a connection that we
 * open. What carries them stands in cli/relay.c.
 */
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/host.h"
#include "cli/relay.h"
#include "cli/resolve.h"
#include "cli/trouble.h"

enum { TIMEOUT_MAX_S = 24 * 3600 };

struct connect {
	struct host host;
	struct relay relay;
	struct aksu_endpoint remote;
	uint16_t source_port; /* 0: the stack chooses */
	uint64_t timeout;     /* seconds; 0: RFC 9293's three minutes */
	aksu_socket socket;   /* while it is not open yet */
	bool begun, opening;
	int soft_error; /* the last one that was told while opening */
};

/* ------------------------------------------------------------------ options */

static bool take_timeout(void *into, const char *value, struct aksu_reason *why)
{
	return cli_number_parse(value, 1, TIMEOUT_MAX_S, &((struct connect *)into)->timeout, why);
}

static bool take_source_port(void *into, const char *value, struct aksu_reason *why)
{
	uint64_t n = 0;

	if (!cli_number_parse(value, 1, 65535, &n, why))
		return false;
	((struct connect *)into)->source_port = (uint16_t)n;
	return true;
}

OPTION_FLAG(take_wait, struct connect, relay.waits)

static const struct option_row ROWS[] = {
	{"timeout", "SECONDS", "for the connection to open; three minutes", take_timeout},
	{"source-port", "N", "our port, else any", take_source_port},
	{"wait", NULL, "our FIN waits for the peer's: nginx takes one for a hang-up", take_wait},
};

static bool take_words(struct connect *c, char **words, struct aksu_reason *why)
{
	struct aksu_reason wrong;
	uint64_t port = 0;

	if (!words[0] || !words[1])
		return because(why, "to whom? HOST PORT, as in 10.7.0.1 80");
	if (words[2])
		return because(why, "'%s' is too much: HOST PORT is all; see --help", words[2]);
	if (!cli_number_parse(words[1], 1, 65535, &port, &wrong))
		return because(why, "PORT: %s", wrong.text);
	c->remote.port = (uint16_t)port;
	return true;
}

static int parse(struct connect *c, int argc, char **argv, const char **host)
{
	struct command_line line = {
		.name = "connect",
		.usage = "--link KIND:NAME --addr A/P [options] HOST PORT",
		.about = "Standard input and output over one connection; each way ends by itself.\n"
			 "HOST: an address, or a name for the system's resolver. Pictures go to "
			 "stderr.\n",
		.tail = HOST_TAIL
		"  aksu connect --link tun:ak0 --addr 10.7.0.2/24 --host 10.7.0.1/24 10.7.0.1 80\n",
		.tables = {{ROWS, sizeof(ROWS) / sizeof(ROWS[0]), c},
			   host_options_table(&c->host.options)},
	};
	struct aksu_reason why;
	char **words;
	int code;

	host_options_init(&c->host.options, "aksu");
	c->host.options.watch.out = stderr;
	code = options_parse(&line, argc, argv, &words);
	if (code != OPTIONS_GO_ON)
		return code;
	*host = words[0];
	if (take_words(c, words, &why) && host_options_check(&c->host.options, &why))
		return OPTIONS_GO_ON;
	return options_wrong(line.name, &why);
}

/* ------------------------------------------------------------------ what the host calls */

/* `tried`: a SYN has left, or would have. */
static bool refused(const struct connect *c, int error, bool tried, struct aksu_reason *why)
{
	struct trouble t = {
		.peer = c->remote,
		.error = error,
		.tried = tried,
		.soft_error = c->soft_error,
		.waited = c->timeout,
	};

	return trouble_of_connection(why, &t, &c->host.options);
}

static bool start(void *ctx, aksu_time now, struct aksu_reason *why)
{
	struct connect *c = ctx;
	struct aksu_endpoint local = {.port = c->source_port};
	struct aksu *s = c->host.stack;
	int error = 0;

	if (!relay_init(&c->relay, s, c->host.loop))
		return because(why, "no memory");
	c->socket = aksu_socket_tcp(s);
	if (c->socket.gen == 0)
		return because(why, "no memory for a connection: --budget is too small");
	host_prepare(&c->host, c->socket, now);
	if (c->source_port)
		error = aksu_bind(s, c->socket, &local);
	if (error)
		return because(why, "--source-port: %s", aksu_strerror(error));
	if (c->timeout)
		aksu_set_option(s, c->socket, AKSU_TCP_SYN_TIMEOUT,
				(int64_t)(c->timeout * AKSU_SECOND), now);
	error = aksu_connect(s, c->socket, &c->remote, now);
	if (error)
		return refused(c, -error, false, why);
	c->opening = true;
	return true;
}

static void opened(struct connect *c, aksu_time now)
{
	char peer[PEER_TEXT];

	peer_print(&c->remote, peer);
	host_say(&c->host, LOG_INFO, "connected to %s", peer);
	c->opening = false;
	c->begun = true;
	relay_begin(&c->relay, c->socket, now);
}

static void not_opened(struct connect *c, aksu_time now)
{
	struct aksu_reason why;
	int64_t error = AKSU_ECONNABORTED;

	aksu_get_option(c->host.stack, c->socket, AKSU_SO_ERROR, &error);
	aksu_close(c->host.stack, c->socket, now);
	c->opening = false;
	refused(c, (int)error, true, &why);
	host_fail(&c->host, &why, now);
}

/* A router said something that need not be the end (SHLD-20): it is tried on. */
static void note_soft_error(struct connect *c)
{
	int64_t soft = 0;

	if (aksu_get_option(c->host.stack, c->socket, AKSU_SO_SOFT_ERROR, &soft) != 0 || soft == 0)
		return;
	c->soft_error = (int)soft;
	host_say(&c->host, LOG_INFO, "%s, a router says; trying on", aksu_strerror((int)soft));
}

static void on_ready(void *ctx, const struct aksu_ready *ready, aksu_time now)
{
	struct connect *c = ctx;

	if (!c->opening) {
		relay_ready(&c->relay, now);
		return;
	}
	if (ready->events & AKSU_NOTICE)
		note_soft_error(c);
	if (ready->events & AKSU_ERROR)
		not_opened(c, now);
	else if (ready->events & (AKSU_CONNECTED | AKSU_WRITABLE))
		opened(c, now);
}

static aksu_time on_turn(void *ctx, aksu_time now)
{
	struct connect *c = ctx;
	struct aksu_reason why;

	relay_turn(&c->relay, now);
	if (c->relay.state == RELAY_FAILED) {
		trouble_of_relay(&why, &c->relay, &c->remote, &c->host.options);
		c->relay.state = RELAY_IDLE;
		c->begun = false;
		host_fail(&c->host, &why, now);
	} else if (c->begun && c->relay.state == RELAY_IDLE) {
		c->begun = false;
		host_say(&c->host, LOG_INFO, "closed: %llu octets sent, %llu received",
			 (unsigned long long)c->relay.sent, (unsigned long long)c->relay.received);
		host_end(&c->host, now);
	}
	return c->relay.state == RELAY_FAILED ? now : AKSU_NEVER;
}

static void on_stop(void *ctx, aksu_time now)
{
	struct connect *c = ctx;

	if (c->opening) {
		host_say(&c->host, LOG_ERROR, "ended before there was a connection");
		c->host.code = EXIT_FAILURE;
		aksu_abort(c->host.stack, c->socket, now);
		c->opening = false;
	}
	relay_stop(&c->relay, now);
}

static void on_abort(void *ctx, aksu_time now)
{
	struct connect *c = ctx;

	if (c->relay.state == RELAY_OPEN)
		c->host.code = EXIT_FAILURE;
	relay_abort(&c->relay, now);
}

static uint32_t how_many(const void *ctx)
{
	const struct connect *c = ctx;

	return c->opening || c->relay.state == RELAY_OPEN;
}

static size_t figures(const void *ctx, struct host_figure out[HOST_FIGURES])
{
	const struct connect *c = ctx;

	out[0] = (struct host_figure){"sent", c->relay.sent};
	out[1] = (struct host_figure){"received", c->relay.received};
	return 2;
}

int cmd_connect(int argc, char **argv)
{
	static const struct host_calls calls = {start,    on_ready, on_turn, on_stop,
						on_abort, how_many, figures};
	struct connect c = {.socket = AKSU_NO_SOCKET};
	struct aksu_reason why;
	const char *host = NULL;
	int code = parse(&c, argc, argv, &host);

	if (code != OPTIONS_GO_ON)
		return code;
	if (!resolve(host, &c.host.options, &c.remote.addr, &why)) {
		fprintf(stderr, "aksu connect: %s\n", why.text);
		return EXIT_FAILURE;
	}
	code = host_live(&c.host, "connect", &calls, &c);
	relay_fini(&c.relay);
	return code;
}
