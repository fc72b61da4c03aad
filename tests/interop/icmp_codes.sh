#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every type and code of ICMP errors, said live about packets that aksu sent: what is open stays
# open and goes on (RFC 9293 MUST-56, SHLD-26).
#
#   icmp_codes.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

start_echo_both
for address in $V4 $V6; do
	python3 "$here/icmp_codes.py" "$address" ak0 || fail "icmp_codes.py $address"
done
expect failed 0
expect ended 2
# believed is all but "too big", of which nothing was in flight, and what has no meaning
expect ICMP_QUOTE 4
expect ICMP_IGNORED 8
stop_echo
