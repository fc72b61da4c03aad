/* SPDX-License-Identifier: MIT */
/*
 * cli/wire.c - `aksu wire A B`: two devices joined by a bad network, as netem makes one, so that
 * the kernel's TCP and ours (or anything else) meet the same delays and the same losses.
 *
 * Options and the report; cli/cable.c carries the frames, src/sim is the network.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <aksu/loop.h>

#include "cli/cable.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/wire_fields.h"

enum { TIME_MAX_S = 7 * 24 * 3600 };

struct wire {
	struct wire_described described[2];
	struct cli_link name[2];
	struct aksu_device *device[2];
	struct cable cable;
	aksu_time begun;
	uint64_t seed;
	uint64_t seconds; /* 0: until a signal */
	bool json;
};

/* ------------------------------------------------------------------ options */

/* "X" is for both ways, "X/Y" X from A to B and Y from B to A; either may be empty. */
static bool take_both(struct wire *w, const char *name, const char *value, struct aksu_reason *why)
{
	const char *slash = value ? strchr(value, '/') : NULL;
	char first[32];

	if (!slash)
		return wire_field_set(&w->described[0], name, value, why) &&
		       wire_field_set(&w->described[1], name, value, why);
	if ((size_t)(slash - value) >= sizeof(first))
		return because(why, "'%s' is too long", value);
	memcpy(first, value, (size_t)(slash - value));
	first[slash - value] = '\0';
	return (first[0] == '\0' || wire_field_set(&w->described[0], name, first, why)) &&
	       (slash[1] == '\0' || wire_field_set(&w->described[1], name, slash + 1, why));
}

#define TAKE(field, name, kind, value_name, help)                                        \
	static bool take_##field(void *into, const char *value, struct aksu_reason *why) \
	{                                                                                \
		return take_both(into, name, value, why);                                \
	}
WIRE_FIELDS(TAKE)
#undef TAKE

static bool take_seed(void *into, const char *value, struct aksu_reason *why)
{
	return cli_number_parse(value, 0, UINT64_MAX, &((struct wire *)into)->seed, why);
}

static bool take_time(void *into, const char *value, struct aksu_reason *why)
{
	return cli_number_parse(value, 1, TIME_MAX_S, &((struct wire *)into)->seconds, why);
}

static bool take_json(void *into, const char *value, struct aksu_reason *why)
{
	(void)value, (void)why;
	return ((struct wire *)into)->json = true;
}

static const struct option_row ROWS[] = {
#define ROW(field, name, kind, value_name, help) {name, value_name, help, take_##field},
	WIRE_FIELDS(ROW)
#undef ROW
		{"seed", "N", "the nth packet is lost or not by this alone", take_seed},
	{"time", "SECONDS", "ends by itself; else at Ctrl-C", take_time},
	{"json", NULL, "the figures at the end (and at SIGUSR1) as JSON", take_json},
};

static bool take_words(struct wire *w, char **words, struct aksu_reason *why)
{
	if (!words[0] || !words[1])
		return because(why, "between which devices? two of tun:NAME, tap:NAME, packet:IF");
	if (words[2])
		return because(why, "'%s' is too much: two devices are all", words[2]);
	return cli_link_parse(words[0], &w->name[0], why) &&
	       cli_link_parse(words[1], &w->name[1], why);
}

static int parse(struct wire *w, int argc, char **argv)
{
	const struct command_line line = {
		.name = "wire",
		.usage = "A B [options]",
		.about = "Joins two devices, tun:NAME, tap:NAME or packet:IF, by a network that is "
			 "as\n"
			 "bad as you say. X/Y: X from A to B, Y from B to A.\n",
		.tail = "examples:\n"
			"  aksu wire packet:veth1 packet:veth2 --rate 100mbit --delay 33ms --queue "
			"bdp\n"
			"  aksu wire tun:a tun:b --delay 50ms --jitter 5ms/ --overtake --loss "
			"1%/0\n",
		.tables = {{ROWS, sizeof(ROWS) / sizeof(ROWS[0]), w}},
	};
	struct aksu_reason why;
	char **words;
	int code = options_parse(&line, argc, argv, &words);

	if (code != OPTIONS_GO_ON)
		return code;
	return take_words(w, words, &why) ? OPTIONS_GO_ON : options_wrong(line.name, &why);
}

/* ------------------------------------------------------------------ devices */

static bool open_device(struct wire *w, unsigned i, struct aksu_reason *why)
{
	const struct aksu_device_config config = {
		.size = sizeof(config),
		.kind = w->name[i].kind,
		.name = w->name[i].name,
		.plain = true,
		.every_station = true,
	};

	w->device[i] = aksu_device_open(&config, why);
	return w->device[i] && aksu_device_up(w->device[i], 0, why);
}

static bool open_both(struct wire *w, struct aksu_reason *why)
{
	if (strcmp(w->name[0].name, w->name[1].name) == 0)
		return because(why, "%s is given twice: two ends are needed", w->name[0].name);
	if (!open_device(w, 0, why) || !open_device(w, 1, why))
		return false;
	if (w->device[0]->config.kind != w->device[1]->config.kind)
		return because(why,
			       "tun: carries IP, tap: and packet: carry Ethernet: two of one sort");
	if (w->device[0]->config.mtu != w->device[1]->config.mtu)
		fprintf(stderr,
			"aksu wire: MTU %u and %u: what is too long for the other end is lost "
			"there\n",
			w->device[0]->config.mtu, w->device[1]->config.mtu);
	return true;
}

static void close_both(struct wire *w)
{
	for (unsigned i = 0; i < 2; i++)
		if (w->device[i])
			w->device[i]->ops->close(w->device[i]);
}

/* ------------------------------------------------------------------ the report */

/* "queue full" as a name in JSON: "queue_full". */
static void print_key(const char *word)
{
	putchar('"');
	for (; *word; word++)
		putchar(*word == ' ' ? '_' : *word);
	putchar('"');
}

/* Frames that the kernel did not take from us, for whatever reason. */
static uint64_t refused(const struct wire *w, unsigned side)
{
	const struct aksu_device_counters *c = aksu_device_counters(w->device[side]);

	return c->down + c->refused;
}

/* Frames that came to us and were not read well, or too late. */
static uint64_t missed(const struct wire *w, unsigned side)
{
	const struct aksu_device_counters *c = aksu_device_counters(w->device[side]);

	return c->too_long + c->bad_header + c->tagged + c->overflowed;
}

static void print_json(const struct wire *w, aksu_time now)
{
	const struct cable *c = &w->cable;

	printf("{\"seconds\":%.3f,", (double)(now - w->begun) / 1e9);
	for (unsigned side = 0; side < 2; side++) {
		const struct cable_way *way = &c->way[side];

		printf("\"%s\":{\"octets\":%llu,", side == 0 ? "a_to_b" : "b_to_a",
		       (unsigned long long)way->octets);
		for (unsigned i = 0; i < SIM_NOTE_ARRIVED; i++) {
			print_key(sim_note_name((enum sim_note_kind)i));
			printf(":%llu,", (unsigned long long)way->notes[i]);
		}
		printf("\"delivered\":%llu,\"delivered_octets\":%llu,\"refused\":%llu,"
		       "\"missed\":%llu},",
		       (unsigned long long)way->delivered,
		       (unsigned long long)way->delivered_octets,
		       (unsigned long long)refused(w, 1 - side),
		       (unsigned long long)missed(w, side));
	}
	printf("\"late_us\":{\"median\":%llu,\"p99\":%llu,\"max\":%llu,\"turns\":%llu}}\n",
	       (unsigned long long)cable_late_us(c, 50), (unsigned long long)cable_late_us(c, 99),
	       (unsigned long long)c->latest_us, (unsigned long long)c->turns);
}

static void print_way(const struct wire *w, unsigned side)
{
	const struct cable_way *way = &w->cable.way[side];
	const struct cli_link *from = &w->name[side], *to = &w->name[1 - side];

	printf("%s:%s to %s:%s: %llu packets, %llu octets", cli_kind_name(from->kind), from->name,
	       cli_kind_name(to->kind), to->name, (unsigned long long)way->notes[SIM_NOTE_SENT],
	       (unsigned long long)way->octets);
	for (unsigned i = SIM_NOTE_SENT + 1; i < SIM_NOTE_ARRIVED; i++)
		if (way->notes[i] > 0)
			printf("; %s %llu", sim_note_name((enum sim_note_kind)i),
			       (unsigned long long)way->notes[i]);
	if (missed(w, side) > 0)
		printf("; missed before %llu", (unsigned long long)missed(w, side));
	if (refused(w, 1 - side) > 0)
		printf("; refused by the kernel %llu", (unsigned long long)refused(w, 1 - side));
	printf("; %llu delivered\n", (unsigned long long)way->delivered);
}

static void report(void *ctx, aksu_time now)
{
	const struct wire *w = ctx;
	const struct cable *c = &w->cable;

	if (w->json) {
		print_json(w, now);
	} else {
		print_way(w, 0);
		print_way(w, 1);
		printf("our clock: half of %llu moments kept to %llu us, 99 of 100 to %llu us, all "
		       "to "
		       "%llu us\n",
		       (unsigned long long)c->turns, (unsigned long long)cable_late_us(c, 50),
		       (unsigned long long)cable_late_us(c, 99), (unsigned long long)c->latest_us);
	}
	fflush(stdout);
}

/* ------------------------------------------------------------------ the command */

static bool live(struct wire *w, struct aksu_reason *why)
{
	const struct sim_wire_config wire[2] = {
		wire_finished(&w->described[0], &w->described[1]),
		wire_finished(&w->described[1], &w->described[0]),
	};
	bool whole;

	if (!open_both(w, why) ||
	    !cable_init(&w->cable, w->device[0], w->device[1], wire, w->seed, why))
		return false;
	fprintf(stderr, "aksu wire: ready on %s:%s and %s:%s\n", cli_kind_name(w->name[0].kind),
		w->name[0].name, cli_kind_name(w->name[1].kind), w->name[1].name);
	w->begun = aksu_clock_now();
	whole = cable_run(&w->cable,
			  w->seconds > 0 ? w->begun + w->seconds * AKSU_SECOND : AKSU_NEVER);
	report(w, aksu_clock_now());
	return whole ||
	       because(why, "%s is gone", w->device[0]->error ? w->name[0].name : w->name[1].name);
}

int cmd_wire(int argc, char **argv)
{
	static struct wire w; /* 80 KB of figures: not for a stack */
	struct aksu_reason why;
	int code;
	bool done;

	w = (struct wire){.described = {wire_perfect(), wire_perfect()}};
	w.cable.say = report;
	w.cable.ctx = &w;
	code = parse(&w, argc, argv);
	if (code != OPTIONS_GO_ON)
		return code;
	done = live(&w, &why);
	if (!done)
		fprintf(stderr, "aksu wire: %s\n", why.text);
	if (w.cable.link)
		cable_fini(&w.cable);
	close_both(&w);
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
