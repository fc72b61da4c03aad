/* SPDX-License-Identifier: MIT */
/*
 * support/script_parse.c - a .seg file becomes steps.
 *
 * The time before a line, the bar behind a segment and the commands are read here; segments, states
 * and drops are read by trace/line.h, so that a line of a trace can be pasted into a script.
 */
#include "support/script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool refuse(const struct script *s, int line, const char *why, const char *text)
{
	fprintf(stderr, "%s:%d: %s: %s\n", s->path, line, why, text);
	return false;
}

/* ---------------------------------------------------------------- numbers */

bool script_number(const char *word, int64_t *out)
{
	char *end;

	*out = strtoll(word, &end, 0);
	return end != word && *end == '\0';
}

/* Exactly: seconds with decimals, then a unit. */
static const char *read_duration(const char *p, aksu_time *out)
{
	static const struct {
		const char *name;
		aksu_time unit;
	} units[] = {
		{"ns", 1},
		{"us", AKSU_MICROSECOND},
		{"ms", AKSU_MILLISECOND},
		{"min", 60 * AKSU_SECOND},
		{"s", AKSU_SECOND},
		{"h", 3600 * AKSU_SECOND},
		{"d", 86400 * AKSU_SECOND},
	};
	uint64_t whole = 0, part = 0, scale = 1;
	aksu_time unit = AKSU_SECOND;

	if (!isdigit((unsigned char)*p) && !(*p == '.' && isdigit((unsigned char)p[1])))
		return NULL;
	for (; isdigit((unsigned char)*p); p++)
		whole = whole * 10 + (uint64_t)(*p - '0');
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p); p++)
			if (scale < 1000000000)
				part = part * 10 + (uint64_t)(*p - '0'), scale *= 10;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t n = strlen(units[i].name);

		if (strncmp(p, units[i].name, n) == 0 && !isalpha((unsigned char)p[n])) {
			unit = units[i].unit;
			p += n;
			break;
		}
	}
	*out = whole * unit + part * unit / scale;
	return p;
}

bool script_duration(const char *word, aksu_time *out)
{
	const char *end = read_duration(word, out);

	return end != NULL && *end == '\0';
}

/* "+.2", "+.2~+.3", "@1.5", "1.500"; returns where the rest begins, NULL when it is malformed. */
static const char *read_time(const char *p, struct step *step)
{
	const char *start = p;

	step->when = WHEN_NOW;
	if (*p == '+')
		step->when = WHEN_AFTER, p++;
	else if (isdigit((unsigned char)*p) || (*p == '@' && isdigit((unsigned char)p[1])))
		step->when = WHEN_AT, p += *p == '@';
	else
		return start;
	p = read_duration(p, &step->from);
	step->to = step->from;
	if (p != NULL && *p == '~') {
		p++;
		p += *p == '+';
		p = read_duration(p, &step->to);
	}
	if (p == NULL || (*p != '\0' && !isspace((unsigned char)*p)))
		return NULL;
	return p;
}

/* ---------------------------------------------------------------- words */

static char *next_word(char **p)
{
	char *at = *p, *word;

	while (isspace((unsigned char)*at))
		at++;
	if (*at == '\0')
		return NULL;
	word = at;
	while (*at != '\0' && !isspace((unsigned char)*at))
		at++;
	if (*at != '\0')
		*at++ = '\0';
	*p = at;
	return word;
}

static bool split(struct step *step, char *text)
{
	char *word;

	step->words = 0;
	while ((word = next_word(&text)) != NULL) {
		if (step->words == WORDS_MAX - 1)
			return false;
		step->word[step->words++] = word;
	}
	return true;
}

static bool is_command(const char *word)
{
	static const char *const commands[] = {
		"config", "listen", "bind",     "connect", "accept", "send", "recv",  "peek",
		"close",  "abort",  "set",      "get",     "error",  "soft", "ready", "wake",
		"info",   "count",  "icmp",     "flow",    "addr",   "mtu",  "batch", "end",
		"repeat", "isn",    "shutdown", "drop",    "socket", "take", "far",
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(word, commands[i]) == 0)
			return true;
	return false;
}

/* ---------------------------------------------------------------- config */

static bool config_size(const char *word, int64_t *out)
{
	return script_number(word, out) && *out >= 0;
}

/* config NAME [VALUE] */
static bool read_config(struct script *s, const struct step *step)
{
	const char *name = step->words > 1 ? step->word[1] : "";
	const char *value = step->words > 2 ? step->word[2] : "";
	int64_t n = 0;
	aksu_time t;

	if (strcmp(name, "v4") == 0)
		s->v6 = false;
	else if (strcmp(name, "v6") == 0)
		s->v4 = false;
	else if (strcmp(name, "places") == 0 && strcmp(value, "one") == 0)
		s->all_places = false;
	else if (strcmp(name, "rto_min") == 0 && script_duration(value, &t))
		s->config.rto_min = t;
	else if (strcmp(name, "msl") == 0 && script_duration(value, &t))
		s->config.msl = t;
	else if (strcmp(name, "sums") == 0 && strcmp(value, "device") == 0)
		s->features |= AKSU_LINK_TX_CSUM;
	else if (!config_size(value, &n))
		return false;
	else if (strcmp(name, "iss") == 0)
		s->iss = (uint32_t)n, s->iss_set = true, s->all_places = false;
	else if (strcmp(name, "irs") == 0)
		s->irs = (uint32_t)n, s->irs_set = true, s->all_places = false;
	else if (strcmp(name, "mtu") == 0)
		s->mtu = (uint32_t)n;
	else if (strcmp(name, "cut") == 0)
		s->features |= AKSU_LINK_TX_TSO, s->cut = (uint32_t)n;
	else if (strcmp(name, "sndbuf") == 0)
		s->config.send_buffer = (uint32_t)n;
	else if (strcmp(name, "rcvbuf") == 0)
		s->config.receive_buffer = (uint32_t)n;
	else if (strcmp(name, "syn_queue") == 0)
		s->config.syn_queue = (uint32_t)n;
	else if (strcmp(name, "budget") == 0)
		s->config.budget = (size_t)n;
	else if (strcmp(name, "seed") == 0)
		s->config.seed = (uint64_t)n;
	else
		return false;
	return true;
}

/* ---------------------------------------------------------------- lines */

/* Cuts what stands behind `mark`, and blanks before it; NULL: it is not there. */
static char *cut(char *text, const char *mark)
{
	char *at = strstr(text, mark), *end = at;

	if (at == NULL)
		return NULL;
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	at += strlen(mark);
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

static void trim_end(char *text)
{
	char *hash = strchr(text, '#');
	size_t n;

	if (hash != NULL)
		*hash = '\0';
	n = strlen(text);
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
}

/* A name before an operator or a command: which connection is meant. */
static char *take_flow(struct step *step, char *text)
{
	char *p = text;
	size_t n;

	while (isalnum((unsigned char)*p) || *p == '_')
		p++;
	n = (size_t)(p - text);
	if (n == 0 || n >= sizeof(step->flow) || *p != ' ')
		return text;
	memcpy(step->flow, text, n);
	step->flow[n] = '\0';
	while (*p == ' ')
		p++;
	if (is_command(step->flow) || (strchr("<>=!", *p) == NULL && !isalpha((unsigned char)*p))) {
		step->flow[0] = '\0';
		return text;
	}
	return p;
}

/* The lines that trace/line.h reads. */
static bool read_trace_line(struct script *s, struct step *step, char *text, const char *whole)
{
	struct mods mods;
	const char *error = NULL;
	char why[160];

	if (text[0] == '>' && text[1] == '?') {
		step->optional = true;
		text[1] = ' ';
	}
	if (text[0] == '<' || text[0] == '>') {
		step->mods = cut(text, "|");
		if (step->mods != NULL && !mods_parse(step->mods, &mods, &error))
			return refuse(s, step->line, error, whole);
	}
	if (!trace_line_parse(text, strlen(text), &step->seg)) {
		snprintf(why, sizeof(why), "at column %zu: %s", step->seg.at + 1, step->seg.error);
		return refuse(s, step->line, why, whole);
	}
	step->kind = text[0] == '<'   ? STEP_IN
		     : text[0] == '>' ? STEP_OUT
		     : text[0] == '=' ? STEP_STATE
				      : STEP_DROP;
	return true;
}

static bool read_special(struct step *step, char *text)
{
	if (strncmp(text, "> nothing", 9) == 0)
		step->kind = STEP_NOTHING;
	else if (strncmp(text, "< raw ", 6) == 0)
		step->kind = STEP_RAW;
	else
		return false;
	return split(step, text);
}

static bool read_command(struct script *s, struct step *step, char *text, const char *whole)
{
	char drop[80];

	if (strncmp(text, "drop ", 5) == 0) {
		snprintf(drop, sizeof(drop), "! %s", text + 5);
		return read_trace_line(s, step, drop, whole);
	}
	step->kind = STEP_COMMAND;
	step->result = cut(text, "->");
	if (!split(step, text) || step->words == 0 || !is_command(step->word[0]))
		return refuse(s, step->line, "no such command (docs/scripts.md has them)", whole);
	if (strcmp(step->word[0], "config") == 0 && !read_config(s, step))
		return refuse(s, step->line, "no such config (docs/scripts.md has them)", whole);
	return true;
}

/* One line; nothing is added for an empty one. */
static bool read_line(struct script *s, int number, char *text)
{
	struct step *step = &s->steps[s->count];
	const char *whole = text, *rest;
	char *copy;

	trim_end(text);
	while (isspace((unsigned char)*whole))
		whole++;
	if (*whole == '\0')
		return true;
	*step = (struct step){.line = number, .text = whole};
	copy = strdup(whole);
	if (copy == NULL)
		return false;
	step->word[WORDS_MAX - 1] = copy; /* freed with the script; words lie inside */
	rest = read_time(copy, step);
	if (rest == NULL)
		return refuse(s, number, "a time is written +.2, +.2~+.3, @1.5 or 1.5", whole);
	while (isspace((unsigned char)*rest))
		rest++;
	s->count++;
	if (*rest == '\0')
		return true;
	rest = take_flow(step, copy + (rest - copy));
	if (read_special(step, copy + (rest - copy)))
		return true;
	if (strchr("<>=!", *rest) != NULL)
		return read_trace_line(s, step, copy + (rest - copy), whole);
	return read_command(s, step, copy + (rest - copy), whole);
}

/* repeat ... end, batch ... end: each knows the other's place. */
static bool match_blocks(struct script *s)
{
	int open = -1;

	for (int i = 0; i < s->count; i++) {
		struct step *step = &s->steps[i];

		if (step->kind != STEP_COMMAND)
			continue;
		if (strcmp(step->word[0], "repeat") == 0 || strcmp(step->word[0], "batch") == 0) {
			if (open >= 0)
				return refuse(s, step->line, "blocks do not nest", step->text);
			open = i;
		} else if (strcmp(step->word[0], "end") == 0) {
			if (open < 0)
				return refuse(s, step->line, "no block is open", step->text);
			s->steps[open].partner = i;
			step->partner = open;
			open = -1;
		}
	}
	return open < 0 || refuse(s, s->steps[open].line, "the block has no end", "");
}

/* ---------------------------------------------------------------- files */

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	long size;

	if (f == NULL)
		return NULL;
	if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
		text = malloc((size_t)size + 1);
		if (text != NULL)
			text[fread(text, 1, (size_t)size, f)] = '\0';
	}
	fclose(f);
	return text;
}

static int count_lines(const char *text)
{
	int n = 1;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

bool script_load(const char *path, struct script *out)
{
	char *line, *next;
	int number = 0;

	*out = (struct script){
		.path = path, .v4 = true, .v6 = true, .all_places = true, .mtu = 1500};
	out->text = read_file(path);
	if (out->text == NULL)
		return refuse(out, 0, "cannot be read", "");
	out->steps = calloc((size_t)count_lines(out->text) + 1, sizeof(*out->steps));
	if (out->steps == NULL)
		return false;
	for (line = out->text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (!read_line(out, ++number, line))
			return false;
	}
	if (!out->v4 && !out->v6)
		return refuse(out, 1, "config v4 and config v6 exclude each other", "");
	return match_blocks(out);
}

void script_unload(struct script *s)
{
	if (s->steps != NULL)
		for (int i = 0; i < s->count; i++)
			free(s->steps[i].word[WORDS_MAX - 1]);
	free(s->steps);
	free(s->text);
}
