#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Long streams over every kind of device, both families, both directions, either side opening. The
# side that sends nothing has closed its half before the first octet.
#
#   stream.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu listen, connect
#
# AKSU_INTEROP_MIB: MiB of each, default 32; FAULTS: a bad link, as --faults has it.
#
. "$(dirname "$0")/common"
all_kinds
enter_namespace "$@"

seed=${AKSU_SEED:-$(date +%s)}
stream="python3 -B $here/stream.py"
faults=${FAULTS:+--faults $FAULTS --seed $seed}
wanted=$($stream hash "$MIB" "$seed")
echo "$MIB MiB each, seed $seed${FAULTS:+, $FAULTS}"

# What arrived is what was sent.
check() {
	[ "$(cat "$dir/sum")" = "$wanted" ] ||
		fail "$what: '$(cat "$dir/sum")' came, not '$wanted'"
}

# Starts a command in a pipe, with the stream behind it (in=...) or in front of it.
begin() {
	: >"$dir/err" >"$dir/sum"
	if [ "$way" = out ]; then
		$stream source "$MIB" "$seed" | "$AKSU" "$@" 2>"$dir/err" >/dev/null &
	else
		"$AKSU" "$@" </dev/null 2>"$dir/err" | $stream sink >"$dir/sum" &
	fi
	job=$!
}

# until_there WORDS...: 10 s for a condition to become true
until_there() {
	within 10 "$@" || fail "$what: not there after 10 s: $*"
}

listens() { grep -q ':1F40 .* 0A ' /proc/net/tcp /proc/net/tcp6; }
says_ready() { grep -q ': ready on' "$dir/err"; }

kernel_words() { [ "$way" = out ] && echo receive || echo "send $MIB $seed"; }

# shellcheck disable=SC2046,SC2086 # options and words, one by one
kernel_opens() {
	begin listen --log info $LINK_BOTH $faults 7000
	until_there says_ready
	$stream connect "$1" 7000 $(kernel_words) >"$dir/kernel" || fail "$what: the kernel's side"
	wait "$job"
}

# shellcheck disable=SC2046,SC2086
aksu_opens() {
	$stream listen "$1" 8000 $(kernel_words) >"$dir/kernel" &
	kernel=$!
	until_there listens
	begin connect $LINK_BOTH $faults "$1" 8000
	wait "$job"
	wait "$kernel" || fail "$what: the kernel's side"
}

for kind in $KINDS; do
	use_link "$kind"
	make_link
	for family in 4 6; do
		ours=$V4 theirs=$V4_HOST
		[ $family = 6 ] && ours=$V6 theirs=$V6_HOST
		for way in in out; do
			for opener in kernel aksu; do
				what="$kind, IPv$family, $way, $opener opens"
				from=$(date +%s%N)
				[ $opener = kernel ] && kernel_opens $ours || aksu_opens $theirs
				[ $way = in ] || cp "$dir/kernel" "$dir/sum"
				check
				ms=$((($(date +%s%N) - from) / 1000000))
				echo "$what: $((MIB * 8389 / (ms + 1))) Mbit/s"
			done
		done
	done
done
echo "sha256 $wanted: the same everywhere"
