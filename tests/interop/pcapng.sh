#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Shows the capture files of `aksu demo --pcap` to tshark: it must read every packet without a
# complaint, see whole TCP segments with right checksums, and find our comments.

set -u
aksu=${AKSU:-build/aksu}
command -v tshark >/dev/null 2>&1 || { echo 'no tshark here'; exit 77; }
[ -x "$aksu" ] || { echo "no $aksu"; exit 77; }
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

for demo in '' handshake 'http --v6' time-wait reset 'loss --seed 3'; do
	# shellcheck disable=SC2086
	"$aksu" demo $demo --pcap "$dir/x.pcapng" >/dev/null || exit 1
	tshark -r "$dir/x.pcapng" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
		-T fields -E separator='|' -e frame.interface_name -e _ws.malformed \
		-e tcp.checksum.status -e tcp.len -e frame.comment \
		>"$dir/out" 2>"$dir/err" || { cat "$dir/err"; exit 1; }
	if grep -v '^Running as user' "$dir/err" | grep .; then
		echo "tshark complains: $demo"
		exit 1
	fi
	awk -F'|' -v demo="$demo" '
		$2 != "" { print demo ": malformed: " $0; bad = 1 }
		$3 != 1  { print demo ": checksum: " $0; bad = 1 }
		$5 == "" { print demo ": no comment: " $0; bad = 1 }
		END      { if (NR < 2) { print demo ": " NR " packets"; bad = 1 } exit bad }' \
		"$dir/out" || exit 1
	echo "aksu demo $demo: $(wc -l <"$dir/out") packets"
done
