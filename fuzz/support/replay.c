/* SPDX-License-Identifier: MIT */
/*
 * A main() for a fuzz target without libFuzzer: runs the target over the files given (or over the
 * files of the directories given), in the order of their names. Every ctest run replays the corpus.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 }; /* a corpus file larger than this is a mistake */

static unsigned replayed;

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	size_t size;

	if (!f) {
		perror(path);
		return 1;
	}
	data = malloc(INPUT_MAX);
	if (!data)
		abort();
	size = fread(data, 1, INPUT_MAX, f);
	fclose(f);
	/* a copy of the exact size, so that AddressSanitizer sees one octet too far */
	data = realloc(data, size ? size : 1);
	if (!data)
		abort();
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	replayed++;
	return 0;
}

static int replay(const char *path)
{
	struct dirent **names;
	struct stat st;
	int count;
	int bad = 0;

	if (stat(path, &st) != 0) {
		fprintf(stderr, "%s: not there, so nothing of it is replayed\n", path);
		return 0;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	count = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char file[4096];

		if (names[i]->d_name[0] != '.') {
			snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
			bad |= replay_file(file);
		}
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = 0;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		bad |= replay(argv[i]);
	printf("%u files replayed\n", replayed);
	return bad;
}
