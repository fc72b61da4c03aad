#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What a stream with the kernel's TCP survives from outside: `aksu echo` stopped for longer than any
# of its retransmission timeouts and continued; its interface narrower, wider, down and up. After
# each trouble octets must come back again, and in the end all of them, in their places.
# (src/port/survive_test.c takes the device away as well, and brings another.)
#
. "$(dirname "$0")/common"
enter_namespace "$@"

came() { cat "$dir/log" 2>/dev/null || echo 0; }

is_further() {
	kill -0 $stream 2>/dev/null || fail "the stream ended after: $deed: $(cat "$dir/peer")"
	[ "$(came)" -gt $target ]
}

# Another MB comes back, within 20 s.
goes_on() {
	target=$(($(came) + 1000000))
	deed=$*
	within 20 is_further || fail "nothing comes back after: $*"
	echo "goes on after: $*"
}

try() {
	"$@" || fail "$*"
	goes_on "$@"
}

stopped_for() {
	kill -STOP "$pid"
	sleep "$1"
	kill -CONT "$pid"
}

down_for() {
	ip link set ak0 down
	sleep "$1"
	ip link set ak0 up
}

start_echo_both
mkfifo "$dir/stop"
for address in $V4 $V6; do
	rm -f "$dir/log"
	python3 "$here/peer.py" steady "$address" 20 "$dir/log" <"$dir/stop" >"$dir/peer" 2>&1 &
	stream=$!
	exec 9>"$dir/stop"
	goes_on "the beginning"
	try stopped_for 4
	try ip link set ak0 mtu 1300
	try ip link set ak0 mtu 9000
	try stopped_for 1
	# The kernel forgets its IPv6 addresses with the interface.
	[ "$address" = $V6 ] || try down_for 1
	echo >&9
	exec 9>&-
	wait $stream || fail "$(cat "$dir/peer")"
	cat "$dir/peer"
	ip link set ak0 mtu 1500
	ip addr replace $V6_HOST/64 dev ak0 nodad
done
expect open 0
expect failed 0
stop_echo
