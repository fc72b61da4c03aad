/* SPDX-License-Identifier: MIT */
/*
 * cli/demo.c - aksu demo: reads the options, plays a scenario, says under it what was seen.
 *
 * Everything is drawn from --seed: the same command prints the same bytes, on every machine and by
 * every compiler. The options stand in one table, from which getopt_long()'s, the help and the
 * error messages are made.
 */
#include "cli/demo.h"

#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <aksu/loop.h>

#include "base/compile.h"
#include "cli/args.h"
#include "cli/commands.h"

enum {
	EVENTS = 1024, /* a host's ring: it is emptied after every step */
	COLUMNS = 80,
	PORT_CLIENT = 49152, /* RFC 6335: the first of the dynamic ports */
	PORT_SERVER = 80,
	BYTES_MAX = 1 << 30,
};

#define MSL   (30 * AKSU_SECOND)
#define LIMIT (2 * 3600 * AKSU_SECOND) /* of the world's time: everything gives up before */

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct demo_options {
	const struct scenario *scenario;
	uint64_t seed, bytes;
	bool has_bytes, has_loss;
	uint32_t loss; /* millionths */
	struct sim_rule rules[SIM_RULES_MAX];
	size_t rule_count;
	bool v6, json, list, help;
	uint32_t ladder; /* AKSU_LADDER_* */
	enum colour colour;
	const char *pcap;
};

/* ------------------------------------------------------------------ the options */

static bool set_seed(struct demo_options *o, const char *arg, struct aksu_reason *why)
{
	return cli_number_parse(arg, 0, UINT64_MAX, &o->seed, why);
}

/* "3", "3%", "0.5%": percent, as millionths. */
static bool set_loss(struct demo_options *o, const char *arg, struct aksu_reason *why)
{
	char *end;
	unsigned long whole = strtoul(arg, &end, 10), unit = 10000, part = 0;
	bool digits = arg[0] >= '0' && arg[0] <= '9';

	if (digits && *end == '.')
		while (*++end >= '0' && *end <= '9' && unit > 1)
			part += (unsigned long)(*end - '0') * (unit /= 10);
	if (*end == '%')
		end++;
	if (!digits || *end != '\0' || whole > 100 || whole * 10000 + part > 1000000)
		return because(why, "'%s' is not a share of 0%% to 100%%: --loss 3%% or 0.5%%",
			       arg);
	o->loss = (uint32_t)(whole * 10000 + part);
	o->has_loss = true;
	return true;
}

static bool set_drop(struct demo_options *o, const char *arg, struct aksu_reason *why)
{
	if (o->rule_count + SCENARIO_RULES >= SIM_RULES_MAX)
		return because(why, "there may be %d at most", SIM_RULES_MAX - SCENARIO_RULES);
	if (sim_rule_parse(arg, &o->rules[o->rule_count])) {
		o->rule_count++;
		return true;
	}
	return because(why,
		       "'%s' names no segment: WHAT:N with syn, syn-ack, data, fin, ack or rst, "
		       "as data:4 or server:fin:1",
		       arg);
}

static bool set_bytes(struct demo_options *o, const char *arg, struct aksu_reason *why)
{
	o->has_bytes = true;
	return cli_number_parse(arg, 0, BYTES_MAX, &o->bytes, why);
}

static bool set_colour(struct demo_options *o, const char *arg, struct aksu_reason *why)
{
	static const char *const words[] = {"auto", "always", "never"};

	for (unsigned i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(arg, words[i]) == 0) {
			o->colour = (enum colour)i;
			return true;
		}
	}
	return because(why, "'%s' is none of auto, always, never", arg);
}

static bool set_pcap(struct demo_options *o, const char *arg, struct aksu_reason *why)
{
	(void)why;
	o->pcap = arg;
	return true;
}

#define FLAG(name, what)                                                                         \
	static bool set_##name(struct demo_options *o, const char *arg, struct aksu_reason *why) \
	{                                                                                        \
		(void)arg, (void)why;                                                            \
		what;                                                                            \
		return true;                                                                     \
	}

FLAG(v6, o->v6 = true)
FLAG(all, o->ladder |= AKSU_LADDER_ALL)
FLAG(abs, o->ladder |= AKSU_LADDER_ABSOLUTE)
FLAG(ascii, o->ladder |= AKSU_LADDER_ASCII)
FLAG(wide, o->ladder |= AKSU_LADDER_WIDE)
FLAG(json, o->json = true)
FLAG(list, o->list = true)
FLAG(help, o->help = true)

/* clang-format off */
static const struct demo_option {
	const char *name, *arg, *text;
	bool (*set)(struct demo_options *, const char *, struct aksu_reason *);
} table[] = {
	{"seed",  "N",      "draw everything from N (7); the same N shows the same", set_seed},
	{"loss",  "P%",     "the link loses this share of the packets", set_loss},
	{"drop",  "WHAT:N", "the link loses the Nth syn, syn-ack, data, fin, ack, rst;", set_drop},
	{"bytes", "N",      "how much is transferred, where anything is", set_bytes},
	{"v6",    NULL,     "IPv6", set_v6},
	{"all",   NULL,     "every segment a row: nothing folded", set_all},
	{"abs",   NULL,     "sequence numbers as they were sent, not relative", set_abs},
	{"wide",  NULL,     "120 columns: also cwnd/flight, and why each was sent (RFC)", set_wide},
	{"ascii", NULL,     "no character beyond 7 bits", set_ascii},
	{"color", "WHEN",   "auto, always or never; NO_COLOR is obeyed", set_colour},
	{"json",  NULL,     "the events, one object a line, instead of the ladder", set_json},
	{"pcap",  "FILE",   "write a capture too, for Wireshark (with comments)", set_pcap},
	{"list",  NULL,     "the scenarios, and what each shows", set_list},
	{"help",  NULL,     NULL, set_help},
};
/* clang-format on */

static void print_help(void)
{
	printf("Usage: aksu demo [SCENARIO] [options]\n\n"
	       "Two aksu hosts on a simulated link (20 ms, 10 Mbit/s), drawn as they talk.\n\n");
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		char name[32];

		if (table[i].text == NULL)
			continue;
		snprintf(name, sizeof(name), "--%s %s", table[i].name,
			 table[i].arg != NULL ? table[i].arg : "");
		printf("  %-15s %s\n", name, table[i].text);
		if (table[i].set == set_drop)
			printf("  %-15s may come again; client: or server: before it: sent by that "
			       "one\n",
			       "");
	}
	printf("\nExamples:\n"
	       "  aksu demo                            open, a lossy transfer, close\n"
	       "  aksu demo http --drop syn-ack:1 --drop server:data:4\n"
	       "  aksu demo --loss 10%% --seed 12 --wide\n"
	       "  aksu demo time-wait --pcap tw.pcapng && wireshark tw.pcapng\n");
}

static void print_list(void)
{
	for (size_t i = 0; i < scenario_count; i++)
		printf("  %-19s %s\n", scenarios[i].name[0] != '\0' ? scenarios[i].name : "(none)",
		       scenarios[i].summary);
}

static bool set_scenario(struct demo_options *o, const char *name, struct aksu_reason *why)
{
	o->scenario = scenario_find(name);
	if (o->scenario != NULL && name[0] != '\0')
		return true;
	return because(why, "there is no scenario '%s'; aksu demo --list names them", name);
}

/* One word of getopt_long()'s trouble, in our words. */
static bool trouble(int c, char **argv, struct aksu_reason *why)
{
	const char *word = argv[optind - 1];

	for (size_t i = 0; c == ':' && i < COUNT_OF(table); i++)
		if (table[i].arg != NULL && optopt == (int)i + 256)
			return because(why, "--%s needs an argument: --%s %s", table[i].name,
				       table[i].name, table[i].arg);
	if (optopt >= 256 && strchr(word, '=') != NULL)
		return because(why, "--%s takes no argument", table[optopt - 256].name);
	if (optopt > 0 && optopt < 256)
		return because(why, "there is no option -%c; aksu demo --help lists them", optopt);
	return because(why, "there is no option %s; aksu demo --help lists them", word);
}

static bool read_options(int argc, char **argv, struct demo_options *o, struct aksu_reason *why)
{
	struct option longs[COUNT_OF(table) + 1] = {{0}};
	int c;

	for (size_t i = 0; i < COUNT_OF(table); i++)
		longs[i] = (struct option){.name = table[i].name,
					   .has_arg = table[i].arg != NULL,
					   .val = (int)i + 256};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		const struct demo_option *option = &table[c >= 256 ? c - 256 : 0];
		struct aksu_reason reason = {{0}};

		if (c == 'h')
			o->help = true;
		else if (c < 256)
			return trouble(c, argv, why);
		else if (!option->set(o, optarg, &reason))
			return because(why, "--%s: %s", option->name, reason.text);
	}
	if (argc - optind > 1)
		return because(why, "one scenario at a time: '%s' or '%s'", argv[optind],
			       argv[optind + 1]);
	return optind == argc || set_scenario(o, argv[optind], why);
}

/* ------------------------------------------------------------------ a world for a scenario */

struct stage {
	const struct demo_options *options;
	struct aksu_allocator allocator;
	struct sim_observer observer;
	struct sim_link *link;
	struct sim_world *world;
	struct aksu *stack[2];
	struct sim_actor actor[2];
	struct sim_line lines[2][SCENARIO_LINES];
	struct aksu_event_ring ring[2];
	aksu_time clock[2];
};

static struct aksu_endpoint endpoint_of(const struct demo_options *o, unsigned side)
{
	struct aksu_endpoint end = {.port = side == SIM_LEFT ? PORT_CLIENT : PORT_SERVER};

	if (o->v6) {
		end.addr.b[0] = 0xfd;
		end.addr.b[15] = (uint8_t)(side + 1);
	} else {
		end.addr = aksu_addr_v4(10, 0, 0, (uint8_t)(side + 1));
	}
	return end;
}

static uint64_t bytes_of(const struct demo_options *o)
{
	return o->has_bytes ? o->bytes : o->scenario->bytes;
}

static void cast_actor(struct stage *st, unsigned side)
{
	const struct scenario *sc = st->options->scenario;
	const struct sim_line *lines = side == SIM_LEFT ? sc->client : sc->server;
	struct sim_actor *actor = &st->actor[side];

	for (size_t i = 0; i < SCENARIO_LINES; i++) {
		struct sim_line *line = &st->lines[side][i];

		*line = lines[i];
		if (line->octets == SCENARIO_BYTES)
			line->octets = bytes_of(st->options);
		if (line->arg == SCENARIO_BYTES)
			line->arg = bytes_of(st->options);
	}
	*actor = (struct sim_actor){
		.lines = st->lines[side],
		.line_count = side == SIM_LEFT ? sc->client_lines : sc->server_lines,
		.local = endpoint_of(st->options, side),
		.remote = endpoint_of(st->options, 1 - side),
		.receive_buffer = side == SIM_RIGHT ? sc->receive_buffer : 0,
	};
}

static bool build_host(struct stage *st, unsigned side)
{
	struct aksu_device *device = sim_link_end(st->link, side);
	struct aksu_endpoint end = endpoint_of(st->options, side);
	const struct aksu_config base = {
		.events = &st->ring[side],
		.event_mask = AKSU_EVENTS_ALL,
		.msl = MSL,
	};
	struct sim_host host = {.device = device, .clock = st->clock[side]};

	st->ring[side].cap = EVENTS;
	st->ring[side].events = calloc(EVENTS, sizeof(struct aksu_event));
	if (st->ring[side].events == NULL)
		return false;
	st->stack[side] = sim_stack_new(&base, &st->allocator, st->options->seed * 2 + side, device,
					&end.addr, st->options->v6 ? 64 : 24, st->clock[side]);
	if (st->stack[side] == NULL)
		return false;
	cast_actor(st, side);
	host.stack = st->stack[side];
	host.app = sim_actor_app(&st->actor[side]);
	host.events = &st->ring[side];
	sim_world_host(st->world, side, &host);
	return true;
}

static void be_good(struct sim_wire_config *wire)
{
	wire->loss = wire->reorder = wire->duplicate = wire->corrupt = 0;
}

static bool build_link(struct stage *st)
{
	const struct demo_options *o = st->options;
	struct sim_rule rules[SIM_RULES_MAX];
	struct sim_link_config config = {
		.size = sizeof(config),
		.allocator = st->allocator,
		.seed = o->seed,
		.kind = AKSU_LINK_IP,
		.wire = {o->scenario->wire, o->scenario->wire},
		.rules = rules,
		.observer = st->observer,
	};

	for (size_t i = 0; i < SCENARIO_RULES && o->scenario->rules[i] != NULL; i++)
		if (sim_rule_parse(o->scenario->rules[i], &rules[config.rule_count]))
			config.rule_count++;
	for (size_t i = 0; i < o->rule_count; i++)
		rules[config.rule_count++] = o->rules[i];
	if (o->scenario->one_way)
		be_good(&config.wire[SIM_RIGHT]);
	if (o->has_loss)
		config.wire[0].loss = config.wire[1].loss = o->loss;
	st->link = sim_link_new(&config);
	return st->link != NULL;
}

static bool build(struct stage *st)
{
	const struct sim_world_config config = {
		.size = sizeof(config),
		.allocator = st->allocator,
		.observer = st->observer,
	};

	if (!build_link(st))
		return false;
	st->world = sim_world_new(&config);
	return st->world != NULL && build_host(st, SIM_LEFT) && build_host(st, SIM_RIGHT);
}

static void tear_down(struct stage *st)
{
	sim_world_free(st->world);
	for (unsigned side = 0; side < 2; side++) {
		aksu_free(st->stack[side]);
		free(st->ring[side].events);
	}
	sim_link_free(st->link);
}

static bool play(struct stage *st, struct aksu_reason *why)
{
	enum sim_end end;

	st->allocator = aksu_malloc_allocator();
	if (!build(st)) {
		tear_down(st);
		return because(why, "out of memory");
	}
	end = sim_world_run(st->world, LIMIT);
	tear_down(st);
	return end != SIM_STUCK || because(why, "the hosts do not come to rest (a bug in aksu)");
}

/* ---- clocks that make RFC 6528's generator give the numbers that a scenario wants */

struct rehearsal {
	bool seen[2];
	uint32_t iss[2];
};

static void hear_iss(void *ctx, const struct sim_note *note)
{
	struct rehearsal *r = ctx;

	if (note->kind != SIM_NOTE_EVENT || note->event->kind != AKSU_EVENT_SEGMENT_OUT ||
	    !(note->event->flags & AKSU_SYN) || r->seen[note->side])
		return;
	r->seen[note->side] = true;
	r->iss[note->side] = note->event->seq;
}

static bool set_clocks(struct stage *st, struct aksu_reason *why)
{
	const uint32_t *want = st->options->scenario->iss;
	struct rehearsal heard = {.seen = {false}};
	struct stage rehearsal = {.options = st->options,
				  .observer = {.note = hear_iss, .ctx = &heard}};

	if (want[0] == 0 && want[1] == 0)
		return true;
	if (!play(&rehearsal, why))
		return false;
	for (unsigned side = 0; side < 2; side++)
		if (heard.seen[side] && want[side] != 0)
			st->clock[side] = sim_clock_for_iss(0, heard.iss[side], want[side]);
	return true;
}

/* ------------------------------------------------------------------ the picture and the words */

/* A terminal that cannot show more gets ASCII; a pipe gets the same bytes always. */
static uint32_t ladder_flags(const struct demo_options *o)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
	bool terminal = isatty(STDOUT_FILENO);
	bool plain = (no_color != NULL && no_color[0] != '\0') ||
		     (term != NULL && strcmp(term, "dumb") == 0);
	uint32_t flags = o->ladder;

	if (o->colour == COLOUR_ALWAYS || (o->colour == COLOUR_AUTO && terminal && !plain))
		flags |= AKSU_LADDER_COLOUR;
	if (terminal && setlocale(LC_CTYPE, "") != NULL &&
	    strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		flags |= AKSU_LADDER_ASCII;
	if (o->scenario->absolute)
		flags |= AKSU_LADDER_ABSOLUTE;
	return flags;
}

/* The text that the ladder's alphabet has no letters for. */
static void print_word(const char *word, size_t n, bool ascii)
{
	for (size_t i = 0; i < n; i++) {
		if (ascii && (unsigned char)word[i] == 0xc2 && (unsigned char)word[i + 1] == 0xb7) {
			putchar('+'); /* the dot of SYN·ACK */
			i++;
		} else {
			putchar(word[i]);
		}
	}
}

static size_t columns_of(const char *word, size_t n)
{
	size_t columns = 0;

	for (size_t i = 0; i < n; i++)
		columns += ((unsigned char)word[i] & 0xc0) != 0x80;
	return columns;
}

static void print_paragraph(const char *text, bool ascii)
{
	size_t column = 0;

	printf("\n");
	while (*text != '\0') {
		size_t n = strcspn(text, " "), wide = columns_of(text, n);

		if (column > 0 && column + 1 + wide > COLUMNS) {
			putchar('\n');
			column = 0;
		}
		if (column > 0)
			putchar(' ');
		print_word(text, n, ascii);
		column += wide + (column > 0);
		text += n + (text[n] == ' ');
	}
	printf("\n");
}

/* Faults of the user's own make other things happen than the words tell: explain the marks then. */
static const char LEGEND[] =
	"Marks: \"lost\": by the link. R: sent again, because the timer expired (rto) or three "
	"duplicate ACKs came (fast). D1, D2 ...: the first, second ... duplicate ACK. \"filled\": "
	"the "
	"hole is closed. --wide says why each segment was sent.";

static void print_words(const struct demo_options *o, uint32_t flags)
{
	bool own_faults = o->has_loss || o->rule_count > 0;

	for (size_t i = 0; !own_faults && i < SCENARIO_WORDS; i++)
		if (o->scenario->words[i] != NULL)
			print_paragraph(o->scenario->words[i], flags & AKSU_LADDER_ASCII);
	if (own_faults)
		print_paragraph(LEGEND, flags & AKSU_LADDER_ASCII);
}

static void describe_link(const struct demo_options *o, char *out, size_t cap)
{
	const struct sim_wire_config *wire = &o->scenario->wire;
	uint32_t loss = o->has_loss ? o->loss : wire->loss;
	int n = snprintf(out, cap, "link %u ms, %u Mbit/s",
			 (unsigned)(wire->delay / AKSU_MILLISECOND),
			 (unsigned)(wire->rate / 1000000));

	if (loss != 0 && loss % 10000 == 0)
		n += snprintf(out + n, cap - (size_t)n, ", loss %u%%", loss / 10000);
	else if (loss != 0)
		n += snprintf(out + n, cap - (size_t)n, ", loss %u.%04u%%", loss / 10000,
			      loss % 10000);
	snprintf(out + n, cap - (size_t)n, "   seed %llu", (unsigned long long)o->seed);
}

static int perform(const struct demo_options *o, struct aksu_reason *why)
{
	char note[96];
	const struct scenario *sc = o->scenario;
	struct show_options options = {
		.ladder_flags = ladder_flags(o),
		.json = o->json,
		.pcap = o->pcap,
		.names = {sc->names[0] != NULL ? sc->names[0] : "client",
			  sc->names[1] != NULL ? sc->names[1] : "server"},
		.note = note,
		.msl = MSL,
	};
	struct stage st = {.options = o};
	struct show *show;
	bool good;

	describe_link(o, note, sizeof(note));
	if (sc->server_lines > 0 && sc->server[0].deed == SIM_LISTEN)
		options.state[SIM_RIGHT] = AKSU_STATE_LISTEN;
	show = show_new(&options, why);
	if (show == NULL)
		return EXIT_FAILURE;
	st.observer = show_observer(show);
	good = set_clocks(&st, why) && play(&st, why);
	good = show_end(show, good ? why : NULL) && good;
	if (good && !o->json)
		print_words(o, options.ladder_flags);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int cmd_demo(int argc, char **argv)
{
	struct demo_options o = {.seed = 7, .scenario = &scenarios[0]};
	struct aksu_reason why = {{0}};
	int code = EXIT_SUCCESS;

	if (!read_options(argc, argv, &o, &why)) {
		code = EXIT_USAGE;
	} else if (o.help) {
		print_help();
	} else if (o.list) {
		print_list();
	} else {
		code = perform(&o, &why);
	}
	if (fflush(stdout) != 0 && code == EXIT_SUCCESS) {
		because(&why, "cannot write: %s", strerror(errno));
		code = EXIT_FAILURE;
	}
	if (code != EXIT_SUCCESS)
		fprintf(stderr, "aksu demo: %s\n", why.text);
	return code;
}
