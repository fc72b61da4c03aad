/* SPDX-License-Identifier: MIT */
/*
 * cli/args.c - see cli/args.h.
 */
#include "cli/args.h"

#include <string.h>

#include "cli/wire_fields.h"

bool cli_number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *out,
		      struct aksu_reason *why)
{
	uint64_t n = 0;
	const char *at = text;

	/* Not strtoull(): it takes blanks, signs and "12x". */
	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		if (n > (UINT64_MAX - digit) / 10)
			break;
		n = n * 10 + digit;
	}
	if (at == text || *at != '\0' || n < min || n > max)
		return because(why, "'%s' is not a number from %llu to %llu", text,
			       (unsigned long long)min, (unsigned long long)max);
	*out = n;
	return true;
}

static const char *const KINDS[] = {
	[AKSU_DEVICE_TUN] = "tun",
	[AKSU_DEVICE_TAP] = "tap",
	[AKSU_DEVICE_PACKET] = "packet",
};

const char *cli_kind_name(enum aksu_device_kind kind) { return KINDS[kind]; }

bool cli_link_parse(const char *text, struct cli_link *out, struct aksu_reason *why)
{
	const char *colon = strchr(text, ':');

	for (size_t i = 0; colon && i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
		size_t n = strlen(KINDS[i]);

		if ((size_t)(colon - text) != n || memcmp(text, KINDS[i], n) != 0)
			continue;
		if (colon[1] == '\0')
			return because(why, "'%s' has no name after the colon: %sak0", text, text);
		*out = (struct cli_link){(enum aksu_device_kind)i, colon + 1};
		return true;
	}
	return because(why,
		       "'%s' is not a link: tun:NAME, tap:NAME and packet:NAME are, as in "
		       "tun:ak0",
		       text);
}

bool cli_addr_parse(const char *text, struct aksu_addr *out, struct aksu_reason *why)
{
	if (aksu_addr_parse(text, out))
		return true;
	if (strchr(text, '%'))
		return because(why, "'%s': without %s: it belongs to the --link before it", text,
			       strchr(text, '%'));
	return because(why, "'%s' is not an address: 10.7.0.2 and fd07::2 are", text);
}

bool cli_net_parse(const char *text, struct cli_net *out, struct aksu_reason *why)
{
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	unsigned max;
	uint64_t prefix = 0;
	char addr[64];

	if (n >= sizeof(addr))
		return because(why, "'%s' is not an address with a prefix: 10.7.0.2/24", text);
	memcpy(addr, text, n);
	addr[n] = '\0';
	if (!cli_addr_parse(addr, &out->addr, why))
		return false;
	max = aksu_addr_is_v4(&out->addr) ? 32 : 128;
	if (!slash)
		return because(why, "'%s' has no prefix length: %s/%u", text, text,
			       max == 32 ? 24 : 64);
	if (!cli_number_parse(slash + 1, 0, max, &prefix, NULL))
		return because(why, "'%s' has a prefix length that is not a number from 0 to %u",
			       text, max);
	out->prefix = (unsigned)prefix;
	return true;
}

bool cli_net_reaches(const struct cli_net *a, const struct aksu_addr *b)
{
	bool v4 = aksu_addr_is_v4(&a->addr);
	unsigned bits = a->prefix + (v4 ? 96 : 0);

	if (v4 != aksu_addr_is_v4(b) || aksu_addr_equal(&a->addr, b))
		return false;
	for (unsigned i = 0; i < bits; i++)
		if ((a->addr.b[i / 8] ^ b->b[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

bool cli_percent_parse(const char *text, uint32_t *millionths, struct aksu_reason *why)
{
	uint32_t share = 0, unit = 10000; /* of one percent */
	const char *at = text;

	for (; *at >= '0' && *at <= '9' && share <= 1000000; at++)
		share = share * 10 + (uint32_t)(*at - '0') * unit;
	if (at != text && *at == '.')
		for (at++; *at >= '0' && *at <= '9' && unit > 1; at++)
			share += (uint32_t)(*at - '0') * (unit /= 10);
	if (at != text && *at == '%')
		at++;
	if (at == text || *at != '\0' || share > 1000000)
		return because(why, "'%s' is not a share from 0%% to 100%%: 1%% or 0.25%%", text);
	*millionths = share;
	return true;
}

/* One word of faults, NAME=VALUE or NAME, which is cut. */
static bool take_fault(struct wire_described *w, char *word, struct aksu_reason *why)
{
	char *equals = strchr(word, '=');

	if (equals)
		*equals = '\0';
	return wire_field_set(w, word, equals ? equals + 1 : NULL, why);
}

bool cli_faults_parse(const char *text, struct sim_wire_config *out, struct aksu_reason *why)
{
	struct wire_described w = wire_perfect();
	char word[32];

	for (;;) {
		size_t n = strcspn(text, ",");

		if (n >= sizeof(word))
			return because(why, "'%s' is not a list of faults: loss=1%%,delay=20",
				       text);
		memcpy(word, text, n);
		word[n] = '\0';
		if (!take_fault(&w, word, why))
			return false;
		if (text[n] == '\0')
			break;
		text += n + 1;
	}
	*out = wire_finished(&w, &w);
	return true;
}
