#!/bin/sh
# SPDX-License-Identifier: MIT
#
# 200 connections at once, ten times over, leave nothing behind.
#
#   peer.py x 200 ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

start_echo_both --budget 256
before=$(counter memory_used)
for round in 1 2 3 4 5; do
	for address in $V4 $V6; do
		peer many "$address" 200
		expect open 0
		expect records 0
	done
	[ $round = 1 ] && first=$(counter memory_used)
done
last=$(counter memory_used)
expect accepted 2000
expect ended 2000
expect failed 0
echo "memory: $before before, $first after 400 connections, $last after 2000," \
	"peak $(counter memory_peak)"
# tables may stay as large as they were once needed; nothing may grow with use
[ "$last" -le "$first" ] || fail "memory grew from $first to $last"
[ "$last" -le $((before + 65536)) ] || fail "memory went from $before to $last"
stop_echo
