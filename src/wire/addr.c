/* SPDX-License-Identifier: MIT */
/*
 * wire/addr.c - addresses: questions, and text in both directions (RFC 4291 section 2.2, RFC 5952).
 *
 * Parsing is strict: four decimal numbers without leading zeros, or eight groups of hexadecimal
 * digits of which one run may be "::" and the last two may be a dotted quad. No zone, no blanks.
 */
#include "wire/addr.h"

enum { GROUPS = 8, MAPPED_LEN = 12 };

static const uint8_t MAPPED[MAPPED_LEN] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool addr_is_v4(const struct aksu_addr *a) { return memcmp(a->b, MAPPED, MAPPED_LEN) == 0; }

bool addr_eq(const struct aksu_addr *a, const struct aksu_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

struct aksu_addr addr_from_v4(const uint8_t b[4])
{
	struct aksu_addr a;

	memcpy(a.b, MAPPED, MAPPED_LEN);
	memcpy(a.b + MAPPED_LEN, b, 4);
	return a;
}

static bool all_octets(const uint8_t *b, size_t n, uint8_t value)
{
	for (size_t i = 0; i < n; i++)
		if (b[i] != value)
			return false;
	return true;
}

bool addr_is_unspecified(const struct aksu_addr *a)
{
	return all_octets(a->b + MAPPED_LEN, 4, 0) &&
	       (addr_is_v4(a) || all_octets(a->b, MAPPED_LEN, 0));
}

bool addr_is_multicast(const struct aksu_addr *a)
{
	return addr_is_v4(a) ? a->b[12] >> 4 == 0xe : a->b[0] == 0xff;
}

bool addr_is_limited_broadcast(const struct aksu_addr *a)
{
	return addr_is_v4(a) && all_octets(a->b + MAPPED_LEN, 4, 0xff);
}

bool addr_is_loopback(const struct aksu_addr *a)
{
	return addr_is_v4(a) ? a->b[12] == 127 : all_octets(a->b, 15, 0) && a->b[15] == 1;
}

bool addr_is_link_local(const struct aksu_addr *a)
{
	if (addr_is_v4(a))
		return a->b[12] == 169 && a->b[13] == 254;
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

unsigned addr_common_prefix(const struct aksu_addr *a, const struct aksu_addr *b)
{
	unsigned i, skip = addr_is_v4(a) ? MAPPED_LEN : 0;
	unsigned differ;

	if (addr_is_v4(a) != addr_is_v4(b))
		return 0;
	for (i = skip; i < 16 && a->b[i] == b->b[i]; i++)
		;
	if (i == 16)
		return (16 - skip) * 8;
	differ = (unsigned)(a->b[i] ^ b->b[i]);
	return (i - skip) * 8 + 7 - log2_u32(differ);
}

bool addr_in_prefix(const struct aksu_addr *a, const struct aksu_addr *net, unsigned prefix)
{
	bool v4 = addr_is_v4(net);

	if (addr_is_v4(a) != v4 || prefix > (v4 ? 32u : 128u))
		return false;
	return addr_common_prefix(a, net) >= prefix;
}

/* ------------------------------------------------------------------ text to address */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One decimal number of 0 to 255 without leading zeros; NULL if there is none. */
static const char *parse_decimal(const char *p, uint8_t *out)
{
	unsigned v = 0;
	const char *start = p;

	for (; is_digit(*p) && p - start < 3; p++)
		v = v * 10 + (unsigned)(*p - '0');
	if (p == start || v > 255 || (*start == '0' && p - start > 1))
		return NULL;
	*out = (uint8_t)v;
	return p;
}

/* A dotted quad that ends the text. */
static bool parse_quad(const char *p, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0 && *p++ != '.')
			return false;
		p = parse_decimal(p, &out[i]);
		if (p == NULL)
			return false;
	}
	return *p == '\0';
}

/* One group of 1 to 4 hexadecimal digits; NULL if there is none. */
static const char *parse_group(const char *p, uint8_t out[2])
{
	unsigned v = 0, digits = 0;

	for (; digits < 4 && hex_value(*p) >= 0; digits++)
		v = v << 4 | (unsigned)hex_value(*p++);
	if (digits == 0)
		return NULL;
	out[0] = (uint8_t)(v >> 8);
	out[1] = (uint8_t)v;
	return p;
}

/* Whether the text up to the next colon has a dot in it. */
static bool quad_ahead(const char *p)
{
	while (hex_value(*p) >= 0)
		p++;
	return *p == '.';
}

/*
 * What "::" stands for: moves the octets behind the gap to the end. At least one group is missing.
 */
static bool fill_gap(uint8_t b[16], int octets, int gap)
{
	if (gap < 0)
		return octets == 16;
	if (octets > 14)
		return false;
	memmove(b + 16 - (octets - gap), b + gap, (size_t)(octets - gap));
	memset(b + gap, 0, (size_t)(16 - octets));
	return true;
}

static bool parse_v6(const char *p, uint8_t b[16])
{
	int octets = 0, gap = -1;

	if (*p == ':') {
		if (p[1] != ':')
			return false;
		p += 2;
		gap = 0;
	}
	while (*p != '\0') {
		if (octets <= 12 && quad_ahead(p))
			return parse_quad(p, b + octets) && fill_gap(b, octets + 4, gap);
		p = octets < 16 ? parse_group(p, b + octets) : NULL;
		if (p == NULL)
			return false;
		octets += 2;
		if (*p == '\0')
			break;
		if (*p++ != ':')
			return false;
		if (*p == ':' && gap < 0) {
			gap = octets;
			p++;
		} else if (*p == '\0') {
			return false; /* a lone colon at the end */
		}
	}
	return fill_gap(b, octets, gap);
}

bool aksu_addr_parse(const char *text, struct aksu_addr *out)
{
	struct aksu_addr a = {{0}};
	uint8_t quad[4];

	if (parse_quad(text, quad))
		a = addr_from_v4(quad);
	else if (!parse_v6(text, a.b))
		return false;
	*out = a;
	return true;
}

/* ------------------------------------------------------------------ address to text */

enum { TEXT_MAX = 46 }; /* the longest form and its end */

static char *put_number(char *p, unsigned v, unsigned base)
{
	char digits[5];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v > 0);
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

static char *print_v4(char *p, const uint8_t b[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*p++ = '.';
		p = put_number(p, b[i], 10);
	}
	return p;
}

static unsigned group(const uint8_t b[16], int i) { return (unsigned)b[2 * i] << 8 | b[2 * i + 1]; }

/* The first of the longest runs of zero groups, if it has two or more (RFC 5952 4.2.2, 4.2.3). */
static int longest_zeros(const uint8_t b[16], int *first)
{
	int best = 1, run = 0;

	*first = -1;
	for (int i = 0; i < GROUPS; i++) {
		run = group(b, i) == 0 ? run + 1 : 0;
		if (run > best) {
			best = run;
			*first = i - run + 1;
		}
	}
	return *first < 0 ? 0 : best;
}

static char *print_v6(char *p, const uint8_t b[16])
{
	int first, zeros = longest_zeros(b, &first);

	for (int i = 0; i < GROUPS; i++) {
		if (i == first) {
			*p++ = ':';
			*p++ = ':';
			i += zeros - 1;
			continue;
		}
		if (i > 0 && i != first + zeros)
			*p++ = ':';
		p = put_number(p, group(b, i), 16);
	}
	return p;
}

size_t aksu_addr_print(const struct aksu_addr *addr, char *out, size_t cap)
{
	char text[TEXT_MAX];
	char *end =
		addr_is_v4(addr) ? print_v4(text, addr->b + MAPPED_LEN) : print_v6(text, addr->b);
	size_t len = (size_t)(end - text);

	if (cap > 0) {
		size_t n = min_size(len, cap - 1);

		memcpy(out, text, n);
		out[n] = '\0';
	}
	return len;
}

bool aksu_addr_is_v4(const struct aksu_addr *addr) { return addr_is_v4(addr); }

bool aksu_addr_equal(const struct aksu_addr *a, const struct aksu_addr *b) { return addr_eq(a, b); }

struct aksu_addr aksu_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return addr_from_v4((const uint8_t[4]){a, b, c, d});
}
