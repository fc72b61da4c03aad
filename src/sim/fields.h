/* SPDX-License-Identifier: MIT */
/*
 * sim/fields.h - the fields of a scenario by name: one table each, for reading, printing, changing
 * and leaving out.
 */
#ifndef AKSU_SIM_FIELDS_H
#define AKSU_SIM_FIELDS_H

#include <aksu/scenario.h>

enum field_type {
	FIELD_NUMBER,
	FIELD_OCTETS, /* 64k is 64000 */
	FIELD_RATE,   /* bits per second, 10M */
	FIELD_TIME,   /* 20ms */
	FIELD_SHARE,  /* millionths, 0.25% */
	FIELD_FLAG,   /* its name alone */
	FIELD_MASK,   /* 0x24 */
	FIELD_WORD,   /* one of a list */
	FIELD_CC,     /* a congestion control, plus one */
};

struct field {
	const char *name;
	const char *(*word)(unsigned i); /* of FIELD_WORD; NULL behind the last */
	uint16_t at;
	uint8_t size, type;
};

struct field_table {
	const struct field *field;
	unsigned count;
};

extern const struct field_table node_fields, link_fields, wire_fields, flow_fields;

uint64_t field_get(const void *base, const struct field *f);
void field_set(void *base, const struct field *f, uint64_t value);

/* The field of this name, of n characters; NULL: none. */
const struct field *field_find(const struct field_table *t, const char *name, size_t n);

/* Reads a value, of n characters; false: it is none, or it does not fit. */
bool field_read(const struct field *f, const char *text, size_t n, uint64_t *out);

enum { FIELD_TEXT = 32 };
/* Writes a value as it is read; returns its length. */
size_t field_write(const struct field *f, uint64_t value, char out[FIELD_TEXT]);

/* As field_read() and field_write(), for what stands alone. */
bool unit_read(enum field_type type, const char *text, size_t n, uint64_t *out);
size_t unit_write(enum field_type type, uint64_t value, char out[FIELD_TEXT]);

#endif
