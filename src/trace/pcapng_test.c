/* SPDX-License-Identifier: MIT */
/*
 * trace/pcapng_test.c - the blocks of a capture file, octet by octet; and JSON that can be read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <aksu/trace.h>

static char file[8192];
static size_t file_len;

static void collect(void *ctx, const char *text, size_t n)
{
	(void)ctx;
	assert_true(file_len + n < sizeof(file));
	memcpy(file + file_len, text, n);
	file_len += n;
	file[file_len] = '\0';
}

static const struct aksu_writer out = {.write = collect};

static uint32_t word(size_t at)
{
	const uint8_t *b = (const uint8_t *)file + at;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Steps over a block of this type, whose two lengths must agree. */
static size_t block(size_t at, uint32_t type)
{
	uint32_t length = word(at + 4);

	assert_int_equal(word(at), type);
	assert_int_equal(length % 4, 0);
	assert_true(at + length <= file_len);
	assert_int_equal(word(at + length - 4), length);
	return at + length;
}

static void blocks_are_as_the_format_says(void **state)
{
	static const char frame[] = "\x45hello";
	size_t at;

	(void)state;
	file_len = 0;
	aksu_pcapng_begin(&out, "aksu test");
	aksu_pcapng_interface(&out, AKSU_PCAPNG_RAW, "client");
	aksu_pcapng_packet(&out, 0, 0x123456789abcdefu, frame, 6, AKSU_PCAPNG_OUT, "why");
	aksu_pcapng_packet(&out, 0, 1, frame, 0, AKSU_PCAPNG_IN, NULL);
	assert_int_equal(word(8), 0x1a2b3c4d);
	at = block(0, 0x0a0d0d0a);
	assert_int_equal(word(at + 8), AKSU_PCAPNG_RAW);
	assert_int_equal(word(at + 16), 6u << 16 | 2); /* if_name, 6 octets */
	assert_memory_equal(file + at + 20, "client\0\0", 8);
	assert_int_equal(word(at + 28), 1u << 16 | 9); /* if_tsresol, 1 octet: 10^-9 */
	assert_int_equal(word(at + 32), 9);
	at = block(at, 1);
	assert_int_equal(word(at + 12), 0x1234567); /* the upper half of the time first */
	assert_int_equal(word(at + 16), 0x89abcdef);
	assert_int_equal(word(at + 20), 6);
	assert_int_equal(word(at + 24), 6);
	assert_memory_equal(file + at + 28, "\x45hello\0\0", 8);
	assert_int_equal(word(at + 36), 3u << 16 | 1); /* opt_comment */
	assert_memory_equal(file + at + 40, "why\0", 4);
	assert_int_equal(word(at + 44), 4u << 16 | 2); /* epb_flags: outbound */
	assert_int_equal(word(at + 48), AKSU_PCAPNG_OUT);
	at = block(at, 6);
	at = block(at, 6);
	assert_int_equal(at, file_len);
}

/* A comment that is too long is cut between characters, and the block stays whole. */
static void long_comments_are_cut(void **state)
{
	char comment[2000];
	size_t at;

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(comment); i += 3)
		memcpy(comment + i, "│", 4);
	file_len = 0;
	aksu_pcapng_packet(&out, 0, 0, "x", 1, AKSU_PCAPNG_UNKNOWN, comment);
	at = block(0, 6);
	assert_int_equal(at, file_len);
	assert_int_equal(word(32) >> 16, 510); /* 170 characters of three octets */
}

static void comments_say_why(void **state)
{
	struct aksu_event e = {.kind = AKSU_EVENT_SEGMENT_OUT,
			       .state = AKSU_STATE_TIME_WAIT,
			       .why = AKSU_WHY_TIME_WAIT_ACK,
			       .retransmission = 2};
	char text[200], small[10];

	(void)state;
	aksu_pcapng_comment(&e, "client", text, sizeof(text));
	assert_string_equal(text,
			    "client TIME-WAIT: the FIN came again: the last ACK is sent again "
			    "(RFC 9293 3.10.7.4); sent before: 2");
	aksu_pcapng_comment(&e, "client", small, sizeof(small));
	assert_string_equal(small, "client TI");
}

/*
 * Braces, brackets and quotes balance, and strings are escaped: enough to catch a broken printer.
 */
static void check_json(const char *line)
{
	int braces = 0, brackets = 0;
	bool inside = false;

	for (; *line != '\n'; line++) {
		assert_true((unsigned char)*line >= 0x20);
		if (inside && *line == '\\')
			line++;
		else if (*line == '"')
			inside = !inside;
		else if (!inside)
			braces += (*line == '{') - (*line == '}'),
				brackets += (*line == '[') - (*line == ']');
	}
	assert_false(inside);
	assert_int_equal(braces, 0);
	assert_int_equal(brackets, 0);
	assert_int_equal(line[1], '\0');
}

static void every_kind_of_event_is_one_object(void **state)
{
	struct aksu_event e = {.time = 5,
			       .flags = 0xff,
			       .options = 0xff,
			       .sack_count = 4,
			       .cwnd = 10,
			       .seq = 4000000000u,
			       .why = AKSU_WHY_FIN};

	(void)state;
	for (unsigned kind = 0; kind < AKSU_EVENT_KIND_COUNT; kind++) {
		e.kind = (uint8_t)kind;
		file_len = 0;
		aksu_json_print(&out, "a \"host\"\n", &e);
		check_json(file);
		assert_memory_equal(file, "{\"v\":1,\"ns\":5,\"host\":\"a \\\"host\\\"\\u000a\"",
				    38);
	}
	e.kind = AKSU_EVENT_SEGMENT_OUT;
	file_len = 0;
	aksu_json_print(&out, "client", &e);
	assert_non_null(strstr(file, "\"seq\":4000000000"));
	assert_non_null(strstr(file, "\"why\":\"fin\",\"section\":\"9293 3.6\""));
	assert_non_null(strstr(file, "\"sack\":[[0,0],[0,0],[0,0],[0,0]]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_as_the_format_says),
		cmocka_unit_test(long_comments_are_cut),
		cmocka_unit_test(comments_say_why),
		cmocka_unit_test(every_kind_of_event_is_one_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
