/* SPDX-License-Identifier: MIT */
/*
 * cli/serve.c - `aksu echo`, `aksu discard`, `aksu chargen`: the small servers of RFC 862, 863 and
 * 864 on devices. Their options; what they do stands in cli/service_kinds.c.
 */
#include "cli/commands.h"
#include "cli/host.h"
#include "cli/service.h"

struct server {
	struct host host;
	struct service service;
	const struct service_policy *policy;
	uint16_t port;
	bool once;
};

/* ------------------------------------------------------------------ options */

static bool take_port(void *into, const char *value, struct aksu_reason *why)
{
	uint64_t n = 0;

	if (!cli_number_parse(value, 1, 65535, &n, why))
		return false;
	((struct server *)into)->port = (uint16_t)n;
	return true;
}

OPTION_FLAG(take_once, struct server, once)

static const struct option_row ROWS[] = {
	{"port", "N", "another one than the service's own", take_port},
	{"once", NULL, "ends after one connection", take_once},
};

/* OPTIONS_GO_ON, or the exit code. */
static int parse(struct server *s, struct command_line *line, int argc, char **argv)
{
	struct aksu_reason why;
	char **words;
	int code;

	host_options_init(&s->host.options, "aksu");
	line->name = s->policy->name;
	line->tables[0] = (struct option_table){ROWS, sizeof(ROWS) / sizeof(ROWS[0]), s};
	line->tables[1] = host_options_table(&s->host.options);
	code = options_parse(line, argc, argv, &words);
	if (code != OPTIONS_GO_ON)
		return code;
	if (*words)
		because(&why, "'%s' is too much: everything is an option here; see --help", *words);
	else if (host_options_check(&s->host.options, &why))
		return OPTIONS_GO_ON;
	return options_wrong(line->name, &why);
}

/* ------------------------------------------------------------------ what the host calls */

static bool start(void *ctx, aksu_time now, struct aksu_reason *why)
{
	struct server *s = ctx;
	struct aksu_allocator allocator = aksu_malloc_allocator();
	int error = service_start(&s->service, s->policy, s->host.stack, &allocator, s->port);

	if (error)
		return because(why, "port %u: %s", s->port, aksu_strerror(error));
	host_prepare(&s->host, s->service.listener, now);
	s->service.most = s->once;
	if (!aksu_entropy(&s->service.chance, sizeof(s->service.chance)))
		return because(why, "the kernel gives no random numbers (getrandom)");
	host_say_ready(&s->host, s->port);
	return true;
}

static void on_ready(void *ctx, const struct aksu_ready *ready, aksu_time now)
{
	service_ready(&((struct server *)ctx)->service, ready, now);
}

static aksu_time on_turn(void *ctx, aksu_time now)
{
	struct server *s = ctx;

	if (s->once && s->service.taken == 1 && s->service.open == 0)
		host_end(&s->host, now);
	return AKSU_NEVER;
}

static void on_stop(void *ctx, aksu_time now)
{
	service_stop(&((struct server *)ctx)->service, now);
}

static void on_abort(void *ctx, aksu_time now)
{
	service_abort(&((struct server *)ctx)->service, now);
}

static uint32_t how_many(const void *ctx) { return ((const struct server *)ctx)->service.open; }

static size_t figures(const void *ctx, struct host_figure out[HOST_FIGURES])
{
	const struct service *v = &((const struct server *)ctx)->service;
	size_t n = 0;

	out[n++] = (struct host_figure){"accepted", v->taken};
	out[n++] = (struct host_figure){"open", v->open};
	out[n++] = (struct host_figure){"ended", v->ended};
	out[n++] = (struct host_figure){"failed", v->failed};
	out[n++] = (struct host_figure){"octets", v->octets};
	out[n++] = (struct host_figure){"datagrams", v->datagrams};
	return n;
}

static const struct host_calls CALLS = {
	.start = start,
	.ready = on_ready,
	.turn = on_turn,
	.stop = on_stop,
	.abort = on_abort,
	.open = how_many,
	.stats = figures,
};

/* ------------------------------------------------------------------ the commands */

static int serve(const struct service_policy *policy, struct command_line *line, int argc,
		 char **argv)
{
	struct server s = {.policy = policy, .port = policy->port};
	int code = parse(&s, line, argc, argv);

	if (code != OPTIONS_GO_ON)
		return code;
	code = host_live(&s.host, policy->name, &CALLS, &s);
	service_fini(&s.service);
	return code;
}

#define USAGE "--link KIND:NAME --addr A/P [--host A/P] [options]"

int cmd_echo(int argc, char **argv)
{
	struct command_line line = {
		.usage = USAGE,
		.about = "Sends back what comes, over TCP and UDP port 7 (RFC 862).\n",
		.tail = HOST_TAIL
		"  aksu echo --link tun:ak0 --addr 10.7.0.2/24 --host 10.7.0.1/24 --trace\n"
		"  aksu echo --link tap:ak0 --addr fd07::2/64 --host fd07::1/64 --pcap e.pcapng\n",
	};

	return serve(&service_echo, &line, argc, argv);
}

int cmd_discard(int argc, char **argv)
{
	struct command_line line = {
		.usage = USAGE,
		.about = "Takes what comes and forgets it, over TCP and UDP port 9 (RFC 863).\n",
		.tail = HOST_TAIL
		"  aksu discard --link tun:ak0 --addr 10.7.0.2/24 --host 10.7.0.1/24 --stats\n"
		"  head -c 1G /dev/zero | nc -N 10.7.0.2 9\n",
	};

	return serve(&service_discard, &line, argc, argv);
}

int cmd_chargen(int argc, char **argv)
{
	struct command_line line = {
		.usage = USAGE,
		.about = "Sends characters for as long as somebody listens, over TCP and UDP port "
			 "19\n"
			 "(RFC 864). A datagram is answered with no more octets than it has.\n",
		.tail = HOST_TAIL
		"  aksu chargen --link tun:ak0 --addr 10.7.0.2/24 --host 10.7.0.1/24 --port 1900\n"
		"  nc -d 10.7.0.2 1900 | head\n",
	};

	return serve(&service_chargen, &line, argc, argv);
}
