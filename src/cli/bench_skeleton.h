/* SPDX-License-Identifier: MIT */
/*
 * cli/bench_skeleton.h - the floor: the same headers, checksums and copies, and nothing that
 * thinks.
 *
 * What a stack costs is what it takes beyond this. The frames are of the same sizes, built and read
 * by the same wire/ code.
 */
#ifndef AKSU_CLI_BENCH_SKELETON_H
#define AKSU_CLI_BENCH_SKELETON_H

#include <stddef.h>
#include <stdint.h>

/* `segments` of data through four copies and two sums, an ACK for every second one. */
void skeleton_bulk(size_t segments);

/* `count` handshakes and closes: seven headers each, built, summed, read. */
void skeleton_connections(size_t count);

struct skeleton_table;

/* N flows in a hash; a packet for one of them at random: found, checked, answered. */
struct skeleton_table *skeleton_table_new(size_t flows);
void skeleton_random(struct skeleton_table *t, size_t packets);
void skeleton_table_free(struct skeleton_table *t);

#endif
