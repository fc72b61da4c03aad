#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How `aksu listen` and `aksu connect` end when it does not go well: one line that says why, and 1.
#
#   talker.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu listen, connect
#
. "$(dirname "$0")/common"
all_kinds
enter_namespace "$@"

talker="python3 $here/talker.py"
head -c 200000 /dev/urandom >"$dir/theirs"
mkfifo "$dir/pipe" "$dir/answer"

# ends CODE WORDS: what aksu, no longer running, said on standard error, and its exit code
ends() {
	wait $pid
	code=$?
	pid=''
	[ $code = "$1" ] || fail "$LINK: ended with $code, not $1"
	grep -q "$2" "$dir/err" || fail "$LINK: does not say '$2'"
}

# says WORDS ARGUMENTS...: aksu connect says so and ends with 1, long before it gives up by itself
says() {
	words=$1
	shift
	# shellcheck disable=SC2086
	timeout 60 "$AKSU" connect $LINK_BOTH "$@" </dev/null >"$dir/out" 2>"$dir/err"
	code=$?
	[ $code = 1 ] || fail "$LINK, connect $*: ended with $code"
	[ "$(wc -l <"$dir/err")" = 1 ] || fail "$LINK, connect $*: not one line"
	grep -q "$words" "$dir/err" || fail "$LINK, connect $*: does not say '$words'"
}

# Waits until somebody is connected.
taken() {
	within 30 grep -q 'connection from' "$dir/err" || fail "$LINK: nobody connected in 30 s"
}

# shellcheck disable=SC2086
listens() { start_server listen $LINK_BOTH --log info "$@"; }

nobody_there() {
	for host in $V4_HOST $V6_HOST; do
		says "$host port 81: connection refused" $host 81
	done
	says 'no route to 192.0.2.1: it lies in no network of --addr; give a router' 192.0.2.1 80
	says 'timed out: no answer in 1 s' --gw $V4_HOST --timeout 1 192.0.2.1 80
	[ "$LINK" = tun ] || says "$V4_HOST"'7 port 80: no route to host' "${V4_HOST}7" 80
	if [ -w /proc/sys/net/ipv4/ip_forward ]; then
		echo 1 >/proc/sys/net/ipv4/ip_forward
		says 'timed out after 2 s: on the way there, network is unreachable' \
			--gw $V4_HOST --timeout 2 192.0.2.1 80
		echo 0 >/proc/sys/net/ipv4/ip_forward
	fi
	says "no address for 'no-such-host.invalid'" no-such-host.invalid 80
	for host in 0.0.0.0 10.7.0.255 224.0.0.1 :: ff02::1; do
		says "$host port 80: nobody can be connected to there" $host 80
	done
	for host in $V4 localhost; do
		says 'this address is our own' $host 80
	done
	says 'eth7 is not the one --link' fe80::1%eth7 80
}

# What came before a reset is written, also where standard output is slow.
resets() {
	out=$dir/got listens 7000
	$talker connect $V4 7000 reset <"$dir/theirs"
	ends 1 'connection reset by peer'
	cmp "$dir/theirs" "$dir/got" || fail "$LINK: not all that came before the reset"

	(sleep 1 && cat) <"$dir/pipe" >"$dir/got" &
	slow=$!
	out=$dir/pipe listens 7000
	$talker connect $V6 7000 reset <"$dir/theirs"
	ends 1 'connection reset by peer'
	wait $slow
	cmp "$dir/theirs" "$dir/got" || fail "$LINK: not all that came before the reset, slowly"
}

# Nobody reads standard output, or there is none: the peer is reset, not told of an end.
nobody_reads() {
	exec 3<>"$dir/answer"
	head -c 1 <"$dir/pipe" >/dev/null 3>&- &
	in=$dir/answer out=$dir/pipe listens 7000
	$talker connect $V4 7000 first <"$dir/theirs" >/dev/null 2>"$dir/reset" 3>&- &&
		fail "$LINK: the peer was not reset"
	exec 3>&-
	grep -q 'ConnectionReset\|BrokenPipe' "$dir/reset" || fail "$LINK: $(cat "$dir/reset")"
	ends 1 'standard output is closed'

	: >"$dir/err"
	# shellcheck disable=SC2086
	"$AKSU" listen $LINK_BOTH 7000 <&- >&- 2>"$dir/err" &
	pid=$!
	until_ready listen
	$talker connect $V4 7000 last </dev/null >"$dir/peer" || fail "$LINK: without stdin, stdout"
	wait_for_end
	in=/ listens 7000
	$talker connect $V4 7000 first </dev/null >/dev/null 2>&1
	ends 1 'standard input: Is a directory'
}

# One connection, and then no other.
only_one() {
	exec 3<>"$dir/answer"
	in=$dir/answer listens 7000
	$talker connect $V4 7000 last <"$dir/theirs" >/dev/null 3>&- &
	peer=$!
	taken
	$talker connect $V4 7000 first </dev/null 2>"$dir/second" 3>&- &&
		fail "$LINK: a second one"
	grep -q ConnectionRefusedError "$dir/second" || fail "$LINK: $(cat "$dir/second")"
	exec 3>&-
	wait $peer
	wait_for_end
}

# With --keep one after the other, also after one that was reset.
one_by_one() {
	out=$dir/got listens --keep 0
	port=$(sed -n 's/.* port \([0-9]*\):.*/\1/p' "$dir/err")
	for deed in first reset last first; do
		$talker connect $V4 "$port" $deed <"$dir/theirs" || fail "$LINK: --keep, $deed"
	done
	stop_echo
	grep -q 'connection reset by peer' "$dir/err" || fail "$LINK: --keep does not say"
	cat "$dir/theirs" "$dir/theirs" "$dir/theirs" "$dir/theirs" | cmp - "$dir/got" ||
		fail "$LINK: --keep lost something"
}

# Ctrl-C: what was read is sent, then FIN; the second one resets.
interrupted() {
	exec 3<>"$dir/answer"
	in=$dir/answer out=$dir/got listens 7000
	$talker connect $V4 7000 last <"$dir/theirs" >"$dir/peer" 3>&- &
	peer=$!
	echo typed >&3
	taken
	sleep 0.1
	stop_echo
	wait $peer || fail "$LINK: no FIN after Ctrl-C"
	[ "$(cat "$dir/peer")" = typed ] || fail "$LINK: what was read was not sent"
	cmp "$dir/theirs" "$dir/got" || fail "$LINK: the peer's direction was cut by Ctrl-C"

	in=$dir/answer listens 7000
	sleep 10 3>&- 2>/dev/null | $talker connect $V4 7000 first >/dev/null 2>"$dir/reset" 3>&- &
	taken
	kill -INT $pid
	sleep 0.2
	kill -INT $pid
	ends 1 '1 connection was reset'
	exec 3>&-
}

# Who takes nothing stops the other side, and little memory is held for it.
slow() {
	cat "$dir/theirs" "$dir/theirs" "$dir/theirs" "$dir/theirs" "$dir/theirs" >"$dir/much"
	(sleep 1 && cat) <"$dir/pipe" >"$dir/got" &
	reader=$!
	in=$dir/much out=$dir/pipe listens --stats 7000
	$talker connect $V4 7000 slow <"$dir/much" >"$dir/peer"
	wait_for_end
	wait $reader
	cmp "$dir/much" "$dir/got" || fail "$LINK: a slow standard output"
	cmp "$dir/much" "$dir/peer" || fail "$LINK: a slow peer"
	[ "$(counter memory_peak)" -lt 2000000 ] || fail "$LINK: $(counter memory_peak) octets held"
}

for kind in $KINDS; do
	use_link "$kind"
	make_link
	nobody_there
	resets
	nobody_reads
	only_one
	one_by_one
	interrupted
	slow
	echo "$kind: whatever goes wrong is said"
done
