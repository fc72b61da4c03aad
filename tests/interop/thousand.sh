#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A thousand connections, all open at one moment, opened and closed again and again: none is lost,
# none is left over, and memory is back where it began.
#
#   peer.py x 1000 ── kernel 10.7.0.1 fd07::1 ── ak0 ══ aksu echo 10.7.0.2 fd07::2
#
# AKSU_INTEROP_ROUNDS: how often, default 6; 100 is a hundred thousand connections.
#
. "$(dirname "$0")/common"
enter_namespace "$@"

rounds=${AKSU_INTEROP_ROUNDS:-6}
ulimit -n 2048 || cannot "no 2048 descriptors (ulimit -n)"
# the kernel's TIME-WAIT would eat its ports: with no bucket for it the end is the end
sysctl -qw net.ipv4.tcp_max_tw_buckets=0 net.ipv4.ip_local_port_range='1024 65535'

start_echo_both
before=$(counter memory_used)
peer crowd "$V4" 1000 1
expect open 0
first=$(counter memory_used)
peer crowd "$V4" 1000 $((rounds / 2))
peer crowd "$V6" 1000 $((rounds - rounds / 2))
expect open 0
expect records 0
expect accepted $(((rounds + 1) * 1000))
expect ended $(((rounds + 1) * 1000))
expect failed 0
last=$(counter memory_used)
echo "memory: $before before, $first after the first thousand, $last after all," \
	"peak $(counter memory_peak)"
echo "retransmissions: $(counter retransmissions), SYN cookies: $(counter syn_cookies_sent)"
[ "$last" -le $((before + 65536)) ] || fail "memory went from $before to $last"
peer all_reset "$V4" "$pid" 1500 # closed by Ctrl-C, reset by the second one, all of them
wait_for_end
