#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What `aksu ss` says of connections in several states, over the control socket of a live echo; the
# other questions; two of one name; what is left in the directory.
#
#   python ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo 10.7.0.2 fd07::2 ══ AF_UNIX ── aksu ss
#
. "$(dirname "$0")/common"
enter_namespace "$@"
export AKSU_RUNTIME_DIR="$dir/run"

has_line() { "$AKSU" ss "$@" 2>&1 | grep -Eq "$pattern"; }

# shows PATTERN OPTIONS...: a line of `aksu ss` must be like that, within 10 s.
shows() {
	pattern=$1
	shift
	within 10 has_line "$@" || fail "no line like '$pattern' in: $("$AKSU" ss "$@" 2>&1)"
}

"$AKSU" ss >"$dir/none" 2>&1 && fail "ss found something where nothing runs"
grep -q "no aksu runs" "$dir/none" || fail "ss does not say that nothing runs"

start_echo_both --name first
"$AKSU" ss | grep -q '^no connections$' || fail "connections where there are none"
shows '^LISTEN +\*:7 +\*:\* .* connections$' -l
python3 - "$dir" <<'END' &
import os, socket, struct, sys, time

def connected(host):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect((host, 7))
    return s

idle, small = connected("10.7.0.2"), connected("fd07::2")
small.sendall(b"x" * 1000)
full = connected("10.7.0.2")        # who does not take the echo closes its window
full.setblocking(False)
quiet = 0
while quiet < 20:
    try:
        full.send(b"y" * 10000)
        quiet = 0
    except BlockingIOError:
        quiet += 1
        time.sleep(0.02)
shut = []
for size in 100000, 1400000:        # what the echo's send buffer holds, and more than that; a FIN
    shut.append(connected("10.7.0.2"))
    shut[-1].sendall(b"z" * size)
    shut[-1].shutdown(socket.SHUT_WR)

# A SYN whose answer reaches nobody: half open.
def checksum(b):
    n = sum(struct.unpack(f"!{len(b) // 2}H", b))
    n = (n & 0xffff) + (n >> 16)
    return ~((n & 0xffff) + (n >> 16)) & 0xffff

src, dst = socket.inet_aton("10.7.0.99"), socket.inet_aton("10.7.0.2")
tcp = struct.pack("!HHIIBBHHH", 4242, 7, 1, 0, 0x50, 2, 65535, 0, 0)
tcp = tcp[:16] + struct.pack("!H", checksum(src + dst + struct.pack("!HH", 6, 20) + tcp)) + tcp[18:]
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
raw.sendto(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, src, dst) + tcp,
           ("10.7.0.2", 0))
open(sys.argv[1] + "/set", "w").close()
while os.path.exists(sys.argv[1] + "/set"):
    time.sleep(0.05)
END
peer_pid=$!
within 30 [ -e "$dir/set" ] || fail "the peers did not come"
shows '^ESTABLISHED +10\.7\.0\.2:7 +10\.7\.0\.1:[0-9]+ .* nothing$'
shows '^ESTABLISHED +\[fd07::2\]:7 +\[fd07::1\]:[0-9]+ .* nothing$'
shows '^ESTABLISHED .* window of peer, probe in '
shows '^LAST-ACK .* window of peer, probe in [0-9.]+(s|ms)$'
shows '^CLOSE-WAIT .* window of peer, probe in [0-9.]+(s|ms); app to read \([0-9]+k unread\)$'
shows '^SYN-RECEIVED +10\.7\.0\.2:7 +10\.7\.0\.99:4242 .* ack of SYN, rto [0-9.]+(s|ms), try [2-6]$'
shows '^LISTEN ' -a
"$AKSU" ss -a --json | python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
states = [r["state"] for r in rows]
assert sorted(states) == ["CLOSE-WAIT", "ESTABLISHED", "ESTABLISHED", "ESTABLISHED",
                          "LAST-ACK", "LISTEN", "SYN-RECEIVED"], states
assert all(r["aksu"] == "first" and r["waiting_for"] for r in rows)
half = rows[states.index("SYN-RECEIVED")]
assert half["irs"] == 1 and half["rcv_nxt"] == 2 and half["timer"] == "retransmission", half
shut = rows[states.index("CLOSE-WAIT")]
assert shut["send_queue"] > 0 and shut["snd_wnd"] < shut["snd_mss"], shut
' || fail "ss --json"
"$AKSU" stats first | grep -q '^connections_accepted 5$' || fail "stats"
"$AKSU" stats --json | python3 -c 'import json, sys; assert json.load(sys.stdin)["segments_in"]' ||
	fail "stats --json"

# Another one, and another of the same name.
"$AKSU" echo --link tun:ak1 --addr 10.8.0.2/24 --host 10.8.0.1/24 2>"$dir/err2" &
second=$!
shows '^echo-[0-9]+:$' -l
"$AKSU" ss -l "echo-$second" | grep -q '^LISTEN ' || fail "ss NAME"
"$AKSU" ss nobody 2>&1 | grep -q "no aksu named nobody runs; there is" || fail "ss of nobody"
"$AKSU" echo --name first --link tun:ak2 --addr 10.9.0.2/24 2>&1 |
	grep -q "an aksu named first runs already" || fail "two of one name"
"$AKSU" stop "echo-$second" >"$dir/stop" || fail "stop"
wait $second || fail "what was stopped ended with $?"

# Where there can be none, it goes on without; or because that is what was asked for.
: >"$dir/err2"
AKSU_RUNTIME_DIR=/proc/none "$AKSU" echo --log info --link tun:ak1 --addr 10.8.0.2/24 \
	--host 10.8.0.1/24 2>"$dir/err2" &
second=$!
within 10 grep -q ': ready on' "$dir/err2" ||
	fail "no start without a control socket: $(cat "$dir/err2")"
grep -q "aksu ss will not find this one: /proc/none" "$dir/err2" || fail "it does not say so"
kill -INT $second
wait $second || fail "without a control socket it ended with $?"

rm "$dir/set"
wait $peer_pid || fail "the peers"
stop_echo
[ -z "$(ls -A "$dir/run")" ] || fail "left behind: $(ls -A "$dir/run")"
start_echo_both --name killed
kill -9 "$pid"
wait "$pid" 2>/dev/null
pid=''
[ -e "$dir/run/killed" ] || fail "a killed one leaves its socket; not so here"
"$AKSU" ss 2>/dev/null && fail "ss found one that was killed"
[ ! -e "$dir/run/killed" ] || fail "a stale socket stays"
start_echo_both --name killed --no-control
"$AKSU" ss 2>/dev/null && fail "ss found one with --no-control"
stop_echo
