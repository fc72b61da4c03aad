#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A device that is taken, forbidden, or pulled away: one line each that says what to do, and 1.
#
#   another aksu ══ ak0 (or ip link delete ak0) ══ aksu echo
#
. "$(dirname "$0")/common"
enter_namespace "$@"

# says WORDS COMMAND...: one line with these words, exit code 1
says() {
	words=$1
	shift
	"$@" >"$dir/said" 2>&1 </dev/null
	code=$?
	[ $code = 1 ] || fail "$*: ended with $code: $(cat "$dir/said")"
	[ "$(wc -l <"$dir/said")" = 1 ] || fail "$*: more than one line: $(cat "$dir/said")"
	grep -q "$words" "$dir/said" || fail "$*: does not say '$words': $(cat "$dir/said")"
}

args="--addr $V4/24 --host $V4_HOST/24"
start_echo --addr $V4/24 --host $V4_HOST/24
# shellcheck disable=SC2086
says 'in use by another program' "$AKSU" echo --link tun:ak0 $args
# shellcheck disable=SC2086
says 'not a plain TUN device' "$AKSU" echo --link tun:lo $args
says 'choose another name$' "$AKSU" echo --link tun:lo $args
says 'and not all or default' "$AKSU" echo --link tun:all --addr $V4/24
for broken in 10.7.0.255/24 255.255.255.255/24 224.0.0.1/4 127.0.0.1/8 0.0.0.0/8 \
	::1/64 ff02::1/64; do
	says 'no host can have it' "$AKSU" echo --link tun:ak1 --addr $broken
done
says 'it is given twice' "$AKSU" echo --link tun:ak1 --addr $V4/24 --addr $V4/24
says 'one that no host can have' "$AKSU" echo --link tun:ak1 --addr $V4/24 --gw $V4
command -v prlimit >/dev/null && for n in 6 7 8 9 10; do # whichever descriptor it is that lacks
	says 'Too many open files' prlimit --nofile=$n "$AKSU" echo --link tun:ak1 --addr $V4/24
done
says 'IPv6 needs an MTU of 1280' "$AKSU" echo --link tun:ak1 --mtu 1000 \
	--addr $V6/64 --host $V6_HOST/64
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	cp "$AKSU" "$dir/aksu" && chmod 755 "$dir" "$dir/aksu"
	# shellcheck disable=SC2086
	says 'not allowed' setpriv --reuid 65534 --clear-groups --inh-caps -all \
		"$dir/aksu" echo --link tun:ak1 $args
fi

ip link delete ak0
within 5 ended "$pid" || fail "aksu echo goes on without its device"
wait "$pid"
code=$?
pid=''
[ $code = 1 ] || fail "ended with $code without its device"
grep -q 'the device tun:ak0 is gone' "$dir/err" || fail "does not say that the device is gone"
