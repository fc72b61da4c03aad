/* SPDX-License-Identifier: MIT */
/*
 * cli/units_test.c - numbers for people, at every edge where the unit or the rounding changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/units.h"

static void counts(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} rows[] = {
		{0, "0"},
		{999, "999"},
		{1000, "1.0k"},
		{1448, "1.4k"},
		{8688, "8.7k"},
		{9949, "9.9k"},
		{9950, "10k"},
		{65536, "66k"},
		{999499, "999k"},
		{999500, "1.0M"},
		{1000000, "1.0M"},
		{1073741824, "1.1G"},
		{UINT64_MAX, "18E"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(unit_count(rows[i].n).text, rows[i].text);
	for (uint64_t n = 1; n < (uint64_t)1 << 60; n = n * 3 / 2 + 1)
		assert_in_range(strlen(unit_count(n).text), 1, 4);
}

static void spans(void **state)
{
	static const struct {
		aksu_time span;
		const char *text;
	} rows[] = {
		{0, "0ms"},
		{240 * AKSU_MILLISECOND, "240ms"},
		{AKSU_SECOND - 1, "999ms"},
		{AKSU_SECOND, "1s"},
		{1099 * AKSU_MILLISECOND, "1s"},
		{2500 * AKSU_MILLISECOND, "2.5s"},
		{10 * AKSU_SECOND, "10s"},
		{40999 * AKSU_MILLISECOND, "40s"},
		{119 * AKSU_SECOND, "119s"},
		{120 * AKSU_SECOND, "2m"},
		{7199 * AKSU_SECOND, "119m"},
		{7200 * AKSU_SECOND, "2h"},
		{47 * 3600 * AKSU_SECOND, "47h"},
		{48 * 3600 * AKSU_SECOND, "2d"},
		{AKSU_NEVER, "213503d"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(unit_span(rows[i].span).text, rows[i].text);
}

static void milliseconds(void **state)
{
	static const struct {
		uint32_t us;
		const char *text;
	} rows[] = {
		{0, "0.00"},
		{4, "0.00"},
		{5, "0.01"},
		{120, "0.12"},
		{9994, "9.99"},
		{9995, "10.0"},
		{41000, "41.0"},
		{99949, "99.9"},
		{99950, "100"},
		{1234499, "1234"},
		{UINT32_MAX, "4294967"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(unit_ms(rows[i].us).text, rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(spans),
		cmocka_unit_test(milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
