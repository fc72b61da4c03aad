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
import os, socket, time
s = [socket.create_connection(('$V4', 7)) for _ in range(20)]
for c in s:
    c.send(b'x'); c.recv(1)
open('$dir/idle', 'w').close()
while os.path.exists('$dir/idle'):
    time.sleep(0.05)
" &
client=$!
within 30 [ -e "$dir/idle" ] || fail "the clients are not there after 30 s"
sleep 1 # what still wakes it is over: delayed acknowledgements, neighbour discovery
turns=$(counter turns)
sleep 3
more=$(($(counter turns) - turns))
# the two questions for the counter are two turns; anything beyond a few is ticking
[ $more -le 4 ] || fail "an idle server took $more turns in 3 s"
echo "$more turns in 3 s"
rm "$dir/idle"
wait $client
expect open 0
stop_echo
