#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Some thousand SYNs from hosts that never answer: memory stays bounded, clients are served.
#
#   peer.py, raw, as 10.7.*.* ── kernel 10.7.0.1/16 ── ak0 ══ aksu echo 10.7.0.2
#
. "$(dirname "$0")/common"
enter_namespace "$@"

[ "$(id -u)" = 0 ] || cannot "raw sockets want root"
start_echo --addr $V4/16 --host $V4_HOST/16
peer syn_flood "$V4" 6000
[ "$(counter syn_cookies_sent)" -gt 0 ] || fail "no SYN cookie was sent"
peak=$(counter memory_peak)
echo "memory peak $peak, cookies $(counter syn_cookies_sent), good ones $(counter syn_cookies_good)"
[ "$peak" -lt 4000000 ] || fail "6000 SYNs took $peak octets"
stop_echo
