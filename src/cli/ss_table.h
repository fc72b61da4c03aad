/* SPDX-License-Identifier: MIT */
/*
 * cli/ss_table.h - how `aksu ss` shows a connection: a row of cells, what it waits for, or JSON.
 *
 *      STATE       LOCAL       PEER            RTT CWND FLT RTX RCVQ SNDQ WAITING FOR
 *      ESTABLISHED 10.7.0.2:7  10.7.0.1:49152 41.0 8.7k  0    3    0    0 nothing
 *
 * Everything here is a function of struct aksu_info (STATUS, RFC 9293 section 3.10.6) and the
 * moment; it opens nothing and knows no instance. Columns are as wide as what they hold, so widths
 * are taken of all rows first.
 */
#ifndef AKSU_CLI_SS_TABLE_H
#define AKSU_CLI_SS_TABLE_H

#include <aksu/socket.h>

enum ss_column {
	SS_STATE,
	SS_LOCAL,
	SS_PEER,
	SS_RTT,  /* smoothed, in ms */
	SS_CWND, /* octets, as all that follow but RTX; k is 1000 */
	SS_FLIGHT,
	SS_RTX,           /* segments sent again, whole life */
	SS_RECEIVE_QUEUE, /* of a listener: connections to accept */
	SS_SEND_QUEUE,    /* of a listener: its backlog */
	SS_WAITING,
	SS_COLUMNS,
};

enum {
	SS_CELL = 80, /* octets of a cell with its 0: two reasons to wait; an endpoint has 53 */
	SS_LINE = SS_COLUMNS * SS_CELL, /* of a row */
	SS_JSON = 1536,                 /* of an object: 40 fields, the longest 20 digits */
};

struct ss_row {
	char cell[SS_COLUMNS][SS_CELL];
};

struct ss_widths {
	uint8_t of[SS_COLUMNS];
};

struct ss_row ss_heading(void);
struct ss_row ss_row_of(const struct aksu_info *info, aksu_time now);

/* What the connection waits for, in words; never empty. */
void ss_waiting_for(const struct aksu_info *info, aksu_time now, char out[SS_CELL]);

/* Wide enough for this row too. */
void ss_widths_take(struct ss_widths *w, const struct ss_row *row);

/* The line, with its newline; returns its length. A cell that is too wide pushes the others. */
size_t ss_line(const struct ss_row *row, const struct ss_widths *w, char out[SS_LINE]);

/* Every field of `info` as one JSON object on a line; returns its length. Moments are told as spans
 * from now. */
size_t ss_json(const struct aksu_info *info, aksu_time now, char out[SS_JSON]);

#endif
