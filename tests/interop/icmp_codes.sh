#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every type and code of ICMP errors, said live about packets that aksu sent: what is open stays
# open and goes on (RFC 9293 MUST-56, SHLD-26); what is not yet open ends at once where somebody
# says no, and else tries on.
#
#   icmp_codes.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

start_echo_both
for address in $V4 $V6; do
	python3 "$here/icmp_codes.py" open "$address" ak0 || fail "icmp_codes.py $address"
done
expect failed 0
expect ended 2
# believed is all but "too big", of which nothing was in flight, and what has no meaning
expect ICMP_QUOTE 4
expect ICMP_IGNORED 8
stop_echo

# A SYN to an address that nobody has; the kernel does not forward, so only the script answers.
opening() {
	python3 "$here/icmp_codes.py" opening $2 $3 ak0 "$1" &
	teller=$!
	"$AKSU" connect --link tun:ak0 --addr $V4/24 --host $V4_HOST/24 --addr $V6/64 \
		--host $V6_HOST/64 --timeout 3 "$1" 80 </dev/null >"$dir/out" 2>"$dir/err"
	code=$?
	wait $teller || fail "nobody heard the SYN to $1"
	[ $code = 1 ] || fail "the connection to $1 ended with $code"
	grep -q "$4" "$dir/err" || fail "type $2 code $3 to $1 is not told as '$4'"
	echo "type $2 code $3: $(tail -1 "$dir/err")"
}
opening 10.7.0.77 3 2 'refused'
opening 10.7.0.77 3 3 'refused'
opening 10.7.0.77 3 9 'unreachable'
opening 10.7.0.77 3 13 'no route'
# soft: told once time is up
opening 10.7.0.77 3 1 'no route'
opening fd07::77 1 1 'no route'
opening fd07::77 1 4 'refused'
