/* SPDX-License-Identifier: MIT */
/*
 * trace/text_test.c - numbers, spans, columns; nothing runs over its buffer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/text.h"

static char buffer[64];

static void numbers_have_their_point_in_the_right_place(void **state)
{
	/* clang-format off */
	static const struct {
		uint64_t units;
		unsigned places;
		const char *want;
	} rows[] = {
		{0, 0, "0"}, {7, 0, "7"}, {1234567890123u, 0, "1234567890123"},
		{UINT64_MAX, 0, "18446744073709551615"},
		{0, 3, "0.000"}, {5, 3, "0.005"}, {1234, 3, "1.234"}, {1000, 3, "1.000"},
		{25, 1, "2.5"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text t = text_in(buffer, sizeof(buffer));

		text_fixed(&t, rows[i].units, rows[i].places);
		assert_string_equal(text_end(&t), rows[i].want);
	}
}

static void spans_are_said_as_people_say_them(void **state)
{
	/* clang-format off */
	static const struct { aksu_time ns; const char *want; } rows[] = {
		{0, "0 us"}, {1500, "1.5 us"}, {20 * AKSU_MILLISECOND, "20 ms"},
		{12400 * AKSU_MILLISECOND, "12.4 s"}, {AKSU_SECOND, "1.0 s"},
		{60 * AKSU_SECOND, "60.0 s"},
		{600 * AKSU_SECOND, "10 min"}, {7500 * AKSU_MICROSECOND, "7.5 ms"},
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text t = text_in(buffer, sizeof(buffer));

		text_span(&t, rows[i].ns);
		assert_string_equal(text_end(&t), rows[i].want);
	}
}

static void a_text_stops_at_its_border_between_characters(void **state)
{
	struct text t = text_in(buffer, 5);

	(void)state;
	buffer[5] = '!';
	text_str(&t, "ab│cd");
	assert_int_equal(t.len, 5);
	text_str(&t, "more");
	assert_int_equal(t.len, 5);
	assert_string_equal(text_end(&t), "ab");
	assert_int_equal(buffer[5], '!');
	t = text_in(buffer, 4);
	text_str(&t, "ab│cd");
	assert_int_equal(t.len, 2);
}

static void cells_count_characters(void **state)
{
	struct text t = text_in(buffer, sizeof(buffer));

	(void)state;
	assert_int_equal(text_columns("✗ lost", sizeof("✗ lost") - 1), 6);
	text_cell(&t, "✗ lost", sizeof("✗ lost") - 1, 8, false);
	text_char(&t, '|');
	text_cell(&t, "✗✗✗", 9, 2, true);
	text_char(&t, '|');
	text_cell(&t, "a", 1, 3, true);
	assert_string_equal(text_end(&t), "✗ lost  |✗✗|  a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_their_point_in_the_right_place),
		cmocka_unit_test(spans_are_said_as_people_say_them),
		cmocka_unit_test(a_text_stops_at_its_border_between_characters),
		cmocka_unit_test(cells_count_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
