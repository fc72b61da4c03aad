#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The captures that a command writes, on every kind of device, with and without offloads: tshark
# reads every packet without an error, and finds a reason on every segment that we sent.
#
#   peer.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo --pcap ──► tshark
#
. "$(dirname "$0")/common"
command -v tshark >/dev/null || cannot "no tshark"
all_kinds
enter_namespace "$@"

# looks_at NAME FILE: each packet is whole and well, each TCP segment of ours says why
looks_at() {
	tshark -n -r "$2" -o tcp.check_checksum:"$checked" -o tcp.desegment_tcp_streams:FALSE \
		-d tcp.port==7,data -T fields -E separator='|' -e frame.interface_name \
		-e _ws.malformed -e _ws.expert.severity -e frame.packet_flags_direction \
		-e ip.proto -e ipv6.nxt -e tcp.checksum.status -e frame.comment \
		>"$dir/seen" 2>"$dir/said" || fail "$1: tshark: $(cat "$dir/said")"
	grep -v '^Running as user' "$dir/said" | grep . && fail "$1: tshark complains"
	# 8388608 is an error of the expert's; direction 2 is out. What the kernel sends over a veth
	# pair has only half a checksum, whether the socket is told so or not.
	awk -F'|' -v name="$1" -v checked="$checked" '
		$2 != ""                { print name ": malformed: " $0; bad++ }
		{ out = $4 ~ /2/; tcp = $5 == 6 || $6 == 6 }
		$3 ~ /8388608/ && (out || name !~ /packet/) { print name ": error: " $0; bad++ }
		out && tcp              { ours++ }
		out && tcp && $8 == ""  { print name ": no comment: " $0; bad++ }
		out && checked == "TRUE" && $7 == 0 { print name ": checksum: " $0; bad++ }
		bad > 5 { exit }
		END { if (ours < 20) { print name ": " ours + 0 " segments of ours"; bad++ }
		      print name ": " NR " packets, " ours " segments of ours, each says why"
		      exit bad > 0 }' "$dir/seen" || fail "$1"
}

for kind in $KINDS; do
	use_link "$kind"
	make_link
	for offload in on off; do
		[ $offload = on ] && checked=FALSE || checked=TRUE
		start_echo_both --offload $offload --pcap "$dir/x.pcapng"
		for address in $V4 $V6; do
			peer transfer "$address" 1
			peer refused "$address"
			peer ping "$address" 3000
		done
		stop_echo
		looks_at "$kind, offload $offload" "$dir/x.pcapng"
	done
done
