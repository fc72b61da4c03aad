/* SPDX-License-Identifier: MIT */
/*
 * cli/host_options.c - see cli/host_options.h.
 */
#include "cli/host_options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/control_dir.h"
#include "wire/addr.h"

enum { MTU_MIN = 68, MTU_MAX = 65535, BUDGET_MAX_MIB = 1 << 20 };

static const char *const LEVELS[LOG_LEVELS] = {"quiet", "error", "warn", "info", "debug"};

/* ------------------------------------------------------------------ links and addresses */

/* The link that a word about addresses belongs to. */
static struct host_link_options *current(struct host_options *o)
{
	return &o->link[o->links > 0 ? o->links - 1 : 0];
}

static bool take_link(void *into, const char *value, struct aksu_reason *why)
{
	struct host_options *o = into;

	if (o->links == HOST_LINKS)
		return because(why, "given more than %d times", HOST_LINKS);
	return cli_link_parse(value, &o->link[o->links++].link, why);
}

static bool take_net(struct cli_net *nets, size_t *count, const char *value,
		     struct aksu_reason *why)
{
	if (*count == HOST_NETS)
		return because(why, "given more than %d times", HOST_NETS);
	return cli_net_parse(value, &nets[(*count)++], why);
}

static bool take_addr(void *into, const char *value, struct aksu_reason *why)
{
	struct host_link_options *l = current(into);

	return take_net(l->addr, &l->addrs, value, why);
}

static bool take_host(void *into, const char *value, struct aksu_reason *why)
{
	struct host_link_options *l = current(into);

	return take_net(l->host, &l->hosts, value, why);
}

static bool take_gw(void *into, const char *value, struct aksu_reason *why)
{
	struct host_link_options *l = current(into);

	if (l->gateways == HOST_NETS)
		return because(why, "given more than %d times", HOST_NETS);
	return cli_addr_parse(value, &l->gateway[l->gateways++], why);
}

static bool take_dhcp(void *into, const char *value, struct aksu_reason *why)
{
	(void)value, (void)why;
	return current(into)->dhcp = true;
}

static bool take_mtu(void *into, const char *value, struct aksu_reason *why)
{
	uint64_t n = 0;

	if (!cli_number_parse(value, MTU_MIN, MTU_MAX, &n, why))
		return false;
	current(into)->mtu = (uint32_t)n;
	return true;
}

/* ------------------------------------------------------------------ the rest */

static bool take_offload(void *into, const char *value, struct aksu_reason *why)
{
	struct host_options *o = into;

	o->offload = strcmp(value, "on") == 0;
	o->plain = strcmp(value, "off") == 0;
	return o->offload || o->plain || because(why, "'%s' is neither on nor off", value);
}

OPTION_FLAG(take_trace, struct host_options, watch.ladder)
OPTION_FLAG(take_wide, struct host_options, watch.wide)
OPTION_FLAG(take_ascii, struct host_options, watch.ascii)

static bool take_events(void *into, const char *value, struct aksu_reason *why)
{
	struct host_options *o = into;

	o->watch.json = strcmp(value, "json") == 0;
	return o->watch.json || because(why, "'%s' is not a format of events: json is", value);
}

static bool take_pcap(void *into, const char *value, struct aksu_reason *why)
{
	(void)why;
	((struct host_options *)into)->watch.pcap = value;
	return true;
}

OPTION_FLAG(take_stats, struct host_options, stats)

static bool take_faults(void *into, const char *value, struct aksu_reason *why)
{
	struct host_options *o = into;

	o->faulty = true;
	return cli_faults_parse(value, &o->faults, why);
}

static bool take_seed(void *into, const char *value, struct aksu_reason *why)
{
	return cli_number_parse(value, 0, UINT64_MAX, &((struct host_options *)into)->seed, why);
}

static bool take_budget(void *into, const char *value, struct aksu_reason *why)
{
	uint64_t n = 0;

	if (!cli_number_parse(value, 1, BUDGET_MAX_MIB, &n, why))
		return false;
	((struct host_options *)into)->budget = n << 20;
	return true;
}

static bool take_congestion(void *into, const char *value, struct aksu_reason *why)
{
	struct host_options *o = into;
	char list[100] = "";
	size_t n = 0;

	o->congestion = aksu_congestion_find(value);
	if (o->congestion >= 0)
		return true;
	for (int64_t i = 0; aksu_congestion_name(i) && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i > 0 ? ", " : "",
				      aksu_congestion_name(i));
	return because(why, "'%s' is no congestion control of ours; there %s %s", value,
		       aksu_congestion_name(1) ? "are" : "is", list);
}

static bool take_ecn(void *into, const char *value, struct aksu_reason *why)
{
	static const char *const words[] = {
		[AKSU_ECN_OFF] = "off",
		[AKSU_ECN_CLASSIC] = "classic",
		[AKSU_ECN_ACCURATE] = "accurate",
		[AKSU_ECN_ACCEPT] = "accept",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i]) != 0)
			continue;
		((struct host_options *)into)->ecn = (int64_t)i;
		return true;
	}
	return because(why, "'%s' is no kind of ECN: off, accept, classic and accurate are", value);
}

static bool take_log(void *into, const char *value, struct aksu_reason *why)
{
	for (int level = 0; level < LOG_LEVELS; level++) {
		if (strcmp(value, LEVELS[level]) != 0)
			continue;
		((struct host_options *)into)->log = (enum log_level)level;
		return true;
	}
	return because(why, "'%s' is not a level: quiet, error, warn, info and debug are", value);
}

static bool take_name(void *into, const char *value, struct aksu_reason *why)
{
	((struct host_options *)into)->control = value;
	return control_name_check(value, why);
}

OPTION_FLAG(take_no_control, struct host_options, no_control)

static const struct option_row ROWS[] = {
	{"link", "KIND:NAME",
	 "the device: tun:ak0 or tap:ak0, made unless it exists, or\n"
	 "packet:IF on an interface; repeatable, addresses follow it",
	 take_link},
	{"addr", "A/P", "an address of ours, IPv4 or IPv6; as --host, repeatable", take_addr},
	{"dhcp", NULL, "an IPv4 address of ours by DHCP, on tap and packet", take_dhcp},
	{"host", "A/P", "brings the device up and gives the kernel this address", take_host},
	{"gw", "A", "the router for everything else", take_gw},
	{"mtu", "N", "of the link", take_mtu},
	{"offload", "on|off", "checksums and cutting by the device; off with --faults",
	 take_offload},
	{"trace", NULL, "draws each segment as a ladder (--wide adds why; --ascii)", take_trace},
	{"wide", NULL, NULL, take_wide},
	{"ascii", NULL, NULL, take_ascii},
	{"events", "json", "every event as a line of JSON instead", take_events},
	{"pcap", "FILE", "a capture for Wireshark, with the reasons as comments", take_pcap},
	{"stats", NULL, "counters as JSON on stderr, at the end and at SIGUSR1", take_stats},
	{"faults", "LIST",
	 "a bad link, both ways: loss=1%,reorder=1%,duplicate=1%,\n"
	 "corrupt=0.1%,delay=20 (ms), drawn from --seed N",
	 take_faults},
	{"seed", "N", NULL, take_seed},
	{"budget", "MIB", "the most memory that the stack may hold, default 256", take_budget},
	{"congestion", "NAME", "the congestion control (--ecn off|classic|accurate|accept)",
	 take_congestion},
	{"ecn", "KIND", NULL, take_ecn},
	{"name", "NAME", "what aksu ss calls it (--no-control: it cannot be asked)", take_name},
	{"no-control", NULL, NULL, take_no_control},
	{"log", "LEVEL", "quiet, error, warn, info, debug; info, in a pipe warn", take_log},
};

void host_options_init(struct host_options *o, const char *name)
{
	*o = (struct host_options){
		.log = isatty(STDERR_FILENO) ? LOG_INFO : LOG_WARN,
		.congestion = -1,
		.ecn = -1,
		.watch = {.host = name, .out = stdout},
	};
}

struct option_table host_options_table(struct host_options *o)
{
	return (struct option_table){ROWS, sizeof(ROWS) / sizeof(ROWS[0]), o};
}

/* ------------------------------------------------------------------ sense */

/* A host of ours that cannot be reached from the kernel's side is a mistake of typing. */
static bool hosts_make_sense(const struct host_link_options *l, struct aksu_reason *why)
{
	char host[46];

	for (size_t i = 0; i < l->hosts; i++) {
		bool reaches = l->dhcp && aksu_addr_is_v4(&l->host[i].addr);

		for (size_t k = 0; k < l->addrs; k++)
			reaches = reaches || cli_net_reaches(&l->host[i], &l->addr[k].addr);
		if (reaches)
			continue;
		aksu_addr_print(&l->host[i].addr, host, sizeof(host));
		return because(why,
			       "--host: no --addr lies in the network of %s/%u, or it is the same "
			       "address; --addr 10.7.0.2/24 goes with --host 10.7.0.1/24",
			       host, l->host[i].prefix);
	}
	return true;
}

/* What comes from the kernel's side and cannot be answered is a mistake too. */
static bool hosts_are_reached(const struct host_link_options *l, struct aksu_reason *why)
{
	char host[46];

	for (size_t i = 0; i < l->hosts; i++) {
		bool reaches = l->gateways > 0 || l->dhcp;

		for (size_t k = 0; k < l->addrs; k++)
			reaches = reaches || cli_net_reaches(&l->addr[k], &l->host[i].addr);
		if (reaches)
			continue;
		aksu_addr_print(&l->host[i].addr, host, sizeof(host));
		return because(why,
			       "--addr: no way from it to --host: %s lies in no network of ours; a "
			       "shorter prefix has it, as in 10.7.0.2/24, or --gw %s",
			       host, host);
	}
	return true;
}

static bool link_makes_sense(const struct host_link_options *l, struct aksu_reason *why)
{
	if (l->addrs == 0 && !l->dhcp)
		return because(why,
			       "no address of ours on %s: --addr 10.7.0.2/24 (and --host "
			       "10.7.0.1/24 for the kernel's side)",
			       l->link.name);
	if (l->dhcp && l->link.kind == AKSU_DEVICE_TUN)
		return because(why,
			       "--dhcp: not on tun:%s, which has no Ethernet for a server to "
			       "answer on; tap:%s has",
			       l->link.name, l->link.name);
	if (l->dhcp && l->addrs == HOST_NETS)
		return because(why, "--dhcp: one address more than the %d of a link", HOST_NETS);
	if (l->hosts > 0 && l->link.kind == AKSU_DEVICE_PACKET)
		return because(why,
			       "--host: not on packet:%s, where the kernel's side is another "
			       "interface (the other end of a veth pair): ip addr add there",
			       l->link.name);
	return hosts_make_sense(l, why) && hosts_are_reached(l, why);
}

/* Addresses follow their link: who names it again for each has two of it. */
static bool links_differ(const struct host_options *o, struct aksu_reason *why)
{
	for (size_t i = 1; i < o->links; i++)
		for (size_t k = 0; k < i; k++)
			if (strcmp(o->link[i].link.name, o->link[k].link.name) == 0)
				return because(why,
					       "--link %s is given twice: once, and each --addr "
					       "behind it",
					       o->link[i].link.name);
	return true;
}

bool host_options_check(struct host_options *o, struct aksu_reason *why)
{
	if (o->links == 0)
		return because(why, "which device? --link tun:ak0 --addr 10.7.0.2/24 --host "
				    "10.7.0.1/24");
	for (size_t i = 0; i < o->links; i++)
		if (!link_makes_sense(&o->link[i], why))
			return false;
	if (!links_differ(o, why))
		return false;
	if (o->watch.ladder && o->watch.json)
		return because(why, "--trace and --events json both want the same output: one of "
				    "them");
	if (o->faulty && o->offload)
		return because(why, "--offload on leaves nothing whole to --faults: one of them");
	o->plain = o->plain || o->faulty;
	return true;
}

bool host_options_own(const struct host_options *o, const struct aksu_addr *addr)
{
	for (size_t i = 0; i < o->links; i++)
		for (size_t k = 0; k < o->link[i].addrs; k++)
			if (aksu_addr_equal(&o->link[i].addr[k].addr, addr))
				return true;
	return addr_is_loopback(addr);
}

bool host_options_speak(const struct host_options *o, const struct aksu_addr *addr)
{
	for (size_t i = 0; i < o->links; i++) {
		if (o->link[i].dhcp && aksu_addr_is_v4(addr))
			return true;
		for (size_t k = 0; k < o->link[i].addrs; k++)
			if (aksu_addr_is_v4(&o->link[i].addr[k].addr) == aksu_addr_is_v4(addr))
				return true;
	}
	return false;
}
