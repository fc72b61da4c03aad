/* SPDX-License-Identifier: MIT */
/*
 * cli/sim_range.c - many seeds, spread over processes that share a counter and a page of results.
 *
 * A process takes the next seed, plays it, adds it up in its own place. One that dies takes only
 * its world with it: which it was stands in the shared page, and is a failure like any other.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/sim.h"
#include "cli/units.h"

enum { LOOK_MS = 200 }; /* between two lines of progress */

struct worker {
	pid_t pid;
	_Atomic uint64_t seed; /* that it is at; 0 with `idle`: none */
	_Atomic bool idle;
	struct sim_result result;
};

struct shared {
	_Atomic uint64_t next, segments, worlds, failed;
	struct worker worker[];
};

static bool more(const struct sim_options *o, struct shared *s, uint64_t *seed)
{
	if (o->segments != 0 && atomic_load(&s->segments) >= o->segments)
		return false;
	*seed = atomic_fetch_add(&s->next, 1);
	return *seed <= o->last;
}

static void work(const struct sim_options *o, struct shared *s, struct worker *w)
{
	struct sim_scenario *sc = malloc(sizeof(*sc));
	struct sim_outcome *out = malloc(sizeof(*out));
	uint64_t seed;

	while (sc != NULL && out != NULL && more(o, s, &seed)) {
		atomic_store(&w->seed, seed);
		atomic_store(&w->idle, false);
		sim_scenario_draw(sc, seed);
		if (!sim_one(sc, o->check, out, &w->result))
			atomic_fetch_add(&s->failed, 1);
		atomic_fetch_add(&s->segments, out->segments);
		atomic_fetch_add(&s->worlds, 1);
		atomic_store(&w->idle, true);
	}
	free(sc);
	free(out);
	w->result.cpu_ms = (uint64_t)clock() * 1000 / CLOCKS_PER_SEC;
}

/* ---- the parent */

static void show_progress(const struct sim_options *o, struct shared *s, bool end)
{
	uint64_t worlds = atomic_load(&s->worlds), segments = atomic_load(&s->segments);

	if (!isatty(STDERR_FILENO))
		return;
	if (end)
		fprintf(stderr, "\r\033[K");
	else if (o->segments != 0)
		fprintf(stderr, "\r\033[K%" PRIu64 " worlds, %s of %s segments, %" PRIu64 " wrong",
			worlds, unit_count(segments).text, unit_count(o->segments).text,
			atomic_load(&s->failed));
	else
		fprintf(stderr,
			"\r\033[K%" PRIu64 " of %" PRIu64 " worlds, %s segments, %" PRIu64 " wrong",
			worlds, o->last - o->first + 1, unit_count(segments).text,
			atomic_load(&s->failed));
}

/* One has ended; if it did not end well, its world is told. True: it goes on with the next seed. */
static bool bury(struct worker *w, int status)
{
	char text[64];

	w->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return false;
	snprintf(text, sizeof(text), "its process died (%s %d)",
		 WIFSIGNALED(status) ? "signal" : "exit code",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (!atomic_load(&w->idle))
		sim_result_fail(&w->result, atomic_load(&w->seed), text);
	return true;
}

static bool start(const struct sim_options *o, struct shared *s, struct worker *w)
{
	pid_t pid;

	fflush(stdout);
	atomic_store(&w->idle, true);
	pid = fork();
	if (pid == 0) {
		work(o, s, w);
		_exit(0);
	}
	w->pid = pid; /* the page is shared: only the parent may write here */
	return pid > 0;
}

static void wait_for_all(const struct sim_options *o, struct shared *s)
{
	unsigned alive = (unsigned)o->jobs;
	struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};

	while (alive > 0) {
		alive = 0;
		for (unsigned i = 0; i < o->jobs; i++) {
			struct worker *w = &s->worker[i];
			int status;

			if (w->pid > 0 && waitpid(w->pid, &status, WNOHANG) == w->pid &&
			    bury(w, status))
				start(o, s, w);
			alive += w->pid > 0;
		}
		show_progress(o, s, alive == 0);
		if (alive > 0)
			nanosleep(&pause, NULL);
	}
}

bool sim_range(const struct sim_options *o, struct sim_result *sum, struct aksu_reason *why)
{
	size_t size = sizeof(struct shared) + (size_t)o->jobs * sizeof(struct worker);
	struct shared *s =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool good = true;

	if (s == MAP_FAILED)
		return because(why, "no memory for %" PRIu64 " processes", o->jobs);
	atomic_store(&s->next, o->first);
	for (unsigned i = 0; i < o->jobs && good; i++)
		good = start(o, s, &s->worker[i]);
	if (!good)
		because(why, "a process could not be started: %s", strerror(errno));
	wait_for_all(o, s);
	for (unsigned i = 0; i < o->jobs; i++)
		sim_result_add(sum, &s->worker[i].result);
	munmap(s, size);
	return good;
}
