/* SPDX-License-Identifier: MIT */
/*
 * The part of cmocka's interface that our tests use, in one header, for targets that have no
 * cmocka package (i386 on amd64, emulated ones). Same names, same meaning; a failed assertion ends
 * its test. What is missing here (mocks, expectations, leak checks) no test of ours may use.
 */
#ifndef AKSU_MINIMAL_CMOCKA_H
#define AKSU_MINIMAL_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef void (*CMUnitTestFunction)(void **state);
typedef int (*CMFixtureFunction)(void **state);

struct CMUnitTest {
	const char *name;
	CMUnitTestFunction test_func;
	CMFixtureFunction setup_func;
	CMFixtureFunction teardown_func;
	void *initial_state;
};

#define cmocka_unit_test(f) { #f, f, NULL, NULL, NULL }
#define cmocka_unit_test_setup(f, up) { #f, f, up, NULL, NULL }
#define cmocka_unit_test_teardown(f, down) { #f, f, NULL, down, NULL }
#define cmocka_unit_test_setup_teardown(f, up, down) { #f, f, up, down, NULL }
#define cmocka_unit_test_prestate(f, state) { #f, f, NULL, NULL, state }
#define cmocka_unit_test_prestate_setup_teardown(f, up, down, state) { #f, f, up, down, state }

#define cmocka_run_group_tests(tests, up, down) \
	minimal_run(#tests, tests, sizeof(tests) / sizeof((tests)[0]), up, down)
#define cmocka_run_group_tests_name(group, tests, up, down) \
	minimal_run(group, tests, sizeof(tests) / sizeof((tests)[0]), up, down)

enum { MINIMAL_FAILED = 1, MINIMAL_SKIPPED = 2 };

static jmp_buf minimal_exit;

__attribute__((unused, noreturn, format(printf, 3, 4)))
static void minimal_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: error: ", file, line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	longjmp(minimal_exit, MINIMAL_FAILED);
}

__attribute__((unused))
static void minimal_compare(uintmax_t a, uintmax_t b, int equal, const char *what,
			    const char *file, int line)
{
	if ((a == b) != equal)
		minimal_fail(file, line, "%s: %#jx, %#jx", what, a, b);
}

__attribute__((unused))
static void minimal_memory(const void *a, const void *b, size_t size, int equal, const char *what,
			   const char *file, int line)
{
	const unsigned char *x = (const unsigned char *)a;
	const unsigned char *y = (const unsigned char *)b;

	if ((memcmp(a, b, size) == 0) == equal)
		return;
	for (size_t i = 0; i < size; i++)
		if (x[i] != y[i])
			minimal_fail(file, line, "%s: octet %zu: %#x, %#x", what, i, x[i], y[i]);
	minimal_fail(file, line, "%s: no difference", what);
}

#define MINIMAL_TRUE(x) do { if (!(x)) minimal_fail(__FILE__, __LINE__, "%s", #x); } while (0)
/* through intmax_t as in C's own conversions, so that -1 equals -1 of a wider type */
#define MINIMAL_INT(x) ((uintmax_t)(x))

#define assert_true(x) MINIMAL_TRUE(x)
#define assert_false(x) MINIMAL_TRUE(!(x))
#define assert_null(x) MINIMAL_TRUE((x) == NULL)
#define assert_non_null(x) MINIMAL_TRUE((x) != NULL)
#define assert_int_equal(a, b) \
	minimal_compare(MINIMAL_INT(a), MINIMAL_INT(b), 1, #a " == " #b, __FILE__, __LINE__)
#define assert_int_not_equal(a, b) \
	minimal_compare(MINIMAL_INT(a), MINIMAL_INT(b), 0, #a " != " #b, __FILE__, __LINE__)
#define assert_uint_equal(a, b) assert_int_equal(a, b)
#define assert_ptr_equal(a, b) MINIMAL_TRUE((const void *)(a) == (const void *)(b))
#define assert_ptr_not_equal(a, b) MINIMAL_TRUE((const void *)(a) != (const void *)(b))
#define assert_in_range(x, lo, hi) \
	MINIMAL_TRUE(MINIMAL_INT(x) >= MINIMAL_INT(lo) && MINIMAL_INT(x) <= MINIMAL_INT(hi))
#define assert_not_in_range(x, lo, hi) \
	MINIMAL_TRUE(MINIMAL_INT(x) < MINIMAL_INT(lo) || MINIMAL_INT(x) > MINIMAL_INT(hi))
#define assert_memory_equal(a, b, size) \
	minimal_memory(a, b, size, 1, #a " is " #b, __FILE__, __LINE__)
#define assert_memory_not_equal(a, b, size) \
	minimal_memory(a, b, size, 0, #a " is not " #b, __FILE__, __LINE__)
#define assert_string_equal(a, b) do { \
	const char *minimal_a = (a); \
	const char *minimal_b = (b); \
	if (strcmp(minimal_a, minimal_b) != 0) \
		minimal_fail(__FILE__, __LINE__, "\"%s\" != \"%s\"", minimal_a, minimal_b); \
} while (0)
#define assert_string_not_equal(a, b) MINIMAL_TRUE(strcmp(a, b) != 0)
#define assert_return_code(rc, error) MINIMAL_TRUE((rc) >= 0)
#define fail() minimal_fail(__FILE__, __LINE__, "failed")
#define fail_msg(...) minimal_fail(__FILE__, __LINE__, __VA_ARGS__)
#define skip() longjmp(minimal_exit, MINIMAL_SKIPPED)
#define print_message(...) printf(__VA_ARGS__)
#define print_error(...) fprintf(stderr, __VA_ARGS__)

/* cmocka answers with the number of failures; so does this. */
__attribute__((unused))
static int minimal_run(const char *group, const struct CMUnitTest *tests, size_t count,
		       CMFixtureFunction up, CMFixtureFunction down)
{
	static void *shared;
	static int failed;
	static size_t i;

	printf("[==========] %s: Running %zu test(s).\n", group, count);
	if (up && up(&shared) != 0)
		return 1;
	for (i = 0; i < count; i++) {
		static void *state;
		int outcome;

		state = tests[i].initial_state ? tests[i].initial_state : shared;
		printf("[ RUN      ] %s\n", tests[i].name);
		fflush(stdout);
		outcome = setjmp(minimal_exit);
		if (outcome == 0) {
			if (tests[i].setup_func && tests[i].setup_func(&state) != 0)
				minimal_fail(__FILE__, __LINE__, "setup of %s", tests[i].name);
			tests[i].test_func(&state);
		}
		if (tests[i].teardown_func)
			tests[i].teardown_func(&state);
		failed += outcome == MINIMAL_FAILED;
		printf("%s %s\n", outcome == 0                 ? "[       OK ]"
				   : outcome == MINIMAL_SKIPPED ? "[  SKIPPED ]"
								: "[  FAILED  ]",
		       tests[i].name);
	}
	if (down && down(&shared) != 0)
		failed++;
	printf("[==========] %zu test(s) run, %d failed.\n", count, failed);
	return failed;
}

#endif
