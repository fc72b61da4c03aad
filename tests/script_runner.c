/* SPDX-License-Identifier: MIT */
/*
 * script_runner.c - plays packet scripts: script_runner [-v] [-n] FILE.seg ...
 *
 *   -v   prints the conversation of scripts that pass too
 *   -n   only reads the files: is each line understood?
 *
 * Each file is played in IPv4 and IPv6 and at three places of the sequence space, unless its config
 * lines say otherwise (docs/scripts.md). One line per file; exit code 1 if any failed.
 */
#include "support/script.h"

#include <stdio.h>
#include <string.h>

static bool play_all(const struct script *s, bool verbose)
{
	for (int v6 = 0; v6 < 2; v6++) {
		if (!(v6 ? s->v6 : s->v4))
			continue;
		for (unsigned place = 0; place < (s->all_places ? 3u : 1u); place++)
			if (!script_play(s, v6, place, verbose))
				return false;
	}
	return true;
}

static bool one_file(const char *path, bool verbose, bool read_only)
{
	struct script s;
	bool ok = script_load(path, &s);

	if (ok && !read_only)
		ok = play_all(&s, verbose);
	if (verbose || !ok)
		printf("%s %s\n", ok ? "ok  " : "FAIL", path);
	script_unload(&s);
	return ok;
}

int main(int argc, char **argv)
{
	bool verbose = false, read_only = false;
	int failed = 0, played = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-v") == 0)
			verbose = true;
		else if (strcmp(argv[i], "-n") == 0)
			read_only = true;
		else
			played++, failed += !one_file(argv[i], verbose, read_only);
	}
	if (played == 0) {
		fprintf(stderr,
			"script_runner: no file; usage: script_runner [-v] [-n] FILE.seg ...\n");
		return 2;
	}
	printf("%d of %d scripts %s\n", played - failed, played,
	       read_only ? "understood" : "passed");
	return failed > 0;
}
