/* SPDX-License-Identifier: MIT */
/*
 * cli/host.c - see cli/host.h.
 *
 *      device ── faults ── capture ── loop ── stack ── the command
 */
#include "cli/host.h"

#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/host_addr.h"
#include "cli/host_link.h"
#include "wire/addr.h"

enum {
	HOST_BUDGET = 256 << 20, /* two buffers of BUFFER_MAX, of half of what is free each */
	BUFFER = 1 << 20,      /* sixteen uncut segments on their way; with four both sides wait */
	BUFFER_MAX = 64 << 20, /* 10 Gbit/s over 20 ms are 25 MB in flight, and as much waits */
	MMAP_FROM = 16 << 20,  /* octets: what is larger is rare, and may come from the kernel */
};

_Static_assert((int)HOST_LINKS <= (int)WATCH_LINKS, "each link may be captured");

/* As Linux: lost tails of short paths are not waited for by the second (docs/departures.md). */
#define RTO_MIN (200 * AKSU_MILLISECOND)
/* How long connections get to close after the first Ctrl-C: a FIN, its retransmissions, an answer.
 */
#define PATIENCE (5 * AKSU_SECOND)
/* How long a device gets to take what resets them after the second one. */
#define LAST_WORDS (1 * AKSU_SECOND)
#define RESET_STEP (1 * AKSU_MILLISECOND)

/* ------------------------------------------------------------------ what is said */

void host_say(const struct host *h, enum log_level level, const char *format, ...)
{
	va_list args;

	if (level > h->options.log)
		return;
	va_start(args, format);
	fprintf(stderr, "aksu %s: ", h->name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

void host_say_ready(const struct host *h, uint16_t port)
{
	const struct host_options *o = &h->options;
	char text[46] = "", all[512] = "";
	size_t n = 0;
	bool zone; /* the kernel does not know which link is meant, unless told */

	for (size_t i = 0; i < o->links; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s:%s", i > 0 ? ", " : "",
				      cli_kind_name(o->link[i].link.kind), o->link[i].link.name);
	n += (size_t)snprintf(all + n, sizeof(all) - n, " port %u:", port);
	for (size_t i = 0; i < o->links; i++) {
		for (size_t k = 0; k < o->link[i].addrs && n < sizeof(all); k++) {
			aksu_addr_print(&o->link[i].addr[k].addr, text, sizeof(text));
			n += (size_t)snprintf(all + n, sizeof(all) - n, " %s", text);
		}
	}
	aksu_addr_print(&o->link[0].addr[0].addr, text, sizeof(text));
	zone = addr_is_link_local(&o->link[0].addr[0].addr) && o->link[0].hosts > 0 &&
	       !aksu_addr_is_v4(&o->link[0].addr[0].addr);
	host_say(h, LOG_WARN, "ready on %s; try: nc %s%s%s %u", all, text, zone ? "%" : "",
		 zone ? o->link[0].link.name : "", port);
}

/* ------------------------------------------------------------------ the end */

bool host_lingers(const struct aksu *stack)
{
	struct aksu_info info;
	uint64_t cursor = 0;

	while (aksu_next_info(stack, &cursor, &info))
		if (info.state != AKSU_STATE_LISTEN && info.state != AKSU_STATE_CLOSED &&
		    info.state != AKSU_STATE_TIME_WAIT)
			return true;
	return false;
}

void host_end(struct host *h, aksu_time now)
{
	if (h->stop_by != AKSU_NEVER)
		return;
	h->stop_by = now + PATIENCE;
	h->calls->stop(h->ctx, now);
}

void host_fail(struct host *h, const struct aksu_reason *why, aksu_time now)
{
	host_say(h, LOG_ERROR, "%s", why->text);
	h->code = EXIT_FAILURE;
	host_end(h, now);
}

static bool wants_output(const struct host *h)
{
	for (size_t i = 0; i < h->options.links; i++)
		if (aksu_wants_output(h->stack, h->links[i].link))
			return true;
	return false;
}

static void end_now(struct host *h, aksu_time now)
{
	uint32_t open = h->calls->open(h->ctx);

	if (h->aborted) {
		aksu_loop_stop(h->loop);
		return;
	}
	h->aborted = true;
	h->stop_by = now + LAST_WORDS;
	h->calls->abort(h->ctx, now);
	if (open > 0)
		host_say(h, LOG_WARN, "%u connection%s reset", open, open == 1 ? " was" : "s were");
}

/* The resets of many connections take some turns of the loop. Returns when to look again. */
static aksu_time reset_more(struct host *h, aksu_time now)
{
	if (!wants_output(h)) {
		if (h->calls->open(h->ctx) == 0)
			aksu_loop_stop(h->loop);
		h->calls->abort(h->ctx, now);
	}
	return now + RESET_STEP;
}

/* ------------------------------------------------------------------ callbacks of the loop */

static void on_ready(void *ctx, const struct aksu_ready *ready, aksu_time now)
{
	struct host *h = ctx;

	if (!host_addr_ready(h, ready, now))
		h->calls->ready(h->ctx, ready, now);
}

static void on_signal(void *ctx, int signal, aksu_time now)
{
	struct host *h = ctx;
	uint32_t open;

	if (signal == SIGUSR1) {
		host_print_stats(h);
		return;
	}
	if (h->stop_by != AKSU_NEVER) {
		end_now(h, now);
		return;
	}
	host_end(h, now);
	open = h->calls->open(h->ctx);
	if (open > 0)
		host_say(h, LOG_INFO, "closing %u connection%s; Ctrl-C again resets %s", open,
			 open == 1 ? "" : "s", open == 1 ? "it" : "them");
}

static aksu_time earlier(aksu_time a, aksu_time b) { return a < b ? a : b; }

static void on_turn(void *ctx, aksu_time now)
{
	struct host *h = ctx;
	aksu_time alarm = earlier(watch_turn(&h->watch, now), h->calls->turn(h->ctx, now));

	alarm = earlier(alarm, host_addr_turn(h, now));
	if (watch_failed(&h->watch) && h->stop_by == AKSU_NEVER) {
		struct aksu_reason why;

		because(&why, "what was to be shown cannot be written: the disk is full, or "
			      "nobody reads it any more");
		host_fail(h, &why, now);
	}
	if (h->stop_by <= now)
		end_now(h, now);
	if (h->aborted)
		alarm = reset_more(h, now);
	else if (h->stop_by != AKSU_NEVER && h->calls->open(h->ctx) == 0 && !host_lingers(h->stack))
		aksu_loop_stop(h->loop);
	/* Of no memory the next turn is a little late. */
	(void)aksu_loop_timer_set(h->loop, &h->alarm, earlier(alarm, h->stop_by));
}

static void on_resumed(void *ctx, aksu_time slept, aksu_time now)
{
	(void)slept;
	host_addr_resumed(ctx, now);
}

/* ------------------------------------------------------------------ wiring */

/*
 * glibc gives memory back to the kernel as soon as a stream has been read, and every page of the
 * next one costs a fault: a third of the speed. As much as a stack may hold stays with us instead.
 */
static void keep_memory(size_t budget)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, (int)(budget < INT_MAX ? budget : INT_MAX));
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
#else
	(void)budget;
#endif
}

static bool make_stack(struct host *h, struct aksu_reason *why)
{
	size_t budget = h->options.budget ? (size_t)h->options.budget : HOST_BUDGET;
	uint32_t buffer = budget >= HOST_BUDGET ? BUFFER : 0;
	struct aksu_config config = {
		.size = sizeof(config),
		.allocator = aksu_malloc_allocator(),
		.budget = budget,
		.rto_min = RTO_MIN,
		.send_buffer = buffer,
		.receive_buffer = buffer,
		.send_buffer_max = BUFFER_MAX,
		.receive_buffer_max = BUFFER_MAX,
	};

	keep_memory(budget);

	if (!aksu_entropy(config.entropy, sizeof(config.entropy)) ||
	    !aksu_entropy(&config.seed, sizeof(config.seed)))
		return because(why, "the kernel gives no random numbers (getrandom)");
	watch_configure(&h->watch, &config);
	h->stack = aksu_new(&config, aksu_clock_now());
	return h->stack || because(why, "no memory for the stack");
}

void host_prepare(const struct host *h, aksu_socket socket, aksu_time now)
{
	if (h->options.congestion >= 0)
		(void)aksu_set_option(h->stack, socket, AKSU_TCP_CONGESTION, h->options.congestion,
				      now);
	if (h->options.ecn >= 0)
		(void)aksu_set_option(h->stack, socket, AKSU_TCP_ECN, h->options.ecn, now);
}

/* Under nohup(1). It would come all the same: a blocked signal is not thrown away. */
static bool ignores_hangup(void)
{
	struct sigaction action;

	return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static bool make_loop(struct host *h, struct aksu_reason *why)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGUSR1, SIGHUP};
	enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };
	struct aksu_loop_config config = {
		.size = sizeof(config),
		.stack = h->stack,
		.ctx = h,
		.ready = on_ready,
		.turn = on_turn,
		.on_signal = on_signal,
		.resumed = on_resumed,
		.signals = signals,
		.signal_count = ignores_hangup() ? SIGNALS - 1 : SIGNALS,
	};

	h->loop = aksu_loop_new(&config, why);
	return h->loop != NULL;
}

static void on_control_stop(void *ctx, aksu_time now) { host_end(ctx, now); }

/* Without one it goes on, unless a name was asked for that is another's. */
static bool open_control(struct host *h, struct aksu_reason *why)
{
	struct control_config config = {
		.name = h->options.control,
		.command = h->name,
		.stack = h->stack,
		.loop = h->loop,
		.ctx = h,
		.stop = on_control_stop,
	};
	int error;

	if (h->options.no_control)
		return true;
	error = control_open(&config, &h->control, why);
	if (error == 0 || (h->options.control && error != -AKSU_EOPNOTSUPP))
		return error == 0;
	host_say(h, LOG_INFO, "aksu ss will not find this one: %s", why->text);
	return true;
}

bool host_open(struct host *h, const char *name, const struct host_calls *calls, void *ctx,
	       struct aksu_reason *why)
{
	h->name = name;
	h->calls = calls;
	h->ctx = ctx;
	h->stop_by = AKSU_NEVER;
	h->code = EXIT_SUCCESS;
	h->options.watch.note = h->options.link[0].link.name;
	signal(SIGPIPE, SIG_IGN); /* who stops reading ends us properly */
	if (!watch_open(&h->watch, &h->options.watch, why) || !make_stack(h, why) ||
	    !make_loop(h, why) || !open_control(h, why))
		return false;
	for (size_t i = 0; i < h->options.links; i++)
		if (!host_link_open(h, i, why))
			return false;
	if (!host_addr_acquire(h, why))
		return false;
	h->memory_at_start = aksu_memory_used(h->stack);
	return true;
}

void host_close(struct host *h)
{
	control_close(h->control);
	host_addr_close(h);
	aksu_loop_free(h->loop);
	aksu_free(h->stack);
	for (size_t i = 0; i < HOST_LINKS; i++)
		if (h->links[i].dev)
			h->links[i].dev->ops->close(h->links[i].dev);
	watch_close(&h->watch);
}

/* ------------------------------------------------------------------ life */

static void say_what_is_gone(struct host *h)
{
	h->code = EXIT_FAILURE;
	for (size_t i = 0; i < h->options.links; i++)
		if (h->links[i].device->error)
			host_say(h, LOG_ERROR, "the device %s:%s is gone",
				 cli_kind_name(h->options.link[i].link.kind),
				 h->options.link[i].link.name);
}

int host_run(struct host *h)
{
	struct aksu_reason why;

	if (!h->calls->start(h->ctx, aksu_clock_now(), &why)) {
		host_say(h, LOG_ERROR, "%s", why.text);
		return EXIT_FAILURE;
	}
	if (aksu_loop_run(h->loop) != 0)
		say_what_is_gone(h);
	else
		host_addr_release(h);
	if (h->options.stats)
		host_print_stats(h);
	return h->code;
}

int host_live(struct host *h, const char *name, const struct host_calls *calls, void *ctx)
{
	struct aksu_reason why;
	int code = EXIT_FAILURE;

	if (host_open(h, name, calls, ctx, &why))
		code = host_run(h);
	else
		host_say(h, LOG_ERROR, "%s", why.text);
	host_close(h);
	return code;
}
