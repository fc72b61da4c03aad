/* SPDX-License-Identifier: MIT */
/*
 * cli/host.h - what every command with a stack of its own shares: devices, stack, loop, what is
 * shown, signals, and how it all ends.
 *
 *      host_open()     devices, stack, loop, addresses, as the options want them
 *      host_run()      start(), then ready() and turn() until it is over; the exit code
 *      host_close()    gives everything back; also after a host_open() that failed
 *
 * The first SIGINT, SIGTERM or SIGHUP, or host_end(), calls stop(): connections get a FIN, and
 * PATIENCE to answer it. The second signal, or the end of patience, calls abort(). It knows nothing
 * of what a command does with its connections.
 */
#ifndef AKSU_CLI_HOST_H
#define AKSU_CLI_HOST_H

#include <aksu/dhcp.h>
#include <aksu/loop.h>

#include "cli/control.h"
#include "cli/host_options.h"

/* A number that --stats prints. */
struct host_figure {
	const char *name;
	uint64_t value;
};

enum { HOST_FIGURES = 8 };

/* What a command does; all but stats() must be there. */
struct host_calls {
	/* The stack has its addresses: begin. False, and why: exit code 1. */
	bool (*start)(void *ctx, aksu_time now, struct aksu_reason *why);
	/* A socket can do more than before. */
	void (*ready)(void *ctx, const struct aksu_ready *ready, aksu_time now);
	/* Once in every turn; returns when it wants to be called again, AKSU_NEVER. */
	aksu_time (*turn)(void *ctx, aksu_time now);
	/* Nothing new, and a FIN on every connection. */
	void (*stop)(void *ctx, aksu_time now);
	/* A RST on every connection, or on some of very many: then it is called again. */
	void (*abort)(void *ctx, aksu_time now);
	/* How many connections there are: when none is left after stop(), it is over. */
	uint32_t (*open)(const void *ctx);
	/* The command's own figures; returns how many, HOST_FIGURES at most. NULL: none. */
	size_t (*stats)(const void *ctx, struct host_figure out[HOST_FIGURES]);
};

struct host {
	const char *name; /* of the command: before everything that is said */
	struct host_options options;
	const struct host_calls *calls;
	void *ctx;
	struct aksu *stack;
	struct aksu_loop *loop;
	struct control *control; /* NULL: nobody can ask */
	struct host_link {
		struct aksu_device *device; /* of the kernel */
		struct aksu_device *dev;    /* the same, or what is around it */
		int link;                   /* the stack's number */
		struct aksu_dhcp *dhcp;     /* NULL: its addresses are given by hand */
		bool leased;                /* the last address in the options is a lease */
		const char *refused;        /* why the last answer of a server was of no use */
		uint32_t told_in_use;       /* addresses that another station has too, as bits */
	} links[HOST_LINKS];
	uint64_t claims_seen; /* of AKSU_DROP_ADDR_IN_USE */
	struct watch watch;
	size_t memory_at_start;
	struct aksu_loop_timer alarm; /* the next turn that somebody asked for */
	aksu_time stop_by;            /* AKSU_NEVER until it is time to end */
	bool aborted;                 /* connections are being reset */
	int code;                     /* the exit code, as it stands */
};

/* `options` must be read, and hold together. False, and why. */
bool host_open(struct host *h, const char *name, const struct host_calls *calls, void *ctx,
	       struct aksu_reason *why);
int host_run(struct host *h);
void host_close(struct host *h);

/* All three, with the reason said when it cannot be opened: the exit code. */
int host_live(struct host *h, const char *name, const struct host_calls *calls, void *ctx);

/*
 * What the options want of every connection, set on a socket that connects, or on a listener,
 * whose connections have it from there.
 */
void host_prepare(const struct host *h, aksu_socket socket, aksu_time now);

/* The command's work is done: as the first Ctrl-C. Again is nothing. */
void host_end(struct host *h, aksu_time now);

/* The same with exit code 1, and the reason said. */
void host_fail(struct host *h, const struct aksu_reason *why, aksu_time now);

/* One line on standard error, if the level of it is wanted. */
void host_say(const struct host *h, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Says on which addresses and which port it can be spoken to: what scripts wait for. */
void host_say_ready(const struct host *h, uint16_t port);

/* Whether a stack still has something to bring to an end, TIME-WAIT aside. */
bool host_lingers(const struct aksu *stack);

/* The counters, as one line of JSON on standard error. */
void host_print_stats(const struct host *h);

#endif
