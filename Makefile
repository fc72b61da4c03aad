# SPDX-License-Identifier: MIT
#
# Thin doors over the CMake presets. `make help` lists them.

.DEFAULT_GOAL := all
MAKEFLAGS += --no-print-directory
TIME ?= 60

all: ## library and command, release: build/aksu
	@tools/setup build
	@mkdir -p build
	@test -f build/build.ninja || cmake --preset release >build/configure.log || { cat build/configure.log; exit 1; }
	@cmake --build --preset release

run: ## installs what is missing, builds, plays the demo, talks to the kernel
	@tools/setup run
	@$(MAKE) all
	@test -x build/aksu || { echo 'make run: there is no command yet (src/cli/main.c)'; exit 1; }
	build/aksu demo
	@tools/carry

test: ## all tests in all builds; T=name: those whose name matches, in two builds
	@tools/setup test
	@tools/gate $(T)

tidy: ## include ranks, the waterline, lengths; --strict: see tools/tidy --help
	@tools/tidy

fuzz: ## T=target TIME=60: one libFuzzer target; without T: each for TIME seconds
	@tools/setup fuzz
	@ls fuzz/*_fuzz.c >/dev/null 2>&1 || { echo 'make fuzz: there is no fuzz target yet (fuzz/*_fuzz.c)'; exit 1; }
	@cmake --preset fuzz >/dev/null && cmake --build --preset fuzz
	@set -e; for t in $(if $(T),$(T),$$(ls fuzz/*_fuzz.c | sed 's,fuzz/\(.*\)_fuzz.c,\1,')); do \
		test -x build-fuzz/fuzz/$$t || { echo "make fuzz: no target named $$t in fuzz/"; exit 1; }; \
		mkdir -p build-fuzz/corpus/$$t fuzz/corpus/$$t; \
		echo "== $$t, $(TIME) s"; \
		build-fuzz/fuzz/$$t -max_total_time=$(TIME) -timeout=20 -print_final_stats=1 \
			-artifact_prefix=build-fuzz/$$t- build-fuzz/corpus/$$t fuzz/corpus/$$t; done

bench: all ## the benchmarks of the command; TUN with virtio_net_hdr and without
	@test -x build/aksu || { echo 'make bench: there is no command yet (src/cli/main.c)'; exit 1; }
	build/aksu bench
	@build/bench/offload || test $$? = 77

PATHS ?= build/paths.jsonl
PATHS_FLAGS ?=
bench-paths: all ## PATHS=build/paths.jsonl: goodput against Linux over bad networks, an hour; docs/paths.md
	bench/paths/run.py $(PATHS) $(PATHS_FLAGS)
	bench/paths/table.py $(PATHS)

bench-paths-quick: all ## three runs over a few of them, five minutes; prints the tables
	rm -f build/paths-quick.jsonl
	bench/paths/run.py build/paths-quick.jsonl --quick $(PATHS_FLAGS)
	bench/paths/table.py build/paths-quick.jsonl --print

SEEDS ?= 1..20000
worlds: all ## SEEDS=1..20000: whole connections on bad wires, one for each seed
	AKSU_SEEDS=$(SEEDS) build/tests/test_tests_worlds

SEGMENTS ?= 500000000
campaign: all ## SEGMENTS=500000000: seeds until so many simulated segments, on all cores
	build/aksu sim --seeds 1..1000000000 --segments $(SEGMENTS)

MIB ?= 1024
BAD_MIB ?= 64
ROUNDS ?= 100
interop: all ## MIB=1024 BAD_MIB=64 ROUNDS=100: long streams over every device, bad links, crowds
	AKSU_INTEROP_MIB=$(MIB) tests/interop/streams.sh
	AKSU_INTEROP_BAD_MIB=$(BAD_MIB) tests/interop/bad_streams.sh
	AKSU_INTEROP_ROUNDS=$(ROUNDS) tests/interop/thousand.sh

SEQUENCES ?= 10000
differ: all ## SEQUENCES=10000: the same segments and calls to aksu and to Linux, answers compared
	AKSU_BUILD=build AKSU_DIFFER_SEQUENCES=$(SEQUENCES) tests/interop/differ.sh

reqs: ## docs/requirements.md: requirement, test, place in the code
	@test -x tools/reqs || { echo 'make reqs: tools/reqs is not written yet'; exit 1; }
	@tools/reqs

mutants: ## plants mutations; each must make a test fail
	@test -x tools/mutants || { echo 'make mutants: tools/mutants is not written yet'; exit 1; }
	@tools/mutants

snap: all ## writes the pictures of tests/snap and of the READMEs anew: look at the difference
	@tests/snap_test.py --update
	@python3 -B tests/docs_test.py --update

format: ## lays out src, include, tests, fuzz, bench, examples with clang-format
	@tools/setup format
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format -i

clean: ## removes all build directories
	rm -rf build build-release build-debug build-clang build-i386 build-freestanding build-wasm32 build-fuzz build-mutants

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 24

.PHONY: all run test tidy fuzz bench bench-paths bench-paths-quick worlds interop differ reqs mutants snap format clean help
