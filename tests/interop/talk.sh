#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `aksu listen` and `aksu connect` against nc, socat and Python: both ways at once, and each way
# alone after the other has ended, either side ending first.
#
#   nc, socat, talker.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu listen, connect
#
. "$(dirname "$0")/common"
all_kinds
enter_namespace "$@"

head -c 3000000 /dev/urandom >"$dir/ours"
head -c 2000001 /dev/urandom >"$dir/theirs"
talker="python3 $here/talker.py"

# same WHO: what arrived on either side is what was sent
same() {
	cmp "$dir/theirs" "$dir/got" || fail "$LINK, $1: not what $1 sent"
	cmp "$dir/ours" "$dir/peer" || fail "$LINK, $1: not what aksu sent"
}

# comes WHO COMMAND...: aksu listens
comes() {
	who=$1
	shift
	# shellcheck disable=SC2086
	in=$dir/ours out=$dir/got start_server listen $LINK_BOTH 7000
	timeout 60 "$@" <"$dir/theirs" >"$dir/peer" || fail "$LINK, $who: ended with $?"
	wait_for_end
	same "$who"
}

# waits WHO ADDRESS COMMAND...: aksu connects
waits() {
	who=$1 where=$2
	shift 2
	timeout 60 "$@" <"$dir/theirs" >"$dir/peer" &
	peer=$!
	# one that listens has a line in state 0A
	within 10 grep -q ':1F40 .* 0A ' /proc/net/tcp /proc/net/tcp6 ||
		fail "$LINK, $who does not listen"
	# shellcheck disable=SC2086
	timeout 60 "$AKSU" connect $LINK_BOTH ${options:-} "$where" 8000 \
		<"$dir/ours" >"$dir/got" 2>"$dir/err" ||
		fail "$LINK, $who: aksu connect ended with $?"
	wait $peer || fail "$LINK, $who: ended with $?"
	same "$who"
}

for kind in $KINDS; do
	use_link "$kind"
	make_link
	for address in $V4 $V6; do
		host=$V4_HOST to=TCP4:$V4 at=TCP4-LISTEN:8000,bind=$V4_HOST
		[ $address = $V6 ] &&
			host=$V6_HOST to=TCP6:[$V6] at=TCP6-LISTEN:8000,bind=[$V6_HOST]
		for deed in first last slow; do
			comes "Python, $deed" $talker connect $address 7000 $deed
			waits "Python, $deed" $host $talker listen $host 8000 $deed
		done
		if command -v nc >/dev/null; then
			comes nc nc -N $address 7000
			# nc -l goes at our FIN if it holds nothing, whatever it still has to read
			options=--wait waits nc $host nc -N -l $host 8000
			options=''
		fi
		if command -v socat >/dev/null; then
			comes socat socat -t 30 - "$to:7000"
			waits socat $host socat -t 30 - "$at,reuseaddr"
		fi
	done
	echo "$kind: all there, both ways, over IPv4 and IPv6"
done
