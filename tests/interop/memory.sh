#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A small budget: many connections that all want more than there is are slowed, not harmed.
#
#   peer.py x 200 ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo 10.7.0.2 fd07::2, 2 and 1 MiB,
#                                                      with merged segments and without
#
. "$(dirname "$0")/common"
enter_namespace "$@"

for how in '2 on' '1 on' '1 off'; do
	mib=${how% *}
	start_echo_both --offload "${how#* }" --budget "$mib"
	for address in $V4 $V6; do
		peer many "$address" 200
		peer transfer "$address" 4
		peer half_close "$address" 100000
	done
	peer heavy $V4 60 1 # together they want a hundred times what there is
	expect open 0
	expect records 0
	expect failed 0
	peak=$(counter memory_peak)
	echo "budget $mib MiB, offload ${how#* }: peak $peak"
	[ "$peak" -le $((mib << 20)) ] || fail "more than the budget"
	stop_echo
done
