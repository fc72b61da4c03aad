/* SPDX-License-Identifier: MIT */
/*
 * cli/echo.c - `aksu echo`: the echo server of RFC 862 on a device.
 *
 * Options, and the wiring of device, instance, loop and server; what a server does stands in
 * cli/echo_server.c. Exit codes: 0, 1 when something could not be done, 2 for bad arguments.
 */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <aksu/loop.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/echo_server.h"
#include "cli/watch.h"

enum { NETS_MAX = 8, PORT_ECHO = 7, MTU_MIN = 68, BUDGET_MAX_MIB = 1 << 20 };

/*
 * How long connections get to close after the first Ctrl-C: a FIN, its retransmissions, an answer.
 */
#define PATIENCE (5 * AKSU_SECOND)

struct options {
	struct cli_link link;
	struct cli_net addr[NETS_MAX], host[NETS_MAX];
	struct aksu_addr gateway[NETS_MAX];
	size_t addrs, hosts, gateways;
	uint16_t port;
	uint32_t mtu;
	uint64_t budget;
	struct sim_wire_config faults;
	uint64_t seed;
	bool once, stats, faulty;
	struct watch_options watch;
};

struct echo {
	struct options options;
	struct aksu *stack;
	struct aksu_device *tun;
	struct aksu_device *dev; /* the tun, or what is around it */
	struct aksu_loop *loop;
	struct echo_server server;
	struct watch watch;
	size_t memory_at_start;
	aksu_time stop_by; /* AKSU_NEVER until it is time to end */
	uint32_t reset;    /* connections that did not close in time */
};

static const char HELP[] =
	"usage: aksu echo --link tun:NAME --addr A/P [--host A/P] [options]\n"
	"\n"
	"Sends back what comes, over TCP and UDP (RFC 862), with its own stack.\n"
	"\n"
	"  --link tun:NAME   the TUN device to use; made unless it exists\n"
	"  --addr A/P        an address of ours, IPv4 or IPv6; as --host, repeatable\n"
	"  --host A/P        brings the device up and gives the kernel this address\n"
	"  --gw A            the router for everything else\n"
	"  --port N          default 7\n"
	"  --mtu N           of the device, together with --host\n"
	"  --once            ends after one connection\n"
	"  --trace           draws each segment as a ladder (--wide adds why; --ascii)\n"
	"  --events json     every event as a line of JSON instead\n"
	"  --pcap FILE       a capture for Wireshark, with the reasons as comments\n"
	"  --stats           counters as JSON on stderr, at the end and at SIGUSR1\n"
	"  --faults LIST     a bad link, both ways: loss=1%,reorder=1%,duplicate=1%,\n"
	"                    corrupt=0.1%,delay=20 (ms), drawn from --seed N\n"
	"  --budget MIB      the most memory that the stack may hold, default 64\n"
	"\n"
	"Ctrl-C closes connections with FIN and waits 5 s; a second one resets them.\n"
	"\n"
	"examples:\n"
	"  aksu echo --link tun:ak0 --addr 10.7.0.2/24 --host 10.7.0.1/24 --trace\n"
	"  aksu echo --link tun:ak0 --addr fd07::2/64 --host fd07::1/64 --pcap e.pcapng\n";

/* ------------------------------------------------------------------ options */

enum option_name {
	OPTION_LINK = 256,
	OPTION_ADDR,
	OPTION_HOST,
	OPTION_GW,
	OPTION_PORT,
	OPTION_MTU,
	OPTION_ONCE,
	OPTION_TRACE,
	OPTION_WIDE,
	OPTION_ASCII,
	OPTION_EVENTS,
	OPTION_PCAP,
	OPTION_STATS,
	OPTION_BUDGET,
	OPTION_FAULTS,
	OPTION_SEED,
	OPTION_HELP,
};

static const struct option OPTIONS[] = {
	{"link", required_argument, NULL, OPTION_LINK},
	{"addr", required_argument, NULL, OPTION_ADDR},
	{"host", required_argument, NULL, OPTION_HOST},
	{"gw", required_argument, NULL, OPTION_GW},
	{"port", required_argument, NULL, OPTION_PORT},
	{"mtu", required_argument, NULL, OPTION_MTU},
	{"once", no_argument, NULL, OPTION_ONCE},
	{"trace", no_argument, NULL, OPTION_TRACE},
	{"wide", no_argument, NULL, OPTION_WIDE},
	{"ascii", no_argument, NULL, OPTION_ASCII},
	{"events", required_argument, NULL, OPTION_EVENTS},
	{"pcap", required_argument, NULL, OPTION_PCAP},
	{"stats", no_argument, NULL, OPTION_STATS},
	{"budget", required_argument, NULL, OPTION_BUDGET},
	{"faults", required_argument, NULL, OPTION_FAULTS},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static bool net_option(struct cli_net *nets, size_t *count, struct aksu_reason *why)
{
	if (*count == NETS_MAX)
		return because(why, "given more than %d times", NETS_MAX);
	return cli_net_parse(optarg, &nets[(*count)++], why);
}

static bool gateway_option(struct options *o, struct aksu_reason *why)
{
	if (o->gateways == NETS_MAX)
		return because(why, "given more than %d times", NETS_MAX);
	return cli_addr_parse(optarg, &o->gateway[o->gateways++], why);
}

static bool events_option(struct options *o, struct aksu_reason *why)
{
	o->watch.json = strcmp(optarg, "json") == 0;
	return o->watch.json || because(why, "'%s' is not a format of events: json is", optarg);
}

static bool take_option(struct options *o, enum option_name name, struct aksu_reason *why)
{
	uint64_t n = 0;

	switch (name) {
	case OPTION_LINK: return cli_link_parse(optarg, &o->link, why);
	case OPTION_ADDR: return net_option(o->addr, &o->addrs, why);
	case OPTION_HOST: return net_option(o->host, &o->hosts, why);
	case OPTION_GW: return gateway_option(o, why);
	case OPTION_PORT:
		if (!cli_number_parse(optarg, 1, 65535, &n, why))
			return false;
		o->port = (uint16_t)n;
		return true;
	case OPTION_MTU:
		if (!cli_number_parse(optarg, MTU_MIN, 65535, &n, why))
			return false;
		o->mtu = (uint32_t)n;
		return true;
	case OPTION_BUDGET:
		if (!cli_number_parse(optarg, 1, BUDGET_MAX_MIB, &n, why))
			return false;
		o->budget = n << 20;
		return true;
	case OPTION_EVENTS: return events_option(o, why);
	case OPTION_FAULTS: o->faulty = true; return cli_faults_parse(optarg, &o->faults, why);
	case OPTION_SEED: return cli_number_parse(optarg, 0, UINT64_MAX, &o->seed, why);
	case OPTION_PCAP: o->watch.pcap = optarg; return true;
	case OPTION_ONCE: o->once = true; return true;
	case OPTION_TRACE: o->watch.ladder = true; return true;
	case OPTION_WIDE: o->watch.wide = true; return true;
	case OPTION_ASCII: o->watch.ascii = true; return true;
	case OPTION_STATS: o->stats = true; return true;
	case OPTION_HELP: break;
	}
	return true;
}

static int usage(const struct aksu_reason *why)
{
	fprintf(stderr, "aksu echo: %s\n", why->text);
	return EXIT_USAGE;
}

/* A host of ours that cannot be reached from the kernel's side is a mistake of typing. */
static bool hosts_make_sense(const struct options *o, struct aksu_reason *why)
{
	char host[46];

	for (size_t i = 0; i < o->hosts; i++) {
		bool reaches = false;

		for (size_t k = 0; k < o->addrs; k++)
			reaches = reaches || cli_net_reaches(&o->host[i], &o->addr[k].addr);
		if (reaches)
			continue;
		aksu_addr_print(&o->host[i].addr, host, sizeof(host));
		return because(why,
			       "--host: no --addr lies in the network of %s/%u, or it is the same "
			       "address; --addr 10.7.0.2/24 goes with --host 10.7.0.1/24",
			       host, o->host[i].prefix);
	}
	return true;
}

static bool options_make_sense(const struct options *o, struct aksu_reason *why)
{
	if (!o->link.name)
		return because(why, "which device? --link tun:ak0 --addr 10.7.0.2/24 --host "
				    "10.7.0.1/24");
	if (o->addrs == 0)
		return because(why, "no address of ours: --addr 10.7.0.2/24 (and --host "
				    "10.7.0.1/24 for the kernel's side)");
	if (o->watch.ladder && o->watch.json)
		return because(why, "--trace and --events json both want standard output: one of "
				    "them");
	if (o->mtu && o->hosts == 0)
		return because(why, "--mtu sets up the device, as --host does: give both");
	return hosts_make_sense(o, why);
}

/* 0: go on. Else the exit code plus one. */
static int parse(struct options *o, int argc, char **argv)
{
	struct aksu_reason why, full;
	int name, index = 0;

	*o = (struct options){.port = PORT_ECHO, .watch.host = "aksu"};
	optind = 1;
	opterr = 0;
	while ((name = getopt_long(argc, argv, ":", OPTIONS, &index)) != -1) {
		if (name == OPTION_HELP) {
			fputs(HELP, stdout);
			return 1 + EXIT_SUCCESS;
		}
		if (name == ':')
			because(&full, "%s needs a value; aksu echo --help shows which",
				argv[optind - 1]);
		else if (name == '?')
			because(&full, "there is no option %s; aksu echo --help lists them",
				argv[optind - 1]);
		else if (take_option(o, (enum option_name)name, &why))
			continue;
		else
			because(&full, "--%s: %s", OPTIONS[index].name, why.text);
		return 1 + usage(&full);
	}
	if (optind < argc) {
		because(&full, "'%s' is too much: everything is an option here; see --help",
			argv[optind]);
		return 1 + usage(&full);
	}
	return options_make_sense(o, &why) ? 0 : 1 + usage(&why);
}

/* ------------------------------------------------------------------ statistics */

static unsigned count_records(const struct aksu *stack)
{
	struct aksu_info info;
	uint64_t cursor = 0;
	unsigned n = 0;

	while (aksu_next_info(stack, &cursor, &info))
		n += info.state != AKSU_STATE_LISTEN && info.state != AKSU_STATE_CLOSED;
	return n;
}

static void print_drops(const struct aksu_counters *c)
{
	const char *comma = "";

	fputs(",\"drops\":{", stderr);
	for (int d = 0; d < AKSU_DROP_COUNT; d++) {
		if (c->drops[d] == 0)
			continue;
		fprintf(stderr, "%s\"%s\":%llu", comma, aksu_drop_name((enum aksu_drop)d),
			(unsigned long long)c->drops[d]);
		comma = ",";
	}
	fputc('}', stderr);
}

static void print_stats(const struct echo *e)
{
	const struct aksu_counters *c = aksu_counters(e->stack);
	const struct aksu_device_counters *t = aksu_device_counters(e->tun);
	const struct aksu_loop_counters *l = aksu_loop_counters(e->loop);
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"accepted", e->server.taken},
		{"open", e->server.open},
		{"ended", e->server.ended},
		{"failed", e->server.failed},
		{"octets", e->server.octets},
		{"datagrams", e->server.datagrams},
		{"records", count_records(e->stack)},
		{"memory_start", e->memory_at_start},
		{"memory_used", aksu_memory_used(e->stack)},
		{"memory_peak", aksu_memory_peak(e->stack)},
		{"segments_in", c->segments_in},
		{"segments_out", c->segments_out},
		{"retransmissions", c->retransmissions},
		{"syn_cookies_sent", c->syn_cookies_sent},
		{"syn_cookies_good", c->syn_cookies_good},
		{"frames_in", t->frames_in},
		{"frames_out", t->frames_out},
		{"device_full", t->full},
		{"device_refused", t->refused},
		{"device_down", t->down},
		{"turns", l->turns},
		{"sleeps", l->sleeps},
	};

	fputc('{', stderr);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(stderr, "%s\"%s\":%llu", i ? "," : "", rows[i].name,
			(unsigned long long)rows[i].value);
	print_drops(c);
	fputs("}\n", stderr);
}

/* ------------------------------------------------------------------ callbacks of the loop */

static void on_ready(void *ctx, const struct aksu_ready *ready, aksu_time now)
{
	struct echo *e = ctx;

	echo_server_ready(&e->server, ready, now);
}

static void begin_to_end(struct echo *e, aksu_time now)
{
	e->stop_by = now + PATIENCE;
	echo_server_stop(&e->server, now);
	if (e->server.open > 0 && isatty(STDERR_FILENO))
		fprintf(stderr, "aksu echo: closing %u connections; Ctrl-C again resets them\n",
			e->server.open);
}

static void end_now(struct echo *e, aksu_time now)
{
	e->reset = e->server.open;
	echo_server_abort(&e->server, now);
	aksu_loop_stop(e->loop);
}

static void on_signal(void *ctx, int signal, aksu_time now)
{
	struct echo *e = ctx;

	if (signal == SIGUSR1)
		print_stats(e);
	else if (e->stop_by == AKSU_NEVER)
		begin_to_end(e, now);
	else
		end_now(e, now);
}

static void on_turn(void *ctx, aksu_time now)
{
	struct echo *e = ctx;
	aksu_time alarm = watch_turn(&e->watch, now);
	bool done;

	echo_server_turn(&e->server, now);
	done = e->options.once && e->server.taken == 1 && e->server.open == 0;

	if ((done || watch_failed(&e->watch)) && e->stop_by == AKSU_NEVER)
		begin_to_end(e, now);
	if (e->stop_by <= now)
		end_now(e, now);
	else if (e->stop_by != AKSU_NEVER && e->server.open == 0 &&
		 !echo_server_lingers(&e->server))
		aksu_loop_stop(e->loop);
	alarm = alarm < e->stop_by ? alarm : e->stop_by;
	aksu_loop_alarm(e->loop, alarm < e->server.retry_at ? alarm : e->server.retry_at);
}

/* ------------------------------------------------------------------ wiring */

static bool make_stack(struct echo *e, struct aksu_reason *why)
{
	struct aksu_config config = {
		.size = sizeof(config),
		.allocator = aksu_malloc_allocator(),
		.budget = (size_t)e->options.budget,
	};

	if (!aksu_entropy(config.entropy, sizeof(config.entropy)) ||
	    !aksu_entropy(&config.seed, sizeof(config.seed)))
		return because(why, "the kernel gives no random numbers (getrandom)");
	watch_configure(&e->watch, &config);
	e->stack = aksu_new(&config, aksu_clock_now());
	return e->stack || because(why, "no memory for the stack");
}

static bool make_device(struct echo *e, struct aksu_reason *why)
{
	const struct options *o = &e->options;
	struct aksu_device_config config = {.size = sizeof(config), .name = o->link.name};

	e->tun = e->dev = aksu_device_open(&config, why);
	if (!e->tun)
		return false;
	if (o->hosts > 0 && !aksu_device_up(e->tun, o->mtu, why))
		return false;
	for (size_t i = 0; i < o->hosts; i++)
		if (!aksu_device_host(e->tun, &o->host[i].addr, o->host[i].prefix, why))
			return false;
	return true;
}

static bool make_loop(struct echo *e, struct aksu_reason *why)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGUSR1};
	struct aksu_loop_config config = {
		.size = sizeof(config),
		.stack = e->stack,
		.ctx = e,
		.ready = on_ready,
		.turn = on_turn,
		.on_signal = on_signal,
		.signals = signals,
		.signal_count = sizeof(signals) / sizeof(signals[0]),
	};

	e->loop = aksu_loop_new(&config, why);
	return e->loop != NULL;
}

static bool add_addresses(struct echo *e, int link, struct aksu_reason *why)
{
	const struct options *o = &e->options;
	char text[46];

	for (size_t i = 0; i < o->addrs; i++) {
		int error = aksu_addr_add(e->stack, link, &o->addr[i].addr, o->addr[i].prefix);

		if (error == 0)
			continue;
		aksu_addr_print(&o->addr[i].addr, text, sizeof(text));
		return because(why, "the address %s/%u: %s", text, o->addr[i].prefix,
			       aksu_strerror(error));
	}
	for (size_t i = 0; i < o->gateways; i++) {
		struct aksu_addr any = aksu_addr_v4(0, 0, 0, 0);
		int error;

		if (!aksu_addr_is_v4(&o->gateway[i]))
			memset(&any, 0, sizeof(any));
		error = aksu_route_add(e->stack, link, &any, 0, &o->gateway[i]);
		if (error == 0)
			continue;
		aksu_addr_print(&o->gateway[i], text, sizeof(text));
		return because(why, "the router %s: %s", text, aksu_strerror(error));
	}
	return true;
}

/* The TUN device, a bad one around it, and a capture around both, as the options want it. */
static bool decorate(struct echo *e, struct aksu_reason *why)
{
	struct sim_link_config config = {
		.size = sizeof(config),
		.allocator = aksu_malloc_allocator(),
		.seed = e->options.seed,
		.wire = {e->options.faults, e->options.faults},
	};
	struct aksu_device *captured;

	if (e->options.faulty) {
		struct sim_faulty *faulty = sim_faulty_new(&config, e->dev);

		if (!faulty)
			return because(why, "no memory for the bad link");
		e->dev = sim_faulty_device(faulty);
	}
	captured = watch_device(&e->watch, e->dev);
	if (!captured)
		return because(why, "no memory for the capture");
	e->dev = captured;
	return true;
}

static bool join(struct echo *e, struct aksu_reason *why)
{
	struct aksu_allocator allocator = aksu_malloc_allocator();
	int link, error;

	if (!decorate(e, why))
		return false;
	link = aksu_loop_add(e->loop, e->dev, aksu_device_fd(e->tun));
	if (link < 0)
		return because(why, "the link tun:%s: %s", e->options.link.name,
			       aksu_strerror(link));
	if (!add_addresses(e, link, why))
		return false;
	error = echo_server_start(&e->server, e->stack, &allocator, e->options.port);
	if (error)
		return because(why, "port %u: %s", e->options.port, aksu_strerror(error));
	e->server.most = e->options.once;
	e->memory_at_start = aksu_memory_used(e->stack);
	return true;
}

static void say_ready(const struct echo *e)
{
	const struct options *o = &e->options;
	char text[46];

	fprintf(stderr, "aksu echo: ready on tun:%s port %u:", o->link.name, o->port);
	for (size_t i = 0; i < o->addrs; i++) {
		aksu_addr_print(&o->addr[i].addr, text, sizeof(text));
		fprintf(stderr, " %s", text);
	}
	aksu_addr_print(&o->addr[0].addr, text, sizeof(text));
	fprintf(stderr, "; try: nc %s %u\n", text, o->port);
}

static void take_down(struct echo *e)
{
	echo_server_fini(&e->server);
	aksu_loop_free(e->loop);
	aksu_free(e->stack);
	if (e->dev)
		e->dev->ops->close(e->dev);
	watch_close(&e->watch);
}

static int serve(struct echo *e)
{
	int error = aksu_loop_run(e->loop);

	if (e->options.stats)
		print_stats(e);
	if (e->reset > 0)
		fprintf(stderr, "aksu echo: %u connections were reset\n", e->reset);
	if (error)
		fprintf(stderr, "aksu echo: the device tun:%s is gone\n", e->options.link.name);
	return error || watch_failed(&e->watch) ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_echo(int argc, char **argv)
{
	struct echo e = {.stop_by = AKSU_NEVER};
	struct aksu_reason why;
	int code = parse(&e.options, argc, argv);

	if (code != 0)
		return code - 1;
	e.options.watch.note = e.options.link.name;
	signal(SIGPIPE, SIG_IGN); /* who stops reading the trace ends us properly: watch_failed() */
	code = EXIT_FAILURE;
	if (!watch_open(&e.watch, &e.options.watch, &why) || !make_device(&e, &why) ||
	    !make_stack(&e, &why) || !make_loop(&e, &why) || !join(&e, &why)) {
		fprintf(stderr, "aksu echo: %s\n", why.text);
	} else {
		say_ready(&e);
		code = serve(&e);
	}
	take_down(&e);
	return code;
}
