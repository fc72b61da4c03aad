#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The ladder, the JSON and the capture of a connection as it happens; tshark reads the capture.
#
#   peer.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ capture ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

for address in $V4 $V6; do
	start_echo_both --offload off --once --trace --ascii --pcap "$dir/echo.pcapng"
	peer transfer "$address" 0.2
	wait_for_end
	for word in SYN-RCVD ESTABLISHED LAST-ACK CLOSED FIN; do
		grep -q "$word" "$dir/out" || fail "no $word in the ladder: $(cat "$dir/out")"
	done
	if LC_ALL=C grep -q '[^ -~]' "$dir/out"; then
		fail "--ascii prints something else"
	fi
	if command -v tshark >/dev/null; then
		tshark -r "$dir/echo.pcapng" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
			-T fields -e frame.number -e tcp.flags.str -e tcp.checksum.status \
			-e _ws.malformed -e frame.comment -e tcp.analysis.retransmission \
			>"$dir/fields" 2>"$dir/tshark" || fail "tshark: $(cat "$dir/tshark")"
		[ "$(wc -l <"$dir/fields")" -gt 50 ] || fail "the capture is too short"
		[ "$(cut -f 4 "$dir/fields" | grep -c .)" = 0 ] || fail "malformed packets"
		cut -f 3 "$dir/fields" | grep -q '^[02]' && fail "tshark finds wrong checksums"
		cut -f 5 "$dir/fields" | grep -q 'SYN-ACK (RFC 9293' || fail "no comment says why"
	else
		echo "tshark is not here: the capture is not looked at"
	fi
done
start_echo_both --once --events json
peer transfer "$V4" 0.1
wait_for_end
python3 - "$dir/out" <<'END' || fail "the events are not JSON"
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert len(events) > 20, len(events)
END
