#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Nothing ticks when nothing is due: an idle server with idle connections does not wake.
#
#   peer.py ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo 10.7.0.2 fd07::2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

start_echo_both
peer transfer "$V4" 0.1
python3 -c "
import socket, time
s = [socket.create_connection(('$V4', 7)) for _ in range(20)]
for c in s:
    c.send(b'x'); c.recv(1)
time.sleep(6)
" &
client=$!
sleep 1
turns=$(counter turns)
sleep 3
more=$(($(counter turns) - turns))
# the two questions for the counter are two turns; anything beyond a few is ticking
[ $more -le 4 ] || fail "an idle server took $more turns in 3 s"
echo "$more turns in 3 s"
wait $client
expect open 0
stop_echo
