/* SPDX-License-Identifier: MIT */
/*
 * cli/standard.h - standard input and output without waiting, whatever they are: pipes, terminals,
 * files, sockets, or nothing.
 *
 * The descriptors are shared with whoever started us, so that O_NONBLOCK may not be set on them: a
 * shell would find its terminal changed. Input is asked before it is read; a pipe or a terminal to
 * write to is opened once more, for us alone. It knows nothing of connections.
 */
#ifndef AKSU_CLI_STANDARD_H
#define AKSU_CLI_STANDARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Up to n octets of standard input: how many, 0 at its end, or a negated errno (EAGAIN: later). */
int64_t standard_read(uint8_t *out, size_t n);

struct standard_out {
	int fd;     /* to be watched for room */
	bool waits; /* a write() may block: it is asked first, and only a little written */
	bool is_socket;
};

struct standard_out standard_out_open(void);

/* Up to n octets: how many were taken, or a negated errno (EAGAIN: later). */
int64_t standard_out_write(const struct standard_out *o, const uint8_t *data, size_t n);

/* Lets who reads it see the end, and keeps the number from being given to another file. */
void standard_out_close(struct standard_out *o);

#endif
