#!/bin/sh
# SPDX-License-Identifier: MIT
#
# An address by DHCP, from dnsmasq and from udhcpd: got and told, served on, renewed under a
# connection, given back; lost when the server says no; declined where another station has it.
#
#   dnsmasq, udhcpd, nc ── kernel 10.7.0.1 ── ak0 ══ aksu echo --dhcp
#                          kernel 10.9.0.1 ── ak9 ══ aksu connect --dhcp, and no server
#
. "$(dirname "$0")/common"
all_kinds
server='' none=''
leave() {
	for p in $server $none $pid; do kill -9 "$p" 2>/dev/null; done
	rm -rf "$dir"
}
enter_namespace "$@"
command -v dnsmasq >/dev/null || cannot "no dnsmasq (Debian: dnsmasq-base)"
command -v udhcpd >/dev/null || cannot "no udhcpd (Debian: udhcpd)"
command -v nc >/dev/null || cannot "no nc (Debian: netcat-openbsd)"

# says FILE WORDS SECONDS: a line comes
says() {
	within "$3" grep -q -- "$2" "$1" || {
		sed 's/^/    server: /' "$dir/server" | tail -20
		fail "$LINK: nothing says '$2' within $3 s"
	}
}

got() { sed -n 's/.*: got \([0-9.]*\).*/\1/p' "$dir/err" | tail -1; }

echoes() {
	[ "$(echo hello | timeout 10 nc -N "$1" 7)" = hello ] || fail "$LINK: no echo from $1"
}

stop_server() {
	kill "$server"
	wait "$server" 2>/dev/null
	server=''
}

start_dnsmasq() {
	: >"$dir/leases" >"$dir/server"
	dnsmasq --no-daemon --conf-file=/dev/null --port=0 --user="$(id -un)" --interface="$side" \
		--bind-interfaces --dhcp-authoritative --log-dhcp --dhcp-leasefile="$dir/leases" \
		--pid-file= --dhcp-option=26,1400 --dhcp-option=6,10.7.0.1 \
		--dhcp-option=121,192.0.2.0/24,10.7.0.9,0.0.0.0/0,10.7.0.1 \
		--dhcp-range="$1" >"$dir/server" 2>&1 &
	server=$!
	says "$dir/server" 'sockets bound' 5
}

# start_udhcpd FIRST LAST SECONDS
start_udhcpd() {
	: >"$dir/leases" >"$dir/server"
	cat >"$dir/udhcpd.conf" <<-END
		interface $side
		start $1
		end $2
		max_leases 8
		min_lease 5
		decline_time 3
		conflict_time 3
		auto_time 0
		lease_file $dir/leases
		pidfile $dir/udhcpd.pid
		option subnet 255.255.255.0
		option router 10.7.0.1
		option lease $3
	END
	udhcpd -f "$dir/udhcpd.conf" >"$dir/server" 2>&1 &
	server=$!
	says "$dir/server" 'started' 5
}

# One link where nobody answers, while everything else goes on.
if [ -n "${KINDS##packet*}" ]; then
	ip tuntap add dev ak9 mode tap && ip link set ak9 up
	"$AKSU" connect --link tap:ak9 --dhcp 10.9.0.1 7 </dev/null >/dev/null 2>"$dir/none" &
	none=$!
fi

for kind in $KINDS; do
	[ "$kind" = tun ] && continue
	use_link "$kind"
	make_link
	ip -6 addr flush dev ak0 2>/dev/null
	side=ak0
	[ "$LINK" = packet ] && side=ak0k

	start_dnsmasq 10.7.0.50,10.7.0.60,120
	start_server echo --link "$LINK:ak0" --dhcp
	addr=$(got)
	grep -q 'for 120 s, router 10.7.0.1, DNS 10.7.0.1' "$dir/err" || fail "$LINK: what was got"
	echoes "$addr"
	stop_echo
	says "$dir/server" "DHCPRELEASE.* $addr" 5
	stop_server

	[ "$kind" = packet ] && [ "$KINDS" != packet ] && continue # the rest is the same on both

	# Renewed at half of 12 s, under a connection that says nothing meanwhile.
	start_udhcpd 10.7.0.20 10.7.0.25 12
	start_server echo --link "$LINK:ak0" --dhcp --log info
	addr=$(got)
	(
		echo before
		sleep 15
		echo after
	) | timeout 40 nc -N "$addr" 7 >"$dir/talk" &
	talk=$!
	says "$dir/err" "$addr was renewed" 10
	wait $talk || fail "$LINK: the connection did not survive renewals"
	[ "$(cat "$dir/talk")" = "before
after" ] || fail "$LINK: the connection lost something"

	# The server knows nothing of it any more and has other addresses: no, and then another.
	stop_server
	start_udhcpd 10.7.0.40 10.7.0.45 12
	says "$dir/err" "$addr is lost" 30
	says "$dir/err" 'got 10.7.0.4' 30
	echoes "$(got)"
	stop_echo
	stop_server

	# The only address is another station's. When it has gone, it is ours.
	ip addr add 10.7.0.30/32 dev "$side"
	start_udhcpd 10.7.0.30 10.7.0.30 60
	"$AKSU" echo --link "$LINK:ak0" --dhcp </dev/null >/dev/null 2>"$dir/err" &
	pid=$!
	says "$dir/err" '10.7.0.30 is in use by' 10
	ip addr del 10.7.0.30/32 dev "$side"
	says "$dir/err" 'got 10.7.0.30/24' 30
	says "$dir/err" ': ready on' 5
	echoes 10.7.0.30
	stop_echo
	stop_server
done

# Ctrl-C while it waits.
if [ -n "$none" ]; then
	wait "$none"
	[ $? = 1 ] || fail "no server: not exit code 1"
	none=''
	grep -q 'no DHCP server answered in 30 s on tap:ak9' "$dir/none" ||
		fail "no server: $(cat "$dir/none")"
	"$AKSU" echo --link tap:ak9 --dhcp </dev/null >/dev/null 2>"$dir/err" &
	pid=$!
	sleep 0.5
	kill -INT $pid
	wait $pid
	[ $? = 1 ] || fail "stopped: not exit code 1"
	pid=''
	grep -q 'stopped before a DHCP server answered' "$dir/err" ||
		fail "stopped: $(cat "$dir/err")"
fi
