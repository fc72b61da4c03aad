#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What an ordinary user can do without anybody's leave: a namespace of his own (unshare -Urn), a
# veth pair in it and aksu on one end; on tun and tap as well where /dev/net/tun is open to all.
#
. "$(dirname "$0")/common"

[ -x "$AKSU" ] || cannot "there is no $AKSU"
export AKSU_INTEROP_MIB="${AKSU_INTEROP_MIB:-8}"
if [ "$(id -u)" = 0 ]; then
	# another user sees neither our home nor what only we may read: everything goes along
	command -v setpriv >/dev/null || cannot "no setpriv (Debian: util-linux)"
	home=$(mktemp -d) || exit 1
	trap 'rm -rf "$home"' EXIT
	mkdir -p "$home/tests" && cp -r "$here" "$home/tests/" && cp "$AKSU" "$home/aksu"
	chmod -R a+rX "$home"
	AKSU=$home/aksu here=$home/tests/interop TMPDIR=/tmp
	export TMPDIR
	as='setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all'
else
	as=''
fi
$as unshare -Urn true 2>/dev/null || cannot "an ordinary user may make no namespace here"
for script in streams.sh talk.sh; do
	# shellcheck disable=SC2086
	HOME=/tmp $as "$here/$script"
	code=$?
	[ $code = 0 ] || fail "$script as an ordinary user: $code"
done
